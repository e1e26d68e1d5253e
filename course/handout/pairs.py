"""Pairs of jupytext's: a text and a notebook that hold the same cells, or do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path


def pairs_apart(texts: Iterable[Path]) -> Iterator[str]:
    """Name each text that does not hold the same cells as the notebook beside it."""
    for text in texts:
        notebook = text.with_suffix(".ipynb")
        remedy = f"run: jupytext --sync {short(text)}"
        if not notebook.exists():
            yield f"{short(text)} has no notebook beside it; {remedy}"
            continue
        cell = _first_difference(text, notebook)
        if cell is not None:
            yield (
                f"{short(text)} and {short(notebook)} differ, first in cell {cell}; "
                f"{remedy}"
            )


def _first_difference(text: Path, notebook: Path) -> int | None:
    """Number (from 1) of the first cell that the two files do not share."""
    import jupytext

    ours = _cells(jupytext.read(text, fmt="py:percent"))
    # Through text and back, so that both sides went the same way.
    as_text = jupytext.writes(jupytext.read(notebook), fmt="py:percent")
    theirs = _cells(jupytext.reads(as_text, fmt="py:percent"))
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False), start=1):
        if one != other:
            return number
    if len(ours) != len(theirs):
        return min(len(ours), len(theirs)) + 1
    return None


def _cells(notebook) -> list[tuple]:
    return [
        (
            cell.cell_type,
            cell.source,
            cell.metadata.get("tags", []),
            cell.metadata.get("nbgrader", {}),
        )
        for cell in notebook.cells
    ]


def short(path: Path) -> str:
    """A path as a message names it."""
    return f"{path.parent.name}/{path.name}"
