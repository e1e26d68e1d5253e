"""The mean squared error."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.arrays import IN_PLACE, averaging, compare, read_number
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays


@check("mse")
def mse(measure: Callable, draw: Draw) -> None:
    """Check ``mse(x, x_hat)``, the mean squared error per pixel."""
    n = draw.integer(3, 9)
    for shape in (
        (n, draw.integer(10, 20)),
        (1, 784),
        (draw.integer(90, 99), 28, 28),
        (draw.integer(1030, 1100), draw.integer(5, 9)),
        (draw.integer(129, 150), 784),
    ):
        for dtype in (np.float32, np.float64):
            x, x_hat = _pictures(draw, shape, dtype)
            _measured(measure, x, x_hat)
    # So near that a rounded result shows.
    x, x_hat = _pictures(draw, (n, 50), np.float64)
    _measured(measure, x, x + (x_hat - x) / 50)
    x = _pictures(draw, (n, 28, 28), np.float32)[0]
    # One picture for all, as the lesson hands in the mean image: read-only.
    _measured(measure, x, np.broadcast_to(x.mean(axis=0), x.shape))
    zero = read_number(measure(x, x.copy()), "mse()", n)
    if not abs(zero) <= 1e-6:
        raise CheckFailed(
            f"an image against itself gave {zero:.4g}",
            "0",
            "what is subtracted from what",
        )


def _pictures(
    draw: Draw, shape: tuple[int, ...], dtype: type
) -> tuple[np.ndarray, np.ndarray]:
    """Images, and pictures of them that get worse from the first to the last.

    So an image that is left out shows, even one of a thousand. Some pixels are 0, as
    most of a digit's are, and some are copied exactly: those count as well.
    """
    x = draw.rng.random(shape)
    x[draw.rng.random(shape) < 0.3] = 0
    worse = np.linspace(0.1, 0.5, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    error = worse * (draw.rng.standard_normal(shape) + 0.4)
    error[draw.rng.random(shape) < 0.1] = 0
    return x.astype(dtype), (x - error).astype(dtype)


def _measured(measure: Callable, x: np.ndarray, x_hat: np.ndarray) -> None:
    """Fail unless one pair is measured correctly."""
    one, other = x.copy(), x_hat if not x_hat.flags.writeable else x_hat.copy()
    with stays(one, other, look=IN_PLACE):
        got = read_number(measure(one, other), "mse()", len(x))
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    compare(
        got,
        ((x - x_hat) ** 2).mean(),
        lambda: _mistakes(x, x_hat),
        what=f"on images of shape {x.shape}, mse() gave",
        rule=f"each error squared, then the mean over all {x.size} pixels",
        look="an image or pixels left out, a size written into the code, what is "
        "subtracted from what, and when it is squared",
        tolerance=4e-5,
    )


def _mistakes(x: np.ndarray, x_hat: np.ndarray) -> dict[str, float]:
    """What the usual mistakes give for these images."""
    error, n, d = x - x_hat, len(x), x[0].size
    squares = error**2
    right, length = squares.mean(), np.linalg.norm(error)
    each = squares.reshape(n, -1).mean(axis=1)
    short = (x.astype(np.float16) - x_hat.astype(np.float16)) ** 2
    known = {f"rounded to {k} digits": round(right, k) for k in range(1, 5)}
    known |= averaging(each)
    return known | {
        "summed over everything, not averaged": right * n * d,
        "summed over the pixels, averaged over the images": right * d,
        "averaged over the pixels, summed over the images": right * n,
        "the root of the mean square: RMSE, not MSE": math.sqrt(right),
        "the mean of a root for each image: RMSE, not MSE": np.sqrt(each).mean(),
        "the mean of the absolute errors: they were not squared": np.abs(error).mean(),
        "the mean of the signed errors: plus and minus cancel": error.mean(),
        "the mean of x_hat - x, not squared: plus and minus cancel": -error.mean(),
        "squared after the mean: plus and minus cancel first": error.mean() ** 2,
        "half of the mean square": right / 2,
        "with the wrong sign: a squared error is never negative": -right,
        "x**2 - x_hat**2: subtract first, then square": (x**2 - x_hat**2).mean(),
        "x_hat**2 - x**2: subtract first, then square": (x_hat**2 - x**2).mean(),
        "x - x_hat**2: brackets are missing": (x - x_hat**2).mean(),
        "doubled (`* 2`), not squared (`** 2`)": 2 * error.mean(),
        "squared twice: the fourth power": (error**4).mean(),
        "added, not subtracted": ((x + x_hat) ** 2).mean(),
        "the length of the error: a norm is a root": length,
        "the length of the error, divided: a norm is a root": length / error.size,
        "the variance of the errors: it leaves out their mean": error.var(),
        "divided by one less than the number of pixels": length**2 / (error.size - 1),
        "the largest squared error, not the mean": squares.max(),
        "the median of the squared errors, not the mean": np.median(squares),
        "divided by the number of pixels twice": right / d,
        "divided by the mean square of x: a relative error": right / (x**2).mean(),
        "scaled by 255: the pixels are in [0, 1] already": right * 255**2,
        "x_hat was clipped to [0, 1]": ((x - np.clip(x_hat, 0, 1)) ** 2).mean(),
        "0: a cast to whole numbers, or a variable against itself": 0.0,
        "the errors were cast to whole numbers": (error.astype(int) ** 2).mean(),
        "the number 784 is written in: take the size of the array": right * d / 784,
        "divided by the rows of an image, 28, and the images: (N, 28, 28) has three "
        "sizes": length**2 / (n * x.shape[1]),
        "computed in 16 bits: float16 keeps three digits": float(short.mean()),
    }
