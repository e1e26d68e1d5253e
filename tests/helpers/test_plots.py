"""Budget, metrics, plots and training do what the lessons count on."""

import base64
import io
import math
import re

import numpy as np
import pytest
import torch
from IPython.core.displaypub import CapturingDisplayPublisher
from PIL import Image

from helpers import data, explore, metrics, plots
from helpers.budget import budget, fast_mode


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would have displayed, as a list of messages."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", publisher)
    yield publisher.outputs
    InteractiveShell.clear_instance()


@pytest.fixture
def slow_mode(monkeypatch):
    monkeypatch.delenv("COURSE_FAST", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


@pytest.mark.parametrize(
    ("variables", "fast"),
    [
        ({}, False),
        ({"COURSE_FAST": "1"}, True),
        ({"COURSE_FAST": "0"}, False),
        ({"COURSE_FAST": ""}, False),
        ({"COURSE_FAST": "false"}, False),
        ({"NBGRADER_EXECUTION": "autograde"}, True),
        ({"NBGRADER_EXECUTION": "validate"}, False),
    ],
)
def test_fast_mode_is_one_switch(variables, fast, slow_mode, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert fast_mode() is fast


def test_what_is_given_wins_over_the_budget(slow_mode, monkeypatch, capsys):
    assert budget("epochs", None, full=20, fast=1) == 20
    monkeypatch.setenv("COURSE_FAST", "1")
    assert budget("epochs", None, full=20, fast=1) == 1
    assert budget("epochs", 20, full=20, fast=1) == 20
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("(")[1] for line in lines] == [
        "full run)",
        "fast mode)",
        "given)",
    ]


def test_mse_is_per_pixel_and_refuses_to_broadcast():
    x = np.zeros((3, 784), np.float32)
    assert metrics.mse(x, x + 0.5) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="same shape"):
        metrics.mse(x, np.zeros(784, np.float32))


def test_pca_mse_is_zero_for_data_in_a_plane_and_falls_with_components():
    random = np.random.default_rng(0)
    flat = random.normal(size=(200, 2)) @ random.normal(size=(2, 30))
    assert metrics.pca_mse(flat, flat, 2) == pytest.approx(0, abs=1e-8)
    noise = random.normal(size=(200, 30))
    errors = [metrics.pca_mse(noise[:150], noise[150:], k) for k in (1, 5, 25)]
    assert errors[0] > errors[1] > errors[2]
    with pytest.raises(ValueError, match="train_images"):
        metrics.pca_mse(noise[:5], noise, 10)
    with pytest.raises(ValueError, match=r"images of 30 pixels.*Lower components"):
        metrics.pca_mse(noise, noise, 50)


def test_a_figure_is_recorded_with_its_band_and_facts(slow_mode, shown):
    metrics.record(
        "loss", np.float32(99.5), (98, 101), "nats", device=torch.device("cpu")
    )
    metrics.record("loss", 102.0, (98, 101), "nats")
    metrics.record("loss", math.nan, (98, 101))
    good, bad, nan = [message["data"] for message in shown]
    figure = good[metrics.METRIC_MIME]
    assert figure["value"] == pytest.approx(99.5)
    assert figure["expected"] == [98, 101]
    assert figure["facts"] == {"device": "cpu"}
    assert figure["enforced"]
    assert figure["data"] == "real"
    assert "yes" in good["text/plain"]
    assert "NOT inside" in bad["text/plain"]
    assert "NOT inside" in nan["text/plain"]
    assert nan[metrics.METRIC_MIME]["value"] is None


def test_bands_are_not_enforced_in_fast_mode_or_on_synthetic_data(
    slow_mode, shown, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setenv("COURSE_FAST", "1")
        metrics.record("loss", 500.0, (98, 101))
    monkeypatch.setattr(data, "is_synthetic", lambda: True)
    metrics.record("loss", 500.0, (98, 101))
    fast, synthetic = [message["data"] for message in shown]
    assert not fast[metrics.METRIC_MIME]["enforced"]
    assert not synthetic[metrics.METRIC_MIME]["enforced"]
    assert synthetic[metrics.METRIC_MIME]["data"] == "SYNTHETIC"
    assert synthetic["text/plain"].startswith("SYNTHETIC")


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
    assert Image.open(tmp_path / "new" / "figure.png").size == picture.size


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


def test_the_point_of_the_plane_is_on_top_of_the_names(monkeypatch):
    drawn = []
    monkeypatch.setattr(explore, "_offer", lambda fig, *rest: drawn.append(fig))
    explore.plane(lambda z: np.zeros((len(z), 784)), [[0, 0], [1, 1]], [0, 1], "ab", "")
    cloud = drawn[0].axes[0]
    (point,) = cloud.lines
    assert all(point.zorder > name.zorder for name in cloud.texts)


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
