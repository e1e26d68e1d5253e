"""Points in an nbgrader gradebook, where instructors go on by hand."""

from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from benchmarks.students import LESSON
from course import CourseError, pack_root
from course.grading.formgrader import course_folder, harmless
from course.grading.gradebook import id_of, marks_in_gradebook, write_gradebook
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


def test_marks_go_into_the_gradebook_and_come_back_once(students, tmp_path):
    path, marks = tmp_path / "gradebook.db", Marks()
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


def test_another_answer_waits_for_a_person_again(students, tmp_path):
    path, marks = tmp_path / "gradebook.db", Marks()
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


def test_a_name_that_is_no_folder_gets_another():
    assert id_of("Jörg Müller") == "Jörg Müller"
    for name in ("a/b", "..", "x*", " ada"):
        assert "/" not in id_of(name)
        assert id_of(name) != name


def test_nothing_a_student_wrote_acts_in_formgrader():
    text = (
        "<script>x</script> [a](javascript:x) ![b][c]\n[c]: javascript:x\n$\\href{x}$"
    )
    tame = harmless(text)
    assert "<script" not in tame
    assert "](" not in tame
    assert "]:" not in tame
    assert "\\href" not in tame
    assert harmless("$a < b$, `x[0] <= 1`") == "$a < b$, `x[0] <= 1`"


def test_the_pack_itself_is_no_course_folder(tmp_path):
    with pytest.raises(CourseError, match="--gradebook formgrader"):
        course_folder(pack_root() / "gradebook.db")
    assert course_folder(tmp_path / "new") == tmp_path / "new"
    assert course_folder(tmp_path / "gradebook.db") == tmp_path
