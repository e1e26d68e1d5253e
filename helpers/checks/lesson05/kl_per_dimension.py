"""Lesson 05, exercise 3: the mean KL of each dimension."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson05._arrays import named, want_floats
from helpers.checks.losses import kl_limits, kl_mistakes, kl_terms
from helpers.checks.messages import apart, number

D = 6


@check("kl_per_dimension")
def kl_per_dimension(function: Callable, draw: Draw) -> None:
    """Check the mean KL of each dimension against the closed form."""
    # Primes: no number of equal parts.
    small, large = draw.pick(97, 101, 103, 107, 109, 113), draw.pick(5003, 5009, 5011)
    for count, dims in (
        (small, D),
        (large, D),
        (1, D),
        (small, 1),
    ):
        _closed_form(function, *_codes(count, dims))
    some, far = torch.randn(13, D), torch.full((13, D), 20.0)  # there are no limits
    for mu, logvar in ((some, far), (some, -far), (far * some.sign(), some)):
        _closed_form(function, mu, logvar)


def _codes(count: int, dims: int) -> tuple[Tensor, Tensor]:
    """Codes as an encoder's chunk(2, dim=1): each dimension is of another kind."""
    spread = torch.tensor([1.0, 0.0, 1.0, 0.05, 1.0, 0.5])
    mu = spread * torch.randn(count, D) + torch.tensor([1.0, 0.0, 0.0, 0.03, -4.0, 1.5])
    low = torch.tensor([-1.5, 0.0, 3.5, -0.1, -9.5, -2.0])
    high = torch.tensor([1.5, 0.0, 6.0, 0.1, -6.5, -1.0])
    logvar = low + (high - low) * torch.rand(count, D)
    mu[count // 2 :] *= 1.5  # the later images are not like the first ones
    return torch.cat([mu[:, :dims], logvar[:, :dims]], 1).chunk(2, dim=1)


def _closed_form(function: Callable, mu: Tensor, logvar: Tensor) -> None:
    count, dims = mu.shape
    # As it is used again in section 9.
    with stays(
        mu,
        logvar,
        look="functions that end in _ and += and the like: mu or "
        "logvar was changed in place",
    ):
        kl = function(mu, logvar)
    shape = tuple(getattr(kl, "shape", ()))
    look = "the axis of the mean: dim=0 runs over the images; nothing is squeezed"
    if shape == (count,) and dims > 1:
        look = "you reduced over the dimensions (dim=1); keep them, average over dim=0"
    elif shape == () and dims > 1:
        look = "you reduced over everything; average over the images only: dim=0"
    elif shape == (count, dims) and count > 1:
        look = "the mean over the images (dim=0) is missing"
    what = f"the KL for mu and logvar of shape ({count}, {dims})"
    kl = want_floats(kl, (dims,), what, look)
    want = kl_terms(mu, logvar).mean(0)
    off = (kl - want).abs() / (3e-6 + 1e-4 * want)
    if bool((off <= 1).all()):
        return
    worst = int(off.argmax())
    seen, expected = apart(kl[worst], want[worst])
    look = (
        _limited(kl, want, mu, logvar)
        or _limited_exp(kl, mu, logvar)
        or _averaging(kl, want, count)
    )
    look = look or _mistake(kl, want, mu, logvar)
    if not torch.equal(function(mu, logvar).double(), kl):
        look = "random draws: two calls differ; the closed form needs none"
    raise CheckFailed(
        f"for {count} images the KL of dimension {worst} is {seen}",
        f"{expected}; mu is {number(mu[:, worst].mean(), 3)} there on average, "
        f"logvar {number(logvar[:, worst].mean(), 3)}",
        look,
    )


def _limited(kl: Tensor, want: Tensor, mu: Tensor, logvar: Tensor) -> str:
    """Which limits on mu or logvar give just these numbers."""
    known = {why: value.mean(0) for why, value in kl_limits(mu, logvar).items()}
    variance = logvar.double().exp()
    for added in (1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3):
        more = torch.log(variance + added) - logvar.double()
        known[
            f"{added:g} is added to sigma^2 before its logarithm; logvar is just that"
        ] = (kl_terms(mu, logvar) - more / 2).mean(0)
    return named(
        known, lambda v: torch.allclose(kl, v, 1e-4) and not torch.allclose(v, want), ""
    )


def _limited_exp(kl: Tensor, mu: Tensor, logvar: Tensor) -> str:
    """Say where exp(logvar) alone is limited, if all is right otherwise."""
    mu, logvar = mu.double(), logvar.double()
    inside = (2 * kl + 1 - (mu**2 - logvar).mean(0)).clamp(min=1e-300)
    limit, largest = inside.log(), logvar.amin(0)
    # All images reach the limit there, in each dimension the same one.
    if (limit > largest - 0.1).any() or not torch.allclose(limit, limit[0], atol=1e-3):
        return ""
    if len(limit) == 1:
        return ""
    return (
        f"exp(logvar) has a limit, that of logvar = {number(limit[0], 3)}; nothing is "
        "clamped"
    )


def _averaging(kl: Tensor, want: Tensor, count: int) -> str:
    """Where to look if all numbers are off by one factor."""
    dims = len(want)
    there = want > 0
    factors = kl[there] / want[there]
    factor = float(factors[0])
    if (
        not torch.allclose(factors, factors[0], rtol=3e-3)
        or abs(factor) < 1e-12
        or (abs(factor - 1) < 1e-3)
    ):
        return ""
    known = {
        "a sum over the images, where the mean is wanted": count,
        "the sign is flipped: KL is never negative": -1,
        "the factor 1/2 is missing": 2,
        "one half too many: the factor 1/2 stands in kl_terms already": 0.5,
        "the mean over the dimensions was taken as well": 1 / dims,
        "a sum over the images, divided by the number of dimensions": count / dims,
        "divided by N - 1; the mean divides by N": count / (count - 1 or 2),
        "these are bits: no log2 and no division by log(2)": 1 / math.log(2),
    }
    look = (
        "the averaging; the formula is right. Every number is "
        f"{number(factor)} times what it should be: what is divided by?"
    )
    for mistake, value in known.items():
        if math.isclose(factor, value, rel_tol=2e-4):
            look = mistake
    return look


def _of_terms(square: Tensor, variance: Tensor, logvar: Tensor) -> Tensor:
    """The KL of its three terms."""
    return 0.5 * (square + variance - 1 - logvar)


def _mistake(kl: Tensor, want: Tensor, mu: Tensor, logvar: Tensor) -> str:
    """Where to look, from the numbers."""
    terms, count = kl_terms(mu, logvar), len(mu)
    mu, logvar = mu.double(), logvar.double()
    known = {why: value.mean(0) for why, value in kl_mistakes(mu, logvar).items()}
    known |= {
        "the KL of the mean code; take each image's KL first, then the mean": kl_terms(
            mu.mean(0), logvar.mean(0)
        ),
        "mu is averaged before it is squared: average last": (
            _of_terms(mu.mean(0) ** 2, logvar.exp().mean(0), logvar.mean(0))
        ),
        "exp of the mean logvar: average last": (
            _of_terms((mu**2).mean(0), logvar.mean(0).exp(), logvar.mean(0))
        ),
        "mu is not squared, its size is taken": (
            terms - mu.double() ** 2 / 2 + mu.double().abs() / 2
        ).mean(0),
        "the dimensions are sorted, rising; keep their order": want.sort()[0],
        "the dimensions are sorted, falling; keep their order": want.sort(
            descending=True
        )[0],
        "one image alone, the first; average over all of them": terms[0],
        "one image alone, the last; average over all of them": terms[-1],
        "the median over the images; the mean is wanted": terms.median(0)[0],
        "the largest of the images; the mean is wanted": terms.amax(0),
    }
    for some in (32, 64, 100, 128, 256, 512, 1000, 2000, 5000):
        if some < count:
            known[f"some of the images, the first {some}; take all of them"] = terms[
                :some
            ].mean(0)
            parts = [part.mean(0) for part in terms.split(some)]
            known[
                f"the averaging: parts of {some} images and the last, smaller one "
                "count alike"
            ] = torch.stack(parts).mean(0)

    def close(values: Tensor) -> bool:
        return torch.allclose(kl, values, rtol=1e-3, atol=1e-4)

    cheap = want < 0.1
    raised = bool((kl >= want * (1 - 1e-4)).all())
    if raised and bool((kl[cheap] > want[cheap] + 1e-4).all()):
        rest = (
            "free bits, or a number added: what costs next to nothing costs more here"
        )
    elif count > 1_000:
        rest = "all images count; with a hundred of them the numbers are right"
    else:
        rest = "the terms: mu^2 + exp(logvar) - 1 - logvar, halved; nothing is clamped"
    return named(known, close, rest)
