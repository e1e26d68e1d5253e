"""A layer that draws a code: ``checks.sampling(Sampling)``."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.batches import batches_by_numpy
from helpers.checks.draws import Draw
from helpers.checks.lesson07._backend import gradients, in_a_graph, read, tensor
from helpers.checks.messages import apart

ROWS, COLUMNS = 2_000, 20  # draws for each of the pairs (mu, logvar) below
LIMIT = 6  # standard errors
SHAPE = "the shape of the noise: ops.shape(mu), one number for each entry of mu"


@check("Sampling")
def sampling(make: Callable, draw: Draw) -> None:
    """Check a layer ``sampling(mu, logvar) -> z`` with random numbers of its own."""
    import keras

    seed, size = draw.integer(1, 10**6), draw.integer(3, 20)
    layer = make(seed=seed)
    if not isinstance(layer, keras.layers.Layer):
        raise CheckFailed(
            f"Sampling(seed={seed}) is {kind(layer)}",
            "a Keras layer",
            "the line `class Sampling(layers.Layer)`",
        )
    for shape in ((97, size), (1, size), (131, 1), (1031, draw.integer(2, 9))):
        mu, logvar = (draw.rng.normal(size=shape) for _ in range(2))
        first, again = _drawn(layer, mu, logvar), _drawn(layer, mu, logvar)
        if np.array_equal(first, again):
            raise _not_random(layer, len(mu))
    _check_noise(layer)
    _check_moments(layer, draw)
    _check_far(layer)
    _check_gradients(layer, size, draw)
    _check_graph(make, seed, size, draw)
    _check_seed(make, seed, size)
    _check_config(make, seed, size)
    if layer.trainable_weights:
        raise CheckFailed(
            f"the layer has {len(layer.trainable_weights)} weights to train",
            "none: it draws, and learns nothing",
            "add_weight, or a layer inside it",
        )


def _drawn(layer: Any, mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    z = layer(tensor(mu), tensor(logvar))
    return read(z, mu.shape, f"z for mu and logvar of shape {mu.shape}", SHAPE)


def _not_random(layer: Any, rows: int) -> CheckFailed:
    ones = np.ones((97, 5))
    if np.ptp(_drawn(layer, ones, ones)) < 1e-4:
        return CheckFailed(
            "all draws at mu = 1, logvar = 1 are the same number",
            "random draws: z = mu + sigma * epsilon with epsilon from N(0, 1)",
            "the noise: is it drawn, and is it used, in training or not (no `if "
            "training`)?",
        )
    return CheckFailed(
        "two calls give exactly the same draws",
        "fresh noise in every call",
        "`seed=` in keras.random.normal: a number gives the same draws each time, a "
        "SeedGenerator moves on; or a generator made anew inside call"
        + "; noise whose mean over the images is taken off: of one, nothing is left"
        * (rows == 1),
    )


def _check_noise(layer: Any) -> None:
    z = _drawn(layer, np.zeros((500, 40)), np.ones((500, 40)))
    pairs = {
        "the same number is drawn for all entries of z": z - z[0, 0],
        "all images get the same noise": z - z[:1],
        "all latent dimensions get the same noise": z - z[:, :1],
    }
    same = [what for what, gap in pairs.items() if np.abs(gap).max() < 1e-4]
    noise = (z - z.mean()) / z.std()
    if not same and any(
        not abs(each.mean(axis=1).var() * each.shape[1] - 1)
        <= 8 * (2 / len(each)) ** 0.5
        for each in (noise, noise.T)
    ):
        same = ["the noise of different entries of z hangs together"]
    if not same and len(np.unique(np.abs(z))) < 0.9 * z.size:
        same = ["many draws are repeated, or mirrored"]
    if same:
        raise CheckFailed(
            same[0], "fresh noise for every image and every latent dimension", SHAPE
        )


def _wrong_draws(mu: np.ndarray, logvar: np.ndarray) -> dict[str, tuple]:
    """Mean and standard deviation that mistakes give: name -> ((n,), (n,))."""
    sigma = np.exp(logvar / 2)
    return {
        "exp(logvar) is the variance; sigma is its square root": (mu, sigma**2),
        "that is logvar itself, without exp": (mu, np.abs(logvar)),
        "that is half of logvar, without exp": (mu, np.abs(logvar) / 2),
        "the noise is not scaled at all": (mu, sigma**0),
        "that is exp(logvar / 4): the root was taken twice": (mu, sigma**0.5),
        "that is exp(-logvar / 2): the sign is flipped": (mu, 1 / sigma),
        "that is softplus(logvar)": (mu, np.logaddexp(0, logvar)),
        "uniform noise, scaled by sigma: use random.normal": (
            mu + sigma / 2,
            sigma / 12**0.5,
        ),
        "mu is not added: the mean must be mu": (0 * mu, sigma),
        "mu and logvar are swapped": (logvar, np.exp(mu / 2)),
        "the noise multiplies mu; it must multiply sigma": (sigma, np.abs(mu)),
        "sigma is added to mu, and the noise is not scaled": (mu + sigma, sigma**0),
    }


def _check_moments(layer: Any, draw: Draw) -> None:
    values = draw.rng.uniform(0.8, 1.2, 5)
    mus = np.array([3.0, 1.0, -2.0, 0.3, -1.0]) * values
    logvars = np.array([2.0, -4.0, 1.0, -7.0, 4.0]) * values
    mu, logvar = (np.tile(each, (ROWS, COLUMNS)) for each in (mus, logvars))
    z = _drawn(layer, mu, logvar)
    groups = z.reshape(-1, 5)  # a column for each pair
    mean, std, sigmas = groups.mean(axis=0), groups.std(axis=0), np.exp(logvars / 2)
    room = LIMIT * sigmas / len(groups) ** 0.5
    wrong = (np.abs(mean - mus) > room) | (np.abs(std - sigmas) > room / 2**0.5)
    if wrong.any():
        names = [
            why
            for why, (m, s) in _wrong_draws(mus, logvars).items()
            if (np.abs(mean - m) < 0.05 * s.clip(1e-3)).all()
            and (np.abs(std - s) < 0.03 * s).all()
        ]
        i = int(wrong.argmax())
        means, stds = apart(mean[i], mus[i]), apart(std[i], sigmas[i])
        raise CheckFailed(
            f"at mu = {mus[i]:.2f}, logvar = {logvars[i]:.2f} the draws have mean "
            f"{means[0]} and standard deviation {stds[0]}",
            f"mean {means[1]} and sigma = exp(logvar / 2) = {stds[1]}, since logvar is "
            "log(sigma^2)",
            "; or ".join(names[:2])
            or "how sigma comes from logvar (no limit on it), and the noise: normal, "
            "with mean 0 and standard deviation 1",
        )
    noise = (z - mu) / np.exp(logvar / 2)
    third, fourth = (noise**3).mean(), (noise**4).mean()
    if abs(third) > LIMIT * (15 / noise.size) ** 0.5 or (
        abs(fourth - 3) > 1.4 * LIMIT * (96 / noise.size) ** 0.5
    ):
        raise CheckFailed(
            f"the draws have the right mean and spread, but the third moment of the "
            f"noise is {third:.2f}, its fourth {fourth:.2f}",
            "0 and 3, as a normal distribution has",
            "uniform or truncated noise, or a limit on it: use keras.random.normal",
        )


def _check_far(layer: Any) -> None:
    """Where logvar is far from 0: it has no limit, and neither have the draws."""
    for level in (-18.0, 11.0):
        zeros = np.zeros((300, 40))
        noise = _drawn(layer, zeros, zeros + level) / np.exp(level / 2)
        if not abs(noise.std() - 1) <= LIMIT / (2 * noise.size) ** 0.5:
            raise CheckFailed(
                f"at logvar = {level:.0f} (z - mu) / sigma has the standard deviation "
                f"{apart(noise.std(), 1)[0]}",
                "1: sigma = exp(logvar / 2), whatever logvar is",
                "a limit on logvar or sigma, or a number added to sigma: leave it out",
            )
        most = np.abs(noise).max()
        if not most >= 3.3:
            raise CheckFailed(
                f"of {noise.size:,} draws none is further than {most:.2f} sigma from "
                "mu",
                "a normal distribution has no end: a dozen are beyond 3.3",
                "a limit on the noise: leave it out",
            )
    small = np.stack([_drawn(layer, *np.zeros((2, 2, 3))) for _ in range(30)])
    if not (small**2).mean(axis=(1, 2)).std() >= 0.2:
        raise CheckFailed(
            "the squares of the noise have the same mean in every batch",
            "numbers drawn each by itself: of a few, the mean varies",
            "noise that is divided by its own spread: leave it as it is drawn",
        )


def _check_gradients(layer: Any, size: int, draw: Draw) -> None:
    mu, logvar = (draw.rng.normal(size=(97, size)) for _ in range(2))
    drawn = []

    def call(*inputs: Any) -> Any:
        drawn.append(layer(*inputs))
        return drawn[0]

    found = gradients(call, mu, logvar)
    z = read(drawn[0], mu.shape, "z", SHAPE)
    right = {"mu": np.ones_like(mu), "logvar": (z - mu) / 2}
    for gradient, (name, wanted) in zip(found, right.items(), strict=True):
        if gradient is None or not gradient.any():
            raise CheckFailed(
                f"no gradient reaches {name}: the encoder would never learn it",
                "gradients reach both mu and logvar, since only epsilon is random",
                "stop_gradient, NumPy, or a draw that takes mu and sigma as its mean "
                "and stddev: draw epsilon, then compute mu + sigma * epsilon",
            )
        if not np.abs(gradient - wanted).max() <= 1e-3 * np.abs(wanted).max():
            raise CheckFailed(
                f"the gradient from z to {name} is not that of mu + sigma * epsilon",
                "dz/dmu = 1, dz/dlogvar = sigma * epsilon / 2",
                f"how {name} enters z: a limit on it, or stop_gradient on a part",
            )


def _check_graph(make: Callable, seed: int, size: int, draw: Draw) -> None:
    """In a graph, with batches of unknown size, each call must draw anew."""
    import keras

    rows = draw.rng.normal(size=(2, 64, size)).astype(np.float32)
    inputs = keras.Input((size,)), keras.Input((size,))
    with in_a_graph("the layer"):
        model = keras.Model(inputs, make(seed=seed)(*inputs))
        # As the notebook trains: translated on TensorFlow, line by line on torch.
        model.compile(jit_compile=keras.backend.backend() == "tensorflow")
        rows[:] = rows[:, :1]  # all images alike: equal draws show
        with batches_by_numpy():  # the graph is that of one batch all the same
            two = [model.predict([*rows], batch_size=32, verbose=0) for _ in range(2)]
    z = np.concatenate(two)  # (128, d), drawn in four calls
    if z.shape != (128, size) or len(np.unique(z.round(5), axis=0)) < 128:
        raise CheckFailed(
            f"inside predict, four calls for 128 equal images give "
            f"{len(np.unique(z.round(5), axis=0))} different codes",
            "128: fresh noise for every image of every call, in fit and predict too",
            "noise that is no operation of the graph (np.random, Python's random), or "
            "that is drawn in __init__ or build: it is drawn once, when the graph is "
            "made",
        )


def _check_seed(make: Callable, seed: int, size: int) -> None:
    import keras

    zeros = np.zeros((5, size))

    def draws(layer: Any, global_seed: int) -> np.ndarray:
        """Three calls, with other random numbers drawn meanwhile."""
        random.seed(global_seed)
        np.random.seed(global_seed)
        found = []
        for _ in range(3):
            found.append(_drawn(layer, zeros, zeros))
            keras.random.normal((2,))
        return np.array(found)

    one, twin = draws(make(seed=seed), 1), draws(make(seed=seed), 2)
    if not np.array_equal(one, twin):
        raise CheckFailed(
            f"two layers made with seed={seed} draw different numbers",
            "the same numbers in the same order, whatever else is drawn",
            "the seed: is it given to keras.random.SeedGenerator, and that to "
            "keras.random.normal(..., seed=...)?",
        )
    if np.array_equal(one, draws(make(seed=seed + 1), 1)):
        raise CheckFailed(
            f"layers with seed={seed} and seed={seed + 1} draw the same numbers",
            "other numbers for another seed",
            "a seed written into the layer, in place of the argument",
        )
    if not np.array_equal(*(_drawn(make(seed=0), zeros, zeros) for _ in range(2))):
        raise CheckFailed(
            "two layers made with seed=0 draw different numbers",
            "the same numbers: 0 is a seed like any other, only None is none",
            "`if seed` or `seed or ...`, where 0 counts as nothing: `seed is None`",
        )
    one, other = make(), make()
    if np.array_equal(_drawn(one, zeros, zeros), _drawn(other, zeros, zeros)):
        raise CheckFailed(
            "two layers made without a seed draw the same numbers",
            "seed=None means: any seed, another for each layer",
            "`seed=None` in the first line of __init__; SeedGenerator(None) finds one",
        )


def _check_config(make: Callable, seed: int, size: int) -> None:
    layer = make(seed=seed, name="some_draws")
    if layer.name != "some_draws":
        raise CheckFailed(
            f'Sampling(name="some_draws") has the name {layer.name!r}',
            "the options that every Keras layer takes, such as its name",
            "super().__init__(**options)",
        )
    config = layer.get_config()
    try:
        json.dumps(config.get("seed"))
    except (AttributeError, TypeError):
        config = {}
    if config.get("seed") != seed:
        raise CheckFailed(
            f"get_config() of Sampling(seed={seed}) says seed: {config.get('seed')!r}",
            "what __init__ was given, by name: the seed, and what Keras adds itself",
            "super().get_config() | {'seed': ...}, and super().__init__(**options)",
        )
    free = make().get_config().get("seed")
    if free is not None:
        raise CheckFailed(
            f"get_config() of a layer made without a seed says seed: {free!r}",
            "None, as __init__ was given: a layer made from it finds a seed of its own",
            "what get_config() hands on: a seed that was drawn in __init__?",
        )
    if "dtype" not in config:
        raise CheckFailed(
            f"get_config() says no more than {sorted(config)}",
            "what __init__ was given: the seed, and what Keras adds (dtype, ...)",
            "super().get_config(), to which the seed is added",
        )
    zeros = np.zeros((5, size))
    again = type(layer).from_config(config)
    if not np.array_equal(_drawn(layer, zeros, zeros), _drawn(again, zeros, zeros)):
        raise CheckFailed(
            "a layer made again from its config draws other numbers",
            "the same layer: the same seed",
            "get_config: the number that __init__ was given, as it was given",
        )
