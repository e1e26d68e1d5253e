"""The C library's memory: what is freed is kept for the next step; how much is held."""

from __future__ import annotations

import ctypes
import os
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # mallopt(3)
KEPT = 512 * 2**20  # bytes at the heap's end that may stay free
OWN_PAGES = 32 * 2**20  # from here on memory is always given back; the most allowed


class _Mallinfo2(ctypes.Structure):
    """What mallinfo2(3) gives; of it `hblkhd` and `uordblks` are bytes in use."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks")),
        *((name, ctypes.c_size_t) for name in ("hblkhd", "usmblks", "fsmblks")),
        *((name, ctypes.c_size_t) for name in ("uordblks", "fordblks", "keepcost")),
    ]


def allocated() -> int:
    """Bytes that all libraries of this process hold of the C library's memory.

    Returns
    -------
    int
        0 where the C library cannot tell: only glibc from 2.33 on (Linux) can.

    References
    ----------
    mallinfo2(3) of the Linux manual pages.
    """
    if not sys.platform.startswith("linux"):
        return 0
    tell = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if tell is None:
        return 0
    tell.restype = _Mallinfo2
    told = tell()
    return told.hblkhd + told.uordblks


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
