"""What a class handed in: as many students out as in, and nothing left out in silence.

What is inside decides which lesson a notebook is; a file's name only helps.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import yaml
from nbgrader.utils import is_solution

from course import CourseError, pack_root
from course.grading.files_in import EMPTY, File, files_in
from course.grading.owners import Owner, attempt_time, owners
from course.lessons import lesson_in_name, lesson_of
from course.notebook import UnreadableError, grade_id, parse, untouched

# Words by which people call what is not the notebook itself.
COPY = re.compile(
    r"[ _-]*copy\s*\d*$|^copy of |kopie|\(\d+\)$|back-?up|\bbak\b|_bak\b|\bold\b|_old\b"
    r"|checkpoint|~$|^saved$|^scratch$|^tmp$|^drafts?$|^archive$|\btest\b",
    re.I,
)
KINDS = {
    ".pdf": "a PDF",
    ".html": "a web page",
    ".htm": "a web page",
    ".py": "a Python file",
    ".rar": "a RAR archive, which is not opened",
    ".7z": "a 7z archive, which is not opened",
    ".tar": "a tar archive, which is not opened",
    ".gz": "a tar archive, which is not opened",
    ".docx": "a Word document",
    ".doc": "a Word document",
    ".txt": "a text",
    ".json": "JSON, but not a notebook",
}
BARE = (".pdf", ".py", ".rar", ".7z", ".tar", ".gz", ".doc", ".docx", ".html", ".htm")
OF_SYSTEM = "left there by the operating system"
OF_NBGRADER = "nbgrader's own, beside what was submitted"
OF_CLASS = re.compile(
    r"readme|grades|instructions|rubric|submission_metadata|index", re.I
)


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


@dataclass(frozen=True)
class _Look:
    """A file, whose it is, and what is in it."""

    file: File
    owner: Owner
    lesson: str = ""
    notebook: bool = False
    """Whether it is one, or is meant to be."""
    written: int = 0
    """Answers that are not as they were handed out."""
    known: bool = False
    """Whether the lesson was found in it, not only in its name."""


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
        _look(file, owner, lessons) for file, owner in zip(taken, whose, strict=True)
    ]
    mine: dict[str, list[_Look]] = defaultdict(list)
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
    looks = [_look(file, Owner("", rest=str(file.path)), lessons) for file in files]
    _sort_out("", looks, handed)
    return handed


def _look(file: File, owner: Owner, lessons: Sequence[str]) -> _Look:
    """Look into a file: a notebook, of which lesson, with anything written in it?"""
    name = file.path.name.lower()
    meant = name.endswith((".ipynb", ".ipynb.json", ".ipynb.txt")) or ".ipynb" in name
    by_name = lesson_in_name(owner.rest, lessons) or lesson_in_name(name, lessons)
    if file.of_system:
        return _Look(file, owner)
    if file.problem or not (meant or file.content.lstrip()[:1] in _OPENING):
        return _Look(file, owner, by_name if meant else "", meant)
    try:
        notebook = parse(file.content)
    except UnreadableError:
        return _Look(file, owner, by_name if meant else "", meant)
    lesson = lesson_of(notebook, lessons, pack_root())
    cells = [cell for cell in notebook.cells if is_solution(cell) and grade_id(cell)]
    lost = lesson and not cells  # all metadata gone: something has been saved in it
    written = sum(not untouched(cell) for cell in cells) or int(bool(lost))
    if not notebook.cells:
        lesson, written = "", 0
    return _Look(file, owner, lesson or by_name, True, written, bool(lesson))


# A notebook's first byte: {, or a mark of UTF-8 or UTF-16 before it.
_OPENING = (b"{", b"\xef", b"\xff", b"\xfe", b"\x00")


def _sort_out(student: str, looks: list[_Look], handed: Handed) -> None:
    """Choose what counts of one student's files; account for every other one."""
    notebooks = [look for look in looks if look.notebook]
    lessons: dict[str, list[_Look]] = defaultdict(list)
    for look in notebooks:
        lessons[look.lesson].append(look)
    nameless = lessons.pop("", [])
    filled = {
        lesson for lesson, them in lessons.items() if any(t.written for t in them)
    }
    rows: dict[str, list[str]] = {}
    aside: list[tuple[_Look, str]] = []
    for lesson, them in sorted(lessons.items()):
        them.sort(key=_rank)
        best = them[-1]
        if filled and lesson not in filled and _is_copy(best):
            aside += [(look, "nothing is written in it") for look in them]
            continue
        aside += [(look, _why_aside(look, best)) for look in them[:-1]]
        rows[lesson] = [_note(look, _why_aside(look, best)) for look in them[:-1]]
        handed.submissions.append(_submission(student, best))
        if best.file.problem:
            handed.with_reason.append((student, str(best.file.path), best.file.problem))
    others = [look for look in looks if not look.notebook]
    if rows or nameless:
        aside += [(look, _not_one(look)) for look in others if not _empty(look)]
    if nameless:
        if rows:
            aside += [(look, "nothing in it belongs to a lesson") for look in nameless]
        else:
            nameless.sort(key=_rank)
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


def _without_notebook(student: str, looks: list[_Look], handed: Handed) -> None:
    """One row for a student of whom there is no notebook, unless they are nobody's."""
    real = [look for look in looks if not _empty(look)]
    if not any(_is_somebodys(look) for look in looks):
        why = "it belongs to no student"
        handed.aside += [("", str(look.file.path), why) for look in real]
        return
    named = ", ".join(f"{look.file.path.name} ({_kind(look)})" for look in real[:5])
    more = f" and {len(real) - 5} more" if len(real) > 5 else ""
    why = f"there is no notebook: {named}{more}" if real else "the folder is empty"
    problem = next((look.file.problem for look in real if look.file.problem), None)
    first = (real or looks)[0]
    handed.submissions.append(
        _submission(student, first, problem if problem and len(real) == 1 else why)
    )
    handed.with_reason += [(student, str(look.file.path), why) for look in real]


def _is_somebodys(look: _Look) -> bool:
    """Whether a file without a notebook beside it stands for a student."""
    if look.owner.platform or look.file.problem not in (None, EMPTY):
        return True
    if OF_CLASS.match(look.file.path.name):
        return False
    # A bare file is somebody's where its kind is handed in, and not kept for a class.
    handed_in = look.file.path.suffix.lower() in BARE and not look.file.of_system
    return len(look.file.place.parts) > 1 or handed_in


def _not_one(look: _Look) -> str:
    return OF_SYSTEM if look.file.of_system else "it is not a notebook"


def _empty(look: _Look) -> bool:
    return look.file.problem == EMPTY


def _kind(look: _Look) -> str:
    if look.file.problem or look.file.of_system:
        return look.file.problem or OF_SYSTEM
    suffix = look.file.path.suffix.lower()
    return KINDS.get(suffix, f"a {suffix} file" if suffix else "no notebook")


def _submission(student: str, look: _Look, problem: str | None = None) -> Submission:
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


def _rank(look: _Look) -> tuple:
    """Sorts what counts last: read, written in, the later attempt, its own name."""
    own = _own_name(look)
    again = re.search(r"(?:-| \(|\()(\d{1,6})\)?$", own)
    number = int(again[1]) if again else 0
    attempt = number if again and again[0].startswith("-") else 0
    return (
        look.file.problem is None,
        look.written > 0,
        look.owner.time,
        not _is_copy(look),
        bool(look.lesson) and look.lesson.lower() in own.lower(),
        attempt,
        look.known,
        look.written,
        str(look.file.path.parent),
        own[: again.start()] if again else own,
        number,
    )


def _own_name(look: _Look) -> str:
    return re.sub(r"(\.(ipynb|json|txt))+$", "", look.file.path.name, flags=re.I)


def _is_copy(look: _Look) -> bool:
    """Whether its name, or a folder in the student's own part, calls it a copy."""
    *folders, _ = look.owner.rest.split("/")
    return any(COPY.search(part) for part in (*folders, _own_name(look)))


def _why_aside(look: _Look, best: _Look) -> str:
    if look.owner.time != best.owner.time and look.owner.time < best.owner.time:
        return f"an earlier attempt ({look.owner.time}); the later one counts"
    if look.file.problem:
        return look.file.problem
    if best.written and not look.written:
        return "nothing is written in it"
    return f"another notebook of this lesson; {best.file.path.name} counts"


def _note(look: _Look, why: str) -> str:
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
        if file.path.name != "submission_metadata.yml":
            continue
        try:
            listed = yaml.safe_load(file.content)
        except yaml.YAMLError:
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
