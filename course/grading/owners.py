"""Whose a file is: from the names that learning platforms give, and from folders."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

# What a component of a path is called by a platform. Sources: Moodle's
# mod/assign/locallib.php (download_submissions), Canvas' documentation of "Download
# Submissions" and its lib/submission_zip (names, LATE, ids; "anon" where marking is
# anonymous), Blackboard's "Download assignments", nbgrader's exchange (inbound).
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_|$)")
CANVAS = re.compile(
    r"(?P<name>[^\W\d_][^_]*)_(?P<late>LATE_)?(?P<id>\d+)_(?:\d+|text)(?=[_.]|$)"
)
ANONYMOUS = re.compile(r"(?P<name>anon)_(?P<late>LATE_)?(?P<id>\w{5})_\d+(?=[_.]|$)")
# Of a quiz's uploads; app/models/quizzes/quiz_submission_zipper.rb.
CANVAS_QUIZ = re.compile(r"(?P<name>.*[^\W\d])(?P<id>\d+)_question_\d+_\d+(?=_|$)")
BLACKBOARD = re.compile(
    r"(?P<assignment>.+)_(?P<name>[^_]+)_attempt_"
    r"(?P<time>\d{4}(?:-\d\d){5})(?=[_.]|$)"
)
INBOUND = re.compile(
    r"(?P<name>[^+]+)\+[^+]+\+(?P<time>\d{4}-\d\d-\d\d \d\d[:_.-]\d\d[:_.-]\d\d\S*)"
)
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)$")
# Canvas' come last: a time, or another platform's assignment, may hold two numbers.
PLATFORMS = {
    "moodle": MOODLE,
    "nbgrader": INBOUND,
    "blackboard": BLACKBOARD,
    "canvas": CANVAS,
    "canvas, anonymous": ANONYMOUS,
    "canvas, quiz": CANVAS_QUIZ,
}
# Folders that hold a class, or the work of one student, and are nobody's name.
OF_CLASS = re.compile(
    r"(class|course|cohort|section|submissions?|submitted|inbound|students|exports?|"
    r"downloads?|archive|abgaben?|all|in)\b.*",
    re.I,
)
OF_WORK = re.compile(
    r"(home ?works?|hw|assignments?|autoencoders?|notebooks?|solutions?|works?|attempt|"
    r"files?|projects?|final|src|code|saved|old|backups?|scratch|copy)[ _\d-]*",
    re.I,
)
OF_LESSON = re.compile(
    r"(^|.*[ _-])(lesson|week|lab|unit|assignment|home ?work|hw|exercise|sheet)"
    r"[ _-]*\d+\b.*|\d{1,2}",
    re.I,
)


@dataclass(frozen=True)
class Owner:
    """Who handed a file in, as far as its place says."""

    student: str
    platform: str = ""
    """Which platform's name it was, such as "moodle"; empty if none."""
    number: str = ""
    """The platform's number of the student, or of the participant."""
    time: str = ""
    """When the attempt was handed in, as the platform writes it; sorts by time."""
    late: bool = False
    rest: str = ""
    """What the student's own part of the place is, from here on."""


def tame(name: str) -> str:
    """Compose letters and accents, as keyboards do; file systems take them apart."""
    return unicodedata.normalize("NFC", name)


def owners(
    paths: Sequence[PurePosixPath],
    lessons: Sequence[str],
    place: str,
    people: Mapping[str, tuple[str, str, str]] | None = None,
) -> list[Owner]:
    """Say whose each file is.

    Parameters
    ----------
    paths : sequence of PurePosixPath
        Relative to the place of all submissions; an archive counts as a folder.
    lessons : sequence of str
        Names of the pack's lessons.
    place : str
        What the place itself is called: a lone student's files may lie in it bare.
    people : mapping, optional
        Gradescope's own list: number of a submission to name and number of a student,
        and when it was handed in.

    Returns
    -------
    list of Owner
        Students of the same name are told apart by the platform's number where one
        export has them both.
    """
    found: dict[int, Owner] = {}
    exports: dict[int, tuple[str, ...]] = {}
    assignment = _of_blackboard(paths)
    for index, path in enumerate(paths):
        for depth, part in enumerate(path.parts):
            owner = _by_platform(part, people or {}, assignment)
            if owner:
                rest = path.parts[depth + 1 :]
                found[index] = replace(owner, rest="/".join(rest) or owner.rest)
                exports[index] = path.parts[:depth]
                break
    rest = [
        (index, path.parts) for index, path in enumerate(paths) if index not in found
    ]
    found |= _by_folders(rest, lessons, place)
    return _told_apart([found[index] for index in range(len(paths))], exports)


def attempt_time(text: str) -> datetime | None:
    """When an attempt was handed in, of what platforms write; local time.

    Blackboard writes local time; nbgrader and Gradescope name the zone, mostly UTC.
    """
    digits = re.match(r"\d{4}(?:[-:_. T]\d\d){5}", text)
    if not digits:
        return None
    try:
        parts = [int(number) for number in re.findall(r"\d+", digits[0])]
        year, month, day, hour, minute, second = parts
        time = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    if re.search(r"UTC|\+00:?00|Z$", text):
        return time.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
    return time


def _of_blackboard(paths: Sequence[PurePosixPath]) -> str:
    """What Blackboard puts before every user name, which may have a _ of its own."""
    found = {
        part[: part.index("_attempt_")]
        for path in paths
        for part in path.parts
        if BLACKBOARD.match(part)
    }
    shared = min(found) if len(found) > 1 else ""
    while not all(each.startswith(shared) for each in found):
        shared = shared[:-1]
    return shared[: shared.rfind("_") + 1]


def _by_platform(
    part: str, people: Mapping[str, tuple[str, str, str]], assignment: str = ""
) -> Owner | None:
    if match := GRADESCOPE.match(part):
        name, number, time = people.get(match["id"], (part, match["id"], ""))
        return Owner(name, "gradescope", number, time or match["id"])
    for platform, pattern in PLATFORMS.items():
        if match := pattern.match(part):
            given = match.groupdict()
            name = given["name"]
            if platform == "blackboard" and assignment and part.startswith(assignment):
                name = part[len(assignment) : part.index("_attempt_")]
            return Owner(
                name.strip(),
                platform.partition(",")[0],
                given.get("id") or "",
                given.get("time") or "",
                bool(given.get("late")),
                part[match.end() :].lstrip("_"),
            )
    return None


def _told_apart(
    given: list[Owner], exports: Mapping[int, tuple[str, ...]]
) -> list[Owner]:
    """Add the number to the names that one export gives to two students."""
    numbers: dict[tuple, set[str]] = defaultdict(set)
    for index, owner in enumerate(given):
        if owner.number and owner.platform != "gradescope":
            numbers[owner.student, exports.get(index, ())].add(owner.number)
    shared = {name for (name, _), several in numbers.items() if len(several) > 1}
    return [
        replace(owner, student=f"{owner.student} {owner.number}")
        if owner.student in shared and owner.number
        else owner
        for owner in given
    ]


def _by_folders(
    files: list[tuple[int, tuple[str, ...]]], lessons: Sequence[str], place: str
) -> dict[int, Owner]:
    """Owners by folders: the first that is neither a class's nor a lesson's."""
    bare = [file for file in files if len(file[1]) == 1]
    tops: dict[str, list] = defaultdict(list)
    for index, parts in files:
        if len(parts) > 1:
            tops[parts[0]].append((index, parts[1:]))
    found = _by_name(bare, lessons, place)
    if _all_of_lessons(tops, lessons) and (len(tops) > 1 or not bare):
        for top, inner in tops.items():
            found |= _by_folders(inner, lessons, top)
    elif len(tops) == 1 and not bare:
        ((top, inner),) = tops.items()
        found |= _one_folder(top, inner, lessons)
    else:
        shared = _assignment(list(tops), lessons)
        for top, inner in tops.items():
            of_class = OF_CLASS.fullmatch(top) and _holds_people(inner, lessons)
            if of_class or _same_file_twice(inner, lessons):
                found |= _by_folders(inner, lessons, top)
                continue
            student = top.removeprefix(shared)
            found |= {index: Owner(student, rest="/".join(p)) for index, p in inner}
    return found


def _one_folder(top: str, inner: list, lessons: Sequence[str]) -> dict[int, Owner]:
    """One folder alone: a student's, or the one in which a class was packed."""
    if _holds_people(inner, lessons) or OF_CLASS.fullmatch(top):
        below = {parts[0] for _, parts in inner if len(parts) > 1}
        if top.lower() == "submitted":  # nbgrader's: a folder a student
            return {i: Owner(p[0], rest="/".join(p[1:])) for i, p in inner}
        if below and not all(_is_work(name, lessons) for name in below):
            return _by_folders(inner, lessons, top)
        names = _by_name([file for file in inner if len(file[1]) == 1], lessons, top)
        if len({owner.student for owner in names.values()}) > 1 and not below:
            return names
    return {index: Owner(top, rest="/".join(parts)) for index, parts in inner}


def _same_file_twice(inner: list, lessons: Sequence[str]) -> bool:
    """Whether folders in a folder hold files of one name, as several people's do."""
    holders: dict[str, set[str]] = defaultdict(set)
    for _, parts in inner:
        if len(parts) > 1 and not _is_work(parts[0], lessons):
            if parts[-1].lower().endswith(".ipynb"):
                holders[parts[-1]].add(parts[0])
        elif len(parts) == 1 and parts[0].lower().endswith(".ipynb"):
            return False
    return any(len(folders) > 1 for folders in holders.values())


def _holds_people(inner: list, lessons: Sequence[str]) -> bool:
    """Whether what lies in a folder looks like several people's."""
    below = {parts[0] for _, parts in inner if len(parts) > 1}
    bare = [parts[0] for _, parts in inner if len(parts) == 1]
    notebooks = [name for name in bare if name.lower().endswith(".ipynb")]
    if notebooks:
        named = {_before(name, lessons) for name in notebooks} - {""}
        return len(named) > 1 and not below
    return any(not _is_work(name, lessons) for name in below)


def _is_work(name: str, lessons: Sequence[str]) -> bool:
    return bool(
        OF_WORK.fullmatch(name)
        or OF_LESSON.fullmatch(name)
        or any(lesson in name for lesson in lessons)
    )


def _all_of_lessons(tops: Mapping, lessons: Sequence[str]) -> bool:
    return bool(tops) and all(
        OF_LESSON.fullmatch(top) or any(lesson in top for lesson in lessons)
        for top in tops
    )


def _assignment(tops: list[str], lessons: Sequence[str]) -> str:
    """What GitHub Classroom puts before each student's name: "autoencoders-"."""
    if len(tops) < 2:
        return ""
    shared = min(tops)
    while not all(top.startswith(shared) for top in tops):
        shared = shared[:-1]
    shared = shared[: shared.rfind("-") + 1]
    return shared if shared and _is_work(shared.rstrip("-"), lessons) else ""


def _by_name(
    bare: list[tuple[int, tuple[str, ...]]], lessons: Sequence[str], place: str
) -> dict[int, Owner]:
    """Owners of files that lie in no folder of anybody's: "ada_03_topic.ipynb"."""
    return {
        index: Owner(_before(parts[0], lessons) or place, rest=parts[0])
        for index, parts in bare
    }


def _before(name: str, lessons: Sequence[str]) -> str:
    """What stands before the lesson in a file's name; all of it if there is none."""
    stem = re.sub(r"(\.(ipynb|json|txt|zip))+$", "", name, flags=re.I)
    for lesson in lessons:
        if lesson.lower() in stem.lower():
            return stem[: stem.lower().index(lesson.lower())].strip("_- ")
    number = re.search(r"(?<!\d)(\d\d)(?!\d)", stem)
    if number and any(lesson.startswith(number[1]) for lesson in lessons):
        return stem[: number.start()].strip("_- ")
    return stem.strip("_- ")
