"""What a check accepts earns its points through `course grade`, what it refuses none.

The answers are those of tests/checks, written into notebooks as students' cells. A few
rounds in `make test`; all of them, and the wrong ones, where COURSE_DRAWS is at least
50 (`make verify`).
"""

import ast
import copy
import os
from dataclasses import asdict
from functools import cache
from itertools import count

import nbformat
import pytest

from course import pack_root
from course.grading.cell_names import names_bound
from course.grading.one import grade_one
from course.grading.submission import lesson_named
from course.sandbox.bubblewrap import available
from tests.checks.trial import as_cell
from tests.course.handed_in import SHORT

EVERYTHING = int(os.environ.get("COURSE_DRAWS", "2")) >= 50
ROUNDS = 100 if EVERYTHING else 2
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


def put(notebook, names, code):
    """Put an answer where the notebook has its own."""
    placed = False
    for cell in notebook.cells:
        nbgrader = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not nbgrader.get("solution"):
            continue
        defined = set(names_bound(ast.parse(cell.source)))
        if names[0] in defined:
            cell.source, placed = code, True
    assert placed, f"no cell defines {names[0]}"


@pytest.fixture(autouse=True)
def _shared(_sandboxes_end):
    """The sandboxes that other tests of grading have, too."""


def graded(lesson, answers):
    """Grade the model solution with some answers replaced; the record by check."""
    notebook = copy.deepcopy(lesson_named(lesson).solution)
    for file, kind, number in answers:
        names, _ = exercises(lesson)[file]
        put(notebook, names, as_cell(file, kind, number))
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
    for lesson in LESSONS:
        most = max((n["RIGHT"] for _, n in exercises(lesson).values()), default=0)
        for number in range(min(most, ROUNDS)):
            yield pytest.param(lesson, number, id=f"{lesson[:2]}-{number}")


@pytest.mark.parametrize(("lesson", "number"), list(rounds()))
def test_right_answers_earn_everything_and_are_no_matter_for_suspicion(lesson, number):
    answers = [
        (file, "RIGHT", number % counts["RIGHT"])
        for file, (_, counts) in exercises(lesson).items()
    ]
    record = graded(lesson, answers)
    assert record.reason is None
    assert not lost(record)
    assert not record.flags


def wrong():
    """All wrong answers, at every other exercise in turn, or two rounds of a lesson."""
    for lesson in LESSONS:
        files = list(exercises(lesson))
        for first in range(2):
            counts = [exercises(lesson)[file][1]["WRONG"] for file in files[first::2]]
            for number in range(max(counts) if EVERYTHING else 1):
                answers = [
                    (file, "WRONG", number)
                    for file, count in zip(files[first::2], counts, strict=True)
                    if number < count
                ]
                yield pytest.param(lesson, answers, id=f"{lesson[:2]}-{first}-{number}")


@pytest.mark.parametrize(("lesson", "answers"), list(wrong()))
def test_a_wrong_answer_loses_its_own_points_and_no_others(lesson, answers):
    record = graded(lesson, answers)
    assert record.reason is None
    mine = {mine_of(lesson, exercises(lesson)[file][0]) for file, _, _ in answers}
    assert {line.split(":")[0] for line in lost(record)} == mine
    earned = {row.exercise: row.score for row in record.exercises if row.max}
    assert not any(earned[name] for name in mine)


def mine_of(lesson, names):
    """The exercise, as grades call it, whose check follows the cell of an answer."""
    cells = lesson_named(lesson).solution.cells
    for place in count():
        cell = cells[place]
        if cell.cell_type == "code" and names[0] in set(
            names_bound(ast.parse(cell.source))
        ):
            break
    return next(
        after.metadata["nbgrader"]["grade_id"].removeprefix("check_")
        for after in cells[place:]
        if after.metadata.get("nbgrader", {}).get("grade")
    )
