"""Find submissions in a folder, or in the zip file of a learning platform."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course import CourseError
from course.handout.release import SAVED
from course.notebook import LARGEST

# What learning platforms put before a student's file, or call a student's folder:
# "Jane Doe_12345_assignsubmission_file_" (Moodle), "doejane_LATE_123_456_" (Canvas).
PLATFORM = re.compile(
    r"(?P<moodle>.+?)_(?P<participant>\d+)_assignsubmission_[a-z]+(?:_|$)"
    r"|(?P<canvas>[^_]+)_(?:LATE_)?(?P<user>\d+)_\d+(?:_|$)"
)
File = tuple[PurePosixPath, bytes, str | None]  # where, content, problem
HIDDEN = (".ipynb_checkpoints", "__MACOSX")
TAKEN = (".ipynb", ".zip")
# A notebook shrinks to a third or a tenth, one full of pictures not at all.
DENSEST = 200


@dataclass(frozen=True)
class Submission:
    """One file that a student handed in."""

    student: str
    lesson: str
    """Name of the lesson; empty if the file's name says none."""
    name: str
    """Where it was found."""
    content: bytes
    problem: str | None = None
    """Why it could not be taken; the content is then empty."""


def find(place: Path, lessons: Sequence[str]) -> list[Submission]:
    """Read what was handed in. Nothing is unpacked to the disk.

    Parameters
    ----------
    place : Path
        A folder with ``<student>/<lesson>.ipynb``, a folder or a zip file with files
        named after student and lesson, or with a folder or a zip file a student.
    lessons : sequence of str
        Names of the pack's lessons.

    Returns
    -------
    list of Submission
        Sorted by student and lesson. Of several files of a student for one lesson
        the last one by name counts (Canvas numbers them -1, -2). Students of the same
        name are told apart by the learning platform's number, if it gives one.

    Raises
    ------
    CourseError
        If there is no such place, or nothing in it.
    """
    if not place.exists():
        raise CourseError(f"There is nothing at {place}. Name a folder or a zip file.")
    if place.is_dir():
        found = _in_folder(place)
    elif place.suffix.lower() == ".zip":
        found = _in_zip(place, PurePosixPath())
    else:
        raise CourseError(f"{place} is neither a folder nor a zip file.")
    files = _without_folder_of_all(list(found), lessons)
    # Of a student's files for one lesson the last counts: rather the notebook than a
    # copy that `course reset` has kept, rather a file that names its lesson itself.
    files.sort(
        key=lambda file: (
            SAVED not in file[0].parts,
            _lesson_in(file[0], lessons)[0] > "",
            _order(file),
        )
    )
    owners = [whose(path, lessons) for path, _, _ in files]
    namesakes: dict[str, set[str]] = defaultdict(set)
    for student, number, _ in owners:
        namesakes[student].add(number)
    latest: dict[tuple[str, str], Submission] = {}
    for (path, content, problem), owner in zip(files, owners, strict=True):
        student, number, lesson = owner
        student = student or path.stem or "unknown"
        if len(namesakes[owner[0]]) > 1 and number:
            student += f" {number}"
        key = (student, lesson or str(path))
        latest[key] = Submission(student, lesson, str(path), content, problem)
    if not latest:
        raise CourseError(
            f"There is no notebook in {place}. Expected: STUDENT/NN_topic.ipynb, or "
            "the zip file of your learning platform."
        )
    return [latest[key] for key in sorted(latest)]


def _order(file: File) -> tuple[PurePosixPath, str, int]:
    """Sort by name, and "a-10" and "a (10)" behind "a-2", that behind "a"."""
    again = re.search(r"(?:-| \()(\d{1,6})\)?$", file[0].stem)
    base = file[0].stem[: again.start()] if again else file[0].stem
    return file[0].parent, base, int(again[1]) if again else 0


def _without_folder_of_all(files: list[File], lessons: Sequence[str]) -> list[File]:
    """Leave out the one folder that a class was put in before it was zipped.

    A folder is a student's where all in it lies in one folder more (nbgrader's
    ``submitted/STUDENT/ASSIGNMENT``), or in folders that are called after lessons.
    """
    tops = {path.parts[:1] for path, _, _ in files}
    inner = [PurePosixPath(*path.parts[1:]) for path, _, _ in files]
    packed = all(
        len(path.parts) > 1 or (path.parts and PLATFORM.match(path.name))
        for path in inner
    )
    if len(files) < 2 or len(tops) > 1 or not packed:
        return files
    ((top,),) = tops
    below = {path.parts[0] for path in inner}
    of_lessons = all(any(name in folder for name in lessons) for folder in below)
    students = top == "submitted" or any(map(PLATFORM.match, below))
    if PLATFORM.match(top) or (not students and (len(below) == 1 or of_lessons)):
        return files
    return [(path, *file[1:]) for path, file in zip(inner, files, strict=True)]


def _in_folder(root: Path) -> Iterator[File]:
    for folder, inner, names in os.walk(root):
        links = [name for name in inner if Path(folder, name).is_symlink()]
        inner[:] = [name for name in inner if name not in HIDDEN]
        for name in [*names, *links]:
            path = Path(folder, name)
            where = _path(os.fsencode(path.relative_to(root)).decode(errors="replace"))
            if path.suffix.lower() not in TAKEN and name not in links:
                continue
            try:
                status = path.lstat()
                if not stat.S_ISREG(status.st_mode):
                    yield where, b"", "it is a link or a device, not a file"
                elif path.suffix.lower() == ".zip":
                    yield from _in_zip(path, where.with_suffix(""))
                elif status.st_size > LARGEST:
                    yield where, b"", _too_large(status.st_size)
                else:
                    yield where, path.read_bytes(), None
            except OSError as error:
                yield where, b"", f"it cannot be read ({error.strerror})"


def _in_zip(source: Path | io.BytesIO, inside: PurePosixPath) -> Iterator[File]:
    """Members of an archive, in memory; `inside` is where the archive lies."""
    named = inside if inside.parts else PurePosixPath("archive.zip")
    try:
        archive = zipfile.ZipFile(source)
    except Exception as error:  # noqa: BLE001 (a damaged one raises anything)
        yield named, b"", f"the zip file is damaged ({error})"
        return
    with archive:
        for member in archive.infolist():
            path = _path(member.filename.replace("\\", "/"))
            if member.is_dir() or set(path.parts) & set(HIDDEN):
                continue
            problem = _problem(member, path)
            if problem:
                tame = [part for part in path.parts if part.strip("./")]
                yield inside.joinpath(*tame), b"", problem
                continue
            if path.suffix.lower() not in TAKEN:
                continue
            try:
                with archive.open(member) as file:
                    data = file.read(LARGEST + 1)
            except Exception as error:  # noqa: BLE001 (as above)
                yield inside / path, b"", f"it cannot be unpacked ({error})"
                continue
            if path.suffix.lower() == ".ipynb":
                yield inside / path, data, None
            elif not inside.parts:  # a student's own zip file, but no zip in a zip in
                yield from _in_zip(io.BytesIO(data), path.with_suffix(""))


def _problem(member: zipfile.ZipInfo, path: PurePosixPath) -> str | None:
    """Why a member of an archive is not even unpacked."""
    if path.is_absolute() or ".." in path.parts:
        return "its path leads out of the zip file"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link, not a file"
    if path.suffix.lower() not in TAKEN:
        return None
    if member.file_size > LARGEST:
        return _too_large(member.file_size)
    if member.file_size > max(2**20, DENSEST * member.compress_size):
        return "it is packed more densely than any notebook (a zip bomb?)"
    return None


def _too_large(size: int) -> str:
    return f"the file has {size >> 20} MiB"


def _path(name: str) -> PurePosixPath:
    """A path whose every character can be written down."""
    return PurePosixPath(name.encode("utf-8", "replace").decode())


def whose(path: PurePosixPath, lessons: Sequence[str]) -> tuple[str, str, str]:
    """Say who handed in what, from where a file lies and what it is called.

    Parameters
    ----------
    path : PurePosixPath
        Relative to the place of all submissions.
    lessons : sequence of str
        Names of the pack's lessons.

    Returns
    -------
    student, number, lesson : str
        The number is the learning platform's. Each is empty if nothing says it.
    """
    prefix = PLATFORM.match(_stem(path))
    lesson, before = _lesson_in(path, lessons)
    told = (
        name
        for folder in reversed(path.parts[1:-1])
        for name in lessons
        if name in folder or re.match(rf"{name[:2]}(?!\d)", folder)
    )
    lesson = lesson or next(told, "")
    if len(path.parts) > 1:
        before = path.parts[0]
        prefix = PLATFORM.match(before)
    if prefix:
        student = prefix["moodle"] or prefix["canvas"]
        return student, prefix["participant"] or prefix["user"], lesson
    return before.strip("_- "), "", lesson


def _stem(path: PurePosixPath) -> str:
    return path.stem if path.suffix.lower() in TAKEN else path.name


def _lesson_in(path: PurePosixPath, lessons: Sequence[str]) -> tuple[str, str]:
    """The lesson that a file's own name says, or "", and what stands before it."""
    rest = _stem(path)
    if prefix := PLATFORM.match(rest):
        rest = rest[prefix.end() :]
    for name in lessons:
        if name in rest:
            return name, rest.partition(name)[0]
    number = re.search(r"(?<!\d)(\d\d)(?!\d)", rest)
    for name in lessons:
        if number and name.startswith(number[1]):
            return name, rest[: number.start()]
    return "", rest
