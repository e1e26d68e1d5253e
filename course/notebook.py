"""Read any notebook file, however battered."""

from __future__ import annotations

import json
from typing import Any

import nbformat
from nbformat.corpus.words import generate_corpus_id as random_cell_id
from nbgrader.utils import compute_checksum

LARGEST = 50 * 2**20  # bytes of a notebook that is still read
MAX_CELLS = 5_000


class UnreadableError(Exception):
    """A submission that cannot be graded; the message goes to the student."""


def grade_id(cell) -> str | None:
    """The cell's name in nbgrader's metadata, if it has one."""
    nbgrader = cell.metadata.get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else None


def parse(content: bytes, outputs: bool = False) -> nbformat.NotebookNode:
    """Read a submitted notebook, whatever editor it has been through.

    Parameters
    ----------
    content : bytes
        The file.
    outputs : bool
        Keep the outputs that it came with, as far as they are well formed.

    Returns
    -------
    NotebookNode
        In format 4, each code cell with outputs, each cell with metadata.

    Raises
    ------
    UnreadableError
        If it is too large, not JSON, or not a notebook.
    """
    if len(content) > LARGEST:
        raise UnreadableError(
            f"the file has {len(content) / 2**20:.0f} MiB; at most {LARGEST >> 20} "
            "are read (clear the outputs and save it again)"
        )
    try:
        raw = json.loads(content)
        if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
            raise ValueError("no notebook format")
        # Format 3: its converter expects text as it is in memory, not a list of lines.
        for sheet in raw.get("worksheets", ()):
            for cell in sheet["cells"]:
                cell |= {
                    key: _text(cell[key]) for key in ("source", "input") if key in cell
                }
        notebook = nbformat.from_dict(raw)
        if raw["nbformat"] != 4:
            notebook = nbformat.convert(notebook, 4)
        cells = [_tidy(cell, outputs) for cell in notebook.cells]
        if len(cells) <= MAX_CELLS:
            return nbformat.v4.new_notebook(cells=cells)  # which validates it
    except RecursionError:
        raise UnreadableError("its JSON is nested too deeply") from None
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise UnreadableError(f"it is not a notebook ({error})") from None
    except Exception as error:  # noqa: BLE001 (nbformat's converters raise anything)
        raise UnreadableError(f"it is not a notebook ({error})") from None
    raise UnreadableError(f"it has {len(cells)} cells; at most {MAX_CELLS} are run")


def _tidy(cell, outputs: bool) -> nbformat.NotebookNode:
    """A cell with all that format 4.5 wants, made new."""
    source = _text(cell.get("source", ""))
    kind = cell.get("cell_type")
    if kind not in ("code", "markdown", "raw"):
        raise ValueError(f"there is no cell type {kind!r}")
    metadata = cell.get("metadata") or {}
    nbgrader = metadata.get("nbgrader")
    kept = {"nbgrader": nbgrader} if isinstance(nbgrader, dict) else {}
    # nbformat's own new_..._cell would validate every cell, and then the notebook.
    made = nbformat.NotebookNode(
        id=random_cell_id(),
        cell_type=kind,
        metadata=nbformat.from_dict(kept),
        source=source,
    )
    if kind == "code":
        made.update(execution_count=None, outputs=[])
    if outputs and kind == "code" and isinstance(cell.get("outputs"), list):
        made.outputs = [tidy for out in cell.outputs if (tidy := _output(out))]
    return made


def _text(value: Any) -> str:
    """Text as it is in memory; on the disk it may be a list of lines."""
    text = "".join(value) if isinstance(value, list) else value
    if not isinstance(text, str):
        raise ValueError("a cell's text is not text")
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text


def _output(output: Any) -> nbformat.NotebookNode | None:
    """What of an output can be shown: its data, and what is said of each kind."""
    try:
        data = {
            kind: value if "json" in kind else _text(value)
            for kind, value in output.get("data", {}).items()
        }
        said = {
            kind: value
            for kind, value in output.get("metadata", {}).items()
            if isinstance(value, dict)
        }
    except (AttributeError, TypeError, ValueError):
        return None
    return nbformat.v4.new_output("display_data", data=data, metadata=said)


def untouched(cell) -> bool:
    """Tell whether a solution cell is as it was released."""
    return cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
