"""The encoder and the decoder: ``checks.halves(build_encoder, build_decoder)``."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson01._arrays import want_shape
from helpers.checks.lesson01._models import PIXELS, apply, keeps_random, want_model


@check("encoder and decoder")
@keeps_random
def halves(build_encoder: Callable, build_decoder: Callable) -> None:
    """Check ``build_encoder`` and ``build_decoder``: shapes, sizes, activations."""
    _check_encoder(build_encoder)
    _check_decoder(build_decoder)


def _check_encoder(build: Callable) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(97, PIXELS)).astype(np.float32)

    encoder = want_model(build(5, width=17), "build_encoder")
    z = apply(encoder, x, "the encoder")
    looks = {
        17: "that is `width`: the two sizes are exchanged, or the hidden layer is what "
        "the model returns",
        PIXELS: "those are images again: the decoder is a model of its own",
    }
    want_shape(
        z,
        (97, 5),
        "the encoder's output, for 97 images and latent_dim = 5,",
        looks.get(
            z.shape[-1],
            "the size of the last layer, which is the argument `latent_dim`",
        ),
    )
    _want_count(encoder, _dense(PIXELS, 17, 5), "the encoder", "784 to 17 to 5")
    _want_plain(encoder, x, "the encoder")
    if bool((z < 0).any()):
        raise CheckFailed(
            f"the code has values down to {z.min():.2f}",
            'no negative value: code="relu" is the default',
            "the last layer of the encoder: its activation is the argument `code`",
        )
    if bool((z == 0).all()):
        raise CheckFailed(
            "every code is 0 throughout",
            "codes that depend on the image",
            "how the weights start: leave kernel_initializer at Keras' default",
        )
    if _always_sums_to_one(z):
        raise CheckFailed(
            "each code sums to 1: that is a softmax",
            "a code of free numbers",
            "the last layer of the encoder: its activation is the argument `code`",
        )

    free = want_model(build(5, width=17, code="linear"), "build_encoder")
    z = apply(free, x, "the encoder")
    if not bool((z < 0).any()):
        raise CheckFailed(
            'with code="linear" the code is never negative',
            'numbers of both signs: code="linear" means no activation',
            "the last layer of the encoder: is an activation written in, or is it "
            "`activation`, in place of the argument `code`?",
        )
    if np.abs(apply(free, 1_000 * x, "the encoder")).max() < 2:
        raise CheckFailed(
            'with code="linear" the code stays within [-1, 1] for any image',
            "numbers of any size",
            "the last layer of the encoder: a tanh or sigmoid in place of `code`",
        )
    if np.abs(z).mean() < 0.01:
        raise CheckFailed(
            f"the codes are tiny: {np.abs(z).mean():.2g} on average",
            "codes that depend clearly on the image",
            "a Rescaling or a division by 255 (the images are scaled already), or "
            "first weights that are too small",
        )
    if _is_affine(free, x):
        raise CheckFailed(
            "the encoder is a straight line: f(a) + f(b) = f(a + b) + f(0)",
            "a hidden layer that bends: ReLU by default",
            "the hidden layer: is `activation` passed to it?",
        )
    if not _grows(free, x):
        raise CheckFailed(
            "with the default activation the code no longer grows with the image",
            "a ReLU in the hidden layer, the default of `activation`",
            "the hidden layer: is a tanh or sigmoid written in?",
        )
    bounded = want_model(
        build(5, width=17, activation="tanh", code="linear"), "build_encoder"
    )
    if _grows(bounded, x):
        raise CheckFailed(
            'with activation="tanh" the encoder still grows with its input like ReLU',
            "the hidden layer uses the argument `activation`",
            "the hidden layer: is an activation written in?",
        )
    _want_fresh(encoder, free, "build_encoder")
    _want_fresh(
        encoder, want_model(build(5, width=17), "build_encoder"), "build_encoder"
    )
    plain = want_model(build(64), "build_encoder")
    apply(plain, x, "the encoder")
    _want_count(
        plain,
        _dense(PIXELS, 128, 64),
        "with latent_dim = 64 and no width given, the encoder",
        "784 to 128 to 64",
    )


def _check_decoder(build: Callable) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(97, 5)).astype(np.float32)

    decoder = want_model(build(5, width=17), "build_decoder")
    x_hat = apply(decoder, z, "the decoder")
    want_shape(x_hat, (97, PIXELS), "the decoder's output, for 97 codes")
    _want_count(decoder, _dense(5, 17, PIXELS), "the decoder", "5 to 17 to 784")
    _want_plain(decoder, z, "the decoder")
    _want_pixels(apply(decoder, 300 * z, "the decoder"))
    if bool((x_hat >= 0.5).all()):
        raise CheckFailed(
            f"no pixel is below {x_hat.min():.2f}, whatever the code",
            "pixels from 0 to 1",
            "the last layer: a sigmoid applied twice, or after a ReLU",
        )
    if _is_affine(decoder, z, before=_logit):
        raise CheckFailed(
            "apart from the sigmoid at its end, the decoder is a straight line",
            "a hidden layer that bends: ReLU by default",
            "the hidden layer: is `activation` passed to it?",
        )
    if _greys(decoder, 1e6 * z) > 0.1:
        raise CheckFailed(
            "with the default activation a huge code still leaves grey pixels",
            "a ReLU in the hidden layer, the default of `activation`",
            "the hidden layer of the decoder: is a tanh or sigmoid written in?",
        )
    bounded = want_model(build(5, width=17, activation="tanh"), "build_decoder")
    if _greys(bounded, 1e6 * z) < 0.1:
        raise CheckFailed(
            'with activation="tanh" a large code still drives all pixels to 0 or 1',
            "the hidden layer uses the argument `activation`; tanh stays within "
            "[-1, 1], and so grey pixels are left",
            "the hidden layer of the decoder: is an activation written in?",
        )
    _want_fresh(decoder, bounded, "build_decoder")
    _want_fresh(
        decoder, want_model(build(5, width=17), "build_decoder"), "build_decoder"
    )
    plain = want_model(build(64), "build_decoder")
    apply(plain, rng.normal(size=(97, 64)), "the decoder")
    _want_count(
        plain,
        _dense(64, 128, PIXELS),
        "with latent_dim = 64 and no width given, the decoder",
        "64 to 128 to 784",
    )


def _grows(model: Any, x: np.ndarray) -> bool:
    """Tell whether the answers still grow when the input is very large already."""
    near, far = (np.abs(apply(model, s * x, "it")).max() for s in (1e4, 1e6))
    return bool(far > 10 * near)


def _greys(model: Any, z: np.ndarray) -> float:
    """Which share of the pixels is neither black nor white."""
    pixels = apply(model, z, "the decoder")
    return float(((pixels > 1e-6) & (pixels < 1 - 1e-6)).mean())


def _want_plain(model: Any, x: np.ndarray, name: str) -> None:
    """Fail if something is frozen, or behaves in another way while training."""
    if len(model.trainable_weights) < len(model.weights):
        raise CheckFailed(
            f"only {len(model.trainable_weights)} of {len(model.weights)} weight "
            f"arrays of {name} can be trained",
            "two Dense layers, all of whose weights can be trained",
            "trainable=False, or a BatchNormalization",
        )
    calm, training = (np.asarray(model(x, training=t)) for t in (False, True))
    if not np.allclose(calm, training, atol=1e-4):
        raise CheckFailed(
            f"while training, {name} gives other numbers than afterwards",
            "two Dense layers, which do the same at all times",
            "a Dropout, noise or BatchNormalization layer: leave it out",
        )


def _want_pixels(x_hat: np.ndarray) -> None:
    """Fail unless the decoder's answers to large codes are pixels in [0, 1]."""
    low, high = float(x_hat.min()), float(x_hat.max())
    if _always_sums_to_one(x_hat):
        raise CheckFailed(
            "the 784 pixels of each image sum to 1: that is a softmax",
            "each pixel by itself between 0 and 1",
            'the last layer: activation="sigmoid". Softmax is for classes',
        )
    if low < -1 or (low < 0 and high > 1):
        raise CheckFailed(
            f"pixels from {low:.3g} to {high:.3g}",
            "pixels from 0 to 1, like the images",
            'the last layer: the sigmoid is missing (activation="sigmoid")',
        )
    if low < 0:
        raise CheckFailed(
            f"pixels from {low:.3g} to {high:.3g}",
            "pixels from 0 to 1, like the images",
            'the last layer: tanh gives -1 to 1; use activation="sigmoid"',
        )
    if high > 1 and abs(high - 255) < 1:
        raise CheckFailed(
            f"pixels up to {high:.3g}",
            "pixels from 0 to 1, like the images",
            "a multiplication by 255 after the sigmoid: leave it out",
        )
    if high > 1:
        raise CheckFailed(
            f"pixels up to {high:.3g}",
            "pixels from 0 to 1, like the images",
            'the last layer: ReLU has no upper end; use activation="sigmoid"',
        )


def _dense(*sizes: int) -> int:
    """How many weights dense layers of these sizes have."""
    return sum((a + 1) * b for a, b in pairwise(sizes))


def _want_count(model: Any, right: int, name: str, path: str) -> None:
    """Fail unless the model has about that many weights; biases may be left out."""
    count = sum(math.prod(weight.shape) for weight in model.weights)
    dense = sum(len(weight.shape) == 2 for weight in model.weights)
    if dense == 1:
        raise CheckFailed(
            f"{name} has one layer with weights ({count:,} weights)",
            f"two dense layers, from {path}",
            "a hidden layer that is missing, or not used: what it returns is what "
            "the next layer is called with",
        )
    if dense > 2:
        raise CheckFailed(
            f"{name} has {dense} layers with weights",
            f"two dense layers, from {path}",
            "a layer too many",
        )
    if abs(count - right) > 0.03 * right:
        raise CheckFailed(
            f"{name} has {count:,} weights",
            f"about {right:,}: dense layers from {path}",
            "the widths (`width`, `latent_dim`), and whether there is a layer too many "
            "or too few",
        )


def _want_fresh(first: Any, second: Any, name: str) -> None:
    """Fail if two models of one building function share weights."""
    if any(a is b for a in first.weights for b in second.weights):
        raise CheckFailed(
            f"two models of {name} share their weights",
            "new layers on each call: training one must not train the other",
            f"layers made outside {name}: make them inside",
        )


def _is_affine(
    model: Any, x: np.ndarray, before: Callable = lambda values: values
) -> bool:
    """Tell whether f(a) + f(b) = f(a + b) + f(0) all over."""

    def f(values):
        return before(apply(model, values, "the model").astype(np.float64))

    a, b = x, x[::-1]
    left, right = f(a) + f(b), f(a + b) + f(np.zeros_like(a))
    return bool(np.abs(left - right).max() < 1e-3 * (1e-6 + np.abs(left).max()))


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def _always_sums_to_one(rows: np.ndarray) -> bool:
    return bool(np.allclose(rows.sum(axis=1), 1, atol=1e-3) and (rows >= 0).all())
