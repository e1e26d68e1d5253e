"""Figures against their bands."""

import math

import pytest

from course.run import figures


@pytest.mark.parametrize(
    ("value", "expected", "verdict"),
    [
        (0.4, [0.4, 0.6], "in band"),
        (0.61, [0.4, 0.6], "OUT OF BAND"),
        (math.nan, [0.4, 0.6], "OUT OF BAND"),
        (math.nan, [-math.inf, math.inf], "OUT OF BAND"),
        (7.0, None, "no band"),
    ],
)
def test_a_figure_is_held_against_its_band(value, expected, verdict):
    figure = {"value": value, "expected": expected}
    found = figures.verdict(figure, fast=False, synthetic=False, changed=False)
    assert found == verdict
