"""The mean error of each class: ``checks.error_by_class(error_by_class)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from helpers.checks.arrays import compare, read, want_shape
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson01._entries import places

CALL = "error_by_class()"
SIZES = (1, 2, 5, 11, 31, 77, 150, 250, 400, 600)  # of the classes, in some order
TOLERANCE = 2e-4  # of the largest mean; sums of float32 are off by less


@check("error_by_class")
def error_by_class(function: Callable, draw: Draw) -> None:
    """Check ``error_by_class(errors, labels)``: ten means, classes of unequal size."""
    for most, dtype in ((9, np.float32), (600, np.float32), (250, np.float64)):
        sizes = draw.rng.permutation(np.minimum(SIZES, most + np.arange(10)))
        labels = draw.rng.permutation(np.repeat(np.arange(10), sizes)).astype(np.int64)
        level = draw.rng.permutation(np.linspace(0.002, 0.02, 10))
        errors = level[labels] * draw.rng.uniform(0.3, 1.7, len(labels))
        perfect = draw.rng.random(len(labels)) < 0.1
        errors[perfect & (np.bincount(labels)[labels] >= 5)] = 0
        _check_one(function, errors.astype(dtype), labels)


def _check_one(function: Callable, errors: np.ndarray, labels: np.ndarray) -> None:
    with stays(errors, labels):
        got = function(errors, labels)
    if isinstance(got, Mapping):
        raise CheckFailed(
            f"{CALL} returned a dictionary with {len(got)} entries",
            "an array of 10 numbers: entry c is the mean error of class c",
            "np.array([... for c in range(10)])",
        )
    got = read(got, CALL, lists=True)
    n = len(labels)
    shapes = {
        (): "one number: the mean over each class by itself is wanted (a `return` "
        "inside the loop gives that of class 0)",
        (n,): "one value an image: the mean over each class is missing",
        (9,): "one class is missing: range(10) runs from 0 to 9",
        (2, 10): "two arrays came back: return the means only",
        (10, 2): "the classes stand beside the means: return the means only",
        (10, 1): "an axis is left over: brackets, or keepdims",
        (1, 10): "an axis is left over: brackets, or a comma too many",
        (1,): "only one class: a `return` inside the loop?",
    }
    look = shapes.get(got.shape, "one entry for each class, 0 to 9")
    want_shape(got, (10,), f"{CALL} of {n} images", look)
    if empty := int(np.isnan(got).sum()):
        raise CheckFailed(
            f"{empty} of the 10 means are nan: they are means of nothing",
            "10 numbers: every class occurs",
            "range(10), which runs from 0 to 9, and `labels == c`, not `is` and not "
            "`errors == c`",
        )
    right = np.array([errors[labels == c].mean(dtype=np.float64) for c in range(10)])
    look = "which errors are chosen (`labels == c`), and their mean"
    compare(
        got,
        right,
        lambda: _mistakes(errors.astype(np.float64), labels, right),
        f"{n} images, 1 to {np.bincount(labels).max()} of a class: the error is",
        "for each class, the mean of the errors of its own images",
        lambda: places(got, right, "classes", look),
        TOLERANCE,
    )


def _mistakes(
    errors: np.ndarray, labels: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """What the usual mistakes give for these errors."""
    n = len(errors)
    sizes = np.bincount(labels).astype(float)
    sums = right * sizes
    order = list(dict.fromkeys(labels.tolist()))

    def each(measure: Callable) -> np.ndarray:
        return np.array([measure(errors[labels == c]) for c in range(10)])

    def of(chosen: Callable) -> np.ndarray:
        groups = [errors[chosen(c)] for c in range(10)]
        return np.array([g.mean() if len(g) else np.nan for g in groups])

    whole = errors[: n // 10 * 10]
    return {
        "images without any error left out: they count as well": of(
            lambda c: (labels == c) & (errors > 0)
        ),
        "summed over the class, not averaged: large classes look worse": sums,
        "divided by the number of all images, not of the class": sums / n,
        "divided by 10, as if all classes had the same size": sums / 10,
        "divided by a tenth of all images, as if all classes were alike": sums * 10 / n,
        "divided by 1000, as if each class had 1,000 images": sums / 1000,
        "sorted by error: entry c must belong to class c": np.sort(right),
        "the largest error of each class": each(np.max),
        "the smallest error of each class": each(np.min),
        "the median of each class": each(np.median),
        "the standard deviation of each class": each(np.std),
        "the root was taken": np.sqrt(right),
        "squared: the errors are squared already": each(lambda g: (g**2).mean()),
        "errors of all other classes: `!=` in place of `==`": of(lambda c: labels != c),
        "`>=` in place of `==`": of(lambda c: labels >= c),
        "`<=` in place of `==`": of(lambda c: labels <= c),
        "classes shifted by one: they are numbered from 0": np.roll(right, -1),
        "classes shifted by one: entry c must belong to class c": np.roll(right, 1),
        "each entry is that of the next class: range(10) runs from 0 to 9": np.append(
            right[1:], 0
        ),
        "how many images each class has": sizes,
        "errors taken in order, not by label": np.array(
            [part.mean() for part in np.array_split(errors, 10)]
        ),
        "cut in ten pieces by position, not by label": (
            whole.reshape(10, -1).mean(axis=1)
        ),
        "the same for all: the mean over all images": np.full(10, errors.mean()),
        "the classes in the order in which they occur: entry c must belong to class "
        "c": right[order],
        "`s[labels] += errors` adds one image a class only: np.bincount adds all": (
            each(lambda g: g[-1] / len(g))
        ),
        "the first image of each class only": each(lambda g: g[0]),
        "the last image of each class only: `=` in place of `+=`?": each(
            lambda g: g[-1]
        ),
        "in percent": 100 * right,
        "added up from class to class: the sum is not set back to 0": (
            sums.cumsum() / sizes
        ),
        "the classes in reverse order": right[::-1],
        "cut to whole numbers: an array of integers holds no fractions": right // 1,
    } | {f"rounded to {k} digits": right.round(k) for k in range(1, 5)}
