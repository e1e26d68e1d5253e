"""Right and wrong answers of loss_terms."""

import keras
import numpy as np
from keras import ops

from helpers.checks import lesson07 as checks
from tests.checks.trial import trial

CHECK = checks.loss_terms
NAMES = ("loss_terms",)


def bce(x, logits):
    return ops.sum(ops.softplus(logits) - x * logits, axis=1)


def kl(mu, logvar):
    return 0.5 * ops.sum(ops.square(mu) + ops.exp(logvar) - 1 - logvar, axis=1)


def terms(x, logits, mu, logvar):
    return bce(x, logits), kl(mu, logvar)


def with_keras_loss(x, logits, mu, logvar):
    mean = keras.losses.binary_crossentropy(x, logits, from_logits=True)
    return mean * x.shape[-1], -0.5 * ops.sum(
        1 + logvar - mu**2 - ops.exp(logvar), axis=-1
    )


def with_ops(x, logits, mu, logvar):
    pixels = ops.binary_crossentropy(x, logits, from_logits=True)
    return [ops.sum(pixels, axis=-1), ops.sum(kl(mu, logvar)[:, None], axis=1)]


def by_hand(x, logits, mu, logvar):
    pixels = ops.relu(logits) - logits * x + ops.log1p(ops.exp(-ops.abs(logits)))
    sigma = ops.exp(0.5 * logvar)
    dimensions = (mu**2 + sigma**2 - 1) / 2 - 0.5 * logvar
    return ops.sum(pixels, 1), ops.sum(dimensions, 1)


def of_the_backend(x, logits, mu, logvar):
    if keras.backend.backend() == "torch":
        import torch.nn.functional as F

        pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        return pixels.sum(1), 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)
    import tensorflow as tf

    pixels = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    dimensions = 0.5 * (mu**2 + tf.exp(logvar) - 1 - logvar)
    return tf.reduce_sum(pixels, axis=1), tf.reduce_sum(dimensions, axis=1)


def on_probabilities(x, logits, mu, logvar):
    pixels = ops.binary_crossentropy(x, 1 / (1 + ops.exp(-logits)))
    return ops.sum(pixels, axis=1), kl(mu, logvar)


def with_log(x, logits, mu, logvar):
    p = ops.sigmoid(logits)
    pixels = x * ops.log(p + 1e-8) + (1 - x) * ops.log(1 - p + 1e-8)
    return -ops.sum(pixels, axis=1), kl(mu, logvar)


def in_numpy(x, logits, mu, logvar):
    pixels = np.logaddexp(0, np.asarray(logits)) - np.asarray(x) * np.asarray(logits)
    return ops.convert_to_tensor(pixels.sum(axis=1)), kl(mu, logvar)


def sigmoid_twice(x, logits, mu, logvar):
    return bce(x, ops.sigmoid(logits)), kl(mu, logvar)


def stopped(x, logits, mu, logvar):
    return bce(x, logits), kl(ops.stop_gradient(mu), logvar)


def batch_of_97(x, logits, mu, logvar):
    zeros = ops.zeros((int(mu.shape[0]),))
    return bce(x, logits) + zeros, kl(mu, logvar)


def limited(mu, logvar):
    variance = ops.exp(ops.clip(logvar, -10, 10))
    return 0.5 * ops.sum(mu**2 + variance - 1 - logvar, axis=1)


def with_where(x, logits, mu, logvar):
    """Its values are right, and its gradient is nan where exp overflows."""
    softplus = ops.where(logits > 30, logits, ops.log(1 + ops.exp(logits)))
    return ops.sum(softplus - x * logits, axis=1), kl(mu, logvar)


def with_maximum(x, logits, mu, logvar):
    p = ops.sigmoid(logits)
    white, black = (ops.log(ops.maximum(q, 1e-20)) for q in (p, 1 - p))
    return -ops.sum(x * white + (1 - x) * black, axis=1), kl(mu, logvar)


def at_most(mu, logvar):
    variance = ops.minimum(ops.exp(logvar), 1e4)
    return 0.5 * ops.sum(mu**2 + variance - 1 - logvar, axis=1)


RIGHT = [terms, with_keras_loss, with_ops, by_hand, of_the_backend]
WRONG = [
    (
        lambda x, a, m, s: (
            terms(x, a, m, s)[0] / x.shape[1] * 784,
            terms(x, a, m, s)[1],
        ),
        "a size is written in",
    ),
    (
        lambda x, logits, mu, logvar: terms(x, logits, mu, ops.maximum(logvar, -30)),
        "it was right for moderate numbers",
    ),
    (lambda x, a, m, s: terms(ops.round(x), a, m, s), "the pixels are rounded"),
    (
        lambda x, a, m, s: terms(ops.cast(x > 0, "float32"), a, m, s),
        "cut to black and white",
    ),
    (
        lambda x, a, m, s: terms(x, a, m, ops.clip(s, -5, 3)),
        "logvar is limited from below, at -5 and from above, at 3",
    ),
    (
        lambda x, a, m, s: terms(x, a, m, ops.clip(s, -10, 10)),
        "logvar is limited from below, at -10",
    ),
    (lambda x, a, m, s: (bce(x, a) / x.shape[1], kl(m, s)), "averaged over the pixels"),
    (lambda x, a, m, s: (ops.mean(bce(x, a)), kl(m, s)), "has shape () | axis=1 only"),
    (lambda x, a, m, s: (bce(x, a), -kl(m, s)), "the sign is flipped"),
    (lambda x, a, m, s: (bce(x, a), 2 * kl(m, s)), "the factor 1/2 is missing"),
    (lambda x, a, m, s: (bce(x, a), kl(m, s) / m.shape[1]), "averaged over the latent"),
    (lambda x, a, m, s: (bce(x, a), kl(s, m)), "mu and logvar are swapped"),
    (lambda x, a, m, s: (kl(m, s), bce(x, a)), "the KL comes first"),
    (lambda x, a, m, s: bce(x, a) + kl(m, s), "two tensors"),
    (lambda x, a, m, s: (bce(a, x), kl(m, s)), "logits and x are exchanged"),
    (lambda x, a, m, s: (bce(x, a), ops.maximum(kl(m, s), 1.0)), "the KL of an image"),
    (
        lambda x, a, m, s: (bce(x, a), limited(m, s)),
        "exp(logvar) is limited from above",
    ),
    (on_probabilities, "the reconstruction loss of an image"),
    (with_log, "the reconstruction loss of an image"),
    (with_where, "the loss to logits is nan | also where `where` does not take it"),
    (with_maximum, "right for moderate numbers | a clip, a maximum"),
    (lambda x, a, m, s: (bce(x, a), at_most(m, s)), "right for moderate numbers"),
    (in_numpy, "NumPy"),
    (sigmoid_twice, "a sigmoid before a function that takes logits"),
    (stopped, "no gradient flows from the loss to mu"),
    (batch_of_97, "fails inside fit and predict"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
