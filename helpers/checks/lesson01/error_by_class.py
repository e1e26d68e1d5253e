"""The mean error of each class: ``checks.error_by_class(error_by_class)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson01._arrays import as_array, compare, want_shape


@check("error_by_class")
def error_by_class(function: Callable) -> None:
    """Check ``error_by_class(errors, labels)``: ten means, classes of unequal size."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), [3, 1, 12, 5, 2, 9, 7, 30, 4, 24])
    labels = rng.permutation(labels)
    errors = (0.01 * (labels * 7 % 10 + 1) * rng.uniform(0.5, 1.5, 97)).astype(
        np.float32
    )
    before = errors.copy(), labels.copy()
    got = function(errors, labels)
    if isinstance(got, Mapping):
        raise CheckFailed(
            f"error_by_class() returned a dictionary with {len(got)} entries",
            "an array of 10 numbers: entry c is the mean error of class c",
            "np.array([... for c in range(10)])",
        )
    got = as_array(got, "error_by_class")
    if not np.array_equal(errors, before[0]) or not np.array_equal(labels, before[1]):
        raise CheckFailed(
            "errors or labels have other values afterwards",
            "inputs that stay as they are",
            "in-place operations, such as errors.sort()",
        )
    shapes = {
        (): "one number: the mean over each class by itself is wanted",
        (97,): "one value an image: the mean over each class is missing",
        (9,): "one class is missing: range(10) runs from 0 to 9",
        (2, 10): "two arrays came back: return the means only",
        (10, 2): "the classes stand beside the means: return the means only",
        (10, 1): "an axis is left over: brackets, or keepdims",
    }
    want_shape(
        got,
        (10,),
        "error_by_class() of 97 images",
        shapes.get(got.shape, "one entry for each class, 0 to 9"),
    )
    groups = [errors[labels == c].astype(float) for c in range(10)]
    right = np.array([group.mean() for group in groups])
    if np.isnan(got).any():
        raise CheckFailed(
            f"{int(np.isnan(got).sum())} of the 10 means are nan: they are means of "
            "nothing",
            "10 numbers: every class occurs",
            "range(10), which runs from 0 to 9, and `labels == c`, not `is` and not "
            "`errors == c`",
        )
    sums = np.array([group.sum() for group in groups])
    wrong = {
        "summed over the class, not averaged: large classes look worse": sums,
        "divided by the number of all images, not of the class": sums / 97,
        "divided by 10, as if all classes had the same size": sums / 10,
        "sorted by error: entry c must belong to class c": np.sort(right),
        "sorted by error, largest first": np.sort(right)[::-1],
        "the largest error of each class": np.array([g.max() for g in groups]),
        "the smallest error of each class": np.array([g.min() for g in groups]),
        "the median of each class": np.array([np.median(g) for g in groups]),
        "the root was taken": np.sqrt(right),
        "errors of all other classes: `!=` in place of `==`": np.array(
            [errors[labels != c].mean() for c in range(10)]
        ),
        "classes shifted by one: they are numbered from 0": np.roll(right, -1),
        "how many images each class has": np.bincount(labels).astype(float),
        "errors taken in order, not by label": np.array(
            [part.mean() for part in np.array_split(errors, 10)]
        ),
        "cut in ten pieces by position, not by label": errors[:90]
        .reshape(10, -1)
        .mean(axis=1),
        "every tenth error, not those of one label": errors[:90]
        .reshape(-1, 10)
        .mean(axis=0),
        "the same for all: the mean over all images": np.full(10, errors.mean()),
        "the classes in the order in which they occur: entry c must belong to class "
        "c": right[list(dict.fromkeys(labels.tolist()))],
        "the standard deviation of each class": np.array([g.std() for g in groups]),
        "`s[labels] += errors` adds one image a class only: np.bincount adds all": (
            np.array([g[-1] / len(g) for g in groups])
        ),
        "the first image of each class only": np.array([g[0] for g in groups]),
        "the last image of each class only: `=` in place of `+=`?": np.array(
            [g[-1] for g in groups]
        ),
        "the labels themselves": np.arange(10.0),
        "the errors of the images number 0 to 9": errors[:10],
        "`>=` in place of `==`": np.array(
            [errors[labels >= c].mean() for c in range(10)]
        ),
        "`<=` in place of `==`": np.array(
            [errors[labels <= c].mean() for c in range(10)]
        ),
        "divided by 1000, as if each class had 1,000 images": sums / 1000,
        "in percent": 100 * right,
        "scaled to sum 1": right / right.sum(),
        "added up from class to class": right.cumsum(),
        "the classes in reverse order": right[::-1],
        "positions in place of labels: `labels == c`, not argsort": np.array(
            [errors[np.argsort(labels) == c].mean() for c in range(10)]
        ),
    }
    compare(
        got,
        right,
        wrong,
        "classes of 1 to 30 images: the errors are",
        "for each class, the mean of the errors of its own images",
        "the errors of one class: which are chosen (`labels == c`), and their mean",
    )
