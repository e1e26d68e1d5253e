"""Batches hold every image once, with its label, in an order that a seed decides."""

import warnings

import numpy as np

from helpers import data


def test_arrays_feed_torch_without_a_warning(mnist):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = torch.from_numpy(mnist.test.flat)
    assert x.dtype == torch.float32


def test_loader_yields_every_image_once_with_its_label(mnist):
    import torch

    batches = data.loader(mnist.test, batch_size=97, shuffle=True, seed=3)
    assert isinstance(batches, torch.utils.data.DataLoader)
    assert (batches.batch_size, len(batches)) == (97, 104)
    x, y = zip(*batches, strict=True)
    assert [len(rows) for rows in x] == [97] * 103 + [9]
    x, y = torch.cat(x), torch.cat(y)
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    label_of = dict(zip(map(bytes, mnist.test.flat), mnist.test.labels, strict=True))
    assert len({bytes(row) for row in x.numpy()}) == 10_000
    assert [label_of[bytes(row)] for row in x.numpy()] == y.tolist()


def test_loader_keeps_the_order_and_the_picture_if_asked(mnist):
    batches = data.loader(mnist.validation, batch_size=97, flat=False)
    x, y = next(iter(batches))
    assert x.shape == (97, 1, 28, 28)
    assert np.array_equal(x[:, 0], mnist.validation.images[:97])
    assert np.array_equal(y, mnist.validation.labels[:97])


def test_order_depends_on_the_loaders_seed_alone(mnist):
    import torch

    def orders(seed, noise):
        torch.manual_seed(noise)
        batches = data.loader(mnist.test, batch_size=500, shuffle=True, seed=seed)
        return [torch.cat([y for _, y in batches]).tolist() for _ in range(2)]

    assert orders(5, noise=1) == orders(5, noise=2)
    assert orders(5, noise=1) != orders(6, noise=1)
    assert orders(5, noise=1)[0] != orders(5, noise=1)[1]
    assert orders(None, noise=1) == orders(None, noise=1)
    assert orders(None, noise=1) != orders(None, noise=2)


def test_a_seeded_loader_leaves_the_global_random_state_alone(mnist):
    import torch

    before = torch.get_rng_state()
    list(data.loader(mnist.test, batch_size=5_000, shuffle=True, seed=0))
    assert torch.equal(torch.get_rng_state(), before)


def test_one_image_at_a_time_is_what_a_batch_holds(mnist):
    """PyTorch's samplers and `random_split` ask for single images."""
    batches = data.loader(mnist.validation, batch_size=3)
    x, y = next(iter(batches))
    for index in range(3):
        image, label = batches.dataset[index]
        assert np.array_equal(image, x[index])
        assert label == y[index]
    assert len(batches.dataset) == len(mnist.validation)
