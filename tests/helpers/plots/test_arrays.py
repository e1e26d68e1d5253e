"""Arrays and tensors in any of three layouts are the same images."""

import numpy as np
import pytest
import torch

from helpers import plots

IMAGES = np.random.default_rng(0).random((12, 784), np.float32)


@pytest.mark.parametrize("shape", [(12, 784), (12, 28, 28), (12, 1, 28, 28)])
def test_three_layouts_are_one(shape):
    squares = IMAGES.reshape(12, 28, 28)
    given = torch.tensor(IMAGES.reshape(shape), requires_grad=True)
    assert np.array_equal(plots.squares(given), squares)
    assert np.array_equal(plots.squares(IMAGES.reshape(shape)), squares)


def test_a_wrong_shape_is_refused():
    for odd in (IMAGES[:, :100], np.zeros((2, 32, 7, 7)), IMAGES.T, IMAGES[:0]):
        with pytest.raises(ValueError, match="784"):
            plots.squares(odd)
