"""Set one submission beside the solution."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat

from course import CourseError, pack_root
from course.files import file_name, make_writable
from course.grading.intake import whose
from course.grading.one import record_of
from course.grading.pages import write_comparison
from course.grading.submission import Lesson, prepare, read_lesson
from course.notebook import UnreadableError, grade_id, parse
from course.run import figures
from course.run.report import pictures
from course.sandbox.bubblewrap import MISSING, available
from course.sandbox.limits import Limits
from course.sandbox.sandbox import Sandbox


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
        student, name = _whose(path, content, known, lessons)
        work.append((path, student, content, lessons[name]))
    make_writable(out)
    titles = [f"{file_name(student)}-{lesson.name}" for _, student, _, lesson in work]
    pages = []
    for (path, student, content, lesson), title in zip(work, titles, strict=True):
        if titles.count(title) > 1:
            title += f"-{hashlib.sha256(os.fsencode(path)).hexdigest()[:6]}"
        page = out / f"{title}.html"
        _compare_one(page, student, content, lesson, limits or Limits(), unsafe)
        pages.append(page)
    return pages


def _whose(
    path: Path, content: bytes, known: Mapping[str, Path], lessons: dict[str, Lesson]
) -> tuple[str, str]:
    """Student and lesson, by the names of file and folder, or by the cells."""
    flat = PurePosixPath(os.fsencode(path.name).decode(errors="replace"))
    folder = os.fsencode(path.resolve().parent.name).decode(errors="replace")
    student, number, lesson = whose(flat, sorted(known))
    for name in [lesson] if lesson else sorted(known):
        if name not in lessons:
            lessons[name] = read_lesson(known[name])
    if not lesson:
        lesson = _lesson_of(path, content, lessons)
        student = student if number else f"{folder} {flat.stem}".strip()
    return student or folder or flat.stem, lesson


def _lesson_of(path: Path, content: bytes, lessons: Mapping[str, Lesson]) -> str:
    """The lesson that most of a notebook's cells belong to."""
    name_it = f"Name it after its lesson, one of: {', '.join(sorted(lessons))}."
    try:
        mine = _marks_of(parse(content).cells)
    except UnreadableError as error:
        raise CourseError(
            f"{path}: its name says no lesson, and {error}. {name_it}"
        ) from error
    shared = {
        name: len(mine & _marks_of(lesson.release.cells))
        for name, lesson in lessons.items()
    }
    best = max(sorted(shared), key=shared.__getitem__)
    if shared[best] <= 3:
        raise CourseError(
            f"{path}: neither its name nor its cells belong to a lesson. {name_it}"
        )
    return best


def _marks_of(cells) -> set[str | None]:
    """What tells a lesson: names of its cells, and their text if these are lost."""
    return {grade_id(cell) or cell.source.strip() for cell in cells} - {""}


def _compare_one(
    page: Path,
    student: str,
    content: bytes,
    lesson: Lesson,
    limits: Limits,
    unsafe: bool,
) -> None:
    ran = None

    def run_all(prepared):
        nonlocal ran
        ran = copy.deepcopy(prepared)
        with Sandbox(lesson.framework, limits, unsafe) as sandbox:
            return ran, sandbox.run(ran)

    record = record_of(content, lesson, run_all, sandboxed=not unsafe)
    handed_in = _read(content)
    now = _read(nbformat.writes(ran).encode()) if ran else None
    from_file = shown_figures(handed_in, fast=False)
    drawn = bool(pictures(handed_in))
    shown = handed_in if drawn or now is None else now
    if shown is not None:
        shown = prepare(shown, lesson, keep_outputs=True).notebook
    as_recorded = "As recorded in the file that was handed in"
    write_comparison(
        page,
        student,
        record,
        lesson,
        shown,
        from_file or shown_figures(now, fast=True),
        as_recorded
        if from_file
        else "From running it now in fast mode: bands are not enforced",
        as_recorded if drawn else "From running it now in fast mode",
    )


def _read(content: bytes) -> nbformat.NotebookNode | None:
    """A notebook with its outputs, as far as they are well formed."""
    try:
        return parse(content, outputs=True)
    except UnreadableError:
        return None


def shown_figures(
    notebook: nbformat.NotebookNode | None, fast: bool
) -> list[dict[str, Any]]:
    """Recorded figures with verdicts, without any that cannot be shown.

    Parameters
    ----------
    notebook : NotebookNode or None
        Whoever wrote it may record anything.
    fast : bool
        Whether it ran in fast mode, so that bands are not enforced.

    Returns
    -------
    list of dict
    """
    found = []
    for output in figures.outputs(notebook):
        one_output = nbformat.from_dict({"cells": [{"outputs": [output]}]})
        try:
            for figure in figures.recorded(one_output):
                synthetic = figure.get("data") == "SYNTHETIC"
                figure["verdict"] = figures.verdict(figure, fast, synthetic, False)
                figures.show_band(figure), figures.show_value(figure)
                found.append(figure)
        except (TypeError, ValueError, AttributeError):
            continue
    return found
