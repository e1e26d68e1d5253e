"""The check of both sizes names what goes wrong, and accepts what is right."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed


def conv(n, kernel, stride, padding):
    return (n + 2 * padding - kernel) // stride + 1


def transposed(n, kernel, stride, padding):
    return (n - 1) * stride - 2 * padding + kernel


def by_layer(layer):
    def size(n, kernel, stride, padding):
        return layer(1, 1, kernel, stride, padding)(torch.zeros(1, 1, n, n)).shape[-1]

    return size


RIGHT = {
    "formulas": (conv, transposed),
    "int of a quotient": (lambda n, k, s, p: int((n + 2 * p - k) / s + 1), transposed),
    "asking the layers": (by_layer(nn.Conv2d), by_layer(nn.ConvTranspose2d)),
    "counting the places": (
        lambda n, k, s, p: len(range(0, n + 2 * p - k + 1, s)),
        transposed,
    ),
    "numpy's whole numbers": (
        lambda n, k, s, p: np.int64(conv(n, k, s, p)),
        lambda n, k, s, p: s * (n - 1) - 2 * p + (k - 1) + 1,
    ),
}
WRONG = {
    "a float": (lambda n, k, s, p: (n + 2 * p - k) / s + 1, transposed, "//"),
    "one padding": (lambda n, k, s, p: (n + p - k) // s + 1, transposed, "both sides"),
    "no plus one": (lambda n, k, s, p: (n + 2 * p - k) // s, transposed, "the . 1"),
    "rounded up": (
        lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1,
        transposed,
        "round down",
    ),
    "rounded": (
        lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
        transposed,
        "conv_size",
    ),
    "no stride": (lambda n, k, s, p: n + 2 * p - k + 1, transposed, "the stride"),
    "kernel for stride": (
        lambda n, k, s, p: conv(n, s, k, p),
        transposed,
        "kernel and stride are swapped",
    ),
    "brackets": (lambda n, k, s, p: n + 2 * p - k // s + 1, transposed, "brackets"),
    "a pair": (lambda n, k, s, p: (conv(n, k, s, p),) * 2, transposed, "one number"),
    "twice the side": (conv, lambda n, k, s, p: n * s, "transposed_size"),
    "one padding back": (conv, lambda n, k, s, p: (n - 1) * s - p + k, "both edges"),
    "padding added back": (conv, lambda n, k, s, p: (n - 1) * s + 2 * p + k, "cut off"),
    "output_padding": (
        conv,
        lambda n, k, s, p: transposed(n, k, s, p) + s - 1,
        "output_padding",
    ),
    "n steps": (conv, lambda n, k, s, p: n * s - 2 * p + k, "n - 1"),
    "swapped": (transposed, conv, "the transposed convolution's size"),
    "nothing": (lambda n, k, s, p: None, transposed, "None"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_sizes(variant):
    checks.sizes(*RIGHT[variant])


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_sizes(variant):
    *functions, named = WRONG[variant]
    with pytest.raises(CheckFailed, match=named):
        checks.sizes(*functions)
