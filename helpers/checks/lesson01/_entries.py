"""Which entries of an answer are right: what a loop or a slice leaves out."""

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
    off = ~(np.abs(seen - right) <= 2e-4 * np.abs(right).max())
    wrong = np.flatnonzero(off)
    if 2 * len(wrong) > len(right) or not len(wrong):
        return look
    some = ", ".join(map(str, wrong[:4])) + ", ..." * (len(wrong) > 4)
    return (
        f"{len(wrong)} of {len(right)} {entries} only (number {some}), the others are "
        "right: what a slice, a loop's end or a `return` inside a loop leaves out"
    )
