"""Names of classes cover neither each other nor the cloud."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers import data, plots
from helpers.plots.clouds import CLASSES, _covered


def test_the_text_alternative_says_what_is_shown(shown):
    z = np.random.default_rng(0).normal(size=(1_200, 2))
    plots.codes(z, np.arange(1_200) % 3, ["a", "b", "c"], "Apart")
    (message,) = shown
    alt = message["metadata"]["image/png"]["alt"]
    assert alt.startswith("Apart. Scatter plot of 1,200 codes in the plane, colored")


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


def test_every_point_has_the_color_of_its_class_and_each_name_is_at_its_median():
    z = np.array([[0, 0], [1, 0], [8, 0], [4, 4], [5, 5], [6, 6]], float)
    labels = np.array([0, 0, 0, 2, 2, 11])
    ax = plots.figure("t").subplots()
    plots.draw_codes(ax, z, labels, ["zero", "one", "two"])
    points, *medians = ax.collections
    colors = [to_hex(color) for color in points.get_facecolors()]
    assert colors == [CLASSES[label % 10] for label in labels]
    assert points.get_offsets().tolist() == z.tolist()
    assert [name.get_text() for name in ax.texts] == ["zero", "two"], "of one there is"
    assert [list(name.xy) for name in ax.texts] == [[1, 0], [4.5, 4.5]]
    assert [m.get_offsets().tolist() for m in medians] == [[[1, 0]], [[4.5, 4.5]]]
    assert [to_hex(m.get_facecolor()[0]) for m in medians] == [CLASSES[0], CLASSES[2]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$z_1$", "$z_2$")
    assert ax.get_aspect() == 1


def test_dots_under_a_box_are_counted():
    boxes = np.array([[[0, 0], [10, 6]], [[20, 20], [26, 30]], [[0, 20], [10, 30]]])
    dots = np.array([[1, 1], [5, 3], [9, 5], [21, 21], [25, 29], [15, 15], [13, 3]])
    assert _covered(boxes.astype(float), dots).tolist() == [3, 2, 0]
