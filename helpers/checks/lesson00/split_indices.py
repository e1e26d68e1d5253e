"""How positions are cut in training and validation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.arrays import read, span
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw, seeded
from helpers.checks.messages import is_sequence, kind

SIGMAS = 6  # a right answer is that far off less than once in a hundred million
LEAK = "no overlap: an image in both is a leak, and validation then measures memory"


@check("split_indices")
def split_indices(split: Callable, draw: Draw) -> None:
    """Check ``split_indices(n, validation, seed)``, which returns two index arrays."""
    n, size = draw.integer(900, 1100), draw.integer(180, 260)
    seeds = [0, 1, 42, draw.integer(2, 41), draw.integer(1000, 2**31)]
    for count, held_out in (
        (n, size),
        (97, draw.integer(5, 30)),
        (draw.integer(2001, 5003), draw.integer(1200, 1900)),
        (draw.integer(20, 50), 1),
        (draw.integer(20, 37), 19),
        (draw.integer(33_000, 34_000), 40),  # more than 16 bits can count
        *_hard_to_round(draw),
    ):
        parts = [_call(split, count, held_out, seed) for seed in seeds[:2] + seeds[-1:]]
        varies = len({len(validation) for _, validation in parts}) > 1
        for both in parts:
            _whole_split(*both, count, held_out, varies)

    found = [_call(split, n, size, seed)[1] for seed in seeds]
    # As if the file were sorted by class, as many data sets are.
    classes = np.unique(found[0] * 10 // n)
    if len(classes) < 10:
        raise CheckFailed(
            f"on {n} images sorted by class, the validation split has only "
            f"class {span(classes)}",
            "a random choice of images, so that every class is in both splits",
            "a cut without shuffling, neighbors drawn as one block, or images at equal "
            "distances: permute all of the indices first",
        )
    for seed, validation in zip(seeds, found, strict=True):
        again = _call(split, n, size, seed)[1]
        if set(again.tolist()) != set(validation.tolist()):
            raise CheckFailed(
                f"two calls with the same seed, {seed}, gave two different splits",
                "the same split each time: else an image moves from training to "
                "validation when the notebook restarts",
                "make the generator from `seed`: `np.random.default_rng(seed)`",
            )
    for one, other in itertools.combinations(range(len(seeds)), 2):
        if set(found[one].tolist()) == set(found[other].tolist()):
            raise CheckFailed(
                f"seed {seeds[one]} and seed {seeds[other]} gave the same split",
                "another seed, another random choice",
                "is `seed` used, or is a number written in its place?",
            )
        _random_choices(found[one], found[other], n)
    _as_many_everywhere(found, n)
    first = draw.integer(1000, 2**20)
    _other_seeds(split, [first + step for step in (0, 100, 1_000, 2**16, 10**6, 2**20)])
    for validation in found:
        _no_pattern(validation, n)
    _every_image(split, draw.integer(7, 9), draw.integer(0, 1000))


def _hard_to_round(draw: Draw) -> list[tuple[int, int]]:
    """Counts that a share of n, times n again, just misses: from below, from above."""

    def missed(n: int, size: int) -> tuple[bool, ...]:
        train, held_out = n * (1 - size / n), n * (size / n)
        return (
            train < n - size and held_out > size,
            train > n - size and held_out < size,
            n * ((n - size) / n) < n - size,
        )

    found = []
    for which in range(3):
        counts = (1, 1)
        while not missed(*counts)[which]:
            counts = draw.integer(900, 1100), draw.integer(180, 260)
        found.append(counts)
    return found


def _other_seeds(split: Callable, seeds: list[int]) -> None:
    """Check that no part of a large seed is left out."""
    found = [frozenset(_call(split, 97, 40, seed)[1].tolist()) for seed in seeds]
    for one, other in itertools.combinations(range(len(seeds)), 2):
        if found[one] == found[other]:
            raise CheckFailed(
                f"seed {seeds[one]} and seed {seeds[other]} gave the same split",
                "another seed, another random choice",
                "what is done to `seed`: a remainder (%), a limit, or a part of it",
            )


def _call(split: Callable, n: int, size: int, seed: int) -> tuple:
    """The two index arrays; other random numbers in the notebook stay as they are."""
    # Whoever seeds NumPy's or torch's global generator with `seed` is right, too. It
    # begins differently each time, so that a seed that is not used shows.
    with seeded(int(np.random.randint(2**31))):
        result = split(n, size, seed)
    return _two_splits(result, f"split_indices({n}, {size}, {seed})")


def _two_splits(result: Any, call: str) -> tuple[np.ndarray, np.ndarray]:
    """The two index arrays, or a failure that says what came instead."""
    if not is_sequence(result) or len(result) != 2:
        raise CheckFailed(
            f"{call} returned {kind(result)}",
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
        array = read(part, call, lists=True)
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


def _whole_split(
    train: np.ndarray, validation: np.ndarray, n: int, size: int, varies: bool
) -> None:
    """Check that two index arrays cut the positions 0 to n - 1 in two."""
    for name, part in (("train", train), ("validation", validation)):
        if not len(part):
            raise CheckFailed(
                f"the {name} part is empty, of {n} images, {size} of them to be held "
                "out",
                f"{n - size} and {size} indices",
                "where the permutation is cut",
            )
        double = len(part) - len(np.unique(part))
        if double:
            raise CheckFailed(
                f"{double} indices of the {name} split are there more than once",
                "each image once",
                "a draw with replacement (`rng.choice` and `rng.integers` do so); "
                "`rng.permutation` does not",
            )
    both = np.intersect1d(train, validation)
    if len(both) and len(train) == n:
        raise CheckFailed(
            f"training has all {n} indices, also the {len(both)} of validation",
            LEAK,
            "training gets the rest only: cut the permutation in two",
        )
    if len(both):
        raise CheckFailed(
            f"{len(both)} of {n} indices are in both splits, for example {both[0]}",
            LEAK,
            "one permutation, cut once at one place; two separate draws overlap, and "
            "so do two different places",
        )
    if len(train) == size != n - size == len(validation):
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
            "the number held out differs from seed to seed: choose the images at "
            "random, and exactly `validation` of them"
            if varies
            else "where the permutation is cut: at the argument `validation`, not at a "
            "share (`validation / n`, times n, may be off by one) or a number written "
            "in, and not one place further",
        )
    low = min(train.min(), validation.min())
    high = max(train.max(), validation.max())
    if low < 0 or high >= n:
        raise CheckFailed(
            f"indices from {low} to {high} for {n} images",
            f"indices from 0 to {n - 1}",
            "counting starts at 0",
        )


def _random_choices(one: np.ndarray, other: np.ndarray, n: int) -> None:
    """Check that two seeds share as many images as two random choices do."""
    common, share = len(np.intersect1d(one, other)), len(one) / n
    mean = n * share**2
    if abs(common - mean) > SIGMAS * math.sqrt(mean) * (1 - share):
        raise CheckFailed(
            f"the validation splits of two seeds share {common} images",
            f"about {mean:.0f}, as two random choices of {len(one)} out of {n} do",
            "how `seed` decides: it should seed a generator that shuffles all "
            "positions, not move or choose a part of them",
        )


def _as_many_everywhere(found: list[np.ndarray], n: int) -> None:
    """Check that the splits of all seeds take as much of each tenth of the file."""
    taken = np.bincount(np.concatenate(found) * 10 // n, minlength=10)
    of_all = np.bincount(np.arange(n) * 10 // n) / n
    held_out, share = len(found) * len(found[0]), len(found[0]) / n
    spread = np.sqrt(held_out * of_all * (1 - of_all) * (1 - share))
    off = np.abs(taken - held_out * of_all) / spread
    if off.max() > SIGMAS:
        part = int(off.argmax())
        raise CheckFailed(
            f"of the {held_out} images held out with {len(found)} seeds, {taken[part]} "
            f"are in tenth {part + 1} of the file",
            f"about {held_out * of_all[part]:.0f}: each image as likely as any other",
            "how the positions are chosen: a permutation of all of them, not numbers "
            "drawn from a distribution that prefers some",
        )


def _every_image(split: Callable, n: int, first: int) -> None:
    """Check that each image is held out with some seeds and not with others."""
    seeds, size = range(first, first + 60), n // 2
    held_out = np.zeros(n, int)
    for seed in seeds:
        held_out[_call(split, n, size, seed)[1]] += 1
    for times, where in ((0, "training"), (len(seeds), "validation")):
        if (held_out == times).any():
            image = int((held_out == times).argmax())
            raise CheckFailed(
                f"with {len(seeds)} seeds, image {image} of {n} was always in {where}",
                "a random choice of all images",
                "the first or the last position, which the shuffle leaves out",
            )


def _no_pattern(validation: np.ndarray, n: int) -> None:
    """Check that chosen images are neither neighbors nor equally far apart."""
    chosen = np.zeros(n)
    chosen[validation] = 1
    share = len(validation) / n
    spread = math.sqrt(n) * share * (1 - share)
    for step in range(1, 12):
        pairs = (chosen[step:] * chosen[:-step]).sum()
        if abs(pairs - (n - step) * share**2) > SIGMAS * spread:
            raise CheckFailed(
                f"of the chosen images, {pairs:.0f} have another one chosen {step} "
                "further on",
                f"about {(n - step) * share**2:.0f}: a random choice",
                "a block, or every tenth, say, was taken: shuffle the positions",
            )
