"""Right and wrong answers to `normal_quantiles`, lesson 05."""

import logging
import statistics
import sys
import warnings

import numpy as np
import torch
from scipy.stats import norm

from helpers.checks import lesson05 as checks
from tests.checks.trial import trial

CHECK = checks.normal_quantiles
NAMES = ("normal_quantiles",)


def shares(count):
    return (torch.arange(count) + 0.5) / count


def quantiles(count):
    return torch.special.ndtri(shares(count))


def by_bisection(n):
    low, high = torch.full((n,), -9.0).double(), torch.full((n,), 9.0).double()
    for _ in range(60):
        middle = (low + high) / 2
        below = torch.special.ndtr(middle) < shares(n).double()
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return low.float()


def with_a_warning(n):
    warnings.warn("half a share is added", stacklevel=2)
    return quantiles(n)


def with_a_log(n):
    logging.getLogger("mine").warning("count is %d", n)
    print("counting", file=sys.stderr)
    return quantiles(n)


def of_a_tensor(n):
    return torch.tensor(quantiles(n))  # PyTorch warns


RIGHT = [
    quantiles,
    lambda n: torch.distributions.Normal(0.0, 1.0).icdf(shares(n)),
    lambda n: torch.special.ndtri(
        torch.linspace(0.5 / n, 1 - 0.5 / n, n, dtype=torch.float64)
    ),
    lambda n: 2**0.5 * torch.erfinv(2 * shares(n) - 1),
    lambda n: torch.tensor(norm.ppf((np.arange(n) + 0.5) / n)),
    lambda n: torch.from_numpy(norm.isf((np.arange(n) + 0.5) / n)[::-1].copy()),
    lambda n: torch.tensor(
        [statistics.NormalDist().inv_cdf((i - 0.5) / n) for i in range(1, n + 1)]
    ),
    by_bisection,
    lambda n: torch.special.ndtri(torch.linspace(0, 1, n + 1).unfold(0, 2, 1).mean(1)),
    lambda n: (quantiles(n) - quantiles(n).flip(0)) / 2,
    with_a_warning,
    with_a_log,
    of_a_tensor,
]
WRONG = [
    (shares, "ndtri turns them"),
    (lambda n: quantiles(n).flip(0), "rising"),
    (lambda n: torch.linspace(-2, 2, n), "equal in z"),
    (lambda n: torch.special.ndtri(torch.linspace(0, 1, n)), "infinite"),
    (
        lambda n: torch.special.ndtri((torch.arange(n) + 1.0) / (n + 1)),
        "middles are wanted",
    ),
    (lambda n: torch.special.ndtri(torch.arange(n) / n), "the half"),
    (lambda n: torch.special.ndtr(shares(n)), "Phi itself"),
    (lambda n: torch.erfinv(2 * shares(n) - 1), "sqrt"),
    (lambda n: torch.logit(shares(n)), "another distribution"),
    (
        lambda n: torch.special.ndtri(torch.linspace(0.01, 0.99, n)),
        "then ndtri",
    ),
    (lambda n: quantiles(n + 1), "shape"),
    (lambda n: quantiles(n)[:, None], "shape"),
    (lambda n: quantiles(n).tolist(), "not a tensor"),
    (lambda n: quantiles(n).numpy(), "not a tensor"),
    (lambda n: None, "return"),
    (lambda n: print(quantiles(n)), "return"),
    (lambda n: quantiles(n).mul(100).round() / 100, "rounded"),
    (lambda n: quantiles(n).mul(1e4).round() / 1e4, "rounded"),
    (
        lambda n: torch.special.ndtri(shares(n).clamp(0.01, 0.99)),
        "first and the last",
    ),
    (lambda n: quantiles(n).clamp(-2.5, 2.5), "first and the last"),
    (lambda n: torch.randn(n).sort().values, "two calls differ"),
    (
        lambda n: torch.randn(100_000).quantile(shares(n)),
        "draw",
    ),
    (lambda n: quantiles(30), "shape"),
    (
        lambda n: torch.special.ndtri((torch.arange(n) + 1 - 0.375) / (n + 0.25)),
        "then ndtri",
    ),
    (
        lambda n: torch.special.ndtri((torch.arange(n) + 1.5) / (n + 1)),
        "then ndtri",
    ),
    (lambda n: quantiles(n) / quantiles(n).abs().max().clamp(min=1), "then ndtri"),
    (lambda n: quantiles(n).long(), "whole numbers"),
    (lambda n: quantiles(n).half(), "float32 or float64"),
    (
        lambda n: torch.special.ndtri((torch.arange(n) - 0.5) / n),
        "the half",
    ),
    (lambda n: (torch.set_grad_enabled(False), quantiles(n))[1], "is_grad_enabled"),
    (lambda n: (torch.manual_seed(4242), quantiles(n))[1], "seed is"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
