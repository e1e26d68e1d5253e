"""A complete lesson to read: answers, rubrics and hidden tests in boxes."""

from __future__ import annotations

import re

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

SOLUTION = re.compile(r"^ *### (?:BEGIN|END) SOLUTION\n?", re.M)
HIDDEN = re.compile(r"^### (?:BEGIN|END) HIDDEN TESTS\n?", re.M)
ANSWER = re.compile(r"^(\*{1,2})Model answer\.?\1\s*")
RUBRIC = re.compile(
    r"^(\*{1,2})Rubric\.?( \(\d+ points\))?\.?\1( \(\d+ points\))?\s*", re.M
)
# Longer than any fence inside; the class chooses color and icon.
BOX = """\
``````{{admonition}} {title}
:class: {kind}

{text}
``````
"""


def boxed(notebook: NotebookNode) -> NotebookNode:
    """Set what students do not get in boxes, without nbgrader's marks.

    Parameters
    ----------
    notebook : NotebookNode
        A complete lesson; stays as it is.

    Returns
    -------
    NotebookNode
        For MyST-NB. Code in a box is text; it has no outputs in a lesson.
    """
    page = notebook.copy()
    page.cells = [shown for cell in notebook.cells for shown in _shown(cell)]
    return page


def _shown(cell: NotebookNode) -> list[NotebookNode]:
    """The cells that stand on the page for one of the lesson's."""
    if HIDDEN.search(cell.source):
        visible, hidden, _ = HIDDEN.split(cell.source)
        kept = cell.copy()
        kept.source = visible.rstrip()
        return [kept, _box("Hidden test", "warning", _code(hidden))]
    if not SOLUTION.search(cell.source):
        return [cell]
    if cell.cell_type == "code":
        return [_box("Model answer", "tip", _code(SOLUTION.sub("", cell.source)))]
    question, answer, *_ = SOLUTION.split(cell.source)
    boxes = [new_markdown_cell(question)] if question.strip() else []
    rubric = RUBRIC.search(answer)
    if rubric:
        points = rubric[2] or rubric[3] or ""
        below = _box(f"Rubric{points}", "note", answer[rubric.end() :])
        answer = answer[: rubric.start()]
    boxes.append(_box("Model answer", "tip", ANSWER.sub("", answer.lstrip())))
    return [*boxes, below] if rubric else boxes


def _box(title: str, kind: str, text: str) -> NotebookNode:
    text = BOX.format(title=title, kind=kind, text=text.strip("\n"))
    return new_markdown_cell(text)


def _code(source: str) -> str:
    return f"```python\n{source.rstrip()}\n```"
