"""Check of the KL divergence to the prior."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.distributions import kl_divergence as exact_kl

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson03._numbers import gradients_of, near
from helpers.checks.modules import undisturbed


@check("kl_divergence")
@undisturbed
def kl_divergence(function: Callable) -> None:
    """Check KL(N(mu, sigma^2) || N(0, 1)) per image against closed forms."""
    mu, logvar = torch.randn(97, 5), torch.randn(97, 5)
    kl = function(mu, logvar)
    looks = {
        (5,): "you summed over the batch (dim=0); each image needs its own KL: dim=1",
        (): "you reduced over everything; sum over dim=1 only, one value an image",
        (97, 5): "the sum over the latent dimensions (dim=1) is missing",
        (97, 1): "keepdim=True: leave it out",
    }
    look = "the axis of the sum: dim=1 (or -1) runs over the latent dimensions"
    want_tensor(
        kl,
        (97,),
        "KL for mu and logvar of shape (97, 5)",
        looks.get(tuple(getattr(kl, "shape", (0,))), look),
    )
    if not torch.allclose(kl, function(mu, logvar)):
        raise CheckFailed(
            "two calls with the same mu and logvar give different numbers",
            "the closed form, which needs no random draw",
            "noise inside kl_divergence",
        )
    _check_kl_points(function)
    want = exact_kl(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0)).sum(1)
    if not torch.allclose(kl.to(want.dtype), want, rtol=1e-3, atol=1e-3):
        i = int((kl - want).abs().argmax())
        raise CheckFailed(
            f"for random mu and logvar one image has KL {kl[i].item():.3f} "
            f"(lowest over the batch: {kl.min().item():.3f})",
            f"{want[i].item():.3f}; KL is never negative",
            _kl_mistake(kl, mu, logvar),
        )
    gradients = gradients_of(function, mu, logvar)
    right = {"mu": mu, "logvar": (logvar.exp() - 1) / 2}
    for gradient, (name, wanted) in zip(gradients, right.items(), strict=True):
        if gradient is None or not torch.allclose(gradient, wanted, atol=1e-3):
            what = "no gradient flows" if gradient is None else "a wrong gradient flows"
            raise CheckFailed(
                f"{what} from the KL to {name}",
                "the KL term trains the encoder, so each part of it needs its gradient",
                "detach(), .data, .item(), no_grad() or a detour through NumPy",
            )


def _check_kl_points(function: Callable) -> None:
    def at(mu: float, logvar: float) -> float:
        point = torch.full((3, 4), mu), torch.full((3, 4), logvar)
        return function(*point)[0].item() + 0.0

    if not near(at(0, 0), 0.0, 1e-4):
        raise CheckFailed(
            f"KL at mu = 0, logvar = 0 is {at(0, 0):.3g}",
            "0: there the code's distribution is N(0, 1) itself",
            "the constant terms: 1 + logvar - mu^2 - exp(logvar) is 0 at that point, "
            "and each image counts (no lower limit)",
        )
    two, narrow = at(2, 0), at(0, -2)
    if near(two, 8.0, 1e-3):
        return
    right = 2 * (math.exp(-2) + 1)
    wrong = {
        (-8.0, -right): "the sign is flipped: training would push it to minus infinity",
        (-8.0, right): "the sign of mu^2 is flipped",
        (16.0, 2 * right): "the factor 1/2 is missing",
        (16.0, right): "the factor 1/2 is missing in front of mu^2",
        (-16.0, -2 * right): "the sign is flipped and the factor 1/2 is missing",
        (2.0, right / 4): "the mean over the 4 dimensions, where the sum is wanted",
        (4.0, right): "mu is not squared",
        (0.0, right): "mu^2 does not enter",
        (0.0, 0.0): "the formula is cut off at 0: is its sign flipped?",
        (8 / 3, right / 3): "divided by the number of images: each needs its own KL",
        (8 / math.log(2), right / math.log(2)): "these are bits: use log, not log2",
        (2 * (math.exp(2) - 3), 8.0): "mu and logvar are swapped",
    }
    names = [
        why
        for (a, b), why in wrong.items()
        if near(two, a, 1e-3) and near(narrow, b, 1e-3)
    ]
    raise CheckFailed(
        f"KL at mu = 2, logvar = 0 in 4 dimensions is {two:.3g}",
        "mu^2 / 2 = 2 in each dimension, 8 in all",
        *(names or ["the term mu^2, the sign and the factor 1/2 of the formula"]),
    )


def _kl_mistake(kl: Tensor, mu: Tensor, logvar: Tensor) -> str:
    prior, sigma = Normal(0.0, 1.0), torch.exp(logvar / 2)
    terms = 1 + logvar - mu**2
    wrong = {
        "KL the wrong way round: KL(prior || code) where KL(code || prior) is wanted": (
            exact_kl(prior, Normal(mu, sigma))
        ),
        "exp(logvar) is the variance, and was used as the standard deviation": (
            exact_kl(Normal(mu, sigma**2), prior)
        ),
        "exp(logvar / 2) stands where sigma^2 = exp(logvar) belongs": (
            -0.5 * (terms - sigma)
        ),
        "the sign of logvar is flipped": -0.5 * (terms - 2 * logvar - sigma**2),
        "the sign of both terms with logvar is flipped": (
            -0.5 * (-1 - logvar - mu**2 + sigma**2)
        ),
    }
    for why, each in wrong.items():
        if torch.allclose(kl.to(each.dtype), each.sum(1), rtol=1e-3, atol=1e-3):
            return why
    return (
        "how logvar enters: sigma^2 = exp(logvar), and log(sigma^2) = logvar "
        "(no further exp, log, square or limit)"
    )
