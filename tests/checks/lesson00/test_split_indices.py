"""``split_indices``: wrong answers, what its check says, and right ones."""

import random

import numpy as np
import torch
from sklearn.model_selection import train_test_split

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


WRONG = [
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


RIGHT = [cut, legacy, torch_split, choose, as_lists, scikit, by_mask, python_only]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
