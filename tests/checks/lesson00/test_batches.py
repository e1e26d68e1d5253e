"""``batches``: wrong answers, what its check says, and right ones."""

import numpy as np
import pytest
import torch

from helpers.checks import lesson00 as checks
from helpers.checks.base import CheckFailed


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


WRONG = {
    "`return` ends the function": returned_in_the_loop,
    "another change of the pixels": scaled,
    "the order of whole batches": blocks_shuffled,
    "needs the step": every_start,
    "is `batch_size` used": one_too_many,
    "one batch alone": only_one,
    "a new permutation for each batch": new_order_each,
    "a list of 32": of_lists,
    "moved pixels": pixels_moved,
    "last batch was left out": last_one_lost,
    "shuffled differently, or only one": labels_left,
    "with the same permutation": two_orders,
    "in which they were stored": stored_order,
    "before they are cut": order_within,
    "with replacement": drawn,
    "filled up": filled_up,
    "use the one that is handed in": own_generator,
    "in place of `rng`": other_generator,
    "one is empty": empty_last,
    "works in place": moves_the_arrays,
    "does not stop": never_ends,
    "how the order is cut": even_parts,
    "whole rows of": single_images,
    "pairs": only_images,
    "yield x, y": lambda images, labels, batch_size, rng: None,
}


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


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_is_named(message):
    with pytest.raises(CheckFailed, match=message):
        checks.batches(WRONG[message])


@pytest.mark.parametrize("variant", RIGHT)
def test_a_right_variant_passes_with_one_line(variant, capsys):
    checks.batches(variant)
    assert capsys.readouterr().out.count("\n") == 1


def test_a_generator_stub_stays_not_implemented():
    def stub(images, labels, batch_size, rng):
        raise NotImplementedError()
        yield

    with pytest.raises(NotImplementedError):
        checks.batches(stub)
