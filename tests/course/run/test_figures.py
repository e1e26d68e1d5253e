"""Figures against their bands."""

import math

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

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


def notebook(*data):
    """A notebook whose cells have such outputs."""
    outputs = [new_output("display_data", dict(each)) for each in data]
    return new_notebook(cells=[new_code_cell("x", outputs=[each]) for each in outputs])


def metric(**bundle):
    return {figures.METRIC_MIME: bundle, "text/plain": "a figure"}


STAMP = {"text/plain": "SYNTHETIC stand-ins"}


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        ([], None),
        ([{"text/plain": "a figure of SYNTHETIC data"}], None),
        ([metric(value=1)], None),
        ([metric(value=1, data="real")], "real"),
        ([metric(value=1), metric(value=1, data="real")], "real"),
        ([metric(data="real"), metric(data="SYNTHETIC")], "SYNTHETIC"),
        ([metric(data="real"), STAMP], "SYNTHETIC"),
        ([STAMP], "SYNTHETIC"),
    ],
)
def test_one_figure_or_stamp_of_stand_in_data_tells_for_the_whole(outputs, kind):
    assert figures.data_kind(notebook(*outputs)) == kind


def test_without_a_notebook_there_is_no_figure():
    assert figures.data_kind(None) is None
    assert figures.recorded(None) == []


@pytest.mark.parametrize(
    ("given", "value"), [(1, 1.0), ("2.5", 2.5), (None, math.nan), ("x", math.nan)]
)
def test_a_figure_is_read_as_a_number_and_has_all_its_parts(given, value):
    (figure,) = figures.recorded(notebook(metric(value=given, expected=[0, None])))
    assert figure["value"] == pytest.approx(value, nan_ok=True)
    assert figure["expected"] == pytest.approx([0.0, math.nan], nan_ok=True)
    assert (figure["name"], figure["unit"], figure["facts"]) == ("figure", "", {})


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (dict(fast=True), "not enforced: fast"),
        (dict(synthetic=True, changed=True), "not enforced: SYNTHETIC, parameters"),
        (dict(data="SYNTHETIC"), "not enforced: SYNTHETIC"),
        (dict(enforced=False), "not enforced: by the lesson"),
        (dict(enforced=False, fast=True), "not enforced: fast"),
    ],
)
def test_why_a_band_is_not_enforced_is_said(why, said):
    runs = {name: why.pop(name, False) for name in ("fast", "synthetic", "changed")}
    figure = {"value": 9, "expected": [0, 1], **why}
    assert figures.verdict(figure, **runs) == said
    figure["expected"] = None
    assert figures.verdict(figure, **runs) == "no band"


@pytest.mark.parametrize(
    ("figure", "shown", "band"),
    [
        (
            dict(value=0.12346, expected=[0, 1.5], unit="nats"),
            "0.1235 nats",
            "0 to 1.5",
        ),
        (dict(value=math.nan, expected=None, unit=None), "not a number", "-"),
    ],
)
def test_a_figure_as_text(figure, shown, band):
    assert figures.show_value(figure) == shown
    assert figures.show_band(figure) == band
