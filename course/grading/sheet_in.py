"""Read marks from a workbook or a CSV file that an instructor has filled in."""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from course import CourseError, pack_root
from course.grading.marks import Given, Mark
from course.grading.sheet import HEADER, Question, questions
from course.grading.submission import lesson_named
from course.grading.tables import plain

TITLE = re.compile(r"(?P<lesson>\S+) / (?P<id>\w+)")
WITHDRAWN = "-"
COLUMNS = "lesson, question, student, points, comment"


@dataclass(frozen=True)
class _Row:
    """A row as it stands in the file."""

    place: str
    lesson: str
    question: str
    student: str
    points: Any
    comment: Any
    answer: str = ""
    formula: bool = False


class _BadMarkError(Exception):
    """What is wrong with one row."""


def read_marks(path: Path, students: Collection[str]) -> list[Given]:
    """Read a filled-in ``written.xlsx``, or a CSV file with the same columns.

    Parameters
    ----------
    path : Path
        A workbook as :func:`course.grading.sheet.write_sheet` writes it, or a CSV file
        with the columns lesson, question, student, points and comment.
    students : collection of str
        Who may have marks.

    Returns
    -------
    list of Given
        Rows in which neither points nor a comment stands are left out: what was said
        before stays. A comment "-" alone withdraws it.

    Raises
    ------
    CourseError
        If the file cannot be read, or any row is wrong: then none counts.
    """
    rows = list(_from_csv(path) if path.suffix.lower() == ".csv" else _from_book(path))
    names = {str(plain(name)): name for name in students} | {s: s for s in students}
    known: dict[tuple[str, str], Question] = {
        (question.lesson, question.id): question
        for lesson in {row.lesson for row in rows}
        if (pack_root() / "solutions" / f"{lesson}.ipynb").is_file()
        for question in questions(lesson_named(lesson))
    }
    given, wrong = [], []
    for row in rows:
        try:
            given.append(_given(row, names, known))
        except _BadMarkError as error:
            wrong.append(f"{row.place}: {error}")
    twice = _twice([each for each in given if each])
    wrong += [f"{each.place}: {each.student} appears twice" for each in twice]
    if wrong:
        more = f" (and {len(wrong) - 3} more such rows)" if len(wrong) > 3 else ""
        raise CourseError(
            f"{path.name} was not taken in, not even in part. {'; '.join(wrong[:3])}"
            f"{more}. Correct the file, save it, and start the same command again."
        )
    return [each for each in given if each]


def _twice(given: list[Given]) -> list[Given]:
    found: dict[tuple[str, str, str], Given] = {}
    return [
        each
        for each in given
        if found.setdefault((each.lesson, each.question, each.student), each) != each
    ]


def _given(
    row: _Row, names: dict[str, str], known: dict[tuple[str, str], Question]
) -> Given | None:
    """What a row says; None if nothing."""
    if row.formula:
        raise _BadMarkError("there is a formula; type the value itself")
    comment = _as_text(row.comment)
    empty = row.points is None or not str(row.points).strip()
    if empty and not comment:
        return None
    question = known.get((row.lesson, row.question))
    if question is None:
        raise _BadMarkError(
            f"there is no written question {row.question!r} in a lesson {row.lesson!r}"
        )
    student = names.get(row.student)
    if student is None:
        near = difflib.get_close_matches(row.student, list(names), 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise _BadMarkError(f"no student is called {row.student!r} in this class{hint}")
    mark = None
    if not (empty and comment == WITHDRAWN):
        points = None if empty else _points(row.points, question.max)
        mark = Mark(points, comment)
    return Given(row.lesson, row.question, student, mark, row.answer, row.place)


def _points(value: Any, most: float) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        # Half of Europe writes 2,5.
        number = float(value.replace(",", ".") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        raise _BadMarkError(f"{str(value)!r} is not a number of points") from None
    if not math.isfinite(number) or not 0 <= number <= most:
        raise _BadMarkError(f"{number:g} points, where 0 to {most:g} can be given")
    return number


def _as_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    # The sign that keeps text from being a formula.
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text


def _from_book(path: Path) -> Iterator[_Row]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        book = load_workbook(io.BytesIO(content))
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,  # of a zip file with a password, or packed in an unknown way
        OSError,  # of one without a workbook
        KeyError,
        ValueError,
        TypeError,
        SyntaxError,  # of XML
    ) as error:
        raise CourseError(
            f"{path} cannot be read as a workbook ({error}). --marks takes "
            "written.xlsx as this command wrote it, filled in, or a CSV file with "
            "the columns "
            f"{COLUMNS}."
        ) from error
    any_question = False
    for sheet in book.worksheets:
        title = TITLE.match(str(sheet["A1"].value or ""))
        head = next(
            (
                row[0].row
                for row in sheet.iter_rows(min_row=1, max_row=10)
                if row[0].value == HEADER[0]
            ),
            None,
        )
        if title is None and head is None:
            continue  # a sheet of the instructor's own
        if title is None or head is None:
            gone = "the name of its question" if head else "the row of column names"
            raise CourseError(
                f"{path.name}: the sheet {sheet.title!r} no longer has {gone}; "
                "its first rows were changed. Restore them as they were written."
            )
        any_question = True
        columns = {cell.value: cell.column for cell in sheet[head] if cell.value}
        missing = {"student", "points", "comment"} - columns.keys()
        if missing:
            raise CourseError(
                f"{path.name}: the sheet {sheet.title!r} no longer has the column "
                f"{' and '.join(sorted(missing))}. Put it back."
            )
        for number in range(head + 1, sheet.max_row + 1):
            cells = {
                name: sheet.cell(number, columns[name])
                for name in ("student", "points", "comment", "id")
                if name in columns
            }
            if not any(
                cells[name].value not in (None, "") for name in ("points", "comment")
            ):
                continue
            student = _as_text(cells["student"].value)
            yield _Row(
                f"sheet {sheet.title!r}, row {number}",
                title["lesson"],
                title["id"],
                # As it was written: a name may begin with such a sign itself.
                str(cells["student"].value or "") if student else "",
                cells["points"].value,
                cells["comment"].value,
                str(cells["id"].value or "") if "id" in cells else "",
                any(cell.data_type == "f" for cell in cells.values()),
            )
    if not any_question:
        raise CourseError(f"{path.name} has no sheet with marks; is it another file?")


def _from_csv(path: Path) -> Iterator[_Row]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(
            f"{path} is not in UTF-8; save it as CSV UTF-8, or as a workbook."
        ) from error
    first = text.partition("\n")[0]
    table = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count)
    )
    columns = {name.strip().lower(): name for name in table.fieldnames or () if name}
    wanted = COLUMNS.split(", ")
    if missing := [name for name in wanted if name not in columns]:
        raise CourseError(
            f"{path.name} has no column {', '.join(missing)}. Expected: {COLUMNS}."
        )
    try:
        for line in table:
            cell = {name: line[columns[name]] or "" for name in wanted}
            typed = (cell["points"].strip(), cell["comment"].strip())
            yield _Row(
                f"line {table.line_num}",
                *(cell[name].strip() for name in wanted[:3]),
                *typed,
                (line[columns["id"]] or "") if "id" in columns else "",
                any(part[:1] in ("=", "@") for part in typed),
            )
    except csv.Error as error:
        raise CourseError(f"{path.name} cannot be read as CSV: {error}.") from error
