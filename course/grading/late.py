"""How late a submission is, and what that costs in this class.

The time is the platform's own where its export says one (Blackboard, nbgrader,
Gradescope), else the file's own, except with Canvas, whose zip has the times at which
it was packed and says LATE in the names.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from course import CourseError
from course.grading.intake import Submission
from course.grading.records import Record

SETTINGS = "class.toml"
KNOWN = ("per_day", "most")
TOGETHER = timedelta(minutes=10)  # files written so close were packed, not handed in
EXAMPLE = "[late]\nper_day = 10  # points for each day begun\nmost = 50"


@dataclass(frozen=True)
class LateRule:
    """What being late costs: nothing, unless the class's settings say so."""

    per_day: float = 0.0
    """Points for each day that has begun."""
    most: float = 100.0
    """Points, however late."""


def late_rule(folder: Path) -> LateRule:
    """Read ``class.toml``, the class's own settings, if it is there.

    Parameters
    ----------
    folder : Path
        Of the results.

    Returns
    -------
    LateRule

    Raises
    ------
    CourseError
        If it is no TOML, or says what nobody reads.
    """
    path = folder / SETTINGS
    if not path.exists():
        return LateRule()
    expected = f"Expected, for example:\n{EXAMPLE}"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read: {error}. {expected}") from error
    late = said.pop("late", {})
    if isinstance(late, dict):
        odd = [*said, *(f"late.{name}" for name in late if name not in KNOWN)]
    else:
        odd = [*said, "late = ..."]
    if odd:
        raise CourseError(
            f"{path} says {', '.join(odd)}, which is not known here. {expected}"
        )
    for name, value in late.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= 100:
            raise CourseError(
                f"{path}: late.{name} must be points from 0 to 100; {value!r} is not. "
                f"{expected}"
            )
    return LateRule(**late)


def read_due(text: str) -> datetime:
    """Read a date and time as ``--due`` takes it; a day alone lasts till midnight.

    Raises
    ------
    CourseError
        If it is none.
    """
    try:
        due = datetime.fromisoformat(text)
    except ValueError as error:
        raise CourseError(
            f"--due takes a date and a time, such as 2026-11-03T23:59; {text!r} is "
            "not one."
        ) from error
    if len(text) <= len("2026-11-03"):
        due += timedelta(days=1)
    return due.astimezone().replace(tzinfo=None) if due.tzinfo else due


def judge_late(
    students: Mapping[str, Mapping[str, Record]],
    submissions: Sequence[Submission],
    due: datetime | None,
    rule: LateRule,
) -> str:
    """Note in the records how late each is, and take off what that costs.

    Parameters
    ----------
    students : mapping
        Name to lesson, or file, to record: changed in place.
    submissions : sequence of Submission
        What the records are of.
    due : datetime or None
        Local time. Without it only a platform's own word counts.
    rule : LateRule

    Returns
    -------
    str
        What else an instructor must know; may be empty.
    """
    packed = _packed_at_once(submissions)
    unknown = 0
    for each in submissions:
        record = students[each.student][each.lesson or each.name]
        time = each.handed_in
        if time is None and each.platform != "canvas" and not packed:
            time = each.time
        days = 1  # of which at least one has begun, if a platform says LATE
        if due and time:
            record.late = time > due
            record.late_by = in_words(time - due) if record.late else ""
            days = math.ceil((time - due) / timedelta(days=1))
        elif due and not each.late and not each.problem:
            unknown += 1
        if record.late:
            cost = min(rule.most, rule.per_day * max(days, 1))
            record.penalty = min(cost, record.earned)
    if not unknown:
        return ""
    return (
        f"For {unknown} submissions the export does not say when they were handed in, "
        "or whether they were late"
        + (": their files were all written at the same time." if packed else ".")
    )


def _packed_at_once(submissions: Sequence[Submission]) -> bool:
    """Whether the files' times are those of a copy or of the export itself."""
    times = [
        each.time
        for each in submissions
        if each.time and not each.handed_in and each.platform != "canvas"
    ]
    people = {each.student for each in submissions}
    return len(people) > 2 and bool(times) and max(times) - min(times) < TOGETHER


def in_words(late: timedelta) -> str:
    """ "2 days 3 h", "3 h 20 min" or "5 min": two units at most."""
    minutes = max(1, round(late / timedelta(minutes=1)))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} day{'s' * (days > 1)}" + (f" {hours} h" if hours else "")
    return " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
