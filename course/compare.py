"""Set one submission beside the solution."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course import CourseError, figures, pack_root
from course.grade import file_name, record_of
from course.pages import write_comparison
from course.run import make_writable
from course.sandbox import MISSING, Limits, Sandbox, available
from course.submission import (
    Lesson,
    UnreadableError,
    grade_id,
    parse,
    prepare,
    read_lesson,
)


def compare(
    submissions: Sequence[Path],
    out: Path,
    unsafe: bool = False,
    limits: Limits | None = None,
) -> list[Path]:
    """Write one page for each submission.

    Unlike grading, this runs every cell, so that there are figures to compare.

    Parameters
    ----------
    submissions : sequence of Path
        Notebooks.
    out : Path
        Folder for the pages.
    unsafe : bool
        Run without bubblewrap.
    limits : Limits, optional

    Returns
    -------
    list of Path
        The pages.

    Raises
    ------
    CourseError
        If a file or its lesson is not there, or there is no sandbox. Nothing has been
        written then.
    """
    if not unsafe and not available():
        raise CourseError(MISSING)
    known = {
        path.stem: path
        for path in (pack_root() / "solutions").glob("[0-9][0-9]_*.ipynb")
    }
    lessons: dict[str, Lesson] = {}
    work = []
    for path in submissions:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
        name = _lesson_of(path, content, known, lessons)
        work.append((path, content, lessons[name]))
    make_writable(out)
    pages = []
    names = [_student(path) for path, _, _ in work]
    for (path, content, lesson), student in zip(work, names, strict=True):
        title = f"{file_name(student)}-{lesson.name}"
        if names.count(student) > 1:
            title += f"-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"
        page = out / f"{title}.html"
        _compare_one(page, student, content, lesson, limits or Limits(), unsafe)
        pages.append(page)
    return pages


def _student(path: Path) -> str:
    folder = path.resolve().parent.name
    return folder if folder not in ("notebooks", "") else path.stem


def _lesson_of(path: Path, content: bytes, known, lessons: dict[str, Lesson]) -> str:
    """The lesson that a file says, by its name or by its cells."""

    def read(name: str) -> Lesson:
        if name not in lessons:
            lessons[name] = read_lesson(known[name])
        return lessons[name]

    for name in sorted(known):
        if name in path.stem:
            read(name)
            return name
    try:
        cells = parse(content).cells
    except UnreadableError as error:
        raise CourseError(f"{path} cannot be compared: {error}.") from error
    ids = {grade_id(cell) for cell in cells} - {None}
    for name in sorted(known):
        if len(ids & set(read(name).cells("release"))) > 3:
            return name
    raise CourseError(
        f"{path}: neither its name nor its cells belong to a lesson. Name it after "
        f"one of: {', '.join(sorted(known))}."
    )


def _compare_one(
    page: Path,
    student: str,
    content: bytes,
    lesson: Lesson,
    limits: Limits,
    unsafe: bool,
) -> None:
    submitted, ran = None, None

    def run_all(prepared):
        nonlocal submitted, ran
        submitted = parse(content, outputs=True)
        ran = copy.deepcopy(prepared)
        with Sandbox(lesson.framework, limits, unsafe) as sandbox:
            return ran, sandbox.run(ran)

    record = record_of(content, lesson, run_all, sandboxed=not unsafe)
    from_file = figures.recorded(submitted)
    recorded = from_file or figures.recorded(ran)
    for figure in recorded:
        synthetic = figure.get("data") == "SYNTHETIC"
        figure["verdict"] = figures.verdict(figure, not from_file, synthetic, False)
    note = (
        "As recorded in the file that was handed in"
        if from_file
        else "From running it now in fast mode: bands are not enforced"
    )
    shown: Any = submitted
    if not any("image/png" in out.get("data", {}) for out in figures.outputs(shown)):
        shown = ran
    if shown is not None:
        shown = prepare(shown, lesson, keep_outputs=True).notebook
    write_comparison(page, student, record, lesson, shown, recorded, note)
