"""Check the size of a convolution's output, and of a transposed one's."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F

from helpers.checks.arrays import is_real, is_whole
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.messages import kind


def _conv(n, k, s, p):
    return (n + 2 * p - k) // s + 1


def _transposed(n, k, s, p):
    return (n - 1) * s - 2 * p + k


CONV_MISTAKES = {
    "rounding: a window that does not fit whole is left out, so round down (//)": (
        lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1
    ),
    "rounding: round() goes to the nearest whole number, // rounds down": (
        lambda n, k, s, p: round((n + 2 * p - k) / s) + 1
    ),
    "rounding: round() goes to the nearest whole number; // rounds down, then + 1": (
        lambda n, k, s, p: round((n + 2 * p - k) / s + 1)
    ),
    "rounding: + 0.5 goes to the nearest whole number, // rounds down": (
        lambda n, k, s, p: math.floor((n + 2 * p - k) / s + 0.5) + 1
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
    "the stride: it divides, // stride": lambda n, k, s, p: (n + 2 * p - k) * s + 1,
    "the stride: a 2 stands in its place": lambda n, k, s, p: _conv(n, k, 2, p),
    "kernel and stride are swapped": lambda n, k, s, p: _conv(n, s, k, p),
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
    "the kernel: it is added, not subtracted": (
        lambda n, k, s, p: (n - 1) * s - 2 * p - k
    ),
    "n - 1: there is one step less than there are pixels": (
        lambda n, k, s, p: n * s - 2 * p + k
    ),
    "brackets: n - 1 is multiplied as a whole": lambda n, k, s, p: n - s - 2 * p + k,
    "kernel and padding: stride times n is not all": lambda n, k, s, p: n * s,
    "the stride: it is left out": lambda n, k, s, p: n - 1 - 2 * p + k,
    "the stride: a 2 stands in its place": lambda n, k, s, p: _transposed(n, k, 2, p),
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
def sizes(conv_size: Callable, transposed_size: Callable, draw: Draw) -> None:
    """Check both formulas against PyTorch's own layers."""
    cases = [(28, 4, 2, 1), (14, 4, 2, 1), (28, 3, 1, 1), (9, 5, 3, 2)]
    while len(cases) < 60:
        kernel, stride = draw.integer(1, 9), draw.integer(1, 6)
        padding, n = draw.integer(0, kernel // 2 + 1), draw.integer(1, 70)
        if n + 2 * padding >= kernel and _transposed(n, kernel, stride, padding) > 0:
            cases.append((n, kernel, stride, padding))
    kernel = draw.integer(5, 9)
    large = 224, draw.integer(300, 500)  # whoever makes such a map has memory for it
    cases += [(n, kernel, draw.integer(1, 3), 2) for n in large]
    cases += [  # wider than the map, than the map with one edge, and as wide as all
        (kernel - 1, kernel, 1, 1),
        (kernel - 3, kernel, 2, 3),
        (kernel - 4, kernel, draw.integer(1, 3), 2),
    ]
    _require(conv_size, F.conv2d, cases, "conv_size", CONV_MISTAKES)
    layer = F.conv_transpose2d
    _require(transposed_size, layer, cases, "transposed_size", TRANSPOSED_MISTAKES)


def _require(
    function: Callable, layer: Callable, cases: list, name: str, mistakes: dict
) -> None:
    answers = [function(*case) for case in cases]
    for case, got in zip(cases, answers, strict=True):
        n, kernel, stride, padding = case
        maps = torch.zeros(1, 1, min(n, 9), n)
        weight = torch.zeros(1, 1, kernel, kernel)
        want = layer(maps, weight, stride=stride, padding=padding).shape[-1]
        whole = is_whole(got)
        if not whole or want != int(got):
            said = f"{got}" if whole else f"{got}, {kind(got)}"
            raise CheckFailed(
                f"{name}({', '.join(map(str, case))}) gives {said}",
                f"the int {want}, as nn.{LAYERS[name]} does",
                _look(cases, answers, name, mistakes),
            )


LAYERS = {"conv_size": "Conv2d", "transposed_size": "ConvTranspose2d"}


def _look(cases: list, answers: list, name: str, mistakes: dict) -> str:
    if any(answer is None for answer in answers):
        return "is there a return statement?"
    if any(isinstance(answer, tuple | list) for answer in answers):
        return "one number: the maps are square"
    found = []
    if any(isinstance(answer, torch.Tensor) for answer in answers):
        return "int(...) or plain numbers: a tensor is not an int"
    if not all(map(is_whole, answers)):
        if not all(map(is_real, answers)):
            return "one whole number"
        found.append("the division: // gives a whole number, / a float")
        answers = [math.floor(answer) for answer in answers]
    for mistake, formula in mistakes.items():
        if all(a == formula(*c) for a, c in zip(answers, cases, strict=True)):
            found.append(mistake)
    right = {"conv_size": _conv, "transposed_size": _transposed}[name]
    both = [(a, c) for a, c in zip(answers, cases, strict=True) if c[1] <= c[0]]
    if not found and all(a == right(*c) for a, c in both):
        found.append(
            "a condition or a limit for a kernel larger than n: leave it out"
            + ", with the padding the window fits" * (name == "conv_size")
        )
    # A quotient that was not rounded at all is explained by its type alone.
    look = f"each symbol of the formula for {name}: does it stand in its place?"
    return "; and ".join(found) or look
