"""The error of each image: ``checks.mse_per_image(mse_per_image)``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson01._arrays import as_array, compare, want_shape
from helpers.checks.lesson01._models import PIXELS


@check("mse_per_image")
def mse_per_image(measure: Callable) -> None:
    """Check ``mse_per_image(x, x_hat)``: the mean over each image's pixels."""
    n, d = 6, PIXELS
    x = np.full((n, d), 0.7, np.float32)
    # Image i is off by +e and -3e in turn, e = 0.05 (i + 1): its error is 5 e^2.
    e = 0.05 * np.arange(1, n + 1)[:, None]
    x_hat = (x - e * np.tile([1.0, -3.0], d // 2)).astype(np.float32)
    right = 5 * e[:, 0] ** 2
    before = x.copy(), x_hat.copy()
    got = as_array(measure(x, x_hat), "mse_per_image")
    if not np.array_equal(x, before[0]) or not np.array_equal(x_hat, before[1]):
        raise CheckFailed(
            "an array given to mse_per_image() has other values afterwards",
            "inputs that stay as they are: the caller uses them again",
            "in-place operations such as `x -= x_hat`",
        )
    shapes = {
        (): "the mean ran over the images too: average over axis 1 only",
        (d,): "the mean ran over the images (axis 0): average over the pixels, axis 1",
        (n, d): "one value a pixel: the mean over axis 1 is missing",
        (n, 1): "an axis is left over: keepdims=True is not wanted",
    }
    want_shape(
        got,
        (n,),
        "mse_per_image() of 6 images",
        shapes.get(got.shape, "the axis of the mean: axis=1 runs over the pixels"),
    )
    compare(
        got,
        right,
        _mse_mistakes(x, x_hat),
        "image i is off by +e and -3e in turn, e = 0.05, 0.10, ...; the errors are",
        "(e^2 + 9 e^2) / 2 for each image: square, then the mean over its pixels",
    )
    rng = np.random.default_rng(0)
    for shape in ((97, PIXELS), (1, PIXELS), (5, 10)):
        x, x_hat = rng.random((2, *shape), dtype=np.float32)
        got = as_array(measure(x, x_hat), "mse_per_image")
        look = "a batch size or the number 784 written into the code"
        want_shape(got, shape[:1], f"mse_per_image() of {shape[0]} images", look)
        compare(
            got,
            ((x.astype(float) - x_hat) ** 2).mean(axis=1),
            _mse_mistakes(x, x_hat),
            f"images of shape {shape}: the errors are",
            "for each image, the mean over its own pixels",
            look,
        )


def _mse_mistakes(x: np.ndarray, x_hat: np.ndarray) -> dict[str, np.ndarray]:
    """What the usual mistakes give for these images."""
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    error, (n, d) = x - x_hat, x.shape
    right, mean = (error**2).mean(axis=1), error.mean(axis=1)
    return {
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
        "the images are scaled again, by 255": right * 255**2,
        "divided by 255 once more: the images are scaled already": right / 255**2,
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
        "divided by the mean square of x: a relative error": (
            right / (x**2).mean(axis=1)
        ),
        "in another order: sorted": np.sort(right),
        "in another order: the last image comes first": right[::-1],
    }
