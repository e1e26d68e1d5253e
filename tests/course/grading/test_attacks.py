"""Notebooks that answer nothing and want points: through the real sandbox, one by one.

Each earns nothing, or is shown to the instructor with the line that gives it away. What
each got is printed by ``pytest -rP -k attack``. Where the reading of a notebook names
every such line, running it adds nothing, and is left to ``make verify``.
"""

import os

import nbformat
import pytest

from benchmarks.students import LESSON, right_answers
from course import pack_root
from course.grading.apart import run_apart
from course.grading.definitions import definitions_of
from course.grading.one import record_of
from course.grading.submission import lesson_named, prepare
from course.grading.suspicion import suspicions
from course.notebook import grade_id
from course.sandbox.bubblewrap import available
from tests.course.grading.attacks import ATTACKS, NO_POINTS
from tests.course.handed_in import NO_SANDBOX

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)
CASES = pack_root().parent / "shared" / "cases"
EVERYTHING = int(os.environ.get("COURSE_DRAWS", "2")) >= 50


def graded(sandbox, content, lesson=LESSON, **options):
    if not isinstance(content, bytes):
        content = nbformat.writes(content).encode()

    def run(notebook):
        return run_apart(notebook, sandbox)

    return record_of(content, lesson_named(lesson), run, True, **options)


def with_cells(cells, lesson=LESSON):
    """The untouched release with some cells' sources."""
    notebook = nbformat.read(pack_root() / "notebooks" / f"{lesson}.ipynb", 4)
    for cell in notebook.cells:
        if (name := grade_id(cell)) in cells:
            cell.source = cells[name]
    return notebook


def show(name, record):
    print(f"{name}: {record.score:g} of {record.max:g}; {record.reason or ''}")
    for each in record.flags:
        print(f"    needs a look: {each}")


def read_alone(notebook, lesson=LESSON):
    """The flags that a notebook gets before it is run."""
    known = lesson_named(lesson)
    answers = definitions_of(prepare(notebook, known).notebook, known)
    return suspicions(answers.kept, answers.given)


def shown(cells, flags):
    """Whether flags name each line that gives an attack away."""
    lines = [
        f"{cell}, line {number}: "
        for cell, source in cells.items()
        for number, line in enumerate(source.splitlines(), 1)
        if "# <" in line
    ]
    return bool(lines) and all(any(line in flag for flag in flags) for line in lines)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_or_is_shown_with_its_line(request, name):
    cells = ATTACKS[name]
    named = shown(cells, read_alone(with_cells(cells)))
    if named and name not in NO_POINTS and not EVERYTHING:
        return
    record = graded(request.getfixturevalue("sandbox"), with_cells(cells))
    show(name, record)
    if name in NO_POINTS:
        assert record.score == 0
    assert record.score == 0 or shown(cells, record.flags), record.flags


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("attack-swallow-and-lie.03", "reparameterize, line 1"),
        ("attack-forged-replies.03", "reparameterize, line 1"),
        ("attack-lent-unchecked.03", "reparameterize, line"),
    ],
)
def test_the_samples_are_shown_with_their_lines(sandbox, case, line):
    file = CASES / f"{case}.ipynb"
    if not file.is_file():  # the samples are not part of the pack
        return
    record = graded(sandbox, file.read_bytes())
    show(case, record)
    assert record.score == 0 or any(line in flag for flag in record.flags)


def test_strict_gives_nothing_for_what_needs_a_look(sandbox):
    cells = ATTACKS["monkeypatches_allclose_in_a_body"]
    right = {n: s for n, s in right_answers().items() if n not in cells}
    record = graded(sandbox, with_cells(right | cells), strict=True)
    assert record.score == 0
    assert record.reason.startswith("--strict, and it needs a look: ")


def test_honest_answers_beside_an_attack_keep_their_points(sandbox):
    cells = {"sample": ATTACKS["forges_replies"]["sample"]}
    right = {n: s for n, s in right_answers().items() if n not in cells}
    record = graded(sandbox, with_cells(right | cells))
    rows = {row.exercise: row for row in record.exercises}
    assert rows["kl_divergence"].score == 20
    assert rows["vae_class"].score == 20
    if rows["sample"].score:
        assert any("sample" in flag for flag in record.flags)


def test_the_model_solution_has_every_automatic_point_and_no_flag(sandbox):
    record = graded(sandbox, with_cells(right_answers()))
    assert (record.score, record.by_hand) == (90, 10)
    assert record.flags == []
