"""The binary cross-entropy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson00._arrays import as_number, compare_number, unchanged


@check("bce_per_image")
def bce_per_image(measure: Callable) -> None:
    """Check ``bce_per_image(x, p)``, summed over pixels and averaged over images."""
    n, d = 6, 784
    x = np.full((n, d), 0.2, np.float32)
    p = np.full((n, d), 0.6, np.float32)
    before = x.copy(), p.copy()
    got = as_number(measure(x, p), "bce_per_image", n)
    unchanged("bce_per_image", (x, p), before)
    pixel = -(0.2 * math.log(0.6) + 0.8 * math.log(0.4))
    compare_number(
        got,
        pixel * d,
        _bce_mistakes(x, p),
        what="x = 0.2 and p = 0.6 everywhere, 784 pixels, 6 images: it gave",
        rule=f"{pixel:.4f} a pixel, summed over the 784 pixels, averaged over the "
        "images",
    )
    _finite_bce(measure)

    rng = np.random.default_rng(0)
    for shape in ((97, 784), (1, 784), (5, 1568)):
        x, p = rng.random((2, *shape), dtype=np.float32)
        p = 0.05 + 0.9 * p
        compare_number(
            as_number(measure(x, p), "bce_per_image", len(x)),
            float(_bce(x, p.astype(np.float64)).sum(axis=1).mean()),
            _bce_mistakes(x, p),
            what=f"images of shape {shape}:",
            rule="twice the pixels give twice the sum, more images leave it alone",
            look="an axis, a batch size or the number 784 written into the code, or "
            "p clipped too far from 0 and 1",
        )


def _bce(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """The cost of each pixel."""
    return -(x * np.log(p) + (1 - x) * np.log(1 - p))


def _bce_mistakes(x: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """What the usual mistakes give for these images."""
    x, p = x.astype(np.float64), p.astype(np.float64)
    n, d = x.shape
    cost, ink, paper = _bce(x, p), x * np.log(p), (1 - x) * np.log(1 - p)
    right, sigmoid = cost.sum() / n, 1 / (1 + np.exp(-p))
    whole = {
        "averaged over the pixels too": right / d,
        "summed over the images too": right * n,
        "averaged over the pixels and summed over the images": right / d * n,
        "with the minus sign missing": -right,
        "with logarithms to base 2, not natural ones": right / math.log(2),
        "with logarithms to base 10, not natural ones": right / math.log(10),
        "of the first image only": cost[0].sum(),
        "the number 784 is written in: take the size of the array": right / d * 784,
    }
    pixels = {
        "without the (1 - x) log(1 - p) part": -ink,
        "without the x log p part": -paper,
        "with x and p exchanged": _bce(p, np.clip(x, 1e-7, 1 - 1e-7)),
        "with p and 1 - p exchanged: a white pixel wants a large p": _bce(x, 1 - p),
        "the minus sign is for both parts, not for the first alone": -ink + paper,
        "the minus sign is for both parts, not for the second alone": ink - paper,
        "brackets are missing: (1 - x) * log(1 - p)": -(ink + 1 - x * np.log(1 - p)),
        "brackets are missing, and the minus sign is for the first part alone": (
            -ink + 1 - x * np.log(1 - p)
        ),
        "with a sigmoid put on p, which is a probability already": _bce(x, sigmoid),
        "with the floor, the image's own entropy, subtracted": (
            cost - _bce(x, np.clip(x, 1e-7, 1 - 1e-7))
        ),
        "with x rounded to 0 or 1: a grey pixel costs both parts": _bce(x.round(), p),
        "with each x above 0 taken as 1: a grey pixel costs both parts": -np.log(p),
        "with x scaled again, by 255: it is in [0, 1] already": _bce(x / 255, p),
        "the squared error, not the cross-entropy": (x - p) ** 2,
    }
    return whole | {name: table.sum() / n for name, table in pixels.items()}


def _finite_bce(measure: Callable) -> None:
    """Check what happens at probabilities of exactly 0 and 1."""
    x = np.zeros((3, 784), np.float32)
    x[:, ::2] = 1
    same, other = x.copy(), 1 - x
    with np.errstate(all="ignore"):
        right = as_number(measure(x, same), "bce_per_image", 3)
        wrong = as_number(measure(x, other), "bce_per_image", 3)
    unchanged("bce_per_image", (same, other), (x, 1 - x))
    for p, value in (("p = x", right), ("p = 1 - x", wrong)):
        if not math.isfinite(value):
            raise CheckFailed(
                f"a black and white image with {p} gave {value}",
                "a finite number: a network's sigmoid does reach 0 and 1 in float32",
                "log(0); clip p (not x), on both sides: to [1e-7, 1 - 1e-7]. An "
                "epsilon below 6e-8 vanishes in float32: 1 - 1e-8 is 1",
            )
    if abs(right) > 0.02:
        raise CheckFailed(
            f"a black and white image, predicted perfectly, costs {right:.4g}",
            "0 (less than 0.02 for 784 pixels)",
            "an epsilon that is too large; 1e-7 is enough",
        )
    if wrong < 784:
        raise CheckFailed(
            f"a sure and wrong prediction costs {wrong / 784:.3g} a pixel",
            "much more: about 16 a pixel when p is clipped at 1e-7",
            "infinite or nan costs are thrown away or set to 0 (nan_to_num, nansum, "
            "where); clip p before the logarithm instead",
        )
    if wrong < 784 * 11:
        raise CheckFailed(
            f"a sure and wrong prediction costs {wrong / 784:.3g} a pixel",
            "much more: about 16 a pixel when p is clipped at 1e-7",
            "an epsilon that is too large, or p clipped too far from 0 and 1",
        )
