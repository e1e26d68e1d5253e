"""Pages of submissions that no kernel has run."""

import nbformat

from benchmarks.students import LESSON
from course import pack_root
from course.grading import compare
from course.grading.one import record_of
from course.grading.pages import write_comparison
from course.grading.submission import prepare
from course.notebook import UnreadableError, parse
from course.sandbox.sandbox import Execution

SOLUTION = pack_root() / "solutions" / f"{LESSON}.ipynb"
RELEASE = pack_root() / "notebooks" / f"{LESSON}.ipynb"


def did_nothing(notebook):
    return Execution(None, 0, 0.0)


def page_of(folder, lesson, content, student="alice"):
    """The comparison, without a sandbox: no cell is run."""
    record = record_of(content, lesson, did_nothing, sandboxed=True)
    try:
        shown = prepare(parse(content, outputs=True), lesson, keep_outputs=True)
        notebook = shown.notebook
    except UnreadableError:
        notebook = None
    page = folder / "page.html"
    metrics = compare.shown_figures(notebook, fast=False)
    write_comparison(page, student, record, lesson, notebook, metrics, "From it")
    return page.read_text()


def as_bytes(notebook):
    return nbformat.writes(notebook).encode()
