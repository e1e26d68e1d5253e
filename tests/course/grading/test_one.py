"""One submission to one record."""

import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
import pytest

from benchmarks.students import LESSON, submission
from course.grading import apart, one
from course.sandbox.bubblewrap import available
from course.sandbox.limits import Limits
from tests.course.handed_in import NO_SANDBOX, cells

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)


def test_unsafe_grades_the_same_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    content = nbformat.writes(submission()).encode()
    record = one.grade_one(content, LESSON, unsafe=True)
    assert record.score == 90
    assert record.sandboxed is False
    sandbox = apart.sandbox_of_thread("torch", Limits(), unsafe=True)
    parent = psutil.Process(sandbox.parent.process.pid)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(sandbox.run, cells("import time\ntime.sleep(60)"))
        deadline = time.monotonic() + 20
        while not parent.children() and time.monotonic() < deadline:
            time.sleep(0.05)
        (kernel,) = parent.children()
        apart.close_sandboxes()
    assert not parent.is_running()
    assert not kernel.is_running(), "with its parent all that it had forked is ended"
