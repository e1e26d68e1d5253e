"""One notebook in its own kernel: its environment, its limits, who watches it."""

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from course import pack_root
from course.run.kernels import (
    THREAD_VARIABLES,
    execute,
    kernel_environment,
    own_kernel,
)
from course.run.watch import Watch
from helpers.data import data_root
from tests.course.small_lessons import write_lesson


def test_the_users_relative_folders_mean_the_same_to_the_kernel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "data")
    monkeypatch.setenv("COURSE_DATA_MIRROR", "../shared/data")
    environment = kernel_environment(fast=True, threads=1, root=tmp_path)
    assert environment["COURSE_DATA"] == str(data_root()), "as in every notebook"
    assert data_root() == pack_root() / "data"
    assert Path(environment["COURSE_DATA_MIRROR"]).resolve() == (
        tmp_path.parent / "shared" / "data"
    )
    monkeypatch.setenv("COURSE_DATA_MIRROR", "http://127.0.0.1:1/data")
    environment = kernel_environment(fast=False, threads=1, root=tmp_path)
    assert environment["COURSE_DATA_MIRROR"] == "http://127.0.0.1:1/data"
    assert "COURSE_FAST" not in environment


def executed(folder, *cells, timeout, watch=None):
    lesson = write_lesson(folder / "05_timed.ipynb", *cells)
    environment = kernel_environment(fast=True, threads=1, root=pack_root())
    return execute(
        lesson,
        folder / "executed.ipynb",
        {},
        folder,
        environment,
        timeout,
        watch or Watch(),
    )


def test_the_time_limit_is_for_each_cell_and_not_for_all(tmp_path):
    waits = "import time\ntime.sleep(3)"
    done = executed(tmp_path, waits, waits, waits, timeout=8)
    assert done.failure is None
    assert done.seconds > 8
    assert [cell.execution_count for cell in done.notebook.cells] == [1, 2, 3]


def test_a_cell_that_takes_longer_is_named_with_its_limit_and_ends_the_notebook(
    tmp_path,
):
    done = executed(tmp_path, "x = 1", "while x:\n    pass", "y = 2", timeout=2)
    assert done.failure == (
        "code cell 2 (`while x:`): CellTimeoutError: ran longer than 2 s, the limit "
        "for one cell (--timeout changes it)"
    )
    assert 2 <= done.seconds < 60
    errors = done.notebook.cells[1].outputs
    assert [error.ename for error in errors] == ["CellTimeoutError"]
    assert done.notebook.cells[2].execution_count is None


def test_a_watch_hears_of_cells_and_can_end_the_kernel(tmp_path):
    heard = []

    def on_cell(number, count):
        heard.append((number, count))
        if number == 2:
            watch.kill()

    watch = Watch(on_cell)
    done = executed(tmp_path, "x = 1", "y = 2", "z = 3", timeout=60, watch=watch)
    assert heard == [(1, 3), (2, 3)]
    assert "code cell 2 (`y = 2`): DeadKernelError: the kernel died" in done.failure
    assert done.peak_memory_mb > 10


def test_a_watch_that_was_ended_before_lets_no_kernel_live(tmp_path):
    watch = Watch()
    watch.kill()
    done = executed(tmp_path, "x = 1", timeout=60, watch=watch)
    assert done.failure is not None


def test_what_is_no_notebook_fails_before_its_first_cell(tmp_path):
    (tmp_path / "lesson.ipynb").write_text("{not json")
    environment = kernel_environment(fast=True, threads=1, root=pack_root())
    done = execute(
        *(tmp_path / "lesson.ipynb", tmp_path / "executed.ipynb", {}, tmp_path),
        *(environment, 5, Watch()),
    )
    assert done.notebook is None
    assert done.failure.startswith("before its first cell: ")


def test_a_limit_that_the_user_has_set_on_threads_stays(tmp_path, monkeypatch):
    for variable in THREAD_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    environment = kernel_environment(fast=False, threads=3, root=tmp_path)
    threads = {name: environment[name] for name in THREAD_VARIABLES}
    assert threads == dict.fromkeys(THREAD_VARIABLES, "3") | {"MKL_NUM_THREADS": "7"}
    assert environment["PYTHONPATH"] == os.pathsep.join([str(tmp_path), "/mine"])
    monkeypatch.delenv("MKL_NUM_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # PyTorch's MKL would else take three
    environment = kernel_environment(fast=False, threads=3, root=tmp_path)
    assert {environment[name] for name in THREAD_VARIABLES} == {"1"}


def test_another_environments_python3_is_not_taken(tmp_path, monkeypatch):
    foreign = tmp_path / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["/bin/false"], "display_name": "Other", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert own_kernel().kernel_spec.argv[0] == sys.executable
    assert executed(tmp_path, "x = 1", timeout=60).failure is None


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such sockets")
def test_no_other_process_can_take_a_kernels_port(tmp_path, monkeypatch):
    place = tmp_path / "t"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    asked = "from ipykernel.connect import get_connection_info as ask\nprint(ask())"
    done = executed(tmp_path, asked, timeout=60)
    assert f'"ip": "{place}' in done.notebook.cells[0].outputs[0].text
    assert not list(place.iterdir()), "its sockets and its file go with it"
    monkeypatch.setattr(tempfile, "tempdir", f"/{'long/' * 20}")
    assert own_kernel().transport == "tcp", "a socket's name has a limit"
