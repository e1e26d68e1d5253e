"""Set one submission beside the solution."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat

from course import CourseError, pack_root
from course.files import file_name, make_writable
from course.grading.apart import run_apart
from course.grading.one import record_of
from course.grading.owners import owners
from course.grading.pages import write_comparison
from course.grading.submission import Lesson, prepare, read_lesson
from course.lessons import lesson_in_name, lesson_of
from course.notebook import UnreadableError, parse
from course.run import figures
from course.run.report import pictures
from course.sandbox.bubblewrap import available, remedy
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
        raise CourseError(remedy())
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
        student, name = _whose(path, content, known)
        if name not in lessons:
            lessons[name] = read_lesson(known[name])
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


def _whose(path: Path, content: bytes, known: Mapping[str, Path]) -> tuple[str, str]:
    """Student and lesson: what is inside decides, the names help."""
    names = sorted(known)
    shown = os.fsencode(path.resolve()).decode(errors="replace")
    flat, folder = PurePosixPath(shown).name, PurePosixPath(shown).parent.name
    name_it = f"Name it after its lesson, one of: {', '.join(names)}."
    try:
        lesson = lesson_of(parse(content), names, pack_root())
        why = "neither its cells nor its name belong to a lesson"
    except UnreadableError as error:
        lesson, why = "", f"its name says no lesson, and {error}"
    named = lesson_in_name(flat, names)
    if not (lesson or named):
        raise CourseError(f"{path}: {why}. {name_it}")
    (owner,) = owners([PurePosixPath(flat)], names, folder)
    by_itself = owner.platform or owner.student == folder or named
    student = owner.student if by_itself else f"{folder} {owner.student}".strip()
    return student, lesson or named


def _compare_one(
    page: Path,
    student: str,
    content: bytes,
    lesson: Lesson,
    limits: Limits,
    unsafe: bool,
) -> None:
    with Sandbox(lesson.framework, limits, unsafe) as sandbox:
        record = record_of(
            content, lesson, lambda notebook: run_apart(notebook, sandbox), not unsafe
        )
        now = _run_now(content, lesson, sandbox)
    handed_in = _read(content)
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


def _run_now(
    content: bytes, lesson: Lesson, sandbox: Sandbox
) -> nbformat.NotebookNode | None:
    """All of a notebook, run in fast mode, with its outputs; None if it is none."""
    try:
        ran = prepare(parse(content), lesson).notebook
    except UnreadableError:
        return None
    sandbox.run(ran)
    return _read(nbformat.writes(ran).encode())


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
