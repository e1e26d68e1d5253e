"""Right and wrong answers of error_by_class."""

from collections import defaultdict

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.checks import lesson01 as checks
from tests.checks.trial import trial

CHECK = checks.error_by_class
NAMES = ("error_by_class",)


def by_class(f):
    return lambda errors, labels: np.array([f(errors[labels == c]) for c in range(10)])


def sorting(errors, labels):
    errors.sort()
    return by_class(np.mean)(errors, labels)


def relabelling(errors, labels):
    means = by_class(np.mean)(errors, labels)
    labels[labels == 9] = 0
    return means


def gathered(errors, labels):
    groups = defaultdict(list)
    for error, label in zip(errors, labels, strict=True):
        groups[int(label)].append(error)
    return np.array([np.mean(groups[c]) for c in sorted(groups)])


def added(errors, labels):
    sums, counts = np.zeros(10), np.zeros(10)
    np.add.at(sums, labels, errors)
    np.add.at(counts, labels, 1)
    return sums / counts


def split_at_borders(errors, labels):
    order = np.argsort(labels, kind="stable")
    borders = np.searchsorted(labels[order], np.arange(1, 10))
    return np.array([part.mean() for part in np.split(errors[order], borders)])


def overwritten(errors, labels):
    means = np.zeros(10)
    for error, label in zip(errors, labels, strict=True):
        means[label] = error
    return means


def once_each(errors, labels):
    sums = np.zeros(10)
    sums[labels] += errors
    return sums / np.bincount(labels)


def sum_not_set_back(errors, labels):
    means, total = [], 0.0
    for c in range(10):
        total += errors[labels == c].sum()
        means.append(total / (labels == c).sum())
    return np.array(means)


def whole_numbers(errors, labels):
    means = np.zeros_like(labels[:10])
    for c in range(10):
        means[c] = errors[labels == c].mean()
    return means


def returns_early(errors, labels):
    means = []
    for c in range(10):
        means.append(errors[labels == c].mean())
        return np.array(means)


def from_1_to_10(errors, labels):
    means = np.zeros(11)
    for c in range(1, 11):
        means[c] = errors[labels == c].mean() if (labels == c).any() else 0
    return means[1:]


def leaves_nine_out(errors, labels):
    means = np.zeros(10)
    for c in range(9):
        means[c] = errors[labels == c].mean()
    return means


RIGHT = [
    by_class(np.mean),
    lambda e, y: np.eye(10)[y].T @ e / np.eye(10)[y].sum(axis=0),
    lambda e, y: np.stack([np.average(e, weights=y == c) for c in range(10)]),
    lambda e, y: np.bincount(y, weights=e) / np.bincount(y),
    lambda e, y: [float(e[y == c].mean()) for c in range(10)],
    lambda e, y: tf.math.segment_mean(e[np.argsort(y)], np.sort(y)),
    lambda e, y: np.array([e[y == c].sum() / (y == c).sum() for c in np.unique(y)]),
    lambda e, y: np.array([np.mean(e, where=y == c) for c in range(10)]),
    lambda e, y: np.ma.array(
        np.tile(e, (10, 1)), mask=y != np.arange(10)[:, None]
    ).mean(axis=1),
    lambda e, y: np.nanmean(
        np.where(y[:, None] == np.arange(10), e[:, None], np.nan), 0
    ),
    lambda e, y: e @ keras.utils.to_categorical(y, 10) / np.bincount(y, minlength=10),
    lambda e, y: np.array([e[np.flatnonzero(y == c)].mean() for c in range(10)]),
    lambda e, y: tf.math.unsorted_segment_mean(e, y, 10).numpy(),
    lambda e, y: np.histogram(y, np.arange(11), weights=e)[0] / np.bincount(y),
    lambda e, y: tuple(e[y == c].mean() for c in range(10)),
    gathered,
    added,
    split_at_borders,
]
WRONG = [
    (
        lambda e, y: np.array([e[(y == c) & (e > 0)].mean() for c in range(10)]),
        "without any error left out",
    ),
    (by_class(np.sum), "summed over the class"),
    (lambda e, y: by_class(np.sum)(e, y) / len(e), "number of all images"),
    (lambda e, y: by_class(np.sum)(e, y) / 10, "same size"),
    (lambda e, y: by_class(np.sum)(e, y) / 1000, "1,000 images"),
    (lambda e, y: by_class(np.sum)(e, y) / (len(e) / 10), "a tenth of all images"),
    (lambda e, y: np.sort(by_class(np.mean)(e, y)), "sorted by error"),
    (by_class(np.max), "largest error"),
    (by_class(np.min), "smallest error"),
    (by_class(np.median), "median"),
    (by_class(np.std), "standard deviation"),
    (by_class(lambda group: group[0]), "first image of each"),
    (by_class(lambda group: group[-1]), "last image of each"),
    (by_class(lambda group: (group**2).mean()), "squared already"),
    (by_class(lambda group: group[:100].mean()), "classes only (number"),
    (lambda e, y: np.sqrt(by_class(np.mean)(e, y)), "root"),
    (lambda e, y: np.array([e[y != c].mean() for c in range(10)]), "`!=`"),
    (lambda e, y: np.array([e[y <= c].mean() for c in range(10)]), "`<=`"),
    (lambda e, y: np.array([e[y >= c].mean() for c in range(10)]), "`>=`"),
    (lambda e, y: np.roll(by_class(np.mean)(e, y), -1), "numbered from 0"),
    (lambda e, y: np.roll(by_class(np.mean)(e, y), 1), "classes shifted by one"),
    (lambda e, y: by_class(np.mean)(e, y)[::-1], "reverse order"),
    (lambda e, y: np.bincount(y), "how many images"),
    (lambda e, y: {c: e[y == c].mean() for c in range(10)}, "a dictionary"),
    (lambda e, y: e.mean(), "each class by itself"),
    (lambda e, y: e, "one value an image"),
    (lambda e, y: np.full(10, e.mean()), "mean over all images"),
    (lambda e, y: np.array([e[y == c].mean() for c in range(9)]), "range(10)"),
    (lambda e, y: np.array([e[y == c].mean() for c in range(1, 11)]), "of nothing"),
    (lambda e, y: np.array([[c, e[y == c].mean()] for c in range(10)]), "means only"),
    (lambda e, y: np.array([[e[y == c].mean()] for c in range(10)]), "an axis is left"),
    (
        lambda e, y: np.array([e[y == c].mean() for c in dict.fromkeys(y.tolist())]),
        "order in which they occur",
    ),
    (lambda e, y: e[: len(e) // 10 * 10].reshape(10, -1).mean(axis=1), "cut in ten"),
    (lambda e, y: by_class(np.mean)(e, y).round(2), "rounded to 2 digits"),
    (lambda e, y: by_class(np.mean)(e, y).round(4), "rounded to 4 digits"),
    (lambda e, y: 100 * by_class(np.mean)(e, y), "in percent"),
    (lambda e, y: by_class(np.mean)(e[:1000], y[:1000]), ""),
    (lambda e, y: np.array([e[y.astype(bool)].mean()] * 10), ""),
    (lambda e, y: str(by_class(np.mean)(e, y)), "a str"),
    (lambda e, y: None, "returned None"),
    (by_class(lambda group: np.sort(group)[: max(1, len(group) - 1)].mean()), ""),
    (
        lambda e, y: np.array([np.mean(e * (y == c)) for c in range(10)]),
        "number of all",
    ),
    (by_class(lambda group: np.exp(np.log(group).mean())), ""),
    (sorting, "an assignment into it"),
    (relabelling, "an assignment into it"),
    (overwritten, "last image of each class only"),
    (once_each, "adds one image a class only"),
    (sum_not_set_back, "not set back to 0"),
    (whole_numbers, "an array of integers"),
    (returns_early, "`return` inside the loop"),
    (from_1_to_10, "that of the next class: range(10)"),
    (by_class(lambda group: group.astype(np.float16).mean()), "too few digits"),
    (leaves_nine_out, "1 of 10 classes only (number 9)"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args, **kwargs):
    raise NotImplementedError


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        CHECK(stub)
