"""A text and its notebook hold the same cells, or it is said which do not."""

import jupytext
import nbformat
import pytest

from course.handout.pairs import pairs_apart
from tests.course.small_lessons import write_lesson


@pytest.fixture
def text(tmp_path):
    lesson = write_lesson(tmp_path / "solutions" / "00_a.ipynb", "# One", "x = 1", "y")
    text = lesson.with_suffix(".py")
    jupytext.write(jupytext.read(lesson), text, fmt="py:percent")
    return text


def change(text, how):
    notebook = text.with_suffix(".ipynb")
    cells = nbformat.read(notebook, 4)
    how(cells.cells)
    nbformat.write(cells, notebook)


def test_a_pair_in_step_is_not_named(text):
    assert list(pairs_apart([text])) == []


@pytest.mark.parametrize(
    ("how", "cell"),
    [
        (lambda cells: cells[1].update(source="x = 2"), 2),
        (lambda cells: cells[0].update(cell_type="raw"), 1),
        (lambda cells: cells[2].metadata.update(tags=["cover"]), 3),
        (lambda cells: cells[1].metadata.update(nbgrader={"points": 1}), 2),
        (lambda cells: cells.pop(), 3),
    ],
)
def test_the_first_cell_that_differs_is_named(text, how, cell):
    change(text, how)
    (said,) = pairs_apart([text])
    assert said == (
        f"solutions/00_a.py and solutions/00_a.ipynb differ, first in cell {cell}; "
        "run: jupytext --sync solutions/00_a.py"
    )


def test_outputs_and_counts_do_not_matter(text):
    change(text, lambda cells: cells[1].update(execution_count=7))
    assert list(pairs_apart([text])) == []


def test_a_text_alone_is_named(text):
    text.with_suffix(".ipynb").unlink()
    (said,) = pairs_apart([text])
    assert said.startswith("solutions/00_a.py has no notebook beside it; run: jupytext")
