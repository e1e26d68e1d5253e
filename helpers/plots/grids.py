"""Images in rows and sheets."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.plots.arrays import squares
from helpers.plots.figures import as_sentence, figure, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


def image_rows(
    rows: Mapping[str, ArrayLike],
    title: str,
    alt: str | None = None,
    save_as: str | Path | None = None,
) -> None:
    """Show rows of images under each other, for example originals above copies.

    Parameters
    ----------
    rows : mapping of row label to images
        Images of shape (N, 784), (N, 28, 28) or (N, 1, 28, 28) in [0, 1]; arrays or
        torch tensors. The longest row sets the width; 8 to 12 images read well.
    title, alt, save_as
        As for :func:`figure` and :func:`show`.

    Raises
    ------
    ValueError
        As for :func:`squares`.
    """
    fig = draw_rows(rows, title)
    labels = "; ".join(rows)
    show(
        fig,
        alt or f"{as_sentence(title)} Rows of images, from the top: {labels}.",
        save_as,
    )


def draw_rows(
    rows: Mapping[str, ArrayLike],
    title: str,
    positions: ArrayLike = (),
    xlabel: str | None = None,
) -> Figure:
    """Draw what :func:`image_rows` shows.

    Parameters
    ----------
    rows, title
        As for :func:`image_rows`.
    positions : array of float
        What each column stands for, written below it.
    xlabel : str, optional
        What the positions are.

    Raises
    ------
    ValueError
        As for :func:`squares`.
    """
    pictures = {label: squares(images) for label, images in rows.items()}
    columns = max(len(images) for images in pictures.values())
    sheet = np.ones((len(rows), columns, 30, 30), np.float32)  # 2 white pixels between
    for line, images in zip(sheet, pictures.values(), strict=True):
        line[: len(images), 1:-1, 1:-1] = _few_grays(images)
    height = min(0.9, 6.0 / columns) * len(rows) + 0.4
    height += 0.4 * (xlabel is not None)
    fig = figure(title, height=height)
    ax = fig.subplots()
    _draw(ax, sheet.swapaxes(1, 2).reshape(30 * len(rows), 30 * columns))
    names = ["\n".join(textwrap.wrap(label, 16)) for label in rows]
    ax.set_yticks(30 * np.arange(len(rows)) + 15, names, fontsize=9)
    below = [f"{position:g}" for position in np.asarray(positions)]
    ax.set_xticks(30 * np.arange(len(below)) + 15, below, fontsize=9)
    ax.set_xlabel(xlabel or "", fontsize=9)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


def image_grid(
    images: ArrayLike,
    title: str,
    columns: int = 10,
    alt: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    save_as: str | Path | None = None,
) -> None:
    """Show many images as one sheet, filled row by row from the top left.

    Parameters
    ----------
    images : array or tensor, shape (N, 784), (N, 28, 28) or (N, 1, 28, 28)
        Values in [0, 1].
    title, alt, save_as
        As for :func:`figure` and :func:`show`.
    columns : int
        Images a row.
    xlabel, ylabel : str, optional
        What changes from left to right and from bottom to top, where that means
        something (a grid decoded over a plane of codes).

    Raises
    ------
    ValueError
        As for :func:`squares`.
    """
    tiles = squares(images)
    lines = -(-len(tiles) // columns)
    sheet = np.ones((lines * columns, 28, 28), np.float32)
    sheet[: len(tiles)] = _few_grays(tiles)
    sheet = sheet.reshape(lines, columns, 28, 28).swapaxes(1, 2)
    width = min(7.0, 0.62 * columns + 0.6)
    fig = figure(title, width=width, height=(width - 0.3) * lines / columns + 0.6)
    ax = fig.subplots()
    _draw(ax, sheet.reshape(lines * 28, columns * 28))
    ax.set(xticks=[], yticks=[], xlabel=xlabel, ylabel=ylabel)
    ax.spines[:].set_visible(False)
    show(fig, alt or f"{as_sentence(title)} A sheet of {len(tiles)} images.", save_as)


def _few_grays(images: np.ndarray) -> np.ndarray:
    """Images in 33 grays: half the file, same look."""
    return np.round(images * 32) / 32


def _draw(ax, image: np.ndarray) -> None:
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
