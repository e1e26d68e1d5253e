"""Files and folders: whole writes, JSON, names, templates, and how many cores."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import math
import os
import re
import secrets
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from course import CourseError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, never half.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    content : bytes

    Raises
    ------
    OSError
        If it cannot be written. An old file is then as it was.
    """
    # A name of its own: two processes may write the same file at once.
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_zip(path: Path, members: Iterable[tuple[str, bytes, bool]]) -> None:
    """Write a zip file, whole. The same members make the same bytes.

    Parameters
    ----------
    path : Path
        Ends in ``.zip``. Its folder is made if missing.
    members : iterable of (str, bytes, bool)
        Place in the archive, content, and whether it is a program.

    Raises
    ------
    CourseError
        If the name is of no zip file, or the file cannot be written.
    """
    if path.suffix.lower() != ".zip":
        raise CourseError(
            f"This command takes a zip file; call {path.name} {path.stem}.zip."
        )
    make_writable(path.resolve().parent)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, data, executable in members:
            member = zipfile.ZipInfo(place)  # of 1980: no time of today
            mode = 0o755 if executable else 0o644
            member.external_attr = (stat.S_IFREG | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    try:
        write_whole(path, content.getvalue())
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole."""
    text = json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


def _finite(value: Any) -> Any:
    """Replace numbers that JSON lacks (NaN, infinity) by null, at any depth."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def make_writable(folder: Path) -> None:
    """Make a folder and see that it can be written, or say that it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CourseError(
            f"The folder {folder} cannot be written: {error.strerror or error}. "
            "Choose another place for the output."
        ) from error


def file_name(text: str) -> str:
    """A name that is safe for a file, and that no two students share."""
    tame = re.sub(r"[^\w-]+", "-", text, flags=re.ASCII).strip("-")[:60]
    if tame == text:
        return tame
    return f"{tame or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


@functools.cache
def templates(folder: Path) -> Environment:
    """The pages' templates in a folder, compiled once; what is filled in is escaped."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
