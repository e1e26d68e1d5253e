"""Right and wrong answers to `active_units`, lesson 05."""

import numpy as np
import pytest
import torch

from helpers.checks import lesson05 as checks
from tests.checks.lesson05 import _tries

RIGHT = {
    "var": lambda mu, threshold=0.01: mu.var(dim=0) > threshold,
    "var without correction": lambda mu, threshold=0.01: (
        mu.var(dim=0, correction=0) >= threshold
    ),
    "std squared": lambda mu, threshold=0.01: mu.std(dim=0) ** 2 > threshold,
    "by hand": lambda mu, threshold=0.01: (
        ((mu - mu.mean(0)) ** 2).mean(0).gt(threshold)
    ),
    "numpy": lambda mu, threshold=0.01: torch.from_numpy(
        np.var(mu.numpy(), axis=0) > threshold
    ),
}
WRONG = {
    "std": (lambda mu, threshold=0.01: mu.std(dim=0) > threshold, "not the standard"),
    "square": (lambda mu, threshold=0.01: (mu**2).mean(0) > threshold, "always 2"),
    "size": (lambda mu, threshold=0.01: mu.abs().mean(0) > threshold, "always 2"),
    "collapsed": (lambda mu, threshold=0.01: mu.var(dim=0) < threshold, "above"),
    "fixed": (
        lambda mu, threshold=0.01: mu.var(dim=0) > 0.01,
        "instead of `threshold`",
    ),
    "wrong axis": (lambda mu, threshold=0.01: mu.var(dim=1) > threshold, "dim=0"),
    "range": (
        lambda mu, threshold=0.01: mu.amax(0) - mu.amin(0) > threshold,
        "the range",
    ),
    "relative": (
        lambda mu, threshold=0.01: mu.var(0) / mu.var(0).max() > threshold,
        "compared with the threshold",
    ),
    "other default": (lambda mu, threshold=0.1: mu.var(dim=0) > threshold, "default"),
    "indices": (
        lambda mu, threshold=0.01: torch.where(mu.var(dim=0) > threshold)[0],
        "no indices",
    ),
    "in place": (
        lambda mu, threshold=0.01: mu.sub_(mu.mean(0)).pow(2).mean(0) > threshold,
        "was changed",
    ),
    "a count": (lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).sum(), "later"),
    "numbers": (lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).float(), "bool"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    _tries.passes_always(checks.active_units, RIGHT[variant], capsys)


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    _tries.is_named(checks.active_units, *WRONG[variant])


def test_random_numbers_stay_where_they_were():
    _tries.leaves_random_numbers(checks.active_units, next(iter(RIGHT.values())))


def test_a_stub_stays_a_stub():
    _tries.is_a_stub(checks.active_units)
