"""Garments are drawn whole, each its own, and the same every time."""

import numpy as np

from helpers.data import clothes


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
