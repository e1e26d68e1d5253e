"""How images come in shuffled batches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson00._arrays import as_array, kind_of, span


@check("batches")
def batches(make: Callable) -> None:
    """Check ``batches(images, labels, batch_size, rng)``, a generator of pairs."""
    y = _one_pass(make, n=97, batch_size=32, rng=np.random.default_rng(5))
    if np.array_equal(y, np.arange(97)):
        raise CheckFailed(
            "the images came in the order in which they were stored",
            "a new random order in each pass",
            "`rng.permutation(len(images))`, and index with it",
        )
    first = np.sort(y[:32])
    if np.array_equal(first, np.arange(first[0], first[0] + 32)):
        raise CheckFailed(
            f"the first batch holds exactly the neighbours {first[0]} to {first[-1]}",
            "32 images from anywhere in the set",
            "the shuffle: it must go over all images, before they are cut in batches",
        )
    repeat = _one_pass(make, n=97, batch_size=32, rng=np.random.default_rng(5))
    if not np.array_equal(y, repeat):
        raise CheckFailed(
            "two generators with the same seed gave two different orders",
            "the order comes from `rng` alone, so that a run can be repeated",
            "`np.random...` or `random...` used in place of `rng`",
        )
    rng = np.random.default_rng(5)
    one, two = (_one_pass(make, 97, 32, rng) for _ in range(2))
    if np.array_equal(one, two):
        raise CheckFailed(
            "two passes with one `rng` gave the same order",
            "a new order in each epoch",
            "a generator made inside `batches`; use the one that is handed in",
        )
    _one_pass(make, n=64, batch_size=32, rng=np.random.default_rng(0))
    _one_pass(make, n=5, batch_size=32, rng=np.random.default_rng(0))


def _one_pass(
    make: Callable, n: int, batch_size: int, rng: np.random.Generator
) -> np.ndarray:
    """Go once through n numbered images; return the order, checked for completeness."""
    # Image number i has i + 0, 1/8, ... 5/8 in its pixels, and the label i.
    labels = np.arange(n)
    images = (labels[:, None] + np.arange(6) / 8).astype(np.float32)
    before = images.copy()
    result = make(images, labels, batch_size, rng)
    if result is None:
        raise CheckFailed(
            "batches() returned None",
            "one (x, y) pair after another",
            "`yield x, y` inside the loop",
        )
    if isinstance(result, tuple) and len(result) == 2 and np.ndim(result[0]) == 2:
        raise CheckFailed(
            f"batches() returned one pair, with {len(result[0])} images, and ended",
            f"{math.ceil(n / batch_size)} pairs, one after another",
            "`return` ends the function at its first batch; `yield` hands one out "
            "and goes on",
        )
    # Twice as many as can be right is enough to know that it does not stop.
    pairs = list(itertools.islice(iter(result), 2 * n + 2))
    if len(pairs) > n + 1:
        raise CheckFailed(
            f"more than {n} batches from {n} images: it does not stop after one pass",
            f"{math.ceil(n / batch_size)} batches, one pass over the images",
            "the loop around `yield`",
        )
    if not np.array_equal(labels, np.arange(n)) or not np.array_equal(images, before):
        raise CheckFailed(
            "the arrays given to batches() are in another order afterwards",
            "arrays that stay as they are; only the batches are shuffled",
            "`rng.shuffle(images)` works in place; permute indices instead",
        )
    for pair in pairs:
        _is_pair(pair)
    if not pairs:
        raise CheckFailed(
            f"no batch at all from {n} images",
            f"{math.ceil(n / batch_size)} batches",
            "the range that the loop runs over",
        )
    sizes = [len(x) for x, _ in pairs]
    _right_sizes(sizes, n, batch_size)
    x = np.concatenate([as_array(x, "batches", True) for x, _ in pairs])
    y = np.concatenate([as_array(y, "batches", True) for _, y in pairs])
    if not np.isin(x, before).all():
        raise CheckFailed(
            f"pixels of {before.min():.4g} to {before.max():.4g} went in, "
            f"{span(x)} came out",
            "the images as they are, only in another order",
            "a scaling or another change of the pixels inside `batches`",
        )
    missing = n - len(np.unique(y))
    if missing:
        raise CheckFailed(
            f"{missing} of {n} images never came, others came more than once",
            "each image exactly once in a pass",
            "a draw with replacement, a new permutation for each batch, or a last "
            "batch filled up with old images",
        )
    if not np.array_equal(x, before[y.astype(int)]):
        raise CheckFailed(
            f"image number {int(x[0, 0])} came with the label of image {int(y[0])}"
            if int(x[0, 0]) != y[0]
            else "images came with the labels of other images, or with moved pixels",
            "image i always with label i",
            "images and labels are shuffled differently, or only one of them is: "
            "index both with the same permutation",
        )
    return y


def _right_sizes(sizes: list[int], n: int, batch_size: int) -> None:
    """Check that batches of these sizes are one pass over n images."""
    odd = n % batch_size
    expected = [batch_size] * (n // batch_size) + ([odd] if odd else [])
    if sizes == expected:
        return
    seen, shown = sum(sizes), str(sizes[:6])[:-1]
    shown += ", ...]" if len(sizes) > 6 else "]"
    if odd and seen == n - odd and max(sizes) == batch_size:
        raise CheckFailed(
            f"{seen} of {n} images came, in batches of {shown}",
            f"all {n}: the last batch is smaller, here {odd}",
            "the last batch was left out: the number of batches is rounded up, "
            "not down, and the range goes on to the end",
        )
    if 0 in sizes:
        raise CheckFailed(
            f"batches of {shown} from {n} images: one is empty",
            "no empty batch when the batch size divides the number of images",
            "where the loop over the starts ends",
        )
    if seen < n:
        raise CheckFailed(
            f"only {seen} of {n} images came, in batches of {shown}",
            f"all {n}, in batches of {expected}",
            "where the loop begins and ends; one batch alone is no pass",
        )
    if sorted(sizes) == sorted(expected):
        look = "the order of whole batches is shuffled: shuffle the images instead"
    elif max(sizes) > batch_size:
        look = (
            "how the order is cut: from start to start + batch_size, and is "
            "`batch_size` used, or a number written in its place?"
        )
    elif len(sizes) > len(expected) and seen > n:
        look = "the starts overlap: `range` needs the step `batch_size`"
    elif seen > n:
        look = "a last batch filled up with images that were already there"
    else:
        look = (
            "how the order is cut: from start to start + batch_size. Parts of equal "
            "size are something else"
        )
    times = "each image exactly once in a pass, " if seen != n else ""
    raise CheckFailed(
        f"{seen} images came from a set of {n}, in batches of {shown}",
        f"{times}batches of {expected}: full ones, then the rest",
        look,
    )


def _is_pair(pair: Any) -> None:
    """Fail unless this is a pair of an image batch (b, D) and labels (b,)."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise CheckFailed(
            f"batches() gave {kind_of(pair)}",
            "pairs: x of shape (b, D) and y of shape (b,)",
            "the `yield` line; one single image or label is no batch either",
        )
    x, y = (as_array(part, "batches", torch_too=True) for part in pair)
    if x.ndim != 2 or x.shape[1] != 6 or y.ndim != 1 or len(x) != len(y):
        raise CheckFailed(
            f"a batch with x of shape {x.shape} and y of shape {y.shape}",
            "x of shape (b, D) and y of shape (b,), with D = 6 in this check",
            "what is indexed: whole rows of `images`, and `labels` alike; x first",
        )
