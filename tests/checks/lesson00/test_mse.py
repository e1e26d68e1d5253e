"""``mse``: wrong answers, what its check says, and right ones."""

import numpy as np
import torch
import torch.nn.functional as F

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.mse
NAMES = ("mse",)


def mse_in_place(x, x_hat):
    x -= x_hat
    return (x**2).mean()


WRONG = [
    (lambda x, y: ((x - y) ** 2).sum(), "not averaged"),
    (lambda x, y: ((x - y) ** 2).sum() / len(x), "summed over the pixels, averaged"),
    (lambda x, y: ((x - y) ** 2).mean(axis=-1).sum(), "summed over the images"),
    (lambda x, y: np.sqrt(((x - y) ** 2).mean()), "RMSE"),
    (lambda x, y: np.abs(x - y).mean(), "absolute errors"),
    (lambda x, y: (x - y).mean(), "signed errors"),
    (lambda x, y: (y - x).mean(), "not squared: plus and minus"),
    (lambda x, y: (x - y).mean() ** 2, "squared after the mean"),
    (lambda x, y: 0.5 * ((x - y) ** 2).mean(), "half of the mean"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1), "one value an image"),
    (lambda x, y: ((x - y) ** 2).sum() / (784 * len(x)), "number 784"),
    (mse_in_place, "stay as they are"),
    (lambda x, y: None, "returned None"),
    (lambda x, y: (x**2 - y**2).mean(), "subtract first"),
    (lambda x, y: ((x - y) * 2).mean(), "doubled ("),
    (lambda x, y: ((x - y) ** 4).mean(), "fourth power"),
    (lambda x, y: ((x + y) ** 2).mean(), "added, not"),
    (lambda x, y: np.linalg.norm(x - y), "a norm is a root"),
    (lambda x, y: np.var(x - y), "the variance"),
    (lambda x, y: ((x - y) ** 2).max(), "the largest"),
    (lambda x, y: np.median((x - y) ** 2), "the median"),
    (lambda x, y: ((x[0] - y[0]) ** 2).mean(), "first image only"),
    (lambda x, y: ((x - y) ** 2).mean() / (x**2).mean(), "relative error"),
    (lambda x, y: -((x - y) ** 2).mean(), "wrong sign"),
    (lambda x, y: ((x - np.clip(y, 0, 1)) ** 2).mean(), "was clipped"),
    (lambda x, y: ((x - y).astype(int) ** 2).mean(), "cast to whole numbers"),
    (lambda x, y: ((x - y) ** 2).sum() / (x.shape[0] * x.shape[1]), "has three"),
    (lambda x, y: ((x - y) ** 2).sum() / (x.size - 1), "one less than"),
    (lambda x, y: f"{((x - y) ** 2).mean()}", "an f-string"),
    (lambda x, y: [((x - y) ** 2).mean()], "a list of 1"),
]
RIGHT = [
    lambda x, y: sum(((a - b) ** 2).mean() for a, b in zip(x, y, strict=True)) / len(x),
    lambda x, y: np.einsum("i,i->", (x - y).ravel(), (x - y).ravel()) / x.size,
    lambda x, y: ((x - y) ** 2).mean(),
    lambda x, y: float(np.mean(np.square(np.subtract(x, y, dtype=np.float64)))),
    lambda x, y: ((x - y) ** 2).sum() / x.size,
    lambda x, y: F.mse_loss(torch.from_numpy(y), torch.from_numpy(x)),
    lambda x, y: np.linalg.norm((x - y).ravel()) ** 2 / x.size,
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
