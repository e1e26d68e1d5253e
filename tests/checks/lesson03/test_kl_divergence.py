"""The KL divergence: right and wrong answers, and what the check says to each."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from helpers.checks import lesson03 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson03._shared import (
    fails_saying,
    kl,
    leaves_the_random_state,
    passes,
)


def kl_by_draws(mu, logvar):
    q = Normal(mu, torch.exp(logvar / 2))
    z = q.rsample()
    return (q.log_prob(z) - Normal(0, 1).log_prob(z)).sum(1)


RIGHT = [
    kl,
    lambda m, s: kl_divergence(Normal(m, torch.exp(s / 2)), Normal(0, 1)).sum(-1),
    lambda m, s: 0.5 * torch.sum(m.pow(2) + s.exp() - s - 1, dim=1),
    lambda m, s: kl(m.double(), s.double()),
    lambda m, s: torch.cat([kl(m[i : i + 1], s[i : i + 1]) for i in range(len(m))]),
]

# Each wrong variant, and words that its message must contain.
WRONG = [
    (lambda m, s: -kl(m, s), "sign is flipped"),
    (lambda m, s: 2 * kl(m, s), "1/2 is missing"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).sum(0), "over the batch"),
    (lambda m, s: kl(m, s).sum(), "reduced over everything"),
    (lambda m, s: kl(m, s).mean(), "reduced over everything"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).mean(1), "mean over the 4"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()), "missing"),
    (lambda m, s: -0.5 * (1 + s - m - s.exp()).sum(1), "not squared"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s**2).sum(1), "constant terms"),
    (lambda m, s: -0.5 * (1 + s - m**2 - (s / 2).exp()).sum(1), "logvar"),
    (lambda m, s: -0.5 * (s - m**2 - s.exp()).sum(1), "constant terms"),
    (lambda m, s: kl(m.detach(), s), "no gradient"),
    (
        lambda m, s: -0.5 * (1 + s - m**2 - s.data.exp()).sum(1),
        "a wrong gradient flows from the KL to logvar",
    ),
    (lambda m, s: -0.5 * (1 + s + m**2 - s.exp()).sum(1), "sign of mu^2"),
    (lambda m, s: -0.5 * (1 - s - m**2 - s.exp()).sum(1), "sign of logvar"),
    (
        lambda m, s: kl_divergence(Normal(0, 1), Normal(m, torch.exp(s / 2))).sum(1),
        "the wrong way round",
    ),
    (
        lambda m, s: kl_divergence(Normal(m, torch.exp(s)), Normal(0, 1)).sum(1),
        "used as the standard deviation",
    ),
    (kl_by_draws, "two calls"),
    (lambda m, s: kl(s, m), "swapped"),
    (lambda m, s: kl(m, s) / math.log(2), "bits"),
    (lambda m, s: kl(m, s) / len(m), "divided by the number of images"),
    (lambda m, s: kl(m, s)[:, None], "keepdim"),
    (lambda m, s: np.asarray(kl(m, s)), "ndarray"),
    (lambda m, s: kl(m, s).clamp(min=0.5), "no lower limit"),
    (lambda m, s: torch.relu(-kl(m, s)), "cut off at 0"),
]


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_another_way_passes(variant, capsys):
    passes(checks.kl_divergence, variant, capsys)


@pytest.mark.parametrize(("variant", "words"), WRONG)
def test_wrong_fails_and_the_message_names_it(variant, words):
    fails_saying(checks.kl_divergence, variant, words)


def test_the_random_state_stays():
    leaves_the_random_state(
        checks.kl_divergence, [*RIGHT, *(variant for variant, _ in WRONG)]
    )


def test_a_stub_stays_a_stub():
    def stub(mu, logvar):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match="kl_divergence: this is not"):
        checks.kl_divergence(stub)


def test_an_error_in_the_students_code_names_their_line():
    def broken(mu, logvar):
        return mu.no_such_method(math.pi)

    with pytest.raises(CheckFailed, match="no_such_method") as failure:
        checks.kl_divergence(broken)
    assert "return mu.no_such_method" in failure.value.look
