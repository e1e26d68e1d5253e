"""Answers in NumPy are read as what they are, and a mistake is named by its value."""

import numpy as np
import pytest
import torch

from helpers.checks import arrays
from helpers.checks.base import CheckFailed


def compare(seen, right, mistakes):
    arrays.compare(seen, right, mistakes, "it gave", "the rule", look="elsewhere")


def test_only_the_mistake_that_gives_these_numbers_is_named():
    with pytest.raises(CheckFailed) as failure:
        compare(6.0, 3.0, {"doubled": 6.0, "halved": 1.5})
    assert failure.value.look == "doubled"


def test_where_several_mistakes_fit_all_are_told():
    with pytest.raises(CheckFailed, match="one of these: doubled; squared"):
        compare(4.0, 2.0, {"doubled": 4.0, "squared": 4.0, "halved": 1.0})


def test_a_mistake_that_changes_nothing_here_is_not_named():
    with pytest.raises(CheckFailed, match="elsewhere"):
        compare(5.0, 1.0, {"squared": 1.0})


def test_the_place_where_arrays_differ_is_told_with_digits_that_tell_them_apart():
    right = np.ones((2, 3))
    seen = right.copy()
    seen[1, 2] = 1.002
    with pytest.raises(CheckFailed) as failure:
        compare(seen, right, {})
    assert failure.value.observed == "it gave 1.002 at [1, 2]"
    assert failure.value.expected.startswith("1 at [1, 2]")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nan_and_infinity_are_never_right(wrong):
    with pytest.raises(CheckFailed, match="log of zero"):
        compare(np.array([1.0, wrong]), np.array([1.0, 2.0]), {})


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float32(2), np.array([2]), torch.tensor(2)]
)
def test_any_kind_of_number_is_a_number(value):
    assert arrays.read_number(value, "f()") == 2.0


@pytest.mark.parametrize("value", [None, "2", [2], (2,), {2}, object(), np.ones(3)])
def test_what_is_no_number_is_told(value):
    with pytest.raises(CheckFailed, match=r"f\(\)"):
        arrays.read_number(value, "f()")


class Lying:
    def __array__(self, *args, **kwargs):
        return np.zeros(3)


class LyingArray(np.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [Lying(), np.zeros(3).view(LyingArray), np.ma.masked_all(3)],
    ids=["an object", "a kind of array", "a masked array"],
)
def test_what_may_answer_for_itself_is_no_array(value):
    with pytest.raises(CheckFailed, match="an ordinary array of numbers"):
        arrays.read(value, "it()")


@pytest.mark.parametrize("value", [np.zeros(3), torch.zeros(3), np.float32(0), 0.0])
def test_what_libraries_make_is_read(value):
    assert not arrays.read(value, "it()").any()
