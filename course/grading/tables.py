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
    """The commonest trouble, and how often."""


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
    if isinstance(text, str) and text[:1] in tuple("=+-@\t\r"):
        return "'" + text
    return text


def write_tables(students: Mapping[str, Mapping[str, Record]], out: Path) -> None:
    """``grades.csv``, and the shapes that Canvas and Moodle take."""
    lessons = lesson_names(students)
    columns = {
        lesson: [row.id for row in points(None, lesson_named(lesson))]
        for lesson in lessons
    }
    titles = [
        f"{lesson}: {name.removeprefix('check_')}"
        for lesson in lessons
        for name in columns[lesson]
    ]
    rows, totals = [], []
    for student, mine in sorted(students.items()):
        cells, reasons = [], []
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
        total = sum(record.score for record in mine.values())
        states = {record.status for record in mine.values()}
        status = "zero" if states == {"zero"} else "graded"
        if states == {"zero", "graded"}:
            status = "partly graded"
        rows.append([student, *cells, f"{total:g}", status, "; ".join(reasons)])
        totals.append((student, mine))
    _csv(
        out / "grades.csv",
        ["student", *titles, "total", "status", "reason"],
        rows,
    )
    score = {
        student: [
            f"{mine[lesson].score:g}" if lesson in mine else "" for lesson in lessons
        ]
        for student, mine in totals
    }
    most = ["100"] * len(lessons)
    _csv(
        out / "canvas.csv",
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *lessons],
        [
            ["    Points Possible", "", "", "", "", *most],
            *([name, "", "", name, "", *marks] for name, marks in score.items()),
        ],
    )
    _csv(
        out / "moodle.csv",
        ["username", *lessons],
        [[name, *marks] for name, marks in score.items()],
    )


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
