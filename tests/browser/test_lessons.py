"""Every lesson in JupyterLab, as a student and as an instructor opens it."""

import re

import nbformat
import pytest

from course import pack_root
from course.handout.release import SOLUTION_MARK
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
}
EXPLORERS = {
    "01_keras_dense_autoencoder": 1,
    "02_pytorch_mlp_autoencoder": 1,
    "03_variational_autoencoder": 1,
    "05_latent_dimensions": 1,
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


def pictures(cells):
    """How many pictures each code cell shows, and its first line."""
    return [
        (
            sum("image/png" in output.get("data", {}) for output in cell["outputs"]),
            cell["source"].partition("\n")[0],
        )
        for cell in cells
        if cell["cell_type"] == "code"
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


@pytest.mark.parametrize("lesson", MISTAKES)
def test_a_solution_runs_without_errors_or_noise(lab, lesson):
    solution = pack_root() / "solutions" / f"{lesson}.ipynb"
    with lab.open(solution) as notebook:
        notebook.run_all(300)
        cells = [c for c in notebook.cells() if c["cell_type"] == "code"]
        assert errors(cells) == []
        assert all(cell["execution_count"] for cell in cells)
        assert says(cells, "stderr") == []
        outputs = [
            output["data"]
            for cell in cells
            for output in cell["outputs"]
            if "data" in output
        ]
        bars = [data for data in outputs if PROGRESS_MIME in data]
        assert all(d[PROGRESS_MIME]["n"] == d[PROGRESS_MIME]["total"] for d in bars)
        assert all("<svg role=" in "".join(data["text/html"]) for data in bars)
        assert bool(bars) == (lesson != "00_data_and_baselines")
        figures = [data for data in outputs if "image/png" in data]
        committed = nbformat.read(solution, 4).cells
        assert pictures(cells) == pictures(committed), "as in the committed outputs"
        assert all('<img alt="' in "".join(data["text/html"]) for data in figures)
        widgets = [data for data in outputs if WIDGET_MIME in data]
        assert len(widgets) == EXPLORERS.get(lesson, 0)
        if widgets:
            at = next(
                i
                for i, c in enumerate(notebook.cells())
                if "explore." in c["source"]
                and any(WIDGET_MIME in o.get("data", {}) for o in c.get("outputs", []))
            )
            cell = notebook.go_to(at)
            cell.locator(".plane, .jupyter-widgets").first.wait_for()
            notebook.screenshot(f"{lesson}-explorer")
