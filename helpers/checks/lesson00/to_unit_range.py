"""How bytes become fractions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson00._arrays import as_array, compare, span


@check("to_unit_range")
def to_unit_range(scale: Callable) -> None:
    """Check ``to_unit_range(pixels) -> float32 array in [0, 1]``."""
    # Neither the darkest nor the brightest byte is here, so that a scale taken
    # from the batch itself shows.
    pixels = np.arange(90, 154, dtype=np.uint8).reshape(4, 4, 4)
    before = pixels.copy()
    x = as_array(scale(pixels), "to_unit_range")
    if not np.array_equal(pixels, before):
        raise CheckFailed(
            "the array given to to_unit_range() has other values afterwards",
            "a new array; the caller may still need the bytes",
            "an in-place operation on `pixels`, or `out=`",
        )
    if x.dtype.kind in "iub":
        raise CheckFailed(
            f"an array of whole numbers ({x.dtype}), values {span(x)}",
            "fractions between 0 and 1, as float32",
            "integer division `//`, or a cast to integers after the division",
        )
    if x.shape != pixels.shape:
        raise CheckFailed(
            f"shape {x.shape} from pixels of shape {pixels.shape}",
            "the same shape: scaling treats each pixel alone",
            "a reshape, or a sum over an axis",
        )
    p = pixels.astype(np.float64)
    compare(
        x,
        p / 255,
        {
            "divided by the largest value of the batch": p / p.max(),
            "stretched between the batch's own smallest and largest value": (
                (p - p.min()) / (p.max() - p.min())
            ),
            "divided by 256": p / 256,
            "scaled to [-1, 1]": p / 127.5 - 1,
            "standardised to mean 0 and standard deviation 1": (p - p.mean()) / p.std(),
            "still 0 to 255: nothing was divided": p,
            "whole numbers, by integer division": p // 255,
            "black and white only": (p > 127).astype(float),
            "inverted: white became black": 1 - p / 255,
            "each image divided by its own largest value": (
                p / p.max(axis=(1, 2), keepdims=True)
            ),
            "each pixel position scaled by its own smallest and largest value": (
                (p - p.min(axis=0)) / np.ptp(p, axis=0)
            ),
            "bytes above 127 wrapped to negative numbers: int8 is too small": (
                pixels.astype(np.int8) / 255
            ),
            "rounded after the division: that loses most grey values": np.round(
                p / 255, 2
            ),
        },
        what="bytes 90 to 153 became",
        rule="byte / 255, the same for each image whatever else is in the batch",
        tolerance=1e-3 if x.dtype == np.float16 else 1e-5,
        look=_straight_line(p, x),
    )
    if x.dtype != np.float32:
        raise CheckFailed(
            f"the values are right, the type is {x.dtype}",
            "float32: the type of torch's and Keras's weights; float64 takes twice "
            "the memory, float16 loses digits",
            "the cast: `pixels.astype(np.float32)` before dividing",
        )
    dark = np.array([0, 1, 1], np.uint8)
    x = as_array(scale(dark), "to_unit_range")
    if x.shape != dark.shape or np.abs(x - dark / 255).max() > 1e-5:
        raise CheckFailed(
            f"the bytes 0, 1, 1 became {span(x)}",
            "0, 1/255, 1/255: byte / 255 for every image, a dark one too",
            "an `if` or a maximum that looks at the values; the divisor is always 255",
        )


def _straight_line(p: np.ndarray, x: np.ndarray) -> str:
    """Where to look if the bytes p became x = (p - c) / d with some other c and d."""
    slope, start = np.polyfit(p.ravel(), x.astype(np.float64).ravel(), 1)
    if slope < 1e-9 or np.abs(slope * p + start - x).max() > 1e-4 * np.ptp(x):
        return "the formula, term by term, on one image"
    offset = round(-start / slope, 2) + 0.0  # + 0.0: no minus before a zero
    return (
        f"in effect (byte - {offset:g}) / {1 / slope:.5g}; only a division "
        "by 255 is wanted: no second scaling, no mean and no deviation"
    )
