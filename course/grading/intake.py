"""What a class handed in: as many students out as in, and nothing left out in silence.

What each file is, :mod:`course.grading.contents` says; whose, `owners`; here is chosen
what counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import yaml

from course import CourseError
from course.grading.contents import (
    OF_SYSTEM,
    Look,
    is_copy,
    is_empty,
    is_somebodys,
    kind,
    look_into,
    rank,
)
from course.grading.files_in import EMPTY, File, files_in
from course.grading.owners import GRADESCOPE, Owner, attempt_time, owners

LISTED = "submission_metadata.yml"
OF_NBGRADER = "nbgrader's own, beside what was submitted"


@dataclass(frozen=True)
class Submission:
    """What a student handed in for one lesson."""

    student: str
    lesson: str
    """Name of the lesson; empty if nothing says which."""
    name: str
    """Where it was found."""
    content: bytes
    problem: str | None = None
    """Why it could not be taken; the content is then empty."""
    notes: tuple[str, ...] = ()
    """What else lay there and was set aside, for the instructor."""
    platform: str = ""
    """The learning platform that named the file, such as "canvas"; empty if none."""
    number: str = ""
    """That platform's number of the student."""
    time: datetime | None = None
    """When its file was written, if the place says so."""
    handed_in: datetime | None = None
    """When it was handed in, as the platform says; local time."""
    late: bool = False
    """Whether the platform calls it late."""


@dataclass
class Handed:
    """All that was found in a place, every file in one of three ways."""

    submissions: list[Submission] = field(default_factory=list)
    aside: list[tuple[str, str, str]] = field(default_factory=list)
    """Student (may be empty), file, why it was set aside."""
    seen: int = 0
    """Files, those of operating systems included."""
    with_reason: list[tuple[str, str, str]] = field(default_factory=list)
    """Student, file, why it could not be taken."""


def find(place: Path, lessons: Sequence[str]) -> list[Submission]:
    """Read what was handed in; see :func:`take_in`, of which these are the rows."""
    return take_in(place, lessons).submissions


def take_in(place: Path, lessons: Sequence[str]) -> Handed:
    """Read what was handed in. Nothing is unpacked to the disk.

    Parameters
    ----------
    place : Path
        A folder or a zip file: folders with ``<student>/<lesson>.ipynb``, or exports
        of Moodle, Canvas, Blackboard, Gradescope, GitHub Classroom or nbgrader, for
        one lesson or several, zip files in zip files included.
    lessons : sequence of str
        Names of the pack's lessons.

    Returns
    -------
    Handed
        Submissions are sorted by student and lesson, one each. Of two attempts the
        later counts; the notebook counts rather than a copy of it, and a copy in
        which something is written rather than a notebook as it was handed out.

    Raises
    ------
    CourseError
        If there is no such place, or nothing in it.
    """
    if not place.exists():
        raise CourseError(f"There is nothing at {place}. Name a folder or a zip file.")
    if not place.is_dir() and place.suffix.lower() != ".zip":
        raise CourseError(f"{place} is neither a folder nor a zip file.")
    found = list(files_in(place))
    files = [file for file in found if file.problem != EMPTY]
    handed = Handed(seen=len(files))
    # Of a folder in which a computer alone has left something there is a student, too.
    nobodys = [file for file in files if file.of_system and len(file.place.parts) < 2]
    handed.aside += [("", str(file.path), OF_SYSTEM) for file in nobodys]
    nbgraders = _beside_submitted(files)
    handed.aside += [("", str(file.path), OF_NBGRADER) for file in nbgraders]
    gone = {id(file) for file in (*nobodys, *nbgraders)}
    taken = [file for file in found if id(file) not in gone]
    paths = [file.place for file in taken]
    whose = owners(paths, lessons, place.stem, _gradescopes_people(taken))
    looks = [
        look_into(file, owner, lessons)
        for file, owner in zip(taken, whose, strict=True)
    ]
    mine: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        mine[look.owner.student].append(look)
    for student, theirs in mine.items():
        _sort_out(student, theirs, handed)
    _share_with_groups(handed, taken)
    if not handed.submissions:
        raise CourseError(
            f"There is no notebook in {place}. Expected: STUDENT/NN_topic.ipynb, or "
            "the zip file of your learning platform."
        )
    handed.submissions.sort(key=lambda each: (each.student, each.lesson, each.name))
    return handed


def _beside_submitted(files: Sequence[File]) -> list[File]:
    """The rest of nbgrader's course folder, where that was given whole."""
    tops = {file.place.parts[0] for file in files}
    if "submitted" not in tops or not tops & {"source", "release"}:
        return []
    return [file for file in files if file.place.parts[0] != "submitted"]


def take_one(place: Path, lessons: Sequence[str]) -> Handed:
    """Read what one student alone handed in.

    Parameters
    ----------
    place : Path
        A folder or a zip file, whose files are all theirs.
    lessons : sequence of str

    Returns
    -------
    Handed
        As of :func:`take_in`; without submissions if there is no file.
    """
    files = [file for file in files_in(place) if file.problem != EMPTY]
    handed = Handed(seen=len(files))
    looks = [look_into(file, Owner("", rest=str(file.path)), lessons) for file in files]
    _sort_out("", looks, handed)
    return handed


def _sort_out(student: str, looks: list[Look], handed: Handed) -> None:
    """Choose what counts of one student's files; account for every other one."""
    notebooks = [look for look in looks if look.notebook]
    lessons: dict[str, list[Look]] = defaultdict(list)
    for look in notebooks:
        lessons[look.lesson].append(look)
    nameless = lessons.pop("", [])
    filled = {
        lesson for lesson, them in lessons.items() if any(t.written for t in them)
    }
    rows: dict[str, list[str]] = {}
    aside: list[tuple[Look, str]] = []
    for lesson, them in sorted(lessons.items()):
        them.sort(key=rank)
        best = them[-1]
        if filled and lesson not in filled and is_copy(best):
            aside += [(look, "nothing is written in it") for look in them]
            continue
        aside += [(look, _why_aside(look, best)) for look in them[:-1]]
        rows[lesson] = [_note(look, _why_aside(look, best)) for look in them[:-1]]
        handed.submissions.append(_submission(student, best))
        if best.file.problem:
            handed.with_reason.append((student, str(best.file.path), best.file.problem))
    others = [look for look in looks if not look.notebook]
    if rows or nameless:
        aside += [(look, _not_one(look)) for look in others if not is_empty(look)]
    if nameless:
        if rows:
            aside += [(look, "nothing in it belongs to a lesson") for look in nameless]
        else:
            nameless.sort(key=rank)
            for look in nameless:
                why = look.file.problem or (
                    "neither its content nor its name says which lesson it is"
                )
                handed.submissions.append(_submission(student, look, why))
                handed.with_reason.append((student, str(look.file.path), why))
    elif not rows:
        _without_notebook(student, others, handed)
    notes = tuple(_note(look, why) for look, why in aside)
    handed.aside += [(student, str(look.file.path), why) for look, why in aside]
    if notes:
        handed.submissions = [
            replace(each, notes=_of(each, notes, rows))
            if each.student == student
            else each
            for each in handed.submissions
        ]


def _of(
    each: Submission, notes: tuple[str, ...], rows: dict[str, list[str]]
) -> tuple[str, ...]:
    """The notes that belong to a row: its own copies, and once what is of no lesson."""
    mine = rows.get(each.lesson, [])
    others = {note for lesson in rows.values() for note in lesson}
    first = not rows or each.lesson == min(rows)
    return (*mine, *(note for note in notes if first and note not in others))


def _without_notebook(student: str, looks: list[Look], handed: Handed) -> None:
    """One row for a student of whom there is no notebook, unless they are nobody's."""
    real = [look for look in looks if not is_empty(look)]
    if not any(is_somebodys(look) for look in looks):
        why = "it belongs to no student"
        handed.aside += [("", str(look.file.path), why) for look in real]
        return
    named = ", ".join(f"{look.file.path.name} ({kind(look)})" for look in real[:5])
    more = f" and {len(real) - 5} more" if len(real) > 5 else ""
    why = f"there is no notebook: {named}{more}" if real else "the folder is empty"
    problem = next((look.file.problem for look in real if look.file.problem), None)
    first = (real or looks)[0]
    handed.submissions.append(
        _submission(student, first, problem if problem and len(real) == 1 else why)
    )
    handed.with_reason += [(student, str(look.file.path), why) for look in real]


def _not_one(look: Look) -> str:
    return OF_SYSTEM if look.file.of_system else "it is not a notebook"


def _submission(student: str, look: Look, problem: str | None = None) -> Submission:
    problem = problem or look.file.problem
    return Submission(
        student or look.file.path.stem or "unknown",
        look.lesson,
        str(look.file.path),
        b"" if problem else look.file.content,
        problem,
        platform=look.owner.platform,
        number=look.owner.number,
        time=look.file.time,
        handed_in=attempt_time(look.owner.time),
        late=look.owner.late,
    )


def _why_aside(look: Look, best: Look) -> str:
    if look.owner.time < best.owner.time:
        return f"an earlier attempt ({look.owner.time}); the later one counts"
    if look.file.problem:
        return look.file.problem
    if best.written and not look.written:
        return "nothing is written in it"
    return f"another notebook of this lesson; {best.file.path.name} counts"


def _note(look: Look, why: str) -> str:
    return f"{look.owner.rest or look.file.path.name} was set aside: {why}"


def _gradescopes_people(files: Sequence[File]) -> dict[str, tuple[str, str, str]]:
    """Names and times from the list that Gradescope puts into an export.

    Source: https://help.gradescope.com (Export Submissions): submission_metadata.yml
    names each submission's folder, its :submitters: and its :created_at:.
    """
    return {
        number: (*members[0], time)
        for number, (members, time) in _gradescopes_list(files).items()
    }


def _gradescopes_list(
    files: Sequence[File],
) -> dict[str, tuple[list[tuple[str, str]], str]]:
    """Number of a submission to its members (name, number) and its time."""
    found: dict[str, tuple[list[tuple[str, str]], str]] = {}
    for file in files:
        *above, name = file.place.parts
        # In a submission's own folder a student wrote it, whom nobody need believe.
        if name != LISTED or any(map(GRADESCOPE.match, above)):
            continue
        try:
            listed = yaml.safe_load(file.content)
        except (yaml.YAMLError, ValueError, RecursionError):
            continue
        for folder, said in listed.items() if isinstance(listed, dict) else ():
            who = said.get(":submitters") if isinstance(said, dict) else None
            members = [
                (str(each[":name"]), str(each.get(":sid") or each.get(":email") or ""))
                for each in (who if isinstance(who, list) else ())
                if isinstance(each, dict) and each.get(":name")
            ]
            if members:
                number = str(folder).lstrip(":").removeprefix("submission_")
                found[number] = members, str(said.get(":created_at") or "")
    return found


def _share_with_groups(handed: Handed, files: Sequence[File]) -> None:
    """Give a group's submission to every member of it."""
    listed = _gradescopes_list(files)
    there = {(each.student, each.lesson) for each in handed.submissions}
    for each in list(handed.submissions):
        number = re.search(r"submission_(\d+)", each.name)
        members, _ = listed.get(number[1] if number else "", ([], ""))
        for name, sid in members[1:]:
            if each.platform == "gradescope" and (name, each.lesson) not in there:
                note = f"handed in for the group by {each.student}"
                handed.submissions.append(
                    replace(each, student=name, number=sid, notes=(note,))
                )
