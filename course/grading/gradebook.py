"""Points in an nbgrader gradebook, where instructors go on by hand, and back again."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from nbgrader.utils import compute_checksum, is_locked, is_solution

from course import CourseError
from course.files import file_name
from course.grading.marks import Given, Mark, Marks, digest_of
from course.grading.records import Exercise, Record
from course.grading.submission import lesson_named


def database(place: Path) -> Path:
    """The database of a course folder; of a database, itself."""
    return place if place.suffix == ".db" else place / "gradebook.db"


def id_of(student: str) -> str:
    """What nbgrader calls a student: it makes a folder of that name."""
    tame = not re.search(r"[/\\\0\[\]*?]|^\.|^\s|\s$", student)
    return student if tame else file_name(student)


def opened(path: Path):
    """Open nbgrader's database, which is made if missing.

    Raises
    ------
    CourseError
        If nbgrader cannot open it.
    """
    from nbgrader.api import Gradebook

    # nbgrader calls alembic, which lies beside this Python and need not be found.
    if not shutil.which("alembic"):
        os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)
    try:
        return Gradebook(f"sqlite:///{path.resolve()}")
    except Exception as error:
        raise CourseError(f"The gradebook {path} cannot be opened: {error}") from error


def marks_in_gradebook(
    path: Path, students: Mapping[str, Mapping[str, Record]], marks: Marks
) -> list[Given]:
    """What people entered in Formgrader since the gradebook was last written.

    Parameters
    ----------
    path : Path
        The database.
    students : mapping
        Name to lesson to record.
    marks : Marks
        Says what the gradebook held then, and of which answers.

    Returns
    -------
    list of Given
        Points with nbgrader's extra credit, and comments of written answers.

    Raises
    ------
    CourseError
        If nbgrader cannot open the database.
    """
    if not path.exists():
        return []
    found = []
    with opened(path) as gradebook:
        for student, mine in students.items():
            for lesson, record in mine.items():
                if not record.lesson:
                    continue
                for row in record.exercises:
                    held = _held(gradebook, student, lesson, row)
                    seen = marks.seen.get((lesson, row.id, student), {})
                    before = Mark(seen.get("points"), seen.get("comment", ""))
                    if held is not None and held != before:
                        said = held if held != Mark(None) else None
                        answer = seen.get("answer", "")
                        where = f"{path.name}: {row.id}"
                        found.append(
                            Given(lesson, row.id, student, said, answer, where)
                        )
    return found


def _held(gradebook, student: str, lesson: str, row: Exercise) -> Mark | None:
    """What a person entered; None if the gradebook does not know of the answer."""
    from nbgrader.api import MissingEntry

    try:
        grade = gradebook.find_grade(row.id, lesson, lesson, id_of(student))
    except MissingEntry:
        return None
    points = grade.manual_score
    if grade.extra_credit:
        points = (
            row.by_checks or 0.0 if points is None else points
        ) + grade.extra_credit
    comment = _comment(gradebook, student, lesson, row)
    return Mark(points, (comment.manual_comment or "") if comment else "")


def _comment(gradebook, student: str, lesson: str, row: Exercise):
    """Nbgrader's comment on a written answer; None if there can be none."""
    from nbgrader.api import MissingEntry

    if not row.written:
        return None
    try:
        return gradebook.find_comment(row.id, lesson, lesson, id_of(student))
    except MissingEntry:
        return None


def write_gradebook(
    path: Path,
    students: Mapping[str, Mapping[str, Record]],
    marks: Marks | None = None,
) -> None:
    """Add assignments, students, points and marks; what else is there stays.

    Parameters
    ----------
    path : Path
        The database, such as ``gradebook.db``; made if missing. An assignment is
        called after its lesson.
    students : mapping
        Name to lesson to record.
    marks : Marks, optional
        What people said; it is noted there what the gradebook now holds.

    Raises
    ------
    CourseError
        If nbgrader cannot open the database.
    """
    marks = Marks() if marks is None else marks
    with opened(path) as gradebook:
        lessons = {
            record.lesson
            for mine in students.values()
            for record in mine.values()
            if record.lesson
        }
        for lesson in sorted(lessons):
            _write_cells(gradebook, lesson)
        for student, mine in students.items():
            gradebook.update_or_create_student(id_of(student))
            for lesson, record in mine.items():
                if record.lesson:
                    _write_one(gradebook, student, lesson, record, marks)


def _write_cells(gradebook, lesson: str) -> None:
    """Tell of a lesson's cells what nbgrader's generate_assignment tells."""
    known = lesson_named(lesson)
    complete, released = known.cells("solution"), known.cells("release")
    kernel = json.dumps(known.release.metadata.get("kernelspec", {}))
    gradebook.update_or_create_assignment(lesson)
    gradebook.update_or_create_notebook(lesson, lesson, kernelspec=kernel)
    for name, given in released.items():
        if given.metadata.nbgrader["grade"]:
            gradebook.update_or_create_grade_cell(
                name,
                lesson,
                lesson,
                max_score=float(given.metadata.nbgrader["points"]),
                cell_type=given.cell_type,
            )
        if is_solution(given):
            gradebook.update_or_create_solution_cell(name, lesson, lesson)
        cell = complete[name] if is_locked(given) else given
        gradebook.update_or_create_source_cell(
            name,
            lesson,
            lesson,
            cell_type=cell.cell_type,
            locked=is_locked(given),
            source=cell.source,
            checksum=compute_checksum(cell),
        )


def _write_one(
    gradebook, student: str, lesson: str, record: Record, marks: Marks
) -> None:
    name = id_of(student)
    # nbgrader makes a submission before it adds it; SQLAlchemy warns of what it looks
    # up in between.
    with gradebook.db.no_autoflush:
        gradebook.update_or_create_submission(lesson, name)
    notebook = gradebook.find_submission_notebook(lesson, lesson, name)
    notebook.late_submission_penalty = record.penalty or None
    for row in record.exercises:
        grade = gradebook.find_grade(row.id, lesson, lesson, name)
        comment = _comment(gradebook, student, lesson, row)
        place, answer = (lesson, row.id, student), digest_of(record, row)
        mark, seen = marks.of(*place, answer), marks.seen.get(place)
        grade.auto_score = row.by_checks
        held = _held(gradebook, student, lesson, row)
        if mark is not None and mark != held:
            grade.manual_score, grade.extra_credit = mark.points, None
            if comment:
                comment.manual_comment = mark.comment or None
        elif mark is None and seen and held == Mark(seen["points"], seen["comment"]):
            # It was said of another answer, or withdrawn.
            grade.manual_score = grade.extra_credit = None
            if comment:
                comment.manual_comment = None
        waits = row.by_checks is None and grade.manual_score is None
        grade.needs_manual_grade = waits
        now = _held(gradebook, student, lesson, row) or Mark(None)
        marks.seen[place] = {
            "answer": answer,
            "points": now.points,
            "comment": now.comment,
        }
    gradebook.db.commit()
