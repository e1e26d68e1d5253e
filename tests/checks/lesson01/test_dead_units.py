"""Right and wrong answers of dead_units."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.checks import lesson01 as checks
from tests.checks.trial import trial

CHECK = checks.dead_units
NAMES = ("dead_units",)


def made_binary(z):
    z[z > 0] = 1
    return z.shape[1] - z.max(axis=0).sum()


def marked(z):
    dead = (z == 0).all(axis=0).sum()
    z[:, z.any(axis=0)] += 1
    return dead


def counted(z):
    count = 0
    for unit in range(z.shape[1]):
        if not np.any(z[:, unit]):
            count += 1
    return count


def row_by_row(z):
    alive = np.zeros(z.shape[1], dtype=bool)
    for code in z:
        alive |= code != 0
    return len(alive) - int(alive.sum())


def returns_early(z):
    count = 0
    for unit in z.T:
        count += int((unit == 0).all())
        return count


def images_in_place_of_units(z):
    return sum(1 for code in z if not code.any())


KEPT = {}


def kept_by_id(z):
    key = id(z)
    if key not in KEPT:
        KEPT[key] = int((z == 0).all(axis=0).sum()), z
    return KEPT[key][0]


RIGHT = [
    lambda z: int((z == 0).all(axis=0).sum()),
    lambda z: np.sum(z.max(axis=0) <= 0),
    lambda z: z.shape[1] - np.count_nonzero(z.any(axis=0)),
    lambda z: tf.reduce_sum(tf.cast(tf.reduce_max(z, axis=0) == 0, tf.int32)),
    lambda z: sum(1 for unit in z.T if not np.abs(unit).sum()),
    lambda z: len(np.where(~z.any(axis=0))[0]),
    lambda z: float((np.sum(z, axis=0) == 0).sum()),
    lambda z: np.count_nonzero(np.linalg.norm(z, axis=0) == 0),
    lambda z: len(set(range(z.shape[1])) - set(np.nonzero(z)[1].tolist())),
    lambda z: np.array([(z == 0).all(axis=0).sum()]),
    lambda z: z.shape[1] - len(np.unique(np.nonzero(z)[1])),
    lambda z: int(sum(np.all(np.asarray(z) == 0, axis=0))),
    counted,
    row_by_row,
]
WRONG = [
    (kept_by_id, "kept from an earlier call"),
    (made_binary, "an assignment into it"),
    (marked, "an assignment into it"),
    (lambda z: ((z == 0).mean(axis=0) >= 0.99).sum(), "no share, no median"),
    (lambda z: (np.median(z, axis=0) == 0).sum(), "no median"),
    (lambda z: (z.mean(axis=0) < 1e-3).sum(), "one image of all"),
    (lambda z: (z[1:] == 0).all(axis=0).sum(), "the first image is left out"),
    (lambda z: (z[:-1] == 0).all(axis=0).sum(), "the last image is left out"),
    (lambda z: (z[:1000] == 0).all(axis=0).sum(), "first images are looked at"),
    (lambda z: (z[0] == 0).sum(), "only the first image"),
    (lambda z: (z[-1] == 0).sum(), "only the last image"),
    (lambda z: (z.astype(int) == 0).all(axis=0).sum(), "cast to whole numbers"),
    (lambda z: (z.round() == 0).all(axis=0).sum(), "rounding"),
    (lambda z: (z.round(4) == 0).all(axis=0).sum(), "1e-06 | rounding"),
    (lambda z: (z.max(axis=0) < 0.01).sum(), "no threshold"),
    (lambda z: (z < 1e-4).all(axis=0).sum(), "no threshold"),
    (lambda z: (z[:, 1:] == 0).all(axis=0).sum(), ""),
    (lambda z: (z[:, :-1] == 0).all(axis=0).sum(), ""),
    (lambda z: (z[:, :64] == 0).all(axis=0).sum() - max(z.shape[1] - 63, 0), ""),
    (lambda z: (z.std(axis=0) == 0).sum(), "not equal for all"),
    (lambda z: 64 - (z > 0).any(axis=0).sum(), "64 - alive"),
    (lambda z: len(z) - (z > 0).any(axis=0).sum(), "z.shape[1]"),
    (lambda z: 100 * (z == 0).all(axis=0).mean(), "a percentage"),
    (lambda z: (z == 0).all(axis=0).mean(), "a share"),
    (lambda z: (z == 0).sum() / len(z), "zeros per image"),
    (lambda z: (z == 0).sum() / z.shape[1], "zeros per unit"),
    (lambda z: np.where((z == 0).all(axis=0))[0], "count only"),
    (lambda z: np.where((z == 0).all(axis=1))[0], ""),
    (lambda z: [(z == 0).all(axis=0).sum()], "a list of 1"),
    (lambda z: str((z == 0).all(axis=0).sum()), "a str"),
    (lambda z: (z == 0).any(axis=0).sum(), "all, not any"),
    (lambda z: (z == 0).all(axis=1).sum(), "images with a code of zeros"),
    (lambda z: (z == 0).any(axis=1).sum(), "images with some 0"),
    (lambda z: (z > 0).any(axis=0).sum(), "alive were counted"),
    (lambda z: (z == 0).sum(), "single zeros"),
    (lambda z: (z == 0).all(axis=0), "one value for each unit"),
    (lambda z: (z == 0).sum(axis=0), "one value for each unit"),
    (lambda z: (z == 0).all(axis=1), "one value for each image"),
    (lambda z: z == 0, "True or False for each number"),
    (lambda z: (z < 0).all(axis=0).sum(), "nothing was found"),
    (lambda z: -(z == 0).all(axis=0).sum(), "wrong sign"),
    (lambda z: bool((z == 0).all(axis=0).any()), ""),
    (lambda z: (z[::2] == 0).all(axis=0).sum(), "the last image is left out"),
    (lambda z: (np.percentile(z, 99.9, axis=0) == 0).sum(), "no share"),
    (lambda z: max(0, (z == 0).all(axis=0).sum() - 1), ""),
    (lambda z: (z.min(axis=0) == 0).sum(), "all, not any"),
    (lambda z: None, "returned None"),
    (
        lambda z: sum(int(z[:, min(i, z.shape[1] - 1)].max() == 0) for i in range(9)),
        "",
    ),
    (returns_early, ""),
    (images_in_place_of_units, "images with a code of zeros"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args, **kwargs):
    raise NotImplementedError


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        CHECK(stub)
