"""The students' package: whole, without answers, and fetched where it is missing."""

import ast
import functools
import http.server
import json
import os
import re
import shutil
import site
import subprocess
import sys
import textwrap
import threading
import zipfile

import nbformat
import pytest
from typer.testing import CliRunner

from course import CourseError, pack_root
from course.cli import app
from course.handout.students import package_address, with_fetch, write_package

SOLUTIONS = pack_root() / "solutions"
LESSONS = sorted(path.name for path in SOLUTIONS.glob("[0-9][0-9]_*.ipynb"))
ANSWER = re.compile(r"^ *### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION", re.S | re.M)

# Another machine: third-party packages are there, the pack is not (an editable install
# comes by a .pth file, which Python reads only in its own site-packages).
ELSEWHERE = [sys.executable, "-S", "-c"]
FIRST_EXERCISE = ("as checks", "raise NotImplementedError", "checks.")
RUN_CELLS = """
import sys

import nbformat

names = {}
code = [c.source for c in nbformat.read(sys.argv[1], 4).cells if c.cell_type == "code"]
for mark in sys.argv[2:]:
    try:
        exec(next(source for source in code if mark in source), names)
    except Exception as error:
        print(type(error).__name__, error)
print(sys.modules["helpers"].__file__)
"""


@pytest.fixture(scope="module")
def versions():
    """As `make test` knows that release would make them."""
    return {name: (pack_root() / "notebooks" / name).read_bytes() for name in LESSONS}


@pytest.fixture(scope="module")
def package(versions, tmp_path_factory):
    place = tmp_path_factory.mktemp("served") / "students.zip"
    write_package(place, versions)
    return place


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("anywhere at all")
    shutil.unpack_archive(package, folder)
    return folder


def run(notebook, *marks):
    """Run a notebook's cells that have these words in them, as on another machine."""
    packages = os.pathsep.join(site.getsitepackages())
    done = subprocess.run(
        [*ELSEWHERE, RUN_CELLS, notebook.name, *marks],
        cwd=notebook.parent,
        env=os.environ | {"PYTHONPATH": packages, "COURSE_FAST": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_unpacked_anywhere_it_finds_its_helpers_and_fetches_nothing(unpacked):
    said = run(unpacked / LESSONS[0], "# Opened alone")
    assert said == f"{unpacked / 'helpers' / '__init__.py'}\n"


def test_a_notebook_opened_alone_fetches_the_rest(versions, package, tmp_path):
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=package.parent
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/students.zip"
        alone = tmp_path / LESSONS[0]
        handed_out = versions[alone.name].decode()
        assert package_address() in handed_out
        alone.write_text(handed_out.replace(package_address(), address))
        said = run(alone, "# Opened alone", "# held out", *FIRST_EXERCISE)
        server.shutdown()
    assert "this is not written yet. Fill in the cell above" in said
    assert str(tmp_path / "autoencoders" / "helpers" / "__init__.py") in said


def test_one_command_sets_it_up(unpacked):
    """The lock's versions, which are here already: uv has nothing to do."""
    wanted = unpacked / "requirements.txt"
    uv = [shutil.which("uv", path=os.path.dirname(sys.executable)), "pip", "install"]
    done = subprocess.run(
        [*uv, "--dry-run", "--offline", "--python", sys.executable, "-r", wanted.name],
        cwd=unpacked,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Would make no changes" in done.stderr
    wanted = wanted.read_text()
    for name in ("torch", "tensorflow", "jupyterlab", "anywidget", "pillow"):
        assert re.search(rf"^{name}[>=]", wanted, re.M), name
    for name in (
        "nbgrader",
        "sphinx",
        "distributed",
        "pytest",
        "papermill",
        "openpyxl",
    ):
        assert name not in wanted


def test_no_model_answer_is_in_it_in_clear(unpacked):
    """Further on, and in later lessons, a notebook may give what it asked for."""
    helpers = "\n".join(
        as_code(path.read_text(encoding="utf-8"))
        for path in (unpacked / "helpers").rglob("*.py")
    )
    for name in LESSONS:
        stubs = {
            cell.id: as_code(cell.source)
            for cell in nbformat.read(unpacked / name, 4).cells
            if cell.cell_type == "code"
        }
        words = (unpacked / name).read_text(encoding="utf-8")
        assert "HIDDEN TESTS" not in words
        exercises = 0
        for cell in nbformat.read(SOLUTIONS / name, 4).cells:
            answers = ANSWER.findall(cell.source)
            if answers and cell.cell_type == "code":
                exercises += 1
                answers = [as_code(textwrap.dedent(answer)) for answer in answers]
                assert not any(answer in stubs[cell.id] for answer in answers)
                # Of several parts one may be as plain as `return self.decoder(z)`.
                assert not all(answer in helpers for answer in answers)
            else:
                for answer in answers:
                    assert json.dumps(answer.strip())[1:-1] not in words
        assert exercises >= 4


def as_code(source):
    """Statements in one layout, without what comments, docstrings and hints say."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return " ".join(ast.unparse(tree).split())


def test_it_holds_the_lessons_their_helpers_and_no_more(package):
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        readme = archive.read("README.md").decode()
    assert [name for name in names if name.endswith(".ipynb")] == LESSONS
    assert {name.partition("/")[0] for name in names} - set(LESSONS) == {
        *("README.md", "LICENSE", "requirements.txt", "constraints.txt", "helpers")
    }
    assert "helpers/checks/lent.bin" in names
    assert f"open {LESSONS[0]} first" in readme


def test_the_same_lessons_make_the_same_bytes(package, versions, tmp_path):
    again = tmp_path / "again.zip"
    write_package(again, versions)
    assert again.read_bytes() == package.read_bytes()


def test_what_cannot_be_written_is_told(tmp_path):
    with pytest.raises(CourseError, match=r"takes a zip file; call .* students\.zip"):
        write_package(tmp_path / "students.tar", {})


def test_the_command_writes_it_and_leaves_the_notebooks(tmp_path, monkeypatch):
    place = "course.handout.release.student_versions"
    monkeypatch.setattr(place, lambda *_: {"00_a.ipynb": b'{"cells": []}'})
    monkeypatch.setattr("course.handout.release.release", None)
    monkeypatch.setattr("course.handout.students.requirements", lambda _: "")
    out = tmp_path / "build" / "students.zip"
    done = CliRunner().invoke(app, ["release", "--zip", str(out)])
    assert done.exit_code == 0, done.output
    assert "students.zip, 1 notebooks without answers" in done.output
    assert "00_a.ipynb" in zipfile.ZipFile(out).namelist()


def test_without_an_address_nothing_is_put_in():
    assert with_fetch(b"as it was", None) == b"as it was"
