"""``bce_per_image``: wrong answers, what its check says, and right ones."""

import math
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

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


def over_the_images(x, p):
    total = 0.0
    for one, other in tqdm(zip(x, p, strict=True), total=len(x)):
        other = np.clip(other, 1e-7, 1 - 1e-7)
        total -= (one * np.log(other) + (1 - one) * np.log(1 - other)).sum()
    return total / len(x)


def deprecated(x, p):
    warnings.warn("bce", stacklevel=2)
    one, other = torch.tensor(torch.from_numpy(x)), torch.from_numpy(np.array(p))
    return F.binary_cross_entropy(other, one, size_average=False).item() / len(x)


def either_side(x, p):
    return (
        -(x * np.log(np.maximum(p, 1e-7)) + (1 - x) * np.log(np.maximum(1 - p, 1e-7)))
        .sum(axis=1)
        .mean()
    )


def in_float64(x, p):
    return bce(x.astype(np.float64), p.astype(np.float64), eps=1e-12)


def pixel_by_pixel(x, p):
    p, total = np.clip(p, 1e-7, 1 - 1e-7).astype(float), 0.0
    for row, other in zip(x.tolist(), p.tolist(), strict=True):
        for a, b in zip(row, other, strict=True):
            total += -a * math.log(b) - (1 - a) * math.log(1 - b)
    return total / len(x)


def log_of_the_right_one(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -np.sum(np.log1p(-p) + x * (np.log(p) - np.log1p(-p))) / x.shape[0]


def in_float32_all_along(x, p):
    p, total = np.clip(p, 1e-7, 1 - 1e-7), np.float32(0)
    for a, b in zip(x.ravel(), p.ravel(), strict=True):
        total -= a * np.log(b) + (1 - a) * np.log(1 - b)
    return total / len(x)


def logarithms_bounded(x, p):
    ink = np.nan_to_num(np.log(p), neginf=-100)
    paper = np.nan_to_num(np.log(1 - p), neginf=-100)
    return -(x * ink + (1 - x) * paper).sum(axis=1).mean()


def machine_epsilon(x, p):
    return bce(x, p, eps=np.finfo(np.float32).eps)


def returned_in_the_loop(x, p):
    total = 0
    for one, other in zip(x, p, strict=True):
        total += bce(one[None], other[None])
        return total / len(x)


def mean_of_means(x, p):
    parts = range(0, len(x), 64)
    return np.mean([bce(x[i : i + 64], p[i : i + 64]) for i in parts])


def assigned_in_the_loop(x, p):
    for one, other in zip(x, p, strict=True):
        total = bce(one[None], other[None])
    return total / len(x)


def whole_number_array(x, p):
    each = np.zeros(len(x), int)
    for i in range(len(x)):
        each[i] = bce(x[i : i + 1], p[i : i + 1])
    return each.mean()


def lower_only(x, p):
    return unclipped(x, np.maximum(p, 1e-7))


def upper_only(x, p):
    return unclipped(x, np.minimum(p, 1 - 1e-7))


def one_epsilon(x, p):
    return -(x * np.log(p + 1e-7) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()


def where_it_is_finite(x, p):
    cost = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    return np.where(np.isfinite(cost), cost, 0).sum(axis=1).mean()


def capped(x, p):
    return np.minimum(bce(x, p, eps=1e-7), 100.0)


def torch_as_is(x, p):
    return F.binary_cross_entropy(torch.tensor(p), torch.tensor(x))


def torch_logits(x, p):
    loss = F.binary_cross_entropy_with_logits
    return loss(torch.tensor(p), torch.tensor(x), reduction="sum") / len(x)


WRONG = [
    (returned_in_the_loop, "a `return` in the loop"),
    (mean_of_means, "batches of 64"),
    (lambda x, p: bce(x, 1 - p.round(1)), "bce_per_image() gave"),
    (lambda x, p: bce(p, p), "bce_per_image() gave"),
    (lambda x, p: bce(x, p + 0 * x, eps=2e-6), "epsilon that is too large"),
    (assigned_in_the_loop, "of the last image only"),
    (whole_number_array, "bce_per_image() gave"),
    (lower_only, "on both sides"),
    (upper_only, "on both sides"),
    (one_epsilon, "on both sides"),
    (where_it_is_finite, "thrown away"),
    (capped, "bce_per_image() gave"),
    (torch_as_is, "averaged over the pixels too"),
    (torch_logits, "a sigmoid put on p"),
    (lambda x, p: bce(x, p, eps=1e-6), "epsilon that is too large"),
    (lambda x, p: bce(x, p, eps=1e-5), "epsilon that is too large"),
    (lambda x, p: bce(x, p, eps=0.01), "too far from 0 and 1"),
    (lambda x, p: bce(x[:1000], p[:1000]), "left out"),
    (lambda x, p: bce(x[:128], p[:128]), "left out"),
    (lambda x, p: bce(x[1:], p[1:]), "the first image is left out"),
    (lambda x, p: bce(x[:, :-1], p[:, :-1]), "left out"),
    (lambda x, p: bce(x, p) / 784, "divided by 784"),
    (lambda x, p: bce(x, p) * len(x) / 128, "size written"),
    (lambda x, p: round(float(bce(x, p))), "bce_per_image() gave"),
    (lambda x, p: bce(x, p) / 2, "half of it"),
    (lambda x, p: -np.log(np.clip(p, 1e-7, 1)).sum(axis=1).mean(), "(1 - x) log p"),
    (lambda x, p: np.abs(x - p).sum(axis=1).mean(), "the absolute error"),
    (lambda x, p: bce(x, p.round()), "with p rounded"),
    (lambda x, p: bce(1 - x, p), "p and 1 - p exchanged"),
    (
        lambda x, p: np.median([bce(x[[i]], p[[i]]) for i in range(len(x))]),
        "the median",
    ),
    (lambda x, p: bce(x, p) + 1e-2, "bce_per_image() gave"),
    (lambda x, p: bce(x * 255, p), "bce_per_image() gave"),
    (lambda x, p: np.log(1 + np.exp(-x * p)).sum(axis=1).mean(), "bracket"),
    (lambda x, p: bce(x.T, p.T), "by the number of pixels"),
    (lambda x, p: print(bce(x, p)), "returned None"),
    (lambda x, p: f"{bce(x, p):.3f} nats", "a str"),
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
    (lambda x, p: bce(np.clip(x, 1e-7, 1 - 1e-7), p), "Clip p alone"),
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
    over_the_images,
    deprecated,
    either_side,
    in_float64,
    pixel_by_pixel,
    in_float32_all_along,
    logarithms_bounded,
    machine_epsilon,
    log_of_the_right_one,
    lambda x, p: bce(x, p, eps=1.2e-7),
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
