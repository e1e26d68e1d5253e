"""A classifier is sure of real digits, unsure of mixtures, and counts classes."""

import numpy as np
import pytest
import torch

from helpers.data import Split, synthetic
from helpers.sample_quality import Quality, quality, train_classifier


@pytest.fixture(scope="module")
def digits():
    return {
        name: Split(*synthetic.make("MNIST", name, count))
        for name, count in (("train", 2_000), ("test", 500))
    }


@pytest.fixture(scope="module")
def classifier(digits):
    return train_classifier(digits["train"], steps=200)


def test_it_is_sure_of_real_digits_and_not_of_two_on_top_of_each_other(
    digits, classifier
):
    x = digits["test"].flat
    real, mixed = quality(classifier, x), quality(classifier, (x + x[::-1]) / 2)
    assert real.sure > 0.6
    assert mixed.sure < real.sure / 2
    assert real.classes > 9


def test_it_is_not_sure_of_noise_or_of_nothing(classifier):
    noise = np.random.default_rng(0).random((500, 784))
    assert quality(classifier, noise).sure < 0.1
    assert quality(classifier, np.zeros((1, 28, 28))).sure == 0


def test_one_digit_again_and_again_is_one_class(digits, classifier):
    again = quality(classifier, np.repeat(digits["test"].images[:1], 50, axis=0))
    assert again.classes == pytest.approx(1)
    assert again.shares.shape == (10,)


def test_classes_are_counted_by_how_evenly_they_occur():
    assert Quality(1.0, np.full(10, 0.1)).classes == pytest.approx(10)
    assert Quality(1.0, np.array([0.5, 0.5, 0])).classes == pytest.approx(2)
    assert 1 < Quality(1.0, np.array([0.9, 0.1])).classes < 2


def test_every_layout_and_a_tensor_give_the_same(digits, classifier):
    flat = digits["test"].flat[:50]
    square = torch.tensor(flat, requires_grad=True).reshape(-1, 1, 28, 28)
    assert quality(classifier, flat).sure == quality(classifier, square).sure
    with pytest.raises(ValueError, match="no images"):
        quality(classifier, flat[:0])


def test_the_seed_decides_and_the_callers_random_numbers_stay(digits):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    few = [train_classifier(digits["train"], 2, seed) for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(3), expected)
    first, again, other = (next(model.parameters()) for model in few)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
