"""One submission to one record."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Mapping

from nbformat import NotebookNode

from course.grading.intake import Submission
from course.grading.records import Record
from course.grading.submission import (
    Lesson,
    lesson_named,
    points,
    prepare,
    without_idle_cells,
)
from course.notebook import UnreadableError, grade_id, parse
from course.sandbox.limits import Limits
from course.sandbox.sandbox import Execution, Sandbox

_sandboxes: dict[int, tuple[tuple, Sandbox]] = {}  # by the thread that uses it


def grade_one(
    content: bytes,
    lesson: str,
    limits: Mapping[str, int] | None = None,
    unsafe: bool = False,
) -> Record:
    """Grade one submission. What it returns depends on the arguments alone.

    Parameters
    ----------
    content : bytes
        The submitted file.
    lesson : str
        Name of the lesson, as in ``solutions/``.
    limits : mapping, optional
        As :class:`course.sandbox.limits.Limits`.
    unsafe : bool
        Run without bubblewrap.

    Returns
    -------
    Record
    """
    asked, known = Limits(**(limits or {})), lesson_named(lesson)

    def run_busy_cells(prepared):
        ran = without_idle_cells(prepared, known)
        return ran, sandbox_of_thread(known.framework, asked, unsafe).run(ran)

    return record_of(content, known, run_busy_cells, sandboxed=not unsafe)


def record_of(
    content: bytes,
    lesson: Lesson,
    run: Callable[[NotebookNode], tuple[NotebookNode, Execution]],
    sandboxed: bool,
) -> Record:
    """Build the record of :func:`grade_one`.

    Parameters
    ----------
    content : bytes
        The submitted file.
    lesson : Lesson
    run : callable(notebook)
        Runs a prepared notebook; returns it executed, and the
        :class:`course.sandbox.sandbox.Execution`.
    sandboxed : bool
        Whether `run` does so in a sandbox.
    """
    started = time.monotonic()
    record = Record(lesson.name, sandboxed=sandboxed)
    ran = None
    try:
        prepared = prepare(parse(content), lesson)
        record.flags = prepared.flags
        record.code, record.answers = written(prepared.notebook, lesson)
        ran, done = run(prepared.notebook)
        record.peak_mb = done.peak_mb
        record.reason = done.reason
        if done.replaced and not done.reason:
            record.reason = f"it replaced {', '.join(done.replaced)}"
    except UnreadableError as error:
        record.reason = str(error)
    try:
        record.exercises = points(ran if record.reason is None else None, lesson)
    except Exception as error:  # noqa: BLE001 (outputs can be forged to be anything)
        record.reason = f"its outputs cannot be read ({type(error).__name__})"
        record.exercises = points(None, lesson)
    record.seconds = round(time.monotonic() - started, 2)
    return record


def written(notebook, lesson: Lesson) -> tuple[dict[str, str], dict[str, str]]:
    """What a student wrote, by grade_id: code, and answers in words."""
    wanted = lesson.cells("release")
    code, answers = {}, {}
    for cell in notebook.cells:
        name = grade_id(cell)
        if name in wanted and cell.metadata.nbgrader.get("solution"):
            (code if cell.cell_type == "code" else answers)[name] = cell.source
    return code, answers


def refused(each: Submission) -> Record:
    """The record of a file that could not be taken."""
    reason = each.problem or "its name and its folder name no lesson of this pack"
    exercises = points(None, lesson_named(each.lesson)) if each.lesson else []
    return Record(each.lesson, exercises, reason)


def sandbox_of_thread(framework: str, limits: Limits, unsafe: bool) -> Sandbox:
    """This thread's warm parent for such submissions; its other one is let go."""
    thread, wanted = threading.get_ident(), (framework, limits, unsafe)
    held = _sandboxes.get(thread)
    if held:
        had, sandbox = held
        if had == wanted:
            return sandbox
        sandbox.close()
    atexit.register(close_sandboxes)
    sandbox = Sandbox(framework, limits, unsafe)
    _sandboxes[thread] = wanted, sandbox
    return sandbox


def close_sandboxes() -> None:
    """End this process's warm parents."""
    while _sandboxes:
        _, (_, sandbox) = _sandboxes.popitem()
        sandbox.close()
