"""The splits share no image and lose none; what is asked for is checked."""

import numpy as np
import pytest

from helpers import data
from helpers.data import originals


def test_shapes_types_and_ranges(mnist):
    sizes = {"train": 55_000, "validation": 5_000, "test": 10_000}
    for name, size in sizes.items():
        split = getattr(mnist, name)
        assert len(split) == size
        assert split.images.shape == (size, 28, 28)
        assert split.images.dtype == np.float32
        assert split.images.flags.c_contiguous
        assert (split.images.min(), split.images.max()) == (0, 1)
        assert split.labels.shape == (size,)
        assert split.labels.dtype == np.int64
        assert set(split.labels) == set(range(10))
        assert split.flat.shape == (size, 784)
        assert np.shares_memory(split.flat, split.images)
    assert mnist.class_names == tuple("0123456789")
    assert not mnist.synthetic
    assert data.is_synthetic() is False


def test_no_image_of_one_split_in_another(mnist):
    splits = [mnist.train, mnist.validation, mnist.test]
    prints = [{image.tobytes() for image in split.images} for split in splits]
    assert len(prints[0] | prints[1] | prints[2]) == sum(map(len, prints))


def test_train_and_validation_are_the_files_training_images(mnist, source):
    raw = (source / "MNIST/raw/train-images-idx3-ubyte.gz").read_bytes()
    in_file = {image.tobytes() for image in originals.decode(raw)}
    loaded = set()
    for split in mnist.train, mnist.validation:
        for image in split.images:
            loaded.add(np.round(image * 255).astype(np.uint8).tobytes())
    assert loaded == in_file


def test_test_images_keep_their_order_and_labels_stay_with_images(mnist, source):
    blobs, _ = originals.checked(source, "MNIST")
    images = originals.decode(blobs["t10k-images-idx3-ubyte.gz"])
    assert np.array_equal(np.round(mnist.test.images * 255), images)
    assert np.array_equal(
        mnist.test.labels, originals.decode(blobs["t10k-labels-idx1-ubyte.gz"])
    )
    images = originals.decode(blobs["train-images-idx3-ubyte.gz"])
    labels = originals.decode(blobs["train-labels-idx1-ubyte.gz"])
    label_of = dict(zip(map(bytes, images), labels, strict=True))
    picked = np.round(mnist.validation.images * 255).astype(np.uint8)
    assert [label_of[bytes(image)] for image in picked] == list(mnist.validation.labels)


def test_fewer_training_images_are_the_first_ones(mnist, source, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(source))
    monkeypatch.delenv("COURSE_FAST", raising=False)
    few = data.load("MNIST", train_images=1_000)
    assert np.array_equal(few.train.images, mnist.train.images[:1_000])
    assert np.array_equal(few.validation.labels, mnist.validation.labels)


def test_in_fast_mode_few_images_are_held_out(mnist, source, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(source))
    monkeypatch.setenv("COURSE_FAST", "1")
    for count, left in ((10, 1_000), (2_000, 2_000)):
        few = data.load("MNIST", train_images=count)
        assert len(few.train) == count
        for name in ("validation", "test"):
            whole, part = getattr(mnist, name), getattr(few, name)
            assert np.array_equal(part.images, whole.images[:left])
            assert np.array_equal(part.labels, whole.labels[:left])


def test_another_seed_holds_out_other_images(mnist, source, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(source))
    monkeypatch.delenv("COURSE_FAST", raising=False)
    other = data.load("MNIST", train_images=1, seed=1)
    assert not np.array_equal(other.validation.images, mnist.validation.images)
    assert np.array_equal(other.test.images, mnist.test.images)


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"'mnist'.*'MNIST' or 'FashionMNIST'"):
        data.load("mnist")


@pytest.mark.parametrize("count", [0, -1, 55_001, 10.0, True, "10"])
def test_impossible_number_of_training_images_is_refused(count):
    with pytest.raises(ValueError, match="train_images must be a whole number from 1"):
        data.load("MNIST", train_images=count)


@pytest.mark.parametrize("count", [0, 60_000])
def test_impossible_number_of_validation_images_is_refused(count):
    with pytest.raises(ValueError, match="validation_images must be a whole number"):
        data.load("MNIST", validation_images=count)


def test_the_stand_in_has_other_drawings_in_each_split_and_one_test_set(monkeypatch):
    def unreachable(name):
        raise originals.UnreachableError("one\ntwo")

    monkeypatch.setattr(originals, "original_files", unreachable)
    monkeypatch.setenv("COURSE_FAST", "1")
    one, other = (data.load("MNIST", 5, 5, seed=seed) for seed in (0, 1))
    assert one.synthetic
    assert data.is_synthetic() is True
    assert not np.array_equal(one.train.images, one.validation.images)
    assert not np.array_equal(one.train.images, other.train.images)
    assert not np.array_equal(one.validation.images, other.validation.images)
    assert np.array_equal(one.test.images, other.test.images)
