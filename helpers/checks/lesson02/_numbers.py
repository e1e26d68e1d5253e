"""What the checks of lesson 02 share: one number against the right one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from helpers.checks.base import CheckFailed
from helpers.checks.messages import apart, kind


def scalar(value: Any, call: str) -> float:
    """A number from a float, a NumPy number or a tensor that holds one."""
    if isinstance(value, tuple | list | dict):
        raise CheckFailed(
            f"{call} returned {kind(value)}",
            "one number by itself, that of this call",
            "the `return` line: brackets, or a list in which numbers are collected",
        )
    if value is None or not hasattr(value, "__float__"):
        raise CheckFailed(
            f"{call} returned {kind(value)}",
            "one number",
            "the `return` line: is there one, and what does it give?",
        )
    if getattr(value, "size", 1) != 1 and not isinstance(value, Tensor):
        raise _not_one(value, call)
    if isinstance(value, Tensor) and value.numel() != 1:
        raise _not_one(value, call)
    return float(value.detach() if isinstance(value, Tensor) else value)


def _not_one(value: Any, call: str) -> CheckFailed:
    return CheckFailed(
        f"{call} returned {kind(value)}",
        "one number: the mean over pixels and images",
        "a mean over all axes",
    )


def compare(
    got: float,
    right: float,
    wrong: Iterable[tuple[str, Tensor | float]],
    what: str,
    rule: str,
    otherwise: str,
    tolerance: float = 1e-4,
) -> None:
    """Fail unless a number is right; name the known mistakes that give it.

    Parameters
    ----------
    got, right : float
    wrong : iterable of (str, number)
        What a mistake is called, and what it gives. All that fit are listed.
    what : str
        How the sentence about `got` begins.
    rule : str
        What is expected, in words.
    otherwise : str
        Where to look if no known mistake fits.
    tolerance : float
        Relative.

    Raises
    ------
    CheckFailed
    """
    if math.isclose(got, right, rel_tol=tolerance):
        return
    fits = [
        mistake
        for mistake, value in wrong
        if math.isclose(got, float(value), rel_tol=3 * tolerance)
        and not math.isclose(right, float(value), rel_tol=tolerance)
    ]
    seen, expected = apart(got, right)
    raise CheckFailed(
        f"{what} {seen}",
        f"{expected}: {rule}",
        "; or: ".join([*dict.fromkeys(fits)][:3]) or otherwise,
    )
