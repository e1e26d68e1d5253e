"""Lesson 05, exercise 5: how well a line reads the class from a code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.modules import undisturbed


@check("linear_probe")
@undisturbed
def linear_probe(function: Callable) -> None:
    """Check that the probe is linear, learns, and is judged on the test codes."""
    rng = np.random.default_rng(0)

    def near(centres):
        return centres + 0.3 * rng.standard_normal(centres.shape)

    turn = 2 * np.pi * np.arange(5) / 5
    corners = 4 * np.column_stack([np.cos(turn), np.sin(turn)])  # one for each class
    labels, test_labels = np.arange(300) % 5, rng.integers(0, 5, 97)
    codes, test_codes = near(corners[labels]), near(corners[test_labels])
    easy = _share(function(codes, labels, test_codes, test_labels))
    if easy < 0.95:
        look = "is the classifier trained on codes, labels and scored on the test pair?"
        if easy < 0.05:
            look = "that is the share of errors; count what is right"
        raise CheckFailed(
            f"five separate clouds are read with accuracy {easy:.2f}",
            "about 1.00: a linear classifier separates them",
            look,
        )
    apart = 4 * np.eye(5)  # five classes in five dimensions
    few, few_labels = near(apart[labels[:100]]), labels[:100]
    told = rng.integers(0, 3, 400)  # three of the five classes, and class 0 misnamed
    mixed = _share(
        function(few, few_labels, near(apart[told]), np.where(told == 0, 1, told))
    )
    share = np.mean(told > 0)
    if abs(mixed - share) > 0.07:
        look = "the share of test_labels that are predicted; codes and labels train"
        if mixed > 0.95:
            look = (
                "test_codes and test_labels are to be scored, never trained on; codes "
                "and labels are trained on, never scored"
            )
        raise CheckFailed(
            f"where a third of the test labels are wrong the accuracy is {mixed:.2f}",
            f"{share:.2f}: the classifier has not seen these labels and misses them",
            look,
        )
    alone = _share(function(codes, labels, near(corners[told * 0 + 2]), told * 0 + 2))
    if alone < 0.95:
        raise CheckFailed(
            f"when all test codes are of one class the accuracy is {alone:.2f}",
            "about 1.00, as for the same codes among others",
            "are the test codes scaled by their own mean and spread? Use the training "
            "codes' for both",
        )
    signs = rng.integers(0, 2, (600, 2))
    angle = 2 * np.pi * rng.random(600)
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
        points = near(centres)
        bent = _share(
            function(points[:400], classes[:400], points[400:], classes[400:])
        )
        if bent > 0.85:
            raise CheckFailed(
                f"{shape} are read with accuracy {bent:.2f}",
                "about 0.50 to 0.75: no straight line separates them",
                "the classifier is not linear (neighbours, a tree, a network, a "
                "kernel, a variance for each class?)",
            )


def _share(value: object) -> float:
    """The probe's answer as a float, or a failure that says what it was."""
    try:
        share = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        raise CheckFailed(
            f"linear_probe returns {type(value).__name__}",
            "one number, the share that is right",
            "the return statement",
        ) from None
    if not 0 <= share <= 1 or math.isnan(share):
        raise CheckFailed(
            f"linear_probe returns {value!r}",
            "a share from 0 to 1",
            "percent, or a count, instead of a share?",
        )
    return share
