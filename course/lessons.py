"""Find lessons by name, and say which lesson a file is."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course import CourseError, pack_root

if TYPE_CHECKING:
    from nbformat import NotebookNode


def find_lessons(names: Sequence[str], solutions: Path) -> list[Path]:
    """Turn what the user typed into notebooks.

    Parameters
    ----------
    names : sequence of str
        Each a lesson's full name, a beginning of it that fits one lesson only, or a
        path. None at all means every lesson.
    solutions : Path
        The folder with the lessons.

    Returns
    -------
    list of Path
        Absolute paths, each once, in the order given.

    Raises
    ------
    CourseError
        If a name fits no lesson, or more than one.
    """
    known = {path.stem: path for path in sorted(solutions.glob("[0-9][0-9]_*.ipynb"))}
    if not names and not known:
        raise CourseError(f"There are no lessons (NN_topic.ipynb) in {solutions}.")
    found = [_find(name, known) for name in names] if names else list(known.values())
    unique = list(dict.fromkeys(path.resolve() for path in found))
    stems = [path.stem for path in unique]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice:
        raise CourseError(
            f"Two of the notebooks are called {twice}, so one would overwrite the "
            "other's output. Run them one after the other with different --out."
        )
    return unique


def _find(name: str, known: Mapping[str, Path]) -> Path:
    if name in known:
        return known[name]
    if "/" in name or "\\" in name or name.endswith((".ipynb", ".py")):
        path = Path(name)
        path = path.with_suffix(".ipynb") if path.suffix == ".py" else path
        if path.is_file():
            return path
        raise CourseError(f"There is no notebook at {path}.")
    fitting = [stem for stem in known if name and stem.startswith(name)]
    if len(fitting) == 1:
        return known[fitting[0]]
    if fitting:
        raise CourseError(
            f"{name!r} fits more than one lesson: {', '.join(fitting)}. "
            "Type more of it."
        )
    hint = close_to(name, known)
    raise CourseError(
        f"There is no lesson {name!r}.{hint} The lessons are: {', '.join(known)}."
    )


def find_notebook(name: str) -> tuple[Path, Path]:
    """Find a student notebook and the lesson it comes from.

    Parameters
    ----------
    name : str
        A lesson's name or an unmistakable beginning, or a notebook's path.

    Returns
    -------
    notebook, solution : Path

    Raises
    ------
    CourseError
        If there is none of that name, or the pack has no solutions.
    """
    solutions = pack_root() / "solutions"
    if not any(solutions.glob("*.ipynb")):
        raise CourseError(
            "This pack has no solutions/, with which `course check` and `course reset` "
            "compare. Run the checks in the notebook, or ask your instructor."
        )
    path = Path(name)
    if path.is_file():
        known = {each.stem: each for each in find_lessons([], solutions)}
        lesson = lesson_of_file(path, sorted(known))
        if not lesson:
            raise CourseError(
                f"Neither the content of {path} nor its name says which lesson it "
                "belongs to. Name it after its lesson, one of: "
                f"{', '.join(sorted(known))}."
            )
        return path, known[lesson]
    (solution,) = find_lessons([name], solutions)
    return pack_root() / "notebooks" / solution.name, solution


@dataclass(frozen=True)
class Marks:
    """What gives a lesson's notebook away, whatever its file is called."""

    ids: frozenset[str]
    """Names of its graded cells."""
    checks: frozenset[str]
    """The checks that its cells call, as they call them."""
    texts: frozenset[str]
    """Its cells that no student has to change."""


@functools.cache
def _marks(solution: Path) -> Marks:
    cells = read_lesson(solution).cells
    nbgrader = [cell.metadata.get("nbgrader", {}) for cell in cells]
    return Marks(
        frozenset(each["grade_id"] for each in nbgrader if "grade_id" in each),
        frozenset(call for cell in cells for call in _checks_in(cell.source)),
        frozenset(
            cell.source.strip()
            for cell, graded in zip(cells, nbgrader, strict=True)
            if not graded and len(cell.source.strip()) > 20
        ),
    )


def _checks_in(source: str) -> list[str]:
    """The lesson's module of checks, and the calls of its functions."""
    calls = re.findall(r"\bchecks\.\w+\([^()]*\)", source)
    return calls + re.findall(r"\blesson\d\d as checks\b", source)


def lesson_of(notebook, lessons: Sequence[str], root: Path) -> str:
    """Say which lesson a notebook is of, by what is inside.

    Parameters
    ----------
    notebook : NotebookNode
        In format 4.
    lessons : sequence of str
        Names of the lessons that it may be of.
    root : Path
        The pack's folder, with ``solutions/``.

    Returns
    -------
    str
        The lesson that has most of the notebook's graded cells; of equals, most of
        the checks it calls; then most of its texts. Empty if it has too little of any.
    """
    found = []
    sources = {cell.source.strip() for cell in notebook.cells}
    calls = {call for source in sources for call in _checks_in(source)}
    ids = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells}
    for lesson in lessons:
        solution = root / "solutions" / f"{lesson}.ipynb"
        marks = _marks(solution) if solution.exists() else None
        if marks is not None:
            shares = ids & marks.ids, calls & marks.checks, sources & marks.texts
            found.append(([len(share) for share in shares], lesson))
    if not found:
        return ""
    (of_ids, of_calls, of_texts), best = max(found)
    return best if of_ids or of_calls or of_texts >= 3 else ""


def lesson_of_file(path: Path, lessons: Sequence[str]) -> str:
    """Say which lesson a notebook is of: by what is in it, else by its name; or ""."""
    from course.notebook import UnreadableError, parse

    try:
        inside = lesson_of(parse(path.read_bytes()), lessons, pack_root())
    except (OSError, UnreadableError):
        inside = ""
    return inside or lesson_in_name(path.name, lessons)


def lesson_in_name(name: str, lessons: Sequence[str]) -> str:
    """Say which lesson a file's name, or a place's, names; "" if none.

    A lesson's whole name or topic counts before a number, and a number only where it
    is the one lesson's.
    """
    low = re.sub(r"[^a-z0-9]+", "_", name.lower())
    for words in (lambda each: each.lower(), lambda each: each[3:].lower()):
        fitting = [each for each in lessons if words(each) in low]
        if len(fitting) == 1:
            return fitting[0]
    numbers = re.findall(r"(?<!\d)\d\d(?!\d)", name)
    fitting = [each for each in lessons if each[:2] in numbers]
    return fitting[0] if len(fitting) == 1 else ""


def read_lesson(lesson: Path) -> NotebookNode:
    """Read a lesson, or say that it is no notebook."""
    import nbformat

    try:
        return nbformat.read(lesson, as_version=4)
    except (OSError, ValueError) as error:
        raise CourseError(f"{lesson} cannot be read as a notebook: {error}") from error


def close_to(name: str, known: Iterable[str]) -> str:
    """A question that names what was probably meant; empty if nothing is near."""
    # Also without the number, so that "variational" finds 03_variational_autoencoder.
    near = difflib.get_close_matches(name, list(known), n=2, cutoff=0.5)
    near = near or [each for each in known if len(name) > 2 and name in each]
    return f" Did you mean {' or '.join(near)}?" if near else ""
