"""What is freed is used again, and not asked of the system anew."""

import os
import subprocess
import sys

import numpy as np
import pytest

from helpers.memory import allocated

ASKED = """
import resource
import numpy as np
{}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        several = [np.ones(2_000_000) for _ in range(5)]  # 16 MB, 3,906 pages each
        del several
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def asked(first, **settings):
    """New pages that arrays take which are freed at once, the first ones apart."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", ASKED.format(first)],
        env=clean | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_with_helpers_freed_memory_is_used_again():
    assert asked("import helpers") < 1_000 < asked("")


def test_what_the_user_has_set_stays(monkeypatch):
    from helpers.memory import keep_freed_memory

    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000")
    assert keep_freed_memory() is False


def test_where_there_is_no_such_library_nothing_is_told(monkeypatch):
    from helpers import memory

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert memory.keep_freed_memory() is False
    assert memory.allocated() == 0
    monkeypatch.setattr(memory.sys, "platform", "win32")
    monkeypatch.delattr(memory.ctypes, "CDLL")
    assert memory.keep_freed_memory() is False
    assert memory.allocated() == 0


@pytest.mark.skipif(not allocated(), reason="the C library cannot tell")
@pytest.mark.parametrize("size", [2**12, 2**24])  # from the heap, and pages of its own
def test_what_a_library_holds_is_counted_while_it_does(size):
    before = allocated()
    held = [np.ones(size, np.uint8) for _ in range(9)]
    assert 9 * size <= allocated() - before < 10 * size + 2**16
    del held
    assert allocated() - before < 2**16
