"""Right and wrong answers to `active_units`, lesson 05."""

import numpy as np
import torch

from helpers.checks import lesson05 as checks
from tests.checks.trial import trial

CHECK = checks.active_units
NAMES = ("active_units",)


def in_chunks(mu, threshold=0.01):
    total = sum(part.sum(0) for part in mu.split(256))
    squares = sum(((part - total / len(mu)) ** 2).sum(0) for part in mu.split(256))
    return squares / len(mu) > threshold


def by_loop(mu, threshold=0.01):
    active = torch.zeros(mu.shape[1], dtype=torch.bool)
    for j in range(mu.shape[1]):
        if mu[:, j].var() > threshold:
            active[j] = True
    return active


def of_a_sample(mu, threshold=0.01):
    rows = torch.randperm(len(mu))[:500]
    return mu[rows].var(0) > threshold


def by_sums(mu, threshold=0.01):
    count, total, squares = len(mu), mu.sum(0), mu.square().sum(0)
    return (squares - total**2 / count) / (count - 1) > threshold


def from_the_median(mu, threshold=0.01):
    return (mu - mu.median(0).values).square().mean(0) > threshold


def around(middle):
    return lambda mu, threshold=0.01: (mu - middle(mu)).square().mean(0) > threshold


def trimmed(mu):
    cut = len(mu) // 10
    return mu.sort(0).values[cut:-cut].mean(0)


def of_either_half(mu, threshold=0.01):
    return torch.maximum(*(half.var(0) for half in mu.chunk(2))) > threshold


RIGHT = [
    lambda mu, threshold=0.01: mu.var(dim=0) > threshold,
    lambda mu, threshold=0.01: mu.var(dim=0, correction=0) > threshold,
    lambda mu, threshold=0.01: mu.std(dim=0) ** 2 > threshold,
    lambda mu, threshold=0.01: ((mu - mu.mean(0)) ** 2).mean(0).gt(threshold),
    lambda mu, threshold=0.01: torch.from_numpy(np.var(mu.numpy(), axis=0) > threshold),
    lambda mu, threshold=0.01: (
        (mu.double() ** 2).mean(0) - mu.double().mean(0) ** 2 > threshold
    ),
    lambda mu, threshold=0.01: torch.from_numpy(
        mu.numpy().std(axis=0, ddof=1) ** 2 > threshold
    ),
    lambda mu, threshold=0.01: torch.from_numpy(
        mu.double().numpy().var(axis=0) > threshold
    ),
    lambda mu, threshold=0.01: mu.std(0) > threshold**0.5,
    lambda mu, threshold=0.01: mu.T.cov().diagonal() > threshold,
    lambda mu, threshold=0.01: torch.where(mu.var(0) > threshold, True, False),
    lambda mu, threshold=0.01: torch.var_mean(mu, 0)[0] > threshold,
    lambda mu, threshold=0.01: torch.tensor([bool(v > threshold) for v in mu.var(0)]),
    in_chunks,
    by_loop,
]
WRONG = [
    (around(lambda mu: (mu.amax(0) + mu.amin(0)) / 2), "a dimension of variance"),
    (around(lambda mu: mu[::2].mean(0)), "a dimension of variance"),
    (around(trimmed), "a dimension of variance"),
    (of_either_half, "a dimension of variance"),
    (from_the_median, "distances from the mean, not from the median"),
    (lambda mu, threshold=0.01: mu.std(dim=0) > threshold, "not the standard"),
    (lambda mu, threshold=0.01: (mu**2).mean(0) > threshold, "always 2"),
    (lambda mu, threshold=0.01: mu.abs().mean(0) > threshold, "always 2"),
    (lambda mu, threshold=0.01: mu.mean(0) > threshold, "always"),
    (lambda mu, threshold=0.01: mu.var(dim=0) < threshold, "above"),
    (lambda mu, threshold=0.01: mu.var(dim=0) >= threshold, "> and not >="),
    (lambda mu, threshold=0.01: mu.var(0) > round(threshold, 2), ":  the threshold as"),
    (lambda mu, threshold=0.01: mu.var(0) > (threshold or 0.01), "`threshold or"),
    (
        lambda mu, threshold=0.01: mu.var(dim=0) > 0.01,
        "instead of `threshold`",
    ),
    (lambda mu, threshold=0.01: mu.var(dim=1) > threshold, "dim=0"),
    (
        lambda mu, threshold=0.01: mu.amax(0) - mu.amin(0) > threshold,
        "the range",
    ),
    (
        lambda mu, threshold=0.01: (mu - mu.mean(0)).abs().mean(0) > threshold,
        "not of the distances",
    ),
    (
        lambda mu, threshold=0.01: ((mu - mu.mean(0)) ** 2).sum(0) > threshold,
        "a sum",
    ),
    (
        lambda mu, threshold=0.01: (
            (mu - mu.median(0).values).abs().median(0).values ** 2 > threshold
        ),
        "variance",
    ),
    (
        lambda mu, threshold=0.01: mu.abs().var(0) > threshold,
        "with its sign",
    ),
    (
        lambda mu, threshold=0.01: mu[:100].var(0) > threshold,
        "all images",
    ),
    (
        lambda mu, threshold=0.01: mu[:1000].var(0) > threshold,
        "all images",
    ),
    (
        lambda mu, threshold=0.01: mu.split(128)[-1].var(0) > threshold,
        "all images",
    ),
    (
        lambda mu, threshold=0.01: mu.var(0) / mu.var(0).max() > threshold,
        "share of the largest",
    ),
    (
        lambda mu, threshold=0.01: mu.var(0) > threshold**2,
        "not its square",
    ),
    (lambda mu, threshold=0.1: mu.var(dim=0) > threshold, "default"),
    (
        lambda mu, threshold=0.01: torch.where(mu.var(dim=0) > threshold)[0],
        "no indices",
    ),
    (
        lambda mu, threshold=0.01: mu.sub_(mu.mean(0)).pow(2).mean(0) > threshold,
        "was changed",
    ),
    (lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).sum(), "later"),
    (
        lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).float().mean(),
        "later",
    ),
    (lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).float(), "bool"),
    (lambda mu, threshold=0.01: mu.var(dim=0), "bool"),
    (
        lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).tolist(),
        "not a tensor",
    ),
    (
        lambda mu, threshold=0.01: np.var(mu.numpy(), axis=0) > threshold,
        "not a tensor",
    ),
    (
        lambda mu, threshold=0.01: mu.var(dim=0, keepdim=True) > threshold,
        "shape",
    ),
    (
        lambda mu, threshold=0.01: (mu - mu.mean(0)) ** 2 > threshold,
        "shape",
    ),
    (
        lambda mu, threshold=0.01: mu.var(0) > threshold * mu.var(),
        "compared with the threshold",
    ),
    (lambda m, threshold=0.01: m[:5000].var(0) > threshold, "first 5,000"),
    (lambda m, threshold=0.01: m[::2].var(0) > threshold, "over all images"),
    (of_a_sample, "over all images"),
    (
        lambda mu, threshold=0.01: (mu**2).mean(0) - mu.mean(0) ** 2 > threshold,
        "rounding | distances from the mean first",
    ),
    (by_sums, "rounding | distances from the mean first"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
