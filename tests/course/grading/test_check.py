"""`course check` on a student's own notebook."""

import io
import os
import subprocess
import sys

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from rich.console import Console

from benchmarks.students import LESSON, right_answers
from course import CourseError, pack_root
from course.grading.check import check
from course.handout.reset import reset
from course.sandbox.sandbox import Execution

CASES = pack_root().parent / "shared" / "cases"
RELEASED = pack_root() / "notebooks" / f"{LESSON}.ipynb"


@pytest.fixture(scope="module")
def half_done(tmp_path_factory):
    """Two exercises right, two wrong, the rest not written."""
    notebook = nbformat.read(RELEASED, 4)
    answers = right_answers()
    answers["reconstruction_loss"] = answers["reconstruction_loss"].replace(
        "pixels.sum(dim=1)", "pixels.mean(dim=1)"
    )
    # No output can hold half a letter: of this error the kernel sends none.
    answers["sample"] = "def sample(*_):\n    raise ValueError(chr(0xD800))"
    wanted = (
        *("reparameterize", "kl_divergence", "reconstruction_loss"),
        *("sample", "think_beta"),
    )
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in wanted:
            cell.source = answers[name]
    path = tmp_path_factory.mktemp("mine") / f"{LESSON}.ipynb"
    nbformat.write(notebook, path)
    return path


def test_check_says_what_is_right_and_what_is_not(half_done):
    before = half_done.read_bytes()
    shown = io.StringIO()
    done = check(str(half_done), Console(file=shown, width=100))
    states = {
        row.exercise: state
        for row, state in zip(done.exercises, done.states, strict=True)
    }
    assert states == {
        "reparameterize": "right",
        "kl_divergence": "right",
        "reconstruction_loss": "not right yet",
        "vae_class": "not written yet",
        "vae_loss": "not written yet",
        "sample": "not right yet",
        "think_beta": "for your instructor",
        "think_improve": "not written yet",
    }
    assert (done.score, done.max) == (35, 90)
    assert "mean over the pixels" in shown.getvalue()
    assert "35 of 90 points" in shown.getvalue()
    assert half_done.read_bytes() == before


def test_a_pack_without_solutions_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("course.lessons.pack_root", lambda: tmp_path)
    for command in (check, reset):
        with pytest.raises(CourseError, match=r"no solutions/.*ask your instructor"):
            command("03")


def test_a_loop_without_an_end_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("course.grading.check.CELL_TIMEOUT", 2)
    mine = nbformat.read(RELEASED, 4)
    mine.cells.insert(0, nbformat.v4.new_code_cell("while True: pass"))
    path = tmp_path / f"{LESSON}.ipynb"
    nbformat.write(mine, path)
    with pytest.raises(CourseError, match="loop that never ends"):
        check(str(path))


def test_a_name_that_is_no_lesson_is_told(tmp_path):
    with pytest.raises(CourseError, match="no lesson"):
        check("nothing_of_the_kind")
    broken = tmp_path / f"{LESSON}.ipynb"
    broken.write_text("{not json")
    with pytest.raises(CourseError, match="cannot be read"):
        check(str(broken))


def test_tensorflow_beside_torch_costs_nothing():
    case = CASES / "tensorflow-imported-first-course-check-loses-15.03.ipynb"
    if case.is_file():  # the samples are not part of the pack
        done = check(str(case), Console(file=io.StringIO(), width=100))
        assert (done.score, done.max) == (90, 90)


def test_an_output_that_lacks_greek_ends_in_the_usual_table(tmp_path):
    case = CASES / "greek-name-and-cp1252-output-traceback.03.ipynb"
    if not case.is_file():
        return
    command = [sys.executable, "-c", "from course.cli import app; app()"]
    out = tmp_path / "out.txt"
    with out.open("wb") as file:
        done = subprocess.run(
            [*command, "check", str(case)],
            env=os.environ | {"PYTHONIOENCODING": "cp1252"},
            stdout=file,
            stderr=subprocess.PIPE,
            cwd=pack_root(),
        )
    shown = out.read_text("cp1252")
    assert b"Traceback" not in done.stderr
    assert "what you have done so far" in shown
    assert "points for code" in shown


def test_what_failed_first_and_where_points_stand_is_shown(monkeypatch):
    """Without a kernel: what it would have put into the cells."""

    def run(work):
        for cell in work.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name == "check_sample" or cell is imports(work):
                text = "no `torch`" if cell is imports(work) else "the sign is flipped"
                error = nbformat.v4.new_output("error", ename="Wrong", evalue=text)
                cell.outputs = [error]
        return Execution(None, 0, 0.0)

    def imports(work):
        return next(c for c in work.cells if c.source.startswith(("from", "import")))

    monkeypatch.setattr("course.grading.check._run", run)
    shown = io.StringIO()
    done = check("03", Console(file=shown, width=100))
    said = shown.getvalue()
    assert said.startswith("Before the first check, cell ")
    assert "failed: Wrong: no `torch`" in said
    assert "sample: Wrong: the sign is flipped" in said
    rows = [[part.strip() for part in line.split("│")] for line in said.splitlines()]
    assert ["", "sample", "not right yet", "0 of 10", ""] in rows
    assert ["", "kl_divergence", "right", "20 of 20", ""] in rows
    assert ["", "think_beta", "not written yet", "0 of 5", ""] in rows
    assert (done.score, done.max) == (80, 90)


def test_a_kernel_that_died_is_told(monkeypatch):
    def dies(client, **_):
        raise DeadKernelError

    monkeypatch.setattr("nbclient.NotebookClient.execute", dies)
    with pytest.raises(CourseError, match=r"kernel died.*cell by cell"):
        check("03")
