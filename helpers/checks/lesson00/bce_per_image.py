"""The binary cross-entropy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.arrays import IN_PLACE, averaging, close, compare, read_number
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.messages import number

NEAR = 4e-7  # inside [1e-7, 1 - 1e-7], and nearer to 0 than a millionth


@check("bce_per_image")
def bce_per_image(measure: Callable, draw: Draw) -> None:
    """Check ``bce_per_image(x, p)``, summed over pixels and averaged over images."""
    for shape in (
        (draw.integer(3, 9), draw.integer(10, 20)),
        (1, 784),
        (draw.integer(1030, 1100), draw.integer(5, 9)),
        (draw.integer(129, 150), 784),
    ):
        x, p = _pictures(draw, shape)
        _measured(measure, x, p)
    # One picture for all, as the lesson hands in the mean image: read-only.
    _measured(measure, x, np.broadcast_to(p[0], x.shape))
    for ink in (1, 0):
        _at_the_ends(measure, ink, draw)
        _near_the_ends(measure, ink, draw)
    _measured(measure, x, x)


def _pictures(draw: Draw, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Black, white and gray pixels, and probabilities, worse from image to image."""
    x = np.clip(draw.rng.uniform(-0.5, 1.5, shape), 0, 1)
    worse = np.linspace(0.1, 0.9, shape[0])[:, None]
    p = (1 - worse) * x + worse * draw.rng.random(shape)
    return x.astype(np.float32), (0.02 + 0.96 * p).astype(np.float32)


def _measured(measure: Callable, x: np.ndarray, p: np.ndarray) -> None:
    """Fail unless one pair is measured correctly."""
    got = _call(measure, x, p)
    same = p is x
    x, p = x.astype(np.float64), _clipped(p)
    n, d = x.shape
    compare(
        got,
        _bce(x, p).sum() / n,
        lambda: _mistakes(x, p),
        what="with p = x, bce_per_image() gave"
        if same
        else f"on {n} images of {d} pixels, bce_per_image() gave",
        rule="the sum over the pixels, averaged over the images"
        + (" (gray pixels are not free)" if same else ""),
        look="an image or pixels left out, a size written into the code, a bracket or "
        "a sign in the formula, p clipped too far from 0 and 1",
    )


def _call(measure: Callable, x: np.ndarray, p: np.ndarray) -> float:
    x, p = x.copy(), p.copy() if p.flags.writeable else p
    with stays(x, p, look=IN_PLACE):
        return read_number(measure(x, p), "bce_per_image()", len(x))


def _bce(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """The cost of each pixel."""
    return -(x * np.log(p) + (1 - x) * np.log(1 - p))


def _clipped(p: np.ndarray) -> np.ndarray:
    """Keep p from 0 and 1, in float32 as a student does: there 1 - 1e-7 differs."""
    return np.clip(p.astype(np.float32), 1e-7, 1 - 1e-7).astype(np.float64)


def _mistakes(x: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """What the usual mistakes give for these images."""
    n, d = x.shape
    cost, ink, paper = _bce(x, p), x * np.log(p), (1 - x) * np.log(1 - p)
    each = cost.sum(axis=1)
    right, sigmoid = each.mean(), 1 / (1 + np.exp(-p))
    inside = _clipped(x)
    whole = averaging(each) | {
        "averaged over the pixels too": right / d,
        "averaged over the pixels and summed over the images, or divided by the number "
        "of pixels, not of images": right / d * n,
        "with the minus sign missing": -right,
        "with logarithms to base 2, not natural ones": right / math.log(2),
        "with logarithms to base 10, not natural ones": right / math.log(10),
        "half of it": right / 2,
        "the number 784 is written in: take the size of the array": right / d * 784,
        "divided by 784, a number that is written in": right / 784,
    }
    pixels = {
        "without the (1 - x) log(1 - p) part": -ink,
        "without the x log p part": -paper,
        "with x and p exchanged": _bce(p, inside),
        "with p and 1 - p exchanged: a white pixel wants a large p": _bce(x, 1 - p),
        "the minus sign is for both parts, not for the first alone": -ink + paper,
        "the minus sign is for both parts, not for the second alone": ink - paper,
        "brackets are missing: (1 - x) * log(1 - p)": -(ink + 1 - x * np.log(1 - p)),
        "brackets are missing, and the minus sign is for the first part alone": (
            -ink + 1 - x * np.log(1 - p)
        ),
        "with (1 - x) log p for (1 - x) log(1 - p)": -np.log(p),
        "with log p for x log p: the pixel is not a factor": -np.log(p) - paper,
        "with a sigmoid put on p, which is a probability already": _bce(x, sigmoid),
        "with the floor, the image's own entropy, subtracted": cost - _bce(x, inside),
        "with x rounded to 0 or 1: a gray pixel costs both parts": _bce(x.round(), p),
        "with each x above 0 taken as 1: a gray pixel costs both parts": (
            _bce((x > 0) * 1.0, p)
        ),
        "with p rounded to 0 or 1": _bce(x, _clipped(p.round())),
        "with x scaled again, by 255: it is in [0, 1] already": _bce(x / 255, p),
        "the squared error, not the cross-entropy": (x - p) ** 2,
        "the absolute error, not the cross-entropy": np.abs(x - p),
        "the divergence of p from x, not the cross-entropy": (
            inside * np.log(inside / p) + (1 - inside) * np.log((1 - inside) / (1 - p))
        ),
    }
    return whole | {name: table.sum() / n for name, table in pixels.items()}


def _at_the_ends(measure: Callable, ink: int, draw: Draw) -> None:
    """Check what happens at probabilities of exactly 0 and 1, right and wrong ones."""
    shape = draw.integer(2, 5), draw.integer(50, 784)
    x, p = np.full((2, *shape), ink, np.float32)
    right, wrong = _call(measure, x, p), _call(measure, x, 1 - p)
    for value, sure in ((right, ink), (wrong, 1 - ink)):
        if not math.isfinite(value):
            raise CheckFailed(
                f"pixels of {ink} with p = {sure} cost {value}",
                "a finite number: a network's sigmoid does reach 0 and 1 in float32",
                "log(0); clip p (not x), on both sides: to [1e-7, 1 - 1e-7]. An "
                "epsilon below 6e-8 vanishes in float32: 1 - 1e-8 is 1",
            )
    each = wrong / shape[1] + 0.0  # no minus before a zero
    if not abs(right) <= 2e-6 * shape[1]:
        raise CheckFailed(
            f"pixels of {ink} with p = {ink} cost {number(right / shape[1])} each",
            "0, or at most a millionth: the prediction is perfect",
            # What p = 1 - x costs tells where p is clipped, though not how x is.
            "is x clipped as well as p? Clip p alone"
            if each > 16 and right < 3e-6 * shape[1]
            else "an epsilon that is too large, or p clipped too far from 0 and 1; "
            "1e-7 is enough",
        )
    if each < 15:
        raise CheckFailed(
            f"pixels of {ink} with p = {1 - ink}, sure and wrong, cost {number(each)} "
            "each",
            "about 16.1, as when p is clipped at 1e-7, or more",
            "infinite or nan costs thrown away or set to 0 (nan_to_num, nansum, "
            "where); clip p before the logarithm instead"
            if each < 5
            else "an epsilon that is too large, or p clipped too far from 0 and 1: "
            f"in effect at {math.exp(-each):.1g}",
        )


def _near_the_ends(measure: Callable, ink: int, draw: Draw) -> None:
    """Check that probabilities inside [1e-7, 1 - 1e-7] count as they are."""
    shape = draw.integer(2, 5), draw.integer(50, 784)
    x = np.full(shape, ink, np.float32)
    p = np.full(shape, abs(1 - ink - NEAR), np.float32)
    each = _call(measure, x, p) / shape[1]
    right = _bce(x[0, 0].astype(float), p[0, 0].astype(float))
    if not close(each, right, 0.03):
        raise CheckFailed(
            f"pixels of {ink} with p = {p[0, 0]:.8g} cost {number(each)} each",
            f"{number(right)}: from 1e-7 to 1 - 1e-7, p counts as it is",
            f"an epsilon that is too large: in effect {math.exp(-each):.1g}",
        )
