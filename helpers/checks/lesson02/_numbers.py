"""What the checks of lesson 02 share: one number against the right one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from helpers.checks.base import CheckFailed
from helpers.checks.modules import kind


def scalar(value: Any, call: str) -> float:
    """A number from a float, a NumPy number or a tensor that holds one."""
    if value is None or not hasattr(value, "__float__"):
        raise CheckFailed(f"{call} returned {kind(value)}", "one number", "`return`")
    if isinstance(value, Tensor) and value.numel() != 1:
        raise CheckFailed(
            f"{call} returned {kind(value)}",
            "one number: the mean over pixels and images",
            "a mean over all axes",
        )
    return float(value.detach() if isinstance(value, Tensor) else value)


def compare_number(
    got: float,
    right: float,
    wrong: Mapping[str, Tensor | float],
    what: str,
    rule: str,
    tolerance: float = 1e-3,
    otherwise: str = "the formula, term by term",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    if math.isclose(got, right, rel_tol=tolerance):
        return
    for mistake, value in wrong.items():
        if math.isclose(got, float(value), rel_tol=tolerance):
            raise CheckFailed(f"{what} {got:.4g}", f"{right:.4g}: {rule}", mistake)
    raise CheckFailed(f"{what} {got:.4g}", f"{right:.4g}: {rule}", otherwise)
