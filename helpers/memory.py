"""Memory that a step of training frees is kept for the next one."""

from __future__ import annotations

import ctypes
import os
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # mallopt(3)
KEPT = 512 * 2**20  # bytes at the heap's end that may stay free
OWN_PAGES = 32 * 2**20  # from here on memory is always given back; the most allowed


def keep_freed_memory() -> bool:
    """Have the C library reuse what is freed, where it would give it back at once.

    A tensor of more than 128 KiB may be given pages of its own, which the system fills
    with zeros in every step anew: a fifth to a quarter of a small convolutional
    network's step. Only glibc (Linux) can be told; ``MALLOC_TRIM_THRESHOLD_`` or
    ``MALLOC_MMAP_THRESHOLD_`` in the environment are left as they are.

    Returns
    -------
    bool
        Whether it was told.

    References
    ----------
    mallopt(3) of the Linux manual pages.
    """
    chosen = {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"} & os.environ.keys()
    if not sys.platform.startswith("linux") or chosen:
        return False
    tell = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if tell is None:
        return False
    return bool(tell(MMAP_THRESHOLD, OWN_PAGES) and tell(TRIM_THRESHOLD, KEPT))
