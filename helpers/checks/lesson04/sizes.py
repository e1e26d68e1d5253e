"""Check the size of a convolution's output, and of a transposed one's."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral

import torch
from torch import nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.modules import undisturbed

SIZES = [
    (28, 4, 2, 1),
    (14, 4, 2, 1),
    (28, 3, 2, 1),
    (7, 3, 1, 0),
    (9, 5, 3, 2),
    (6, 4, 3, 1),
]


def _conv(n, k, s, p):
    return (n + 2 * p - k) // s + 1


def _transposed(n, k, s, p):
    return (n - 1) * s - 2 * p + k


CONV_MISTAKES = {
    "rounding: a window that does not fit whole is left out, so round down (//)": (
        lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1
    ),
    "padding: it is added on both sides, 2 * padding": (
        lambda n, k, s, p: (n + p - k) // s + 1
    ),
    "padding: it is added to n, not subtracted": (
        lambda n, k, s, p: (n - 2 * p - k) // s + 1
    ),
    "padding: it is left out": lambda n, k, s, p: (n - k) // s + 1,
    "the + 1: the window's first place counts too": (
        lambda n, k, s, p: (n + 2 * p - k) // s
    ),
    "the + 1: it comes after the division, outside the brackets": (
        lambda n, k, s, p: (n + 2 * p - k + 1) // s
    ),
    "the stride: it is left out": lambda n, k, s, p: n + 2 * p - k + 1,
    "kernel and stride are swapped": lambda n, k, s, p: (n + 2 * p - s) // k + 1,
    "stride and padding are swapped": lambda n, k, s, p: _conv(n, k, max(p, 1), s),
    "brackets: // binds more strongly than + and -": (
        lambda n, k, s, p: n + 2 * p - k // s + 1
    ),
    "that is the transposed convolution's size": _transposed,
}
TRANSPOSED_MISTAKES = {
    "padding: it is cut from both edges, 2 * padding": (
        lambda n, k, s, p: (n - 1) * s - p + k
    ),
    "padding: here it is cut off, not added": lambda n, k, s, p: (
        (n - 1) * s + 2 * p + k
    ),
    "padding: it is left out": lambda n, k, s, p: (n - 1) * s + k,
    "the kernel: it is left out": lambda n, k, s, p: (n - 1) * s - 2 * p,
    "the kernel: the last stamp is as wide as the whole window": (
        lambda n, k, s, p: (n - 1) * s - 2 * p + k - 1
    ),
    "n - 1: there is one step less than there are pixels": (
        lambda n, k, s, p: n * s - 2 * p + k
    ),
    "kernel and padding: stride times n is not all": lambda n, k, s, p: n * s,
    "the stride: it is left out": lambda n, k, s, p: n - 1 - 2 * p + k,
    "an output_padding of 1: there is none here": (
        lambda n, k, s, p: _transposed(n, k, s, p) + 1
    ),
    "an output_padding of stride - 1: there is none here": (
        lambda n, k, s, p: _transposed(n, k, s, p) + s - 1
    ),
    "kernel and stride are swapped": lambda n, k, s, p: _transposed(n, s, k, p),
    "stride and padding are swapped": lambda n, k, s, p: _transposed(n, k, p, s),
    "that is the strided convolution's size": _conv,
}


@check("sizes")
@undisturbed
def sizes(conv_size: Callable, transposed_size: Callable) -> None:
    """Check both formulas against PyTorch's own layers."""
    pairs = [
        (conv_size, nn.Conv2d, "conv_size", CONV_MISTAKES),
        (transposed_size, nn.ConvTranspose2d, "transposed_size", TRANSPOSED_MISTAKES),
    ]
    for function, layer, name, mistakes in pairs:
        answers = [function(*case) for case in SIZES]
        for case, got in zip(SIZES, answers, strict=True):
            n, *options = case
            want = layer(1, 1, *options)(torch.zeros(1, 1, n, n)).shape[-1]
            if isinstance(got, Integral) and not isinstance(got, bool) and got == want:
                continue
            look = f"each symbol of the formula for {name}: does it stand in its place?"
            for mistake, formula in mistakes.items():
                if all(a == formula(*c) for a, c in zip(answers, SIZES, strict=True)):
                    look = mistake
            if got is None:
                look = "is there a return statement?"
            elif isinstance(got, float | torch.Tensor) and math.floor(got) == want:
                look = "the division: // gives a whole number, / a float"
            elif isinstance(got, tuple | list):
                look = "one number: the maps are square"
            raise CheckFailed(
                f"{name}({', '.join(map(str, case))}) gives {got}, "
                f"of type {type(got).__name__}",
                f"the int {want}, as nn.{layer.__name__} does",
                look,
            )
