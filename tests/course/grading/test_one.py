"""One submission to one record."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
import pytest

from benchmarks.students import LESSON, submission
from course.grading import one
from course.sandbox.bubblewrap import available
from course.sandbox.limits import Limits
from tests.course.handed_in import LIMITS, NO_SANDBOX, cells

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)


def test_each_thread_has_a_sandbox_of_its_own():
    def ask():
        mine = one.sandbox_of_thread("torch", LIMITS, False)
        both.wait()
        assert one.sandbox_of_thread("torch", LIMITS, False) is mine
        return mine

    both = threading.Barrier(2, timeout=20)
    with ThreadPoolExecutor(2) as pool:
        first, second = [pool.submit(ask) for _ in range(2)]
        assert first.result() is not second.result()
    one.close_sandboxes()


def test_unsafe_grades_the_same_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    content = nbformat.writes(submission()).encode()
    record = one.grade_one(content, LESSON, unsafe=True)
    assert record.score == 90
    assert record.sandboxed is False
    sandbox = one.sandbox_of_thread("torch", Limits(), unsafe=True)
    parent = psutil.Process(sandbox.parent.process.pid)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(sandbox.run, cells("import time\ntime.sleep(60)"))
        deadline = time.monotonic() + 20
        while not parent.children() and time.monotonic() < deadline:
            time.sleep(0.05)
        (kernel,) = parent.children()
        one.close_sandboxes()
    assert not parent.is_running()
    assert not kernel.is_running(), "with its parent all that it had forked is ended"
