"""Written answers: from the sheet into totals, pages and tables, and kept."""

import csv

import openpyxl
import pytest

from benchmarks.students import LESSON
from course import CourseError, pack_root
from course.grading import sheet
from course.grading.marks import load_marks
from tests.course.grading.judged import answered, graded, table, without_kernels

NAME = "03 think_beta"
BETA = f"{LESSON}: think_beta"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two students, graded once: the results are in ``out``."""
    without_kernels(monkeypatch)
    monkeypatch.chdir(pack_root())
    answered(tmp_path / "in", "ada", "- The mean over pixels.\n- Beta is too large.")
    answered(tmp_path / "in", "=bob()", '=HYPERLINK("http://x")')
    graded(tmp_path / "in", tmp_path / "out")
    return tmp_path


def rows_of(book, name=NAME):
    """Name to row number."""
    return {
        book[name].cell(number, 1).value: number
        for number in range(sheet.FIRST, book[name].max_row + 1)
    }


def fill_in(path, marks, name=NAME, column=3):
    """Enter points, or (points, comment), as a spreadsheet program would save them."""
    book = openpyxl.load_workbook(path)
    rows = rows_of(book, name)
    for student, said in marks.items():
        values = said if isinstance(said, tuple) else (said,)
        for place, value in enumerate(values, column):
            book[name].cell(rows[student], place).value = value
    book.save(path)
    return path


def test_marks_reach_totals_pages_and_tables_and_stay(place):
    path = place / "out" / "written.xlsx"
    fill_in(path, {"ada": (4.5, "Two mistakes, no test."), "'=bob()": 0})
    for more in ({"marks": path}, {}):
        graded(place / "in", place / "out", **more)
        grades = table(place / "out" / "grades.csv")
        assert grades["ada"][BETA] == "4.5"
        assert grades["ada"]["total"] == "94.5"
        assert "5 points by hand to come" in grades["ada"]["reason"]
        assert grades["'=bob()"][BETA] == "0"
        with (place / "out" / "canvas.csv").open(encoding="utf-8-sig") as file:
            assert ["ada", "", "", "ada", "", "94.5"] in list(csv.reader(file))
        page = (place / "out" / "feedback" / "ada" / f"{LESSON}.html").read_text()
        assert "Comment: Two mistakes, no test." in page
        assert "4.5 of 5" in page
    book = openpyxl.load_workbook(path)
    rows = rows_of(book)
    assert book[NAME].cell(rows["ada"], 3).value == 4.5
    assert book[NAME].cell(rows["'=bob()"], 3).value == 0


def test_another_answer_is_not_marked_yet_and_the_old_mark_is_named(place):
    path = place / "out" / "written.xlsx"
    graded(place / "in", place / "out", marks=fill_in(path, {"ada": (4, "Fine.")}))
    old = path.read_bytes()
    answered(place / "in", "ada", "Something else.")
    graded(place / "in", place / "out")
    book = openpyxl.load_workbook(path)
    row = rows_of(book)["ada"]
    assert book[NAME].cell(row, 3).value is None
    assert book[NAME].cell(row, 5).value == "an earlier answer had 4 points: Fine."
    assert table(place / "out" / "grades.csv")["ada"]["total"] == "90"
    # A sheet filled in before that is of the old answer still.
    (place / "old.xlsx").write_bytes(old)
    fill_in(place / "old.xlsx", {"ada": 5})
    graded(place / "in", place / "out", marks=place / "old.xlsx")
    assert table(place / "out" / "grades.csv")["ada"]["total"] == "90"
    answered(place / "in", "ada", "- The mean over pixels.\n- Beta is too large.")
    graded(place / "in", place / "out")
    assert table(place / "out" / "grades.csv")["ada"]["total"] == "95"


def test_a_sheet_that_was_filled_in_is_never_written_over(place):
    fill_in(place / "out" / "written.xlsx", {"ada": 3})
    graded(place / "in", place / "out")
    (aside,) = (place / "out").glob("written-*.xlsx")
    assert table(place / "out" / "grades.csv")["ada"]["total"] == "90"
    graded(place / "in", place / "out", marks=aside)
    assert table(place / "out" / "grades.csv")["ada"]["total"] == "93"


def test_two_people_mark_and_neither_undoes_the_other(place):
    path = place / "out" / "written.xlsx"
    other = place / "other.xlsx"
    other.write_bytes(path.read_bytes())
    fill_in(path, {"ada": 3})
    fill_in(other, {"'=bob()": 2})
    for marks in (path, other):
        graded(place / "in", place / "out", marks=marks)
    totals = {
        name: row["total"] for name, row in table(place / "out/grades.csv").items()
    }
    assert totals == {"ada": "93", "'=bob()": "92"}
    fill_in(path, {"ada": (None, "-")})
    graded(place / "in", place / "out", marks=path)
    assert table(place / "out" / "grades.csv")["ada"]["total"] == "90", "withdrawn"


def test_a_csv_of_the_same_columns_is_taken_in(place):
    path = place / "marks.csv"
    path.write_text(
        "lesson;question;student;answer;points;comment\n"
        f"{LESSON};think_beta;ada;;2,5;Half of it\n"
        f"{LESSON};think_beta;=bob();;;\n"
    )
    graded(place / "in", place / "out", marks=path)
    assert table(place / "out" / "grades.csv")["ada"][BETA] == "2.5"


def test_bad_points_are_told_and_nothing_is_half_written(place):
    path = fill_in(place / "out" / "written.xlsx", {"'=bob()": 4, "ada": 5.5})
    before = {
        file: file.read_bytes() for file in (place / "out").rglob("*") if file.is_file()
    }
    with pytest.raises(CourseError, match=r"row 5: 5\.5 points") as failed:
        graded(place / "in", place / "out", marks=path)
    assert "not taken in, not even in part" in str(failed.value)
    assert "\n" not in str(failed.value)
    after = {
        file: file.read_bytes() for file in (place / "out").rglob("*") if file.is_file()
    }
    assert after == before


def test_marks_that_cannot_be_read_are_not_given_up(place):
    (place / "out" / "marks.json").write_text("{")
    with pytest.raises(CourseError, match=r"marks\.json, which holds the marks"):
        load_marks(place / "out")
