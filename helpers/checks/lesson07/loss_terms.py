"""The two terms of the loss in a backend's tensors: ``checks.loss_terms(...)``."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from helpers.checks.arrays import FORMULA, compare
from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.draws import Draw
from helpers.checks.lesson07._backend import gradients, in_a_graph, read, tensor
from helpers.checks.messages import is_sequence

NAMES = ("the reconstruction loss", "the KL")
TOLERANCE = 2e-5  # float32 sums of some hundred terms differ in the sixth digit

EXTREMES = (
    "it was right for moderate numbers, and is not for these: a clip, a maximum or an "
    "epsilon, or a log and an exp that float32 has no room for"
)


@check("loss_terms")
def loss_terms(function: Callable, draw: Draw) -> None:
    """Check cross-entropy and KL of each image against their closed forms."""
    size = draw.integer(3, 20)
    cases = (
        (97, 784, size, 2.0),
        (1, 784, size, 2.0),
        (131, 30, 1, 2.0),
        (1031, draw.integer(5, 9), draw.integer(2, 4), 3.0),
        (17, 50, size, 40.0),  # sure of itself, and wrong
        (17, 50, size, 60.0),  # and its variances are huge
        (17, 50, size, 80.0),  # or next to nothing
    )
    for images, pixels, d, reach in cases:
        given = _inputs(images, pixels, d, reach, draw)
        _check_one(function, given, EXTREMES if reach > 10 else None)
    given = _inputs(33, 60, size, 2.0, draw)
    given[1][:, :4] = 100, -100, 90, -90  # exp() of them leaves float32
    _check_gradients(function, given)
    _check_graph(function, _inputs(64, 40, size, 2.0, draw))


def _inputs(images: int, pixels: int, d: int, reach: float, draw: Draw) -> tuple:
    """x, logits, mu, logvar: float32 numbers, none of them 0."""
    x = (draw.rng.integers(0, 256, (images, pixels)) / 255).astype(np.float32)
    x[:, ::3] = x[:, ::3].round()  # black and white pixels, as real images have
    logits = reach * draw.rng.normal(size=(images, pixels))
    mu = draw.rng.normal(size=(images, d))
    logvar = draw.rng.normal(-0.5, 1.5, (images, d)).clip(-9, 4)
    if reach > 10:
        logvar = np.where(draw.rng.random((images, d)) < 0.5, -15.0, 9.0)
    if reach > 50:
        logvar = np.full((images, d), 21.0 if reach < 70 else -60.0)
    return tuple(each.astype(np.float32) for each in (x, logits, mu, logvar))


def right_terms(
    x: np.ndarray, logits: np.ndarray, mu: np.ndarray, logvar: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy and KL of each image, shape (B,) each, in 64 bits."""
    x, a, mu, s = (each.astype(np.float64) for each in (x, logits, mu, logvar))
    pixels = np.logaddexp(0, a) - x * a
    return pixels.sum(axis=1), (mu**2 + np.exp(s) - 1 - s).sum(axis=1) / 2


def _terms(function: Callable, given: tuple) -> list[np.ndarray]:
    images, pixels = given[0].shape
    d = given[2].shape[1]
    result = function(*map(tensor, given))
    if not is_sequence(result) or len(result) != 2:
        raise CheckFailed(
            f"loss_terms() returned {kind(result)}",
            "two tensors: the reconstruction loss and the KL of each image",
            "the `return` line: two values with a comma between, not yet added up",
        )
    found = []
    for name, value, width in zip(NAMES, result, (pixels, d), strict=True):
        shape = tuple(getattr(value, "shape", ()))
        looks = {
            (): "the sum or mean runs over the images too: axis=1 only",
            (images, width): "the sum over axis=1 is missing",
            (width,): "summed over the images (axis 0): axis=1 is meant",
            (images, 1): "keepdims: leave it out",
        }
        what = f"{name} of {images} images"
        look = looks.get(shape, "the axis of the sum: axis=1")
        found.append(read(value, (images,), what, look))
    return found


def _check_one(function: Callable, given: tuple, look: str | None) -> None:
    seen, right = _terms(function, given), right_terms(*given)
    pixels = given[0].shape[1]
    if np.allclose(seen[0], right[1], 1e-4) and np.allclose(seen[1], right[0], 1e-4):
        raise CheckFailed(
            "the KL comes first, and then the reconstruction loss",
            "the reconstruction loss, then the KL",
            "the order in the `return` line",
        )
    rules = (
        f"summed over the {pixels} pixels, for each image",
        f"summed over the {given[2].shape[1]} dimensions, for each image",
    )
    mistakes = (_bce_mistakes(given, right[0]), _kl_mistakes(given, right[1]))
    for name, one, other, rule, known in zip(
        NAMES, seen, right, rules, mistakes, strict=True
    ):
        what = f"{name} of an image is"
        term = FORMULA if name == NAMES[0] else "the formula, term by term, at d = 1"
        compare(one, other, known, what, rule, look or term, TOLERANCE)


def _bce_mistakes(given: tuple, right: np.ndarray) -> dict[str, np.ndarray]:
    x, a = (each.astype(np.float64) for each in given[:2])
    n = x.shape[1]
    p = 1 / (1 + np.exp(-a))

    def bce(q: np.ndarray) -> np.ndarray:
        return -(x * np.log(q) + (1 - x) * np.log(1 - q)).sum(axis=1)

    with np.errstate(all="ignore"):
        return {
            "averaged over the pixels; the sum is wanted, as the KL is a sum": right
            / n,
            "a size is written in: a mean over the pixels, times 784": right / n * 784,
            "divided by the number of images: each image has its own": right / len(x),
            "the sign is flipped": -right,
            "the squared error, not the cross-entropy": ((x - p) ** 2).sum(axis=1),
            "a sigmoid before a function that takes logits (from_logits=True)": (
                np.logaddexp(0, p) - x * p
            ).sum(axis=1),
            "logits and x are exchanged": (np.logaddexp(0, x) - x * a).sum(axis=1),
            "these are bits: use the natural logarithm": right / math.log(2),
            "log(1 - p) is missing: only white pixels are paid for": -(
                x * np.log(p)
            ).sum(axis=1),
            "the pixels are rounded; they are gray, and used as they are": (
                np.logaddexp(0, a) - x.round() * a
            ).sum(axis=1),
            "pixels are cut to black and white; they are gray, and used as they are": (
                np.logaddexp(0, a) - (x > 0) * a
            ).sum(axis=1),
        } | {
            f"p is kept within {e:g} of 0 and 1 (Keras does so with probabilities): "
            "use the logits": bce(p.clip(e, 1 - e))
            for e in (1e-7, 1e-6, 1e-8)
        }


def _kl_mistakes(given: tuple, right: np.ndarray) -> dict[str, np.ndarray]:
    mu, s = (each.astype(np.float64) for each in given[2:])
    half = mu.shape[1] / 2
    return {
        "the sign is flipped: training would push the KL to minus infinity": -right,
        "the factor 1/2 is missing": 2 * right,
        "half of it: the factor 1/2 is taken twice": right / 2,
        "averaged over the latent dimensions; the sum is wanted": right / (2 * half),
        "divided by the number of images: each image has its own": right / len(mu),
        "mu is not squared": right + ((mu - mu**2) / 2).sum(axis=1),
        "the constant 1 is missing: at mu = 0, logvar = 0 the KL is 0": right + half,
        "exp(logvar / 2) stands where sigma^2 = exp(logvar) belongs": (
            right + ((np.exp(s / 2) - np.exp(s)) / 2).sum(axis=1)
        ),
        "the sign of logvar is flipped": right + s.sum(axis=1),
        "mu and logvar are swapped": ((s**2 + np.exp(mu) - 1 - mu) / 2).sum(axis=1),
    } | _kl_limits(mu, s)


def _kl_limits(mu: np.ndarray, s: np.ndarray) -> dict[str, np.ndarray]:
    """What limits give that are reached by this logvar: name -> (B,)."""
    found = {}
    lows = [
        -math.inf,
        *(x for x in (-20, -15, -10, -8, -6, -5, -4, -3, -2) if x > s.min()),
    ]
    highs = [math.inf, *(x for x in (20, 15, 10, 8, 6, 5, 4, 3, 2) if x < s.max())]
    for low, high in list(product(lows, highs))[1:]:
        ends = " and ".join(
            f"{word} {end}"
            for word, end in (("from below, at", low), ("from above, at", high))
            if math.isfinite(end)
        )
        kept = s.clip(low, high)
        for name, linear in (("logvar", kept), ("exp(logvar)", s)):
            found[f"{name} is limited {ends}; nothing may be"] = (
                mu**2 + np.exp(kept) - 1 - linear
            ).sum(axis=1) / 2
    return found


def _check_gradients(function: Callable, given: tuple) -> None:
    x, a, mu, s = (each.astype(np.float64) for each in given)
    right = {
        "logits": 1 / (1 + np.exp(-a)) - x,
        "mu": mu,
        "logvar": (np.exp(s) - 1) / 2,
    }
    found = gradients(lambda *rest: function(tensor(x), *rest), *given[1:])
    for gradient, (name, wanted) in zip(found, right.items(), strict=True):
        if gradient is not None and not np.isfinite(gradient).all():
            raise CheckFailed(
                f"the gradient from the loss to {name} is nan or inf, with logits of "
                "2, and some of 100",
                "finite numbers: the gradient of a pixel is sigmoid(a) - x",
                "exp() of a large number, also where `where` does not take it: its "
                "gradient is computed all the same. ops.softplus stays exact",
            )
        if gradient is None or not (
            np.abs(gradient - wanted).max() <= 1e-3 * np.abs(wanted).max()
        ):
            what = "no gradient flows" if gradient is None else "a wrong gradient flows"
            raise CheckFailed(
                f"{what} from the loss to {name}",
                "gradients to logits, mu and logvar: `fit` follows them",
                "stop_gradient, round, a limit, or a detour through NumPy",
            )


def _check_graph(function: Callable, given: tuple) -> None:
    import keras

    class Terms(keras.layers.Layer):
        def call(self, x: Any, logits: Any, mu: Any, logvar: Any) -> Any:
            return tuple(function(x, logits, mu, logvar))

    with in_a_graph("loss_terms"):
        inputs = [keras.Input(each.shape[1:]) for each in given]
        model = keras.Model(inputs, Terms()(*inputs))
        model.compile(jit_compile=False)
        seen = model.predict(list(given), batch_size=32, verbose=0)
    for name, one, other in zip(NAMES, seen, right_terms(*given), strict=True):
        rule = "as when it is called by itself"
        compare(one, other, {}, f"in predict, {name} of an image is", rule)
