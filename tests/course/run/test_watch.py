"""A watch knows what a process and its children hold, and ends them."""

import subprocess
import sys
import time

import psutil
import pytest

from course.run.watch import Watch

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def parent():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        child = psutil.Process(int(started.stdout.readline()))
        yield started, child
        started.kill()
        if child.is_running():
            child.kill()


def has_ended(process):
    gone, _ = psutil.wait_procs([process], timeout=10)
    return bool(gone)


def test_the_memory_is_that_of_the_whole_family(parent):
    started, child = parent
    watch = Watch()
    watch.sample()
    assert watch.peak_bytes == 0, "nothing has started"
    watch.kernel_started(started.pid)
    alone = psutil.Process(started.pid).memory_info().rss
    with watch.sampling(interval=0.01):
        deadline = time.monotonic() + 10
        while not watch.peak_bytes and time.monotonic() < deadline:
            time.sleep(0.01)
    assert watch.peak_bytes > alone + child.memory_info().rss // 2


@pytest.mark.parametrize("before", [True, False])
def test_the_family_is_ended_also_one_that_starts_too_late(parent, before):
    started, child = parent
    watch = Watch()
    if before:
        watch.kill()
    watch.kernel_started(started.pid)
    if not before:
        watch.kill()
    assert watch.cancelled
    assert started.wait(10) != 0
    assert has_ended(child)
    watch.kill()  # once more does no harm
    watch.sample()
