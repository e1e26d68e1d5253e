"""Every file below a place, archives opened in memory; a bad one says why it is bad."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from course.grading.owners import tame
from course.notebook import LARGEST

DEEPEST = 8  # zips in zips
MOST_BYTES = 4 * 2**30  # of all that is read
# A notebook shrinks to a third or a tenth, one full of pictures not at all.
DENSEST = 200
SYSTEM = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".git")
SYSTEM += (".ipynb_checkpoints", "__pycache__", ".venv", ".pytest_cache")
READ = (".ipynb", ".json", ".txt", ".yml", ".yaml", "")


@dataclass(frozen=True)
class File:
    """One file, wherever it lay."""

    path: PurePosixPath
    """Relative to the place; an archive counts as a folder."""
    content: bytes = b""
    """Empty where it was not read, as of a picture."""
    problem: str | None = None
    """Why it could not be read."""
    time: datetime | None = None
    """When it was written, if the place says so."""

    @property
    def of_system(self) -> bool:
        """Whether an operating system or a tool left it, and no student."""
        parts = self.path.parts
        return bool(set(parts) & set(SYSTEM)) or self.path.name.startswith(("._", "~$"))

    @property
    def place(self) -> PurePosixPath:
        """Where it lay, without the folders that systems make."""
        *folders, name = self.path.parts
        return PurePosixPath(*(each for each in folders if each not in SYSTEM), name)


def files_in(place: Path) -> Iterator[File]:
    """Read a folder or a zip file. Nothing is unpacked to the disk.

    Parameters
    ----------
    place : Path

    Yields
    ------
    File
        Also those that no one can use, and empty folders (their path ends so).
    """
    if place.is_dir():
        yield from _in_folder(place)
    else:
        yield from _Archives().open(place, PurePosixPath(), 0)


def _in_folder(root: Path) -> Iterator[File]:
    archives = _Archives()
    for folder, inner, names in os.walk(root):
        links = [name for name in inner if Path(folder, name).is_symlink()]
        inner[:] = sorted(inner)
        for name in sorted([*names, *links]):
            path = Path(folder, name)
            where = _path(os.fsencode(path.relative_to(root)).decode(errors="replace"))
            try:
                status = path.lstat()
                if not stat.S_ISREG(status.st_mode):
                    yield File(where, problem="it is a link or a device, not a file")
                    continue
                time = datetime.fromtimestamp(status.st_mtime)
                if File(where).of_system:
                    yield File(where, time=time)
                elif path.suffix.lower() == ".zip":
                    yield from archives.open(path, where.with_suffix(""), 0)
                elif path.suffix.lower() not in READ:
                    yield File(where, time=time)
                elif status.st_size > LARGEST:
                    yield File(where, problem=_too_large(status.st_size))
                else:
                    yield File(where, path.read_bytes(), time=time)
            except OSError as error:
                yield File(where, problem=f"it cannot be read ({error.strerror})")
        if not names and not inner and Path(folder) != root:
            relative = os.fsencode(Path(folder).relative_to(root))
            yield File(_path(relative.decode(errors="replace")), problem=EMPTY)


EMPTY = "the folder is empty"


class _Archives:
    """Zip files in zip files, with one limit for all that is read of them."""

    def __init__(self) -> None:
        self.left = MOST_BYTES

    def open(
        self, source: Path | io.BytesIO, inside: PurePosixPath, depth: int
    ) -> Iterator[File]:
        """Members of an archive; `inside` is where the archive lies."""
        named = inside if inside.parts else PurePosixPath("archive.zip")
        try:
            archive = zipfile.ZipFile(source)
            members = archive.infolist()
        except Exception as error:  # noqa: BLE001 (a damaged one raises anything)
            yield File(named, problem=f"the zip file is damaged ({error})")
            return
        with archive:
            holding = {parent for each in members for parent in _parents(each)}
            for member in members:
                if member.is_dir():
                    if _path(_name(member)) not in holding:
                        yield File(inside / _path(_name(member)), problem=EMPTY)
                    continue
                yield from self._member(archive, member, inside, depth)
        if not members:
            yield File(named, problem="the zip file is empty")

    def _member(
        self,
        archive: zipfile.ZipFile,
        member: zipfile.ZipInfo,
        inside: PurePosixPath,
        depth: int,
    ) -> Iterator[File]:
        path = _path(_name(member))
        tame_parts = [part for part in path.parts if part.strip("./")]
        where = inside.joinpath(*(tame_parts or ["unnamed"]))
        suffix = path.suffix.lower()
        if problem := _problem(member, path):
            yield File(where, problem=problem)
            return
        if File(where).of_system or suffix not in (*READ, ".zip"):
            yield File(where, time=_time(member))
            return
        if self.left < member.file_size:
            yield File(where, problem="all files together are too large to read")
            return
        try:
            with archive.open(member) as file:
                data = file.read(LARGEST + 1)
        except Exception as error:  # noqa: BLE001 (a damaged one raises anything)
            yield File(where, problem=f"it cannot be unpacked ({error})")
            return
        self.left -= len(data)
        if suffix != ".zip":
            yield File(where, data, time=_time(member))
        elif depth >= DEEPEST:
            yield File(where, problem=f"zip files are nested more than {DEEPEST} deep")
        else:
            yield from self.open(io.BytesIO(data), where.with_suffix(""), depth + 1)


def _name(member: zipfile.ZipInfo) -> str:
    """A member's name; Finder writes UTF-8 and does not say so."""
    name = member.filename.replace("\\", "/")
    if not member.flag_bits & 0x800 and not name.isascii():
        try:
            return name.encode("cp437").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return name
    return name


def _parents(member: zipfile.ZipInfo) -> tuple[PurePosixPath, ...]:
    return tuple(_path(_name(member)).parents)


def _time(member: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*member.date_time)
    except ValueError:
        return None


def _problem(member: zipfile.ZipInfo, path: PurePosixPath) -> str | None:
    """Why a member of an archive is not even unpacked."""
    if path.is_absolute() or ".." in path.parts:
        return "its path leads out of the zip file"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link, not a file"
    if path.suffix.lower() not in (*READ, ".zip"):
        return None
    if member.flag_bits & 0x1:
        return "it is protected by a password"
    if member.file_size > LARGEST:
        return _too_large(member.file_size)
    if member.file_size > max(2**20, DENSEST * member.compress_size):
        return "it is compressed more than any notebook could be (a zip bomb?)"
    return None


def _too_large(size: int) -> str:
    return f"the file has {size >> 20} MiB"


def _path(name: str) -> PurePosixPath:
    """A path whose every character can be written down, in one way only."""
    return PurePosixPath(tame(name.encode("utf-8", "replace").decode()))
