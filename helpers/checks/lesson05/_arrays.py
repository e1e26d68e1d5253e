"""What several exercises of lesson 05 share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, want_tensor
from helpers.checks.messages import kind


def quantiles(count: int) -> Tensor:
    """The middles of equal shares of N(0, 1), in float64: (count,)."""
    shares = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return torch.special.ndtri(shares)


def want_floats(value: object, shape: tuple[int, ...], what: str, look: str) -> Tensor:
    """Return a tensor of finite floats in float64, or fail and say what it was."""
    value = want_tensor(value, shape, what, look)
    if value.dtype not in (torch.float32, torch.float64):
        places = value.dtype.is_floating_point
        raise CheckFailed(
            f"{what} is {kind(value)}",
            "numbers of the type float32 or float64",
            "half precision: it has three digits"
            if places
            else "whole numbers have no decimal places: something turns them into such",
        )
    return value.double()


def named(known: Mapping[str, Tensor], close: Callable[[Tensor], bool], or_else: str):
    """Name the mistakes whose numbers are these; several if the numbers allow it."""
    found = [mistake for mistake, values in known.items() if close(values)]
    return "; or: ".join(found) or or_else


def decimals(values: Tensor) -> int | None:
    """To how many decimal places all values are rounded, if they are."""
    for places in range(6):
        scaled = values * 10**places
        if bool(((scaled - scaled.round()).abs() < 1e-6 * 10**places).all()):
            return places
    return None
