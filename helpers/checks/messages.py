"""How a check says what it saw: numbers that tell apart, kinds, short texts."""

from __future__ import annotations

import math
from typing import Any

MOST_DIGITS = 9


def shorten(text: str, most: int = 300) -> str:
    """Cut a long text in the middle: its end often says what is to be done.

    Parameters
    ----------
    text : str
    most : int
        Characters that are left at most, about.
    """
    text = text.strip()
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half].rstrip()} ... {text[-half:].lstrip()}"


def apart(seen: float, expected: float, fewest: int = 3) -> tuple[str, str]:
    """Write two numbers with as many digits as tell them apart.

    Parameters
    ----------
    seen, expected : float
    fewest : int
        Significant digits at least.

    Returns
    -------
    tuple of str
        Equal only if the numbers are, to nine digits.
    """
    for digits in range(fewest, MOST_DIGITS + 1):
        texts = number(seen, digits), number(expected, digits)
        if texts[0] != texts[1]:
            break
    return texts


def number(value: float, digits: int = 4) -> str:
    """Write a number with so many significant digits, no exponent where it can be."""
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.{digits - 1}e}"
    places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    text = f"{value:.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def kind(value: Any) -> str:
    """What a value is, in words; arrays and tensors with shape and type."""
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        name = {"ndarray": "NumPy array", "Tensor": "tensor"}.get(
            type(value).__name__, type(value).__name__
        )
        return f"a {name} of shape {tuple(value.shape)}, {_plain(value.dtype)}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def _plain(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def is_sequence(value: Any) -> bool:
    """Whether it is a tuple or list that is indexed and unpacked as those are."""
    for base in (tuple, list):
        if isinstance(value, base):
            names = ("__iter__", "__getitem__", "__len__")
            return all(getattr(type(value), n) is getattr(base, n) for n in names)
    return False
