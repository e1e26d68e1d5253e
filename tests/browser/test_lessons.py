"""Every lesson in JupyterLab, as a student and as an instructor opens it."""

import re

import nbformat
import pytest

from course import pack_root
from course.handout.lent import SOLUTION_MARK
from helpers.explore import WIDGET_MIME
from helpers.training import PROGRESS_MIME
from tests.browser.conftest import errors

# Lesson: what to change in the answer to its first exercise, and a word of the message.
MISTAKES = {
    "00_data_and_baselines": ("/ 255", "/ 256", "255"),
    "01_keras_dense_autoencoder": ('"sigmoid"', '"linear"', "between 0 and 1"),
    "02_pytorch_mlp_autoencoder": ("nn.Sigmoid()", "nn.Tanh()", "between 0 and 1"),
    "03_variational_autoencoder": ("0.5 * logvar", "logvar", "variance"),
    "04_convolutional_vae": ("// stride + 1", "// stride", "conv_size"),
    "05_latent_dimensions": ("+ 0.5", "+ 0.9", "median|middle"),
    "06_how_tight_is_the_bound": ("+ logvar", "- logvar", "sign of the term"),
    "07_one_vae_two_frameworks": ("0.5 * logvar", "logvar", "variance"),
}


def first_answer(lesson):
    """The model answer to a lesson's first code exercise."""
    notebook = nbformat.read(pack_root() / "solutions" / f"{lesson}.ipynb", 4)
    return next(
        SOLUTION_MARK.sub("", cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source
    )


def says(cells, name):
    """What cells printed to a stream."""
    return [
        "".join(output["text"])
        for cell in cells
        for output in cell.get("outputs", [])
        if output.get("name") == name
    ]


def data_of(cells):
    """All that cells display, by MIME type."""
    return [
        output["data"]
        for cell in cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]


@pytest.mark.parametrize("lesson", MISTAKES)
def test_a_student_is_stopped_told_and_let_go_on(lab, lesson):
    old, new, word = MISTAKES[lesson]
    answer = first_answer(lesson)
    with lab.open(pack_root() / "notebooks" / f"{lesson}.ipynb") as notebook:
        notebook.run_all(240)
        cells = notebook.cells()
        exercise = notebook.index("raise NotImplementedError")
        check = notebook.index("checks.", after=exercise)
        (message,) = errors(cells)
        assert errors(cells[check : check + 1]) == [message], "stops at its check"
        assert "this is not written yet. Fill in the cell above" in message
        assert len(message.splitlines()) == 1
        assert not any(cell.get("execution_count") for cell in cells[check + 1 :])
        assert says(cells, "stderr") == []
        assert not notebook.page.get_by_text("Jupyter news").count(), "run: make setup"
        notebook.go_to(max(0, check - 1))
        notebook.screenshot(f"{lesson}-untouched")

        notebook.type_into(exercise, answer.replace(old, new))
        assert errors([notebook.run(exercise)]) == []
        (message,) = errors([notebook.run(check)])
        assert message.startswith("CheckFailed: not right yet")
        assert re.search(word, message)
        assert re.search("seen: .*expected: .*look at: ", message, re.S)
        assert "helpers/checks" not in message
        assert "Traceback" not in message
        notebook.screenshot(f"{lesson}-wrong")

        notebook.type_into(exercise, answer)
        assert errors([notebook.run(exercise)]) == []
        (line,) = says([notebook.run(check)], "stdout")
        assert re.fullmatch(r"✓ .*: right.\n", line)
        notebook.screenshot(f"{lesson}-right")


@pytest.mark.parametrize(
    "lesson", ["01_keras_dense_autoencoder", "05_latent_dimensions"]
)
def test_a_solution_runs_and_its_explorer_is_there(lab, lesson):
    """One in Keras and one in PyTorch; what all print and draw: test_notebooks.py."""
    solution = pack_root() / "solutions" / f"{lesson}.ipynb"
    with lab.open(solution) as notebook:
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
        notebook.screenshot(f"{lesson}-explorer")
