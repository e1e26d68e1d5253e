"""Numbers and gradients that several exercises of lesson 03 are checked with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

PIXELS = 784
HALF = PIXELS * math.log(2)  # the cost of an image at probability 1/2 everywhere


def near(value: float, wanted: float, tolerance: float = 0.01) -> bool:
    return abs(value - wanted) <= tolerance * max(1.0, abs(wanted))


def named(
    value: float,
    reasons: Mapping[str, float],
    otherwise: str,
    tolerance: float = 0.01,
) -> str:
    """The mistake that would give this value."""
    close = [why for why, wrong in reasons.items() if near(value, wrong, tolerance)]
    return close[0] if close else otherwise


def gradients_of(function: Callable, *inputs: Tensor) -> list[Tensor | None]:
    """The gradient of the sum of what comes out, for each input."""
    leaves = [x.clone().requires_grad_() for x in inputs]
    result = function(*leaves)
    if not result.requires_grad:
        return [None] * len(leaves)
    return list(torch.autograd.grad(result.sum(), leaves, allow_unused=True))
