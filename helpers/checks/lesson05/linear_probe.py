"""Lesson 05, exercise 5: how well a line reads the class from a code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.messages import apart, kind, number

CLASSES = 5
CORNERS = 4 * np.eye(CLASSES)  # any linear classifier tells their clouds apart


@check("linear_probe")
def linear_probe(function: Callable, draw: Draw) -> None:
    """Check that the probe is linear, learns, and is judged on the test codes."""
    # A pentagon, its classes in another order: numbers for classes will not do.
    turn = 2 * np.pi * (np.arange(CLASSES) + draw.rng.random()) / CLASSES
    corners = 4 * np.column_stack([np.cos(turn), np.sin(turn)])[[0, 2, 4, 1, 3]]
    labels = draw.rng.permutation(np.arange(300) % CLASSES)
    test_labels = draw.rng.permutation(np.arange(97) % CLASSES)
    codes, test_codes = _near(draw, corners[labels]), _near(draw, corners[test_labels])
    easy = _share(function, codes, labels, test_codes, test_labels)
    if easy < 0.97:
        raise CheckFailed(
            f"five separate clouds are read with accuracy {number(easy, 3)}",
            "about 1: a linear classifier separates them",
            "that is the share of errors; count what is right"
            if easy < 0.05
            else "is the classifier trained on codes, labels and scored on the test "
            "pair? Has each class an output of its own (not the label as a number)?",
        )
    _counted_on_the_test_pair(function, draw)
    _each_once(function, draw)
    _by_itself(function, draw)
    _linear(function, draw)
    _every_code_counts(function, draw)
    _straight(function, draw)
    _as_long_as_they_are(function, draw)
    _scaled_by_the_training_codes(function, draw)
    _anywhere(function, draw)


def _by_itself(function: Callable, draw: Draw) -> None:
    """Nearly all test codes in one class: their own mean and spread say nothing."""
    labels = draw.rng.permutation(np.arange(300) % CLASSES)
    common, rare = draw.rng.permutation(CLASSES)[:2]
    told = np.array([common] * 120 + [rare] * 2)
    codes, test_codes = _near(draw, CORNERS[labels]), _near(draw, CORNERS[told])
    share = _share(function, codes, labels, test_codes, told)
    if share < 0.95:
        raise CheckFailed(
            "when nearly all test codes are of one class the accuracy is "
            f"{number(share, 3)}",
            "about 1, as for the same codes among others",
            "are the test codes scaled by their own mean and spread (fit_transform "
            "twice)? Use the training codes' for both",
        )


def _counted_on_the_test_pair(function: Callable, draw: Draw) -> None:
    """Labels that are wrong on purpose: who has not seen them misses just these."""
    wrong, half, whole, first, other = draw.rng.permutation(CLASSES)
    # One class comes only among the first and one only among the last, so that all have
    # to be used; and more of the wrong labels stand at the end.
    middle = draw.rng.permutation([wrong] * 400 + [half] * 1600 + [other] * 3000)
    late = draw.rng.permutation([wrong] * 20 + [half, whole] * 120)
    labels = np.concatenate([[first] * 130, middle, late])
    true = [wrong] * 2400 + [half] * 600 + [whole] * 1815 + [first] * 300
    true = draw.rng.permutation(true)
    true = np.concatenate([true, [wrong] * 500])
    told = np.where(true == wrong, half, true)
    corners = CORNERS + 6 * np.eye(CLASSES)[wrong]  # not around 0
    pairs = _near(draw, corners[labels]), labels, _near(draw, corners[true]), told
    right = np.mean(true == told)
    share = _share(function, *pairs)
    if abs(share - right) < 0.002:
        return
    seen, expected = apart(share, right)
    raise CheckFailed(
        f"where {number(1 - right, 2)} of the test labels are wrong on purpose, the "
        f"accuracy is {seen}",
        f"{expected}: the classifier has not seen these labels and misses them",
        _mistake(function, draw, pairs, true, share),
    )


def _each_once(function: Callable, draw: Draw) -> None:
    """An odd number of test codes, the last ones wrong, some alike, some unknown."""
    new = CLASSES - 1  # a class that is not among the training codes
    labels = draw.rng.permutation(np.arange(240) % new)
    true = draw.rng.integers(0, new, 131)
    true[20:28] = true[20]
    told = true.copy()
    told[-4:] = (true[-4:] + 1) % new
    told[40:52] = new
    # So close together that every probe is right about each.
    codes, test_codes = (
        (CORNERS[c] + 0.05 * draw.rng.standard_normal((len(c), CLASSES))).astype("f4")
        for c in (labels, true)
    )
    test_codes[20:28] = test_codes[20]
    right = true == told
    share = _share(function, codes, labels, test_codes, told)
    if abs(share - right.mean()) < 1e-5:  # float32 will do
        return
    once = np.unique(test_codes, axis=0, return_index=True)[1]
    known = {
        "test codes that are alike count as often as they are there": right[once],
        "test codes of a class that is not in training count, too, as wrong": (
            right[told < new]
        ),
        "the first test code is left out": right[1:],
    }
    for part in (1, 2, 3, 4, 11, 31):  # what whole batches leave over
        known[f"test codes at the end are left out, here {part}"] = right[:-part]
    for size in (10, 16, 32, 50, 64, 100, 128):
        parts = [right[i : i + size].mean() for i in range(0, len(right), size)]
        known[f"the mean over batches of {size}: the last one is smaller"] = parts
    seen, expected = apart(share, right.mean())
    found = [why for why, each in known.items() if abs(share - np.mean(each)) < 1e-5]
    raise CheckFailed(
        f"of {len(told)} test codes, {right.sum()} with the label of their cloud, the "
        f"accuracy is {seen}",
        f"{expected}, which is {right.sum()} / {len(told)}",
        "; or: ".join(found) or "each test code counts once, whatever its label",
    )


def _straight(function: Callable, draw: Draw) -> None:
    """Two halves of a ball, cut obliquely: straight in the codes, and only there."""
    normal = np.array([1.0, -2.0, 1.5]) / 7.25**0.5
    for size in (1, 4):
        points = size * draw.rng.standard_normal((5000, 3))
        classes = (points @ normal > 0).astype(np.int64)
        points = (points + np.outer(1.5 * classes - 0.75, normal)).astype(np.float32)
        train, test = slice(2500), slice(2500, None)
        share = _share(
            function, points[train], classes[train], points[test], classes[test]
        )
        if share >= 0.994:  # right answers reach 0.998, a third power 0.989
            continue
        raise CheckFailed(
            f"two halves of a ball, with a gap between, are read with accuracy "
            f"{number(share, 3)}",
            "about 1: a straight boundary separates them",
            "what bends or cuts the numbers of a code before the classifier sees them "
            "(tanh, abs, clip, a power, whole numbers); a classifier that has learned "
            "too little",
        )


def _every_code_counts(function: Callable, draw: Draw) -> None:
    """Some codes alone in a dimension of their own: who leaves them out, errs there."""
    odd = 150
    corners = 60 * np.eye(10 + odd)
    corners -= corners[10:].mean(0)
    labels = np.arange(200) % 10
    places = np.concatenate([10 + np.arange(odd), labels[odd:]])
    order = draw.rng.permutation(200)
    codes, test_codes = _near(draw, corners[places]), _near(draw, corners[10:])
    share = _share(function, codes[order], labels[order], test_codes, labels[:odd])
    if share < 0.97:
        raise CheckFailed(
            f"{odd} of 200 training codes stand in a direction of their own, and codes "
            f"like them are read with accuracy {number(share, 3)}",
            "about 1: a linear classifier that is trained on all codes knows them",
            "codes that take no part in training (train_test_split, a slice); numbers "
            "of a code that are left out (PCA) or cut (clip)",
        )


def _mistake(
    function: Callable, draw: Draw, pairs: tuple, true: np.ndarray, share: float
) -> str:
    """Where to look, from the share."""
    codes, labels, test_codes, told = pairs
    right = true == told
    of_classes = [right[told == c].mean() for c in np.unique(told)]
    known = {
        "an average over the classes; count all test codes alike": np.mean(of_classes),
        "the last codes take no part in training; train on all of them": np.mean(
            right & np.isin(told, labels[:-260])
        ),
        "the first codes take no part in training; train on all of them": np.mean(
            right & np.isin(told, labels[130:])
        ),
        "the share is rounded": round(right.mean(), 2),
        "the pairs are swapped: codes and labels train, test_codes and test_labels are "
        "scored": np.isin(labels, told).mean(),
    }
    for some in (100, 128, 256, 500, 512, 1000, 2000, 4096, 5000):
        why = f"the first {some:,} test codes alone; count all of them"
        known[why] = right[:some].mean()
    for part in (50, 70, 75, 80, 90):
        why = f"the first {part} % of the test codes alone; count all of them"
        known[why] = right[: len(right) * part // 100].mean()
    found = [look for look, value in known.items() if abs(share - value) < 1e-3]
    if found:
        return "; or: ".join(found)
    if share > 0.97:
        # Other labels on purpose, in training this time, tell the two apart.
        noisy = np.where(np.arange(len(labels)) % 4 == 0, np.roll(labels, 1), labels)
        if _share(function, codes, noisy, test_codes, true) < 0.95:
            return "it is scored on codes and labels; test_codes and test_labels count"
        return "test_codes and test_labels are to be scored, never trained on"
    _by_itself(function, draw)
    return (
        "the share of test_labels that are predicted, each test code counted once (no "
        "average over classes); codes and labels train, all of them; both codes are "
        "scaled alike, and otherwise taken as they are (no tanh, no power)"
    )


def _scaled_by_the_training_codes(function: Callable, draw: Draw) -> None:
    """A few test codes far out: a scaler that has seen them flattens all the rest."""
    common, rare = draw.rng.permutation(CLASSES)[:2]
    labels = draw.rng.permutation([common] * 270 + [rare] * 30)
    told = draw.rng.permutation([common] * 60 + [rare] * 60)
    centres = CORNERS - CORNERS.mean(0)
    far = centres[told] * np.where(np.arange(120) % 4 == 0, 3_000.0, 1.0)[:, None]
    codes, test_codes = _near(draw, centres[labels]), _near(draw, far)
    # Class names 0 and 1, as somebody may count them.
    pair = (labels == rare).astype(np.int64), (told == rare).astype(np.int64)
    share = _share(function, codes, pair[0], test_codes, pair[1])
    if share < 0.95:
        raise CheckFailed(
            "with a few test codes far out, each on its own class's side, the accuracy "
            f"is {number(share, 3)}",
            "about 1: how the codes are scaled may not depend on the test codes",
            "a scaler that is fitted on both: fit it on the training codes alone. Or a "
            "distance or a kernel in place of a line",
        )


def _linear(function: Callable, draw: Draw) -> None:
    """Two shapes that no straight line separates."""
    signs = draw.rng.integers(0, 2, (700, 2))
    angle = 2 * np.pi * draw.rng.random(700)
    circle = 3 * np.column_stack([np.cos(angle), np.sin(angle)])
    ring = signs[:, 0]
    shapes = {
        "four clouds with opposite corners in a class": (
            4 * signs - 2,
            signs.sum(1) % 2,
        ),
        "a cloud and a ring around it": (circle * ring[:, None], ring),
    }
    for shape, (centres, classes) in shapes.items():
        points = _near(draw, centres)
        bent = _share(
            function, points[:500], classes[:500], points[500:], classes[500:]
        )
        if bent > 0.87:
            raise CheckFailed(
                f"{shape} are read with accuracy {number(bent, 3)}",
                "about 0.50 to 0.75: no straight line separates them",
                "the classifier is not linear (neighbors, a tree, a network, a "
                "kernel, a variance for each class?)",
            )


def _as_long_as_they_are(function: Callable, draw: Draw) -> None:
    """Two classes on one ray, near and far: only the length of a code tells."""
    labels = draw.rng.integers(0, 2, 400)
    length = np.where(labels, 6.0, 0.3) * draw.rng.uniform(1.0, 1.5, 400)
    codes = length[:, None] * np.ones(4)
    codes = (codes + 0.05 * draw.rng.standard_normal(codes.shape)).astype(np.float32)
    share = _share(function, codes[:300], labels[:300], codes[300:], labels[300:])
    if share < 0.85:
        raise CheckFailed(
            "short and long codes of one direction are read with accuracy "
            f"{number(share, 3)}",
            "about 1: a straight boundary between them is there",
            "is each code scaled to length 1 (normalize)? The boundary is then no "
            "longer straight in the codes"
            if _reads_directions(function, draw)
            else "has the classifier an intercept (a bias)? Without one every boundary "
            "passes through 0",
        )


def _anywhere(function: Callable, draw: Draw) -> None:
    """The mean of all codes lies amid a class: no boundary passes through there."""
    places = np.repeat([-12.0, 0.0, 6.0], (100, 300, 200))
    order = draw.rng.permutation(600)
    way = draw.rng.standard_normal(3)
    centres = np.outer(places, way / np.linalg.norm(way))
    codes = _near(draw, centres)[order]
    labels = (places > 3).astype(np.int64)[order]
    share = _share(function, codes[:400], labels[:400], codes[400:], labels[400:])
    if share < 0.97:
        raise CheckFailed(
            "where the mean of all codes lies amid one class the accuracy is "
            f"{number(share, 3)}",
            "about 1: a straight boundary beside that class is there",
            "has the classifier an intercept (a bias)? Without one the boundary of "
            "scaled codes passes through their mean",
        )


def _reads_directions(function: Callable, draw: Draw) -> bool:
    """One class between two of the other, all equally long: no boundary through 0."""
    labels = draw.rng.integers(0, 2, 400)
    side = draw.rng.choice([-1.0, 1.0], 400)
    angle = np.where(labels, 1.2 * side, 0.2 * side)
    codes = _near(draw, 5 * np.column_stack([np.cos(angle), np.sin(angle)]))
    return _share(function, codes[:300], labels[:300], codes[300:], labels[300:]) > 0.85


def _near(draw: Draw, centres: np.ndarray) -> np.ndarray:
    """Points around their centres, of the type of a model's codes."""
    return (centres + 0.3 * draw.rng.standard_normal(centres.shape)).astype(np.float32)


def _share(function: Callable, *pairs: np.ndarray) -> float:
    """The probe's answer as a float, or a failure that says what it was."""
    handed = [pair.copy() for pair in pairs]
    with stays(*handed):
        value = function(*handed)
    try:
        share = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        raise CheckFailed(
            f"linear_probe returns {kind(value)}",
            "one number, the share that is right",
            "the return statement",
        ) from None
    if not 0 <= share <= 1:
        raise CheckFailed(
            f"linear_probe returns {value!r}",
            "a share from 0 to 1",
            "percent, or a count, instead of a share?",
        )
    return share
