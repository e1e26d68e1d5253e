"""What the arrays that students' functions return are checked with."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, kind


def as_array(value: Any, name: str, one: bool = False) -> np.ndarray:
    """What the student's function returned, as an array of numbers, or as one."""
    if value is None:
        raise CheckFailed(
            f"{name}() returned None", "a value", "a `return` line is missing"
        )
    if isinstance(value, tuple) or (one and isinstance(value, list)):
        raise CheckFailed(
            f"{name}() returned {kind(value)}",
            "one number by itself" if one else "one array",
            "the `return` line: brackets or a comma too many",
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise CheckFailed(
            f"{name}() returned {kind(value)}", "numbers", "the `return` line"
        )
    return array


def want_shape(
    array: np.ndarray, shape: tuple[int, ...], what: str, look: str = ""
) -> None:
    if array.shape != shape:
        raise CheckFailed(
            f"{what} has shape {array.shape}",
            f"shape {shape}",
            look or "the size of the last layer, and what is reshaped or flattened",
        )


def compare(
    got: np.ndarray,
    right: np.ndarray,
    wrong: dict[str, np.ndarray],
    what: str,
    rule: str,
    look: str = "the formula, step by step, on one entry",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    got = got.astype(np.float64)
    if np.allclose(got, right, rtol=1e-3, atol=1e-9):
        return
    seen = f"{what} {got.min():.4g} to {got.max():.4g}"
    expected = f"{right.min():.4g} to {right.max():.4g}: {rule}"
    rounded = {f"rounded to {k} digits": right.round(k) for k in (3, 2, 1)}
    for mistake, values in (wrong | rounded).items():
        if np.allclose(got, values, rtol=1e-3, atol=1e-9):
            raise CheckFailed(seen, expected, mistake)
    raise CheckFailed(seen, expected, look)
