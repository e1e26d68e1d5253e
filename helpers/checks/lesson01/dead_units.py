"""Units that never answer: ``checks.dead_units(dead_units)``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.checks.arrays import close, read
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.messages import apart, kind

CALL = "dead_units()"
SHARE = "one image of all is life enough: no share, no median, no mean with a threshold"
THRESHOLD = "a threshold above 0, rounding, or a cast to whole numbers"


@check("dead_units")
def dead_units(count: Callable, draw: Draw) -> None:
    """Check ``dead_units(z)``: how many columns are 0 for every image."""
    z, dead = _codes(draw)
    seen = _counted(count, z)
    if seen != len(dead):
        n, d = z.shape
        shown, right = apart(seen, len(dead))
        raise CheckFailed(
            f"{n:,} codes of {d} units, {right} of them 0 throughout: {CALL} says "
            f"{shown}",
            right,
            _reason(seen, z),
        )
    row = draw.integer(400, 900)
    for place, size, look in (
        (row, 1.0, SHARE),
        (0, 1.0, "the first image is left out"),
        (-1, 1.0, "the last image is left out, or only the first images are looked at"),
        (row, 0.3, THRESHOLD),
        (row, 1e-3, THRESHOLD),
        (row, 1e-6, THRESHOLD),
    ):
        _check_faint(count, draw, place, size, look)
    for n, d, value in ((1, 4, 0.0), (draw.integer(2, 60), 64, 0.0), (50, 7, 1.0)):
        right = 0 if value else d
        seen = _counted(count, np.full((n, d), value, np.float32))
        if seen != right:
            raise CheckFailed(
                f"{n} codes of {d} units, all {value:g}: {CALL} says {seen:g}",
                f"{right}",
                "dead is 0 for all images, not equal for all of them; or a number of "
                "images or units is written into the code, or a unit left out",
            )


def _codes(draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Codes with some dead units, and which those are: a third of them or fewer."""
    n, d = draw.integer(1200, 1500), draw.integer(21, 60)
    z = draw.rng.random((n, d)) * (draw.rng.random((n, d)) < 0.4)
    z *= draw.rng.permutation(d) % 2 + 0.7  # some units stay below 1
    z[draw.integer(1, n - 2)] = 0  # an image that no unit answers to
    dead = draw.rng.permutation(d)[: draw.integer(3, 7)]
    z[:, np.setdiff1d(np.arange(d), dead)[0]] += 0.1  # one that always answers
    z[:, dead] = 0
    return z.astype(np.float32), dead


def _counted(count: Callable, z: np.ndarray) -> float:
    """What the student's function says of these codes."""
    n, d = z.shape
    with stays(z):
        value = count(z)
    if isinstance(value, tuple | list | str):
        raise CheckFailed(
            f"{CALL} returned {kind(value)}",
            "one number by itself",
            "the `return` line: brackets, commas, quotes or an f-string; and the count "
            "of the units, not a list of them",
        )
    array = read(value, CALL)
    if array.size == 1:
        return float(array.reshape(-1)[0])
    looks = {
        (d,): "one value for each unit: the sum at the end is missing",
        (n,): "one value for each image: axis=0 runs over the images, axis=1 over the "
        "units; and the sum is missing",
        (n, d): "True or False for each number: `all` over the images, then the sum",
    }
    raise CheckFailed(
        f"{CALL} returned an array of shape {array.shape}",
        "one number: how many units are dead",
        looks.get(array.shape, "return the count only, not the positions of the units"),
    )


def _reason(seen: float, z: np.ndarray) -> str:
    """Name the mistakes that give just this number for these codes."""
    n, d = z.shape
    zero = z == 0
    dead = int(zero.all(axis=0).sum())
    known = {
        "units that are alive were counted": d - dead,
        "images with a code of zeros were counted: axis=0 runs over images": (
            zero.all(axis=1).sum()
        ),
        "images with some 0 were counted: `all` over the images (axis=0), not `any` "
        "over the units": zero.any(axis=1).sum(),
        "units that are 0 for *some* image were counted: all, not any": (
            zero.any(axis=0).sum()
        ),
        "nothing was found: is the test for all images of one unit (axis=0)?": 0,
        "the number of units: is the sum of True and False missing?": d,
        "the number of images": n,
        "single zeros were counted, not units": zero.sum(),
        "only the first image was looked at": zero[0].sum(),
        "only the last image was looked at": zero[-1].sum(),
        "units were counted that are never larger than 1: a cast to whole numbers?": (
            (z.astype(int) == 0).all(axis=0).sum()
        ),
        "a unit that is 0 for many images is alive if it answers to one: all, no "
        "median": (np.median(z, axis=0) == 0).sum(),
        "64 - alive: the number of units is z.shape[1]": 64 - (d - dead),
        "the number of images less the number of units alive: z.shape[1]": (
            n - (d - dead)
        ),
        "a share was returned: count the dead units": dead / d,
        "a percentage was returned: count the dead units": 100 * dead / d,
        "zeros per image were counted: a mean over images": zero.sum() / n,
        "zeros per unit were counted: a mean over the units": zero.sum() / d,
        "the first unit was left out": zero[:, 1:].all(axis=0).sum(),
        "the last unit was left out": zero[:, :-1].all(axis=0).sum(),
        "with the wrong sign": -dead,
    }
    found = [why for why, v in known.items() if v != dead and close(seen, v, 1e-3)]
    if len(found) > 1:
        return "one of these: " + "; ".join(found)
    return found[0] if found else "a unit is dead if it is 0 for every image"


def _check_faint(count: Callable, draw: Draw, row: int, size: float, look: str) -> None:
    """Check that a unit that answers to one image, and faintly, counts as alive."""
    d = draw.integer(5, 12)
    z = np.zeros((1300, d), np.float32)
    z[row, draw.integer(0, d - 1)] = size
    seen = _counted(count, z)
    if seen != d - 1:
        where = {0: "the first", -1: "the last"}.get(row, f"number {row}")
        raise CheckFailed(
            f"{d} units; one answers {size:g} to image {where} of 1,300, else all is "
            f"0: {CALL} says {seen:g}",
            f"{d - 1}: a unit that answers to one image is alive, no threshold",
            look
            if seen == d
            else "a unit was left out, or a number of units is written into the code: "
            "count all z.shape[1] of them",
        )
