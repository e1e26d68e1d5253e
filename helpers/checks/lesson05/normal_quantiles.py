"""Lesson 05, exercise 1: the middles of equal shares of N(0, 1)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.lesson05._arrays import decimals, named, quantiles, want_floats
from helpers.checks.messages import apart


@check("normal_quantiles")
def normal_quantiles(function: Callable, draw: Draw) -> None:
    """Check that the positions are the middles of equal shares of N(0, 1)."""
    few = draw.integer(4, 9)
    for count in (few, few + 1, 1, 2, draw.integer(30, 60), draw.integer(1500, 2500)):
        _middles(function, count)


def _middles(function: Callable, count: int) -> None:
    q = function(count)
    if isinstance(q, torch.Tensor) and not bool(torch.isfinite(q).all()):
        raise CheckFailed(
            f"normal_quantiles({count}) contains inf or nan",
            "the middles of the shares; at their edges 0 and 1 Phi^-1 is infinite, and "
            "beyond them it does not exist",
            "the half: the middles are 0.5 / count, 1.5 / count, ...",
        )
    q = want_floats(
        q,
        (count,),
        f"normal_quantiles({count})",
        "the number of positions: one for each share",
    )
    right = quantiles(count)
    # Compared where they stand among the shares, from 0 to 1. A sum of many float32
    # steps is a little off.
    off = (torch.special.ndtr(q) - torch.special.ndtr(right)).abs()
    most = 3e-6 + 5e-8 * count
    if bool((off <= most).all()):
        return
    worst = int(off.argmax())
    seen, expected = apart(q[worst], right[worst])
    raise CheckFailed(
        f"normal_quantiles({count})[{worst}] is {seen}",
        f"{expected}, the middle of share {worst + 1} of {count}",
        _mistake(function, q, right, off > most),
    )


def _mistake(function: Callable, q: Tensor, right: Tensor, wrong: Tensor) -> str:
    """Where to look, from the numbers."""
    count = len(q)
    places = torch.arange(count, dtype=torch.float64)
    middles = (places + 0.5) / count
    known = {
        "these are the shares themselves; torch.special.ndtri turns them": middles,
        "ndtr is Phi itself; its inverse is ndtri": torch.special.ndtr(middles),
        "the order: rising, from the left end to the right end": right.flip(0),
        "these are edges between count + 1 shares, (1, 2, ...) / (count + 1); the "
        "middles are wanted": torch.special.ndtri((places + 1) / (count + 1)),
        "erfinv needs a factor of sqrt(2)": right / math.sqrt(2),
        "logit is another distribution's inverse; ndtri is the normal one's": (
            torch.logit(middles)
        ),
    }
    look = named(known, lambda v: torch.allclose(q, v, atol=1e-5), "")
    if look:
        return look
    again = function(count)
    if not torch.equal(again.double(), q):
        return "random draws: two calls differ; Phi^-1 of the shares needs none"
    steps = q.diff()
    if count > 2 and torch.allclose(steps, steps.mean(), atol=1e-4):
        return "the steps are equal in z, not in share"
    if torch.allclose(q, right, atol=0.06) and (rounded := decimals(q)) is not None:
        return f"the numbers are rounded to {rounded} decimal places: leave that out"
    if count > 5 and not bool(wrong[count // 5 : -(count // 5)].any()):
        return "the first and the last positions alone are off: are they clamped?"
    return "the shares (0.5, 1.5, 2.5, ...) / count; then ndtri"
