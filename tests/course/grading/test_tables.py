"""Tables of points, and what a class did."""

import csv
from dataclasses import replace

import pytest

from benchmarks.students import LESSON
from course.grading import tables
from course.grading.records import Record
from course.grading.submission import points
from course.grading.tables import distributions, lesson_names, write_tables

OTHER = "00_data_and_baselines"


@pytest.fixture
def students(lesson):
    """Ada is right but for one exercise, Bob unread, Carol one of each."""
    right = [
        replace(row, score=None if row.written else row.max)
        for row in points(None, lesson)
    ]
    wrong = replace(right[1], score=0.0, message="not right yet\nlook at: the sign")
    ada = Record(LESSON, [right[0], wrong, *right[2:]], code={"sample": "x = 1"})
    bob = Record(LESSON, points(None, lesson), "it is not a notebook")
    carol = Record(LESSON, right)
    return {
        "ada": {LESSON: ada},
        "=bob()": {LESSON: bob},
        "carol": {LESSON: carol, "homework.ipynb": Record("", [], "names no lesson")},
    }


def rows_of(path):
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def test_each_student_has_a_row_with_every_exercise(students, tmp_path):
    write_tables(students, tmp_path)
    header, *rows = rows_of(tmp_path / "grades.csv")
    assert header[0] == "student"
    assert header[1:3] == ["needs a look", f"{LESSON}: reparameterize"]
    assert header[-4:] == ["total", "status", "reason", "notes"]
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert list(found) == ["'=bob()", "ada", "carol"], "no name is a formula"
    ada, bob, carol = found["ada"], found["'=bob()"], found["carol"]
    assert (ada["total"], ada["status"]) == ("70", "graded")
    assert ada[f"{LESSON}: kl_divergence"] == "0"
    assert ada[f"{LESSON}: think_beta"] == "", "by hand"
    assert ada["reason"] == f"{LESSON}: 10 points by hand to come"
    assert (bob["total"], bob["status"]) == ("0", "zero")
    assert bob["reason"] == f"{LESSON}: it is not a notebook"
    assert (carol["total"], carol["status"]) == ("90", "partly graded")
    assert "homework.ipynb: names no lesson" in carol["reason"]


def test_canvas_and_moodle_get_the_points_of_each_lesson(students, tmp_path):
    write_tables(students, tmp_path)
    header, possible, *rows = rows_of(tmp_path / "canvas.csv")
    assert header == [
        *("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        LESSON,
    ]
    assert possible == ["    Points Possible", "", "", "", "", "100"]
    assert {row[0]: row[-1] for row in rows} == {
        "ada": "70",
        "'=bob()": "0",
        "carol": "90",
    }
    assert rows[1][0] == rows[1][3] == "ada", "the login that Canvas matches by"
    header, *rows = rows_of(tmp_path / "moodle.csv")
    assert header == [
        *("Identifier", "Full name", "Grade", "Maximum Grade"),
        "Last modified (grade)",
    ]
    assert ["carol", "carol", "90", "100", "-"] in rows


def test_the_numbers_of_an_export_come_back_where_importers_look(students, tmp_path):
    students["ada"][LESSON].platform, students["ada"][LESSON].number = "canvas", "12345"
    mine = students["carol"][LESSON]
    mine.platform, mine.number, mine.late = "moodle", "77", True
    mine.notes.append("old.ipynb was set aside: nothing is written in it")
    write_tables(students, tmp_path)
    rows = {row[0]: row for row in rows_of(tmp_path / "canvas.csv")}
    assert rows["ada"][1:5] == ["12345", "", "", ""]
    assert rows["carol"][1:5] == ["", "", "", ""]
    assert "Participant 77" in [row[0] for row in rows_of(tmp_path / "moodle.csv")]
    notes = {row[0]: row[-1] for row in rows_of(tmp_path / "grades.csv")}
    assert notes["ada"] == ""
    assert notes["carol"] == (
        f"{LESSON}: handed in late; old.ipynb was set aside: nothing is written in it"
    )


def test_who_left_a_lesson_out_has_a_gap_there(students, tmp_path):
    students["dan"] = {OTHER: Record(OTHER, [])}
    assert lesson_names(students) == [OTHER, LESSON]
    write_tables(students, tmp_path)
    marks = {row[0]: row[5:] for row in rows_of(tmp_path / "canvas.csv")}
    assert marks["dan"] == ["0", ""]
    assert marks["ada"] == ["", "70"]
    one = rows_of(tmp_path / f"moodle-{OTHER}.csv")
    assert [row[0] for row in one[1:]] == ["dan"]
    assert not (tmp_path / "moodle.csv").exists()


def test_how_a_class_did(students):
    (rows,) = distributions(students).values()
    found = {row.exercise: row for row in rows}
    kl, written = found["kl_divergence"], found["think_beta"]
    assert (kl.students, kl.full, kl.none) == (3, 1, 2)
    assert kl.mean == pytest.approx(kl.max / 3)
    assert kl.messages == [("the sign", 1)]
    assert (written.full, written.none, written.mean) == (0, 1, 0)


def test_the_three_messages_seen_most_often_are_named(students):
    first, *others = students["carol"][LESSON].exercises
    for who, message in enumerate("abbcccdddd"):
        said = replace(first, score=0.0, message=message)
        students[str(who)] = {LESSON: Record(LESSON, [said, *others])}
    (rows,) = distributions(students).values()
    assert rows[0].messages == [("d", 4), ("c", 3), ("b", 2)]


def test_what_waits_for_a_person_has_no_mean(students):
    del students["=bob()"]
    (rows,) = distributions(students).values()
    (written, *_) = [row for row in rows if row.exercise == "think_beta"]
    assert (written.full, written.none, written.mean) == (0, 0, None)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_that_is_a_formula_stays_text(sign):
    assert tables.plain(f"{sign}HYPERLINK(1)") == f"'{sign}HYPERLINK(1)"


@pytest.mark.parametrize("harmless", ["ada", "", "a=b", -1.5])
def test_all_else_stays_as_it_is(harmless):
    assert tables.plain(harmless) == harmless
