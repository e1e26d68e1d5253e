"""Lesson 06, exercise 1: the log density of a normal distribution."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson06._weights import (
    check_gradients,
    compare_all,
    log_density,
)
from helpers.checks.messages import apart
from helpers.checks.tensors import TOLERANCE, fits, gradients_of

LOG_2_PI = math.log(2 * math.pi)


@check("log_normal")
def log_normal(function: Callable, draw: Draw) -> None:
    """Check log N(z; mu, sigma^2), summed over the last axis, and its gradients."""
    d, k = draw.integer(3, 9), draw.integer(2, 6)
    shapes = (
        ((97, d), (97, d), (97, d)),
        ((k, 33, d), (33, d), (33, d)),  # as log q of k draws
        ((33, d), (k, 33, d), (33, d)),  # as a likelihood of one x
        ((k, 3, 5, d), (3, 5, d), (3, 5, d)),
        ((k, 3, 5, d), (3, 5, d), (3, 1, d)),
        ((k, 131, 1), (131, 1), (131, 1)),
        ((k, 1, d), (1, d), (1, d)),
        ((d,), (d,), (d,)),
        ((2, 1031, d), (1031, d), (1031, d)),
    )
    inputs = [
        (2 * torch.randn(z), torch.randn(mu), 1.5 * torch.randn(logvar))
        for z, mu, logvar in shapes
    ]
    prior = torch.randn(k, 33, d)
    inputs.append((prior, torch.zeros_like(prior), torch.zeros_like(prior)))
    mu = torch.randn(7, d)
    inputs.append((mu.clone(), mu, 9 * torch.randn(7, d).clamp(-1, 1)))
    seen = [_called(function, *each) for each in inputs]
    wanted = [log_density(*each) for each in inputs]
    compare_all(
        seen,
        wanted,
        [_mistakes(*each) for each in inputs],
        "log N(z; mu, sigma^2)",
        f"summed over the last axis ({d} dimensions)",
        "the three terms log(2 pi), logvar and (z - mu)^2 / exp(logvar); the factor "
        "-1/2 in front of all three; no limit on any of them",
    )
    limit = "a limit on logvar or sigma (clamp), or a number added to sigma^2"
    for level in (-20.0, 20.0, -80.0, 80.0):  # float32 carries them all
        given, where = _far(level, d), f"at logvar = {level:.0f}"
        _require_value(function, given, where, f"{limit}: leave it out")
    mu, logvar = 30 + torch.rand(9, d), torch.full((9, d), -8.0) + torch.rand(9, d)
    _require_value(
        function,
        (mu + torch.exp(logvar / 2) * torch.randn(9, d), mu, logvar),
        "where mu is 30 and sigma 0.02",
        "a square that is multiplied out, z^2 - 2 z mu + mu^2: a small difference of "
        "large numbers; take z - mu first",
        tolerance=1e-3,
    )
    z = 1e5 * (1 + torch.rand(9, d)) * (2 * torch.randint(0, 2, (9, d)) - 1)
    _require_value(
        function,
        (z, torch.randn(9, d), torch.rand(9, d)),
        "where z is 100,000 sigma away from mu",
        "a limit on z - mu, on its square or on the density: leave it out",
    )
    why = "all three are trained: z through the draw, mu and logvar by themselves"
    _gradients(function, inputs[1], "log_normal", why)
    for level in (-40.0, -12.0, 12.0, 40.0):
        _gradients(function, _far(level, d), f"log_normal at logvar = {level:.0f}", why)


def _require_value(
    function: Callable,
    given: tuple[Tensor, Tensor, Tensor],
    where: str,
    look: str,
    tolerance: float = TOLERANCE,
) -> None:
    seen, right = _called(function, *given), log_density(*given)
    if not fits(seen, right, tolerance):
        worst = (seen.detach() - right).abs().argmax()
        texts = apart(seen[worst].item(), right[worst].item())
        raise CheckFailed(
            f"log N(z; mu, sigma^2) {where} is {texts[0]}",
            f"{texts[1]}, by the same formula",
            look,
        )


def _far(level: float, d: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draws from distributions that are very narrow, or very wide."""
    logvar = torch.full((9, d), level) + torch.rand(9, d)
    return torch.exp(logvar / 2) * torch.randn(9, d), torch.zeros(9, d), logvar


def _gradients(
    function: Callable, given: tuple[Tensor, Tensor, Tensor], value: str, why: str
) -> None:
    leaves = [each.double().requires_grad_() for each in given]
    right = torch.autograd.grad(log_density(*leaves).sum(), leaves)
    wanted = dict(zip(("z", "mu", "logvar"), right, strict=True))
    check_gradients(gradients_of(function, *given), wanted, value, why)


def _called(function: Callable, z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    with stays(z, mu, logvar):
        value = function(z, mu, logvar)
    shapes = [tuple(each.shape) for each in (z, mu, logvar)]
    full = torch.broadcast_tensors(z, mu, logvar)[0].shape
    look = "the sum: it runs over the last axis alone, dim=-1"
    if tuple(getattr(value, "shape", ())) == full:
        look = "the sum over the last axis, dim=-1, is missing"
    elif getattr(value, "shape", None) == ():
        look = f"you summed over everything: {look}"
    return want_tensor(
        value,
        tuple(full[:-1]),
        f"log_normal of shapes {', '.join(map(str, shapes))}",
        look,
    )


def _mistakes(z: Tensor, mu: Tensor, logvar: Tensor) -> dict[str, Tensor]:
    z, mu, s = torch.broadcast_tensors(z.double(), mu.double(), logvar.double())
    square, d = (z - mu) ** 2, z.shape[-1]
    right = log_density(z, mu, s)
    terms = {
        "log(2 pi) is missing": s + square * torch.exp(-s),
        "the factor 2 in log(2 pi): pi alone": (
            math.log(math.pi) + s + square * torch.exp(-s)
        ),
        "2 pi stands where log(2 pi) belongs": (
            2 * math.pi + s + square * torch.exp(-s)
        ),
        "logvar, the logarithm of sigma^2, is missing as a term": (
            LOG_2_PI + square * torch.exp(-s)
        ),
        "the sign of the term logvar": LOG_2_PI - s + square * torch.exp(-s),
        "log(sigma^2) = logvar is a term of its own; it was halved once too often": (
            LOG_2_PI + s / 2 + square * torch.exp(-s)
        ),
        "logvar counts once: log(sigma^2) = logvar, log(sigma) is half of it": (
            LOG_2_PI + 2 * s + square * torch.exp(-s)
        ),
        "exp(logvar) is the variance, and was used as the standard deviation": (
            LOG_2_PI + 2 * s + square * torch.exp(-2 * s)
        ),
        "(z - mu)^2 is divided by sigma^2 = exp(logvar); yours by its square": (
            LOG_2_PI + s + square * torch.exp(-2 * s)
        ),
        "(z - mu)^2 is divided by sigma^2 = exp(logvar); yours by sigma": (
            LOG_2_PI + s + square * torch.exp(-s / 2)
        ),
        "(z - mu)^2 is divided by sigma^2 = exp(logvar), not multiplied": (
            LOG_2_PI + s + square * torch.exp(s)
        ),
        "(z - mu)^2 is divided by sigma^2; nothing divides it": LOG_2_PI + s + square,
        "(z - mu)^2 is divided by sigma^2 = exp(logvar), not by logvar": (
            LOG_2_PI + s + square / s
        ),
        "z - mu is squared": LOG_2_PI + s + (z - mu).abs() * torch.exp(-s),
        "the sign of (z - mu)^2: far from mu the density is small": (
            LOG_2_PI + s - square * torch.exp(-s)
        ),
        "z + mu stands where z - mu belongs": (
            LOG_2_PI + s + (z + mu) ** 2 * torch.exp(-s)
        ),
    }
    found = {why: -0.5 * each.sum(-1) for why, each in terms.items()}
    found |= {
        "these are bits: no log2 and no division by log(2)": right / math.log(2),
        "log10 or a division by log(10): the natural logarithm": right / math.log(10),
        "the sign: the logarithm of the density, not its negative": -right,
        "the factor 1/2 is missing": 2 * right,
        "the factor 1/2 is missing, and the sign is flipped": -2 * right,
        "the factor 1/2 is missing in front of (z - mu)^2 / sigma^2": (
            right - 0.5 * (square * torch.exp(-s)).sum(-1)
        ),
        "log(2 pi) counts once for each dimension": (right + 0.5 * (d - 1) * LOG_2_PI),
        "the mean over the dimensions, where the sum is wanted": right / d,
        "the density itself; its logarithm is wanted": right.exp(),
        "the density of the first dimension alone": (
            log_density(z[..., :1], mu[..., :1], s[..., :1])
        ),
    }
    return found
