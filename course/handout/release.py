"""Derive the student notebooks from the solutions, as nbgrader does."""

from __future__ import annotations

import json
import logging
import re
import zlib
from datetime import datetime
from pathlib import Path

from course import CourseError
from course.files import write_whole
from course.handout.expected import show_expected
from course.handout.lent import lends, lent_answers
from course.handout.pairs import pairs_apart, short
from course.handout.students import with_fetch

PAGE = "notation.ipynb"  # no lesson, but handed out with them
LESSON_FILE = re.compile(r"\d\d_.+\.ipynb")
REMEDY = "run: make release"
SAVED = "saved"  # the folder beside the notebooks that keeps what was written in them


def release(
    solutions_dir: Path,
    notebooks_dir: Path,
    lent: Path | None = None,
    address: str | None = None,
) -> list[Path]:
    """Write the student version of every lesson.

    Files that are already right are left untouched. A student notebook whose lesson
    is gone is removed. Of what someone may have written a dated copy is kept.

    Parameters
    ----------
    solutions_dir : Path
        Holds ``NN_topic.ipynb`` and its text ``NN_topic.py``.
    notebooks_dir : Path
        Made if missing.
    lent : Path, optional
        The file of the answers that `checks.lend` lends.
    address : str, optional
        Of the students' package, for a notebook that is opened alone.

    Returns
    -------
    list of Path
        What was written, copies included, or removed.

    Raises
    ------
    CourseError
        If a lesson's text and notebook differ, or nbgrader refuses a lesson: nothing
        is written then. If a copy cannot be kept: its notebook is left as it is.
    """
    handed_out = student_versions(solutions_dir, address)
    lessons = _lesson_files(solutions_dir)
    wanted = {notebooks_dir / name: content for name, content in handed_out.items()}
    if lent is not None and not lends(lent, answers := lent_answers(lessons)):
        wanted[lent] = zlib.compress(answers, 9)

    changed = []
    for target, content in wanted.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != content:
            if target.suffix == ".ipynb" and target.exists() and _filled_in(target):
                changed.append(keep_copy(target))
            write_whole(target, content)
            changed.append(target)
    for orphan in _orphans(notebooks_dir, {lesson.name for lesson in lessons}):
        changed.append(keep_copy(orphan))
        orphan.unlink()
        changed.append(orphan)
    return changed


def student_versions(solutions_dir: Path, address: str | None) -> dict[str, bytes]:
    """Derive what students get, by file name.

    Parameters
    ----------
    solutions_dir, address
        As for :func:`release`, which says what is raised.
    """
    lessons = _lesson_files(solutions_dir)
    if not lessons:
        raise CourseError(f"There are no lessons (NN_topic.ipynb) in {solutions_dir}.")
    apart = list(pairs_apart(_texts(solutions_dir)))
    if apart:
        raise CourseError(" ".join(apart))
    pages = solutions_dir.glob(PAGE)
    return {file.name: _handed_out(file, address) for file in [*lessons, *pages]}


def _handed_out(file: Path, address: str | None) -> bytes:
    """A lesson's student version; a page to read imports nothing."""
    return with_fetch(student_version(file), None if file.name == PAGE else address)


def keep_copy(notebook: Path, now: datetime | None = None) -> Path:
    """Copy a notebook into the folder ``saved`` beside it, under a dated name.

    Parameters
    ----------
    notebook : Path
    now : datetime, optional
        Goes into the copy's name.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    CourseError
        If the copy cannot be written.
    """
    stamp = (now or datetime.now()).strftime("%Y-%m-%d-%H%M%S")
    kept = notebook.parent / SAVED / f"{notebook.stem}-{stamp}.ipynb"
    try:
        kept.parent.mkdir(exist_ok=True)
        with kept.open("xb") as file:
            file.write(notebook.read_bytes())
    except OSError as error:
        raise CourseError(
            f"A copy cannot be kept as {kept}: {error.strerror}. {notebook.name} was "
            "left as it is. See that its folder can be written, then try again."
        ) from error
    return kept


def _filled_in(notebook: Path) -> bool:
    """Whether someone wrote into a student notebook, or that cannot be told."""
    from nbgrader.utils import is_solution

    from course.notebook import UnreadableError, parse, untouched

    try:
        cells = parse(notebook.read_bytes()).cells
        return any(is_solution(cell) and not untouched(cell) for cell in cells)
    except (UnreadableError, KeyError):
        return True


def stale(
    solutions_dir: Path,
    notebooks_dir: Path,
    lent: Path | None = None,
    address: str | None = None,
) -> list[str]:
    """Say what keeps the folders from being in step.

    Parameters
    ----------
    solutions_dir, notebooks_dir, lent, address
        As for :func:`release`.

    Returns
    -------
    list of str
        One line for each problem; empty when all is in step. Nothing is written.

    Raises
    ------
    CourseError
        If nbgrader refuses a lesson.
    """
    problems = []
    lessons = _lesson_files(solutions_dir)
    for lesson in [*lessons, *solutions_dir.glob(PAGE)]:
        target = notebooks_dir / lesson.name
        if not target.exists():
            problems.append(f"{short(target)} is missing; {REMEDY}")
        elif target.read_bytes() != _handed_out(lesson, address):
            problems.append(f"{short(target)} is stale; {REMEDY}")
    if lent is not None and not lends(lent, lent_answers(lessons)):
        problems.append(f"{short(lent)} is stale; {REMEDY}")
    for orphan in _orphans(notebooks_dir, {lesson.name for lesson in lessons}):
        problems.append(f"{short(orphan)} has no lesson any more; {REMEDY}")
    for lesson in lessons:
        if not lesson.with_suffix(".py").exists():
            problems.append(
                f"{short(lesson)} has no text beside it; "
                f"run: jupytext --to py:percent {short(lesson)}"
            )
    return problems + list(pairs_apart(_texts(solutions_dir)))


def student_version(lesson: Path, keep_outputs: bool = False) -> bytes:
    """Turn one complete lesson into what students get.

    The same bytes as ``nbgrader generate_assignment`` writes with its default
    configuration: that command does this and keeps a gradebook besides. But figures
    with a tag stay, folded into the text (:mod:`course.handout.expected`).

    Parameters
    ----------
    lesson : Path
        A complete lesson, ``.ipynb``.
    keep_outputs : bool
        For reading instead of working: the figures stay, the answers go.

    Returns
    -------
    bytes
        The notebook as UTF-8 JSON with a newline at its end.

    Raises
    ------
    CourseError
        If it is no notebook, has cells without an id, or nbgrader refuses it.
    """
    from jsonschema import ValidationError
    from nbconvert.exporters import NotebookExporter
    from nbgrader import preprocessors as steps
    from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError
    from traitlets.config import Config

    _check_cell_ids(lesson)
    quiet = logging.getLogger("course.release")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    exporter = NotebookExporter(
        config=Config({"Exporter": {"default_preprocessors": []}}), log=quiet
    )
    if not keep_outputs:
        exporter.register_preprocessor(show_expected, enabled=True)
    for step in (
        steps.LockCells,
        steps.ClearSolutions,
        *([] if keep_outputs else [steps.ClearOutput]),
        steps.CheckCellMetadata,
        steps.ComputeChecksums,
        steps.ClearHiddenTests,
        steps.ClearMarkScheme,
        steps.ComputeChecksums,
        steps.CheckCellMetadata,
    ):
        exporter.register_preprocessor(step(parent=exporter, log=quiet), enabled=True)
    try:
        text, _ = exporter.from_filename(str(lesson))
    except (
        RuntimeError,
        ValueError,
        ValidationError,
        SchemaTooOldError,
        SchemaTooNewError,
    ) as error:
        raise CourseError(
            f"nbgrader refuses {short(lesson)}: {error} Put its cell metadata or "
            "its BEGIN SOLUTION / END SOLUTION marks right."
        ) from error
    return text.encode()


def _lesson_files(folder: Path) -> list[Path]:
    files = folder.glob("*.ipynb")
    return sorted(file for file in files if LESSON_FILE.fullmatch(file.name))


def _texts(folder: Path) -> list[Path]:
    """The lessons' and the page's text, of which jupytext keeps a notebook."""
    pages = folder.glob(Path(PAGE).with_suffix(".py").name)
    return [*sorted(folder.glob("[0-9][0-9]_*.py")), *pages]


def _orphans(notebooks_dir: Path, wanted: dict | set) -> list[Path]:
    return [file for file in _lesson_files(notebooks_dir) if file.name not in wanted]


def _check_cell_ids(lesson: Path) -> None:
    """Refuse a notebook whose cells nbformat would give new, random ids each time."""
    try:
        notebook = json.loads(lesson.read_bytes())
        version = (notebook["nbformat"], notebook["nbformat_minor"])
        ids = [cell.get("id") for cell in notebook["cells"]]
    except (ValueError, KeyError, AttributeError) as error:
        raise CourseError(f"{short(lesson)} is not a notebook: {error}.") from error
    if version < (4, 5):
        return
    if None in ids or len(set(ids)) < len(ids):
        raise CourseError(
            f"{short(lesson)} has cells without an id of their own, so its student "
            "version would differ each time. Open and save it in JupyterLab once."
        )
