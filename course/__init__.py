"""What runs, derives and grades the lessons. No notebook imports this package."""

import sys
from pathlib import Path

# jsonschema, which checks notebooks, would build a grammar for the addresses of RFC
# 3987 as it is imported, a third of a command's start. No notebook asks for one.
sys.modules.setdefault("rfc3987_syntax", None)  # ty: ignore[no-matching-overload]


class CourseError(Exception):
    """Something the user can fix; the message says what, where and how."""


def pack_root() -> Path:
    """Find the folder that holds ``solutions/``, ``notebooks/`` and this package."""
    return Path(__file__).resolve().parents[1]
