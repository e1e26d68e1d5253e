"""Lesson 05, exercise 3: the mean KL of each dimension."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson05._arrays import short
from helpers.checks.modules import undisturbed


@check("kl_per_dimension")
@undisturbed
def kl_per_dimension(function: Callable) -> None:
    """Check the mean KL of each dimension against closed forms."""
    from torch.distributions import Normal
    from torch.distributions import kl_divergence as exact

    mu, logvar = torch.randn(97, 5) + 1, torch.randn(97, 5)
    mu[:, 4] = logvar[:, 4] = 0.0  # a collapsed dimension
    before = mu.clone(), logvar.clone()
    kl = function(mu, logvar)
    shape = tuple(getattr(kl, "shape", ()))
    look = "the axis of the mean: dim=0 runs over the images"
    if shape == (97,):
        look = "you reduced over the dimensions (dim=1); keep them, average over dim=0"
    elif shape == () and isinstance(kl, torch.Tensor):
        look = "you reduced over everything; average over the images only: dim=0"
    elif shape == (97, 5):
        look = "the mean over the images (dim=0) is missing"
    want_tensor(kl, (5,), "the KL for mu and logvar of shape (97, 5)", look)
    if not torch.equal(mu, before[0]) or not torch.equal(logvar, before[1]):
        raise CheckFailed(
            "mu or logvar was changed",
            "both as they were: they are used again",
            "functions that end in _ and assignments with += work in place",
        )

    def terms(mu, logvar):
        return exact(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0))

    def close(values):
        return torch.allclose(kl.to(values.dtype), values, rtol=1e-3, atol=1e-4)

    want = terms(mu, logvar).mean(0)
    if close(want):
        return
    known = {
        "a sum over the images, where the mean is wanted": 97 * want,
        "the sign is flipped: KL is never negative": -want,
        "the factor 1/2 is missing": 2 * want,
        "the mean over the dimensions was taken as well": want / 5,
        "a sum over the images, divided by the number of dimensions": 97 * want / 5,
        "divided by N - 1; the mean divides by N": 97 * want / 96,
        "the KL of the mean code; take each image's KL first, then the mean": (
            terms(mu.mean(0), logvar.mean(0))
        ),
        "mu and logvar are swapped": terms(logvar, mu).mean(0),
        "exp(logvar) is the variance already, not the standard deviation": (
            terms(mu, 2 * logvar).mean(0)
        ),
        "logvar takes no part": 0.5 * mu.square().mean(0),
        "mu takes no part": terms(0 * mu, logvar).mean(0),
        "mu is not squared": terms(0 * mu, logvar).mean(0) + 0.5 * mu.mean(0),
        "exp() of logvar is missing": 0.5 * (mu.square() - 1).mean(0),
        "the - 1 is missing: a collapsed dimension costs 0": want + 0.5,
        "the KL is the wrong way round: from the code to the prior": (
            exact(Normal(0.0, 1.0), Normal(mu, torch.exp(logvar / 2))).mean(0)
        ),
        "bits; in nats nothing is divided by log 2": want / math.log(2),
        "the dimensions are sorted; keep their order": want.sort(descending=True)[0],
        "one image alone; average over all of them": terms(mu[0], logvar[0]),
    }
    look = "the terms: mu^2 + exp(logvar) - 1 - logvar, halved"
    for mistake, values in known.items():
        if close(values):
            look = mistake
    raise CheckFailed(
        f"for random mu and logvar the KL of the dimensions is {short(kl)}",
        f"{short(want)}",
        look,
    )
