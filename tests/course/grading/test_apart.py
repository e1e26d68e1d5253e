"""A cell that cannot be run costs only itself; each thread has its own sandbox."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from course.grading import apart
from course.sandbox.bubblewrap import available
from course.sandbox.sandbox import Execution
from tests.course.handed_in import LIMITS, NO_SANDBOX, cells


class Machine:
    """A sandbox that stops the named cells, and loses its kernel so many times."""

    def __init__(self, stops=(), loses=0, reason="its kernel was lost"):
        self.stops, self.loses, self.reason = stops, loses, reason
        self.closed = 0

    def close(self):
        self.closed += 1

    def run(self, notebook):
        if self.loses:
            self.loses -= 1
            return Execution(self.reason, 0, 0)
        for place, cell in enumerate(notebook.cells):
            if cell.source in self.stops:
                return Execution("it ran too long", 0, 0, place)
        return Execution(None, 0, 0)


def test_cells_that_are_stopped_keep_their_source_and_say_why():
    notebook, machine = cells("a", "b", "c"), Machine(stops=("a", "c"))
    assert apart.run_apart(notebook, machine).reason is None
    assert [cell.source for cell in notebook.cells] == ["a", "b", "c"]
    said = [[out.evalue for out in cell.outputs] for cell in notebook.cells]
    stopped = ["this cell was stopped: it ran too long"]
    assert said == [stopped, [], stopped]


@pytest.mark.parametrize(("count", "given_up"), [(8, False), (9, True)])
def test_of_many_cells_that_are_stopped_a_notebook_is_given_up(count, given_up):
    done = apart.run_apart(cells(*["x"] * count), Machine(stops=("x",)))
    assert (done.reason is not None) == given_up


def test_a_kernel_that_is_lost_once_is_the_machines_doing():
    machine = Machine(loses=1)
    assert apart.run_apart(cells("x"), machine).reason is None
    assert machine.closed == 1
    assert apart.run_apart(cells("x"), Machine(loses=2)).reason is not None


def test_that_no_kernel_starts_is_no_submissions_doing():
    with pytest.raises(RuntimeError, match="starts no kernel"):
        apart.run_apart(cells("x"), Machine(loses=2, reason=apart.NOT_STARTED))


@pytest.mark.skipif(not available(), reason=NO_SANDBOX)
def test_each_thread_has_a_sandbox_of_its_own():
    def ask():
        mine = apart.sandbox_of_thread("torch", LIMITS, False)
        both.wait()
        assert apart.sandbox_of_thread("torch", LIMITS, False) is mine
        return mine

    both = threading.Barrier(2, timeout=20)
    with ThreadPoolExecutor(2) as pool:
        first, second = [pool.submit(ask) for _ in range(2)]
        assert first.result() is not second.result()
    apart.close_sandboxes()


def test_for_other_limits_a_thread_lets_its_sandbox_go(monkeypatch):
    closed = []
    monkeypatch.setattr(apart, "_sandboxes", {})  # other tests keep theirs
    monkeypatch.setattr(apart, "Sandbox", lambda *wanted: Closing(wanted))

    class Closing:
        def __init__(self, wanted):
            self.wanted = wanted

        def close(self):
            closed.append(self.wanted)

    for framework in ("torch", "torch", "keras"):
        apart.sandbox_of_thread(framework, LIMITS, True)
    assert closed == [("torch", LIMITS, True)]
    apart.close_sandboxes()
    assert closed[1:] == [("keras", LIMITS, True)]
    apart.close_sandboxes()
    assert len(closed) == 2
