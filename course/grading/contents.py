"""What one file is: a notebook, of which lesson, with anything written in it, a copy?

What is inside decides; a file's name only helps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbgrader.utils import is_solution

from course import pack_root
from course.grading.files_in import EMPTY, File
from course.grading.owners import Owner
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
OF_CLASS = re.compile(
    r"readme|grades|instructions|rubric|submission_metadata|index", re.I
)
# A notebook's first byte: {, or a mark of UTF-8 or UTF-16 before it.
_OPENING = (b"{", b"\xef", b"\xff", b"\xfe", b"\x00")


@dataclass(frozen=True)
class Look:
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


def look_into(file: File, owner: Owner, lessons: Sequence[str]) -> Look:
    """Look into a file: a notebook, of which lesson, with anything written in it?"""
    name = file.path.name.lower()
    meant = name.endswith((".ipynb", ".ipynb.json", ".ipynb.txt")) or ".ipynb" in name
    by_name = lesson_in_name(owner.rest, lessons) or lesson_in_name(name, lessons)
    if file.of_system:
        return Look(file, owner)
    if file.problem or not (meant or file.content.lstrip()[:1] in _OPENING):
        return Look(file, owner, by_name if meant else "", meant)
    try:
        notebook = parse(file.content)
    except UnreadableError:
        return Look(file, owner, by_name if meant else "", meant)
    lesson = lesson_of(notebook, lessons, pack_root())
    cells = [cell for cell in notebook.cells if is_solution(cell) and grade_id(cell)]
    lost = lesson and not cells  # all metadata gone: something has been saved in it
    written = sum(not untouched(cell) for cell in cells) or int(bool(lost))
    if not notebook.cells:
        lesson, written = "", 0
    return Look(file, owner, lesson or by_name, True, written, bool(lesson))


def rank(look: Look) -> tuple:
    """Sorts what counts last: read, written in, the later attempt, its own name."""
    own = _own_name(look)
    again = re.search(r"(?:-| \(|\()(\d{1,6})\)?$", own)
    number = int(again[1]) if again else 0
    attempt = number if again and again[0].startswith("-") else 0
    return (
        look.file.problem is None,
        look.written > 0,
        look.owner.time,
        not is_copy(look),
        bool(look.lesson) and look.lesson.lower() in own.lower(),
        attempt,
        look.known,
        look.written,
        str(look.file.path.parent),
        own[: again.start()] if again else own,
        number,
    )


def _own_name(look: Look) -> str:
    return re.sub(r"(\.(ipynb|json|txt))+$", "", look.file.path.name, flags=re.I)


def is_copy(look: Look) -> bool:
    """Whether its name, or a folder in the student's own part, calls it a copy."""
    *folders, _ = look.owner.rest.split("/")
    return any(COPY.search(part) for part in (*folders, _own_name(look)))


def is_somebodys(look: Look) -> bool:
    """Whether a file without a notebook beside it stands for a student."""
    if look.owner.platform or look.file.problem not in (None, EMPTY):
        return True
    if OF_CLASS.match(look.file.path.name):
        return False
    # A bare file is somebody's where its kind is handed in, and not kept for a class.
    handed_in = look.file.path.suffix.lower() in BARE and not look.file.of_system
    return len(look.file.place.parts) > 1 or handed_in


def is_empty(look: Look) -> bool:
    """Whether it only says that a folder was there, with nothing in it."""
    return look.file.problem == EMPTY


def kind(look: Look) -> str:
    """What people call such a file, or what is wrong with it."""
    if look.file.problem or look.file.of_system:
        return look.file.problem or OF_SYSTEM
    suffix = look.file.path.suffix.lower()
    return KINDS.get(suffix, f"a {suffix} file" if suffix else "no notebook")
