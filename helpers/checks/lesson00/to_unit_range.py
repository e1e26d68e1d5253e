"""How bytes become fractions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.checks.arrays import (
    FORMULA,
    IN_PLACE,
    close,
    compare,
    read,
    span,
    want_shape,
)
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays

EXACT = 2e-6  # a few roundings of float32
ROUGH = 1e-3  # one of float16


@check("to_unit_range")
def to_unit_range(scale: Callable, draw: Draw) -> None:
    """Check ``to_unit_range(pixels) -> float32 array in [0, 1]``."""
    # Neither the darkest nor the brightest byte is in the first, so that a scale
    # taken from the batch itself shows.
    grey = _grey(draw, (draw.integer(3, 9), 4, 5))
    first = None
    for pixels in (
        grey,
        255 - grey,
        np.arange(256, dtype=np.uint8),
        np.zeros((2, 3), np.uint8),
        np.array([0, 1, 1], np.uint8),
        np.full((1, 28, 28), draw.integer(2, 254), np.uint8),
        draw.rng.integers(0, 256, (draw.integer(1030, 1100), 7), dtype=np.uint8),
        draw.rng.integers(0, 256, (2, 1, draw.integer(3, 6), 5), dtype=np.uint8),
    ):
        given = pixels.copy()
        with stays(given, look=IN_PLACE):
            x = read(scale(given), "to_unit_range()", tensors=False)
        if x.dtype.kind in "iub":
            raise CheckFailed(
                f"an array of whole numbers ({x.dtype}), values {span(x)}",
                "fractions between 0 and 1, as float32",
                "integer division `//`, or a cast to integers after the division",
            )
        want_shape(
            x,
            pixels.shape,
            f"from pixels of shape {pixels.shape}, the result",
            "the same shape is wanted, as scaling treats each pixel alone: a reshape, "
            "or a sum over an axis",
        )
        _scaled(x, pixels)
        if x.dtype != np.float32:
            raise CheckFailed(
                f"the values are right, the type is {x.dtype}",
                "float32: the type of torch's and Keras's weights; float64 takes "
                "twice the memory, float16 loses digits",
                "the cast: `pixels.astype(np.float32)` before dividing",
            )
        first = x if first is None else first
    if not close(first, grey / 255, EXACT):
        raise CheckFailed(
            "the first result has other values after later calls",
            "an array of its own for each call",
            "an array outside the function that each call fills anew",
        )


def _grey(draw: Draw, shape: tuple[int, int, int]) -> np.ndarray:
    """Images of bytes from 60 to 200; the first is darker and flatter."""
    pixels = draw.rng.integers(60, 201, shape, dtype=np.uint8)
    pixels[0] = draw.rng.integers(90, 120, shape[1:])
    return pixels


def _scaled(x: np.ndarray, pixels: np.ndarray) -> None:
    """Fail unless x is pixels / 255."""
    p = pixels.astype(np.float64)
    compare(
        x,
        p / 255,
        {} if _tells_nothing(p) else lambda: _mistakes(pixels),
        what=f"the bytes {span(pixels)} became {span(x)}:",
        rule="byte / 255, the same for each image whatever else is in the batch",
        tolerance=ROUGH if x.dtype == np.float16 else EXACT,
        look=lambda: _straight_line(p, x.astype(np.float64)),
    )


def _tells_nothing(p: np.ndarray) -> bool:
    """Whether many mistakes come to the same on these bytes."""
    return np.ptp(p) == 0 or p.max() <= 1


def _mistakes(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """What the usual mistakes give for these bytes."""
    p = pixels.astype(np.float64)
    images = tuple(range(1, p.ndim))
    with np.errstate(all="ignore"):
        return {
            "divided by the largest value of the batch": p / p.max(),
            "stretched between the batch's own smallest and largest value": (
                (p - p.min()) / (p.max() - p.min())
            ),
            "each image divided by its own largest value": (
                p / p.max(axis=images, keepdims=True)
            ),
            "each image stretched between its own smallest and largest value": (
                (p - p.min(axis=images, keepdims=True))
                / (np.ptp(p, axis=images, keepdims=True))
            ),
            "each pixel position scaled by its own smallest and largest value": (
                (p - p.min(axis=0)) / np.ptp(p, axis=0)
            ),
            "divided by 256": p / 256,
            "scaled to [-1, 1]": p / 127.5 - 1,
            "standardised to mean 0 and standard deviation 1": (p - p.mean()) / p.std(),
            "still 0 to 255: nothing was divided": p,
            "whole numbers, by integer division": p // 255,
            "black and white only": (p > 127).astype(float),
            "black and white, by rounding": np.round(p / 255),
            "inverted: white became black": 1 - p / 255,
            "bytes above 127 wrapped to negative numbers: int8 is too small": (
                pixels.astype(np.int8) / 255
            ),
        } | {
            f"rounded to {digits} decimals after the division, which loses grays": (
                np.round(p / 255, digits)
            )
            for digits in range(1, 6)
        }


def _straight_line(p: np.ndarray, x: np.ndarray) -> str:
    """Where to look if the bytes p became x = (p - c) / d with some other c and d."""
    if _tells_nothing(p):
        return (
            "an `if`, a maximum or a mean that looks at the values; the divisor is "
            "always 255"
        )
    slope, start = np.polyfit(p.ravel(), x.ravel(), 1)
    if slope < 1e-9 or not close(x, slope * p + start, 1e-4):
        return (
            "arithmetic on bytes before the type is changed (they wrap around at 256), "
            "a type in between that is too short (float16), a value that is clipped or "
            f"replaced, or {FORMULA}"
        )
    offset = round(-start / slope, 2) + 0.0  # + 0.0: no minus before a zero
    return (
        f"in effect (byte - {offset:g}) / {1 / slope:.5g}; only a division "
        "by 255 is wanted: no second scaling, no mean and no deviation"
    )
