"""The workbook in which written answers are marked: what stands where, and is kept."""

import openpyxl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks.students import LESSON
from course import CourseError
from course.grading import sheet
from course.grading.marks import Given, Mark, Marks, digest_of
from course.grading.records import Exercise, Record
from course.grading.sheet import Question, questions, without_question, write_sheet
from course.grading.submission import Lesson, lesson_named

NAME = "03 think_beta"
BETA = "think_beta"


def answered(text="My answer.", question=BETA, score=None, **more):
    row = Exercise(question, question, True, 5.0, score, "")
    return {LESSON: Record(LESSON, [row], answers={question: text}, **more)}


def digest(mine):
    return digest_of(mine[LESSON], mine[LESSON].exercises[0])


def marked(*given):
    """Marks: of a student's record, points, a comment."""
    marks = Marks()
    for student, mine, points, comment in given:
        marks.put(Given(LESSON, BETA, student, Mark(points, comment)), digest(mine))
    return marks


def page_of(out, students, marks=None, name=NAME):
    assert write_sheet(out, students, marks or Marks()) is None
    return openpyxl.load_workbook(out / "written.xlsx")[name]


def row_of(page, number):
    return [cell.value for cell in page[number]][:7]


def test_a_sheet_has_the_question_its_model_answer_and_all_answers(tmp_path):
    students = {
        "ada": answered("- The mean over pixels.\n- Beta is too large."),
        "=bob()": answered('=HYPERLINK("http://x")'),
    }
    page = page_of(tmp_path, students)
    assert page["A1"].value == f"{LESSON} / think_beta: 0 to 5 points"
    assert page["A2"].value.startswith("**Think 1 (5 points).** A friend's VAE")
    assert "YOUR ANSWER" not in page["A2"].value
    assert page["C2"].value.startswith("*Model answer.*")
    assert "*Rubric.*" in page["C2"].value
    assert row_of(page, 3) == list(sheet.HEADER)
    found = "'" + '=HYPERLINK("http://x")'
    bob, ada = students["=bob()"], students["ada"]
    assert row_of(page, 4) == ["'=bob()", found, *[None] * 4, digest(bob)]
    answer = "'- The mean over pixels.\n- Beta is too large."
    assert row_of(page, 5) == ["ada", answer, *[None] * 4, digest(ada)]
    assert page.max_row == 5
    kinds = {cell.data_type for row in page.iter_rows() for cell in row}
    assert "f" not in kinds, "no text is a formula"


def test_the_sheet_is_ready_to_be_filled_in(tmp_path):
    page = page_of(tmp_path, {"ada": answered(), "bo": answered(), "jo": answered()})
    assert page.freeze_panes == "B4", "the heading and the names stay in sight"
    assert page.column_dimensions["G"].hidden
    assert {str(each) for each in page.merged_cells.ranges} == {"A2:B2", "C2:F2"}
    assert all(page.cell(row, 2).alignment.wrap_text for row in (3, 4))
    assert page["A1"].font.bold
    assert page["C3"].font.bold
    assert not page["A4"].font.bold
    assert page["B4"].number_format == "@"
    assert page["C4"].number_format == "General"
    (validated,) = page.data_validations.dataValidation
    assert (validated.type, validated.operator) == ("decimal", "between")
    assert (validated.formula1, validated.formula2) == ("0", "5")
    assert str(validated.sqref) == "C4:C6"
    assert validated.error == "A number from 0 to 5, please."
    assert validated.showErrorMessage


def test_each_question_that_was_answered_has_its_sheet(tmp_path):
    students = {"ada": answered(), "bo": answered(question="think_improve")}
    write_sheet(tmp_path, students, Marks())
    book = openpyxl.load_workbook(tmp_path / "written.xlsx")
    assert book.sheetnames == [NAME, "03 think_improve"]
    assert [page.max_row for page in book] == [4, 4]
    assert [page["A4"].value for page in book] == ["ada", "bo"]


@pytest.mark.parametrize(
    "students",
    [
        {},
        {"ada": {}},
        {"ada": answered(reason="it is no notebook")},
        {"ada": answered(score=0.0)},
        {"ada": answered(question="check_sample", score=10.0)},
    ],
)
def test_where_nobody_waits_for_a_mark_no_sheet_is_written(tmp_path, students):
    assert write_sheet(tmp_path, students, Marks()) is None
    assert list(tmp_path.iterdir()) == []


def test_marks_that_were_given_stand_in_the_sheet(tmp_path):
    ada, bo = answered("A", score=4.5), answered("B")
    marks = marked(("ada", ada, 4.5, "Two of two."), ("bo", bo, None, "=Why?"))
    page = page_of(tmp_path, {"ada": ada, "bo": bo}, marks)
    assert row_of(page, 4)[2:5] == [4.5, "Two of two.", None]
    assert row_of(page, 5)[2:5] == [None, "'=Why?", None]
    assert page["C4"].data_type == "n", "points are a number"


def test_an_earlier_mark_is_named_until_there_is_another(tmp_path):
    old, new = answered("Old"), answered("New")
    marks = marked(("ada", old, 4, "Fine."))
    page = page_of(tmp_path, {"ada": new}, marks)
    said = "an earlier answer had 4 points: Fine."
    assert row_of(page, 4)[2:5] == [None, None, said]
    marks = marked(("ada", old, 4, "Fine."), ("ada", new, 3, ""))
    page = page_of(tmp_path, {"ada": new}, marks)
    assert row_of(page, 4)[2:5] == [3, None, None]


def test_what_was_said_is_offered_for_the_next_answer(tmp_path):
    ada, bo, jo = map(answered, "ABC")
    marks = marked(
        ("ada", ada, 4, "Once."), ("bo", bo, 3, "Twice."), ("jo", jo, 2, "Twice.")
    )
    page = page_of(tmp_path, {"ada": ada, "bo": bo}, marks)
    assert [page.cell(row, 6).value for row in (4, 5, 6)] == ["Twice.", "Once.", None]
    points, offered = page.data_validations.dataValidation
    assert points.type == "decimal"
    assert (offered.type, offered.formula1) == ("list", "$F$4:$F$5")
    assert str(offered.sqref) == "D4:D5"
    assert not offered.showErrorMessage, "any other comment may be typed"


def test_an_answer_is_shown_without_its_question(tmp_path):
    (question, _) = questions(lesson_named(LESSON))
    text = f"{question.asked}\n\nYOUR ANSWER HERE\nBeta."
    page = page_of(tmp_path, {"ada": answered(text)})
    assert page["B4"].value == "Beta."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", None),
        ("a\x00b\x1bc", "a\ufffdb\ufffdc"),
        ("x" * 32_000, "x" * 32_000),
        ("x" * 33_234, "x" * 32_000 + "\n... and 1,234 characters more"),
        ("12", "12"),
        ("王 — ∑ 😀", "王 — ∑ 😀"),
    ],
)
def test_answers_of_any_kind(tmp_path, text, shown):
    page = page_of(tmp_path, {"ada": answered(text)})
    assert page["B4"].value == shown


def test_rows_grow_with_their_answers_as_far_as_the_format_goes(tmp_path):
    texts = ("x", "x\n\ny", "x" * 77 * 3, "x\n" * 99)
    page = page_of(tmp_path, {f"{n}": answered(text) for n, text in enumerate(texts)})
    heights = [page.row_dimensions[row].height for row in range(4, 8)]
    assert heights == [18, 48, 48, sheet.TALLEST]
    assert sheet.TALLEST <= 409
    assert 18 < page.row_dimensions[2].height <= 200


# The file that is there already


def test_a_sheet_that_was_not_touched_is_written_over(tmp_path):
    write_sheet(tmp_path, {"ada": answered()}, Marks())
    assert write_sheet(tmp_path, {"bo": answered()}, Marks()) is None
    assert {path.name for path in tmp_path.iterdir()} == {
        *("written.xlsx", ".written.sha256")
    }
    book = openpyxl.load_workbook(tmp_path / "written.xlsx")
    assert book[NAME]["A4"].value == "bo"


@pytest.mark.parametrize("noted", [True, False])
def test_a_sheet_in_which_something_was_changed_is_kept(tmp_path, noted):
    write_sheet(tmp_path, {"ada": answered()}, Marks())
    (tmp_path / "written.xlsx").write_bytes(b"changed")
    if not noted:
        (tmp_path / ".written.sha256").unlink()
    other = tmp_path / "other.xlsx"
    kept = write_sheet(tmp_path, {"ada": answered()}, Marks(), taken=other)
    assert kept.parent == tmp_path
    assert kept.match("written-20??-??-??-??????.xlsx")
    assert kept.read_bytes() == b"changed"
    assert write_sheet(tmp_path, {"ada": answered()}, Marks()) is None


def test_a_sheet_whose_marks_were_taken_in_is_kept_under_a_name_of_its_own(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "written.xlsx"
    write_sheet(tmp_path, {"ada": answered()}, Marks())
    path.write_bytes(b"changed")
    taken = type(path)("written.xlsx")  # as it is named on the command line
    assert write_sheet(tmp_path, {"ada": answered()}, Marks(), taken=taken) is None
    assert (tmp_path / "written-taken.xlsx").read_bytes() == b"changed"
    assert openpyxl.load_workbook(path).sheetnames == [NAME]


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "written.xlsx").mkdir()
    with pytest.raises(CourseError, match=r"written\.xlsx cannot be written: .+ Close"):
        write_sheet(tmp_path, {"ada": answered()}, Marks())


# Questions


def graded(name, source, points=5, written=True):
    new = new_markdown_cell if written else new_code_cell
    said = {"grade_id": name, "points": points, "grade": True, "solution": written}
    said |= {"locked": not written, "schema_version": 3, "task": False}
    return new(source, metadata={"nbgrader": said})


def lesson_of(*cells):
    """A lesson whose cells are given as released; answers stand between the marks."""
    released = new_notebook(cells=list(cells))
    complete = released.copy()
    complete.cells = []
    for cell in cells:
        copy = type(cell)(cell)
        text = "### BEGIN SOLUTION\nThe model.\n\nMore.\n### END SOLUTION"
        copy.source = cell.source.replace(sheet.STUB, text)
        complete.cells.append(copy)
    return Lesson("07_small", complete, released)


def test_questions_stand_in_their_cell_or_in_the_one_above():
    lesson = lesson_of(
        new_markdown_cell("Words.\n"),
        graded("own", "Why?\n\nYOUR ANSWER HERE", 2.5),
        graded("check_x", "checks.x(x)", written=False),
        new_markdown_cell("**Think.** How?\n"),
        graded("above", "YOUR ANSWER HERE", 3),
        graded("nowhere", "YOUR ANSWER HERE", 4),
        new_markdown_cell("Not this one."),
        new_code_cell("1 + 1"),
        graded("behind_code", "YOUR ANSWER HERE", 4),
    )
    found = questions(lesson)
    assert [(each.id, each.max, each.asked) for each in found] == [
        ("own", 2.5, "Why?"),
        ("above", 3, "**Think.** How?"),
        ("nowhere", 4, ""),
        ("behind_code", 4, ""),
    ]
    assert {each.model for each in found} == {"The model.\n\nMore."}
    assert found[0].title == "07_small / own: 0 to 2.5 points"


def test_a_model_answer_without_marks_is_the_whole_cell():
    lesson = lesson_of(graded("own", "Because. "))
    assert [each.model for each in questions(lesson)] == ["Because."]


def test_each_question_of_this_pack_is_asked_and_has_a_model_answer():
    for lesson in ("00_data_and_baselines", "01_keras_dense_autoencoder", LESSON):
        found = questions(lesson_named(lesson))
        assert len(found) == 2
        assert all("Think" in each.asked and len(each.asked) > 100 for each in found)
        assert all("odel answer" in each.model for each in found)


@pytest.mark.parametrize(
    ("answer", "wrote"),
    [
        ("", ""),
        ("Why?", ""),
        ("Why?\n\nBecause.", "Because."),
        ("\r\n Why?\r\n\r\nBecause.\r\nReally. ", "Because.\nReally."),
        ("Because. Why?", "Because. Why?"),
        ("YOUR ANSWER HERE", ""),
        ("Why?\nYOUR ANSWER HERE Because.", "Because."),
    ],
)
def test_what_a_student_wrote(answer, wrote):
    assert without_question(answer, "Why?") == wrote


def test_names_of_sheets_are_such_as_spreadsheets_take():
    long = Question("03_topic", "think_" + "x" * 40, 5, "", "")
    odd = Question("03_topic", "a[b]:c*d?e/f\\g'h", 5, "", "")
    assert sheet._sheet_name(long) == ("03 think_" + "x" * 40)[:31]
    assert sheet._sheet_name(odd) == "03 a b  c d e f g h"
