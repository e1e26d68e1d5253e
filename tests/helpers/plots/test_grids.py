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


def shown_images(fig):
    (ax,) = fig.axes
    return ax, ax.images[0].get_array()


def test_rows_hold_their_images_on_white_and_names_stand_at_their_middle():
    dark = np.zeros((3, 784))
    fig = plots.draw_rows({"three": dark, "a name that needs two": dark[:2]}, "t", [1])
    ax, sheet = shown_images(fig)
    assert sheet.shape == (60, 90)
    assert (sheet == 0).sum() == 5 * 28 * 28
    assert (sheet[:, [0, 29, 30, 59]] == 1).all(), "white between columns"
    assert (sheet[[0, 29, 30, 59]] == 1).all()
    assert (sheet[1:29, 61:89] == 0).all()
    assert (sheet[30:, 60:] == 1).all(), "the shorter row ends in white"
    assert list(ax.get_yticks()) == [15, 45]
    assert list(ax.get_xticks()) == [15]
    names = [name.get_text() for name in ax.get_yticklabels()]
    assert names == ["three", "a name that\nneeds two"]


def test_a_sheet_is_filled_row_by_row(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots.grids, "show", lambda fig, *_: drawn.append(fig))
    tiles = np.ones((5, 784)) * np.arange(5)[:, None] / 8
    plots.image_grid(tiles, "Five", 3, xlabel="x", ylabel="y")
    ax, sheet = shown_images(drawn[0])
    assert sheet.shape == (56, 84)
    grays = [sheet[28 * i + 14, 28 * j + 14] for i in (0, 1) for j in (0, 1, 2)]
    assert grays == [0, 1 / 8, 2 / 8, 3 / 8, 4 / 8, 1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    assert ax.images[0].get_clim() == (0, 1), "the same gray in every figure"


def test_images_keep_their_look():
    fig = plots.draw_rows({"one": IMAGES[:1]}, "t")
    _, sheet = shown_images(fig)
    assert np.abs(sheet[1:29, 1:29].ravel() - IMAGES[0]).max() <= 1 / 64
