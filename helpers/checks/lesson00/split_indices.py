"""How positions are cut in training and validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson00._arrays import as_array, kind_of, span


@check("split_indices")
def split_indices(split: Callable) -> None:
    """Check ``split_indices(n, validation, seed)``, which returns two index arrays."""
    for n, size in ((1000, 200), (97, 13)):
        train, validation = _two_splits(split(n, size, 0), n, size)
        _whole_split(train, validation, n, size)

    n, size = 1000, 200
    train, validation = _two_splits(split(n, size, 1), n, size)
    # As if the file were sorted by class, 100 images each: many data sets are.
    classes = np.unique(validation * 10 // n)
    if len(classes) < 10:
        raise CheckFailed(
            f"on 1,000 images sorted by class, the validation split has only "
            f"class {span(classes)}",
            "a random choice of images, so that every class is in both splits",
            "a cut without shuffling; permute the indices first",
        )
    again = _two_splits(split(n, size, 1), n, size)[1]
    if set(again.tolist()) != set(validation.tolist()):
        raise CheckFailed(
            "two calls with the same seed gave two different splits",
            "the same split each time: else an image moves from training to "
            "validation when the notebook restarts",
            "make the generator from `seed`: `np.random.default_rng(seed)`",
        )
    other = _two_splits(split(n, size, 2), n, size)[1]
    if set(other.tolist()) == set(validation.tolist()):
        raise CheckFailed(
            "seed 1 and seed 2 gave the same split",
            "another seed, another random choice",
            "is `seed` used, or is a number written in its place?",
        )


def _two_splits(result: Any, n: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The two index arrays, or a failure that says what came instead."""
    call = f"split_indices({n}, {size}, seed)"
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CheckFailed(
            f"{call} returned {kind_of(result)}",
            "two arrays of indices: train_index, validation_index",
            "the `return` line",
        )
    arrays = []
    for name, part in zip(("train", "validation"), result, strict=True):
        if hasattr(part, "dataset"):
            raise CheckFailed(
                f"the {name} part is a {type(part).__name__}",
                "an array of indices",
                "return its `.indices` instead",
            )
        array = as_array(part, "split_indices", torch_too=True, list_too=True)
        if array.dtype == bool:
            raise CheckFailed(
                f"the {name} part is a mask of True and False",
                "the positions themselves, whole numbers from 0 to n - 1",
                "`np.flatnonzero(mask)` turns a mask into positions",
            )
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise CheckFailed(
                f"the {name} part has shape {array.shape} and type {array.dtype}",
                "a one-dimensional array of whole numbers",
                "a division or a cast to float, an axis too many, or something else "
                "permuted than the positions 0 to n - 1",
            )
        arrays.append(array.astype(np.int64))
    return arrays[0], arrays[1]


def _whole_split(train: np.ndarray, validation: np.ndarray, n: int, size: int) -> None:
    """Check that two index arrays cut the positions 0 to n - 1 in two."""
    both = np.intersect1d(train, validation)
    if len(both) and len(train) == n:
        raise CheckFailed(
            f"training has all {n} indices, also the {len(both)} of validation",
            "no overlap: an image in both is a leak, and validation then "
            "measures memory",
            "training gets the rest only: cut the permutation in two",
        )
    if len(both):
        raise CheckFailed(
            f"{len(both)} of {n} indices are in both splits, for example {both[0]}",
            "no overlap: an image in both is a leak, and validation then "
            "measures memory",
            "one permutation, cut once at one place; two separate draws overlap, and "
            "so do two different places",
        )
    for name, part in (("train", train), ("validation", validation)):
        double = len(part) - len(np.unique(part))
        if double:
            raise CheckFailed(
                f"{double} indices of the {name} split are there more than once",
                "each image once",
                "a draw with replacement (`rng.choice` and `rng.integers` do so); "
                "`rng.permutation` does not",
            )
    if len(train) == size and len(validation) == n - size:
        raise CheckFailed(
            f"the first array has {size} indices, the second {n - size}",
            "training first, validation second",
            "the order in the `return` line",
        )
    if len(validation) != size or len(train) != n - size:
        raise CheckFailed(
            f"of {n} images, {len(train)} went to training and {len(validation)} "
            f"to validation",
            f"{n - size} and {size}: every image is used, `validation` is a count",
            "where the permutation is cut: at the argument `validation`, not at a "
            "share or a number written in, and not one place further",
        )
    if (
        min(train.min(), validation.min()) < 0
        or max(train.max(), validation.max()) >= n
    ):
        low = min(train.min(), validation.min())
        high = max(train.max(), validation.max())
        raise CheckFailed(
            f"indices from {low} to {high} for {n} images",
            f"indices from 0 to {n - 1}",
            "counting starts at 0",
        )
