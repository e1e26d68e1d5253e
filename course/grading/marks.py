"""What people said of answers: points and comments, kept beside the records.

A mark is of one answer, known by its digest: when another answer is handed in, it is
not marked yet, and the old mark is only named. A student's answers of one lesson are
found again whatever else in the notebook, or in this pack, has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from course import CourseError
from course.files import write_json
from course.grading.records import Exercise, Record

FILE = "marks.json"


@dataclass(frozen=True)
class Mark:
    """What a person said of an answer."""

    points: float | None
    """None: only a comment, so far."""
    comment: str = ""

    def __str__(self) -> str:
        given = "no points yet" if self.points is None else f"{self.points:g} points"
        return f"{given}: {self.comment}" if self.comment else given


@dataclass(frozen=True)
class Given:
    """A mark as it comes in, with what it is of."""

    lesson: str
    question: str
    """The cell's name, such as "think_beta"."""
    student: str
    mark: Mark | None
    """None: what was said before of this answer is withdrawn."""
    answer: str = ""
    """Digest of the answer; empty for the one that counts now."""
    place: str = ""
    """Where it stood, for messages."""


@dataclass
class Marks:
    """All marks of a class."""

    said: dict[tuple[str, str, str], dict[str, Mark]] = field(default_factory=dict)
    """By lesson, question and student: digest of an answer to its mark, last one
    last."""
    seen: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    """What a gradebook held when it was last written."""

    def of(self, lesson: str, question: str, student: str, answer: str) -> Mark | None:
        """The mark of an answer, if it has one."""
        return self.said.get((lesson, question, student), {}).get(answer)

    def earlier(
        self, lesson: str, question: str, student: str, answer: str
    ) -> Mark | None:
        """The last mark of another answer of the same student."""
        others = self.said.get((lesson, question, student), {})
        return next(
            (mark for key, mark in reversed(others.items()) if key != answer), None
        )

    def put(self, given: Given, answer: str) -> None:
        """Keep a mark, or withdraw one."""
        mine = self.said.setdefault((given.lesson, given.question, given.student), {})
        mine.pop(answer, None)  # what is said last stands last
        if given.mark is not None:
            mine[answer] = given.mark

    def comments(self, lesson: str, question: str) -> list[str]:
        """What has been said of any answer to a question, the commonest first."""
        return [
            comment
            for comment, _ in Counter(
                mark.comment
                for (in_lesson, of, _), marks in self.said.items()
                for mark in marks.values()
                if (in_lesson, of) == (lesson, question) and mark.comment
            ).most_common()
        ]


def digest_of(record: Record, row: Exercise) -> str:
    """What tells one answer from another: of code, all code of the lesson."""
    text = record.answers.get(row.id, "")
    if not row.written:
        text = "\0".join(f"{name}\0{code}" for name, code in record.code.items())
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def load_marks(out: Path) -> Marks:
    """Read what was kept.

    Parameters
    ----------
    out : Path
        Folder of all results.

    Raises
    ------
    CourseError
        If it is there and cannot be read: nobody's marks are given up in silence.
    """
    path = out / FILE
    if not path.exists():
        return Marks()
    try:
        content = json.loads(path.read_bytes())
        return Marks(
            {
                tuple(each["of"]): {
                    key: Mark(**mark) for key, mark in each["marks"].items()
                }
                for each in content["marks"]
            },
            {tuple(each.pop("of")): each for each in content["gradebook"]},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(
            f"{path}, which holds the marks given so far, cannot be read ({error}). "
            "Repair it or restore a copy; to start over, move it away."
        ) from error


def save_marks(out: Path, marks: Marks) -> None:
    """Keep all marks; a half-written file is never found."""
    write_json(
        out / FILE,
        {
            "marks": [
                {
                    "of": list(place),
                    "marks": {key: asdict(mark) for key, mark in said.items()},
                }
                for place, said in marks.said.items()
            ],
            "gradebook": [
                {"of": list(place), **seen} for place, seen in marks.seen.items()
            ],
        },
    )


def take_marks(
    given: Sequence[Given], students: Mapping[str, Mapping[str, Record]], marks: Marks
) -> int:
    """Keep what came in, all of it or, after an error, nothing.

    Returns
    -------
    int
        How many answers have another mark than before.

    Raises
    ------
    CourseError
        If a mark is of an answer that nobody handed in.
    """
    placed = []
    for each in given:
        record = students.get(each.student, {}).get(each.lesson)
        rows = record.exercises if record else []
        row = next((row for row in rows if row.id == each.question), None)
        if record is None or row is None:
            raise CourseError(
                f"{each.place}: {each.student} handed in nothing for {each.lesson}. "
                "Correct the name, or empty the row's points and comment."
            )
        placed.append((each, each.answer or digest_of(record, row)))
    changed = 0
    for each, answer in placed:
        before = marks.of(each.lesson, each.question, each.student, answer)
        changed += before != each.mark
        marks.put(each, answer)
    return changed


def apply_marks(students: Mapping[str, Mapping[str, Record]], marks: Marks) -> None:
    """Give the points and comments to the answers that they are of, in place."""
    for student, mine in students.items():
        for record in mine.values():
            if record.reason is None:
                record.exercises = [
                    _marked(row, student, record, marks) for row in record.exercises
                ]


def _marked(row: Exercise, student: str, record: Record, marks: Marks) -> Exercise:
    mark = marks.of(record.lesson, row.id, student, digest_of(record, row))
    if mark is None:
        return row
    if mark.points is None:
        return replace(row, comment=mark.comment)
    given = mark.points
    return replace(row, score=given, comment=mark.comment, replaced=(row.score,))
