"""Figures against epochs or beside each other: curves, bars, and live curves."""

from __future__ import annotations

import html
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.plots.figures import as_sentence, figure, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PETROFF10 = [
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
]
DASHES = ("-", "--", "-.", ":")
MARKERS = "os^Dvx+*<>"
# Those that stand out from white by 3 to 1 (WCAG 2.2, 1.4.11), for lines.
LINES = [PETROFF10[i] for i in (0, 2, 4, 6, 8, 5)]
SVG_DASHES = ("1 0", "6 3", "8 3 2 3", "2 3")


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
    show(
        fig, alt or f"{as_sentence(title)} {ylabel} against {xlabel}: {ends}.", save_as
    )


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
    show(fig, alt or f"{as_sentence(title)} {ylabel}: {said}.", save_as)


def _draw_levels(ax, levels: Mapping[str, float] | None) -> None:
    for i, (label, level) in enumerate((levels or {}).items()):
        ax.axhline(
            level, color="0.35", linestyle=DASHES[(i + 1) % 4], lw=1, label=label
        )


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
