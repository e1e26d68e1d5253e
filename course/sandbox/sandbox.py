"""Run a notebook that nobody has read, where it can do no harm.

Kernels are forked from a warm parent (:mod:`course.sandbox.warm`) inside bubblewrap: no
network, a read-only system, the pack's ``helpers`` and the data, one private folder
that is emptied after each notebook, and limits. The client stays outside and talks
to the kernel over Unix sockets.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from course import CourseError
from course.sandbox.bubblewrap import available, can_fork, remedy
from course.sandbox.conversation import Conversation, StoppedError
from course.sandbox.limits import Limits
from course.sandbox.parent import WarmParent
from helpers.checks.failure import PASSED

# torch imports it when an optimizer is made, which would take each fork a second.
FOR_OPTIMIZERS = "torch._dynamo"


@dataclass(frozen=True)
class Execution:
    """What came of one notebook."""

    reason: str | None
    """Why it was ended, for the student to read; None if every cell had its turn."""
    peak_mb: int
    seconds: float
    stopped_in: int | None = None
    """The cell that was running when it was ended, as an index."""
    witnessed: Sequence[Mapping[str, Any]] = ()
    """What its code asked of Python: event, file and line, by ``witness``."""
    passed: Sequence[Mapping[str, Any]] | None = None
    """As `witnessed`, where checks said that they passed; None if nobody listened."""


class Sandbox:
    """A warm parent and the kernels it forks, one at a time.

    Parameters
    ----------
    framework : {"torch", "keras"}
        What the warm parent imports.
    limits : Limits
    unsafe : bool
        Run without bubblewrap.

    Raises
    ------
    CourseError
        On Windows, or if bubblewrap is missing and `unsafe` is not set.
    """

    def __init__(self, framework: str, limits: Limits, unsafe: bool = False):
        if not can_fork() or (not unsafe and not available()):
            raise CourseError(remedy())
        self.framework, self.limits, self.unsafe = framework, limits, unsafe
        self.parent: WarmParent | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """End the warm parent, and with it everything it has forked."""
        parent, self.parent = self.parent, None
        if parent:
            parent.close()

    def run(self, notebook: nbformat.NotebookNode) -> Execution:
        """Execute a notebook in place, going on after errors.

        Parameters
        ----------
        notebook : NotebookNode
            Its code cells get the outputs and execution counts.

        Returns
        -------
        Execution
        """
        if self.parent is None or not self.parent.runs():
            self.close()
            self.parent = WarmParent(self.framework, self.limits, self.unsafe)
        try:
            return self._run(self.parent, notebook)
        except BaseException:
            self.close()  # what is left of this one must not answer for the next
            raise

    def _run(self, parent: WarmParent, notebook: nbformat.NotebookNode) -> Execution:
        started = time.monotonic()
        connection = str(parent.ipc / f"{uuid.uuid4().hex[:8]}.json")
        _, content = write_connection_file(
            connection, transport="ipc", ip=connection.removesuffix(".json")
        )
        os.chmod(connection, 0o644)
        optimizes = any("optim" in cell.source for cell in notebook.cells)
        parent.send(
            {
                "imports": [FOR_OPTIMIZERS] * (optimizes and self.framework == "torch"),
                "connection": connection,
                "limits": asdict(self.limits) | {"own_user": parent.own_user},
                "uid": parent.own_user or None,
                "cwd": str(parent.scratch),
            }
        )
        client = BlockingKernelClient()
        client.load_connection_info(content)
        client.start_channels(hb=False, stdin=False, control=False)
        reason = None
        talk = Conversation(client, self.limits, parent.has_spoken)
        try:
            talk.execute(notebook)
        except StoppedError as stopped:
            reason = str(stopped)
        except Exception as error:  # noqa: BLE001 (its code may send anything)
            reason = f"its kernel sent something unreadable ({type(error).__name__})"
        finally:
            client.stop_channels()
        ended = self._end(parent, reason is None)
        try:
            for left in parent.ipc.iterdir() if self.parent else ():
                left.unlink(missing_ok=True)
        except OSError:  # a folder, or a lock: the next parent gets a place of its own
            self.close()
        # What the parent saw is the cause; what the client noticed may follow from it.
        reason = ended["reason"] or reason
        if reason == "":  # the parent spoke, and not of this kernel
            self.close()
            reason = "its kernel was lost"
        seconds = time.monotonic() - started
        heard, peak_mb = ended.get("witnessed", ()), ended.get("peak_mb", 0)
        witnessed = [each for each in heard if each["event"] != PASSED]
        passed = [each for each in heard if each["event"] == PASSED]
        return Execution(reason, peak_mb, seconds, talk.running, witnessed, passed)

    def _end(self, parent: WarmParent, wanted: bool) -> dict[str, Any]:
        """Have everything of this notebook killed and wiped; return what was said."""
        with contextlib.suppress(BrokenPipeError):
            parent.send({"stop": wanted})
        said = parent.hear(30)
        if not said or not parent.hear(30).get("clean"):
            self.close()
        return said or {"reason": "it ended the process that had started its kernel"}
