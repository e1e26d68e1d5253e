"""Images stand in rows with names, or on a sheet."""

import numpy as np
import pytest

from helpers import plots

IMAGES = np.random.default_rng(0).random((12, 784), np.float32)


def test_the_text_alternative_says_what_is_shown(shown):
    plots.image_rows({"originals": IMAGES, "copies": IMAGES[:8]}, "Which?")
    plots.image_grid(IMAGES, "Twelve", 5)
    rows, sheet = (message["metadata"]["image/png"]["alt"] for message in shown)
    assert rows == "Which? Rows of images, from the top: originals; copies."
    assert sheet == "Twelve. A sheet of 12 images."


def test_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="images\\[:1\\]"):
        plots.image_grid(IMAGES[0].reshape(28, 28), "t")
    for odd in (IMAGES[:, :100], np.zeros((2, 32, 7, 7)), IMAGES.T, IMAGES[0]):
        with pytest.raises(ValueError, match="784"):
            plots.image_grid(odd, "t")


def test_columns_say_what_they_stand_for():
    fig = plots.draw_rows({"unit 3": IMAGES[:3]}, "t", [-3, 0.25, 3], "z")
    (ax,) = fig.axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["-3", "0.25", "3"]
    assert ax.get_xlabel() == "z"


def test_a_sheet_has_no_frame(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots.grids, "show", lambda fig, *_: drawn.append(fig))
    plots.image_grid(IMAGES, "Twelve", 5)
    (ax,) = drawn[0].axes
    assert not any(spine.get_visible() for spine in ax.spines.values())
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == []
