"""What runs, derives and grades the lessons. No notebook imports this package."""

from pathlib import Path


class CourseError(Exception):
    """Something the user can fix; the message says what, where and how."""


def pack_root() -> Path:
    """Find the folder that holds ``solutions/``, ``notebooks/`` and this package."""
    return Path(__file__).resolve().parents[1]
