"""Figures are readable, small, and come with a text alternative."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import data, plots

IMAGES = np.random.default_rng(0).random((12, 784), np.float32)
DRAWINGS = {
    "rows": lambda **kw: plots.image_rows(
        {"originals": IMAGES, "copies": torch.tensor(IMAGES)[:8]}, "t", **kw
    ),
    "grid": lambda **kw: plots.image_grid(IMAGES.reshape(-1, 1, 28, 28), "t", 5, **kw),
    "curves": lambda **kw: plots.curves(
        {"train": [3, 2, 1]}, "t", "loss (nats)", levels={"PCA": 1.5}, **kw
    ),
    "bars": lambda **kw: plots.bars({"a": 1.0, "b": 2.0}, "t", "MSE", **kw),
    "codes": lambda **kw: plots.codes(
        IMAGES[:, :2], np.arange(12) % 3, ["a", "b", "c"], "t", **kw
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_has_a_picture_and_a_text_alternative(name, shown, tmp_path):
    DRAWINGS[name](save_as=tmp_path / "new" / "figure.png")
    (message,) = shown
    picture = Image.open(io.BytesIO(base64.b64decode(message["data"]["image/png"])))
    assert picture.width > 300
    assert len(message["data"]["image/png"]) < 100_000
    assert len(message["metadata"]["image/png"]["alt"]) > 5
    alt = message["metadata"]["image/png"]["alt"]
    assert message["data"]["text/plain"] == alt
    assert message["data"]["text/html"].startswith(f'<img alt="{alt}"')
    with Image.open(tmp_path / "new" / "figure.png") as saved:
        assert saved.size == picture.size


@pytest.mark.parametrize("name", DRAWINGS)
def test_figures_of_synthetic_data_say_so(name, shown, monkeypatch):
    monkeypatch.setattr(data, "is_synthetic", lambda: True)
    titles = []
    make = plots.figure

    def remember(*args, **kwargs):
        fig = make(*args, **kwargs)
        titles.append(fig.get_suptitle())
        return fig

    monkeypatch.setattr(plots, "figure", remember)
    DRAWINGS[name]()
    assert titles[0].startswith("SYNTHETIC")
    assert shown[0]["metadata"]["image/png"]["alt"].startswith("SYNTHETIC")


def test_a_figure_without_words_and_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match="alt"):
        plots.show(plots.figure("t"), alt=" ")
    with pytest.raises(ValueError, match="images\\[:1\\]"):
        plots.image_grid(IMAGES[0].reshape(28, 28), "t")
    for odd in (IMAGES[:, :100], np.zeros((2, 32, 7, 7)), IMAGES.T, IMAGES[0]):
        with pytest.raises(ValueError, match="784"):
            plots.image_grid(odd, "t")


@pytest.mark.parametrize("spread", [1, 0])
def test_no_name_of_a_class_hides_another(spread):
    places = [(0, 3), (-4, 8), (5, 2.2), (-1, 6), (5.2, 2.5), (-6, -6), (4.3, 2.4)]
    labels = np.arange(700) % 7
    noise = np.random.default_rng(0).normal(size=(700, 2))
    fig = plots.figure("t", width=9)
    for ax in fig.subplots(1, 3):
        z = spread * np.array(places)[labels] + noise
        plots.draw_codes(ax, z, labels, data.CLASS_NAMES["FashionMNIST"][:7])
    fig.draw_without_rendering()
    for ax in fig.axes:
        boxes = [name.get_bbox_patch().get_window_extent() for name in ax.texts]
        assert len(boxes) == 7
        assert all(box.count_overlaps(boxes) == 1 for box in boxes), "itself"


def test_names_leave_the_cloud_in_sight():
    """At the medians they would cover about 170 of these points."""
    z = np.random.default_rng(0).normal(size=(2_000, 2))
    fig = plots.figure("t", width=6, height=5.4)
    ax = fig.subplots()
    plots.draw_codes(ax, z, np.arange(2_000) % 4, ["Pullover", "Coat", "Shirt", "Bag"])
    fig.draw_without_rendering()
    dots = ax.transData.transform(z)
    boxes = [name.get_bbox_patch().get_window_extent() for name in ax.texts]
    assert sum(box.count_contains(dots) for box in boxes) < 40


def test_columns_say_what_they_stand_for():
    fig = plots.draw_rows({"unit 3": IMAGES[:3]}, "t", [-3, 0.25, 3], "z")
    (ax,) = fig.axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["-3", "0.25", "3"]
    assert ax.get_xlabel() == "z"


@pytest.mark.parametrize("count", [4, 5])
def test_many_curves_have_their_legend_beside_them(count, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda fig, *rest: drawn.append(fig))
    plots.curves({str(i): [i, 1] for i in range(count)}, "t", "loss (nats)")
    (ax,) = drawn[0].axes
    drawn[0].draw_without_rendering()
    beside = ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1
    assert beside == (count > 4)


@pytest.mark.parametrize(
    "values", [[100.0, 120, 130], [900.0, 120, 100], [1.0], [3, 3]]
)
def test_every_point_of_a_live_curve_is_in_the_picture(values):
    drawn = plots.live_curves({"train": values}, 5)
    (points,) = re.findall(r'points="([^"]+)"', drawn)
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert len(heights) == len(values)
    assert all(15 <= y <= 105 for y in heights)


def test_a_logarithmic_axis_has_plain_numbers(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda fig, *rest: drawn.append(fig))
    plots.curves({"loss": [0.021, 0.009, 0.007]}, "t", "MSE", yscale="log")
    drawn[0].draw_without_rendering()
    (ax,) = drawn[0].axes
    assert ax.get_yscale() == "log"
    assert {"0.007", "0.01", "0.02"} <= {t.get_text() for t in ax.get_yticklabels()}
