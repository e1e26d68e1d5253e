"""A notebook run in this thread's sandbox, cell by cell if need be."""

from __future__ import annotations

import atexit
import threading

from nbformat import NotebookNode
from nbformat.v4 import new_output

from course.sandbox.limits import Limits
from course.sandbox.sandbox import Execution, Sandbox

MOST_STOPPED = 8  # cells of one notebook that may be stopped before it is given up
NOT_STARTED = "its kernel did not start"
LOST = {
    NOT_STARTED,
    "its kernel was lost",
    "it ended the process that had started its kernel",
    "its kernel was ended by SIGKILL",
}

_sandboxes: dict[int, tuple[tuple, Sandbox]] = {}  # by the thread that uses it


def run_apart(notebook: NotebookNode, sandbox: Sandbox) -> Execution:
    """Run a notebook; a cell that cannot be run costs only itself.

    Parameters
    ----------
    notebook : NotebookNode
        Its code cells get their outputs.
    sandbox : Sandbox

    Returns
    -------
    Execution
        Its reason is None if every cell had its turn, or has an error instead, such
        as one that never ends, takes all memory, or ends its kernel.

    Raises
    ------
    RuntimeError
        If no kernel starts, which is no submission's doing.
    """
    stopped: dict[int, tuple[str, str]] = {}
    lost: set[int | None] = set()
    while True:
        done = sandbox.run(notebook)
        if done.reason in LOST and done.stopped_in not in lost:
            lost.add(done.stopped_in)  # the machine's doing, unless it happens again
            sandbox.close()
            continue
        if done.reason == NOT_STARTED:
            raise RuntimeError("the sandbox starts no kernel")
        if done.reason is None or done.stopped_in is None:
            break
        if len(stopped) >= MOST_STOPPED:
            return done
        # Once more without that cell, so that the others have their turn.
        cell = notebook.cells[done.stopped_in]
        stopped[done.stopped_in] = cell.source, done.reason
        cell.source = ""
    for place, (source, reason) in stopped.items():
        said = f"this cell was stopped: {reason}"
        notebook.cells[place].source = source
        notebook.cells[place].outputs = [
            new_output("error", ename="Stopped", evalue=said, traceback=[said])
        ]
    return done


def sandbox_of_thread(framework: str, limits: Limits, unsafe: bool) -> Sandbox:
    """This thread's warm parent for such submissions; its other one is let go."""
    thread, wanted = threading.get_ident(), (framework, limits, unsafe)
    held = _sandboxes.get(thread)
    if held:
        had, sandbox = held
        if had == wanted:
            return sandbox
        sandbox.close()
    atexit.register(close_sandboxes)
    sandbox = Sandbox(framework, limits, unsafe)
    _sandboxes[thread] = wanted, sandbox
    return sandbox


def close_sandboxes() -> None:
    """End this process's warm parents."""
    while _sandboxes:
        _, (_, sandbox) = _sandboxes.popitem()
        sandbox.close()
