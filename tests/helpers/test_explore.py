"""What students move shows the point they are at, and is a picture elsewhere."""

import sys

import numpy as np
import pytest

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
