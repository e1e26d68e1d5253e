"""What the exercises share: what came back, and is it what was wanted?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, kind


def as_array(
    value: Any, name: str, torch_too: bool = False, list_too: bool = False
) -> np.ndarray:
    """What the student's function returned, as an array."""
    if value is None:
        raise CheckFailed(
            f"{name}() returned None", "a value", "a `return` line is missing"
        )
    if hasattr(value, "detach"):
        if not torch_too:
            raise CheckFailed(
                f"{name}() returned a torch tensor",
                "a NumPy array",
                "`.numpy()` at the end, or NumPy from the start",
            )
        value = value.detach().cpu()
    if isinstance(value, tuple | list) and not list_too:
        raise CheckFailed(
            f"{name}() gave {kind_of(value)}, not an array",
            "an array of numbers, without brackets or commas around it",
            "the `return` or `yield` line; np.array(...) makes an array of a list",
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise CheckFailed(
            f"{name}() returned {kind_of(value)}",
            "numbers",
            "the `return` line",
        )
    return array


def as_number(value: Any, name: str, images: int) -> float:
    """What the student's function returned, as one number."""
    if isinstance(value, tuple | list | str):
        raise CheckFailed(
            f"{name}() returned {kind_of(value)}",
            "one number by itself",
            "the `return` line: brackets, commas, quotes or an f-string",
        )
    array = as_array(value, name, torch_too=True)
    if array.size != 1:
        each = " (one value an image)" if array.shape == (images,) else ""
        raise CheckFailed(
            f"{name}() returned an array of shape {array.shape}{each}",
            "one number: the average over the images",
            "a mean that is missing at the end, or an axis",
        )
    return float(array.reshape(-1)[0])


def unchanged(name: str, now: tuple, before: tuple) -> None:
    """Fail if an input was written to."""
    if not all(np.array_equal(a, b) for a, b in zip(now, before, strict=True)):
        raise CheckFailed(
            f"an array given to {name}() has other values afterwards",
            "inputs that stay as they are: the caller uses them again",
            "in-place operations such as `x -= ...`, `p[...] = ...` or `out=`",
        )


def compare(
    got: np.ndarray,
    right: np.ndarray,
    wrong: Mapping[str, np.ndarray],
    what: str,
    rule: str,
    tolerance: float,
    show_values: bool = True,
    look: str = "the formula, term by term, on one image",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    scale = tolerance * max(1.0, float(np.abs(right).max()))
    if np.abs(got - right).max() <= scale:
        return
    seen = f"{what} {span(got)}" if show_values else f"{what} not as expected"
    for mistake, values in wrong.items():
        if np.abs(got - values).max() <= scale:
            raise CheckFailed(seen, rule, mistake)
    raise CheckFailed(
        f"{seen} (off by up to {np.abs(got - right).max():.3g})",
        rule,
        look,
    )


def compare_number(
    got: float,
    right: float,
    wrong: Mapping[str, float],
    what: str,
    rule: str,
    look: str = "the formula, term by term, on one pixel",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    if math.isclose(got, right, rel_tol=1e-3):
        return
    for mistake, value in wrong.items():
        if math.isclose(got, value, rel_tol=1e-4, abs_tol=1e-9):
            look = mistake
            break
    raise CheckFailed(f"{what} {got:.5g}", f"{right:.5g}: {rule}", look)


def span(x: np.ndarray) -> str:
    """A few values in words."""
    x = np.asarray(x).reshape(-1)
    if len(x) <= 3:
        return ", ".join(f"{value:.4g}" for value in x)
    return f"{x.min():.4g} to {x.max():.4g}"


def kind_of(value: Any) -> str:
    """What a value is, in words; arrays and tensors are alike here."""
    if hasattr(value, "shape"):
        return f"one array of shape {tuple(value.shape)}"
    return kind(value)
