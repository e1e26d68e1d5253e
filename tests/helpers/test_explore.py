"""What students move shows the point they are at."""

import numpy as np

from helpers import explore


def test_the_point_of_the_plane_is_on_top_of_the_names(monkeypatch):
    drawn = []
    monkeypatch.setattr(explore, "_offer", lambda fig, *rest: drawn.append(fig))
    explore.plane(lambda z: np.zeros((len(z), 784)), [[0, 0], [1, 1]], [0, 1], "ab", "")
    cloud = drawn[0].axes[0]
    (point,) = cloud.lines
    assert all(point.zorder > name.zorder for name in cloud.texts)
