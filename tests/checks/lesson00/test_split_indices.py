"""``split_indices``: wrong answers, what its check says, and right ones."""

import logging
import math
import random
import sys
import warnings

import numpy as np
import torch
from sklearn.model_selection import ShuffleSplit, train_test_split

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.split_indices
NAMES = ("split_indices",)


def shuffled(n, seed):
    return np.random.default_rng(seed).permutation(n)


def cut(n, v, seed):
    order = shuffled(n, seed)
    return order[v:], order[:v]


def boolean_masks(n, v, seed):
    chosen = np.zeros(n, bool)
    chosen[cut(n, v, seed)[1]] = True
    return ~chosen, chosen


def two_draws(n, v, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(n)[: n - v], rng.permutation(n)[:v]


def with_replacement(n, v, seed):
    chosen = np.random.default_rng(seed).integers(0, n, v)
    chosen[1] = chosen[0]
    return np.setdiff1d(np.arange(n), chosen), chosen


def drop_some(n, v, seed):
    train, validation = cut(n, v, seed)
    return train[:-1], validation


def by_sort(n, v, seed):
    order = np.argsort(np.random.default_rng(seed).random(n))
    return np.sort(order[v:]), np.sort(order[:v])


def sampled(n, v, seed):
    chosen = random.Random(seed).sample(range(n), v)
    return [i for i in range(n) if i not in set(chosen)], chosen


def torch_subsets(n, v, seed):
    parts = torch.utils.data.random_split(
        range(n), [n - v, v], generator=torch.Generator().manual_seed(seed)
    )
    return parts[0].indices, parts[1].indices


def torch_global(n, v, seed):
    torch.manual_seed(seed)
    order = torch.randperm(n)
    return order[: n - v].numpy(), order[n - v :].numpy()


def chatty(n, v, seed):
    logging.basicConfig()
    logging.getLogger("split").error("splitting")
    warnings.warn("splitting", stacklevel=2)
    print(n, v, file=sys.stderr)
    return cut(n, v, seed)


def shuffle_split(n, v, seed):
    return next(
        ShuffleSplit(1, test_size=v, train_size=n - v, random_state=seed).split(
            range(n)
        )
    )


def shuffled_in_place(n, v, seed):
    order = np.arange(n)
    np.random.default_rng(seed).shuffle(order)
    return np.split(order, [n - v])


def by_difference(n, v, seed):
    chosen = np.random.RandomState(seed).permutation(n)[:v]
    return np.setdiff1d(np.arange(n), chosen), chosen


def unless_seed(n, v, seed):
    return cut(n, v, seed or None)


def last_always_trains(n, v, seed):
    order = np.append(shuffled(n - 1, seed), n - 1)
    return order[v:], order[:v]


def first_always_held_out(n, v, seed):
    order = np.insert(shuffled(n - 1, seed) + 1, 0, 0)
    return order[v:], order[:v]


def moving_block(n, v, seed):
    order = np.roll(np.arange(n), np.random.default_rng(seed).integers(n))
    return order[v:], order[:v]


def every_so_many(n, v, seed):
    step = n // v
    chosen = (np.arange(v) * step + seed % step) % n
    return np.setdiff1d(np.arange(n), chosen), chosen


def blocks_shuffled(n, v, seed):
    order = np.arange(n)
    size = max(n // 10, 1)
    parts = [order[i : i + size] for i in range(0, n, size)]
    random.Random(seed).shuffle(parts)
    order = np.concatenate(parts)
    return order[v:], order[:v]


def first_half_only(n, v, seed):
    half = max(v, n // 2)
    chosen = np.random.default_rng(seed).permutation(half)[:v]
    return np.setdiff1d(np.arange(n), chosen), chosen


def training_shuffled(n, v, seed):
    return shuffled(n - v, seed), np.arange(n - v, n)


def first_image_lost(n, v, seed):
    order = shuffled(n - 1, seed) + 1
    return order[v:], order[:v]


def fixed_permutation_turned(n, v, seed):
    order = np.roll(shuffled(n, 0), seed)
    return order[v:], order[:v]


def few_seeds(n, v, seed):
    return cut(n, v, seed % 2)


def thousand_written_in(n, v, seed):
    order = shuffled(1000, seed)
    return order[v:], order[:v]


def share_of_n(n, v, seed):
    order = shuffled(n, seed)
    return order[int(0.8 * n) :][::-1], order[: int(0.8 * n)]


def drawn_twice(n, v, seed):
    rng = np.random.default_rng(seed)
    return rng.choice(n, n - v, replace=False), rng.choice(n, v, replace=False)


def same_generator_each_time(n, v, seed):
    order = GENERATOR.permutation(n)
    return order[v:], order[:v]


GENERATOR = np.random.default_rng(0)


def rows(n, v, seed):
    order = shuffled(n, seed)
    return order[v:, None], order[:v, None]


def values_not_positions(n, v, seed):
    values = np.random.default_rng(seed).random(n)
    return values[v:], values[:v]


def all_for_validation(n, v, seed):
    order = shuffled(n, seed)
    return order[v:], order


def about_so_many(n, v, seed):
    held_out = np.random.default_rng(seed).random(n) < v / n
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def of_16_bits(n, validation, seed):
    order = np.random.default_rng(seed).permutation(n).astype(np.int16)
    return order[validation:], order[:validation]


def cut_at_a_share(count):
    """Of n images the share (n - v) / n, or what is left of v / n, for training."""

    def function(n, v, seed):
        train = count(n, v)
        order = shuffled(n, seed)
        return order[:train], order[train:]

    return function


def share_of_scikit(n, v, seed):
    return train_test_split(np.arange(n), test_size=v / n, random_state=seed)


def until_enough(draw):
    """Positions drawn one by one, until so many different ones are held out."""

    def function(n, v, seed):
        rng, chosen = np.random.default_rng(seed), set()
        while len(chosen) < v:
            chosen.add(int(draw(rng, n)) % n)
        return sorted(set(range(n)) - chosen), sorted(chosen)

    return function


def later_ones_rather(n, v, seed):
    rng, weight = np.random.default_rng(seed), 1.0 + np.arange(n)
    chosen = rng.choice(n, v, replace=False, p=weight / weight.sum())
    return np.setdiff1d(np.arange(n), chosen), chosen


WRONG = [
    (until_enough(lambda rng, n: rng.normal(n / 2, n / 4)), "of the file | prefers"),
    (until_enough(lambda rng, n: n * rng.beta(1, 2)), "of the file | prefers some"),
    (later_ones_rather, "of the file | as likely as any other"),
    (cut_at_a_share(lambda n, v: int(n * (1 - v / n))), "times n, may be off by one"),
    (cut_at_a_share(lambda n, v: int(n * ((n - v) / n))), "may be off by one"),
    (cut_at_a_share(lambda n, v: n - int(n * (v / n))), "may be off by one"),
    (cut_at_a_share(lambda n, v: n - math.ceil(n * (v / n))), "may be off by one"),
    (share_of_scikit, "may be off by one"),
    (of_16_bits, "indices"),
    (about_so_many, "differs from seed to seed"),
    (unless_seed, "same seed, 0"),
    (last_always_trains, "always in training"),
    (first_always_held_out, "always in validation"),
    (moving_block, "random choice"),
    (every_so_many, "random choice"),
    (blocks_shuffled, "random choice"),
    (first_half_only, "random choice"),
    (training_shuffled, "without shuffling"),
    (first_image_lost, "every image is used"),
    (fixed_permutation_turned, "two seeds"),
    (few_seeds, "gave the same split"),
    (thousand_written_in, "written in"),
    (share_of_n, "went to training"),
    (drawn_twice, "two separate draws"),
    (same_generator_each_time, "two different splits"),
    (rows, "one-dimensional"),
    (values_not_positions, "whole numbers"),
    (all_for_validation, "are in both splits"),
    (lambda n, v, seed: cut(n, n - v, seed), "training first"),
    (lambda n, v, seed: cut(n, v + 1, seed), "every image is used"),
    (lambda n, v, seed: cut(n, v - 1, seed), "went to training"),
    (lambda n, v, seed: (cut(n, v, seed)[0], v), "shape ()"),
    (lambda n, v, seed: {"train": 0, "validation": 1}, "a dict"),
    (lambda n, v, seed: cut(n, 200, seed), "written in"),
    (lambda n, v, seed: (*cut(n, v, seed), seed), "a tuple of 3"),
    (lambda n, v, seed: (np.arange(v, n), np.arange(v)), "only class"),
    (lambda n, v, seed: tuple(-i for i in cut(n, v, seed)), "counting starts at 0"),
    (lambda n, v, seed: np.random.permutation(n)[:v], "the `return` line"),
    (lambda n, v, seed: np.split(np.random.permutation(n), [n - v]), "same seed"),
    (lambda n, v, seed: np.split(shuffled(n, 7), [n - v]), "gave the same split"),
    (lambda n, v, seed: cut(n, v, v), "gave the same split"),
    (lambda n, v, seed: None, "None"),
    (lambda n, v, seed: (np.arange(n - v), np.arange(n - v, n)), "only class"),
    (
        lambda n, v, seed: (
            np.arange(n - v),
            cut(n, v, seed)[1],
        ),
        "are in both splits",
    ),
    (two_draws, "separate draws"),
    (with_replacement, "with replacement"),
    (lambda n, v, seed: cut(n, v, seed)[::-1], "training first"),
    (drop_some, "every image is used"),
    (lambda n, v, seed: tuple(i + 1 for i in cut(n, v, seed)), "counting starts at 0"),
    (lambda n, v, seed: cut(n, v, None), "gave two different splits"),
    (lambda n, v, seed: cut(n, v, 0), "is `seed` used"),
    (boolean_masks, "mask"),
    (lambda n, v, seed: shuffled(n, seed), "`return` line"),
    (lambda n, v, seed: tuple(i / 1.0 for i in cut(n, v, seed)), "whole numbers"),
    (
        lambda n, v, seed: torch.utils.data.random_split(range(n), [n - v, v]),
        ".indices",
    ),
    (lambda n, v, seed: cut(n, v + 5, seed), "`validation` is a count"),
    (lambda n, v, seed: cut(n, n // 5, seed), "not at a share"),
    (lambda n, v, seed: (shuffled(n, seed), cut(n, v, seed)[1]), "training has all"),
    (
        lambda n, v, seed: (
            shuffled(n, seed)[v - 1 :],
            cut(n, v, seed)[1],
        ),
        "two different places",
    ),
    (lambda n, v, seed: tuple(i * 1.0 for i in cut(n, v, seed)), "cast to float"),
    (lambda n, v, seed: tuple(set(i) for i in cut(n, v, seed)), "a set"),
    (lambda n, v, seed: cut(n, v, seed % 100), "a remainder"),
    (lambda n, v, seed: cut(n, v, seed % 2**16), "a remainder"),
    (lambda n, v, seed: cut(n, v, min(seed, 1000)), "a limit"),
]


def legacy(n, v, seed):
    np.random.seed(seed)
    order = np.random.permutation(n)
    return order[:-v], order[-v:]


def torch_split(n, v, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return order[v:], order[:v]


def choose(n, v, seed):
    chosen = np.random.default_rng(seed).choice(n, v, replace=False)
    return np.delete(np.arange(n), chosen), chosen


def as_lists(n, v, seed):
    train, validation = cut(n, v, seed)
    return sorted(train.tolist()), sorted(validation.tolist())


def scikit(n, v, seed):
    return train_test_split(np.arange(n), test_size=v, random_state=seed)


def by_mask(n, v, seed):
    held_out = np.zeros(n, bool)
    held_out[np.random.default_rng(seed).choice(n, v, replace=False)] = True
    return np.where(~held_out)[0], np.flatnonzero(held_out)


def python_only(n, v, seed):
    order = list(range(n))
    random.Random(seed).shuffle(order)
    return np.array(order[v:]), np.array(order[:v])


def by_the_largest(n, v, seed):
    order = np.argpartition(np.random.default_rng(seed).normal(size=n), n - v)
    return np.split(order, [n - v])


def weighted_alike(n, v, seed):
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.multinomial(torch.ones(n), v, generator=generator).tolist()
    return sorted(set(range(n)) - set(chosen)), chosen


RIGHT = [
    by_sort,
    sampled,
    torch_subsets,
    torch_global,
    chatty,
    shuffle_split,
    shuffled_in_place,
    by_difference,
    cut,
    legacy,
    torch_split,
    choose,
    as_lists,
    scikit,
    by_mask,
    python_only,
    cut_at_a_share(lambda n, v: round(n * (1 - v / n))),
    until_enough(lambda rng, n: rng.integers(n)),
    by_the_largest,
    weighted_alike,
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
