"""``batches``: wrong answers, what its check says, and right ones."""

import numpy as np
import pytest
import torch

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.batches
NAMES = ("batches",)


def blocks(n, batch_size):
    return range(0, n, batch_size)


def good_batches(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for start in blocks(len(images), batch_size):
        index = order[start : start + batch_size]
        yield images[index], labels[index]


def last_one_lost(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for i in range(len(images) // batch_size):
        index = order[i * batch_size : (i + 1) * batch_size]
        yield images[index], labels[index]


def labels_left(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        yield images[order[s : s + batch_size]], labels[s : s + batch_size]


def two_orders(images, labels, batch_size, rng):
    first, second = rng.permutation(len(images)), rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        cut = slice(s, s + batch_size)
        yield images[first[cut]], labels[second[cut]]


def stored_order(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        yield images[s : s + batch_size], labels[s : s + batch_size]


def order_within(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        index = s + rng.permutation(len(images[s : s + batch_size]))
        yield images[index], labels[index]


def drawn(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        index = rng.integers(0, len(images), len(images[s : s + batch_size]))
        yield images[index], labels[index]


def filled_up(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        index = np.take(order, range(s, s + batch_size), mode="wrap")
        yield images[index], labels[index]


def own_generator(images, labels, batch_size, rng):
    yield from good_batches(images, labels, batch_size, np.random.default_rng(0))


def other_generator(images, labels, batch_size, rng):
    yield from good_batches(images, labels, batch_size, np.random.default_rng())


def empty_last(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for i in range(len(images) // batch_size + 1):
        index = order[i * batch_size : (i + 1) * batch_size]
        yield images[index], labels[index]


def moves_the_arrays(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    images[:], labels[:] = images[order], labels[order]
    yield from stored_order(images, labels, batch_size, rng)


def never_ends(images, labels, batch_size, rng):
    while True:
        yield from good_batches(images, labels, batch_size, rng)


def even_parts(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for index in np.array_split(order, -(-len(images) // batch_size)):
        yield images[index], labels[index]


def single_images(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for i in order:
        yield images[i], labels[i]


def only_images(images, labels, batch_size, rng):
    for x, _ in good_batches(images, labels, batch_size, rng):
        yield x


def returned_in_the_loop(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        return x, y


def scaled(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield x / 255, y


def blocks_shuffled(images, labels, batch_size, rng):
    for s in rng.permutation(list(blocks(len(images), batch_size))):
        yield images[s : s + batch_size], labels[s : s + batch_size]


def every_start(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in range(len(images)):
        yield images[order[s : s + batch_size]], labels[order[s : s + batch_size]]


def one_too_many(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        index = order[s : s + batch_size + 1]
        yield images[index], labels[index]


def only_one(images, labels, batch_size, rng):
    index = rng.permutation(len(images))[:batch_size]
    yield images[index], labels[index]


def new_order_each(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        index = rng.permutation(len(images))[s : s + batch_size]
        yield images[index], labels[index]


def of_lists(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield list(x), list(y)


def pixels_moved(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield x[:, ::-1], y


WRONG = [
    (returned_in_the_loop, "`return` ends the function"),
    (scaled, "another change of the pixels"),
    (blocks_shuffled, "the order of whole batches"),
    (every_start, "needs the step"),
    (one_too_many, "is `batch_size` used"),
    (only_one, "one batch alone"),
    (new_order_each, "a new permutation for each batch"),
    (of_lists, "a list of 32"),
    (pixels_moved, "moved or exchanged pixels"),
    (last_one_lost, "last batch was left out"),
    (labels_left, "shuffled differently, or only one"),
    (two_orders, "with the same permutation"),
    (stored_order, "in which they were stored"),
    (order_within, "before they are cut"),
    (drawn, "with replacement"),
    (filled_up, "filled up"),
    (own_generator, "use the one that is handed in"),
    (other_generator, "in place of `rng`"),
    (empty_last, "one is empty"),
    (moves_the_arrays, "works in place"),
    (never_ends, "does not stop"),
    (even_parts, "how the order is cut"),
    (single_images, "whole rows of"),
    (only_images, "pairs"),
    (lambda images, labels, batch_size, rng: None, "yield x, y"),
]


def a_list(images, labels, batch_size, rng):
    return list(good_batches(images, labels, batch_size, rng))


def copies_shuffled(images, labels, batch_size, rng):
    order = np.arange(len(images))
    rng.shuffle(order)
    yield from stored_order(images[order], labels[order], batch_size, rng)


def split_at(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for index in np.split(order, range(batch_size, len(images), batch_size)):
        yield [images[index], labels[index]]


def tensors(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield torch.from_numpy(x), torch.from_numpy(y)


def sorted_keys(images, labels, batch_size, rng):
    order = np.argsort(rng.random(len(images)))
    return zip(
        [images[order[s : s + batch_size]] for s in blocks(len(order), batch_size)],
        [labels[order[s : s + batch_size]] for s in blocks(len(order), batch_size)],
        strict=True,
    )


def one_by_one(images, labels, batch_size, rng):
    x, y = [], []
    for i in rng.permutation(len(images)):
        x.append(images[i])
        y.append(labels[i])
        if len(x) == batch_size:
            yield np.array(x), np.array(y)
            x, y = [], []
    if x:
        yield np.stack(x), np.array(y)


def data_loader(images, labels, batch_size, rng):
    pairs = torch.utils.data.TensorDataset(
        torch.from_numpy(images), torch.from_numpy(labels)
    )
    seeded = torch.Generator().manual_seed(int(rng.integers(2**31)))
    for x, y in torch.utils.data.DataLoader(
        pairs, batch_size, shuffle=True, generator=seeded
    ):
        yield x.numpy(), y.numpy()


RIGHT = [
    one_by_one,
    data_loader,
    good_batches,
    a_list,
    copies_shuffled,
    split_at,
    tensors,
    sorted_keys,
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_generator_stub_stays_not_implemented():
    def stub(images, labels, batch_size, rng):
        raise NotImplementedError()
        yield

    with pytest.raises(NotImplementedError):
        checks.batches(stub)
