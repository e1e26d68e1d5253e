"""Right and wrong answers to `kl_per_dimension`, lesson 05."""

import pytest
import torch

from helpers.checks import lesson05 as checks
from tests.checks.lesson05 import _tries


def kl(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)


def kl_by_distributions(mu, logvar):
    code = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(code, prior).mean(0)


RIGHT = {
    "closed form": lambda mu, logvar: kl(mu, logvar).mean(0),
    "sum over N": lambda mu, logvar: kl(mu, logvar).sum(0) / len(mu),
    "float64": lambda mu, logvar: kl(mu.double(), logvar.double()).mean(dim=-2),
    "distributions": kl_by_distributions,
}
WRONG = {
    "per image": (lambda mu, logvar: kl(mu, logvar).sum(1), "average over dim=0"),
    "one number": (lambda mu, logvar: kl(mu, logvar).mean(), "images only"),
    "not reduced": (lambda mu, logvar: kl(mu, logvar), "missing"),
    "summed": (lambda mu, logvar: kl(mu, logvar).sum(0), "sum over the images"),
    "sign": (lambda mu, logvar: -kl(mu, logvar).mean(0), "sign is flipped"),
    "twice": (lambda mu, logvar: 2 * kl(mu, logvar).mean(0), "1/2 is missing"),
    "over d": (
        lambda mu, logvar: kl(mu, logvar).mean(0) / 5,
        "mean over the dimensions",
    ),
    "swapped": (lambda mu, logvar: kl(logvar, mu).mean(0), "swapped"),
    "of the mean": (lambda mu, logvar: kl(mu.mean(0), logvar.mean(0)), "mean code"),
    "no mu": (lambda mu, logvar: kl(0 * mu, logvar).mean(0), "mu takes no part"),
    "no logvar": (lambda mu, logvar: kl(mu, 0 * logvar).mean(0), "logvar takes no"),
    "log std": (lambda mu, logvar: kl(mu, 2 * logvar).mean(0), "variance already"),
    "free bits": (
        lambda mu, logvar: kl(mu, logvar).mean(0).clamp(min=0.5),
        "the terms",
    ),
    "sorted": (
        lambda mu, logvar: kl(mu, logvar).mean(0).sort(descending=True).values,
        "keep their order",
    ),
    "in place": (lambda mu, logvar: kl(mu.abs_(), logvar).mean(0), "was changed"),
    "std for var": (
        lambda mu, logvar: 0.5 * (mu**2 + (logvar / 2).exp() - 1 - logvar).mean(0),
        "the terms",
    ),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    _tries.passes_always(checks.kl_per_dimension, RIGHT[variant], capsys)


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    _tries.is_named(checks.kl_per_dimension, *WRONG[variant])


def test_random_numbers_stay_where_they_were():
    _tries.leaves_random_numbers(checks.kl_per_dimension, next(iter(RIGHT.values())))


def test_a_stub_stays_a_stub():
    _tries.is_a_stub(checks.kl_per_dimension)
