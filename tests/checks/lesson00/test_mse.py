"""``mse``: wrong answers, what its check says, and right ones."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson00 as checks
from helpers.checks.base import CheckFailed


def mse_in_place(x, x_hat):
    x -= x_hat
    return (x**2).mean()


WRONG = {
    "not averaged": lambda x, y: ((x - y) ** 2).sum(),
    "summed over the pixels, averaged": lambda x, y: ((x - y) ** 2).sum() / len(x),
    "summed over the images": lambda x, y: ((x - y) ** 2).mean(axis=-1).sum(),
    "RMSE": lambda x, y: np.sqrt(((x - y) ** 2).mean()),
    "absolute errors": lambda x, y: np.abs(x - y).mean(),
    "signed errors": lambda x, y: (x - y).mean(),
    "not squared: plus and minus": lambda x, y: (y - x).mean(),
    "squared after the mean": lambda x, y: (x - y).mean() ** 2,
    "half of the mean": lambda x, y: 0.5 * ((x - y) ** 2).mean(),
    "one value an image": lambda x, y: ((x - y) ** 2).mean(axis=1),
    "number 784": lambda x, y: ((x - y) ** 2).sum() / (784 * len(x)),
    "stay as they are": mse_in_place,
    "returned None": lambda x, y: None,
    "subtract first": lambda x, y: (x**2 - y**2).mean(),
    r"doubled \(": lambda x, y: ((x - y) * 2).mean(),
    "fourth power": lambda x, y: ((x - y) ** 4).mean(),
    "added, not": lambda x, y: ((x + y) ** 2).mean(),
    "a norm is a root": lambda x, y: np.linalg.norm(x - y),
    "the variance": lambda x, y: np.var(x - y),
    "the largest": lambda x, y: ((x - y) ** 2).max(),
    "the median": lambda x, y: np.median((x - y) ** 2),
    "first image only": lambda x, y: ((x[0] - y[0]) ** 2).mean(),
    "relative error": lambda x, y: ((x - y) ** 2).mean() / (x**2).mean(),
    "wrong sign": lambda x, y: -((x - y) ** 2).mean(),
    "was clipped": lambda x, y: ((x - np.clip(y, 0, 1)) ** 2).mean(),
    "cast to whole numbers": lambda x, y: ((x - y).astype(int) ** 2).mean(),
    "has three": lambda x, y: ((x - y) ** 2).sum() / (x.shape[0] * x.shape[1]),
    "one less than": lambda x, y: ((x - y) ** 2).sum() / (x.size - 1),
    "an f-string": lambda x, y: f"{((x - y) ** 2).mean()}",
    "a list of 1": lambda x, y: [((x - y) ** 2).mean()],
}
RIGHT = [
    lambda x, y: sum(((a - b) ** 2).mean() for a, b in zip(x, y, strict=True)) / len(x),
    lambda x, y: np.einsum("i,i->", (x - y).ravel(), (x - y).ravel()) / x.size,
    lambda x, y: ((x - y) ** 2).mean(),
    lambda x, y: float(np.mean(np.square(np.subtract(x, y, dtype=np.float64)))),
    lambda x, y: ((x - y) ** 2).sum() / x.size,
    lambda x, y: F.mse_loss(torch.from_numpy(y), torch.from_numpy(x)),
    lambda x, y: np.linalg.norm((x - y).ravel()) ** 2 / x.size,
]


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_is_named(message):
    with pytest.raises(CheckFailed, match=message):
        checks.mse(WRONG[message])


@pytest.mark.parametrize("variant", RIGHT)
def test_a_right_variant_passes_with_one_line(variant, capsys):
    checks.mse(variant)
    assert capsys.readouterr().out.count("\n") == 1
