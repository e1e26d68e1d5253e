"""``written.xlsx``: all answers to a question under each other, to be marked.

A spreadsheet rather than a page: it is worked with the keyboard alone, needs no server,
saves itself as people are used to, checks points as they are typed, and offers what was
said before. What it says is only taken in by ``course grade --marks FILE``.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from course import CourseError
from course.files import write_whole
from course.grading.marks import Marks, digest_of
from course.grading.records import Exercise, Record
from course.grading.submission import Lesson, lesson_named, points
from course.grading.tables import lesson_names, plain
from course.notebook import grade_id

NAME = "written.xlsx"
HEADER = ("student", "answer", "points", "comment", "before", "said before", "id")
WIDTHS = (22, 78, 8, 46, 30, 46, 4)  # characters
FIRST = 4  # the row of the first answer
LONGEST = 32_000  # characters of a cell; the format ends at 32,767
TALLEST = 400  # points of a row; the format ends at 409
STUB = "YOUR ANSWER HERE"


@dataclass(frozen=True)
class Question:
    """A question that is answered in words."""

    lesson: str
    id: str
    max: float
    asked: str
    model: str
    """Model answer and rubric."""

    @property
    def title(self) -> str:
        """What its sheet is known by."""
        return f"{self.lesson} / {self.id}: 0 to {self.max:g} points"


def questions(lesson: Lesson) -> list[Question]:
    """The questions of a lesson that a person must mark."""
    complete = lesson.cells("solution")
    return [
        Question(
            lesson.name,
            row.id,
            row.max,
            _asked(lesson, row.id),
            _between_marks(complete[row.id].source),
        )
        for row in points(None, lesson)
        if row.written
    ]


def _asked(lesson: Lesson, name: str) -> str:
    """A question: it stands in the cell of its answer, or else right above that."""
    above = ""
    for cell in lesson.release.cells:
        if grade_id(cell) == name:
            return cell.source.replace(STUB, "").strip() or above
        ours = cell.cell_type == "markdown" and grade_id(cell) is None
        above = cell.source.strip() if ours else ""
    return ""


def _between_marks(source: str) -> str:
    found = re.search(r"### BEGIN SOLUTION\n(.*?)\n?### END SOLUTION", source, re.S)
    return (found[1] if found else source).strip()


def write_sheet(
    out: Path,
    students: Mapping[str, Mapping[str, Record]],
    marks: Marks,
    taken: Path | None = None,
) -> Path | None:
    """Write the workbook, a sheet for each question that was answered.

    Parameters
    ----------
    out : Path
        Folder of all results. A ``written.xlsx`` there in which something was changed
        since it was written is kept under another name.
    students : mapping
        Name to lesson to record, marks applied.
    marks : Marks
    taken : Path, optional
        The file whose marks are in `marks` already.

    Returns
    -------
    Path or None
        Where a changed sheet now is whose marks were not taken in.

    Raises
    ------
    CourseError
        If another program holds the file.
    """
    book = Workbook()
    book.remove(book.active)
    for lesson in lesson_names(students):
        for question in questions(lesson_named(lesson)):
            answers = [
                (student, mine[lesson], row)
                for student, mine in sorted(students.items())
                if lesson in mine
                for row in mine[lesson].exercises
                if row.id == question.id
                and _to_mark(question, student, mine[lesson], row, marks)
            ]
            if answers:
                _write_question(book, question, answers, marks)
    path, note = out / NAME, out / ".written.sha256"
    if not book.worksheets:
        return None
    content = io.BytesIO()
    book.save(content)
    kept = None
    try:
        if path.exists() and _digest(path.read_bytes()) != _noted(note):
            if taken and taken.resolve() == path.resolve():
                path.replace(path.with_name("written-taken.xlsx"))
            else:
                stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
                kept = path.replace(path.with_name(f"written-{stamp}.xlsx"))
        write_whole(path, content.getvalue())
        write_whole(note, _digest(content.getvalue()).encode())
    except OSError as error:
        raise CourseError(
            f"{path} cannot be written: {error.strerror}. Close it in the other "
            "program, then start the same command again; nothing is lost."
        ) from error
    return kept


def _to_mark(
    question: Question, student: str, record: Record, row: Exercise, marks: Marks
) -> bool:
    """Whether there is an answer that waits for a mark, or has one."""
    if record.reason is not None:
        return False
    digest = digest_of(record, row)
    marked = marks.of(question.lesson, question.id, student, digest)
    return row.score is None or marked is not None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _noted(note: Path) -> str:
    return note.read_text(encoding="utf-8") if note.exists() else ""


def _write_question(
    book: Workbook,
    question: Question,
    answers: list[tuple[str, Record, Exercise]],
    marks: Marks,
) -> None:
    sheet = book.create_sheet(_sheet_name(question))
    _text(sheet, 1, 1, question.title, bold=True)
    _text(sheet, 2, 1, question.asked)
    _text(sheet, 2, 3, question.model)
    sheet.merge_cells("A2:B2")
    sheet.merge_cells("C2:F2")
    asked, model = sum(WIDTHS[:2]), sum(WIDTHS[2:6])
    sheet.row_dimensions[2].height = min(
        200, max(_height(question.asked, asked), _height(question.model, model))
    )
    for column, (name, width) in enumerate(zip(HEADER, WIDTHS, strict=True), 1):
        _text(sheet, 3, column, name, bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.column_dimensions["G"].hidden = True
    sheet.freeze_panes = f"B{FIRST}"
    for number, (student, record, row) in enumerate(answers, FIRST):
        digest = digest_of(record, row)
        mark = marks.of(question.lesson, question.id, student, digest)
        before = marks.earlier(question.lesson, question.id, student, digest)
        answer = without_question(record.answers.get(row.id, ""), question.asked)
        _text(sheet, number, 1, student)
        _text(sheet, number, 2, answer)
        _text(sheet, number, 4, mark.comment if mark else "")
        said = f"an earlier answer had {before}" if before else ""
        _text(sheet, number, 5, said if mark is None else "")
        _text(sheet, number, 7, digest)
        given = sheet.cell(number, 3, mark.points if mark else None)
        given.alignment = Alignment(vertical="top")
        sheet.row_dimensions[number].height = _height(answer, WIDTHS[1])
    _offer(sheet, question, len(answers), marks.comments(question.lesson, question.id))


def _offer(sheet, question: Question, count: int, comments: list[str]) -> None:
    """Check points as they are typed; offer the comments that were given before."""
    last = FIRST + count - 1
    most = f"{question.max:g}"
    inside = DataValidation("decimal", operator="between", formula1="0", formula2=most)
    inside.error = f"A number from 0 to {most}, please."
    inside.showErrorMessage = True
    inside.add(f"C{FIRST}:C{last}")
    sheet.add_data_validation(inside)
    for number, comment in enumerate(comments, FIRST):
        _text(sheet, number, 6, comment)
    if comments:
        listed = f"$F${FIRST}:$F${FIRST + len(comments) - 1}"
        offered = DataValidation("list", formula1=listed, allow_blank=True)
        offered.showErrorMessage = False  # anything else may be typed, too
        offered.add(f"D{FIRST}:D{last}")
        sheet.add_data_validation(offered)


def _text(sheet, row: int, column: int, text: str, bold: bool = False) -> None:
    """Write text that stays text, whatever it begins with."""
    shown = ILLEGAL_CHARACTERS_RE.sub("\ufffd", text)
    if len(shown) > LONGEST:
        left = len(shown) - LONGEST
        shown = f"{shown[:LONGEST]}\n... and {left:,} characters more"
    cell = sheet.cell(row, column)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if shown:
        cell.value = plain(shown)
        cell.data_type = "s"
        cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E8E8E8")


def _height(text: str, width: int) -> float:
    lines = sum(max(1, math.ceil(len(line) / width)) for line in text.splitlines())
    return min(TALLEST, 15 * max(1, lines) + 3)


def _sheet_name(question: Question) -> str:
    tame = re.sub(r"[\[\]:*?/\\']", " ", f"{question.lesson[:2]} {question.id}")
    return tame[:31]


def without_question(answer: str, asked: str) -> str:
    """What a student wrote, without the question that stood in the same cell."""
    text = answer.replace("\r\n", "\n").strip()
    if text.startswith(asked):
        text = text[len(asked) :]
    return text.replace(STUB, "").strip()
