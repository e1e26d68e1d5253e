"""Lesson 05, exercise 4: which dimensions depend on the image."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.messages import number


@check("active_units")
def active_units(function: Callable, draw: Draw) -> None:
    """Check that dimensions count as active by the variance of their means."""
    count = draw.pick(5021, 5023, 5039, 5051)  # primes: no equal parts
    mu = _means(count, 0.01)
    active = _try(function, mu)
    want = mu.var(0) > 0.01
    if not torch.equal(active, want):
        fixed = torch.equal(_try(function, mu, threshold=0.01), want)
        default = "the default of the argument: threshold=0.01"
        raise _failure(mu, active, 0.01, default if fixed else "")
    for threshold in (draw.pick(0.001, 0.002, 0.004), draw.pick(0.5, 2.0, 3.0)):
        mu = _means(count, threshold)
        active = _try(function, mu, threshold=threshold)
        if not torch.equal(active, mu.var(0) > threshold):
            fixed = torch.equal(active, mu.var(0) > 0.01)
            look = "is 0.01 written into the function instead of `threshold`?"
            raise _failure(mu, active, threshold, look if fixed else "")
    mu = 0.05 * torch.randn(count, 3)  # at a threshold of 0 whatever varies is active
    mu[:, 1] = 0.0
    active = _try(function, mu, threshold=0.0)
    if not torch.equal(active, mu.var(0) > 0):
        look = "`threshold or 0.01`: 0 then becomes 0.01"
        if active.all():
            look = "the comparison: above the threshold, > and not >="
        raise _failure(mu, active, 0.0, look)
    _far_from_zero(function)


def _far_from_zero(function: Callable) -> None:
    """Means of several hundred, most of them always the same."""
    means = 300 + 600 * torch.rand(14)
    mu = means.expand(997, -1).clone()
    mu[:, 3] += torch.randn(997)
    mu[:, 8] += torch.randn(997)
    active, want = _try(function, mu), torch.zeros(14, dtype=torch.bool)
    want[[3, 8]] = True
    if torch.equal(active, want):
        return
    look = "the variance over all images (dim=0), compared with the threshold itself"
    if torch.equal(_try(function, mu.double()), want):
        look = (
            "rounding, for in float64 the answer is right: the mean of the squares "
            "less the square of the mean is a small difference of large numbers; take "
            "the distances from the mean first, or mu.var(dim=0)"
        )
    raise _failure(mu, active, 0.01, look)


def _means(count: int, threshold: float) -> Tensor:
    """Means with all kinds of dimensions: (count, 28).

    None has a variance within a fortieth of the threshold, where it would matter what
    the sum of squares is divided by.
    """
    noise = torch.randn(count, 5).double()
    noise = (noise - noise.mean(0)) / noise.std(0)
    few = (count - 5_000) // 2  # rows after the first five thousand, some of them
    rare = torch.zeros(count).double()
    rare[-few:] = 1.0
    rare /= rare.std()
    skew = [(torch.arange(count) % 10 < most).double() for most in (1, 4)]
    sides = (torch.arange(count) % 2 * 2.0 - 1).double()
    root = threshold**0.5
    columns = [
        900**0.5 * root * noise[:, 0],
        0 * rare,
        2 * root * noise[:, 1] - 3,
        0.5 * root * noise[:, 2],
        0 * rare + 2,
        0 * rare - 2,
        2 * root * sides,  # of one size, on either side of 0
        2 * root * rare,  # in the last rows alone
        2 * root * rare.flip(0),  # in the first rows alone
        1.2**0.5 * root * noise[:, 3],
        0.8**0.5 * root * noise[:, 4],
        # On either side of the threshold in other measures than the variance.
        1.15 * threshold * noise[:, 0],
        0.5 * threshold * noise[:, 1],
        0.25 * threshold * noise[:, 2],
    ]
    # And around another middle than the mean: the median, the middle of the range, the
    # mean of some rows or of what is left without the largest and the smallest.
    columns += [0.97**0.5 * root * each / each.std() for each in (*skew, rare, sides)]
    for row in (0, -1, *torch.randperm(count)[:8]):  # in a single row
        alone = torch.zeros(count).double()
        alone[row] = 1.0
        columns.append(2 * root * alone / alone.std())
    mu = torch.stack(columns, 1).float()
    # As an encoder's chunk: not contiguous.
    return torch.cat([mu, torch.zeros_like(mu)], 1).chunk(2, dim=1)[0]


def _try(function: Callable, mu: Tensor, **threshold: float) -> Tensor:
    """Call it and look at the form of what it returns."""
    with stays(mu, look="functions that end in _ and -= and the like: mu was changed"):
        active = function(mu, **threshold)
    dims = mu.shape[1]
    if isinstance(active, Tensor) and active.ndim == 0:
        raise CheckFailed(
            f"active_units returns one number, {active.item()}",
            f"a tensor of bool, one for each dimension, here of shape ({dims},)",
            "a sum, a mean or squeeze: count later; here, keep the dimensions apart",
        )
    if isinstance(active, Tensor) and active.dtype != torch.bool:
        raise CheckFailed(
            f"the result has the type {active.dtype}",
            "torch.bool, so that it can pick dimensions: True or False each",
            "the comparison with the threshold, and nothing after it (no indices)",
        )
    return want_tensor(
        active,
        (dims,),
        f"active_units for mu of shape {tuple(mu.shape)}",
        "the axis of the variance: dim=0 runs over the images",
    )


def _failure(mu: Tensor, active: Tensor, threshold: float, look: str) -> CheckFailed:
    """Say what was seen of the first dimension that is wrong."""
    want = mu.double().var(0) > threshold
    j = int((active != want).nonzero()[0])
    variance, mean = number(mu[:, j].var(), 3), round(mu[:, j].mean().item(), 2) + 0
    return CheckFailed(
        f"a dimension of variance {variance} (its mean is {mean}): {bool(active[j])}",
        f"{bool(want[j])} at the threshold {number(threshold)}",
        look or _mistake(mu, active, threshold),
    )


def _mistake(mu: Tensor, active: Tensor, threshold: float) -> str:
    """Where to look, from the answers for all dimensions."""
    away = mu - mu.mean(0)
    known = {
        "the comparison: active means above the threshold": -mu.var(0) + 2 * threshold,
        "the variance, a mean of squares, not the standard deviation": mu.std(0),
        "the variance, a mean of squares, not of the distances": away.abs().mean(0),
        "the variance, not the range": mu.amax(0) - mu.amin(0),
        "a sum of squares: the variance is their mean": away.square().sum(0),
        "the variance of mu, not its square: a mean that is always 2 says nothing "
        "about the image": mu.square().mean(0),
        "the variance of mu, not its size: a mean that is always 2 says nothing "
        "about the image": mu.abs().mean(0),
        "the variance of mu, not its mean: a mean that is always 2 says nothing "
        "about the image": mu.mean(0),
        **{
            f"the threshold as it is, not rounded to {places} decimal places": (
                mu.var(0) + threshold - round(threshold, places)
            )
            for places in (0, 1, 2)
        },
        "the threshold as it is, not its square": mu.var(0) / threshold,
        "the variance itself, not its share of the largest": (
            mu.var(0) / mu.var(0).max()
        ),
        "the threshold as it is, not its root": mu.var(0) * threshold**0.5,
        "the variance of mu, with its sign: abs() or a square comes first": (
            mu.abs().var(0)
        ),
        "the distances from the mean, not from the median": (
            (mu - mu.median(0).values).square().mean(0)
        ),
        "all images count, not the last few": mu[-20:].var(0),
        **{
            f"all images count, not the first {some:,}": mu[:some].var(0)
            for some in (100, 128, 1000, 1024, 2000, 5000)
        },
    }
    found = [look for look, v in known.items() if torch.equal(v > threshold, active)]
    if threshold != 0.01:  # with that one the variance was right
        found = [look for look in found if "threshold" in look] or found
    return (
        "; or: ".join(found)
        or "the variance over all images (dim=0), compared with the threshold itself"
    )
