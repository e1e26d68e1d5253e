"""Which entries of an answer are right: a loop that ends early, or too few digits."""

from __future__ import annotations

import numpy as np


def places(seen: np.ndarray, right: np.ndarray, entries: str, look: str) -> str:
    """Say where to look, from which entries of an answer are wrong.

    Parameters
    ----------
    seen, right : array, shape (n,)
    entries : str
        What an entry stands for, such as ``"images"``.
    look : str
        Where to look if more than half of them are wrong.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.float64(seen) / right - 1
    # Rounding is off by a little nearly everywhere, and either way; a factor is not.
    close = float(np.abs(error).max()) < 3e-3 and float(np.median(abs(error))) > 1e-5
    if close and (seen.dtype == np.float16 or error.min() < 0 < error.max()):
        return (
            "nearly right, a little too high or too low in most places: numbers of too "
            "few digits, such as float16 or rounded ones, not the formula"
        )
    off = ~(np.abs(seen - right) <= 2e-4 * np.abs(right).max())
    wrong = np.flatnonzero(off)
    if 2 * len(wrong) > len(right) or not len(wrong):
        return look
    some = ", ".join(map(str, wrong[:4])) + ", ..." * (len(wrong) > 4)
    return (
        f"{len(wrong)} of {len(right)} {entries} only (number {some}), the others are "
        "right: what a slice, a loop's end or a `return` inside a loop leaves out"
    )
