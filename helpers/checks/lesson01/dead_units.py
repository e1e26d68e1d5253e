"""Units that never answer: ``checks.dead_units(dead_units)``."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson01._arrays import as_array


@check("dead_units")
def dead_units(count: Callable) -> None:
    """Check ``dead_units(z)``: how many columns are 0 for every image."""
    rng = np.random.default_rng(0)
    z = rng.random((1300, 9)).astype(np.float32) * (rng.random((1300, 9)) < 0.6)
    z[:, 0] += 0.1
    z[:, [1, 4, 5]] = 0  # dead
    z[[10, 20]] = 0  # two images that no unit answers to
    z[0, 2:] = 0, 0, 0, 0, 0, 0, 0.5  # 7 zeros
    z[-1, 2:] = 0, 0, 0, 0, 0.5, 0.5, 0.5  # 5 zeros, or 6 with unit 1
    before = z.copy()
    got = as_array(count(z), "dead_units", one=True)
    if not np.array_equal(z, before):
        raise CheckFailed(
            "the codes have other values after dead_units()",
            "codes that stay as they are: the caller uses them again",
            "in-place operations, such as z[z > 0] = 1",
        )
    if got.shape == (9,):
        raise CheckFailed(
            "dead_units() returned one value for each of the 9 units",
            "one number: how many units are dead",
            "the sum at the end is missing",
        )
    if got.size != 1:
        raise CheckFailed(
            f"dead_units() returned an array of shape {got.shape}",
            "one number: how many units are dead",
            "return the count only: not the positions of the units, and not one value "
            "an image (axis=0 runs over the images, axis=1 over the units)",
        )
    value = float(got.reshape(-1)[0])
    if value != 3:
        reasons = {
            2: "images with a code of zeros were counted: axis=0 runs over images",
            6: "units that are alive were counted",
            4: "a unit that is 0 for many images is alive if it answers to one: all, "
            "no median, no share and no rounding",
            9: "units that are 0 for *some* image were counted: all, not any; or the "
            "sum of True and False is missing",
            0: "nothing was found: is the test for all images of one unit (axis=0)?",
            int((z == 0).sum()): "single zeros were counted, not units",
            int((z[0] == 0).sum()): "only the first image was looked at",
            int((z[-1] == 0).sum()): "only the last image was looked at",
            8: "a cast to whole numbers: a unit that answers 0.3 is alive",
            1300: "images with some 0, or the zeros of one unit, were counted: the "
            "test for all images is (axis=0)",
            58: "64 - alive: the number of units is z.shape[1]",
        }
        shares = {
            3 / 9: "a share was returned: count the dead units",
            300 / 9: "a percentage was returned: count the dead units",
            (z == 0).sum() / 1300: "zeros per image were counted: a mean over images",
            (z == 0).sum() / 9: "zeros per unit were counted: a mean over the units",
        }
        look = reasons.get(value, "a unit is dead if it is 0 for every image")
        for share, reason in shares.items():
            if math.isclose(value, share, rel_tol=1e-3):
                look = reason
        raise CheckFailed(
            f"1,300 codes of 9 units, 3 of them 0 throughout: dead_units() says "
            f"{value:g}",
            "3",
            look,
        )
    _faint_units(count)
    for shape, dead in (((1, 4), 4), ((50, 1), 0), ((3, 64), 0)):
        z = np.zeros(shape, np.float32) if dead else np.ones(shape, np.float32)
        value = float(as_array(count(z), "dead_units", one=True).reshape(-1)[0])
        if value != dead:
            raise CheckFailed(
                f"{shape[0]} codes of {shape[1]} units, all {0 if dead else 1}: "
                f"dead_units() says {value:g}",
                f"{dead}",
                "dead is 0 for all, not equal for all; or a number of images or units "
                "is written into the code, or the first or last unit left out",
            )


def _faint_units(count: Callable) -> None:
    """Check that a unit that answers to one image, and faintly, counts as alive."""
    for row, size, look in (
        (
            600,
            1.0,
            "one image of all is life enough: no share, no median, no mean with a "
            "threshold, and not the first images only",
        ),
        (0, 1.0, "the first image was left out"),
        (1299, 1.0, "only the first images were looked at, or the last was left out"),
        (600, 0.3, "rounding, or a cast to whole numbers: 0.3 is not 0"),
        (600, 1e-3, "a threshold above 0 (0.001 is not 0), rounding or isclose"),
        (600, 1e-6, "a threshold above 0 (0.000001 is not 0), rounding or a mean"),
    ):
        z = np.zeros((1300, 5), np.float32)
        z[row, 2] = size
        value = float(as_array(count(z), "dead_units", one=True).reshape(-1)[0])
        if value != 4:
            raise CheckFailed(
                f"5 units; one answers {size:g} to image number {row} of 1,300, else "
                f"all is 0: dead_units() says {value:g}",
                "4: a unit that answers to one image is alive, no threshold",
                look
                if value == 5
                else "a unit was left out, or a number of units is written into the "
                "code: count all z.shape[1] of them",
            )
