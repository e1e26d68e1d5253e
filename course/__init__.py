"""What runs, derives and grades the lessons. No notebook imports this package."""

import secrets
from pathlib import Path


class CourseError(Exception):
    """Something the user can put right; the message says what, where and how."""


def pack_root() -> Path:
    """Find the folder that holds ``solutions/``, ``notebooks/`` and this package."""
    return Path(__file__).resolve().parents[1]


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
