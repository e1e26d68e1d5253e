"""Right and wrong answers to `log_normal`, lesson 06."""

import functools
import math

import pytest
import torch
from torch.distributions import Independent, Normal

from helpers.checks import lesson06 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.log_normal
NAMES = ("log_normal",)
LOG_2_PI = math.log(2 * math.pi)


def right(z, mu, logvar):
    return -0.5 * (LOG_2_PI + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)


def by_distribution(z, mu, logvar):
    return Normal(mu, torch.exp(0.5 * logvar)).log_prob(z).sum(-1)


def independent(z, mu, logvar):
    mu, logvar = torch.broadcast_tensors(mu, logvar)
    return Independent(Normal(mu, logvar.mul(0.5).exp()), 1).log_prob(z)


def three_sums(z, mu, logvar):
    d = z.shape[-1]
    square = ((z - mu).pow(2) * torch.exp(-logvar)).sum(-1)
    return -0.5 * d * LOG_2_PI - 0.5 * logvar.sum(-1) - 0.5 * square


def by_parts(logvar_part=1.0, square_part=1.0, constant=LOG_2_PI):
    def answer(z, mu, logvar):
        square = (z - mu) ** 2 / logvar.exp()
        terms = constant + logvar_part * logvar + square_part * square
        return -0.5 * terms.sum(-1)

    return answer


def divided_by(scale):
    return lambda z, mu, logvar: (
        -0.5 * (LOG_2_PI + logvar + (z - mu) ** 2 / scale(logvar)).sum(-1)
    )


def in_place(z, mu, logvar):
    z -= mu
    return right(z, torch.zeros_like(mu), logvar)


def limited(low, high):
    return lambda z, mu, logvar: right(z, mu, logvar.clamp(low, high))


def limited_sigma(z, mu, logvar):
    sigma = torch.exp(logvar / 2).clamp(min=1e-6)
    return Normal(mu, sigma).log_prob(z).sum(-1)


def of_sigma(z, mu, logvar):
    sigma = torch.exp(logvar).sqrt()
    terms = -LOG_2_PI / 2 - sigma.log() - ((z - mu) / sigma) ** 2 / 2
    return terms.sum(-1)


def multiplied_out(z, mu, logvar):
    square = z**2 - 2 * z * mu + mu**2
    terms = math.log(2 * math.pi) + logvar + square / logvar.exp()
    return -0.5 * terms.sum(-1)


def of_u(change):
    """By u = (z - mu) / sigma, with something done to it."""

    def answer(z, mu, logvar):
        u = change((z - mu) * torch.exp(-0.5 * logvar))
        return -0.5 * (LOG_2_PI + logvar + u**2).sum(-1)

    return answer


RIGHT = [
    of_u(torch.abs),
    lambda z, mu, logvar: (
        -0.5
        * (
            LOG_2_PI
            + logvar
            + (z * torch.exp(-0.5 * logvar) - mu * torch.exp(-0.5 * logvar)) ** 2
        ).sum(-1)
    ),
    right,
    of_sigma,
    lambda z, mu, logvar: (
        -0.5 * (LOG_2_PI + logvar + (z - mu) ** 2 * (1 / logvar.exp())).sum(-1)
    ),
    by_distribution,
    independent,
    three_sums,
    lambda z, mu, logvar: right(z.double(), mu.double(), logvar.double()),
    lambda z, mu, logvar: (
        -(torch.exp(-logvar) * (z - mu) ** 2 / 2 + logvar / 2 + LOG_2_PI / 2).sum(-1)
    ),
    lambda z, mu, logvar: (
        -0.5
        * torch.sum(
            torch.log(torch.tensor(2 * torch.pi))
            + logvar
            + ((z - mu) / torch.exp(logvar / 2)) ** 2,
            dim=z.ndim - 1 if z.ndim >= mu.ndim else mu.ndim - 1,
        )
    ),
    lambda z, mu, logvar: (
        torch.log(
            torch.exp(-0.5 * logvar.double())
            / (2 * math.pi) ** 0.5
            * torch.exp(-((z - mu).double() ** 2) / (2 * logvar.double().exp()))
        ).sum(-1)
        if (z - mu).abs().max() < 2 and logvar.abs().max() < 2
        else right(z, mu, logvar)
    ),
]
WRONG = [
    (functools.lru_cache(right), "kept from an earlier call"),
    (
        lambda z, mu, logvar: right(z, mu, logvar) if z.dim() > 1 else z.sum()[None],
        "has shape (1,)",
    ),
    (of_u(lambda u: u.clamp(-50, 50)), "no limit on any of them"),
    (of_u(lambda u: u.clamp(-1e4, 1e4)), "100,000 sigma away | a limit on z - mu"),
    (lambda z, mu, logvar: right(z, mu, logvar).clamp(min=-1e9), "on the density"),
    (multiplied_out, "a square that is multiplied out"),
    (lambda z, mu, logvar: right(z, mu, logvar) / math.log(2), "bits"),
    (lambda z, mu, logvar: right(z, mu, logvar) / math.log(10), "log10"),
    (lambda z, mu, logvar: -right(z, mu, logvar), "sign"),
    (lambda z, mu, logvar: 2 * right(z, mu, logvar), "1/2 is missing"),
    (lambda z, mu, logvar: -2 * right(z, mu, logvar), "sign is flipped"),
    (by_parts(constant=0.0), "log(2 pi) is missing"),
    (by_parts(constant=2 * math.pi), "2 pi stands where"),
    (by_parts(constant=math.log(math.pi)), "pi alone"),
    (by_parts(logvar_part=0.0), "missing as a term"),
    (by_parts(logvar_part=-1.0), "sign of the term logvar"),
    (by_parts(logvar_part=0.5), "halved once too often"),
    (by_parts(logvar_part=2.0), "logvar counts once"),
    (by_parts(square_part=2.0), "in front of (z - mu)^2"),
    (by_parts(square_part=-1.0), "the sign of (z - mu)^2"),
    (divided_by(lambda s: torch.exp(s / 2)), "yours by sigma"),
    (divided_by(lambda s: torch.exp(2 * s)), "by its square"),
    (divided_by(lambda s: torch.exp(-s)), "not multiplied"),
    (divided_by(torch.ones_like), "nothing divides it"),
    (divided_by(lambda s: s.exp() + 1e-3), "no limit"),
    (divided_by(lambda s: s.clamp(-4, 4).exp()), "no limit"),
    (lambda z, mu, logvar: right(z, mu, 2 * logvar), "look at"),
    (lambda z, mu, logvar: by_distribution(z, mu, 2 * logvar), "look at"),
    (lambda z, mu, logvar: Normal(mu, logvar.exp()).log_prob(z).sum(-1), "look at"),
    (lambda z, mu, logvar: right(z, -mu, logvar), "z + mu"),
    (lambda z, mu, logvar: right(z, mu, logvar) / z.shape[-1], "the mean over the"),
    (
        lambda z, mu, logvar: (
            -0.5 * (LOG_2_PI + (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1))
        ),
        "counts once for each",
    ),
    (lambda z, mu, logvar: right(z, mu, logvar).exp(), "look at"),
    (lambda z, mu, logvar: right(z, mu, logvar).mean(), "summed over everything"),
    (lambda z, mu, logvar: by_parts()(z[..., :1], mu, logvar), "look at"),
    (
        lambda z, mu, logvar: -0.5 * (LOG_2_PI + logvar + (z - mu) ** 2 / logvar.exp()),
        "dim=-1, is missing",
    ),
    (lambda z, mu, logvar: right(z, mu, logvar).squeeze(), "dim=-1"),
    (lambda z, mu, logvar: right(z, mu.detach(), logvar), "to mu"),
    (lambda z, mu, logvar: right(z.detach(), mu, logvar), "to z"),
    (lambda z, mu, logvar: right(z, mu, logvar.detach()), "to logvar"),
    (torch.no_grad()(right), "no gradient"),
    (in_place, "look at"),
    (limited(-10, 10), "at logvar = -20 | a limit on logvar"),
    (limited(-1e9, 30), "at logvar = 80 | a limit on logvar"),
    (limited(-40, 1e9), "at logvar = -80 | a limit on logvar"),
    (limited_sigma, "at logvar = -80 | a limit on logvar or sigma"),
    (divided_by(lambda s: s.exp() + 1e-8), "a number added to sigma^2"),
    (
        lambda z, mu, logvar: right(
            z, mu, logvar if logvar.abs().max() < 10 else logvar.detach()
        ),
        "no gradient flows | to logvar",
    ),
    (lambda z, mu, logvar: right(z, mu, logvar).tolist(), "list"),
    (lambda z, mu, logvar: right(z, mu, logvar).round(decimals=2), "look at"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_sum_over_a_fixed_axis_is_told_which():
    def fixed(z, mu, logvar):
        return -0.5 * (LOG_2_PI + logvar + (z - mu) ** 2 / logvar.exp()).sum(dim=1)

    with pytest.raises(CheckFailed, match="dim=-1"):
        CHECK(fixed)


def test_a_stub_stays_a_stub():
    def stub(z, mu, logvar):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match="log_normal: this is not"):
        CHECK(stub)
