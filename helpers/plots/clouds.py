"""Clouds of two-dimensional codes, each class with a color and a name."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.plots.arrays import as_array
from helpers.plots.figures import as_sentence, figure, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.text import Annotation
    from numpy.typing import ArrayLike

# No two nearer than 29 in CIE L*a*b* for any of four kinds of eyes (petroff10: 17), all
# 1.65 to 1 and more against white. Classes that are often confused (3, 5, 8; 4, 7, 9;
# the tops among the clothes) got those that differ most.
CLASSES = [
    *("#f0c078", "#788400", "#54d8c0", "#6c249c", "#0060fc"),
    *("#a8d800", "#900c60", "#f06ce4", "#005418", "#f03c6c"),
]


def codes(
    z: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    title: str,
    alt: str | None = None,
    save_as: str | Path | None = None,
) -> None:
    """Draw two-dimensional codes as a cloud of points, one color a class.

    Parameters
    ----------
    z : array or tensor, shape (N, 2)
    labels : array, shape (N,), int
        Class numbers. A class's name stands near the median of its points, where it
        covers few points and no other name; a line leads from it to the median.
    class_names : sequence of str
    title, alt, save_as
        As for :func:`figure` and :func:`show`.
    """
    fig = figure(title, width=6.0, height=5.4)
    draw_codes(fig.subplots(), z, labels, class_names)
    said = (
        f"{as_sentence(title)} Scatter plot of {len(np.asarray(labels)):,} codes in "
        "the plane, colored and labeled by class."
    )
    show(fig, alt or said, save_as)


def draw_codes(ax, z: ArrayLike, labels: ArrayLike, class_names: Sequence[str]) -> None:
    """Draw what :func:`codes` shows into given axes, for several clouds in a figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    z, labels, class_names
        As for :func:`codes`.
    """
    z, labels = as_array(z), as_array(labels)
    # All at once and in their own order, so that no class lies on top of another.
    colors = np.array(CLASSES)[labels % len(CLASSES)]
    ax.scatter(*z.T, s=10, alpha=0.8, color=colors, linewidths=0)
    names = []
    for i, name in enumerate(class_names):
        points = z[labels == i]
        if len(points) == 0:
            continue
        color = CLASSES[i % len(CLASSES)]
        median = np.median(points, axis=0)
        written = ax.annotate(
            name,
            median,
            xytext=(0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=9,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": color, "lw": 1.5},
            arrowprops={"arrowstyle": "-", "color": "black", "lw": 0.8, "shrinkB": 0},
        )
        ax.scatter(*median, s=25, color=color, edgecolor="black", lw=0.8, zorder=3)
        names.append(written)
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.set_aspect("equal", adjustable="datalim")
    ax.grid(alpha=0.2)
    _spread(names, ax, z)


def _spread(names: Sequence[Annotation], ax, points: np.ndarray) -> None:
    """Move each name to a place near its own where it covers little and no name."""
    fig = ax.figure
    fig.draw_without_rendering()  # their places are known from here on
    steps = np.array(list(product(range(-120, 121, 4), repeat=2)))  # (S, 2), in points
    pixels = steps * fig.dpi / 72
    far = np.hypot(*steps.T)
    frame = ax.get_window_extent().get_points()
    dots = ax.transData.transform(points)
    medians = ax.transData.transform([name.xy for name in names])
    dots = np.concatenate([dots, np.repeat(medians, 20, axis=0)])  # kept free by all
    taken = np.empty((0, 2, 2))  # lower left and upper right corners
    for name in names:
        patch = name.get_bbox_patch()
        assert patch is not None, "`draw_codes` gives each name a box"
        box = patch.get_window_extent().get_points()
        boxes = box + pixels[:, None]  # (S, 2, 2), one for each step
        overlap = (boxes[:, None, 0] < taken[:, 1]) & (taken[:, 0] < boxes[:, None, 1])
        outside = (boxes[:, 0] < frame[0]).any(1) | (boxes[:, 1] > frame[1]).any(1)
        cost = far + 4 * _covered(boxes, dots)
        cost += 1e4 * outside + 1e6 * overlap.all(-1).any(-1)
        chosen = cost.argmin()
        name.set_position(steps[chosen])
        taken = np.append(taken, boxes[chosen, None], axis=0)


def _covered(boxes: np.ndarray, dots: np.ndarray) -> np.ndarray:
    """About how many dots (N, 2) lie in each box (S, 2, 2), on a grid of 2 pixels."""
    low, high = boxes.min((0, 1)), boxes.max((0, 1))
    edges = [np.arange(a, b + 4, 2) for a, b in zip(low, high, strict=True)]
    sums = np.histogram2d(*dots.T, bins=edges)[0].cumsum(0).cumsum(1)
    sums = np.pad(sums, ((1, 0), (1, 0)))
    (x0, y0), (x1, y1) = ((boxes - low) // 2).astype(int).transpose(1, 2, 0)
    x1, y1 = x1 + 1, y1 + 1
    return sums[x1, y1] - sums[x0, y1] - sums[x1, y0] + sums[x0, y0]
