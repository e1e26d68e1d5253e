"""Marks as instructors fill them in: what each row says, and why a file is refused."""

import codecs
import contextlib
import zipfile

import openpyxl
import pytest

from benchmarks.students import LESSON
from course import CourseError
from course.grading import sheet
from course.grading.marks import Given, Mark, Marks, digest_of
from course.grading.records import Exercise, Record
from course.grading.sheet_in import read_marks

NAME = "03 think_beta"
STUDENTS = ("ada", "=bob()", "Jörg")
ROWS = {"=bob()": 4, "Jörg": 5, "ada": 6}  # of the sheet
HEAD = "lesson,question,student,points,comment\n"


def record(text, question="think_beta"):
    row = Exercise(question, question, True, 5.0, None, "")
    return Record(LESSON, [row], answers={question: text})


RECORDS = {name: record(f"Of {name}.") for name in STUDENTS}
DIGESTS = {name: digest_of(mine, mine.exercises[0]) for name, mine in RECORDS.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A workbook as it is written."""
    folder = tmp_path_factory.mktemp("written")
    students = {name: {LESSON: mine} for name, mine in RECORDS.items()}
    sheet.write_sheet(folder, students, Marks())
    return (folder / "written.xlsx").read_bytes()


@pytest.fixture
def path(tmp_path, written):
    (tmp_path / "written.xlsx").write_bytes(written)
    return tmp_path / "written.xlsx"


def edit(path, **cells):
    """Enter what stands in cells, such as C4, and save."""
    book = openpyxl.load_workbook(path)
    for place, value in cells.items():
        book[NAME][place].value = value
    book.save(path)
    return path


def csv_file(tmp_path, text, name="marks.csv"):
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return tmp_path / name


def refused(path, students=STUDENTS):
    """What is said of a file of which no row is taken in: one line."""
    with pytest.raises(CourseError) as failed:
        read_marks(path, students)
    assert "\n" not in str(failed.value)
    return str(failed.value)


# A workbook


def test_where_nothing_is_filled_in_nothing_is_given(path):
    assert read_marks(path, STUDENTS) == []
    edit(path, C4="  ", D5="", E6="a note beside")
    assert read_marks(path, STUDENTS) == []


def test_points_and_comments_are_of_the_answer_that_was_shown(path):
    edit(path, C6=4.5, D6=" Two mistakes.\n", C4=0, D5="Well?")
    given = read_marks(path, STUDENTS)
    marks = {"=bob()": Mark(0), "Jörg": Mark(None, "Well?")}
    marks["ada"] = Mark(4.5, "Two mistakes.")
    assert given == [
        Given(LESSON, "think_beta", name, mark, DIGESTS[name],
              f"sheet '03 think_beta', row {ROWS[name]}")
        for name, mark in marks.items()
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "points"),
    [(0, 0), (5, 5), (2.5, 2.5), ("2,5", 2.5), (" 3 ", 3), ("+1", 1), ("'4", None)],
)
def test_points_are_numbers_as_people_write_them(path, said, points):
    edit(path, C6=said)
    if points is None:
        assert '"\'4" is not a number of points' in refused(path)
    else:
        (given,) = read_marks(path, STUDENTS)
        assert given.mark == Mark(points)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (5.5, "row 6: 5.5 points, where 0 to 5 can be given"),
        (-1, "row 6: -1 points, where 0 to 5 can be given"),
        ("-0,5", "-0.5 points, where 0 to 5"),
        ("much", "'much' is not a number of points"),
        ("nan", "nan points, where 0 to 5"),
        ("inf", "inf points, where 0 to 5"),
        ("1,000.5", "'1,000.5' is not a number"),
        (True, "'True' is not a number"),
        ("=1+1", "there is a formula; type the value itself"),
    ],
)
def test_other_points_are_refused_and_nothing_is_taken_in(path, said, told):
    edit(path, C4=4, C6=said)
    message = refused(path)
    assert told in message
    assert message.startswith("written.xlsx was not taken in, not even in part. sheet")
    assert "start the same command again" in message


def test_a_formula_is_refused_in_any_cell_that_counts(path):
    assert "there is a formula" in refused(edit(path, C6=3, D6='=HYPERLINK("x")'))
    edit(path, D6="fine", B6="=1+1")
    assert len(read_marks(path, STUDENTS)) == 1, "the answer is not read"


@pytest.mark.parametrize(
    ("comment", "mark"),
    [
        ("-", None),
        (" - ", None),
        ("'-", None),
        ("--", Mark(None, "--")),
        ("'=why?", Mark(None, "=why?")),
        ("'@you", Mark(None, "@you")),
        ("'tis so", Mark(None, "'tis so")),
        ("'", Mark(None, "'")),
        (7, Mark(None, "7")),
        (7.0, Mark(None, "7")),
        (7.5, Mark(None, "7.5")),
    ],
)
def test_comments_are_text_and_a_dash_alone_withdraws(path, comment, mark):
    edit(path, D6=comment)
    (given,) = read_marks(path, STUDENTS)
    assert (given.student, given.mark) == ("ada", mark)


def test_a_dash_beside_points_is_a_comment(path):
    (given,) = read_marks(edit(path, C6=3, D6="-"), STUDENTS)
    assert given.mark == Mark(3, "-")


def test_a_name_that_nobody_has_is_told_with_the_nearest_one(path):
    edit(path, A6="Jorg", C6=3)
    message = refused(path)
    assert "no student is called 'Jorg' in this class; did you mean Jörg?" in message
    edit(path, A6="Zz")
    assert "'Zz' in this class. Correct" in refused(path)
    edit(path, A6=None)
    assert "no student is called '' in this class." in refused(path)


def test_a_name_counts_as_it_is_before_it_counts_as_it_is_written(path):
    edit(path, C4=3)
    (given,) = read_marks(path, ["'=bob()", "=bob()"])
    assert given.student == "'=bob()"


def test_a_student_twice_is_told(path):
    edit(path, A5="ada", C5=1, C6=1)
    told = "sheet '03 think_beta', row 6: ada appears twice"
    assert told in refused(path)


def test_of_many_wrong_rows_three_are_named(tmp_path):
    line = f"{LESSON},think_beta,nobody,1,\n"
    three = refused(csv_file(tmp_path, HEAD + line * 3))
    assert [f"line {number}:" in three for number in (2, 3, 4)] == [True] * 3
    assert "more such rows" not in three
    five = refused(csv_file(tmp_path, HEAD + line * 5))
    assert "line 4:" in five
    assert "line 5:" not in five
    assert " (and 2 more such rows). Correct the file" in five


def test_columns_and_rows_may_be_moved_and_added(path):
    book = openpyxl.load_workbook(path)
    page = book[NAME]
    page.insert_rows(2, 4)  # below the title
    page.insert_cols(3, 2)
    page.cell(6 + 4, 5).value = 4
    notes = book.create_sheet("my notes", 0)
    notes["A1"], notes["C2"] = "ada", 3
    book.save(path)
    (given,) = read_marks(path, STUDENTS)
    assert (given.student, given.mark) == ("ada", Mark(4))
    assert given.answer == DIGESTS["ada"]
    assert given.place.endswith("row 10")


def test_without_its_hidden_column_a_mark_is_of_the_answer_that_counts_now(path):
    book = openpyxl.load_workbook(path)
    book[NAME].delete_cols(7)
    book[NAME]["C6"].value = 4
    book.save(path)
    (given,) = read_marks(path, STUDENTS)
    assert given.answer == ""


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"A1": None}, "no longer has the name of its question; its first rows were"),
        ({"A1": "Question"}, "no longer has the name of its question"),
        ({"A3": "name"}, "no longer has the row of column names"),
        ({"C3": "score"}, "no longer has the column points. Put it back."),
        ({"D3": None, "C3": None}, "no longer has the column comment and points."),
    ],
)
def test_a_sheet_that_lost_its_first_rows_is_told(path, cells, told):
    message = refused(edit(path, **cells))
    assert message.startswith("written.xlsx: the sheet '03 think_beta' ")
    assert told in message


def test_the_row_of_names_is_looked_for_in_ten_rows(path):
    for count, found in ((7, True), (1, False)):
        book = openpyxl.load_workbook(path)
        book[NAME].insert_rows(2, count)
        book.save(path)
        if found:
            assert read_marks(path, STUDENTS) == []
        else:
            assert "the row of column names" in refused(path)


def test_a_workbook_of_something_else_is_told(tmp_path):
    openpyxl.Workbook().save(tmp_path / "x.xlsx")
    told = "x.xlsx has no sheet with marks; is it another file?"
    assert refused(tmp_path / "x.xlsx") == told


def test_a_question_that_is_none_is_told(path):
    title = f"{LESSON} / think_gamma: 0 to 5 points"
    message = refused(edit(path, A1=title, C6=3))
    assert f"no written question 'think_gamma' in a lesson '{LESSON}'" in message
    message = refused(edit(path, A1="../x / think_beta: 0 to 5 points"))
    assert "no written question 'think_beta' in a lesson '../x'" in message


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("marks.xlsx", b"not a workbook", "cannot be read as a workbook (File is not"),
        ("marks.ods", b"", "--marks takes written.xlsx as this command wrote it"),
        ("marks", b"a,b", "the columns lesson, question, student, points, comment."),
        ("gone.xlsx", None, "gone.xlsx cannot be read: No such file or directory."),
        ("gone.csv", None, "gone.csv cannot be read: No such file or directory."),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert told in refused(tmp_path / name)


def test_a_workbook_that_is_damaged_is_told(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in ("xl/workbook.xml", "[Content_Types].xml", "xl/worksheets/sheet1.xml"):
        for content in (b"<", b"<a/>", None):
            with zipfile.ZipFile(path, "w") as archive:
                for each, whole in members.items():
                    if each != name:
                        archive.writestr(each, whole)
                    elif content is not None:
                        archive.writestr(each, content)
            message = refused(path)
            assert "cannot be read as a workbook" in message or "no sheet" in message


def test_a_workbook_whose_bytes_were_changed_is_read_or_told(path, written):
    start = written.index(b"xl/workbook.xml") + len(b"xl/workbook.xml")
    path.write_bytes(written[:start] + b"\xff" * 8 + written[start + 8 :])
    assert "cannot be read as a workbook" in refused(path)
    for at in range(0, len(written), 150):
        changed = bytearray(written)
        changed[at] ^= 0xFF
        path.write_bytes(changed)
        with contextlib.suppress(CourseError):
            assert read_marks(path, STUDENTS) == []


# A CSV file


@pytest.mark.parametrize("by", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_are_known_by_their_names(tmp_path, by, end):
    lines = [
        ("Comment ", "POINTS", "student", "mine", "question", "lesson"),
        ("Half of it.", "2", "ada", "x", "think_beta", LESSON),
        ("", "", "Jörg", "x", "think_beta", LESSON),
        ("-", "", " =bob() ", "x", "think_beta", LESSON),
    ]
    path = csv_file(tmp_path, end.join(by.join(line) for line in lines))
    assert read_marks(path, STUDENTS) == [
        Given(LESSON, "think_beta", "ada", Mark(2, "Half of it."), "", "line 2"),
        Given(LESSON, "think_beta", "=bob()", None, "", "line 4"),
    ]


def test_as_excel_saves_it(tmp_path):
    text = f"lesson;question;student;points;comment;id\r\n{LESSON};think_beta;Jörg;2,5;"
    text += '"Two\r\nlines; ""quoted"".";abc\r\n\r\n'
    path = csv_file(tmp_path, codecs.BOM_UTF8 + text.encode(), "MARKS.CSV")
    (given,) = read_marks(path, STUDENTS)
    assert given.mark == Mark(2.5, 'Two\r\nlines; "quoted".')
    assert (given.student, given.answer) == ("Jörg", "abc")


def test_rows_may_be_short_or_long(tmp_path):
    start = f"{LESSON},think_beta,"
    path = csv_file(tmp_path, f"{HEAD}{start}ada,1\n{start}Jörg\n{start}=bob(),2,,x,y")
    given = read_marks(path, STUDENTS)
    assert [(each.student, each.mark) for each in given] == [
        ("ada", Mark(1)),
        ("=bob()", Mark(2)),
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("think_beta,ada,=1+1,", "line 2: there is a formula"),
        ("think_beta,ada,1,@SUM(A1)", "line 2: there is a formula"),
        ("think_gamma,ada,1,", "line 2: there is no written question 'think_gamma'"),
        ("think_beta,al,1,", "line 2: no student is called 'al' in this class"),
        ("think_beta,ada,6,", "line 2: 6 points, where 0 to 5 can be given"),
        (f"think_beta,ada,1,\n{LESSON},think_beta,ada,2,", "line 3: ada appears twice"),
    ],
)
def test_a_row_that_is_wrong_is_told(tmp_path, row, told):
    assert told in refused(csv_file(tmp_path, f"{HEAD}{LESSON},{row}\n"))


def test_one_student_may_have_marks_in_two_questions(tmp_path):
    rows = f"{LESSON},think_beta,ada,1,\n{LESSON},think_improve,ada,2,\n"
    given = read_marks(csv_file(tmp_path, HEAD + rows), STUDENTS)
    assert [(each.question, each.mark.points) for each in given] == [
        ("think_beta", 1),
        ("think_improve", 2),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "marks.csv has no column lesson, question, student, points, comment."),
        (b"a,b\n1,2\n", "no column lesson, question, student, points, comment. Expec"),
        (b"lesson,student,points,comment\n", "has no column question. Expected: lesso"),
        ("lesson,ä".encode("latin-1"), "is not in UTF-8; save it as CSV UTF-8, or as"),
        (HEAD.encode() + b"x" * 200_000, "marks.csv cannot be read as CSV: field lar"),
    ],
)
def test_a_csv_file_that_is_none_is_told(tmp_path, content, told):
    assert told in refused(csv_file(tmp_path, content))


def test_a_csv_file_with_names_of_columns_alone_gives_nothing(tmp_path):
    assert read_marks(csv_file(tmp_path, HEAD), STUDENTS) == []
