"""``batches``: wrong answers, what its check says, and right ones."""

import itertools
import sys
import warnings

import numpy as np
import pytest
import torch
from tqdm import tqdm

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


def with_a_bar(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    warnings.warn("batches", stacklevel=2)
    for start in tqdm(range(0, len(images), batch_size), file=sys.stderr):
        index = order[start : start + batch_size]
        yield images[index], labels[index]


def while_loop(images, labels, batch_size, rng):
    order, start = rng.permutation(len(images)).tolist(), 0
    while start < len(order):
        stop = min(start + batch_size, len(order))
        yield images[order[start:stop]], labels[order[start:stop]]
        start = stop


def by_choice(images, labels, batch_size, rng):
    order = rng.choice(len(images), len(images), replace=False)
    count = -(-len(images) // batch_size)
    return (
        (images[index], labels[index])
        for index in (
            order[i * batch_size : (i + 1) * batch_size] for i in range(count)
        )
    )


def spawned(images, labels, batch_size, rng):
    return good_batches(images, labels, batch_size, rng.spawn(1)[0])


def popped(images, labels, batch_size, rng):
    left = list(rng.permutation(len(images)))
    while left:
        now = [left.pop() for _ in range(min(batch_size, len(left)))]
        yield images.take(now, axis=0), labels.take(now)


def sorted_within_batches(images, labels, batch_size, rng):
    for index in cut(rng.permutation(len(images)), batch_size):
        index = np.sort(index)
        yield images[index], labels[index]


def class_of_batches(images, labels, batch_size, rng):
    class Batches:
        def __iter__(self):
            return iter(good_batches(images, labels, batch_size, rng))

    return Batches()


def pairs_zipped(images, labels, batch_size, rng):
    pairs = list(zip(images, labels, strict=True))
    rng.shuffle(order := list(range(len(pairs))))
    for part in cut(order, batch_size):
        yield (
            np.stack([pairs[i][0] for i in part]),
            np.array([pairs[i][1] for i in part]),
        )


def cut(order, size):
    return [order[i : i + size] for i in range(0, len(order), size)]


def with_their_numbers(images, labels, batch_size, rng):
    both = np.column_stack([images, labels])
    both = rng.permutation(both)
    for part in cut(both, batch_size):
        yield part[:, :-1].astype(np.float32), part[:, -1].astype(labels.dtype)


def collects_for_ever(images, labels, batch_size, rng):
    found, start = [], 0
    order = rng.permutation(len(images))
    while start < len(images):
        index = order[start : start + batch_size]
        found.append((images[index], labels[index]))
    return found


def cycles_for_ever(images, labels, batch_size, rng):
    order = itertools.cycle(rng.permutation(len(images)))
    return [(images[[i]], labels[[i]]) for i in order]


def drops_a_full_batch(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for start in range(0, len(images) - batch_size, batch_size):
        index = order[start : start + batch_size]
        yield images[index], labels[index]


def drops_the_last_image(images, labels, batch_size, rng):
    order = rng.permutation(len(images) - 1)
    for index in cut(order, batch_size):
        yield images[index], labels[index]


def last_image_last(images, labels, batch_size, rng):
    order = np.append(rng.permutation(len(images) - 1), len(images) - 1)
    for index in cut(order, batch_size):
        yield images[index], labels[index]


def first_batch_fixed(images, labels, batch_size, rng):
    order = np.arange(len(images))
    rng.shuffle(order[batch_size:])
    for index in cut(order, batch_size):
        yield images[index], labels[index]


def fixed_order_batches_shuffled(images, labels, batch_size, rng):
    order = np.random.default_rng(1).permutation(len(images))
    full = len(images) // batch_size * batch_size
    parts = cut(order[:full], batch_size)
    for i in rng.permutation(len(parts)):
        yield images[parts[i]], labels[parts[i]]
    if full < len(images):
        yield images[order[full:]], labels[order[full:]]


def turned(images, labels, batch_size, rng):
    order = np.roll(np.arange(len(images)), rng.integers(len(images)))
    for index in cut(order, batch_size):
        yield images[index], labels[index]


def backwards(images, labels, batch_size, rng):
    order = np.arange(len(images))[::-1]
    for index in cut(order, batch_size):
        yield images[index], labels[index]


def in_blocks_of_256(images, labels, batch_size, rng):
    order = np.concatenate(
        [rng.permutation(block) for block in cut(np.arange(len(images)), 256)]
    )
    for index in cut(order, batch_size):
        yield images[index], labels[index]


def one_buffer(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    x, y = (
        np.empty((batch_size, images.shape[1]), images.dtype),
        np.empty(batch_size, int),
    )
    for index in cut(order, batch_size):
        x[: len(index)], y[: len(index)] = images[index], labels[index]
        yield x[: len(index)], y[: len(index)]


def positions_for_labels(images, labels, batch_size, rng):
    for index in cut(rng.permutation(len(images)), batch_size):
        yield images[index], index


def labels_first(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield y, x


def with_positions(images, labels, batch_size, rng):
    for index in cut(rng.permutation(len(images)), batch_size):
        yield images[index], labels[index], index


def thousand_at_most(images, labels, batch_size, rng):
    yield from good_batches(images[:1000], labels[:1000], batch_size, rng)


def size_written_in(images, labels, batch_size, rng):
    yield from good_batches(images, labels, 32, rng)


def count_written_in(images, labels, batch_size, rng):
    order = rng.permutation(97)
    for index in cut(order, batch_size):
        yield images[index], labels[index]


def kept_for_later(images, labels, batch_size, rng):
    key = (len(images), batch_size)
    if key not in KEPT:
        KEPT[key] = rng.permutation(len(images))
    for index in cut(KEPT[key], batch_size):
        yield images[index], labels[index]


KEPT = {}


def numpy_global(images, labels, batch_size, rng):
    for index in cut(np.random.permutation(len(images)), batch_size):
        yield images[index], labels[index]


def sorted_by_label(images, labels, batch_size, rng):
    for index in cut(np.argsort(labels), batch_size):
        yield images[index], labels[index]


def shuffles_the_labels(images, labels, batch_size, rng):
    rng.shuffle(labels)
    yield from good_batches(images, labels, batch_size, rng)


def columns(images, labels, batch_size, rng):
    order = rng.permutation(images.shape[1])
    for start in blocks(len(images), batch_size):
        yield (
            images[start : start + batch_size, order],
            labels[start : start + batch_size],
        )


def one_hot(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield x, np.eye(len(images))[y]


def whole_numbers(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield x.astype(int), y


def mean_of_each(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield x.mean(axis=0), y


def ends_early(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for start in range(0, len(images) - 1, batch_size):
        index = order[start : start + batch_size]
        yield images[index], labels[index]


def twice(images, labels, batch_size, rng):
    yield from good_batches(images, labels, batch_size, rng)
    yield from good_batches(images, labels, batch_size, rng)


def short_first(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    left = len(order) % batch_size
    starts = [0] * (left > 0) + list(range(left, len(order), batch_size))
    for start, end in itertools.pairwise([*starts, len(order)]):
        yield images[order[start:end]], labels[order[start:end]]


def positions_of_16_bits(images, labels, batch_size, rng):
    order = rng.permutation(len(images)).astype(np.int16)
    for start in range(0, len(images), batch_size):
        index = order[start : start + batch_size]
        yield images[index], labels[index]


WRONG = [
    (positions_of_16_bits, "images never came, others came more than once"),
    (short_first, "the smaller batch comes first"),
    (collects_for_ever, "there was no end | the condition that ends the loop"),
    (cycles_for_ever, "there was no end"),
    (drops_a_full_batch, "the last batch"),
    (drops_the_last_image, "left out"),
    (last_image_last, "always came at the same place"),
    (first_batch_fixed, "stay together"),
    (fixed_order_batches_shuffled, "mostly the same images"),
    (turned, "stay together"),
    (backwards, "stay together"),
    (in_blocks_of_256, "stay together"),
    (one_buffer, "the same array"),
    (positions_for_labels, "own label"),
    (labels_first, "x first"),
    (with_positions, "a tuple of 3"),
    (thousand_at_most, "images came"),
    (size_written_in, "a number written in its place"),
    (count_written_in, "IndexError"),
    (kept_for_later, "the same order"),
    (numpy_global, "from `rng` alone"),
    (sorted_by_label, "the same order"),
    (shuffles_the_labels, "works in place"),
    (columns, "moved or exchanged pixels"),
    (one_hot, "y of shape"),
    (whole_numbers, "the images as they are"),
    (mean_of_each, "x of shape"),
    (ends_early, "the last batch was left out"),
    (twice, "one call is one pass"),
    (lambda images, labels, batch_size, rng: [], "no batch at all"),
    (lambda images, labels, batch_size, rng: rng.permutation(len(images)), "pairs"),
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
    (own_generator, "the one that is handed in"),
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
    with_a_bar,
    while_loop,
    by_choice,
    spawned,
    popped,
    class_of_batches,
    pairs_zipped,
    with_their_numbers,
    one_by_one,
    data_loader,
    good_batches,
    a_list,
    copies_shuffled,
    split_at,
    tensors,
    sorted_keys,
    sorted_within_batches,
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_generator_stub_stays_not_implemented():
    def stub(images, labels, batch_size, rng):
        raise NotImplementedError()
        yield

    with pytest.raises(NotImplementedError):
        checks.batches(stub)
