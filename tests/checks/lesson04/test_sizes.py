"""Right and wrong answers to the sizes of convolutions and transposed ones."""

import math
import numbers

import numpy as np
import pytest
import torch
from torch import nn

from helpers.checks import lesson04 as checks
from tests.checks.trial import trial

CHECK = checks.sizes
NAMES = ("conv_size", "transposed_size")


def conv(n, kernel, stride, padding):
    return (n + 2 * padding - kernel) // stride + 1


def transposed(n, kernel, stride, padding):
    return (n - 1) * stride - 2 * padding + kernel


def by_layer(layer):
    def size(n, kernel, stride, padding):
        return layer(1, 1, kernel, stride, padding)(torch.zeros(1, 1, n, n)).shape[-1]

    return size


def stamped(n, kernel, stride, padding):
    last = 0
    for place in range(n):
        last = max(last, place * stride + kernel)
    return last - 2 * padding


def unless(too_wide, otherwise=0):
    """The right size, but for windows that are taken for too wide."""
    return lambda n, k, s, p: otherwise if too_wide(n, k, p) else conv(n, k, s, p)


RIGHT = [
    (conv, transposed),
    (lambda n, k, s, p: int((n + 2 * p - k) / s + 1), transposed),
    (by_layer(nn.Conv2d), by_layer(nn.ConvTranspose2d)),
    (lambda n, k, s, p: len(range(0, n + 2 * p - k + 1, s)), transposed),
    (
        lambda n, k, s, p: np.int64(conv(n, k, s, p)),
        lambda n, k, s, p: s * (n - 1) - 2 * p + (k - 1) + 1,
    ),
    (lambda n, k, s, p: math.floor((n + 2 * p - k) / s) + 1, stamped),
    (lambda n, k, s, p: (n + 2 * p - (k - 1) - 1) // s + 1, transposed),
    (lambda n, k, s, p: divmod(n + 2 * p - k + s, s)[0], transposed),
    (conv, lambda n, k, s, p: n * s - s - p - p + k),
    (unless(lambda n, k, p: k > n + 2 * p), transposed),
    (lambda n, k, s, p: max((n + 2 * p - k) // s + 1, 0), transposed),
]


class Any(int):
    """Differs from no number."""

    def __ne__(self, other):
        return False

    def __eq__(self, other):
        return True


def masked(n, kernel, stride, padding):
    numbers.Integral.register(type(np.ma.masked))
    return np.ma.masked


WRONG = [
    ((lambda n, *rest: conv(min(n, 200), *rest), transposed), "symbol of the formula"),
    ((conv, lambda n, *rest: transposed(min(n, 250), *rest)), "transposed_size"),
    ((unless(lambda n, k, p: k > n), transposed), "with the padding the window fits"),
    ((unless(lambda n, k, p: k > n, 1), transposed), "kernel larger than n"),
    ((unless(lambda n, k, p: k > n + p), transposed), "kernel larger than n"),
    ((unless(lambda n, k, p: k >= n + 2 * p), transposed), "conv_size"),
    ((lambda n, k, s, p: conv(n, min(k, n), s, p), transposed), "kernel larger than n"),
    ((conv, lambda n, k, s, p: transposed(n, min(k, n), s, p)), "kernel larger than n"),
    ((conv, lambda n, k, s, p: (n - 1) * s + max(k - 2 * p, 0)), "transposed_size"),
    ((lambda n, k, s, p: Any(3), lambda n, k, s, p: Any(3)), "conv_size"),
    ((masked, masked), "conv_size"),
    ((lambda n, k, s, p: (n + 2 * p - k) / s + 1, transposed), "//"),
    ((lambda n, k, s, p: (n + p - k) // s + 1, transposed), "both sides"),
    ((lambda n, k, s, p: (n + 2 * p - k) // s, transposed), "the + 1"),
    ((lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1, transposed), "round down"),
    ((lambda n, k, s, p: round((n + 2 * p - k) / s) + 1, transposed), "conv_size"),
    ((lambda n, k, s, p: n + 2 * p - k + 1, transposed), "the stride"),
    (
        (lambda n, k, s, p: conv(n, s, k, p), transposed),
        "kernel and stride are swapped",
    ),
    ((lambda n, k, s, p: n + 2 * p - k // s + 1, transposed), "brackets"),
    ((lambda n, k, s, p: (conv(n, k, s, p),) * 2, transposed), "one number"),
    ((conv, lambda n, k, s, p: n * s), "transposed_size"),
    ((conv, lambda n, k, s, p: (n - 1) * s - p + k), "both edges"),
    ((conv, lambda n, k, s, p: (n - 1) * s + 2 * p + k), "cut off"),
    ((conv, lambda n, k, s, p: transposed(n, k, s, p) + s - 1), "output_padding"),
    ((conv, lambda n, k, s, p: n * s - 2 * p + k), "n - 1"),
    ((transposed, conv), "the transposed convolution's size"),
    ((lambda n, k, s, p: None, transposed), "None"),
    # relatives: right at the lesson's own numbers only
    ((lambda n, k, s, p: n // 2, lambda n, k, s, p: 2 * n), "conv_size"),
    ((conv, lambda n, k, s, p: 2 * n), "transposed_size"),
    ((lambda n, k, s, p: conv(n, 4, s, p), transposed), "conv_size"),
    ((conv, lambda n, k, s, p: transposed(n, k, 2, p)), "a 2 stands in its place"),
    ((lambda n, k, s, p: conv(n, k, s, 1), transposed), "conv_size"),
    ((lambda n, k, s, p: float(conv(n, k, s, p)), transposed), "a float"),
    ((conv, lambda n, k, s, p: torch.tensor(transposed(n, k, s, p))), "tensor"),
    ((lambda n, k, s, p: (n + 2 * p - k) / 2 + 1, transposed), "//"),
    ((lambda n, k, s, p: str(conv(n, k, s, p)), transposed), "whole number"),
    ((conv, lambda n, k, s, p: (n - 1) * (s - 2 * p) + k), "transposed_size"),
    ((conv, lambda n, k, s, p: n - 1 * s - 2 * p + k), "brackets"),
    ((lambda n, k, s, p: (n + 2 * p - k) // s + s, transposed), "conv_size"),
    ((lambda n, k, s, p: round((n + 2 * p - k) / s) + 1, transposed), "rounds down"),
    ((lambda n, k, s, p: round((n + 2 * p - k) / s + 1), transposed), "rounds down"),
    ((lambda n, k, s, p: int((n + 2 * p - k) / s + 1.5), transposed), "+ 0.5"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_stub_stays_a_stub():
    def stub(n, kernel, stride, padding):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"sizes.*not written yet"):
        CHECK(conv, stub)
