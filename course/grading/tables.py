"""Points as tables: for people, for Canvas, for Moodle, and for the summary page."""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.files import write_whole
from course.grading.intake import Handed
from course.grading.records import Record
from course.grading.submission import lesson_named, points


@dataclass(frozen=True)
class Distribution:
    """How a class did in one exercise."""

    exercise: str
    max: float
    students: int
    full: int
    """Students with all points."""
    none: int
    """Students without any."""
    mean: float | None
    """None where all are graded by hand."""
    messages: list[tuple[str, int]]
    """The most common problem, and how often."""


def lesson_names(students: Mapping[str, Mapping[str, Record]]) -> list[str]:
    """Lessons of which at least one submission was taken."""
    return sorted(
        {
            record.lesson
            for mine in students.values()
            for record in mine.values()
            if record.lesson
        }
    )


def plain(text: Any) -> Any:
    """Keep a spreadsheet from reading a name as a formula."""
    if isinstance(text, str) and text != "-" and text[:1] in tuple("=+-@\t\r"):
        return "'" + text
    return text


def write_tables(students: Mapping[str, Mapping[str, Record]], out: Path) -> None:
    """Write ``grades.csv``, and the shapes that Canvas and Moodle take."""
    lessons = lesson_names(students)
    _grades(students, lessons, out)
    _canvas(students, lessons, out)
    _moodle(students, lessons, out)


def _grades(
    students: Mapping[str, Mapping[str, Record]], lessons: list[str], out: Path
) -> None:
    """Everything, for people: a row a student."""
    columns = {
        lesson: [row.id for row in points(None, lesson_named(lesson))]
        for lesson in lessons
    }
    titles = [
        f"{lesson}: {name.removeprefix('check_')}"
        for lesson in lessons
        for name in columns[lesson]
    ]
    rows = []
    for student, mine in sorted(students.items()):
        cells, reasons, notes, looks = [], [], [], []
        for lesson in lessons:
            exercises = mine[lesson].exercises if lesson in mine else []
            scores = {row.id: row.score for row in exercises}
            for name in columns[lesson]:
                score = scores.get(name)
                cells.append("" if score is None else f"{score:g}")
        for name, record in mine.items():
            if record.reason:
                reasons.append(f"{name}: {record.reason}")
            elif record.by_hand:
                reasons.append(f"{name}: {record.by_hand:g} points by hand to come")
            notes += [f"{name}: {record.lateness}"] if record.late else []
            notes += [*record.notes, *record.repairs]
            looks += [f"{name}: {flag}" for flag in record.flags]
            if record.first_trouble:
                reasons.append(f"{name}: {record.first_trouble}")
        total = sum(record.score for record in mine.values())
        states = {record.status for record in mine.values()}
        status = "zero" if states == {"zero"} else "graded"
        if states == {"zero", "graded"}:
            status = "partly graded"
        said = "; ".join(reasons), "; ".join(notes)
        rows.append([student, "; ".join(looks), *cells, f"{total:g}", status, *said])
    header = ["student", "needs a look", *titles, "total", "status", "reason", "notes"]
    _csv(out / "grades.csv", header, rows)


def _canvas(
    students: Mapping[str, Mapping[str, Record]], lessons: list[str], out: Path
) -> None:
    """What Canvas' gradebook imports; a student is looked up by ID, else by login.

    Source: Canvas Instructor Guide, "How do I import grades in the Gradebook?"; the
    columns Student, ID, SIS User ID, SIS Login ID and Section stand first. The ID is
    the user's number in the names of an export. A lesson that was not handed in is
    left empty: Canvas then keeps what it has.
    """
    rows = [["    Points Possible", "", "", "", "", *["100"] * len(lessons)]]
    for student, mine in sorted(students.items()):
        number = _number(mine, "canvas")
        login = "" if any(record.platform for record in mine.values()) else student
        marks = [f"{mine[name].score:g}" if name in mine else "" for name in lessons]
        rows.append([student, number, "", login, "", *marks])
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *lessons]
    _csv(out / "canvas.csv", header, rows)


def _number(mine: Mapping[str, Record], platform: str) -> str:
    """A student's number at a platform; empty if it gave none that it looks up."""
    numbers = {
        record.number
        for record in mine.values()
        if record.platform == platform and record.number.isdecimal()
    }
    return min(numbers, default="")


def _moodle(
    students: Mapping[str, Mapping[str, Record]], lessons: list[str], out: Path
) -> None:
    """Moodle's grading worksheet: one for each lesson, as each is an assignment.

    Source: Moodle, mod/assign/feedback/offline/importgradeslib.php: the importer
    looks up the columns "Identifier" ("Participant " and the number of the export's
    names), "Grade" and "Last modified (grade)". Of one lesson it is ``moodle.csv``,
    of several ``moodle-NN_topic.csv``. Without numbers the names stand there.
    """
    for lesson in lessons:
        rows = []
        for student, mine in sorted(students.items()):
            if lesson in mine:
                record = mine[lesson]
                known = record.platform == "moodle" and record.number
                identifier = f"Participant {record.number}" if known else student
                rows.append([identifier, student, f"{record.score:g}", "100", "-"])
        name = "moodle.csv" if len(lessons) == 1 else f"moodle-{lesson}.csv"
        header = ["Identifier", "Full name", "Grade", "Maximum Grade"]
        _csv(out / name, [*header, "Last modified (grade)"], rows)


def write_files(handed: Handed, out: Path) -> None:
    """Write ``files.csv``: every file that was seen, and what became of it."""
    taken = [
        (each.student, each.name, f"taken as {each.lesson}")
        for each in handed.submissions
        if not each.problem
    ]
    rows = [
        *taken,
        *((who, name, f"not taken: {why}") for who, name, why in handed.with_reason),
        *((who, name, f"set aside: {why}") for who, name, why in handed.aside),
    ]
    _csv(out / "files.csv", ["student", "file", "what"], [list(row) for row in rows])


def _csv(path: Path, header: list[str], rows: Iterable[list]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(header)
    table.writerows([plain(cell) for cell in row] for row in rows)
    write_whole(path, text.getvalue().encode("utf-8-sig"))


def distributions(
    students: Mapping[str, Mapping[str, Record]],
) -> dict[str, list[Distribution]]:
    """How a class did: by lesson, for each exercise the shares and what went wrong."""
    found: dict[str, list[Distribution]] = {}
    for lesson in lesson_names(students):
        records = [mine[lesson] for mine in students.values() if lesson in mine]
        rows = []
        for place, exercise in enumerate(points(None, lesson_named(lesson))):
            scores = [record.exercises[place] for record in records]
            given = [row.score for row in scores if row.score is not None]
            said = Counter(_first_words(row.message) for row in scores if row.message)
            rows.append(
                Distribution(
                    exercise=exercise.exercise,
                    max=exercise.max,
                    students=len(scores),
                    full=sum(score == exercise.max for score in given),
                    none=sum(score == 0 for score in given),
                    mean=statistics.fmean(given) if given else None,
                    messages=said.most_common(3),
                )
            )
        found[lesson] = rows
    return found


def _first_words(message: str) -> str:
    """What a check said to look at, without the numbers that differ each time."""
    looked = re.search(r"look at:\s*(.+)", message)
    text = looked[1] if looked else message.splitlines()[0]
    return text.strip()[:160]
