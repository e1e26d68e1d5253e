"""The check of dead_units names each usual mistake and passes each right variant."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.checks import lesson01 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson01.answers import stub


def made_binary(z):
    z[z > 0] = 1
    return z.shape[1] - z.max(axis=0).sum()


WRONG_DEAD = {
    "stay as they are": made_binary,
    "no share, no median": lambda z: ((z == 0).mean(axis=0) >= 0.99).sum(),
    "one image of all": lambda z: (z.mean(axis=0) < 1e-3).sum(),
    "the first image was left out": lambda z: (z[1:] == 0).all(axis=0).sum(),
    "the last was left out": lambda z: (z[:1000] == 0).all(axis=0).sum(),
    "only the first image": lambda z: (z[0] == 0).sum(),
    "only the last image": lambda z: (z[-1] == 0).sum(),
    "cast to whole numbers": lambda z: (z.astype(int) == 0).all(axis=0).sum(),
    "0.3 is not 0": lambda z: (z.round() == 0).all(axis=0).sum(),
    "0.000001 is not 0": lambda z: (z.round(4) == 0).all(axis=0).sum(),
    "a unit was left out": lambda z: (z[:, 1:] == 0).all(axis=0).sum(),
    "not equal for all": lambda z: (z.std(axis=0) == 0).sum(),
    "64 - alive": lambda z: 64 - (z > 0).any(axis=0).sum(),
    "a percentage": lambda z: 100 * (z == 0).all(axis=0).mean(),
    "zeros per image": lambda z: (z == 0).sum() / len(z),
    "count only": lambda z: np.where((z == 0).all(axis=0))[0],
    "a list of 1": lambda z: [(z == 0).all(axis=0).sum()],
    "a str": lambda z: str((z == 0).all(axis=0).sum()),
    "all, not any": lambda z: (z == 0).any(axis=0).sum(),
    "images with a code of zeros": lambda z: (z == 0).all(axis=1).sum(),
    "images with some 0": lambda z: (z == 0).any(axis=1).sum(),
    "alive were counted": lambda z: (z > 0).any(axis=0).sum(),
    "single zeros": lambda z: (z == 0).sum(),
    "no threshold": lambda z: (z.max(axis=0) < 0.01).sum(),
    "a share": lambda z: (z == 0).all(axis=0).mean(),
    "each of the 9 units": lambda z: (z == 0).all(axis=0),
    "axis=0": lambda z: np.where((z == 0).all(axis=1))[0],
    "returned None": lambda z: None,
    "units is written into the code": lambda z: sum(
        int(z[:, min(i, z.shape[1] - 1)].max() == 0) for i in range(9)
    ),
}
RIGHT_DEAD = [
    lambda z: int((z == 0).all(axis=0).sum()),
    lambda z: np.sum(z.max(axis=0) <= 0),
    lambda z: z.shape[1] - np.count_nonzero(z.any(axis=0)),
    lambda z: tf.reduce_sum(tf.cast(tf.reduce_max(z, axis=0) == 0, tf.int32)),
    lambda z: sum(1 for unit in z.T if not np.abs(unit).sum()),
]


@pytest.mark.parametrize("mistake", WRONG_DEAD)
def test_dead_unit_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.dead_units(WRONG_DEAD[mistake])


@pytest.mark.parametrize("function", RIGHT_DEAD)
def test_right_counts_pass(function):
    checks.dead_units(function)


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        checks.dead_units(stub)
