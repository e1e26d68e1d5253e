"""A loop without an end stops early, and nothing else is stopped."""

import random
import sys

import pytest

from helpers.checks.base import CheckFailed
from helpers.checks.endless import lines_at_most


def collect(enough):
    found = []
    while len(found) < enough:
        found.append(0)
    return found


def test_a_loop_that_collects_for_ever_is_stopped():
    with (
        pytest.raises(CheckFailed, match=r"collect\(\): after 1,000 lines"),
        lines_at_most(1000, "collect()", "an end"),
    ):
        collect(float("inf"))


def test_a_loop_that_ends_goes_through_and_the_trace_is_as_before():
    before = sys.gettrace()
    with lines_at_most(1000, "collect()", "an end"):
        assert len(collect(400)) == 400
    assert sys.gettrace() is before


def test_lines_of_libraries_do_not_count():
    with lines_at_most(100, "shuffle()", "an end"):
        random.Random(0).shuffle(list(range(1000)))
