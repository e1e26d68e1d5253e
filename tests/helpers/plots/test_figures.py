"""Figures are readable, small, and come with a text alternative."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import data, plots
from helpers.plots import charts, clouds, grids

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

    for module in (charts, clouds, grids):
        monkeypatch.setattr(module, "figure", remember)
    DRAWINGS[name]()
    assert titles[0].startswith("SYNTHETIC")
    assert shown[0]["metadata"]["image/png"]["alt"].startswith("SYNTHETIC")


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="alt"):
        plots.show(plots.figure("t"), alt=" ")
