"""Keras' tests run in one process of their own, and are reported as if they did not."""

import os
import shutil
import subprocess
import sys

import pytest

from course import pack_root

OTHER = """
import os

def test_other():
    print("other ran in", os.getpid())
    assert "lesson01_was_imported" not in os.environ
"""
KERAS = """
import os, signal
import pytest

os.environ["lesson01_was_imported"] = "here"

@pytest.fixture(scope="module")
def process():
    yield os.getpid()
    print("torn down")

@pytest.mark.parametrize("n", [1, 2])
def test_passes(process, n):
    print("keras ran in", process)

def test_fails(process):
    left = 3
    assert left == 4

@pytest.mark.skip(reason="not here")
def test_skipped():
    pass

def test_dies():
    if "MAY_DIE" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def pack(tmp_path):
    """A folder with this folder's conftest, a Keras lesson's tests and another's."""
    tests = tmp_path / "tests"
    for name in ("conftest.py", "keras_process.py"):
        tests.mkdir(exist_ok=True)
        shutil.copy(pack_root() / "tests" / name, tests)
    for file, text in {"lesson01/test_it": KERAS, "lesson02/test_it": OTHER}.items():
        path = tests / "checks" / f"{file}.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\naddopts = --import-mode=importlib\n"
    )
    return tmp_path


def run(pack, *arguments, **variables):
    # Plugins of nobody's use here take most of a process's time to import.
    plugins = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-p xdist.plugin",
    }
    environment = os.environ | plugins | variables
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", *arguments],
        cwd=pack,
        env=environment,
        capture_output=True,
        text=True,
    ).stdout


def pids(output, which):
    lines = [line for line in output.splitlines() if line.startswith(which)]
    return {line.split()[-1] for line in lines}


def test_they_share_one_process_that_is_not_the_others(pack):
    said = run(pack, "tests/checks")
    assert "1 failed, 4 passed, 1 skipped" in said
    assert len(pids(said, "keras ran in")) == 1
    assert not pids(said, "keras ran in") & pids(said, "other ran in")
    assert "assert 3 == 4" in said
    assert "torn down" in said
    assert "PASSED tests/checks/lesson01/test_it.py::test_passes[2]" in said


def test_of_several_workers_one_has_them_all(pack):
    shutil.copytree(pack / "tests/checks/lesson01", pack / "tests/checks/lesson07")
    said = run(pack, "tests/checks", "-n", "3", "--dist", "loadfile")
    assert "2 failed, 7 passed, 2 skipped" in said
    assert len(pids(said, "keras ran in")) == 1


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        (["-k", "other or passes"], "3 passed, 3 deselected"),
        (["-x"], "1 failed, 2 passed"),
        (["-n", "2"], "1 failed, 4 passed, 1 skipped"),
        (["tests/checks/lesson02", "tests/checks/lesson01/test_it.py::test_passes"],
         "3 passed"),
    ],
)  # fmt: skip
def test_a_part_of_them_can_be_asked_for(pack, arguments, outcome):
    assert f" {outcome} in " in " " + run(pack, *arguments).replace("=", "")


def test_alone_they_run_where_a_debugger_stops(pack):
    said = run(pack, "tests/checks/lesson01/test_it.py::test_passes", "-s")
    assert "keras ran in" in said


def test_a_crash_is_a_failure_of_the_test_that_ran(pack):
    said = run(pack, "tests/checks", "-k", "other or dies", MAY_DIE="1")
    assert "FAILED tests/checks/lesson01/test_it.py::test_dies" in said
    assert "ended with -9" in said


def test_a_file_that_cannot_be_imported_is_an_error(pack):
    (pack / "tests/checks/lesson01/test_it.py").write_text("import no_such_thing")
    said = run(pack, "tests/checks")
    assert "No module named 'no_such_thing'" in said
    assert "ERROR tests/checks/lesson01/test_it.py" in said
