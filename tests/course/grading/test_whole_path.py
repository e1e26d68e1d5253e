"""What a check accepts earns its points through `course grade`, what it refuses none.

The answers are those of tests/checks, written into notebooks as students' cells. A few
rounds in `make test`; all of them where COURSE_DRAWS is at least 50 (`make verify`).
"""

import ast
import copy
import os
from dataclasses import asdict
from functools import cache

import nbformat
import pytest

from course import pack_root
from course.grading.cell_names import names_bound
from course.grading.one import grade_one
from course.grading.submission import lesson_named
from course.notebook import grade_id
from course.sandbox.bubblewrap import available
from tests.checks.trial import as_cell
from tests.course.handed_in import SHORT

EVERYTHING = int(os.environ.get("COURSE_DRAWS", "2")) >= 50
LESSONS = sorted(path.stem for path in (pack_root() / "solutions").glob("0*.ipynb"))
pytestmark = pytest.mark.skipif(
    not available(),
    reason="bubblewrap is missing; install it: apt-get install bubblewrap",
)


@cache
def exercises(lesson):
    """Test files of a lesson's exercises, with how many answers of each kind."""
    folder = pack_root() / "tests" / "checks" / f"lesson{lesson[:2]}"
    found = {}
    for file in sorted(folder.glob("test_*.py")):
        tables = {
            target.id: node.value
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        if {"NAMES", "RIGHT", "WRONG"} <= tables.keys():
            names = ast.literal_eval(tables["NAMES"])
            found[file] = (
                names,
                {kind: len(tables[kind].elts) for kind in ("RIGHT", "WRONG")},
            )
    return found


def place_of(lesson, names):
    """Where the solution's notebook has an answer."""
    for place, cell in enumerate(lesson_named(lesson).solution.cells):
        nbgrader = cell.metadata.get("nbgrader", {})
        code = cell.source if cell.cell_type == "code" else ""
        if nbgrader.get("solution") and names[0] in names_bound(ast.parse(code)):
            return place
    raise LookupError(names)


def answer_cell(lesson, names):
    return grade_id(lesson_named(lesson).solution.cells[place_of(lesson, names)])


def exercise_of(lesson, names):
    """The exercise, as grades call it, whose check follows the cell of an answer."""
    return next(
        grade_id(after).removeprefix("check_")
        for after in lesson_named(lesson).solution.cells[place_of(lesson, names) :]
        if after.metadata.get("nbgrader", {}).get("grade")
    )


@pytest.fixture(autouse=True)
def _shared(_sandboxes_end):
    """The sandboxes that other tests of grading have, too."""


def graded(lesson, answers):
    """Grade the model solution with some answers replaced; the record by check."""
    notebook = copy.deepcopy(lesson_named(lesson).solution)
    for file, kind, number in answers:
        names, _ = exercises(lesson)[file]
        source = as_cell(file, kind, number)
        notebook.cells[place_of(lesson, names)].source = source
    content = nbformat.writes(notebook).encode()
    torch = lesson_named(lesson).framework == "torch"
    return grade_one(content, lesson, asdict(SHORT) if torch else None)


def lost(record):
    return [
        f"{row.exercise}: {row.message}"
        for row in record.exercises
        if row.score is not None and row.score < row.max
    ]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_model_solution_earns_everything(lesson):
    record = graded(lesson, [])
    assert record.reason is None
    assert not lost(record)
    assert not record.flags


def rounds():
    """Wrong answers at every other exercise, right ones at the others, and vice versa.

    All of them, or one round of each kind for a lesson.
    """
    for lesson in LESSONS:
        files = list(exercises(lesson))
        for first in range(2):
            kinds = {
                file: "WRONG" if place % 2 == first else "RIGHT"
                for place, file in enumerate(files)
            }
            counts = {f: exercises(lesson)[f][1][kind] for f, kind in kinds.items()}
            for number in range(max(counts.values()) if EVERYTHING else 1):
                answers = [
                    (file, kind, (number + 1) % counts[file])
                    for file, kind in kinds.items()
                    if kind == "RIGHT" or number < counts[file]
                ]
                yield pytest.param(lesson, answers, id=f"{lesson[:2]}-{first}-{number}")


@pytest.mark.parametrize(("lesson", "answers"), list(rounds()))
def test_wrong_answers_lose_their_own_points_right_ones_none(lesson, answers):
    record = graded(lesson, answers)
    assert record.reason is None
    names = [exercises(lesson)[file][0] for file, kind, _ in answers if kind == "WRONG"]
    wrong = {exercise_of(lesson, each) for each in names}
    assert {line.split(":")[0] for line in lost(record)} == wrong
    earned = {row.exercise: row.score for row in record.exercises if row.max}
    assert not any(earned[name] for name in wrong)
    cells = tuple(f"{answer_cell(lesson, each)}, line " for each in names)
    assert [flag for flag in record.flags if not flag.startswith(cells)] == []
