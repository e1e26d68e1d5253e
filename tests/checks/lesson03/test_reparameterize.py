"""Drawing a code: right and wrong answers, and what the check says to each."""

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal

from helpers.checks import lesson03 as checks
from tests.checks.lesson03._shared import fails_saying, leaves_the_random_state, passes


def no_grad_draw(mu, logvar):
    with torch.no_grad():
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


def seeded_draw(mu, logvar):
    noise = torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))
    return mu + torch.exp(logvar / 2) * noise


RIGHT = [
    lambda m, s: m + torch.exp(0.5 * s) * torch.randn_like(m),
    lambda m, s: Normal(m, torch.exp(s / 2)).rsample(),
    lambda m, s: m + s.exp().sqrt() * torch.randn(m.shape),
    lambda m, s: torch.normal(0.0, 1.0, m.shape) * (s * 0.5).exp() + m,
    lambda m, s: torch.addcmul(m, torch.exp(s / 2), torch.randn_like(s)),
    lambda m, s: torch.empty_like(m).normal_().mul(s.div(2).exp()).add_(m),
    lambda m, s: torch.stack(
        [a + (b / 2).exp() * torch.randn_like(a) for a, b in zip(m, s, strict=True)]
    ),
]

# Each wrong variant, and words that its message must contain.
WRONG = [
    (lambda m, s: m + torch.exp(s) * torch.randn_like(m), "the variance"),
    (lambda m, s: m + s * torch.randn_like(m), "logvar itself"),
    (no_grad_draw, "no gradient"),
    (lambda m, s: Normal(m, torch.exp(s / 2)).sample(), "no gradient"),
    (lambda m, s: m + torch.exp(s / 2).detach() * torch.randn_like(m), "logvar"),
    (lambda m, s: m + torch.exp(s / 2) * torch.rand_like(m), "uniform"),
    (lambda m, s: m + torch.exp(s / 2) * torch.randn(1), "noise"),
    (lambda m, s: m + torch.exp(s / 2) * torch.randn(len(m), 1), "same noise"),
    (lambda m, s: m, "same number"),
    (lambda m, s: m + torch.exp(-s / 2) * torch.randn_like(m), "sign"),
    (lambda m, s: torch.exp(s / 2) * torch.randn_like(m), "mu is not added"),
    (
        lambda m, s: m + torch.exp(s / 2) * 12**0.5 * (torch.rand_like(m) - 0.5),
        "uniform noise",
    ),
    (
        lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m[0]),
        "all images get the same noise",
    ),
    (seeded_draw, "a seed or generator"),
    (
        lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m).double(),
        "float64",
    ),
    (lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m).abs(), "abs"),
    (lambda m, s: s + torch.exp(m / 2) * torch.randn_like(m), "swapped"),
    (lambda m, s: m + F.softplus(s) * torch.randn_like(m), "softplus"),
    (lambda m, s: m + torch.exp(s / 4) * torch.randn_like(m), "root was taken"),
    (
        lambda m, s: m + torch.exp(s.clamp(min=0) / 2) * torch.randn_like(m),
        "kept above a limit",
    ),
    (
        lambda m, s: m.data.add_(torch.exp(s / 2) * torch.randn_like(m)),
        "in-place",
    ),
    (lambda m, s: None, "NoneType"),
]


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_another_way_passes(variant, capsys):
    passes(checks.reparameterize, variant, capsys)


@pytest.mark.parametrize(("variant", "words"), WRONG)
def test_wrong_fails_and_the_message_names_it(variant, words):
    fails_saying(checks.reparameterize, variant, words)


def test_the_random_state_stays():
    leaves_the_random_state(
        checks.reparameterize, [*RIGHT, *(variant for variant, _ in WRONG)]
    )
