"""The stand-ins look like the real thing to a program, and their splits are apart."""

import numpy as np
import pytest

from helpers.data import synthetic
from tests.helpers.data.moments import moments

NAMES = pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])


@NAMES
def test_shapes_types_ranges_and_classes(name):
    images, labels = synthetic.make(name, "train", 1_234)
    assert (images.shape, images.dtype) == ((1_234, 28, 28), np.float32)
    assert (labels.shape, labels.dtype) == ((1_234,), np.int64)
    assert images.min() == 0
    assert 0.9 < images.max() <= 1
    assert np.bincount(labels, minlength=10).min() > 80
    assert images.max(axis=(1, 2)).min() > 0.2  # no empty picture


@NAMES
def test_the_same_every_time_and_for_every_count(name):
    images, labels = synthetic.make(name, "validation", 700)
    fewer = synthetic.make(name, "validation", 510)
    assert np.array_equal(fewer[0], images[:510])
    assert np.array_equal(fewer[1], labels[:510])
    other, _ = synthetic.make(name, "validation", 700, seed=1)
    assert not np.array_equal(other, images)


@NAMES
def test_every_base_drawing_belongs_to_one_split(name):
    drawings, classes = synthetic._base_drawings(name)
    shares = [synthetic._share_of(split, classes) for split in synthetic.SPLITS]
    assert sorted(np.concatenate(shares)) == list(range(len(drawings)))
    for share in shares:
        assert set(classes[share]) == set(range(10))
    prints = [{drawings[i].tobytes() for i in share} for share in shares]
    assert len(set.union(*prints)) == sum(map(len, prints))


@NAMES
def test_pictures_of_one_class_look_alike(name):
    """A nearest-mean classifier does far better than chance on unseen drawings."""
    images, labels = synthetic.make(name, "train", 3_000)
    means = np.stack([images[labels == label].mean(axis=0) for label in range(10)])
    unseen, truth = synthetic.make(name, "test", 1_000)
    distances = ((unseen[:, None] - means) ** 2).sum(axis=(2, 3))
    assert (distances.argmin(axis=1) == truth).mean() > 0.5


@NAMES
def test_pictures_differ_from_one_another(name):
    images, _ = synthetic.make(name, "test", 2_000)
    assert len({image.tobytes() for image in images}) == 2_000


@pytest.mark.parametrize(
    ("name", "split", "shape"),
    [
        ("MNIST", "train", (36.26, 13.716, 13.433, 3.281, 5.875)),
        ("MNIST", "test", (36.45, 13.637, 13.405, 3.209, 5.809)),
        ("FashionMNIST", "train", (46.59, 13.946, 14.765, 5.359, 6.071)),
        ("FashionMNIST", "test", (48.85, 13.919, 14.676, 5.316, 6.149)),
    ],
)
def test_they_stay_as_they_are(name, split, shape):
    """So that figures of two runs on stand-ins can be compared."""
    images, _ = synthetic.make(name, split, 1_000)
    assert moments(255 * images) == pytest.approx(shape, abs=0.011)
