"""The check of mse_per_image names each usual mistake and passes each right variant."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.checks import lesson01 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson01.answers import stub


def mse_in_place(x, x_hat):
    x -= x_hat
    return (x**2).mean(axis=1)


WRONG_MSE = {
    "ran over the images too": lambda x, y: ((x - y) ** 2).mean(),
    r"over the images \(axis 0\)": lambda x, y: ((x - y) ** 2).mean(axis=0),
    "one value a pixel": lambda x, y: (x - y) ** 2,
    "keepdims": lambda x, y: ((x - y) ** 2).mean(axis=1, keepdims=True),
    "summed over the pixels": lambda x, y: ((x - y) ** 2).sum(axis=1),
    "RMSE": lambda x, y: np.sqrt(((x - y) ** 2).mean(axis=1)),
    "absolute errors": lambda x, y: np.abs(x - y).mean(axis=1),
    "plus and minus cancel": lambda x, y: (x - y).mean(axis=1),
    "squared after the mean": lambda x, y: (x - y).mean(axis=1) ** 2,
    "half of": lambda x, y: ((x - y) ** 2).mean(axis=1) / 2,
    "number of images": lambda x, y: ((x - y) ** 2).mean(axis=1) / len(x),
    "scaled again": lambda x, y: ((255 * x - 255 * y) ** 2).mean(axis=1),
    "255 once more": lambda x, y: ((x / 255 - y / 255) ** 2).mean(axis=1),
    "mean over all": lambda x, y: np.full(len(x), ((x - y) ** 2).mean()),
    "784 is written": lambda x, y: ((x - y) ** 2).sum(axis=1) / 784,
    "stay as they are": mse_in_place,
    "returned None": lambda x, y: None,
    "not of pixels": lambda x, y: ((x - y) ** 2).sum(axis=1) / len(x),
    "subtract first": lambda x, y: (x**2 - y**2).mean(axis=1),
    "a norm is a root": lambda x, y: np.linalg.norm(x - y, axis=1),
    "divided: a norm": lambda x, y: np.linalg.norm(x - y, axis=1) / x.shape[1],
    "doubled": lambda x, y: ((x - y) * 2).mean(axis=1),
    "the largest": lambda x, y: ((x - y) ** 2).max(axis=1),
    "the median": lambda x, y: np.median((x - y) ** 2, axis=1),
    "the variance": lambda x, y: np.var(x - y, axis=1),
    "wrong sign": lambda x, y: -((x - y) ** 2).mean(axis=1),
    "order: sorted": lambda x, y: np.sort(((x - y) ** 2).mean(axis=1)),
    "relative error": lambda x, y: ((x - y) ** 2).mean(axis=1) / (x**2).mean(axis=1),
    "a tuple of 1": lambda x, y: (((x - y) ** 2).mean(axis=1),),
    "a str": lambda x, y: str(((x - y) ** 2).mean(axis=1)),
    "rounded to 2 digits": lambda x, y: ((x - y) ** 2).mean(axis=1).round(2),
    r"line \d+ of your cell": lambda x, y: ((x - y) ** 2).mean(axis=3),
}
RIGHT_MSE = [
    lambda x, y: np.einsum("nd,nd->n", x - y, x - y) / x.shape[1],
    lambda x, y: keras.losses.MeanSquaredError(reduction=None)(x, y),
    lambda x, y: ((x - y) ** 2).mean(axis=1),
    lambda x, y: keras.losses.mean_squared_error(x, y),
    lambda x, y: tf.reduce_mean(tf.square(x - y), axis=-1),
    lambda x, y: np.linalg.norm(x - y, axis=1) ** 2 / x.shape[1],
    lambda x, y: [float(np.square(a - b).mean()) for a, b in zip(x, y, strict=True)],
]


@pytest.mark.parametrize("mistake", WRONG_MSE)
def test_mse_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.mse_per_image(WRONG_MSE[mistake])


@pytest.mark.parametrize("function", RIGHT_MSE)
def test_right_mse_passes(function):
    checks.mse_per_image(function)


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        checks.mse_per_image(stub)
