"""Many at a time, and what becomes of a class when workers die."""

import io
import json
import os
import subprocess
import sys
import threading
import time

import cloudpickle
import pytest
from dask import config as dask_config
from distributed import Client
from rich.console import Console

from benchmarks.students import LESSON
from course import CourseError
from course.grading import apart, cluster, whole_class
from course.sandbox.bubblewrap import available
from tests.course.handed_in import NO_SANDBOX, ROOT, hand_in, small_class

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)


@pytest.fixture
def dask_cluster(tmp_path):
    """A real scheduler and two workers on loopback."""
    dask = [sys.executable, "-m", "dask"]
    address = tmp_path / "scheduler.json"
    found = ["--scheduler-file", str(address), "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    scheduler = subprocess.Popen(
        [*dask, "scheduler", *found, "--port", "0", "--host", "127.0.0.1"],
        env=environment,
        **quiet,
    )
    workers = [
        subprocess.Popen(
            [*dask, "worker", *found, "--nthreads", "1", "--no-nanny"],
            env=environment,
            **quiet,
        )
        for _ in range(2)
    ]
    deadline = time.monotonic() + 60
    while not address.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield json.loads(address.read_text())["address"], workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def test_a_cluster_that_loses_a_worker_grades_everyone(dask_cluster, tmp_path):
    address, workers = dask_cluster
    small_class(tmp_path / "in", 5)
    out = tmp_path / "out"

    def kill_one():
        deadline = time.monotonic() + 120
        while not list(out.glob("records/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers[0].kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    done = whole_class.grade_class(tmp_path / "in", out, scheduler=address)
    killer.join()
    assert workers[0].poll() is not None
    records = [mine[LESSON] for mine in done.students.values()]
    assert [record.score for record in records] == [90] * 5
    with Client(address) as client:  # another class may be using its sandbox
        assert list(client.run(lambda: len(apart._sandboxes)).values()) == [1]
        client.run(apart.close_sandboxes)


def test_a_lost_worker_is_the_graders_failure_and_is_tried_again(tmp_path, monkeypatch):
    hand_in(tmp_path / "in", "poison")

    def poison(*arguments):
        os._exit(1)

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    before = dict(os.environ)
    once = {"distributed.scheduler.allowed-failures": 0}  # each takes seconds
    try:
        with monkeypatch.context() as patch, dask_config.set(once):
            patch.setattr(cluster, "grade_one", poison)
            done = whole_class.grade_class(tmp_path / "in", tmp_path / "out", workers=1)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    record = done.students["poison"][LESSON]
    assert not done.ok
    assert record.again
    assert "the grader itself failed (KilledWorker" in record.reason
    done = whole_class.grade_class(tmp_path / "in", tmp_path / "out", workers=1)
    assert done.ok
    assert done.students["poison"][LESSON].score == 90
    # Dask sets OMP_NUM_THREADS for its workers, and would leave it set here.
    assert dict(os.environ) == before


def test_a_wrong_address_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 1)
    hand_in(tmp_path / "in", "solved")
    with pytest.raises(CourseError, match="no Dask scheduler"):
        whole_class.grade_class(
            tmp_path / "in", tmp_path / "out", scheduler="tcp://127.0.0.1:9"
        )


def test_how_far_it_is_is_said_now_and_then_and_at_the_end(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(cluster.time, "monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), width=100)
    show = cluster._progress(console, 4)
    for second in (101.0, 102.5, 104.0, 105.0):
        now[0] = second
        show()
    assert console.file.getvalue().splitlines() == [
        "1 of 4, 60 a minute, about 3 s left",
        "3 of 4, 45 a minute, about 1 s left",
        "4 of 4, 48 a minute, about 0 s left",
    ]
