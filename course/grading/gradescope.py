"""An autograder for Gradescope, derived from a lesson.

Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/: a zip file with
``setup.sh`` and ``run_autograder`` at its root; what it holds is unpacked into
``/autograder/source``. The judging itself is :mod:`course.grading.autograder`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from course import CourseError, pack_root
from course.files import write_zip
from course.handout.students import PACKED
from course.lessons import find_lessons

# Of the pack's dependencies, those that grading one submission imports.
NEEDED = ("torch", "torchvision", "numpy", "matplotlib", "scikit-learn", "tqdm")
NEEDED += ("filelock", "platformdirs", "pillow", "nbclient", "nbconvert", "nbformat")
NEEDED += ("nbgrader", "jupyter", "typer", "rich", "jinja2", "psutil", "distributed")
NEEDED += ("papermill", "openpyxl", "ipywidgets", "anywidget")
OF_KERAS = ("tensorflow",)

SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the autograder's image.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
apt-get update
apt-get install -y --no-install-recommends curl ca-certificates bubblewrap
curl -LsSf https://astral.sh/uv/install.sh | env UV_INSTALL_DIR=/usr/local/bin sh
uv venv --python 3.12 "$root/python"
uv pip install --python "$root/python/bin/python" --torch-backend cpu \\
    -r "$root/source/requirements.txt"
# The data once, for cells that ask for it; without network the stand-in will do.
cd "$root/source"
COURSE_DATA="$root/source/data" "$root/python/bin/python" -c \\
    "from helpers import data; data.load('MNIST'); data.load('FashionMNIST')" || true
"""
RUN = """\
#!/usr/bin/env bash
# Gradescope runs this for each submission of {lesson}.
set -u
root="${{1:-${{AUTOGRADER_ROOT:-/autograder}}}}"
python="${{AUTOGRADER_PYTHON:-$root/python/bin/python}}"
export COURSE_FAST=1 COURSE_DATA="${{COURSE_DATA:-$root/source/data}}"
export PYTHONPATH="$root/source"
cd "$root/source" || exit 1
exec "$python" -m course.grading.autograder {lesson} "$root"
"""


def write_autograder(name: str, out: Path) -> str:
    """Write the zip file that is uploaded to Gradescope.

    Parameters
    ----------
    name : str
        A lesson's name, or an unmistakable beginning.
    out : Path
        The zip file.

    Returns
    -------
    str
        The lesson's name.

    Raises
    ------
    CourseError
        If there is no such lesson, or the file cannot be written.
    """
    (solution,) = find_lessons([name], pack_root() / "solutions")
    write_zip(out, _members(solution))
    return solution.stem


def _members(solution: Path) -> Iterator[tuple[str, bytes, bool]]:
    """Place in the archive, content, and whether it is a program."""
    yield "setup.sh", SETUP.encode(), True
    yield "run_autograder", RUN.format(lesson=solution.stem).encode(), True
    yield "requirements.txt", requirements(solution).encode(), False
    # Says which cells came with the lesson: the one that fetches has an address in it.
    yield "pyproject.toml", (pack_root() / "pyproject.toml").read_bytes(), False
    yield f"solutions/{solution.name}", solution.read_bytes(), False
    for folder in ("course", "helpers"):
        for path in sorted((pack_root() / folder).rglob("*")):
            if path.suffix in PACKED and path.is_file():
                place = path.relative_to(pack_root()).as_posix()
                yield place, path.read_bytes(), False


def requirements(solution: Path) -> str:
    """What a lesson's autograder installs, with the pack's own bounds.

    Raises
    ------
    CourseError
        If the pack has no ``pyproject.toml``, as when it was installed from a wheel.
    """
    try:
        project = tomllib.loads((pack_root() / "pyproject.toml").read_text("utf-8"))
    except OSError as error:
        raise CourseError(
            "This pack has no pyproject.toml, which says what an autograder installs. "
            "Run the command in the pack's own folder."
        ) from error
    keras = "import keras" in solution.read_text("utf-8")
    wanted = {*NEEDED, *(OF_KERAS if keras else ())}
    lines = [
        line
        for line in project["project"]["dependencies"]
        if line.partition(">")[0].partition("=")[0].strip() in wanted
    ]
    return "\n".join(lines) + "\n"
