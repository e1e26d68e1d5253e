"""Figures: grids of images, curves, bars and clouds of codes.

Every figure gets a title that states its finding or question, labeled axes, and a
text alternative. The colors of lines are from matplotlib's ``petroff10`` (Petroff
2021, arXiv:2107.02270); those of the ten classes were searched for: of all pairs, for
full color vision and three kinds of color blindness, the nearest two are as far apart
as a search could put them. Lines also differ in dash and marker, and clouds carry
their names, so nothing rests on color alone.
"""

from __future__ import annotations

import base64
import html
import io
import textwrap
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import data

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from numpy.typing import ArrayLike

PETROFF10 = [
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
]
# No two nearer than 29 in CIE L*a*b* for any of four kinds of eyes (petroff10: 17), all
# 1.65 to 1 and more against white. Classes that are often confused (3, 5, 8; 4, 7, 9;
# the tops among the clothes) got those that differ most.
CLASSES = [
    *("#f0c078", "#788400", "#54d8c0", "#6c249c", "#0060fc"),
    *("#a8d800", "#900c60", "#f06ce4", "#005418", "#f03c6c"),
]
DASHES = ("-", "--", "-.", ":")
MARKERS = "os^Dvx+*<>"
# Those that stand out from white by 3 to 1 (WCAG 2.2, 1.4.11), for lines.
LINES = [PETROFF10[i] for i in (0, 2, 4, 6, 8, 5)]
SVG_DASHES = ("1 0", "6 3", "8 3 2 3", "2 3")


def figure(title: str, width: float = 7.0, height: float = 3.5) -> Figure:
    """Start a figure of the pack's style.

    Parameters
    ----------
    title : str
        The finding or the question. ``SYNTHETIC`` is put before it on stand-in data.
    width, height : float
        In inches, at 100 dots an inch.

    Returns
    -------
    matplotlib.figure.Figure
        Empty; add axes with ``fig.subplots()`` and end with :func:`show`.
    """
    from matplotlib.figure import Figure

    stamp = "SYNTHETIC data: " if data.is_synthetic() else ""
    fig = Figure(figsize=(width, height), dpi=100, layout="constrained")
    lines = textwrap.wrap(stamp + title, width=max(20, int(width * 11.5)))
    fig.suptitle("\n".join(lines), fontsize=11)
    return fig


def show(fig: Figure, alt: str, save_as: str | Path | None = None) -> None:
    """Display a figure with its text alternative, and keep a copy if asked.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        What :func:`figure` gave.
    alt : str
        What the figure shows, in words, for readers who cannot see it.
    save_as : path, optional
        A file to write as well; its suffix chooses the format. Missing folders are
        made.

    Raises
    ------
    ValueError
        If `alt` is empty, or if `save_as` has a suffix matplotlib cannot write.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("show() needs alt: one sentence that says what is to be seen.")
    if save_as is not None:
        path = Path(save_as)
        path.parent.mkdir(parents=True, exist_ok=True)
        fig.savefig(path)
    output, metadata = as_output(fig, alt)
    display(output, metadata=metadata, raw=True)


def as_output(fig: Figure, alt: str) -> tuple[dict[str, str], dict[str, dict]]:
    """Make what a notebook keeps of a figure.

    JupyterLab and nbconvert leave out a picture's alternative text when they show
    ``image/png``, so they get it as HTML as well.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    alt : str
        What the figure shows.

    Returns
    -------
    output, metadata : dict
        The figure by MIME type, and the alternative text of its PNG.
    """
    alt = ("SYNTHETIC data: " if data.is_synthetic() else "") + alt
    png = base64.b64encode(_small_png(fig)).decode()
    output = {
        "text/html": picture(png, alt),
        "image/png": png,
        "text/plain": alt,
    }
    return output, {"image/png": {"alt": alt}}


def picture(png: str, alt: str, style: str = "max-width: 100%") -> str:
    """Write an HTML picture.

    Parameters
    ----------
    png : str
        In base64.
    alt : str
        What it shows, for readers who cannot see it.
    style : str
        CSS.
    """
    said = html.escape(alt, quote=True)
    return f'<img alt="{said}" style="{style}" src="data:image/png;base64,{png}">'


def is_watched() -> bool:
    """Tell whether someone sees outputs as they come, as in JupyterLab or VS Code.

    Front ends say with each cell whether someone is there to answer `input()`;
    papermill, nbconvert and nbval say no one is
    (https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute).
    """
    from IPython import get_ipython

    shell = get_ipython()
    if not hasattr(shell, "kernel"):
        return False
    return bool(shell.get_parent().get("content", {}).get("allow_stdin", False))


def _small_png(fig: Figure) -> bytes:
    """The figure in 256 colors: a third of the size, and notebooks stay light."""
    from PIL import Image

    full, small = io.BytesIO(), io.BytesIO()
    fig.savefig(full, format="png")
    picture = Image.open(full).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


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
        fig, alt or f"{_ended(title)} Rows of images, from the top: {labels}.", save_as
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
    show(fig, alt or f"{_ended(title)} A sheet of {len(tiles)} images.", save_as)


def curves(
    series: Mapping[str, Sequence[float]],
    title: str,
    ylabel: str,
    xlabel: str = "epoch",
    x: Sequence[float] | None = None,
    levels: Mapping[str, float] | None = None,
    yscale: str = "linear",
    alt: str | None = None,
    save_as: str | Path | None = None,
) -> None:
    """Draw values against the epoch (or another axis).

    Parameters
    ----------
    series : mapping of label to values
        One line each.
    title, alt, save_as
        As for :func:`figure` and :func:`show`.
    ylabel, xlabel : str
        With units where there are any.
    x : sequence of float, optional
        Positions on the horizontal axis; 1, 2, 3 ... when left out.
    levels : mapping of label to value, optional
        Horizontal lines to compare with, for example ``{"PCA-8": 0.0374}``.
    yscale : {"linear", "log"}
        Of the vertical axis; ``"log"`` where small differences far down matter.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    fig = figure(title)
    ax = fig.subplots()
    for i, (label, values) in enumerate(series.items()):
        values = np.asarray(values, dtype=float)
        ax.plot(
            np.arange(1, len(values) + 1) if x is None else x,
            values,
            color=LINES[i % 6],
            linestyle=DASHES[i % 4],
            marker=MARKERS[i % 10] if len(values) <= 30 else None,
            markersize=4,
            label=label,
        )
    _draw_levels(ax, levels)
    if x is None or xlabel == "epoch":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    if yscale == "log":  # plain numbers, also where less than a decade is seen
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(alpha=0.3)
    if len(series) > 4:  # beside the curves: inside it would hide some
        ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    elif len(series) > 1 or levels:
        ax.legend(fontsize=9)
    ends = "; ".join(
        f"{label} goes from {values[0]:.4g} to {values[-1]:.4g}"
        for label, values in series.items()
        if len(values)
    )
    show(fig, alt or f"{_ended(title)} {ylabel} against {xlabel}: {ends}.", save_as)


def bars(
    values: Mapping[str, float],
    title: str,
    ylabel: str,
    levels: Mapping[str, float] | None = None,
    alt: str | None = None,
    save_as: str | Path | None = None,
) -> None:
    """Compare a few figures as bars, each with its value written above it.

    Parameters
    ----------
    values : mapping of label to figure
    title, alt, save_as
        As for :func:`figure` and :func:`show`.
    ylabel : str
        With units where there are any.
    levels : mapping of label to value, optional
        Horizontal lines to compare with.
    """
    fig = figure(title)
    ax = fig.subplots()
    room = min(14, max(8, 66 // max(1, len(values))))  # letters below a bar
    labels = ["\n".join(textwrap.wrap(label, room)) for label in values]
    drawn = ax.bar(labels, list(values.values()), color=PETROFF10[0], width=0.6)
    ax.bar_label(drawn, fmt="{:.4g}", padding=2, fontsize=9)
    ax.margins(y=0.15)
    _draw_levels(ax, levels)
    if levels:
        ax.legend(fontsize=9)
    ax.set(ylabel=ylabel)
    said = "; ".join(f"{label}: {value:.4g}" for label, value in values.items())
    show(fig, alt or f"{_ended(title)} {ylabel}: {said}.", save_as)


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
    show(
        fig,
        alt
        or f"{_ended(title)} Scatter plot of {len(np.asarray(labels)):,} codes in the "
        f"plane, colored and labeled by class.",
        save_as,
    )


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


def live_curves(
    series: Mapping[str, Sequence[float]], epochs: int, first: int = 1
) -> str:
    """Draw a training under way as SVG; takes about a tenth of a millisecond.

    Parameters
    ----------
    series : mapping of label to values
        A value for each epoch so far.
    epochs : int
        The last epoch's number.
    first : int
        The number of the first epoch drawn; above 1 where a training was resumed.

    Returns
    -------
    str
        An ``<svg>`` with a text alternative; empty as long as no epoch has ended. The
        first epoch, often far above the others, does not stretch the scale upwards
        from the third on.
    """
    series = {label: values for label, values in series.items() if values}
    if not series:
        return ""
    low = min(min(values) for values in series.values())
    high = max(max(values[len(values) > 2 :]) for values in series.values())
    parts, said = [], []
    for i, (label, values) in enumerate(series.items()):
        color, dashes = LINES[i % 6], SVG_DASHES[i % 4]
        step = 270 / max(1, epochs - 1)
        x = [70 + step * (first - 1 + epoch) for epoch in range(len(values))]
        y = [105 - 90 * min(1, (v - low) / ((high - low) or 1)) for v in values]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        line = f'fill="none" stroke="{color}" stroke-dasharray="{dashes}"'
        name = html.escape(label)
        parts += [
            f'<polyline {line} stroke-width="2" points="{points}"/>',
            f'<circle r="3" cx="{x[-1]:.1f}" cy="{y[-1]:.1f}" fill="{color}"/>',
            f'<path {line} stroke-width="2" d="M350 {20 + 18 * i}h24"/>',
            f'<text x="380" y="{24 + 18 * i}">{name}</text>',
        ]
        said.append(f"{name} went from {values[0]:.4g} to {values[-1]:.4g}")
    return (
        f'<svg role="img" aria-label="Live curves: {"; ".join(said)}." '
        'viewBox="0 0 480 130" width="480" height="130" font-size="12" '
        'fill="currentColor" style="background: white; color: black">'
        '<path d="M70 10V105H340" fill="none" stroke="currentColor"/>'
        f'<text x="64" y="19" text-anchor="end">{high:.4g}</text>'
        f'<text x="64" y="109" text-anchor="end">{low:.4g}</text>'
        f'<text x="70" y="122">1</text><text x="205" y="122" text-anchor="middle">epoch'
        f'</text><text x="340" y="122" text-anchor="end">{epochs}</text>'
        f"{''.join(parts)}</svg>"
    )


def as_array(values: Any) -> np.ndarray:
    """An array from an array or a tensor on any device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)


def squares(images: ArrayLike) -> np.ndarray:
    """Bring images of any of the three layouts into one.

    Parameters
    ----------
    images : array or tensor, shape (N, 784), (N, 28, 28) or (N, 1, 28, 28)

    Returns
    -------
    array, shape (N, 28, 28), float32

    Raises
    ------
    ValueError
        If they have another shape, or there are none.
    """
    images = as_array(images)
    if images.shape[1:] not in ((784,), (28, 28), (1, 28, 28)) or not len(images):
        raise ValueError(
            f"These images have shape {images.shape}; plots take (N, 784), "
            f"(N, 28, 28) or (N, 1, 28, 28). For one image, slice it: images[:1]."
        )
    return images.reshape(-1, 28, 28).astype(np.float32)


def _few_grays(images: np.ndarray) -> np.ndarray:
    """Images in 33 grays: half the file, same look."""
    return np.round(images * 32) / 32


def _draw(ax, image: np.ndarray) -> None:
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def _draw_levels(ax, levels: Mapping[str, float] | None) -> None:
    for i, (label, level) in enumerate((levels or {}).items()):
        ax.axhline(
            level, color="0.35", linestyle=DASHES[(i + 1) % 4], lw=1, label=label
        )


def _ended(title: str) -> str:
    """A title as a sentence: a question keeps its own end."""
    return title if title.endswith(("?", "!", ".")) else f"{title}."
