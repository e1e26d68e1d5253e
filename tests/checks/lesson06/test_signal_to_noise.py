"""Right and wrong answers to `signal_to_noise`, lesson 06."""

import functools

import torch

from helpers.checks import lesson06 as checks
from tests.checks.trial import trial

CHECK = checks.signal_to_noise
NAMES = ("signal_to_noise",)


def right(gradients):
    return gradients.mean(0).abs() / gradients.std(0)


def by_hand(gradients):
    mean = gradients.sum(0) / len(gradients)
    variance = ((gradients - mean) ** 2).sum(0) / (len(gradients) - 1)
    return mean.abs() / variance.sqrt()


def in_place(gradients):
    mean = gradients.mean(0)
    gradients -= mean
    return mean.abs() / gradients.square().mean(0).sqrt()


def at_least(g):
    away = (g - g.mean(0)).square().mean(0)
    return g.mean(0).abs() / away.clamp(min=1e-12).sqrt()


RIGHT = [
    right,
    by_hand,
    lambda g: g.mean(0).abs() / g.std(0, correction=0),
    lambda g: abs(g.mean(dim=0)) / g.var(dim=0) ** 0.5,
    lambda g: torch.linalg.norm(g.mean(0, keepdim=True), dim=0) / g.std(0),
    lambda g: (g.double().mean(0) / g.double().std(0)).abs(),
    lambda g: g.mean(0).pow(2).div(g.var(0, unbiased=False)).sqrt(),
    lambda g: torch.from_numpy(abs(g.numpy().mean(0)) / g.numpy().std(0)),
    lambda g: torch.stack([column.mean().abs() / column.std() for column in g.T]),
    lambda g: g.mean(0).abs() / (g.std(0) + 1e-12),
    lambda g: g.mean(0).abs() / (g.square().mean(0) - g.mean(0) ** 2).sqrt(),
    lambda g: (torch.std_mean(g, 0)[1] / torch.std_mean(g, 0)[0]).abs(),
]


def zero_below(limit):
    """Small ratios count as none."""

    def answer(g):
        ratio = right(g)
        return torch.where(ratio < limit(len(g)), 0.0, ratio)

    return answer


WRONG = [
    (functools.lru_cache(right), "kept from an earlier call"),
    (zero_below(lambda repeats: 0.1 * repeats**-0.5), "look at"),
    (zero_below(lambda repeats: repeats**-0.5), "look at"),
    (zero_below(lambda repeats: 1e-3), "nearly cancel | a lower limit"),
    (lambda g: right(g).clamp(min=1e-3), "nearly cancel | a lower limit"),
    (lambda g: right(g).round(decimals=3), "look at"),
    (at_least, "a limit on the variance"),
    (lambda g: right(g).clamp(max=100), "a limit on the ratio"),
    (
        lambda g: (
            g.mean(0).abs() / ((g - g.mean(0)).square().sum(0) / (len(g) - 2)).sqrt()
        ),
        "divides the squares by R - 2",
    ),
    (
        lambda g: (
            g.mean(0).abs() / ((g - g.mean(0)).square().sum(0) / (len(g) + 1)).sqrt()
        ),
        "divides the squares by R + 1",
    ),
    (lambda g: g.mean(0) / g.std(0), "abs() is missing"),
    (lambda g: g.std(0) / g.mean(0).abs(), "wrong way up"),
    (lambda g: g.abs().mean(0) / g.std(0), "abs() comes after the mean"),
    (lambda g: g.abs().mean(0) / g.abs().std(0), "abs() before the mean"),
    (lambda g: g.mean(0).abs() / g.var(0), "the variance stands below"),
    (lambda g: right(g) ** 2, "square of it"),
    (lambda g: right(g) * len(g) ** 0.5, "standard error"),
    (lambda g: g.mean(0).abs(), "mean alone"),
    (lambda g: g.std(0), "standard deviation alone"),
    (lambda g: g.square().mean(0).sqrt() / g.std(0), "root of the mean square"),
    (lambda g: g.mean(0).abs() / g.square().mean(0).sqrt(), "around 0"),
    (lambda g: g.mean(0).abs() / g.std(), "standard deviation of all"),
    (lambda g: right(g).mean(), "reduced over everything"),
    (lambda g: right(g).mean().expand(g.shape[1]), "one number for all"),
    (lambda g: g.mean(1).abs() / g.std(1), "over the weights"),
    (lambda g: g.median(0).values.abs() / g.std(0), "median"),
    (lambda g: g.mean(0).abs() / (g - g.mean(0)).abs().mean(0), "mean deviation"),
    (lambda g: right(g[:100]), "look at"),
    (lambda g: g.mean(0).abs() / (g.std(0) + 1e-2), "look at"),
    (lambda g: right(g).clamp(max=2), "look at"),
    (lambda g: right(g).log(), "look at"),
    (lambda g: 20 * right(g).log10(), "look at"),
    (lambda g: g[0].abs() / g.std(0), "look at"),
    (lambda g: right(g - g.mean()), "look at"),
    (lambda g: right(g).sort().values, "look at"),
    (in_place, "other numbers after the call"),
    (lambda g: right(g).tolist(), "list"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
