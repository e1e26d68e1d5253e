"""Say which exercises of a student's own notebook are right so far."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from course import CourseError, pack_root
from course.files import cores
from course.grading.one import record_of
from course.grading.records import Exercise
from course.grading.submission import Lesson, read_lesson
from course.lessons import find_notebook
from course.notebook import UnreadableError, parse
from course.run.kernels import kernel_environment, own_kernel
from course.run.terminal import make_console
from course.sandbox.sandbox import Execution

CELL_TIMEOUT = 600  # seconds


@dataclass(frozen=True)
class Progress:
    """How far a student's own notebook is."""

    exercises: list[Exercise]
    states: list[str]
    """Of each exercise, in words."""

    @property
    def score(self) -> float:
        """Points for code so far."""
        return sum(row.score or 0.0 for row in self.exercises)

    @property
    def max(self) -> float:
        """Points that code can earn."""
        return sum(row.max for row in self.exercises if not row.written)


def check(name: str, console: Console | None = None) -> Progress:
    """Run what has been written so far, in fast mode, and say what is right.

    Parameters
    ----------
    name : str
        As for :func:`course.lessons.find_notebook`. The notebook is not changed;
        save it first.
    console : rich.console.Console, optional

    Returns
    -------
    Progress

    Raises
    ------
    CourseError
        If the notebook cannot be found or read, its kernel dies, or a cell does not
        come to its end.
    """
    console = console or make_console()
    notebook, solution = find_notebook(name)
    complete = read_lesson(solution)
    lesson = Lesson(complete.name, complete.release, complete.release)
    try:
        content = notebook.read_bytes()
        parse(content)
    except (OSError, UnreadableError) as error:
        raise CourseError(f"{notebook} cannot be read: {error}.") from error
    record = record_of(content, lesson, _run, sandboxed=False)
    done = Progress(record.exercises, [*map(_state, record.exercises)])
    if record.first_trouble:
        console.print(Text(f"Before the first check, {record.first_trouble}"))
    _show(done, lesson.name, console)
    return done


def _run(work: nbformat.NotebookNode) -> Execution:
    """Run a notebook in place, in a kernel of its own and another folder."""
    client = NotebookClient(
        work,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        allow_errors=True,
        on_cell_error=_note_error,
        # Else the kernel warns, on this terminal, that it talks over TCP.
        extra_arguments=["--log-level=CRITICAL"],
    )
    client.km = own_kernel()
    environment = kernel_environment(fast=True, threads=cores(), root=pack_root())
    try:
        # Elsewhere, so that what the lesson saves does not replace what is saved here.
        with tempfile.TemporaryDirectory() as place:
            client.execute(cwd=place, env=environment)
    except DeadKernelError as error:
        raise CourseError(
            "The kernel died while the notebook ran. Run it in Lab, cell by cell, to "
            "see where."
        ) from error
    except CellTimeoutError as error:
        raise CourseError(
            f"One cell ran longer than {CELL_TIMEOUT // 60} minutes. Is there a loop "
            "that never ends? Run the notebook in Lab to see which cell it is."
        ) from error
    return Execution(None, 0, 0.0)


def _show(done: Progress, lesson: str, console: Console) -> None:
    table = Table(title=f"{lesson}: what you have done so far")
    for heading in ("exercise", "state", "points"):
        table.add_column(heading, justify="right" if heading == "points" else "left")
    rows = list(zip(done.exercises, done.states, strict=True))
    for row, state in rows:
        score = "-" if row.score is None else f"{row.score:g}"
        table.add_row(row.exercise, state, f"{score} of {row.max:g}")
    console.print(table)
    for row, state in rows:
        if state == "not right yet":
            console.print(Text(f"{row.exercise}: {row.message}"))
    console.print(f"{done.score:g} of {done.max:g} points for code")


def _note_error(cell, cell_index: int, execute_reply: dict[str, Any]) -> None:
    """Write down an error whose output was not sent, such as one with half a letter.

    A cell without an error counts as right.
    """
    if not any(output.output_type == "error" for output in cell.outputs):
        reply = execute_reply["content"]
        cell.outputs.append(
            nbformat.v4.new_output(
                "error", ename=reply["ename"], evalue=reply["evalue"]
            )
        )


def _state(row: Exercise) -> str:
    if row.written:
        return "not written yet" if row.score == 0 else "for your instructor"
    if row.score == row.max:
        return "right"
    signs = ("not written yet", "had stopped with NotImplementedError")
    unwritten = any(sign in row.message for sign in signs)
    return "not written yet" if unwritten else "not right yet"
