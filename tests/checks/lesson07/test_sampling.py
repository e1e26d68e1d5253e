"""Right and wrong answers of Sampling."""

import keras
import numpy as np
from keras import layers, ops

from helpers.checks import lesson07 as checks
from tests.checks.trial import trial

CHECK = checks.sampling
NAMES = ("Sampling",)


class Sampling(layers.Layer):
    def __init__(self, seed=None, **options):
        super().__init__(**options)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, mu, logvar):
        return mu + ops.exp(0.5 * logvar) * self.noise(mu)

    def noise(self, mu):
        return keras.random.normal(ops.shape(mu), seed=self.generator)

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


class WithRoots(Sampling):
    def call(self, mu, logvar, training=None):
        rows, columns = ops.shape(mu)[0], ops.shape(mu)[1]
        noise = keras.random.normal((rows, columns), 0.0, 1.0, mu.dtype, self.generator)
        return ops.add(mu, ops.multiply(ops.sqrt(ops.exp(logvar)), noise))


class BuiltLater(layers.Layer):
    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, mu_shape, logvar_shape):
        self.generator = keras.random.SeedGenerator(self.seed)

    def call(self, mu, logvar):
        noise = keras.random.normal(ops.shape(mu), seed=self.generator)
        return mu + noise * ops.exp(logvar / 2)

    def get_config(self):
        config = super().get_config()
        config.update({"seed": self.seed})
        return config


class WrittenDownByKeras(layers.Layer):
    """Keras writes down simple arguments by itself, where get_config is not its own."""

    def __init__(self, seed=None, **options):
        super().__init__(**options)
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, mu, logvar):
        shape = ops.shape(logvar)
        return mu + keras.random.normal(shape, seed=self.generator) * ops.exp(
            logvar / 2
        )


class OfTheBackend(Sampling):
    def call(self, mu, logvar):
        if keras.backend.backend() == "torch":
            import torch

            return mu + torch.exp(logvar / 2) * self.noise(mu)
        import tensorflow as tf

        return mu + tf.exp(logvar / 2) * self.noise(mu)


class Variance(Sampling):
    def call(self, mu, logvar):
        return mu + ops.exp(logvar) * self.noise(mu)


class NoNoise(Sampling):
    def call(self, mu, logvar):
        return mu + ops.exp(logvar / 2)


class DrawnByNumPy(Sampling):
    def noise(self, mu):
        return ops.convert_to_tensor(np.random.normal(size=mu.shape[1:]), "float32")


class DrawnByNumPyForEach(Sampling):
    def noise(self, mu):
        noise = np.random.default_rng(self.seed).normal(size=mu.shape)
        return ops.convert_to_tensor(noise, "float32")


class ANumber(Sampling):
    def noise(self, mu):
        return keras.random.normal(ops.shape(mu), seed=7)


class NewGenerator(Sampling):
    def noise(self, mu):
        generator = keras.random.SeedGenerator(self.seed)
        return keras.random.normal(ops.shape(mu), seed=generator)


class OfNobody(Sampling):
    def noise(self, mu):
        return keras.random.normal(ops.shape(mu))


class WrittenIn(Sampling):
    def __init__(self, seed=None, **options):
        super().__init__(seed, **options)
        self.generator = keras.random.SeedGenerator(3)


class AlwaysZero(Sampling):
    def __init__(self, seed=None, **options):
        super().__init__(seed, **options)
        self.generator = keras.random.SeedGenerator(seed or 0)


class ZeroIsNone(Sampling):
    def __init__(self, seed=None, **options):
        super().__init__(seed, **options)
        self.generator = keras.random.SeedGenerator(seed or None)


class WritesDownASeedOfItsOwn(Sampling):
    def __init__(self, seed=None, **options):
        found = int(np.random.default_rng().integers(2**31)) if seed is None else seed
        super().__init__(found, **options)


def with_sigma(sigma):
    """A layer whose sigma is another function of logvar."""

    class Changed(Sampling):
        def call(self, mu, logvar):
            return mu + sigma(logvar) * self.noise(mu)

    return Changed


class CutsTheNoise(Sampling):
    def noise(self, mu):
        return ops.clip(super().noise(mu), -3, 3)


class DividesTheNoise(Sampling):
    def noise(self, mu):
        epsilon = super().noise(mu)
        return epsilon / ops.sqrt(ops.mean(ops.square(epsilon)))


class WithoutOptions(Sampling):
    def __init__(self, seed=None, **options):
        super().__init__(seed)


class OneForAll(Sampling):
    def noise(self, mu):
        return keras.random.normal(ops.shape(mu)[1:], seed=self.generator)


class OneForEach(Sampling):
    def noise(self, mu):
        return keras.random.normal((ops.shape(mu)[0], 1), seed=self.generator)


class Uniform(Sampling):
    def noise(self, mu):
        return keras.random.uniform(ops.shape(mu), -1.732, 1.732, seed=self.generator)


class Truncated(Sampling):
    def noise(self, mu):
        return keras.random.truncated_normal(ops.shape(mu), seed=self.generator)


class Quieter(Sampling):
    def noise(self, mu):
        return 0.95 * super().noise(mu)


class Stopped(Sampling):
    def call(self, mu, logvar):
        sigma = ops.stop_gradient(ops.exp(logvar / 2))
        return mu + sigma * self.noise(mu)


class StaticShape(Sampling):
    def noise(self, mu):
        return keras.random.normal(mu.shape, seed=self.generator)


class Limited(Sampling):
    def call(self, mu, logvar):
        return mu + ops.exp(ops.clip(logvar, -5, 5) / 2) * self.noise(mu)


class Forgets(Sampling):
    def get_config(self):
        return layers.Layer.get_config(self)


class ConfigOfAnother(Sampling):
    def get_config(self):
        return super().get_config() | {"seed": 0}


class OnlyTheSeed(Sampling):
    def get_config(self):
        return {"seed": self.seed}


class OnlyWhileTraining(Sampling):
    def call(self, mu, logvar, training=False):
        return mu + ops.exp(logvar / 2) * self.noise(mu) if training else mu


RIGHT = [Sampling, WithRoots, BuiltLater, WrittenDownByKeras, OfTheBackend]
WRONG = [
    (with_sigma(lambda v: ops.maximum(ops.exp(v / 2), 0.01)), "at logvar = -18"),
    (with_sigma(lambda v: ops.exp(ops.minimum(v, 10) / 2)), "at logvar = 11"),
    (CutsTheNoise, "a limit on"),
    (DividesTheNoise, "divided by its own spread"),
    (WritesDownASeedOfItsOwn, "a layer made without a seed says seed | None, as"),
    (Variance, "exp(logvar) is the variance"),
    (NoNoise, "the noise: is it drawn, and is it used"),
    (DrawnByNumPy, "all images get the same noise"),
    (DrawnByNumPyForEach, "fresh noise in every call"),
    (ANumber, "two calls give exactly the same draws | SeedGenerator"),
    (NewGenerator, "two calls give exactly the same draws | made anew inside call"),
    (OfNobody, "draw different numbers | SeedGenerator"),
    (WrittenIn, "other numbers for another seed"),
    (AlwaysZero, "made without a seed draw the same numbers"),
    (ZeroIsNone, "seed=0 draw different numbers | `seed is None`"),
    (WithoutOptions, "super().__init__(**options)"),
    (OneForAll, "all images get the same noise"),
    (OneForEach, "all latent dimensions get the same noise"),
    (Uniform, "third moment"),
    (Truncated, "standard deviation"),
    (Quieter, "standard deviation"),
    (Stopped, "no gradient reaches logvar"),
    (StaticShape, "fails inside fit and predict | ops.shape(mu)"),
    (Limited, "no limit on it"),
    (Forgets, "seed: None"),
    (ConfigOfAnother, "says seed: 0"),
    (OnlyTheSeed, "super().get_config()"),
    (OnlyWhileTraining, "no `if training`"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
