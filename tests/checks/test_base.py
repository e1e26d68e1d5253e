"""A failure points at the student's line, not at a library's."""

import random

import numpy as np
import pytest

from helpers.checks.base import CheckFailed, check


@check("shuffled")
def shuffled(function):
    function(5)


def in_the_standard_library(n):
    return random.Random(0).shuffle(range(n))


def in_compiled_code(n):
    return np.random.default_rng(0).shuffle(n)


@pytest.mark.parametrize("answer", [in_the_standard_library, in_compiled_code])
def test_the_line_is_the_students(answer):
    with pytest.raises(CheckFailed) as failure:
        shuffled(answer)
    assert "`return " in failure.value.look
    assert ".shuffle(" in failure.value.look


class Begun:
    def __init__(self, n):
        self.n = n
        self.go_on()

    def go_on(self):
        raise NotImplementedError


class NotBegun:
    def __init__(self, n):
        raise NotImplementedError


def not_begun(n):
    raise NotImplementedError


def test_of_what_was_begun_the_open_method_is_named():
    with pytest.raises(NotImplementedError, match="shuffled: `go_on` is not written"):
        shuffled(Begun)
    for stub in (NotBegun, not_begun):
        with pytest.raises(NotImplementedError, match="shuffled: this is not written"):
            shuffled(stub)
