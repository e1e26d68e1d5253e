"""One submission to one record."""

from __future__ import annotations

import copy
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ipykernel.compiler import get_file_name
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from course.grading.apart import run_apart, sandbox_of_thread
from course.grading.definitions import Definitions, Statement, definitions_of
from course.grading.intake import Submission
from course.grading.records import Exercise, Record
from course.grading.submission import (
    Lesson,
    lesson_named,
    points,
    prepare,
    without_idle_cells,
)
from course.grading.suspicion import suspicions
from course.notebook import UnreadableError, grade_id, parse
from course.sandbox.events import REPLACED
from course.sandbox.limits import Limits
from course.sandbox.sandbox import Execution

SHOWN = 8  # statements that a flag shows; of the rest it says the lines


def grade_one(
    content: bytes,
    lesson: str,
    limits: Mapping[str, int] | None = None,
    unsafe: bool = False,
    strict: bool = False,
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
    strict : bool
        Points that call for a look are not given.

    Returns
    -------
    Record
    """
    asked, known = Limits(**(limits or {})), lesson_named(lesson)

    def run(notebook):
        return run_apart(notebook, sandbox_of_thread(known.framework, asked, unsafe))

    return record_of(content, known, run, not unsafe, strict)


def record_of(
    content: bytes,
    lesson: Lesson,
    run: Callable[[NotebookNode], Execution],
    sandboxed: bool,
    strict: bool = False,
) -> Record:
    """Build the record of :func:`grade_one`.

    Parameters
    ----------
    content : bytes
        The submitted file.
    lesson : Lesson
    run : callable(notebook)
        Runs a notebook in place.
    sandboxed : bool
        Whether `run` does so in a sandbox.
    strict : bool
        Points that call for a look are not given.

    Returns
    -------
    Record
        The points that the answers' definitions earn. Where those are not all, those
        of the whole notebook, if it earns more: then a flag says so.
    """
    started = time.monotonic()
    record = Record(lesson.name, sandboxed=sandboxed)
    try:
        prepared = prepare(parse(content), lesson)
        record.repairs = prepared.repairs
        record.code, record.answers = written(prepared.notebook, lesson)
        answers = definitions_of(prepared.notebook, lesson)
        record.flags = suspicions(answers.kept, answers.given)
        record.exercises = _rows(answers.notebook, lesson, run, record)
        if (answers.left_out or answers.moved) and _lacks(record.exercises):
            _whole_notebook(prepared.notebook, lesson, run, record, answers, strict)
        if strict and record.flags and record.reason is None:
            record.reason = f"--strict, and it needs a look: {record.flags[0]}"
    except UnreadableError as error:
        record.reason = str(error)
    if record.reason is not None:
        record.exercises = points(None, lesson)
    elif record.first_trouble:
        record.exercises = [_blames_the_first(row) for row in record.exercises]
    record.seconds = round(time.monotonic() - started, 2)
    return record


def _rows(
    notebook: NotebookNode,
    lesson: Lesson,
    run: Callable[[NotebookNode], Execution],
    record: Record,
) -> list[Exercise]:
    """Run a notebook and read its points; the record learns what it took."""
    done = run(notebook)
    record.peak_mb = max(record.peak_mb, done.peak_mb)
    record.reason = done.reason
    flags = asked_for(notebook, lesson, done.witnessed)
    try:
        trouble = first_trouble(notebook) or _gone(notebook, lesson)
        record.first_trouble = trouble or record.first_trouble
        rows = points(notebook if done.reason is None else None, lesson)
        flags += silent(notebook, {row.id for row in rows if row.score}, done.passed)
        return rows
    except Exception as error:  # noqa: BLE001 (outputs can be forged to be anything)
        record.reason = f"its outputs cannot be read ({type(error).__name__})"
        return points(None, lesson)
    finally:
        record.flags += [each for each in flags if each not in record.flags]


def asked_for(
    notebook: NotebookNode, lesson: Lesson, witnessed: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Say what a student's cells asked Python for, and where.

    Parameters
    ----------
    notebook : NotebookNode
        As it was run.
    lesson : Lesson
        Whose own cells may ask for what they like.
    witnessed : sequence of mapping
        From :attr:`course.sandbox.sandbox.Execution.witnessed`.

    Returns
    -------
    list of str
    """
    ours = {cell.source.strip() for cell in lesson.release.cells}
    ours |= {cell.source.strip() for cell in lesson.cells("solution").values()
             if is_locked(cell)}  # fmt: skip
    cells = {
        Path(get_file_name(cell.source)).stem: (number, cell)
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
    }
    found = []
    for each in witnessed:
        number, cell = cells.get(each["file"], (0, None))
        if each["event"].startswith(REPLACED):
            found.append(_replaced(each, number, cell))
        elif cell is None:
            found.append(f"code that is in no cell asked for {each['event']}")
        elif cell.source.strip() not in ours:
            where = grade_id(cell) or f"cell {number}"
            lines = [*cell.source.splitlines(), *[""] * each["line"]]
            text = lines[each["line"] - 1].strip()
            found.append(f"{where}: while it ran, `{text}` asked for {each['event']}")
    return list(dict.fromkeys(found))


def silent(
    notebook: NotebookNode,
    earned: Collection[str],
    passed: Sequence[Mapping[str, Any]] | None,
) -> list[str]:
    """Name graded cells that ended well, though their checks never came to an end.

    Whatever keeps a check from running, or its error from being seen, ends like this.

    Parameters
    ----------
    notebook : NotebookNode
        As it was run.
    earned : collection of str
        Names of graded cells that earned points.
    passed : sequence of mapping or None
        From :attr:`course.sandbox.sandbox.Execution.passed`.

    Returns
    -------
    list of str
    """
    lines = Counter(each["file"] for each in passed or ())
    found = []
    for cell in notebook.cells if passed is not None else ():
        if cell.cell_type != "code" or grade_id(cell) not in earned:
            continue
        calls = len(re.findall(r"^checks\.\w+\(", cell.source, re.MULTILINE))
        if lines[Path(get_file_name(cell.source)).stem] < calls:
            found.append(f"{grade_id(cell)}: no error, and its check never passed")
    return found


def _replaced(event: Mapping[str, Any], number: int, cell: NotebookNode | None) -> str:
    """Say what another thing has taken the place of, and which, if it is a cell's."""
    name = event["event"].removeprefix(REPLACED)
    said = f"while it ran, another thing took the place of `{name}`"
    if cell is None:
        return said
    text = [*cell.source.splitlines(), *[""] * event["line"]][event["line"] - 1]
    return f"{grade_id(cell) or f'cell {number}'}: {said}: `{text.strip()}`"


def _blames_the_first(row: Exercise) -> Exercise:
    """Instead of "name 'checks' is not defined" at every exercise."""
    if not row.message.startswith("NameError"):
        return row
    return replace(row, message="a cell before it failed: see the top of this page")


def _lacks(rows: list[Exercise]) -> bool:
    return any(row.score is not None and row.score < row.max for row in rows)


def _whole_notebook(
    prepared: NotebookNode,
    lesson: Lesson,
    run: Callable[[NotebookNode], Execution],
    record: Record,
    answers: Definitions,
    strict: bool,
) -> None:
    """Give the points that only the whole notebook earns, and say that it does.

    Only what lacks points is judged once more.
    """
    reason, before = record.reason, record.exercises
    settled = {row.id for row in before if row.score == row.max}
    asked = copy.deepcopy(prepared)
    for cell in asked.cells:
        if grade_id(cell) in settled:  # it stays in its place, and is not run
            cell.source = ""
    after = _rows(without_idle_cells(asked, lesson), lesson, run, record)
    if record.reason is not None:  # the definitions alone could be judged
        record.reason = reason
        return
    more = [
        new.exercise
        for old, new in zip(before, after, strict=True)
        if (new.score or 0) > (old.score or 0)
    ]
    if more:
        record.flags.append(
            f"points for {', '.join(more)} are earned only with statements that are "
            f"not definitions of answers: {_named(answers.left_out)}"
            if answers.left_out
            else f"points for {', '.join(more)} are earned only in the order of its "
            "own cells, which is not the lesson's"
        )
        record.flags += suspicions(answers.left_out, answers.given)
    record.exercises = [
        old if (old.score or 0) > (new.score or 0) or strict else new
        for old, new in zip(before, after, strict=True)
    ]


def _named(statements: list[Statement]) -> str:
    """Statements with their text; of many, the rest by its lines alone."""
    said = "; ".join(str(each) for each in statements[:SHOWN])
    lines: dict[str, list[int]] = {}
    for each in statements[SHOWN:]:
        lines.setdefault(each.cell, []).append(each.line)
    rest = (
        f"{cell}, line {', '.join(map(str, numbers))}"
        for cell, numbers in lines.items()
    )
    return "; ".join([said, *rest])


def _gone(notebook: NotebookNode, lesson: Lesson) -> str | None:
    """Name the lesson's cell of imports, if it is gone and something misses it."""
    errors = [
        each.evalue
        for cell in notebook.cells
        for each in cell.get("outputs", ())
        if each.output_type == "error" and each.ename == "NameError"
    ]
    there = {cell.source.strip() for cell in notebook.cells}
    for cell in lesson.release.cells if errors else ():
        imports = re.match(r"(from|import) ", cell.source)
        if imports and cell.source.strip() not in there:
            line = cell.source.splitlines()[0]
            return f"the lesson's cell `{line} ...` is gone or changed, and {errors[0]}"
    return None


def first_trouble(notebook: NotebookNode) -> str | None:
    """Say which of the cells before the first check failed first, and why."""
    for number, cell in enumerate(notebook.cells, start=1):
        if is_grade(cell):
            return None
        error = next(
            (each for each in cell.get("outputs", ()) if each.output_type == "error"),
            None,
        )
        if error is not None and not is_solution(cell):
            line = next(filter(str.strip, cell.source.splitlines()), "").strip()
            said = f"{error.ename}: {error.evalue}".strip()[:300]
            return f"cell {number}, `{line[:70]}`, failed: {said}"
    return None


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
    reason = each.problem or "neither its name nor its folder names a lesson"
    exercises = points(None, lesson_named(each.lesson)) if each.lesson else []
    return Record(each.lesson, exercises, reason)
