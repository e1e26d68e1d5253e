"""What students move shows the point they are at, and is a picture elsewhere."""

import base64
import io
import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import explore


def test_the_point_of_the_plane_is_on_top_of_the_names(monkeypatch):
    drawn = []
    monkeypatch.setattr(explore, "_offer", lambda fig, *rest: drawn.append(fig))
    explore.plane(lambda z: np.zeros((len(z), 784)), [[0, 0], [1, 1]], [0, 1], "ab", "")
    cloud = drawn[0].axes[0]
    (point,) = cloud.lines
    assert [name.get_text() for name in cloud.texts] == ["a", "b"]
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


def watched(monkeypatch, draw):
    """Draw with a decoder that keeps what it is asked; also what a slider offers."""
    asked, sliders = [], []

    def decode(z):
        asked.append(np.array(z))
        return np.zeros((len(z), 784))

    def keep(answer, ranges, title):
        sliders.append((answer, ranges))

    monkeypatch.setattr(explore, "_slider_widget", keep)
    monkeypatch.setattr(explore, "_offer", lambda fig, alt, make: make())
    draw(decode)
    return asked, *sliders[0]


def test_between_goes_straight_from_the_one_code_to_the_other(monkeypatch):
    a, b = [0.0, 4.0], [2.0, 0.0]
    asked, answer, ranges = watched(
        monkeypatch, lambda decode: explore.between(decode, a, b, "Between?")
    )
    (drawn,) = asked
    t = np.arange(9)[:, None] / 8
    np.testing.assert_allclose(drawn, np.hstack([2 * t, 4 - 4 * t]), atol=1e-6)
    assert ranges == {"t": (0, 1, 0.5)}
    assert answer(t=0.25).shape == (28, 28)
    np.testing.assert_allclose(asked[1], [[0.5, 3]])


def test_units_move_one_number_each_and_leave_the_others(monkeypatch):
    z = [0.5, -0.5, 7.0]
    asked, answer, ranges = watched(
        monkeypatch, lambda decode: explore.units(decode, z, [2, 0], "Which?")
    )
    steps = np.linspace(-explore.WIDEST, explore.WIDEST, 9)
    for unit, drawn in zip([2, 0], asked, strict=True):
        np.testing.assert_allclose(drawn[:, unit], steps, atol=1e-6)
        others = [number for number in range(3) if number != unit]
        assert (drawn[:, others] == np.array(z)[others]).all()
    widest = explore.WIDEST
    assert ranges == {"unit 2": (-widest, widest, 7), "unit 0": (-widest, widest, 0.5)}
    answer(**{"unit 2": 1.0, "unit 0": -1.0})
    np.testing.assert_allclose(asked[2], [[-1, -0.5, 1]])


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda decode: explore.between(decode, [0, 1], [0, 1, 2], ""), "2 and 3 num"),
        (lambda decode: explore.between(decode, [[0]], [[1]], ""), "Take one: z"),
        (lambda decode: explore.units(decode, [0, 1], [], ""), "from 0 to 1"),
        (lambda decode: explore.units(decode, [0, 1], [2], ""), "from 0 to 1"),
        (lambda decode: explore.units(decode, [0, 1], [-1], ""), "from 0 to 1"),
        (lambda decode: explore.plane(decode, np.zeros((3, 1)), [0], "a", ""), "N, 2"),
    ],
)
def test_codes_of_another_kind_are_refused(draw, words):
    with pytest.raises(ValueError, match=words):
        draw(lambda z: np.zeros((len(z), 784)))


def bright(z):
    """Images as bright as their code's first number says."""
    return np.repeat(np.asarray(z)[:, :1], 784, axis=1)


def pixels(address):
    """The picture of an `img` element or a data URL."""
    png = base64.b64decode(re.search(r"base64,([^\"]+)", address)[1])
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_plane_says_and_shows_where_one_starts(monkeypatch):
    offered = []
    monkeypatch.setattr(explore, "_offer", lambda *given: offered.append(given))
    explore.plane(bright, [[0.5, -1], [1, 1], [0, 0]], [0, 1, 1], "ab", "Where?")
    ((fig, alt, _),) = offered
    assert alt.startswith("Where? Scatter plot of 3 codes, by class, and the image")
    assert "decoded at z = (0.50, -1.00)." in alt
    cloud, example = fig.axes
    assert cloud.lines[0].get_xydata().tolist() == [[0.5, -1]]
    image = example.images[0]
    assert (image.get_array() == 0.5).all()
    assert image.get_clim() == (0, 1)


def test_moving_over_the_plane_decodes_where_one_is():
    z = np.array([[0.5, 0.0], [1, 1], [-1, -1]], np.float32)
    widget = explore._plane_widget(bright, z, np.array([0, 1, 1]), "ab", "Where?")
    assert widget.image["said"] == "Decoded at z = (0.50, 0.00)."
    assert (pixels(widget.image["src"]) == 128).all()
    widget.z = [2.0, 0.25]
    assert widget.image["said"] == "Decoded at z = (2.00, 0.25)."
    assert widget.image["z"] == [2.0, 0.25]
    assert (pixels(widget.image["src"]) == 255).all(), "no brighter than white"
    assert widget.alt == "Scatter plot of 3 codes by class."
    left, right, bottom, top = widget.limits
    assert left < -1 < 1 < right
    assert bottom < -1 < 1 < top
    x, y, width, height = widget.box
    assert 0 < x < x + width < 1
    assert 0 < y < y + height < 1
    assert y < 1 - y - height, "from the top: the numbers stand below"


def test_sliders_start_at_the_code_and_redraw_as_they_move():
    ranges = {"unit 3": (-3.0, 3.0, 7.0), "t": (0.0, 1.0, 0.5)}
    widget = explore._slider_widget(
        lambda **moved: np.full((28, 28), moved["t"]), ranges, "Which?"
    )
    heading, columns = widget.children
    sliders, screen = columns.children
    first, second = sliders.children
    assert heading.value == "Which?"
    assert (first.min, first.max, first.value) == (-3, 3, 3)
    assert (first.step, first.description) == (0.1, "unit 3")
    assert (pixels(screen.value) == 128).all()
    second.value = 0.0
    assert 'alt="Decoded at unit 3 = 3.00, t = 0.00."' in screen.value
    assert (pixels(screen.value) == 0).all()


def test_where_someone_watches_the_widget_is_offered_too(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    for watched in (True, False):
        monkeypatch.setattr(explore.plots, "is_watched", lambda seen=watched: seen)
        explore.between(bright, [0.0, 1], [1.0, 1], "Between?")
    with_widget, without = shown
    assert with_widget[explore.WIDGET_MIME]["model_id"]
    assert explore.WIDGET_MIME not in without
    assert "image/png" in without


def test_a_decoder_of_tensors_gets_tensors():
    asked = []

    def decode(z):
        asked.append(z)
        return z[:, :1].expand(-1, 784)

    taking = explore._taking(decode, torch.zeros(2, dtype=torch.float32))
    image = explore._decoded(taking, np.array([0.25, 1.0]))
    assert isinstance(asked[0], torch.Tensor)
    assert (asked[0].dtype, asked[0].shape) == (torch.float32, (1, 2))
    assert image.shape == (28, 28)
    assert (image == 0.25).all()
