"""Garments are drawn whole, each its own, and the same every time."""

import numpy as np
import pytest

from helpers.data import clothes
from tests.helpers.data.moments import moments


def test_a_thousand_garments_each_its_own():
    drawings, classes = clothes.draw_clothes()
    assert (drawings.shape, drawings.dtype) == ((1_000, 84, 84), np.uint8)
    assert (np.bincount(classes) == 100).all()
    assert len({drawing.tobytes() for drawing in drawings}) == 1_000
    inked = (drawings > 0).mean(axis=(1, 2))
    assert inked.min() > 0.05
    assert inked.max() < 0.9
    assert np.array_equal(clothes.draw_clothes()[0], drawings)


def test_what_has_two_sides_is_alike_on_both():
    drawings, classes = clothes.draw_clothes()
    inked = drawings > 20
    alike = (inked == inked[:, :, ::-1]).mean(axis=(1, 2))
    least = [alike[classes == number].min() for number in range(10)]
    shoes = {5, 7, 9}  # sandal, sneaker, ankle boot: they point one way
    assert {number for number in range(10) if least[number] < 0.95} == shoes


# Mean grey, center (x, y) and spread (x, y) of each class, measured when they were
# drawn: figures of a run on stand-ins can be compared with those of any other.
SHAPES = [
    (60.79, 41.50, 40.90, 11.98, 19.46),
    (42.74, 41.48, 39.95, 8.02, 20.50),
    (79.60, 41.51, 42.56, 17.03, 17.82),
    (40.43, 41.50, 46.56, 8.00, 21.00),
    (79.69, 41.48, 45.20, 16.94, 19.14),
    (14.69, 44.77, 54.74, 21.49, 7.89),
    (75.94, 41.52, 42.30, 15.54, 19.38),
    (39.24, 45.50, 51.27, 20.03, 7.63),
    (60.49, 41.50, 50.80, 16.93, 14.15),
    (58.22, 49.62, 47.51, 16.71, 17.63),
]


def test_garments_stay_as_they_are():
    drawings, classes = clothes.draw_clothes()
    for label, shape in enumerate(SHAPES):
        found = moments(drawings[classes == label])
        assert found == pytest.approx(shape, abs=0.011), label
