"""Talk with a kernel that may say anything: cells in, outputs out, within limits.

Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html.
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient
from nbgrader.utils import is_grade

from course.sandbox.limits import Limits

START_SECONDS = 300  # a kernel that has not answered by then does not start
ASK_AGAIN = 0.1  # seconds without a word, after which the kernel is asked again


class StoppedError(Exception):
    """The running notebook has to end, for the reason given."""


class Conversation:
    """The cells of one notebook, handed to a kernel one by one.

    Parameters
    ----------
    client : BlockingKernelClient
        With its channels started.
    limits : Limits
    has_spoken : callable()
        Tells whether the warm parent has something to say, which ends all.
    """

    def __init__(
        self,
        client: BlockingKernelClient,
        limits: Limits,
        has_spoken: Callable[[], bool],
    ):
        self.client, self.limits, self.has_spoken = client, limits, has_spoken
        self.allowed = limits.seconds
        self.deadline = time.monotonic() + self.allowed
        self.bytes_left = limits.output_bytes
        self.running: int | None = None  # the cell whose turn it is

    def execute(self, notebook: nbformat.NotebookNode) -> None:
        """Run every cell, going on after errors.

        Parameters
        ----------
        notebook : NotebookNode
            Its code cells get the outputs and execution counts.

        Raises
        ------
        StoppedError
            If a limit was passed, or the warm parent has something to say.
        """
        self._wait_until_ready()
        end = self.deadline
        for place, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            if not cell.source.strip():
                continue
            self.running = place
            if is_grade(cell):  # a check takes seconds; the rest of the time is others'
                alone = time.monotonic() + self.limits.check_seconds
                if alone < end:
                    self.allowed, self.deadline = self.limits.check_seconds, alone
            message = self.client.execute(
                cell.source, allow_stdin=False, stop_on_error=False
            )
            self._collect(message, cell)
            reply = self._reply(message)
            self.deadline, self.allowed = end, self.limits.seconds
            cell.execution_count = reply.get("execution_count")
            failed = reply.get("status") != "ok"
            if failed and all(out.output_type != "error" for out in cell.outputs):
                cell.outputs.append(_unsaid(reply))
        self.running = None

    def _wait_until_ready(self) -> None:
        """Ask until the kernel answers and its outputs arrive."""
        asked: set[str] = set()
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            # An answer is lost if it comes before this end listens: ask again soon.
            asked.add(self.client.kernel_info())
            with suppress(queue.Empty):
                while time.monotonic() < end:
                    self._look_at_parent()
                    heard = self.client.get_iopub_msg(timeout=ASK_AGAIN)
                    if heard["parent_header"].get("msg_id") in asked:
                        return
        raise StoppedError("its kernel did not start")

    def _too_long(self) -> str:
        return f"it ran longer than {self.allowed} s"

    def _look_at_parent(self) -> None:
        if self.has_spoken():
            raise StoppedError("")  # the parent's line says why, and is read later

    def _collect(self, message: str, cell: nbformat.NotebookNode) -> None:
        """Gather a cell's outputs until the kernel is idle."""
        displays: dict[str | None, nbformat.NotebookNode] = {}
        clear = False
        while True:
            self._look_at_parent()
            if time.monotonic() > self.deadline:
                raise StoppedError(self._too_long())
            try:
                heard = self.client.get_iopub_msg(timeout=0.1)
            except queue.Empty:
                continue
            kind, content = heard["msg_type"], heard["content"]
            self.bytes_left -= _size(content)
            if self.bytes_left < 0:
                mib = self.limits.output_bytes / 2**20
                raise StoppedError(f"it printed more than {mib:g} MiB")
            if heard["parent_header"].get("msg_id") != message:
                continue
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind == "clear_output":
                clear = content.get("wait", False)
                if not clear:
                    cell.outputs = []
                continue
            if kind == "update_display_data":
                shown = displays.get(_display_id(content))
                if shown:
                    shown.data, shown.metadata = content["data"], content["metadata"]
                continue
            if kind not in ("stream", "display_data", "execute_result", "error"):
                continue
            if clear:
                cell.outputs, clear = [], False
            output = nbformat.v4.output_from_msg(heard)
            last = cell.outputs[-1] if cell.outputs else None
            if kind == "stream" and last and last.get("name") == output.name:
                last.text += output.text
                continue
            cell.outputs.append(output)
            if name := _display_id(content):
                displays[name] = output

    def _reply(self, message: str) -> dict[str, Any]:
        while True:
            self._look_at_parent()
            if time.monotonic() > self.deadline + 5:
                raise StoppedError(self._too_long())
            try:
                heard = self.client.get_shell_msg(timeout=0.1)
            except queue.Empty:
                continue
            if heard["parent_header"].get("msg_id") == message:
                _size(heard["content"])
                return heard["content"]


def _display_id(content: dict[str, Any]) -> str | None:
    """The name under which an output can be updated; `transient` may be null."""
    transient = content.get("transient")
    name = transient.get("display_id") if isinstance(transient, dict) else None
    return name if isinstance(name, str) else None


def _size(content: dict[str, Any]) -> int:
    """Bytes of what a kernel said; raises if it holds what cannot be written down."""
    return len(json.dumps(content, ensure_ascii=False, default=str).encode())


def _unsaid(reply: dict[str, Any]) -> nbformat.NotebookNode:
    """The error of a cell that failed and sent none: no points without a message."""
    return nbformat.v4.new_output(
        "error",
        ename=str(reply.get("ename", "Error")),
        evalue="the cell failed, and its message was not sent",
        traceback=[],
    )
