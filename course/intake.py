"""Find submissions in a folder, or in the zip file of a learning platform."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course import CourseError
from course.submission import LARGEST

# "Jane Doe_12345_assignsubmission_file_" is Moodle's name for a student's folder,
# "doejane_LATE_123_456_03_topic-1.ipynb" Canvas's for a student's file.
MOODLE = re.compile(r"(.+?)_\d+_assignsubmission_\w+?_?$")
CANVAS = re.compile(r"([^_]+)(?:_LATE)?_\d+_\d+_$")
HIDDEN = (".ipynb_checkpoints", "__MACOSX")


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
        the last one by name counts (Canvas numbers them -1, -2).

    Raises
    ------
    CourseError
        If there is no such place, or nothing in it.
    """
    if not place.exists():
        raise CourseError(f"There is nothing at {place}. Name a folder or a zip file.")
    if place.is_dir():
        files = _in_folder(place)
    elif place.suffix == ".zip":
        files = _in_zip(place.read_bytes(), PurePosixPath())
    else:
        raise CourseError(f"{place} is neither a folder nor a zip file.")
    latest: dict[tuple[str, str], Submission] = {}
    for path, content, problem in files:
        if path.suffix != ".ipynb" and not problem:
            continue
        student, lesson = _whose(path, lessons)
        if not problem and len(content) > LARGEST:
            problem, content = f"the file has {len(content) >> 20} MiB", b""
        key = (student, lesson or str(path))
        latest[key] = Submission(student, lesson, str(path), content, problem)
    if not latest:
        raise CourseError(
            f"There is no notebook in {place}. Expected: STUDENT/NN_topic.ipynb, or "
            "the zip file of your learning platform."
        )
    return [latest[key] for key in sorted(latest)]


def _in_folder(root: Path) -> Iterator[tuple[PurePosixPath, bytes, str | None]]:
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if name not in HIDDEN)
        for name in sorted(names):
            path = Path(folder, name)
            where = PurePosixPath(path.relative_to(root).as_posix())
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode):
                if path.suffix == ".ipynb":
                    yield where, b"", "it is a link or a device, not a file"
            elif path.suffix == ".zip":
                yield from _in_zip(path.read_bytes(), where.with_suffix(""))
            elif path.suffix == ".ipynb":
                size = path.stat().st_size
                if size > LARGEST:
                    yield where, b"", f"the file has {size >> 20} MiB"
                else:
                    yield where, path.read_bytes(), None


def _in_zip(
    content: bytes, inside: PurePosixPath
) -> Iterator[tuple[PurePosixPath, bytes, str | None]]:
    """Members of an archive, in memory; `inside` is where the archive lies."""
    named = inside if inside.parts else PurePosixPath("archive.zip")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        yield named, b"", f"the zip file is damaged ({error})"
        return
    for member in sorted(archive.infolist(), key=lambda each: each.filename):
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if member.is_dir() or set(path.parts) & set(HIDDEN):
            continue
        if path.is_absolute() or ".." in path.parts:
            tame = PurePosixPath(*[part for part in path.parts if part.strip("./")])
            yield inside / tame, b"", "its path leads out of the zip file"
        elif path.suffix not in (".ipynb", ".zip"):
            continue
        elif member.file_size > LARGEST:
            yield inside / path, b"", f"the file has {member.file_size >> 20} MiB"
        else:
            try:
                with archive.open(member) as file:
                    data = file.read(LARGEST + 1)
            except (zipfile.BadZipFile, RuntimeError, OSError, EOFError) as error:
                yield inside / path, b"", f"it cannot be unpacked ({error})"
                continue
            if path.suffix == ".ipynb":
                yield inside / path, data, None
            elif not inside.parts:  # a student's own zip file, but no zip in a zip in
                yield from _in_zip(data, path.with_suffix(""))


def _whose(path: PurePosixPath, lessons: Sequence[str]) -> tuple[str, str]:
    """Student and lesson, from where a file lies and what it is called."""
    stem = path.stem
    lesson = next((name for name in lessons if name in stem), "")
    if not lesson:
        number = re.search(r"(?<!\d)(\d\d)(?!\d)", stem)
        fitting = [name for name in lessons if number and name.startswith(number[1])]
        lesson = fitting[0] if fitting else ""
    if len(path.parts) > 1:
        folder = path.parts[0]
        flat = CANVAS.fullmatch(folder.partition(lesson or "\0")[0])
        match = MOODLE.fullmatch(folder) or flat
        return (match[1] if match else folder), lesson
    before = stem.partition(lesson)[0] if lesson and lesson in stem else stem
    match = CANVAS.fullmatch(before)
    return (match[1] if match else before.strip("_- ") or stem), lesson
