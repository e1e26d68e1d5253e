"""Every value can be read, in the picture and in words."""

import re

import pytest

from helpers import plots
from helpers.plots import charts


@pytest.fixture
def drawn(monkeypatch):
    """Figures as they would be shown, and what is said of them."""
    figures = []
    monkeypatch.setattr(charts, "show", lambda fig, alt, *_: figures.append((fig, alt)))
    return figures


def axes_of(drawn):
    (ax,) = drawn[-1][0].axes
    return ax


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


def test_curves_are_told_apart_by_more_than_their_color(drawn):
    plots.curves({str(i): [i, 1] for i in range(11)}, "t", "loss (nats)")
    lines = axes_of(drawn).lines
    looks = [(x.get_color(), x.get_linestyle(), x.get_marker()) for x in lines]
    assert len({look[1:] for look in looks[:4]}) == 4
    assert len({look[0] for look in looks[:6]}) == 6
    assert len(set(looks)) == 11


def test_curves_begin_at_the_first_epoch_and_long_ones_have_no_markers(drawn):
    plots.curves({"short": range(10), "long": range(100), "none": []}, "t", "nats")
    short, long, none = axes_of(drawn).lines
    assert list(short.get_xdata()) == list(range(1, 11))
    assert (short.get_marker(), long.get_marker()) == ("o", "None")
    assert len(none.get_xdata()) == 0
    said = "short goes from 0 to 9; long goes from 0 to 99."
    assert drawn[-1][1] == f"t. nats against epoch: {said}"


@pytest.mark.parametrize(
    ("places", "xlabel", "whole"),
    [([0.5, 2, 3.5], "share", False), ([1, 2.5, 4], "epoch", True), (None, "x", True)],
)
def test_only_an_axis_of_ones_own_has_broken_numbers(drawn, places, xlabel, whole):
    plots.curves({"a": [1, 2, 3]}, "t", "y", xlabel, places)
    ax = axes_of(drawn)
    assert list(ax.lines[0].get_xdata()) == (places or [1, 2, 3])
    drawn[-1][0].draw_without_rendering()
    assert whole == all(tick % 1 == 0 for tick in ax.get_xticks())
    assert (ax.get_xlabel(), ax.get_ylabel()) == (xlabel, "y")


def test_a_legend_comes_with_a_second_line(drawn):
    plots.curves({"a": [1, 2]}, "t", "y")
    assert axes_of(drawn).get_legend() is None
    plots.curves({"a": [1, 2], "b": [2, 1]}, "t", "y")
    assert len(axes_of(drawn).get_legend().texts) == 2


def test_levels_are_told_apart_from_each_other_and_from_the_first_curve(drawn):
    plots.curves({"a": [1, 2]}, "t", "y", levels={str(i): i for i in range(4)})
    dashes = [line.get_linestyle() for line in axes_of(drawn).lines]
    assert dashes[0] != dashes[1]
    assert len(set(dashes[1:])) == 4


def test_bars_stand_above_their_names_with_their_values(drawn):
    values = {"a name too long for one line": 1.0, "b": 0.12345}
    plots.bars(values, "t", "MSE", levels={"PCA": 0.5})
    ax = axes_of(drawn)
    assert [bar.get_height() for bar in ax.patches] == [1.0, 0.12345]
    names = [name.get_text() for name in ax.get_xticklabels()]
    assert names == ["a name too\nlong for one\nline", "b"]
    assert [text.get_text() for text in ax.texts] == ["1", "0.1235"]
    assert [name.get_text() for name in ax.get_legend().texts] == ["PCA"]
    assert ax.get_ylabel() == "MSE"
    plots.bars({"a": 1.0}, "t", "MSE")
    assert axes_of(drawn).get_legend() is None


@pytest.mark.parametrize(("count", "lines"), [(4, 1), (9, 2)])
def test_names_of_many_bars_are_wrapped_sooner(drawn, count, lines):
    plots.bars({f"{i} to ten ten": 1.0 for i in range(count)}, "t", "MSE")
    name = axes_of(drawn).get_xticklabels()[0].get_text()
    assert len(name.splitlines()) == lines


def points_of(drawn):
    return [
        [tuple(map(float, point.split(","))) for point in line.split()]
        for line in re.findall(r'points="([^"]+)"', drawn)
    ]


def test_a_live_curve_spans_its_frame():
    (points,) = points_of(plots.live_curves({"train": [3.0, 2.0, 1.0]}, 3))
    assert points == [(70, 15), (205, 15), (340, 105)], "the first does not stretch it"
    (points,) = points_of(plots.live_curves({"train": [3.0, 1.0]}, 3))
    assert points == [(70, 15), (205, 105)]
    (points,) = points_of(plots.live_curves({"train": [2.0, 1.0]}, 4, first=3))
    assert points == [(250, 15), (340, 105)]


def test_a_live_curve_has_its_scale_in_numbers_and_its_name():
    drawn = plots.live_curves({"a<b": [9.0, 2.5, 1.25], "none": []}, 7)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert texts == ["2.5", "1.25", "1", "epoch", "7", "a&lt;b"]
    assert 'aria-label="Live curves: a&lt;b went from 9 to 1.25."' in drawn
    assert plots.live_curves({"none": []}, 7) == ""


def test_many_live_curves_are_told_apart():
    drawn = plots.live_curves({str(i): [1.0, 2.0] for i in range(7)}, 2)
    looks = re.findall(
        r'<polyline fill="none" stroke="(.+?)" stroke-dash.*?="(.+?)"', drawn
    )
    assert len({dashes for _, dashes in looks[:4]}) == 4
    assert len(set(looks)) == 7
    names = re.findall(r'<text x="380" y="(\d+)"', drawn)
    assert len(set(names)) == 7
