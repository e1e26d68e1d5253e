"""Points in an nbgrader gradebook, where instructors go on by hand."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from benchmarks.students import LESSON
from course import CourseError
from course.grading import gradebook as gradebooks
from course.grading.gradebook import (
    database,
    id_of,
    marks_in_gradebook,
    write_gradebook,
)
from course.grading.marks import Given, Mark, Marks, apply_marks, take_marks
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


@pytest.fixture
def solved(students):
    """A class of one, which takes less time."""
    return {"solved": students["solved"]}


def opened(path):
    return Gradebook(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A gradebook with nothing in it: nbgrader takes a second to make one."""
    path = tmp_path_factory.mktemp("empty") / "gradebook.db"
    gradebooks.opened(path).close()
    return path


@pytest.fixture
def path(empty, tmp_path):
    return Path(shutil.copy(empty, tmp_path / "gradebook.db"))


def grade_of(gradebook, question="think_beta", student="solved"):
    return gradebook.find_grade(question, LESSON, LESSON, student)


def test_points_go_into_an_nbgrader_gradebook(students, path):
    for _ in range(2):  # again changes nothing
        write_gradebook(path, students)
    with opened(path) as gradebook:
        solved = gradebook.find_submission(LESSON, "solved")
        assert (solved.score, solved.max_score) == (90, 100)
        assert solved.needs_manual_grade
        untouched = gradebook.find_submission(LESSON, "untouched")
        assert untouched.score == 0
        assert not untouched.needs_manual_grade
        assert [each.name for each in gradebook.assignments] == [LESSON]
        assert len(gradebook.students) == 3


def test_what_was_graded_by_hand_stays(students, path):
    write_gradebook(path, students)
    with opened(path) as gradebook:
        grade = gradebook.find_grade("think_beta", LESSON, LESSON, "solved")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    write_gradebook(path, students)
    with opened(path) as gradebook:
        grade = gradebook.find_grade("think_beta", LESSON, LESSON, "solved")
        assert (grade.score, grade.needs_manual_grade) == (4, False)


def test_a_file_that_is_no_gradebook_is_told(students, tmp_path):
    (tmp_path / "gradebook.db").write_text("not a database, " * 100)
    with pytest.raises(CourseError, match=r"gradebook\.db cannot be opened"):
        write_gradebook(tmp_path / "gradebook.db", students)


def test_marks_go_into_the_gradebook_and_come_back_once(students, path):
    marks = Marks()
    record = students["solved"][LESSON]
    row = next(row for row in record.exercises if row.id == "think_beta")
    take_marks([Given(LESSON, row.id, "solved", Mark(3, "Half."))], students, marks)
    apply_marks(students, marks)
    write_gradebook(path, students, marks)
    assert marks_in_gradebook(path, students, marks) == [], "we wrote that ourselves"
    with opened(path) as gradebook:
        grade = gradebook.find_grade("think_beta", LESSON, LESSON, "solved")
        assert (grade.score, grade.auto_score) == (3, None)
        comment = gradebook.find_comment("think_beta", LESSON, LESSON, "solved")
        assert comment.comment == "Half."
        grade.manual_score = 5
        gradebook.find_grade("check_sample", LESSON, LESSON, "solved").manual_score = 7
        gradebook.db.commit()
    found = marks_in_gradebook(path, students, marks)
    assert {(each.question, each.mark) for each in found} == {
        ("think_beta", Mark(5, "Half.")),
        ("check_sample", Mark(7)),
    }
    take_marks(found, students, marks)
    apply_marks(students, marks)
    write_gradebook(path, students, marks)
    assert marks_in_gradebook(path, students, marks) == []
    assert record.score == 90 - 3 + 5
    with opened(path) as gradebook:
        grade = gradebook.find_grade("check_sample", LESSON, LESSON, "solved")
        assert (grade.auto_score, grade.score) == (10, 7)


def test_another_answer_waits_for_a_person_again(students, path):
    marks = Marks()
    write_gradebook(path, students, marks)
    with opened(path) as gradebook:
        grade = gradebook.find_grade("think_beta", LESSON, LESSON, "solved")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    take_marks(marks_in_gradebook(path, students, marks), students, marks)
    write_gradebook(path, students, marks)
    students["solved"][LESSON].answers["think_beta"] = "Another answer."
    assert marks_in_gradebook(path, students, marks) == []
    write_gradebook(path, students, marks)
    with opened(path) as gradebook:
        grade = gradebook.find_grade("think_beta", LESSON, LESSON, "solved")
        assert (grade.manual_score, grade.needs_manual_grade) == (None, True)


def test_extra_credit_counts_on_top_of_what_the_checks_gave(solved, path):
    marks = Marks()
    write_gradebook(path, solved, marks)
    with opened(path) as gradebook:
        grade_of(gradebook, "check_sample").extra_credit = 2
        grade_of(gradebook).extra_credit = 1
        other = grade_of(gradebook, "check_kl_divergence")
        other.manual_score, other.extra_credit = 4, 3
        gradebook.db.commit()
    found = marks_in_gradebook(path, solved, marks)
    assert {each.question: each.mark.points for each in found} == {
        "check_sample": 12,
        "think_beta": 1,
        "check_kl_divergence": 7,
    }
    assert {each.place for each in found} == {
        f"gradebook.db: {each.question}" for each in found
    }


def test_a_mark_that_is_emptied_in_the_gradebook_is_withdrawn(solved, path):
    marks = Marks()
    mark = Given(LESSON, "think_beta", "solved", Mark(3, "Half."))
    take_marks([mark], solved, marks)
    write_gradebook(path, solved, marks)
    with opened(path) as gradebook:
        grade_of(gradebook).manual_score = None
        comment = gradebook.find_comment("think_beta", LESSON, LESSON, "solved")
        comment.manual_comment = None
        gradebook.db.commit()
    (found,) = marks_in_gradebook(path, solved, marks)
    assert found.mark is None
    take_marks([found], solved, marks)
    assert not marks.said[LESSON, "think_beta", "solved"]
    assert marks_in_gradebook(path.with_name("none.db"), solved, marks) == []
    assert not path.with_name("none.db").exists()


def test_what_was_said_of_another_answer_goes_with_its_comment(solved, path):
    marks = Marks()
    for given in (Mark(3, "Half."), Mark(None, "See me.")):
        mark = Given(LESSON, "think_beta", "solved", given)
        take_marks([mark], solved, marks)
        write_gradebook(path, solved, marks)
        with opened(path) as gradebook:
            comment = gradebook.find_comment("think_beta", LESSON, LESSON, "solved")
            assert comment.manual_comment == given.comment
            assert grade_of(gradebook).manual_score == given.points
            assert grade_of(gradebook).needs_manual_grade == (given.points is None)
    solved["solved"][LESSON].answers["think_beta"] = "Another answer."
    write_gradebook(path, solved, marks)
    with opened(path) as gradebook:
        comment = gradebook.find_comment("think_beta", LESSON, LESSON, "solved")
        assert comment.manual_comment is None


def test_what_was_entered_meanwhile_outlasts_another_answer(solved, path):
    """It has not been taken in yet, so nobody knows of which answer it was."""
    marks = Marks()
    write_gradebook(path, solved, marks)
    with opened(path) as gradebook:
        grade_of(gradebook).manual_score = 4
        gradebook.db.commit()
    solved["solved"][LESSON].answers["think_beta"] = "Another answer."
    write_gradebook(path, solved, marks)
    with opened(path) as gradebook:
        assert grade_of(gradebook).manual_score == 4


def test_a_lesson_is_told_as_nbgrader_tells_it(solved, lesson, path):
    """Formgrader shows questions, points and the kernel by these."""
    solved["a/b"] = {LESSON: replace(solved["solved"][LESSON], penalty=20)}
    write_gradebook(path, solved)
    with opened(path) as gradebook:
        notebook = gradebook.find_notebook(LESSON, LESSON)
        assert '"name": "python3"' in notebook.kernelspec
        worth = {cell.name: cell.max_score for cell in notebook.grade_cells}
        assert (worth["check_sample"], worth["think_beta"]) == (10, 5)
        assert {cell.name for cell in notebook.solution_cells} >= {
            "sample",
            "think_beta",
        }
        assert "check_sample" not in {cell.name for cell in notebook.solution_cells}
        sources = {cell.name: cell for cell in notebook.source_cells}
        check, answer = sources["check_sample"], sources["sample"]
        complete, released = lesson.cells("solution"), lesson.cells("release")
        assert check.locked
        assert check.source == complete["check_sample"].source
        assert not answer.locked
        assert answer.source == released["sample"].source
        assert check.checksum != answer.checksum
        late = gradebook.find_submission_notebook(LESSON, LESSON, id_of("a/b"))
        assert late.late_submission_penalty == 20
        in_time = gradebook.find_submission_notebook(LESSON, LESSON, "solved")
        assert in_time.late_submission_penalty is None


def test_the_database_of_a_folder_and_nbgraders_own_tool_are_found(
    tmp_path, monkeypatch
):
    assert database(tmp_path) == tmp_path / "gradebook.db"
    assert database(tmp_path / "class.db") == tmp_path / "class.db"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("nbgrader.api.Gradebook", lambda url: url)
    assert gradebooks.opened(tmp_path / "x.db") == f"sqlite:///{tmp_path / 'x.db'}"
    assert shutil.which("alembic"), os.environ["PATH"]


def test_a_name_that_is_no_folder_gets_another():
    assert id_of("Jörg Müller") == "Jörg Müller"
    for name in ("a/b", "..", "x*", " ada", "ada ", "[a]", "a\\b", ".ada"):
        assert "/" not in id_of(name)
        assert id_of(name) != name
