"""``bce_per_image``: wrong answers, what its check says, and right ones."""

import numpy as np
import torch
import torch.nn.functional as F

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.bce_per_image
NAMES = ("bce_per_image",)


def bce(x, p, eps=1e-7):
    p = np.clip(p, eps, 1 - eps)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()


def unclipped(x, p):
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()


def tiny_epsilon(x, p):
    p = np.clip(p, 1e-12, np.float32(1 - 1e-12))
    return unclipped(x, p)


def per_image(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1)


def one_sided(x, p):
    return -(x * np.log(np.clip(p, 1e-7, 1))).sum(axis=1).mean()


def other_side(x, p):
    return -((1 - x) * np.log(np.clip(1 - p, 1e-7, 1))).sum(axis=1).mean()


def bce_in_place(x, p):
    np.clip(p, 0.01, 0.5, out=p)
    return bce(x, p)


def infinite(x, p):
    from scipy.special import xlog1py, xlogy

    return -(xlogy(x, p) + xlog1py(1 - x, -p)).sum(axis=1).mean()


def clips_its_input(x, p):
    np.clip(p, 1e-7, 1 - 1e-7, out=p)
    return bce(x, p)


def nan_thrown_away(x, p):
    cost = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    return np.nan_to_num(cost, posinf=0).sum(axis=1).mean()


def minus_once(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return (-x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()


def no_brackets(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -(x * np.log(p) + 1 - x * np.log(1 - p)).sum(axis=1).mean()


WRONG = [
    (clips_its_input, "out="),
    (nan_thrown_away, "nan_to_num"),
    (minus_once, "not for the first alone"),
    (no_brackets, "brackets are missing"),
    (lambda x, p: bce(1 - x, p), "p and 1 - p exchanged"),
    (lambda x, p: bce(np.round(x), p), "x rounded"),
    (lambda x, p: bce((x > 0).astype(np.float32), p), "each x above 0"),
    (lambda x, p: bce(x / 255, p), "by 255"),
    (lambda x, p: bce(x[:1], p[:1]), "first image only"),
    (lambda x, p: bce(x, p, eps=2e-5), "too far from 0"),
    (lambda x, p: (bce(x, p),), "a tuple of 1"),
    (lambda x, p: unclipped(np.clip(x, 1e-7, 1 - 1e-7), p), "not x"),
    (lambda x, p: bce(x, p) / x.shape[1], "averaged over the pixels too"),
    (lambda x, p: bce(x, p) * len(x), "summed over the images too"),
    (
        lambda x, p: bce(x, p) * len(x) / x.shape[1],
        "averaged over the pixels and summed",
    ),
    (lambda x, p: -bce(x, p), "minus sign"),
    (lambda x, p: bce(x, p) / np.log(2), "base 2"),
    (lambda x, p: bce(x, p) / np.log(10), "base 10"),
    (one_sided, "without the (1 - x)"),
    (other_side, "without the x log p"),
    (lambda x, p: bce(p, x), "exchanged"),
    (lambda x, p: bce(x, 1 / (1 + np.exp(-p))), "sigmoid"),
    (lambda x, p: bce(x, p) - bce(x, x), "entropy, subtracted"),
    (lambda x, p: ((x - p) ** 2).sum(axis=1).mean(), "squared error"),
    (unclipped, "log(0)"),
    (tiny_epsilon, "vanishes in float32"),
    (infinite, "inf"),
    (lambda x, p: bce(x, p, eps=1e-3), "epsilon that is too large"),
    (per_image, "one value an image"),
    (bce_in_place, "stay as they are"),
    (lambda x, p: bce(x, p) / x.shape[1] * 784, "number 784"),
]


def plus_epsilon(x, p):
    return -(x * np.log(p + 1e-8) + (1 - x) * np.log(1 - p + 1e-8)).sum() / len(x)


def torch_sum(x, p):
    x, p = torch.from_numpy(x), torch.from_numpy(p)
    return F.binary_cross_entropy(p, x, reduction="sum") / len(x)


def torch_none(x, p):
    x, p = torch.from_numpy(x), torch.from_numpy(p)
    return F.binary_cross_entropy(p, x, reduction="none").sum(dim=1).mean().item()


def torch_mean(x, p):
    x, p = torch.from_numpy(x), torch.from_numpy(p)
    return F.binary_cross_entropy(p, x).item() * x.shape[1]


def with_logits(x, p):
    p = np.clip(p.astype(np.float64), 1e-9, 1 - 1e-9)
    logits = torch.from_numpy(np.log(p) - np.log1p(-p))
    loss = F.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(x).double(), reduction="none"
    )
    return loss.sum(1).mean()


def bernoulli(x, p):
    p = torch.from_numpy(np.clip(p, 1e-7, 1 - 1e-7))
    model = torch.distributions.Bernoulli(p, validate_args=False)
    return -model.log_prob(torch.from_numpy(x)).sum(1).mean()


def dot_products(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    rows = zip(x, p, strict=True)
    return sum(-a @ np.log(b) - (1 - a) @ np.log1p(-b) for a, b in rows) / len(x)


RIGHT = [
    bce,
    plus_epsilon,
    torch_sum,
    torch_none,
    torch_mean,
    with_logits,
    bernoulli,
    dot_products,
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
