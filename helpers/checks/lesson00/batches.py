"""How images come in shuffled batches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.arrays import read, span
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.endless import lines_at_most
from helpers.checks.leftovers import stays
from helpers.checks.messages import is_sequence, kind

PASSES = 4
LINES = 500  # of a student's code for each image: more than any loop takes


@check("batches")
def batches(make: Callable, draw: Draw) -> None:
    """Check ``batches(images, labels, batch_size, rng)``, a generator of pairs."""
    seed = draw.integer(0, 2**31)
    for n, size in (
        (97, 32),
        (draw.integer(60, 90, but=(62, 63, 64, 65)), draw.integer(12, 31)),
        (64, 32),
        (draw.integer(30, 50), draw.integer(30, 50)),
        (5, 32),
        (draw.integer(560, 590), draw.integer(257, 280)),
        (1, 4),
        (draw.integer(7, 12), 1),
        (draw.integer(33_000, 34_000), 5_000),  # more than 16 bits can count
    ):
        _one_pass(make, n, size, np.random.default_rng(seed))
    n, size = draw.integer(1030, 1100), draw.integer(120, 140)
    rng = np.random.default_rng(seed)
    orders = [_one_pass(make, n, size, rng) for _ in range(PASSES)]
    _shuffled(orders, size)
    repeat = _one_pass(make, n, size, np.random.default_rng(seed))
    if not np.array_equal(orders[0], repeat):
        raise CheckFailed(
            "two generators with the same seed gave two different orders",
            "the order comes from `rng` alone, so that a run can be repeated",
            "`np.random...` or `random...` used in place of `rng`",
        )


def _shuffled(orders: list[np.ndarray], size: int) -> None:
    """Check that each pass shuffles all images, and differently from all others."""
    stored = np.arange(len(orders[0]))
    for order in orders:
        if np.array_equal(order, stored):
            raise CheckFailed(
                "the images came in the order in which they were stored",
                "a new random order in each pass",
                "`rng.permutation(len(images))`, and index with it",
            )
        # Batches that are sorted are random all the same: a step of 1 is common there.
        steps = np.unique(np.diff(order), return_counts=True)[1]
        if steps.max() > len(order) // 4 or not _is_mixed(stored, order, size):
            raise CheckFailed(
                "images that were stored together stay together: the first are "
                f"numbers {', '.join(map(str, order[:8]))} of {len(order)}",
                "a random order",
                "the shuffle: it must go over all images, before they are cut in "
                "batches",
            )
    for one, other in itertools.combinations(orders, 2):
        same = np.array_equal(one, other)
        if same or not _is_mixed(one, other, size):
            raise CheckFailed(
                "two passes with one `rng` gave the same order"
                if same
                else "in two passes with one `rng`, the batches hold mostly the same "
                "images",
                "a new order in each epoch, over all images",
                "a generator made inside `batches`, or an order that is kept; use the "
                "one that is handed in, in each pass",
            )
    kept = np.all([order == orders[0] for order in orders], axis=0)
    if kept.any():
        raise CheckFailed(
            f"in {PASSES} passes, image {orders[0][kept][0]} always came at the same "
            "place",
            "every image anywhere",
            "the shuffle leaves a part as it is: where does it begin and end?",
        )


def _is_mixed(one: np.ndarray, other: np.ndarray, size: int) -> bool:
    """Whether images that share a batch in one order are spread over the other."""
    n = len(one)
    blocks = np.empty((2, n), int)
    for block, order in zip(blocks, (one, other), strict=True):
        block[order] = np.arange(n) // size
    count = math.ceil(n / size)
    seen = np.bincount(blocks[0] * count + blocks[1], minlength=count**2)
    lengths = np.bincount(np.arange(n) // size)
    expected = np.outer(lengths, lengths).ravel() / n
    full = expected > 3  # the last batch may be too small to count
    chi2, freedom = ((seen - expected) ** 2 / expected)[full].sum(), full.sum()
    return chi2 < freedom + 8 * math.sqrt(2 * freedom)


def _one_pass(
    make: Callable, n: int, batch_size: int, rng: np.random.Generator
) -> np.ndarray:
    """Go once through n images; return their order, checked for completeness."""
    # Each pixel of each image has a value of its own, and each image a label of its
    # own, which is not its number.
    numbers = np.random.default_rng(n).permutation(n)  # label -> image
    labels = np.argsort(numbers)
    images = ((np.arange(n)[:, None] * 8 + np.arange(6)) / (8 * n)).astype(np.float32)
    given = images.copy(), labels.copy()
    count = math.ceil(n / batch_size)
    look = "`rng.shuffle(images)` works in place; permute indices instead"
    what = f"batches() of {n} images"
    with stays(*given, look=look), lines_at_most(LINES * (n + 20), what, "one pass"):
        pairs = _collect(make(*given, batch_size, rng), n, count)
    for pair in pairs:
        _is_pair(pair)
    _not_shared(pairs)
    _right_sizes([len(x) for x, _ in pairs], n, batch_size)
    x = np.concatenate([read(x, "batches()") for x, _ in pairs])
    y = np.concatenate([read(y, "batches()") for _, y in pairs])
    if x.dtype.kind != "f" or not np.isin(x, images).all():
        raise CheckFailed(
            f"pixels of {span(images)} went in, {span(x)} came out",
            "the images as they are, only in another order",
            "a scaling, a cast to whole numbers or another change of the pixels inside "
            "`batches`",
        )
    order = np.floor(x[:, 0].astype(float) * n + 1e-2).astype(int)
    missing = n - len(np.unique(order))
    if missing:
        raise CheckFailed(
            f"{missing} of {n} images never came, others came more than once",
            "each image exactly once in a pass",
            "a draw with replacement, a new permutation for each batch, or a last "
            "batch filled up with old images",
        )
    if not np.array_equal(x, images[order]):
        raise CheckFailed(
            "images came with moved or exchanged pixels",
            "each image as it is",
            "what is indexed or flipped: whole rows of `images`",
        )
    if not np.array_equal(y, labels[order]):
        wrong = int((y != labels[order]).argmax())
        raise CheckFailed(
            f"image number {order[wrong]}, whose label is {labels[order[wrong]]}, came "
            f"with the label {y[wrong]:g}",
            "each image always with its own label",
            "images and labels are shuffled differently, or only one of them is: "
            "index both with the same permutation",
        )
    return order


def _collect(result: Any, n: int, count: int) -> list:
    """All pairs of one pass, or a failure that says what came instead."""
    if result is None:
        raise CheckFailed(
            "batches() returned None",
            "one (x, y) pair after another",
            "`yield x, y` inside the loop",
        )
    if isinstance(result, tuple) and len(result) == 2 and np.ndim(result[0]) == 2:
        raise CheckFailed(
            f"batches() returned one pair, with {len(result[0])} images, and ended",
            f"{count} pairs, one after another",
            "`return` ends the function at its first batch; `yield` hands one out "
            "and goes on",
        )
    # One more than can be right is enough to know that it does not stop.
    pairs = list(itertools.islice(iter(result), n + 2))
    if len(pairs) > n + 1:
        raise CheckFailed(
            f"more than {n} batches from {n} images: it does not stop after one pass",
            f"{count} batches, one pass over the images",
            "the loop around `yield`",
        )
    if not pairs:
        raise CheckFailed(
            f"no batch at all from {n} images",
            f"{count} batches",
            "the range that the loop runs over",
        )
    return pairs


def _not_shared(pairs: list) -> None:
    """Fail if two batches are one piece of memory, so that the later one shows."""
    if len(pairs) < 2:
        return
    for one, other in zip(pairs[0], pairs[1], strict=True):
        if np.shares_memory(read(one, "batches()"), read(other, "batches()")):
            raise CheckFailed(
                "a batch has other values once the next one has come: they are the "
                "same array",
                "an array of its own for each batch",
                "an array that is made once, before the loop, and filled anew",
            )


def _right_sizes(sizes: list[int], n: int, size: int) -> None:
    """Check that batches of these sizes are one pass over n images."""
    odd, seen = n % size, sum(sizes)
    expected = [size] * (n // size) + ([odd] if odd else [])
    if sizes == expected:
        return
    raise CheckFailed(
        f"{seen} images came from a set of {n}, in batches of {_shown(sizes)}",
        f"each image once, in batches of {_shown(expected)}: full ones, then the rest",
        next(look for holds, look in _reasons(sizes, expected, n, size) if holds),
    )


def _reasons(
    sizes: list[int], expected: list[int], n: int, size: int
) -> list[tuple[bool, str]]:
    """What may be wrong with the sizes of the batches, and whether it holds."""
    seen, most, passes = sum(sizes), max(sizes), len(sizes) // len(expected)
    return [
        (
            n % size > 0 and seen == n - n % size and most == size,
            "the last batch was left out: it is smaller. The number of batches is "
            "rounded up, not down, and the range goes on to the end",
        ),
        (0 in sizes, "one is empty: where the loop over the starts ends"),
        (
            seen == n - 1,
            "one image is left out: where the loop or the permutation begins and ends",
        ),
        (seen < n, "where the loop begins and ends; one batch alone is no pass"),
        (
            sizes == expected * passes,
            "one call is one pass: the loop over the epochs stands elsewhere",
        ),
        (
            sizes == expected[::-1],
            "the smaller batch comes first; it belongs last",
        ),
        (
            sorted(sizes) == sorted(expected),
            "the order of whole batches is shuffled: shuffle the images instead",
        ),
        (
            most > size,
            "how the order is cut: from start to start + batch_size, and is "
            "`batch_size` used, or a number written in its place?",
        ),
        (
            len(sizes) > len(expected) and seen > n,
            "the starts overlap: `range` needs the step `batch_size`",
        ),
        (seen > n, "a last batch filled up with images that were already there"),
        (
            True,
            "how the order is cut: from start to start + batch_size. Parts of equal "
            "size are something else; is a number written in place of `batch_size`?",
        ),
    ]


def _shown(sizes: list[int]) -> str:
    """Write a list, or both ends of a long one."""
    if len(sizes) <= 6:
        return str(sizes)
    return f"{str(sizes[:3])[:-1]}, ..., {str(sizes[-3:])[1:]}"


def _is_pair(pair: Any) -> None:
    """Fail unless this is a pair of an image batch (b, D) and labels (b,)."""
    if not is_sequence(pair) or len(pair) != 2:
        raise CheckFailed(
            f"batches() gave {kind(pair)}",
            "pairs: x of shape (b, D) and y of shape (b,)",
            "the `yield` line; one single image or label is no batch either",
        )
    x, y = (read(part, "batches()") for part in pair)
    if x.ndim != 2 or x.shape[1] != 6 or y.ndim != 1 or len(x) != len(y):
        raise CheckFailed(
            f"a batch with x of shape {x.shape} and y of shape {y.shape}",
            "x of shape (b, D) and y of shape (b,), with D = 6 in this check",
            "what is indexed: whole rows of `images`, and `labels` alike; x first",
        )
