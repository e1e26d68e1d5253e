"""One submission and its solution: what to run, what to give, what to look at.

The graded cells come from the solution, as nbgrader's OverwriteCells takes them from
its gradebook; points are nbgrader's own ``determine_grade``.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
from nbgrader.utils import determine_grade, is_locked, is_solution
from nbgrader.utils import is_grade as is_graded

from course import CourseError, pack_root
from course.grading.cell_names import names_bound, names_read, tree_of
from course.grading.records import Exercise
from course.handout.release import student_version
from course.handout.students import package_address, with_fetch
from course.notebook import grade_id

MARKS = ("points", "grade", "solution", "locked", "checksum")  # nbgrader's, of a cell


@dataclass(frozen=True)
class Lesson:
    """A complete lesson, beside what students get of it."""

    name: str
    solution: nbformat.NotebookNode
    release: nbformat.NotebookNode

    @property
    def framework(self) -> str:
        """What its notebooks import: "keras" or "torch"."""
        text = "\n".join(cell.source for cell in self.solution.cells)
        return "keras" if "import keras" in text else "torch"

    def cells(self, version: str) -> dict[str, nbformat.NotebookNode]:
        """The nbgrader cells of "solution" or "release", by grade_id."""
        return {
            name: cell
            for cell in getattr(self, version).cells
            if (name := grade_id(cell)) is not None
        }


@dataclass
class Prepared:
    """A submission ready to run."""

    notebook: nbformat.NotebookNode
    repairs: list[str] = field(default_factory=list)
    """What was added, removed or changed that students are not to touch."""


def read_lesson(path: Path) -> Lesson:
    """Read a complete lesson.

    Parameters
    ----------
    path : Path
        ``solutions/NN_topic.ipynb``.

    Returns
    -------
    Lesson

    Raises
    ------
    CourseError
        If it cannot be read, or nbgrader refuses it.
    """
    try:
        solution = nbformat.read(path, as_version=4)
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read as a notebook: {error}") from error
    handed_out = with_fetch(student_version(path), package_address())
    release = nbformat.reads(handed_out.decode(), as_version=4)
    return Lesson(path.stem, solution, release)


@cache
def lesson_named(name: str) -> Lesson:
    """Read a lesson of this pack, once."""
    return read_lesson(pack_root() / "solutions" / f"{name}.ipynb")


def prepare(
    submitted: nbformat.NotebookNode, lesson: Lesson, keep_outputs: bool = False
) -> Prepared:
    """Put the lesson's own graded cells into a submission.

    Parameters
    ----------
    submitted : NotebookNode
        From :func:`course.notebook.parse`. Not changed.
    lesson : Lesson
    keep_outputs : bool
        Leave outputs where they are, for reading only.

    Returns
    -------
    Prepared
        Cells that students may not change are the solution's, hidden tests included.
        Cells that lost their metadata are found again by text and place; a check that
        is gone is put back behind its answer.
    """
    result = Prepared(copy.deepcopy(submitted))
    wanted, released = lesson.cells("solution"), lesson.cells("release")
    cells = result.notebook.cells
    for cell in cells if not keep_outputs else ():
        if cell.cell_type == "code":
            cell.outputs = []
    named = {grade_id(cell) for cell in cells} & wanted.keys()
    again = _name_cells_again(cells, lesson, wanted.keys() - named)
    if again and not named:
        result.repairs.append(
            "the cells had lost their names; found again by their text"
        )
    elif again:
        result.repairs += [f"{name} had lost its name; found again" for name in again]
    seen: set[str] = set()
    for cell in reversed(cells):  # as nbgrader does: of two, the last one counts
        name = grade_id(cell)
        if name is None:
            continue
        if name not in wanted or name in seen:
            why = "is there twice" if name in seen else "does not belong to this lesson"
            result.repairs.append(f"the graded cell {name} {why}")
            cell.metadata.pop("nbgrader")
            continue
        seen.add(name)
        ours, given = wanted[name], released[name]
        kept, due = cell.metadata.nbgrader, given.metadata.nbgrader
        if any(kept.get(key, due.get(key)) != due.get(key) for key in MARKS):
            result.repairs.append(f"what nbgrader keeps of {name} had been changed")
        if cell.cell_type != ours.cell_type:
            result.repairs.append(f"{name} had been turned into {cell.cell_type}")
            _change_type(cell, ours.cell_type)
        # Never what the file says of points, or of which cell may be changed.
        cell.metadata["nbgrader"] = copy.deepcopy(given.metadata.nbgrader)
        if is_locked(ours):
            if cell.source.strip() not in (given.source.strip(), ours.source.strip()):
                result.repairs.append(f"the locked cell {name} had been changed")
            cell.source = ours.source
    gone = [name for name in wanted if name not in seen]
    back = _put_back(cells, lesson, gone)
    result.repairs += [f"{name} was gone; put back behind its answer" for name in back]
    result.repairs += [f"{name} is missing" for name in gone if name not in back]
    return result


def _put_back(cells: list, lesson: Lesson, gone: list[str]) -> list[str]:
    """Put checks that are gone behind the answers that they check."""
    back = []
    ours = lesson.cells("solution")
    order = list(ours)
    for name in gone:
        cell, place = ours[name], order.index(name)
        if not (is_locked(cell) and is_graded(cell)):
            continue
        above = []
        while place and is_solution(ours[order[place - 1]]):
            place -= 1
            above.append(order[place])
        there = [i for i, each in enumerate(cells) if grade_id(each) in above]
        if there:
            cells.insert(max(there) + 1, _as_released(cell, lesson, name))
            back.append(name)
    return back


def _as_released(cell, lesson: Lesson, name: str) -> nbformat.NotebookNode:
    made = copy.deepcopy(cell)
    made.outputs, made.execution_count = [], None
    metadata = lesson.cells("release")[name].metadata.nbgrader
    made.metadata = nbformat.from_dict({"nbgrader": copy.deepcopy(metadata)})
    return made


def _change_type(cell, kind: str) -> None:
    cell.cell_type = kind
    if kind == "code":
        cell.outputs, cell.execution_count = [], None
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _name_cells_again(
    cells: list, lesson: Lesson, missing: Collection[str]
) -> list[str]:
    """Give cells that lost their metadata their names back, by text and place."""
    given = {
        cell.source.strip() for cell in lesson.release.cells if grade_id(cell) is None
    }
    again = []
    for above, ours in pairwise(lesson.release.cells):
        name = grade_id(ours)
        if name is None or name not in missing:
            continue
        best, found = 0, None
        for cell_above, cell in pairwise(cells):
            free = grade_id(cell) is None and cell.source.strip() not in given
            if free and cell.cell_type == ours.cell_type:
                fit = _fit(cell, cell_above, ours, above)
                best, found = (fit, cell) if fit > best else (best, found)
        if found is not None:
            found.metadata["nbgrader"] = copy.deepcopy(ours.metadata.nbgrader)
            again.append(name)
    return again


def _fit(cell, cell_above, ours, above) -> int:
    """How surely a cell is what became of one of ours; 0 if nothing says so."""
    same = cell.source.strip() == ours.source.strip()
    if ours.cell_type == "code":
        defined = _defined(ours.source)
        return 2 * same or bool(defined and defined <= _defined(cell.source))
    # An answer in words may have replaced all that was there, but has its place.
    if cell_above.source.strip() == above.source.strip():
        return 3
    first = ours.source.strip().splitlines()[:1]
    return 2 * (first == cell.source.strip().splitlines()[:1]) or int(same)


def _defined(source: str) -> set[str]:
    """The functions and classes at the top level of a cell."""
    tree = tree_of(source)
    kinds = ast.FunctionDef | ast.ClassDef
    return (
        {node.name for node in tree.body if isinstance(node, kinds)} if tree else set()
    )


def without_idle_cells(
    prepared: nbformat.NotebookNode, lesson: Lesson
) -> nbformat.NotebookNode:
    """Leave out what no graded cell depends on, such as long trainings and pictures.

    Everything that a student wrote or changed is kept. Of the cells that came with
    the lesson and are as they were, those stay that define or change a name which a
    later cell that stays makes use of. The points are the same (a test compares them
    with nbgrader's, which runs everything); only the time is not.

    Parameters
    ----------
    prepared : NotebookNode
        From :func:`prepare`.
    lesson : Lesson

    Returns
    -------
    NotebookNode
        A copy with fewer code cells.
    """
    given = Counter(cell.source.strip() for cell in lesson.release.cells)
    # From the end: a cell's readers are below it, so all of them are known by then.
    kept, names = [], set()
    for cell in reversed(prepared.cells):
        ours = grade_id(cell) is None and given[cell.source.strip()] > 0
        tree = tree_of(cell.source) if cell.cell_type == "code" else None
        if ours and tree is not None and not names & set(names_bound(tree)):
            continue
        kept.append(cell)
        if cell.cell_type == "code":
            names |= names_read(cell.source)
    return nbformat.v4.new_notebook(cells=copy.deepcopy(kept[::-1]))


def points(ran: nbformat.NotebookNode | None, lesson: Lesson) -> list[Exercise]:
    """Points of every graded cell of the lesson.

    Parameters
    ----------
    ran : NotebookNode or None
        The executed submission; None if there is none, which earns nothing.
    lesson : Lesson

    Returns
    -------
    list of Exercise
        In the lesson's order.
    """
    # A check that fails after its function's cell had stopped only tells half.
    there, above, stopped = {}, {}, ""
    for cell in ran.cells if ran else ():
        if grade_id(cell) is None:
            continue
        there[grade_id(cell)] = cell
        if is_graded(cell):
            above[grade_id(cell)], stopped = stopped, ""
        elif _said(cell):
            stopped = f"\n(The cell above it had stopped with {_said(cell)})"
    rows = []
    for name, cell in lesson.cells("release").items():
        if not is_graded(cell):
            continue
        score: float | None = 0.0
        message = "the cell is missing" if ran else ""
        if name in there:
            try:
                score, _ = determine_grade(there[name])
                message = _said(there[name]) if score is not None else ""
            except ValueError as error:  # it displays more points than there are
                message = f"its output cannot be read: {error}"
            message += above[name] if message else ""
        rows.append(
            Exercise(
                id=name,
                exercise=name.removeprefix("check_"),
                written=is_solution(cell),
                max=float(cell.metadata.nbgrader["points"]),
                score=score,
                message=message,
            )
        )
    return rows


def _said(cell) -> str:
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}".strip()[:4_000]
        if output.output_type == "stream" and output.name == "stderr":
            return "something was written to stderr: " + output.text.strip()[:2_000]
    return ""
