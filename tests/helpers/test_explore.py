"""What students move shows the point they are at, and is a picture elsewhere."""

import sys

import numpy as np

from helpers import explore


def test_the_point_of_the_plane_is_on_top_of_the_names(monkeypatch):
    drawn = []
    monkeypatch.setattr(explore, "_offer", lambda fig, *rest: drawn.append(fig))
    explore.plane(lambda z: np.zeros((len(z), 784)), [[0, 0], [1, 1]], [0, 1], "ab", "")
    cloud = drawn[0].axes[0]
    (point,) = cloud.lines
    assert all(point.zorder > name.zorder for name in cloud.texts)


def test_without_anywidget_as_in_colab_the_picture_has_to_do(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    monkeypatch.setattr(explore.plots, "is_watched", lambda: True)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    explore.plane(lambda z: np.zeros((len(z), 784)), [[0, 0], [1, 1]], [0, 1], "ab", "")
    (output,) = shown
    assert "image/png" in output
    assert explore.WIDGET_MIME not in output
