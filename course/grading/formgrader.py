"""A course folder as nbgrader keeps one, so that Formgrader can show every submission.

Nothing is run for it: the autograded notebooks are the submissions with the lesson's
own checks in place, and beneath each check what it said when the class was graded.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import CourseError, pack_root
from course.files import make_writable, write_whole
from course.grading.gradebook import database, id_of
from course.grading.intake import Submission
from course.grading.records import Exercise, Record
from course.grading.submission import Lesson, lesson_named, prepare
from course.notebook import UnreadableError, grade_id, parse


def course_folder(place: Path) -> Path:
    """The folder that ``--gradebook`` means, made if missing.

    Parameters
    ----------
    place : Path
        A folder, or the database in it.

    Raises
    ------
    CourseError
        If it is the pack itself, whose own folders would mix with nbgrader's, or
        cannot be written.
    """
    folder = database(place).resolve().parent
    if folder == pack_root():
        raise CourseError(
            f"--gradebook {place} would put nbgrader's folders (source, release, "
            "submitted, autograded) into the pack itself. Name a folder of its own, "
            "such as --gradebook formgrader."
        )
    make_writable(folder)
    return folder


def write_course_folder(
    folder: Path,
    students: Mapping[str, Mapping[str, Record]],
    submissions: Sequence[Submission],
) -> None:
    """Write ``source``, ``release``, ``submitted`` and ``autograded``.

    Parameters
    ----------
    folder : Path
        Where ``gradebook.db`` is.
    students : mapping
        Name to lesson to record.
    submissions : sequence of Submission
        What the records are of. One that cannot be read has no notebook there.
    """
    for lesson in sorted({each.lesson for each in submissions if each.lesson}):
        solution = pack_root() / "solutions" / f"{lesson}.ipynb"
        _place(folder, "source", lesson).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(solution, _place(folder, "source", lesson) / solution.name)
        _write(_place(folder, "release", lesson), lesson_named(lesson).release, lesson)
    for each in submissions:
        if not each.lesson or each.problem:
            continue
        try:
            notebook = parse(each.content)
        except UnreadableError:
            continue
        known = lesson_named(each.lesson)
        student = id_of(each.student)
        record = students[each.student][each.lesson]
        shown = autograded(notebook, known, record)
        notebook.metadata = known.release.metadata
        _write(_place(folder, "submitted", each.lesson, student), notebook, each.lesson)
        _write(_place(folder, "autograded", each.lesson, student), shown, each.lesson)


def _place(folder: Path, step: str, lesson: str, student: str = ".") -> Path:
    return folder / step / student / lesson


def _write(place: Path, notebook: NotebookNode, lesson: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    write_whole(place / f"{lesson}.ipynb", nbformat.writes(notebook).encode())


def autograded(submitted: NotebookNode, lesson: Lesson, record: Record) -> NotebookNode:
    """A submission with the lesson's checks and what they said.

    Parameters
    ----------
    submitted : NotebookNode
        From :func:`course.notebook.parse`. Not changed.
    lesson : Lesson
    record : Record

    Returns
    -------
    NotebookNode
        Of what the student wrote, nothing can act in the instructor's browser.
    """
    notebook = prepare(submitted, lesson).notebook
    notebook.metadata = lesson.release.metadata
    ours = {cell.source.strip(): cell for cell in lesson.release.cells}
    rows = {row.id: row for row in record.exercises}
    for cell in notebook.cells:
        given = ours.get(cell.source.strip())
        if cell.cell_type != "code" and given is None:
            # What is attached was not taken in, and a page that asks for it fails.
            cell.source = harmless(cell.source).replace("attachment:", "")
        elif given is not None and "attachments" in given:
            cell.attachments = given.attachments
        if cell.cell_type == "raw":  # which a page would show as it is
            cell.cell_type = "markdown"
        row = rows.get(grade_id(cell) or "")
        if cell.cell_type == "code" and row is not None:
            cell.outputs = [_said(row, record)]
    return notebook


def _said(row: Exercise, record: Record) -> NotebookNode:
    if row.by_checks == row.max and not row.message:
        return nbformat.v4.new_output("stream", text="The check passed.\n")
    said = row.message or record.reason or "It earned no points."
    name, _, rest = said.partition(":")
    return nbformat.v4.new_output(
        "error", ename=name[:80], evalue=rest.strip(), traceback=[said]
    )


def harmless(text: str) -> str:
    """Markdown in which no HTML, link or formula can act; it reads as before.

    nbgrader shows Markdown with all HTML in it, on a page that may do as its reader.
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", text)
    text = re.sub(r"\](?=[(:\[])", "] ", text)
    return re.sub(r"\\(?=(href|url|require|class|style|cssId|html)\b)", r"\\ ", text)
