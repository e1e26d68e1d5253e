"""Every value can be read, in the picture and in words."""

import re

import pytest

from helpers import plots
from helpers.plots import charts


def test_the_text_alternative_says_the_figures(shown):
    plots.bars({"a": 1.0, "b": 2.0}, "Which?", "MSE")
    plots.curves({"train": [3, 2, 1]}, "Down", "loss (nats)")
    bars, curves = (message["metadata"]["image/png"]["alt"] for message in shown)
    assert bars == "Which? MSE: a: 1; b: 2."
    assert curves == "Down. loss (nats) against epoch: train goes from 3 to 1."


@pytest.mark.parametrize("count", [4, 5])
def test_many_curves_have_their_legend_beside_them(count, monkeypatch):
    drawn = []
    monkeypatch.setattr(charts, "show", lambda fig, *rest: drawn.append(fig))
    plots.curves({str(i): [i, 1] for i in range(count)}, "t", "loss (nats)")
    (ax,) = drawn[0].axes
    drawn[0].draw_without_rendering()
    beside = ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1
    assert beside == (count > 4)


def test_a_logarithmic_axis_has_plain_numbers(monkeypatch):
    drawn = []
    monkeypatch.setattr(charts, "show", lambda fig, *rest: drawn.append(fig))
    plots.curves({"loss": [0.021, 0.009, 0.007]}, "t", "MSE", yscale="log")
    drawn[0].draw_without_rendering()
    (ax,) = drawn[0].axes
    assert ax.get_yscale() == "log"
    assert {"0.007", "0.01", "0.02"} <= {t.get_text() for t in ax.get_yticklabels()}


@pytest.mark.parametrize(
    "values", [[100.0, 120, 130], [900.0, 120, 100], [1.0], [3, 3]]
)
def test_every_point_of_a_live_curve_is_in_the_picture(values):
    drawn = plots.live_curves({"train": values}, 5)
    (points,) = re.findall(r'points="([^"]+)"', drawn)
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert len(heights) == len(values)
    assert all(15 <= y <= 105 for y in heights)


def test_a_level_is_a_line_with_its_name(monkeypatch):
    drawn = []
    monkeypatch.setattr(charts, "show", lambda fig, *rest: drawn.append(fig))
    plots.curves({"train": [3, 2, 1]}, "t", "loss (nats)", levels={"PCA": 1.5})
    (ax,) = drawn[0].axes
    _, level = ax.lines
    assert list(level.get_ydata()) == [1.5, 1.5]
    assert [name.get_text() for name in ax.get_legend().texts] == ["train", "PCA"]
