"""A lesson in JupyterLab, as a student and as an instructor opens it.

The others: tests/test_first_exercise.py, in bare kernels.
"""

import ast

import nbformat

from course import pack_root
from helpers.explore import WIDGET_MIME
from helpers.training import PROGRESS_MIME
from tests.outputs import data_of, errors, says
from tests.test_first_exercise import IN_A_BROWSER as LESSON
from tests.test_first_exercise import (
    MISTAKES,
    assert_ticked,
    assert_told,
    assert_unwritten,
    first_answer,
)


def test_a_student_is_stopped_told_and_let_go_on(lab):
    old, new, word = MISTAKES[LESSON]
    answer = first_answer(LESSON)
    with lab.open(pack_root() / "notebooks" / f"{LESSON}.ipynb") as notebook:
        notebook.run_all(240)
        cells = notebook.cells()
        exercise = notebook.index("raise NotImplementedError")
        check = notebook.index("checks.", after=exercise)
        (message,) = errors(cells)
        assert errors(cells[check : check + 1]) == [message], "stops at its check"
        assert_unwritten(message)
        assert not any(cell.get("execution_count") for cell in cells[check + 1 :])
        assert says(cells, "stderr") == []
        assert not notebook.page.get_by_text("Jupyter news").count(), "run: make setup"
        notebook.go_to(max(0, check - 1))
        notebook.screenshot(f"{LESSON}-untouched")

        notebook.type_into(exercise, answer.replace(old, new))
        assert errors([notebook.run(exercise)]) == []
        (message,) = errors([notebook.run(check)])
        assert_told(message, word)
        notebook.screenshot(f"{LESSON}-wrong")

        notebook.type_into(exercise, answer)
        assert errors([notebook.run(exercise)]) == []
        assert_ticked(notebook.run(check))
        notebook.screenshot(f"{LESSON}-right")


def reads_and_makes(tree):
    """Names that a cell reads, and names that it makes."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    reads = {node.id for node in found if isinstance(node.ctx, ast.Load)}
    makes = {node.id for node in found if isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            makes.add(node.name)
        if isinstance(node, ast.Import | ast.ImportFrom):
            makes |= {name.asname or name.name for name in node.names}
    return reads, makes


def to_its_explorer(folder):
    """A copy of the solution with those cells alone on which its explorer hangs."""
    solution = nbformat.read(pack_root() / "solutions" / f"{LESSON}.ipynb", 4)
    assert sum("explore." in cell.source for cell in solution.cells) == 1
    needed, kept = {"explore"}, []
    for cell in reversed(solution.cells):
        if cell.cell_type != "code" or cell.metadata.get("nbgrader", {}).get("grade"):
            continue
        reads, makes = reads_and_makes(ast.parse(cell.source))
        if makes & needed if kept else "explore" in reads:
            needed = (needed - makes) | reads
            kept.insert(0, cell)
    solution.cells = kept
    path = folder / f"{LESSON}.ipynb"
    nbformat.write(solution, path)
    return path


def test_a_solution_trains_and_its_explorer_is_there(lab, tmp_path):
    """Whole ones, without a screen: test_notebooks; Keras' curves: test_stopping."""
    with lab.open(to_its_explorer(tmp_path)) as notebook:
        notebook.run_all(300)
        cells = [c for c in notebook.cells() if c["cell_type"] == "code"]
        assert errors(cells) == []
        assert all(cell["execution_count"] for cell in cells)
        assert says(cells, "stderr") == []
        bars = [data for data in data_of(cells) if PROGRESS_MIME in data]
        assert bars
        assert all(d[PROGRESS_MIME]["n"] == d[PROGRESS_MIME]["total"] for d in bars)
        assert all("<svg role=" in "".join(data["text/html"]) for data in bars)
        figures = [data for data in data_of(cells) if "image/png" in data]
        assert all('<img alt="' in "".join(data["text/html"]) for data in figures)
        assert sum(WIDGET_MIME in data for data in data_of(cells)) == 1
        at = next(
            place
            for place, cell in enumerate(notebook.cells())
            if "explore." in cell["source"]
            and any(WIDGET_MIME in data for data in data_of([cell]))
        )
        cell = notebook.go_to(at)
        cell.locator(".plane, .jupyter-widgets").first.wait_for()
        notebook.screenshot(f"{LESSON}-explorer")
