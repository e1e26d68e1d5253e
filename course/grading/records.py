"""What a submission earned: the record that is kept, and what it depends on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course import pack_root
from course.files import write_json
from course.grading.intake import Submission
from course.sandbox.limits import Limits

VERSION = 2  # of a record's fields; records of another version are graded again


@dataclass(frozen=True)
class Exercise:
    """What one graded cell earned."""

    id: str
    """The cell's name in nbgrader's metadata."""
    exercise: str
    """What people call it: the name without ``check_``."""
    written: bool
    """Whether it is an answer in words."""
    max: float
    score: float | None
    """None: to be graded by hand."""
    message: str
    """Why points were lost, as the check said."""
    comment: str = ""
    """What a person said of it; of this call, not kept here."""
    replaced: tuple[float | None] | None = None
    """The score that the checks gave, where a person gave another; not kept here."""

    @property
    def by_checks(self) -> float | None:
        """What the checks alone gave; None: nothing, it is for a person."""
        return self.score if self.replaced is None else self.replaced[0]


@dataclass
class Record:
    """What one submission earned, and all that is said about it."""

    lesson: str
    """Empty where the file belongs to none."""
    exercises: list[Exercise] = field(default_factory=list)
    reason: str | None = None
    """Why the whole submission has no points; None if it has been graded."""
    flags: list[str] = field(default_factory=list)
    """What an instructor should look at, each with its line; not for the student."""
    repairs: list[str] = field(default_factory=list)
    """What was repaired before grading, such as metadata that had been lost."""
    first_trouble: str | None = None
    """Which cell before the first check failed first, and why."""
    code: dict[str, str] = field(default_factory=dict)
    """What the student wrote, by grade_id."""
    answers: dict[str, str] = field(default_factory=dict)
    """The same for answers in words."""
    seconds: float = 0.0
    peak_mb: int = 0
    sandboxed: bool = True
    again: bool = False
    """Whether the grader itself failed, so that the next call tries again."""
    notes: list[str] = field(default_factory=list)
    """What else lay beside the file and was set aside; of this call, not kept."""
    platform: str = ""
    """The learning platform that named the file; of this call, like what follows."""
    number: str = ""
    """That platform's number of the student."""
    late: bool = False
    """Whether it was handed in late."""
    late_by: str = ""
    """How late, in words; empty where nothing says so."""
    penalty: float = 0.0
    """Points taken off for that, by the class's own settings."""
    version: int = VERSION

    @property
    def status(self) -> str:
        """ "graded", or "zero": no points, for the reason given."""
        return "graded" if self.reason is None else "zero"

    @property
    def earned(self) -> float:
        """Points given so far, whenever it was handed in."""
        return sum(row.score or 0.0 for row in self.exercises)

    @property
    def score(self) -> float:
        """Points given so far, less what being late costs."""
        return self.earned - self.penalty

    @property
    def lateness(self) -> str:
        """How late it was, and what that cost; empty if it was not."""
        if not self.late:
            return ""
        by = f" by {self.late_by}" if self.late_by else ""
        cost = f", {self.earned:g} points less {self.penalty:g} for that"
        return f"handed in late{by}{cost if self.penalty else ''}"

    @property
    def max(self) -> float:
        """Points of the whole lesson."""
        return sum(row.max for row in self.exercises)

    @property
    def by_hand(self) -> float:
        """Points that wait for a person."""
        return sum(row.max for row in self.exercises if row.score is None)


def record_key(
    each: Submission, limits: Limits, unsafe: bool, strict: bool, pack: str
) -> str:
    """What a result depends on: the file, the limits, and the pack's digest."""
    digest = hashlib.sha256(each.content)
    for part in (each.lesson, each.problem or "", limits, unsafe, strict, pack):
        digest.update(f"\0{part}".encode())
    if not each.content:
        digest.update(each.name.encode())
    return digest.hexdigest()[:32]


def pack_digest(lesson: str) -> str:
    """What a lesson's results depend on in this pack: its solution and all code."""
    digest = hashlib.sha256()
    code = [
        path
        for folder in ("course", "helpers")
        for path in sorted((pack_root() / folder).rglob("*"))
        if path.suffix in (".py", ".bin")
    ]
    for path in [pack_root() / "solutions" / f"{lesson}.ipynb", *code]:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def save(out: Path, key: str, record: Record) -> None:
    """Keep one result; a half-written one is never found."""
    write_json(out / "records" / f"{key}.json", asdict(record))


def kept(out: Path, key: str) -> Record | None:
    """Read a result that was kept.

    Parameters
    ----------
    out : Path
        Folder of all results.
    key : str
        From :func:`record_key`.

    Returns
    -------
    Record or None
        None if there is none, or none that this version can read.
    """
    try:
        content = json.loads((out / "records" / f"{key}.json").read_bytes())
        if content["version"] != VERSION:
            return None
        rows = [Exercise(**row) for row in content.pop("exercises")]
        return Record(exercises=rows, **content)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_graded(out: Path, key: str) -> bool:
    """Tell whether there is a result that need not be tried again."""
    record = kept(out, key)
    return record is not None and not record.again
