"""Right and wrong answers of mse_per_image."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from sklearn.metrics import mean_squared_error

from helpers.checks import lesson01 as checks
from tests.checks.trial import trial

CHECK = checks.mse_per_image
NAMES = ("mse_per_image",)


def in_place(x, x_hat):
    x -= x_hat
    return (x**2).mean(axis=1)


def in_place_of_the_second(x, x_hat):
    np.subtract(x, x_hat, out=x_hat)
    return (x_hat**2).mean(axis=1)


def filled(x, x_hat):
    errors = np.empty(len(x))
    for i, (one, other) in enumerate(zip(x, x_hat, strict=True)):
        errors[i] = np.mean((one - other) ** 2)
    return errors


def in_chunks(x, x_hat):
    parts = [
        ((x[i : i + 64] - x_hat[i : i + 64]) ** 2).mean(axis=1)
        for i in range(0, len(x), 64)
    ]
    return np.concatenate(parts)


def with_a_warning(x, x_hat):
    warnings.warn("this takes a while", stacklevel=1)
    return ((x - x_hat) ** 2).mean(axis=1)


def all_but_the_last(x, x_hat):
    errors = np.zeros(len(x))
    for i in range(len(x) - 1):
        errors[i] = np.mean((x[i] - x_hat[i]) ** 2)
    return errors


def whole_numbers(x, x_hat):
    errors = np.zeros(len(x), dtype=int)
    for i in range(len(x)):
        errors[i] = np.mean((x[i] - x_hat[i]) ** 2)
    return errors


def returns_early(x, x_hat):
    for one, other in zip(x, x_hat, strict=True):
        return [np.mean((one - other) ** 2)]


def full_chunks_only(x, x_hat):
    errors = np.zeros(len(x))
    for i in range(len(x) // 32):
        part = slice(32 * i, 32 * i + 32)
        errors[part] = ((x[part] - x_hat[part]) ** 2).mean(axis=1)
    return errors


def into_one_array():
    kept = {}

    def function(x, y):
        errors = kept.setdefault(len(x), np.empty(len(x)))
        errors[:] = ((x - y) ** 2).mean(axis=1)
        return errors

    return function


RIGHT = [
    lambda x, y: ((x - y) ** 2).mean(axis=1),
    lambda x, y: np.einsum("nd,nd->n", x - y, x - y) / x.shape[1],
    lambda x, y: keras.losses.MeanSquaredError(reduction=None)(x, y),
    lambda x, y: keras.losses.mean_squared_error(x, y),
    lambda x, y: tf.reduce_mean(tf.square(x - y), axis=-1),
    lambda x, y: np.linalg.norm(x - y, axis=1) ** 2 / x.shape[1],
    lambda x, y: [float(np.square(a - b).mean()) for a, b in zip(x, y, strict=True)],
    lambda x, y: np.array([np.dot(d, d) / len(d) for d in x - y]),
    lambda x, y: (x**2 - 2 * x * y + y**2).mean(axis=1),
    lambda x, y: np.var(x - y, axis=1) + np.mean(x - y, axis=1) ** 2,
    lambda x, y: mean_squared_error(x.T, y.T, multioutput="raw_values"),
    lambda x, y: ops.convert_to_numpy(ops.mean(ops.square(x - y), axis=1)),
    lambda x, y: ((x.astype("float64") - y) ** 2).sum(1) / np.prod(x.shape[1:]),
    filled,
    in_chunks,
    with_a_warning,
]
WRONG = [
    (
        lambda x, y: ((x - y) ** 2).mean(axis=1, keepdims=True).squeeze(),
        "or squeeze()",
    ),
    (
        lambda x, y: [
            np.mean(((a - b) ** 2)[a > 0]) for a, b in zip(x, y, strict=True)
        ],
        "with ink only",
    ),
    (lambda x, y: ((x - y) ** 2).mean(), "ran over the images too"),
    (lambda x, y: ((x - y) ** 2).mean(axis=0), "over the images (axis 0)"),
    (lambda x, y: (x - y) ** 2, "one value a pixel"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1, keepdims=True), "keepdims"),
    (lambda x, y: ((x - y) ** 2).sum(axis=1), "summed over the pixels"),
    (lambda x, y: np.sqrt(((x - y) ** 2).mean(axis=1)), "RMSE"),
    (lambda x, y: np.abs(x - y).mean(axis=1), "absolute errors"),
    (lambda x, y: (x - y).mean(axis=1), "plus and minus cancel"),
    (lambda x, y: (y - x).mean(axis=1), "x_hat - x, not squared"),
    (lambda x, y: (x - y).mean(axis=1) ** 2, "squared after the mean"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1) / 2, "half of"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1) / len(x), "number of images"),
    (lambda x, y: ((x - y) ** 2).sum(axis=1) / len(x), "not of pixels"),
    (lambda x, y: ((255 * x - 255 * y) ** 2).mean(axis=1), "scaled again"),
    (lambda x, y: ((x / 255 - y / 255) ** 2).mean(axis=1), "255 once more"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1) / 255, "divided by 255 at the end"),
    (lambda x, y: np.full(len(x), ((x - y) ** 2).mean()), "mean over all"),
    (lambda x, y: ((x - y) ** 2).sum(axis=1) / 784, "784 is written"),
    (lambda x, y: ((x - y) ** 2).sum(axis=1) / 28, "28 is written"),
    (lambda x, y: (x**2 - y**2).mean(axis=1), "subtract first"),
    (lambda x, y: np.linalg.norm(x - y, axis=1), "a norm is a root"),
    (lambda x, y: np.linalg.norm(x - y, axis=1) / x.shape[1], "divided: a norm"),
    (lambda x, y: ((x - y) * 2).mean(axis=1), "doubled"),
    (lambda x, y: ((x - y) ** 2).max(axis=1), "the largest"),
    (lambda x, y: np.median((x - y) ** 2, axis=1), "the median"),
    (lambda x, y: np.var(x - y, axis=1), "the variance"),
    (lambda x, y: -((x - y) ** 2).mean(axis=1), "wrong sign"),
    (lambda x, y: np.sort(((x - y) ** 2).mean(axis=1)), "order: sorted"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1)[::-1], "the last image comes first"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1) / (x**2).mean(axis=1), "relative error"),
    (lambda x, y: ((x - np.clip(y, 0, 1)) ** 2).mean(axis=1), "x_hat cut to [0, 1]"),
    (lambda x, y: ((x[:, 1:] - y[:, 1:]) ** 2).mean(axis=1), "first one left out"),
    (lambda x, y: ((x[:, :-1] - y[:, :-1]) ** 2).mean(axis=1), "last pixel left out"),
    (lambda x, y: (((x - y) ** 2).mean(axis=1),), "brackets, or a comma"),
    (lambda x, y: [((x - y) ** 2).mean(axis=1)], "brackets, or a comma"),
    (lambda x, y: str(((x - y) ** 2).mean(axis=1)), "a str"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1).round(2), "rounded to 2 digits"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1).round(4), "rounded to 4 digits"),
    (lambda x, y: ((x - y).astype("float16") ** 2).mean(axis=1), "too few digits"),
    (lambda x, y: ((x - y) ** 2).mean(axis=3), "of your cell | AxisError"),
    (lambda x, y: ((x - y) ** 2)[:1000].mean(axis=1), "a number of images"),
    (lambda x, y: ((x - y) ** 2)[:, :784].sum(axis=1) / 784, "784 is written"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1) + 1e-3, "subtract, square, average"),
    (lambda x, y: 1.001 * ((x - y) ** 2).mean(axis=1), "subtract, square, average"),
    (lambda x, y: np.maximum(((x - y) ** 2).mean(axis=1), 0.02), ""),
    (lambda x, y: np.average((x - y) ** 2, axis=1, weights=x + 1e-3), ""),
    (lambda x, y: None, "returned None"),
    (in_place, "an assignment into it"),
    (in_place_of_the_second, "an assignment into it"),
    (all_but_the_last, "images only (number | a slice, a loop's end"),
    (full_chunks_only, ""),
    (whole_numbers, "an array of integers"),
    (returns_early, "a loop that ends early"),
    (into_one_array(), "changes what the first one returned"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args, **kwargs):
    raise NotImplementedError


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        CHECK(stub)
