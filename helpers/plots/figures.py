"""How a figure begins, and how it ends in a notebook with its text alternative."""

from __future__ import annotations

import base64
import html
import io
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import data

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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


def as_sentence(title: str) -> str:
    """A title as a sentence: a question keeps its own end."""
    return title if title.endswith(("?", "!", ".")) else f"{title}."


def _small_png(fig: Figure) -> bytes:
    """The figure in 256 colors: a third of the size, and notebooks stay light."""
    from PIL import Image

    full, small = io.BytesIO(), io.BytesIO()
    fig.savefig(full, format="png")
    picture = Image.open(full).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()
