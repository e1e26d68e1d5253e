"""Right and wrong answers to `normal_quantiles`, lesson 05."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from helpers.checks import lesson05 as checks
from tests.checks.lesson05 import _tries
from tests.checks.lesson05._tries import quantiles, shares

RIGHT = {
    "ndtri": quantiles,
    "icdf": lambda n: torch.distributions.Normal(0.0, 1.0).icdf(shares(n)),
    "linspace": lambda n: torch.special.ndtri(
        torch.linspace(0.5 / n, 1 - 0.5 / n, n, dtype=torch.float64)
    ),
    "erfinv": lambda n: 2**0.5 * torch.erfinv(2 * shares(n) - 1),
    "scipy": lambda n: torch.tensor(norm.ppf((np.arange(n) + 0.5) / n)),
}
WRONG = {
    "shares": (shares, "ndtri turns them"),
    "falling": (lambda n: quantiles(n).flip(0), "rising"),
    "equal steps": (lambda n: torch.linspace(-2, 2, n), "equal in z"),
    "edges": (lambda n: torch.special.ndtri(torch.linspace(0, 1, n)), "infinite"),
    "inner edges": (
        lambda n: torch.special.ndtri((torch.arange(n) + 1.0) / (n + 1)),
        "middles are wanted",
    ),
    "no half": (lambda n: torch.special.ndtri(torch.arange(n) / n), "the half"),
    "Phi": (lambda n: torch.special.ndtr(shares(n)), "Phi itself"),
    "erfinv alone": (lambda n: torch.erfinv(2 * shares(n) - 1), "sqrt"),
    "logit": (lambda n: torch.logit(shares(n)), "another distribution"),
    "clamped ends": (
        lambda n: torch.special.ndtri(torch.linspace(0.01, 0.99, n)),
        "then ndtri",
    ),
    "one too many": (lambda n: quantiles(n + 1), "shape"),
    "a column": (lambda n: quantiles(n)[:, None], "shape"),
    "a list": (lambda n: quantiles(n).tolist(), "not a tensor"),
    "nothing": (lambda n: None, "return"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    _tries.passes_always(checks.normal_quantiles, RIGHT[variant], capsys)


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    _tries.is_named(checks.normal_quantiles, *WRONG[variant])


def test_random_numbers_stay_where_they_were():
    _tries.leaves_random_numbers(checks.normal_quantiles, next(iter(RIGHT.values())))


def test_a_stub_stays_a_stub():
    _tries.is_a_stub(checks.normal_quantiles)
