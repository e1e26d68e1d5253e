"""Student notebooks are what nbgrader makes of the solutions."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from course import CourseError
from course.handout.expected import without_figure
from course.handout.release import release, stale, student_version
from tests.course.small_lessons import figure_cell, write_lesson


def grader(grade_id, **more):
    return {
        "grade": False,
        "grade_id": grade_id,
        "locked": False,
        "schema_version": 3,
        "solution": False,
        "task": False,
    } | more


def graded_lesson(path):
    """A lesson with each kind of nbgrader cell, executed."""
    body = (
        'def twice(x):\n    """Double x."""\n    ### BEGIN SOLUTION\n'
        "    return 2 * x\n    ### END SOLUTION"
    )
    check = (
        "assert twice(2) == 4\n### BEGIN HIDDEN TESTS\nassert twice(3) == 6\n"
        "### END HIDDEN TESTS"
    )
    answer = "Why?\n\n### BEGIN SOLUTION\nBecause 2 > 1.\n### END SOLUTION"
    run = new_code_cell("twice(1)", execution_count=3)
    run.outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=3)]
    run.metadata["execution"] = {"iopub.status.busy": "2025-01-01T00:00:00Z"}
    marks = {"nbgrader": grader("twice", solution=True)}
    points = {"nbgrader": grader("check_twice", grade=True, locked=True, points=10)}
    think = {"nbgrader": grader("think", grade=True, solution=True, points=5)}
    return write_lesson(
        path,
        "# Doubling é",
        new_code_cell(body, metadata=marks),
        new_code_cell(check, metadata=points),
        new_markdown_cell(answer, metadata=think),
        run,
    )


def pair(lesson):
    """Write the text beside a notebook, as jupytext does."""
    jupytext.write(jupytext.read(lesson), lesson.with_suffix(".py"), fmt="py:percent")


@pytest.fixture
def folders(tmp_path):
    """One paired lesson, and where its student version goes."""
    pair(graded_lesson(tmp_path / "solutions" / "00_twice.ipynb"))
    return tmp_path / "solutions", tmp_path / "notebooks"


def test_students_get_stubs_and_checks_without_answers(folders):
    release(*folders)
    notebook = nbformat.read(folders[1] / "00_twice.ipynb", 4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "raise NotImplementedError()" in text
    assert "YOUR ANSWER HERE" in text
    assert "assert twice(2) == 4" in text
    for secret in ("return 2", "Because", "twice(3)"):
        assert secret not in text
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert [cell.id for cell in notebook.cells] == [f"cell-{n}" for n in range(5)]


def test_the_bytes_are_those_of_nbgrader(folders, tmp_path):
    release(*folders)
    course = tmp_path / "scratch"
    source = course / "source" / "autoencoders"
    source.mkdir(parents=True)
    shutil.copy(folders[0] / "00_twice.ipynb", source)
    home = tmp_path / "home"
    home.mkdir()
    # nbgrader calls alembic by name, and the environment need not be activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "PATH": path}
    environment = os.environ | own
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "autoencoders"]
    done = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    theirs = course / "release" / "autoencoders" / "00_twice.ipynb"
    assert (folders[1] / "00_twice.ipynb").read_bytes() == theirs.read_bytes()


def test_a_figure_with_the_tag_is_folded_into_the_text_below(tmp_path):
    text = "# What to see"
    lesson = write_lesson(tmp_path / "00_figure.ipynb", figure_cell(), text, "x = 1")
    code, shown, _ = nbformat.reads(student_version(lesson).decode(), 4).cells
    assert code.outputs == []
    assert shown.attachments["expected.png"]["image/png"] == "A" * 12_000
    assert "![Ten digits (blurred)](attachment:expected.png)" in shown.source
    assert without_figure(shown.source) == text
    assert without_figure(text) == text
    to_read = nbformat.reads(student_version(lesson, keep_outputs=True).decode(), 4)
    assert to_read.cells[1].source == text


def test_releasing_twice_changes_nothing(folders):
    assert [path.name for path in release(*folders)] == ["00_twice.ipynb"]
    target = folders[1] / "00_twice.ipynb"
    before = target.read_bytes(), target.stat().st_mtime_ns
    assert release(*folders) == []
    assert (target.read_bytes(), target.stat().st_mtime_ns) == before
    assert student_version(folders[0] / "00_twice.ipynb") == before[0]
    assert before[0].endswith(b"}\n")
    assert [path.name for path in folders[1].iterdir()] == ["00_twice.ipynb"]


def test_check_names_what_is_stale(folders):
    assert stale(*folders) == ["notebooks/00_twice.ipynb is missing; run: make release"]
    release(*folders)
    assert stale(*folders) == []
    target = folders[1] / "00_twice.ipynb"
    target.write_text(target.read_text().replace("Doubling", "Halving"))
    assert stale(*folders) == ["notebooks/00_twice.ipynb is stale; run: make release"]


def test_a_lesson_that_is_gone_goes_from_the_notebooks_too(folders):
    release(*folders)
    gone = folders[1] / "07_gone.ipynb"
    write_lesson(gone, "x = 1")
    kept = [folders[1] / "notes.ipynb", folders[1] / "07_gone.txt"]
    for path in kept:
        path.write_text("{}")
    assert stale(*folders) == [
        "notebooks/07_gone.ipynb has no lesson any more; run: make release"
    ]
    copy, removed = release(*folders)
    assert removed == gone
    assert not gone.exists()
    assert copy.parent == folders[1] / "saved"
    assert nbformat.read(copy, 4).cells[0].source == "x = 1"
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("cell", [0, 1, 3])
def test_what_was_filled_in_is_kept_before_it_is_overwritten(folders, cell):
    release(*folders)
    target = folders[1] / "00_twice.ipynb"
    fresh = target.read_bytes()
    notebook = nbformat.read(target, 4)
    notebook.cells[cell].source += "\nmine"
    nbformat.write(notebook, target)
    mine = target.read_bytes()
    *copies, written = release(*folders)
    assert written == target
    assert target.read_bytes() == fresh
    # The heading is no exercise; the code and the answer in words are.
    assert [copy.read_bytes() for copy in copies] == ([mine] if cell else [])


def test_nothing_is_overwritten_or_removed_that_cannot_be_kept(folders):
    release(*folders)
    work = folders[1] / "00_twice-Copy1.ipynb"
    shutil.copy(folders[1] / "00_twice.ipynb", work)
    (folders[1] / "saved").write_text("in the way")
    with pytest.raises(CourseError, match="left as it is"):
        release(*folders)
    assert work.exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [("return 2 * x", "return x + x"), ('"points": 10', '"points": 20')],
)
def test_text_and_notebook_that_differ_are_told(folders, old, new):
    release(*folders)
    text = folders[0] / "00_twice.py"
    assert old in text.read_text()
    text.write_text(text.read_text().replace(old, new))
    (problem,) = stale(*folders)
    assert "solutions/00_twice.py and solutions/00_twice.ipynb differ" in problem
    assert "jupytext --sync" in problem
    with pytest.raises(CourseError, match="differ, first in cell"):
        release(*folders)


def test_a_missing_half_of_a_pair_is_told(folders):
    release(*folders)
    (folders[0] / "00_twice.py").rename(folders[0] / "01_other.py")
    problems = "\n".join(stale(*folders))
    assert "00_twice.ipynb has no text beside it" in problems
    assert "01_other.py has no notebook beside it" in problems


def test_cells_without_ids_are_refused(folders):
    path = folders[0] / "00_twice.ipynb"
    notebook = json.loads(path.read_text())
    del notebook["cells"][1]["id"]
    path.write_text(json.dumps(notebook))
    with pytest.raises(CourseError, match="without an id"):
        student_version(path)


def test_what_nbgrader_refuses_is_explained_and_nothing_is_written(folders):
    open_end = "### BEGIN SOLUTION\nx = 1"
    marks = {"nbgrader": grader("open", solution=True)}
    write_lesson(folders[0] / "01_open.ipynb", new_code_cell(open_end, metadata=marks))
    with pytest.raises(CourseError, match=r"nbgrader refuses solutions/01_open.ipynb"):
        release(*folders)
    assert not folders[1].exists()
