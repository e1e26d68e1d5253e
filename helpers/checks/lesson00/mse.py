"""The mean squared error."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson00._arrays import as_number, compare_number, unchanged


@check("mse")
def mse(measure: Callable) -> None:
    """Check ``mse(x, x_hat)``, the mean squared error per pixel."""
    # Errors of +0.1 and -0.5 in turn: the mean square is 0.13, and each of the
    # usual mistakes gives another number.
    n, d = 6, 784
    x = np.full((n, d), 0.7, np.float32)
    error = np.tile(np.array([0.1, -0.5], np.float32), d // 2)
    x_hat = x - error
    before = x.copy(), x_hat.copy()
    got = as_number(measure(x, x_hat), "mse", n)
    unchanged("mse", (x, x_hat), before)
    compare_number(
        got,
        0.13,
        _mse_mistakes(x, x_hat),
        what="with errors of +0.1 and -0.5 in turn, mse() gave",
        rule="(0.01 + 0.25) / 2: square each error, then the mean over "
        "all pixels and all images",
    )
    zero = as_number(measure(x, x.copy()), "mse", n)
    if abs(zero) > 1e-9:
        raise CheckFailed(
            f"an image against itself gave {zero:.4g}",
            "0",
            "what is subtracted from what",
        )
    rng = np.random.default_rng(0)
    for shape in ((97, 784), (97, 28, 28), (1, 784), (5, 10)):
        x, x_hat = rng.random((2, *shape), dtype=np.float32)
        compare_number(
            as_number(measure(x, x_hat), "mse", len(x)),
            float(((x.astype(float) - x_hat) ** 2).mean()),
            _mse_mistakes(x, x_hat),
            what=f"images of shape {shape}:",
            rule=f"the mean over all {x.size} pixels",
            look="an axis, a batch size or the number 784 written into the code",
        )


def _mse_mistakes(x: np.ndarray, x_hat: np.ndarray) -> dict[str, float]:
    """What the usual mistakes give for these images."""
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    error, n, d = x - x_hat, len(x), x[0].size
    right, length = (error**2).mean(), np.linalg.norm(error)
    return {
        "summed over everything, not averaged": right * n * d,
        "summed over the pixels, averaged over the images": right * d,
        "averaged over the pixels, summed over the images": right * n,
        "the root of the mean square: RMSE, not MSE": math.sqrt(right),
        "the mean of the absolute errors: they were not squared": np.abs(error).mean(),
        "the mean of the signed errors: plus and minus cancel": error.mean(),
        "the mean of x_hat - x, not squared: plus and minus cancel": -error.mean(),
        "squared after the mean: plus and minus cancel first": error.mean() ** 2,
        "half of the mean square": right / 2,
        "with the wrong sign: a squared error is never negative": -right,
        "x**2 - x_hat**2: subtract first, then square": (x**2 - x_hat**2).mean(),
        "x_hat**2 - x**2: subtract first, then square": (x_hat**2 - x**2).mean(),
        "doubled (`* 2`), not squared (`** 2`)": 2 * error.mean(),
        "squared twice: the fourth power": (error**4).mean(),
        "added, not subtracted": ((x + x_hat) ** 2).mean(),
        "the length of the error: a norm is a root": length,
        "the length of the error, divided: a norm is a root": length / error.size,
        "the variance of the errors: it leaves out their mean": error.var(),
        "divided by one less than the number of pixels": length**2 / (error.size - 1),
        "the largest squared error, not the mean": (error**2).max(),
        "the median of the squared errors, not the mean": np.median(error**2),
        "of the first image only: a `return` inside the loop?": (error[0] ** 2).mean(),
        "divided by the number of images twice, or a `return` inside the loop": (
            (error[0] ** 2).mean() / n
        ),
        "divided by the mean square of x: a relative error": right / (x**2).mean(),
        "scaled by 255: the pixels are in [0, 1] already": right * 255**2,
        "x_hat was clipped to [0, 1]": ((x - np.clip(x_hat, 0, 1)) ** 2).mean(),
        "0: a cast to whole numbers, or a variable against itself": 0.0,
        "the number 784 is written in: take the size of the array": (
            length**2 / (784 * n)
        ),
        "divided by two of the three sizes: (N, 28, 28) has three": (
            length**2 / (n * x.shape[1])
        ),
    }
