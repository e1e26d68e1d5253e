"""The solution's figures in the student's notebook: what one's own should look like."""

from __future__ import annotations

import base64
import re
from itertools import zip_longest

from nbformat import NotebookNode

from course import CourseError

TAG = "expected-figure"
LARGEST = 20_000  # bytes of a PNG; a row of ten images takes about 12,000
FOLD = """\
<details><summary>Yours should look like this</summary>

![{alt}](attachment:expected.png)

This is the figure of a full run. Yours may differ in small things; in fast mode, in
large ones too.

</details>

"""
FOLDED = re.compile(
    r"\A<details><summary>Yours should look .*?^</details>\n\n", re.S | re.M
)


def show_expected(notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
    """Fold the figure of each cell with the tag into the text below that cell.

    Parameters
    ----------
    notebook : NotebookNode
        A complete lesson with its outputs. Changed in place: the text gets the figure
        as an attachment, so that nothing of it stands in the source.
    resources : dict
        nbconvert's; handed on.

    Returns
    -------
    notebook, resources
        As nbconvert expects of a preprocessor.

    Raises
    ------
    CourseError
        If no text of the lesson follows, or the figure is too large.
    """
    for cell, text in zip_longest(notebook.cells, notebook.cells[1:]):
        pictures = [
            output
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        if TAG not in cell.metadata.get("tags", []) or not pictures:
            continue
        start = cell.source.splitlines()[0]
        if not text or text.cell_type != "markdown" or "nbgrader" in text.metadata:
            raise CourseError(
                f"The cell {start!r} has the tag {TAG}, but no text of the lesson "
                "follows that could show its figure: move the tag to another cell."
            )
        png = pictures[0].data["image/png"]
        size = len(base64.b64decode(png))
        if size > LARGEST:
            raise CourseError(
                f"The figure of the cell {start!r} has {size:,} bytes; "
                f"with the tag {TAG} it may have {LARGEST:,}. Choose a smaller one."
            )
        alt = pictures[0].get("metadata", {}).get("image/png", {}).get("alt", "")
        if not alt:
            raise CourseError(
                f"The figure of the cell {start!r} says in no words what it shows, and "
                f"has the tag {TAG}: draw it with `helpers.plots`, or give it an alt."
            )
        alt = alt.translate({91: "(", 93: ")"})
        text.attachments = {"expected.png": {"image/png": png}}
        text.source = FOLD.format(alt=alt) + text.source
    return notebook, resources


def without_figure(source: str) -> str:
    """The text as it stands in the lesson.

    Parameters
    ----------
    source : str
        Of a cell of a student's notebook.
    """
    return FOLDED.sub("", source, count=1)
