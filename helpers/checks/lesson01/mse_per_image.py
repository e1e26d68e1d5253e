"""The error of each image: ``checks.mse_per_image(mse_per_image)``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.checks.arrays import compare, read, want_shape
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson01._entries import places
from helpers.checks.lesson01._models import PIXELS

CALL = "mse_per_image()"
TOLERANCE = 1e-4  # of the largest error; sums of float32 are off by less


@check("mse_per_image")
def mse_per_image(measure: Callable, draw: Draw) -> None:
    """Check ``mse_per_image(x, x_hat)``: the mean over each image's pixels."""
    for shape, dtype in (
        ((draw.integer(5, 9), PIXELS), np.float32),
        ((1, PIXELS), np.float32),
        ((draw.integer(1100, 1500), draw.integer(10, 30)), np.float64),
    ):
        x, x_hat = _images(shape, draw)
        _check_one(measure, x.astype(dtype), x_hat.astype(dtype))
    # The notebook's mean image: one row, seen as many.
    x, x_hat = _images((draw.integer(90, 130), PIXELS), draw)
    _check_one(measure, x, np.broadcast_to(x_hat[0], x.shape))


def _images(shape: tuple[int, int], draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Images, a third of them black, and reconstructions a little beyond [0, 1].

    Each image has its own error.
    """
    x = draw.rng.random(shape) * (draw.rng.random(shape) > 0.3)
    size = draw.rng.uniform(0.1, 0.3, (shape[0], 1))
    error = size * draw.rng.normal(0.4, 1, shape)  # not 0 on the average
    return x.astype(np.float32), (x + error).astype(np.float32)


def _check_one(measure: Callable, x: np.ndarray, x_hat: np.ndarray) -> None:
    n, d = x.shape
    with stays(x, x_hat):
        result = measure(x, x_hat)
    got = read(result, CALL, lists=True).copy()
    measure(x_hat, x_hat)
    if got.ndim and not np.array_equal(got, read(result, CALL, lists=True)):
        raise CheckFailed(
            "a second call changes what the first one returned",
            "an array of its own for each call",
            "an array outside the function that each call fills anew",
        )
    shapes = {
        (): "the mean ran over the images too: average over axis 1 only"
        if n > 1
        else "a mean over the images too, or squeeze(): of one image, too, the "
        "answer has an axis",
        (d,): "the mean ran over the images (axis 0): average over the pixels, axis 1",
        (n, d): "one value a pixel: the mean over axis 1 is missing",
        (n, 1): "an axis is left over: keepdims=True is not wanted",
        (1, n): "an axis is left over: brackets, or a comma too many",
    }
    look = "the axis of the mean: axis=1 runs over the pixels"
    if got.ndim == 1:
        look = "a number of images written into the code, or a loop that ends early"
    what = f"{CALL} of {n} images of {d} pixels"
    want_shape(got, (n,), what, shapes.get(got.shape, look))
    right = ((x.astype(np.float64) - x_hat) ** 2).mean(axis=1)
    compare(
        got,
        right,
        lambda: _mistakes(x.astype(np.float64), x_hat.astype(np.float64), right),
        f"{n} images of {d} pixels: the error is",
        "for each image, the squared differences averaged over its own pixels",
        lambda: places(got, right, "images", "the formula: subtract, square, average"),
        TOLERANCE,
    )


def _mistakes(
    x: np.ndarray, x_hat: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """What the usual mistakes give for these images."""
    error, (n, d) = x - x_hat, x.shape
    mean = error.mean(axis=1)
    cut = x - x_hat.clip(0, 1)
    ink = x > 0
    return {
        "over the pixels with ink only: the background counts as well": (
            (error**2 * ink).sum(axis=1) / np.maximum(ink.sum(axis=1), 1)
        ),
        "summed over the pixels, not averaged": right * d,
        "the root was taken: RMSE, not MSE": np.sqrt(right),
        "absolute errors: they were not squared": np.abs(error).mean(axis=1),
        "signed errors, not squared: plus and minus cancel": mean,
        "x_hat - x, not squared: plus and minus cancel": -mean,
        "squared after the mean: plus and minus cancel": mean**2,
        "half of the mean square": right / 2,
        "divided by the number of images as well": right / n,
        "divided by the number of images, not of pixels": right * d / n,
        "the number 784 is written into the code": right * d / PIXELS,
        "28 is written into the code, or one side of the image only": right * d / 28,
        "the images are scaled again, by 255": right * 255**2,
        "divided by 255 once more: the images are scaled already": right / 255**2,
        "divided by 255 at the end: the images are scaled already": right / 255,
        "the same value for each image: the mean over all": np.full(n, right.mean()),
        "with the wrong sign: a squared error is never negative": -right,
        "x**2 - x_hat**2: subtract first, then square": (x**2 - x_hat**2).mean(axis=1),
        "added, not subtracted": ((x + x_hat) ** 2).mean(axis=1),
        "doubled (`* 2`), not squared (`** 2`)": 2 * mean,
        "squared twice: the fourth power": (error**4).mean(axis=1),
        "the length of the error: a norm is a root": np.sqrt(right * d),
        "the length of the error, divided: a norm is a root": np.sqrt(right / d),
        "the largest squared error, not the mean": (error**2).max(axis=1),
        "the median of the squared errors, not the mean": np.median(error**2, axis=1),
        "the variance of the errors: it leaves out their mean": error.var(axis=1),
        "divided by one less than the number of pixels": right * d / (d - 1),
        "the first pixels only, or the first one left out": (error[:, 1:] ** 2).mean(1),
        "the last pixel left out": (error[:, :-1] ** 2).mean(axis=1),
        "x_hat cut to [0, 1]: reconstructions may lie beyond": (cut**2).mean(axis=1),
        "divided by the mean square of x: a relative error": (
            right / (x**2).mean(axis=1)
        ),
        "in another order: sorted": np.sort(right),
        "in another order: the last image comes first": right[::-1],
        "cut to whole numbers: an array of integers holds no fractions": right // 1,
    } | {f"rounded to {k} digits": right.round(k) for k in range(1, 5)}
