"""``mse``: wrong answers, what its check says, and right ones."""

import warnings

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import mean_squared_error
from tqdm import tqdm

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.mse
NAMES = ("mse",)


def mse_in_place(x, x_hat):
    x -= x_hat
    return (x**2).mean()


def over_the_images(x, x_hat):
    total = 0.0
    for one, other in tqdm(zip(x, x_hat, strict=True)):
        total += np.mean((one - other) ** 2)
    return total / len(x)


def warns(x, x_hat):
    warnings.warn("mse", stacklevel=2)
    x, x_hat = torch.tensor(x), torch.tensor(x_hat)
    return F.mse_loss(x_hat, x, size_average=True).item()


def binomial(x, x_hat):
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    return (x**2 - 2 * x * x_hat + x_hat**2).mean()


def pixel_by_pixel(x, x_hat):
    a, b = x.ravel().tolist(), x_hat.ravel().tolist()
    return sum((one - other) ** 2 for one, other in zip(a, b, strict=True)) / len(a)


def rows_in_float32(x, x_hat):
    total = np.float32(0)
    for one, other in zip(
        x.reshape(len(x), -1), x_hat.reshape(len(x), -1), strict=True
    ):
        for a, b in zip(one, other, strict=True):
            total += (a - b) ** 2
    return total / x.size


def returned_in_the_loop(x, x_hat):
    total = 0.0
    for one, other in zip(x, x_hat, strict=True):
        total += ((one - other) ** 2).mean()
        return total / len(x)


def mean_of_means(x, x_hat):
    parts = range(0, len(x), 32)
    return np.mean([((x[i : i + 32] - x_hat[i : i + 32]) ** 2).mean() for i in parts])


def summed_if_square(x, x_hat):
    squares = (x - x_hat) ** 2
    return squares.mean() if x.ndim == 2 else squares.sum(axis=(1, 2)).mean()


def assigned_in_the_loop(x, x_hat):
    for one, other in zip(x, x_hat, strict=True):
        total = ((one - other) ** 2).mean()
    return total / len(x)


def whole_number_array(x, x_hat):
    each = np.zeros(len(x), int)
    for i in range(len(x)):
        each[i] = ((x[i] - x_hat[i]) ** 2).mean()
    return each.mean()


def first_left_out(x, x_hat):
    return sum(((x[i] - x_hat[i]) ** 2).mean() for i in range(1, len(x))) / len(x)


KEPT = {}


def kept_by_id(x, y):
    key = id(x), id(y)
    if key not in KEPT:
        KEPT[key] = ((x - y) ** 2).mean(), x, y
    return KEPT[key][0]


WRONG = [
    (kept_by_id, "kept from an earlier call"),
    (lambda x, y: ((x - y)[x > 0] ** 2).mean(), "."),
    (lambda x, y: ((x - y) ** 2).sum() / np.count_nonzero(x - y), "."),
    (returned_in_the_loop, "a `return` in the loop"),
    (mean_of_means, "batches of 32"),
    (summed_if_square, "summed over the pixels"),
    (lambda x, y: ((x.round(2) - y.round(2)) ** 2).mean(), "mse() gave"),
    (lambda x, y: ((x - y) ** 2)[np.abs(x - y) < 1].mean(), "mse() gave"),
    (assigned_in_the_loop, "of the last image only"),
    (whole_number_array, "cast to whole numbers"),
    (first_left_out, "the first image is left out"),
    (lambda x, y: ((x[:-1] - y[:-1]) ** 2).mean(), "of shape"),
    (lambda x, y: ((x[:1000] - y[:1000]) ** 2).mean(), "left out"),
    (lambda x, y: ((x[:100] - y[:100]) ** 2).mean(), "left out"),
    (lambda x, y: ((x[:128] - y[:128]) ** 2).mean(), "left out"),
    (lambda x, y: ((x - y) ** 2).sum() / (784 * 6), "a size written into the code"),
    (lambda x, y: ((x - y) ** 2).mean(axis=1).mean(axis=0), "one number"),
    (lambda x, y: ((x - y) ** 2).mean(axis=0), "one number"),
    (
        lambda x, y: np.mean(np.sqrt(((x - y) ** 2).mean(axis=1))),
        "a root for each image",
    ),
    (lambda x, y: round(float(((x - y) ** 2).mean()), 3), "mse() gave"),
    (lambda x, y: ((x - y) ** 2).mean() + 1e-3, "mse() gave"),
    (lambda x, y: (x - y**2).mean(), "brackets are missing"),
    (lambda x, y: (x * y).mean(), "what is subtracted"),
    (lambda x, y: np.mean((x - x) ** 2), "a variable against itself"),
    (lambda x, y: ((x.clip(0.1) - y) ** 2).mean(), "mse() gave"),
    (lambda x, y: (((x - y) * 255) ** 2).mean(), "scaled by 255"),
    (lambda x, y: ((x.mean(axis=0) - y.mean(axis=0)) ** 2).mean(), "mse() gave"),
    (lambda x, y: -F.mse_loss(torch.from_numpy(y), torch.from_numpy(x)), "wrong sign"),
    (lambda x, y: F.l1_loss(torch.from_numpy(y), torch.from_numpy(x)), "absolute"),
    (lambda x, y: F.smooth_l1_loss(torch.tensor(y), torch.tensor(x)), "mse() gave"),
    (lambda x, y: F.huber_loss(torch.tensor(y), torch.tensor(x), delta=3.0), "half"),
    (lambda x, y: (((x - y) ** 2).mean(), "mse"), "a tuple of 2"),
    (lambda x, y: int(((x - y) ** 2).mean()), "a cast to whole numbers"),
    (
        lambda x, y: ((x - y) ** 2).sum() / x.shape[1],
        "averaged over the pixels, summed",
    ),
    (lambda x, y: ((x - y) ** 2).sum() / (28 * 28), "size written"),
    (lambda x, y: np.abs(x - y).max(), "what is subtracted"),
    (lambda x, y: ((x - y) ** 2).mean() / 2, "half of the mean square"),
    (lambda x, y: None, "returned None"),
    (lambda x, y: np.nan, "division by zero"),
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
    over_the_images,
    warns,
    binomial,
    pixel_by_pixel,
    rows_in_float32,
    lambda x, y: mean_squared_error(x.reshape(len(x), -1), y.reshape(len(y), -1)),
    lambda x, y: np.average(np.power(x - y, 2)),
    lambda x, y: np.square(np.abs(x - y)).mean(axis=tuple(range(1, x.ndim))).mean(),
    lambda x, y: np.var(x - y, dtype=float) + np.mean(x - y, dtype=float) ** 2,
    lambda x, y: np.dot((x - y).ravel(), (x - y).ravel()) / (x - y).size,
    lambda x, y: torch.as_tensor(np.array(x) - y).pow(2).mean(),
    lambda x, y: ((x - y) ** 2).mean(keepdims=True),
    lambda x, y: sum(((a - b) ** 2).mean() for a, b in zip(x, y, strict=True)) / len(x),
    lambda x, y: np.einsum("i,i->", (x - y).ravel(), (x - y).ravel()) / x.size,
    lambda x, y: ((x - y) ** 2).mean(),
    lambda x, y: float(np.mean(np.square(np.subtract(x, y, dtype=np.float64)))),
    lambda x, y: ((x - y) ** 2).sum() / x.size,
    lambda x, y: F.mse_loss(torch.from_numpy(y), torch.from_numpy(x)),
    lambda x, y: np.linalg.norm((x - y).ravel()) ** 2 / x.size,
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
