"""Where else it works: nbconvert, `jupyter execute`, a pip install, a Windows clone."""

import os
import subprocess
import sys

import nbformat
import pytest

from course import pack_root

SOLUTIONS = pack_root() / "solutions"
ENVIRONMENT = os.environ | {"COURSE_FAST": "1"}


CELLS = (
    """
import numpy as np
from helpers import explore, plots

pictures = np.full((10, 784), 0.5)
""",
    'plots.image_grid(pictures, "What is drawn?")',
    'explore.between(lambda z: pictures[: len(z)], [-2, 0], [2, 0], "And between?")',
)


@pytest.mark.parametrize(
    "command",
    [
        "nbconvert --to notebook --execute --output executed",
        "execute --output=executed",
    ],
)
def test_nbconvert_and_jupyter_execute_run_a_notebook(command, tmp_path):
    """One with a figure and an explorer; whole lessons run so in `make outputs`."""
    lesson = nbformat.read(SOLUTIONS / "00_data_and_baselines.ipynb", 4)
    lesson.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    file = tmp_path / "few.ipynb"
    nbformat.write(lesson, file)
    subprocess.run(
        [sys.executable, "-m", "jupyter", *command.split(), file],
        check=True,
        env=ENVIRONMENT,
        cwd=tmp_path,
    )
    (result,) = set(tmp_path.glob("*.ipynb")) - {file}
    executed = nbformat.read(result, 4)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    for cell in code[1:]:
        (output,) = cell.outputs
        assert "image/png" in output.data
        assert "application/vnd.jupyter.widget-view+json" not in output.data


def test_installed_by_pip_the_pack_is_whole(tmp_path):
    """As on a hosted notebook server: not from this folder, and not editable."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    place = ["--no-build-isolation", "--target", str(tmp_path / "site")]
    subprocess.run([*pip, *place, str(pack_root())], check=True)
    code = """
from pathlib import Path

import helpers
from helpers import data, explore, latex
from helpers.checks import standins, lesson05

assert "site" in helpers.__file__, helpers.__file__
assert standins.ANSWERS.exists()
print(explore.PLANE.read_text()[:2], latex.__name__)

import course
from course.files import templates
from course.grading import pages
from course.run import report
from course.sandbox import warm

assert "site" in course.__file__, course.__file__
for module, names in ((pages, "submission summary page"), (report, "report")):
    for name in names.split():
        templates(Path(module.__file__).parent).get_template(f"{name}.html.j2")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_clone_that_git_gives_the_line_ends_of_windows_is_in_step(tmp_path):
    clone = ["git", "clone", "--quiet", "-c", "core.autocrlf=true"]
    subprocess.run([*clone, str(pack_root()), str(tmp_path / "clone")], check=True)
    course = "from course.cli import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", course, "release", "--check"],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "clone")},
        cwd=tmp_path / "clone",
        capture_output=True,
        text=True,
    )
    assert "in step" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_no_cell_needs_more_than_a_kernel(folder):
    for path in sorted((pack_root() / folder).glob("0*.ipynb")):
        notebook = nbformat.read(path, 4)
        assert notebook.metadata.kernelspec.name == "python3"
        for cell in notebook.cells:
            if cell.cell_type == "code":
                first = cell.source.lstrip()[:1]
                assert first not in ("%", "!"), f"{path.name}: {cell.source[:40]}"
