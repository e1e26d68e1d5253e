"""Points in an nbgrader gradebook, where instructors go on by hand."""

from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from benchmarks.students import LESSON
from course import CourseError
from course.grading.gradebook import write_gradebook
from course.grading.records import Record
from course.grading.submission import points


@pytest.fixture
def students(lesson):
    nothing = points(None, lesson)
    right = [replace(row, score=None if row.written else row.max) for row in nothing]
    return {
        "solved": {LESSON: Record(LESSON, right)},
        "untouched": {LESSON: Record(LESSON, nothing)},
        "lost": {"homework.ipynb": Record("", [], "its name says no lesson")},
    }


def opened(path):
    return Gradebook(f"sqlite:///{path}")


def test_points_go_into_an_nbgrader_gradebook(students, tmp_path):
    for _ in range(2):  # again changes nothing
        write_gradebook(tmp_path / "gradebook.db", students)
    with opened(tmp_path / "gradebook.db") as gradebook:
        solved = gradebook.find_submission(LESSON, "solved")
        assert (solved.score, solved.max_score) == (90, 100)
        assert solved.needs_manual_grade
        untouched = gradebook.find_submission(LESSON, "untouched")
        assert untouched.score == 0
        assert not untouched.needs_manual_grade
        assert [each.name for each in gradebook.assignments] == [LESSON]
        assert len(gradebook.students) == 3


def test_what_was_graded_by_hand_stays(students, tmp_path):
    write_gradebook(tmp_path / "gradebook.db", students)
    with opened(tmp_path / "gradebook.db") as gradebook:
        grade = gradebook.find_grade("think_beta", LESSON, LESSON, "solved")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    write_gradebook(tmp_path / "gradebook.db", students)
    with opened(tmp_path / "gradebook.db") as gradebook:
        grade = gradebook.find_grade("think_beta", LESSON, LESSON, "solved")
        assert (grade.score, grade.needs_manual_grade) == (4, False)


def test_a_file_that_is_no_gradebook_is_told(students, tmp_path):
    (tmp_path / "gradebook.db").write_text("not a database, " * 100)
    with pytest.raises(CourseError, match=r"gradebook\.db cannot be opened"):
        write_gradebook(tmp_path / "gradebook.db", students)
