"""The check of error_by_class names each usual mistake and passes right variants."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.checks import lesson01 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson01.answers import stub


def by_class(f):
    return lambda errors, labels: np.array([f(errors[labels == c]) for c in range(10)])


def sorting(errors, labels):
    errors.sort()
    return by_class(np.mean)(errors, labels)


WRONG_BY_CLASS = {
    "summed over the class": by_class(np.sum),
    "number of all images": lambda e, y: by_class(np.sum)(e, y) / len(e),
    "same size": lambda e, y: by_class(np.sum)(e, y) / 10,
    "sorted by error": lambda e, y: np.sort(by_class(np.mean)(e, y)),
    "largest error": by_class(np.max),
    "median": by_class(np.median),
    "root": lambda e, y: np.sqrt(by_class(np.mean)(e, y)),
    "`!=`": lambda e, y: np.array([e[y != c].mean() for c in range(10)]),
    "numbered from 0": lambda e, y: np.roll(by_class(np.mean)(e, y), -1),
    "how many images": lambda e, y: np.bincount(y),
    "a dictionary": lambda e, y: {c: e[y == c].mean() for c in range(10)},
    "each class by itself": lambda e, y: e.mean(),
    "one value an image": lambda e, y: e,
    "range\\(10\\)": lambda e, y: np.array([e[y == c].mean() for c in range(9)]),
    "in-place": sorting,
    "returned None": lambda e, y: None,
    "order in which they occur": lambda e, y: by_class(np.mean)(e, y)[
        list(dict.fromkeys(y.tolist()))
    ],
    "mean over all images": lambda e, y: np.full(10, e.mean()),
    "cut in ten pieces": lambda e, y: e[:90].reshape(10, -1).mean(axis=1),
    "standard deviation": by_class(np.std),
    "first image of each": by_class(lambda group: group[0]),
    "last image of each": by_class(lambda group: group[-1]),
    "`<=`": lambda e, y: np.array([e[y <= c].mean() for c in range(10)]),
    "1,000 images": lambda e, y: by_class(np.sum)(e, y) / 1000,
    "means of nothing": lambda e, y: np.array([e[y == c].mean() for c in range(1, 11)]),
    "return the means only": lambda e, y: np.array(
        [[c, e[y == c].mean()] for c in range(10)]
    ),
    "rounded to 2 digits": lambda e, y: by_class(np.mean)(e, y).round(2),
}
RIGHT_BY_CLASS = [
    lambda e, y: np.eye(10)[y].T @ e / np.eye(10)[y].sum(axis=0),
    lambda e, y: np.stack([np.average(e, weights=y == c) for c in range(10)]),
    by_class(np.mean),
    lambda e, y: np.bincount(y, weights=e) / np.bincount(y),
    lambda e, y: [float(e[y == c].mean()) for c in range(10)],
    lambda e, y: tf.math.segment_mean(e[np.argsort(y)], np.sort(y)),
]


@pytest.mark.parametrize("mistake", WRONG_BY_CLASS)
def test_class_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.error_by_class(WRONG_BY_CLASS[mistake])


@pytest.mark.parametrize("function", RIGHT_BY_CLASS)
def test_right_class_errors_pass(function):
    checks.error_by_class(function)


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        checks.error_by_class(stub)
