"""Lesson 05, exercise 1: the middles of equal shares of N(0, 1)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson05._arrays import short
from helpers.checks.modules import undisturbed


@check("normal_quantiles")
@undisturbed
def normal_quantiles(function: Callable) -> None:
    """Check that the positions are the middles of equal shares of N(0, 1)."""
    for count in (7, 1, 2, 30):
        q = function(count)
        if isinstance(q, torch.Tensor) and not bool(torch.isfinite(q).all()):
            raise CheckFailed(
                f"normal_quantiles({count}) contains inf or nan",
                "the middles of the shares; at their edges 0 and 1 Phi^-1 is "
                "infinite, and beyond them it does not exist",
                "the half: the middles are 0.5 / count, 1.5 / count, ...",
            )
        want_tensor(
            q,
            (count,),
            f"normal_quantiles({count})",
            "the number of positions: one for each share",
        )
        q = q.double()
        shares = torch.special.ndtr(q)  # where they stand, from 0 to 1
        places = torch.arange(count, dtype=torch.float64)
        middles = (places + 0.5) / count
        if torch.allclose(shares, middles, atol=1e-4):
            continue
        right = torch.special.ndtri(middles)
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
        look = "the shares (0.5, 1.5, 2.5, ...) / count; then ndtri"
        for mistake, values in known.items():
            if torch.allclose(q, values, atol=1e-4):
                look = mistake
        steps = q.diff()
        if count > 2 and torch.allclose(steps, steps.mean(), atol=1e-4):
            even = torch.allclose(q, middles, atol=1e-4)
            look = look if even else "the steps are equal in z, not in share"
        raise CheckFailed(
            f"normal_quantiles({count}) stands at the shares "
            f"{short(shares)} of N(0, 1)",
            f"the middles of {count} equal shares, {short(middles)}",
            look,
        )
