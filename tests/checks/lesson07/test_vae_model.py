"""Right and wrong answers of the VAE as a Keras model."""

import keras
import pytest
from keras import layers, ops

from helpers.checks import lesson07 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.vae_model
NAMES = ("VAE",)
Mean = keras.metrics.Mean


def loss_terms(x, logits, mu, logvar):
    pixels = ops.softplus(logits) - x * logits
    dimensions = 0.5 * (ops.square(mu) + ops.exp(logvar) - 1 - logvar)
    return ops.sum(pixels, axis=1), ops.sum(dimensions, axis=1)


class VAE(keras.Model):
    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(**options)
        self.encoder, self.decoder, self.sampling = encoder, decoder, sampling
        self.trackers = [Mean(name="reconstruction"), Mean(name="kl")]

    def call(self, x):
        mu, logvar = self.encoder(x)
        return self.decoder(self.sampling(mu, logvar)), mu, logvar

    def note(self, terms):
        for tracker, values in zip(self.trackers, terms, strict=True):
            tracker.update_state(values)

    def combine(self, reconstruction, kl):
        return ops.mean(reconstruction + kl)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        terms = loss_terms(x, *y_pred)
        self.note(terms)
        return self.combine(*terms)


class Functional(VAE):
    """A functional model over the same parts answers for the class."""

    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(encoder, decoder, sampling, **options)
        x = keras.Input(encoder.input_shape[1:])
        mu, logvar = encoder(x)
        self.whole = keras.Model(x, [decoder(sampling(mu, logvar)), mu, logvar])

    def call(self, x, training=False):
        return tuple(self.whole(x))


class Weighted(VAE):
    """One number a batch, and its weight, is as good as one for each image."""

    def note(self, terms):
        for tracker, values in zip(self.trackers, terms, strict=True):
            tracker.update_state(ops.mean(values), sample_weight=ops.shape(values)[0])


class AddsTheLoss(VAE):
    def call(self, x):
        answers = super().call(x)
        terms = loss_terms(x, *answers)
        self.note(terms)
        self.add_loss(self.combine(*terms))
        return answers

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return sum(self.losses)


class ByTheBook(keras.Model):
    """As the Keras 2 tutorials do it: train_step and test_step, metrics by hand."""

    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(**options)
        self.encoder, self.decoder, self.sampling = encoder, decoder, sampling
        self.total = Mean(name="loss")
        self.first, self.second = Mean(name="reconstruction"), Mean(name="kl")

    @property
    def metrics(self):
        return [self.total, self.first, self.second]

    def call(self, x):
        mu, logvar = self.encoder(x)
        return self.decoder(self.sampling(mu, logvar)), mu, logvar

    def look(self, x):
        reconstruction, kl = loss_terms(x, *self(x))
        self.total.update_state(reconstruction + kl)
        self.first.update_state(reconstruction)
        self.second.update_state(kl)
        return ops.mean(reconstruction + kl)

    def report(self):
        return {each.name: each.result() for each in self.metrics}

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        weights = self.trainable_weights
        if keras.backend.backend() == "torch":
            import torch

            self.zero_grad()
            self.look(x).backward()
            with torch.no_grad():
                self.optimizer.apply([w.value.grad for w in weights], weights)
            return self.report()
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.look(x)
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, weights), weights, strict=True)
        )
        return self.report()

    def test_step(self, data):
        self.look(data[0] if isinstance(data, tuple) else data)
        return self.report()


class MeanOfMeans(VAE):
    def note(self, terms):
        super().note([ops.mean(each) for each in terms])


class CallsAgain(VAE):
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        terms = loss_terms(x, *self(x))
        self.note(terms)
        return self.combine(*terms)


class EncodesAgain(VAE):
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        terms = loss_terms(x, y_pred[0], *self.encoder(x))
        self.note(terms)
        return self.combine(*terms)


class ReportsAnotherPass(ByTheBook):
    def look(self, x):
        super().look(x)
        return ops.mean(sum(loss_terms(x, *self(x))))


class ByTheBookOfMeans(ByTheBook):
    def look(self, x):
        reconstruction, kl = map(ops.mean, loss_terms(x, *self(x)))
        self.total.update_state(reconstruction + kl)
        self.first.update_state(reconstruction)
        self.second.update_state(kl)
        return reconstruction + kl


class OneForEachImage(VAE):
    def combine(self, reconstruction, kl):
        return reconstruction + kl


class NameOfKeras(VAE):
    def _losses(self, x, y_pred):
        return loss_terms(x, *y_pred)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        terms = self._losses(x, y_pred)
        self.note(terms)
        return self.combine(*terms)


class OtherNameOfKeras(VAE):
    def loss(self, x, y_pred):
        return loss_terms(x, *y_pred)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        terms = self.loss(x, y_pred)
        self.note(terms)
        return self.combine(*terms)


class Untracked(VAE):
    def __init__(self, encoder, decoder, sampling, **options):
        keras.Model.__init__(self, **options)
        self.encoder, self.decoder, self.sampling = encoder, decoder, sampling

    def note(self, terms):
        pass


class Exchanged(VAE):
    def note(self, terms):
        super().note(reversed(terms))


class NeverTold(VAE):
    def note(self, terms):
        pass


class KLOnly(VAE):
    def combine(self, reconstruction, kl):
        return ops.mean(kl)


class WithoutKL(VAE):
    def combine(self, reconstruction, kl):
        return ops.mean(reconstruction)


class Summed(VAE):
    def combine(self, reconstruction, kl):
        return ops.sum(reconstruction + kl)


class Minus(VAE):
    def combine(self, reconstruction, kl):
        return ops.mean(reconstruction - kl)


class KLStopped(VAE):
    def combine(self, reconstruction, kl):
        return ops.mean(reconstruction + ops.stop_gradient(kl))


class DecodesMu(VAE):
    def call(self, x):
        mu, logvar = self.encoder(x)
        return self.decoder(mu), mu, logvar


class Probabilities(VAE):
    def call(self, x):
        logits, mu, logvar = super().call(x)
        return ops.sigmoid(logits), mu, logvar


class OtherOrder(VAE):
    def call(self, x):
        logits, mu, logvar = super().call(x)
        return logits, logvar, mu


class LogitsOnly(VAE):
    def call(self, x):
        return super().call(x)[0]


class Twice(VAE):
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self.add_loss(loss)
        return loss + sum(self.losses)


class OtherDecoder(VAE):
    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(encoder, decoder, sampling, **options)
        self.decoder = layers.Dense(decoder.output_shape[-1])


class Tracked(VAE):
    """With a tracker of its own for the loss, whatever is returned."""

    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(encoder, decoder, sampling, **options)
        self.total = Mean(name="loss")

    def note(self, terms):
        super().note(terms)
        self.total.update_state(sum(terms))


class TrackedAndSummed(Tracked):
    combine = Summed.combine


class TrackedWithoutKL(Tracked):
    combine = WithoutKL.combine


class ReturnsNothing(VAE):
    def combine(self, reconstruction, kl):
        ops.mean(reconstruction + kl)


class OfY(VAE):
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return super().compute_loss(y, y, y_pred, sample_weight, training)


class TrainStepOnly(ByTheBook):
    test_step = keras.Model.test_step


class EncodesTwice(VAE):
    def call(self, x):
        z = self.sampling(self.encoder(x)[0], self.encoder(x)[1])
        return (self.decoder(z), *self.encoder(x))


class DrawsTwice(VAE):
    def call(self, x):
        mu, logvar = self.encoder(x)
        self.sampling(mu, logvar)
        return self.decoder(self.sampling(mu, logvar)), mu, logvar


class FrozenDecoder(VAE):
    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(encoder, decoder, sampling, **options)
        self.decoder.trainable = False


class QuietInTraining(VAE):
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        reconstruction, kl = loss_terms(x, *y_pred)
        self.note((reconstruction, kl))
        return self.combine(reconstruction, 0.9 * kl if training else kl)


class Clipped(VAE):
    def call(self, x):
        mu, logvar = self.encoder(x)
        logvar = ops.clip(logvar, -3.0, 3.0)
        return self.decoder(self.sampling(mu, logvar)), mu, logvar


class Of250(VAE):
    def combine(self, reconstruction, kl):
        return ops.sum(reconstruction + kl) / 250


class WithoutOptions(VAE):
    def __init__(self, encoder, decoder, sampling, **options):
        super().__init__(encoder, decoder, sampling)


class LimitsTheLogits(VAE):
    def call(self, x):
        logits, *code = super().call(x)
        return ops.clip(logits, -8, 8), *code


class OfThoseWithInk(VAE):
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        terms = loss_terms(x, *y_pred)
        self.note(terms)
        ink = ops.cast(ops.max(x, axis=1) > 0, "float32")
        return ops.sum(ink * sum(terms)) / ops.maximum(ops.sum(ink), 1)


RIGHT = [VAE, Tracked, Functional, Weighted, AddsTheLoss, ByTheBook]
WRONG = [
    (LimitsTheLogits, "a limit, such as a clip"),
    (OfThoseWithInk, "look at"),
    (CallsAgain, "fit draws 2 times for each batch | y_pred"),
    (EncodesAgain, "fit calls encoder 2 times for each batch"),
    (ReportsAnotherPass, "fit draws 2 times for each batch"),
    (ByTheBookOfMeans, "a mean of the batches' means"),
    (OneForEachImage, "ops.mean"),
    (NameOfKeras, "`_losses`: call the method something else"),
    (OtherNameOfKeras, "`loss`: call the method something else"),
    (MeanOfMeans, "a mean of the batches' means"),
    (Untracked, "missing: reconstruction, kl"),
    (Exchanged, "reconstruction is | that is the KL"),
    (NeverTold, "nothing was handed to it"),
    (KLOnly, "the reconstruction is left out"),
    (WithoutKL, "the KL is left out"),
    (Summed, "the sum over the images"),
    (Minus, "reconstruction minus KL"),
    (KLStopped, "the weights of the encoder | one without a gradient"),
    (DecodesMu, "the decoding of mu"),
    (Probabilities, "after a sigmoid"),
    (OtherOrder, "that is logvar"),
    (LogitsOnly, "three tensors"),
    (Twice, "both terms count twice"),
    (OtherDecoder, "vae.decoder is not the decoder"),
    (FrozenDecoder, "a wrong gradient | the weights of the decoder"),
    (TrackedAndSummed, "a wrong gradient for all weights | ops.mean"),
    (TrackedWithoutKL, "the weights of the encoder | no KL in it"),
    (ReturnsNothing, "compute_loss returns None"),
    (OfY, "y is None"),
    (TrainStepOnly, "both train_step and test_step"),
    (EncodesTwice, "calls encoder 3 times"),
    (QuietInTraining, "loss is | evaluate's are right: what is done in training only"),
    (Clipped, "vae(x) is | a limit"),
    (Of250, "the sum over a batch, divided by 250"),
    (WithoutOptions, "super().__init__(**options)"),
    (DrawsTwice, "calls sampling 2 times"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_it_is_judged_by_itself(monkeypatch, capsys):
    broken = VAE.compute_loss.__globals__
    monkeypatch.setitem(broken, "loss_terms", lambda x, *rest: (x[:, 0], x[:, 0]))
    CHECK(VAE)
    assert "with the pack's `loss_terms`: yours is not right" in capsys.readouterr().out
    with pytest.raises(CheckFailed, match="a mean of the batches' means"):
        CHECK(MeanOfMeans)


def test_a_stub_stays_one():
    class Begun(VAE):
        def call(self, x):
            raise NotImplementedError

    with pytest.raises(NotImplementedError, match="`call` is not written yet"):
        CHECK(Begun)
