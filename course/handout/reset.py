"""Put a notebook back as it was handed out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from course import CourseError
from course.files import write_whole
from course.handout.release import keep_copy, student_version
from course.handout.students import package_address, with_fetch
from course.lessons import find_notebook


def reset(name: str, now: datetime | None = None) -> tuple[Path, Path | None]:
    """Put a notebook back as it was handed out; keep what was written in it.

    Parameters
    ----------
    name : str
        As for :func:`course.lessons.find_notebook`.
    now : datetime, optional
        Goes into the copy's name.

    Returns
    -------
    notebook, copy : Path
        The copy is None if there was nothing to keep.

    Raises
    ------
    CourseError
        If the notebook cannot be found or written, or the copy cannot be written. It
        is then as it was.
    """
    notebook, solution = find_notebook(name)
    if notebook.resolve().parent == solution.resolve().parent:
        raise CourseError(
            f"{notebook} is a complete lesson, and not a student's notebook: nothing "
            "was changed. Name a notebook in notebooks/, or a lesson's number."
        )
    fresh = with_fetch(student_version(solution), package_address())
    kept = None
    try:
        if notebook.exists() and notebook.read_bytes() != fresh:
            kept = keep_copy(notebook, now)
        write_whole(notebook, fresh)
    except OSError as error:
        raise CourseError(
            f"{notebook} cannot be put back: {error.strerror}. See that its folder is "
            "there and can be written, then try again."
        ) from error
    return notebook, kept
