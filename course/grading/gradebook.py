"""Write points into an nbgrader gradebook, where instructors go on by hand."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from course import CourseError
from course.grading.records import Record


def write_gradebook(path: Path, students: Mapping[str, Mapping[str, Record]]) -> None:
    """Add assignments, students and automatic points; what else is there stays.

    Parameters
    ----------
    path : Path
        The database, such as ``gradebook.db``; made if missing. An assignment is
        called after its lesson.
    students : mapping
        Name to lesson to record.

    Raises
    ------
    CourseError
        If nbgrader cannot open the database.
    """
    from nbgrader.api import Gradebook

    # nbgrader calls alembic, which lies beside this Python and need not be found.
    if not shutil.which("alembic"):
        os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)
    try:
        gradebook = Gradebook(f"sqlite:///{path.resolve()}")
    except Exception as error:
        raise CourseError(f"The gradebook {path} cannot be opened: {error}") from error
    with gradebook:
        for student, mine in students.items():
            gradebook.update_or_create_student(student)
            for lesson, record in mine.items():
                if record.lesson:
                    _write_one(gradebook, student, lesson, record)


def _write_one(gradebook, student: str, lesson: str, record: Record) -> None:
    gradebook.update_or_create_assignment(lesson)
    gradebook.update_or_create_notebook(lesson, lesson)
    for row in record.exercises:
        gradebook.update_or_create_grade_cell(
            row.id,
            lesson,
            lesson,
            max_score=row.max,
            cell_type="markdown" if row.written else "code",
        )
        if row.written:
            gradebook.update_or_create_solution_cell(row.id, lesson, lesson)
    gradebook.update_or_create_submission(lesson, student)
    for row in record.exercises:
        grade = gradebook.find_grade(row.id, lesson, lesson, student)
        grade.auto_score = row.score
        grade.needs_manual_grade = row.score is None and grade.manual_score is None
    gradebook.db.commit()
