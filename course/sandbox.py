"""Run a notebook that nobody has read, where it can do no harm.

Kernels are forked from a warm parent (:mod:`course.warm`) inside bubblewrap: no
network, a read-only system, the pack's ``helpers`` and the data, one private folder
that is emptied after each notebook, and limits. The client stays outside and talks
to the kernel over Unix sockets. Source: https://github.com/containers/bubblewrap and
https://jupyter-client.readthedocs.io.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from course import CourseError, pack_root
from course.kernels import kernel_environment

MISSING = (
    "bubblewrap is not there, so submissions could read your files and reach the "
    "network. Install it (Debian, Ubuntu: apt-get install bubblewrap), or, if you "
    "trust every submission, say --unsafe."
)
# For the warm parent alone: a kernel gives them up with its user.
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_DAC_OVERRIDE")
CAPABILITIES += ("CAP_SYS_PTRACE",)  # to count shared memory once
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
SYSTEM += ("/etc/alternatives", "/etc/fonts", "/etc/localtime")
START_SECONDS = 180
OUTPUT_BYTES = 30 * 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    seconds: int = 300
    """From its first cell to its last."""
    memory: int = 3 * 2**30
    """Bytes really touched, all its processes together."""
    address_space: int = 32 * 2**30
    """Bytes reserved; torch alone takes several GiB."""
    processes: int = 32
    file_bytes: int = 256 * 2**20
    scratch_bytes: int = 512 * 2**20
    output_bytes: int = OUTPUT_BYTES


@dataclass(frozen=True)
class Execution:
    """What came of one notebook."""

    reason: str | None
    """Why it was ended, for the student to read; None if every cell had its turn."""
    replaced: list[str]
    """What it put in place of the checks' or the libraries' own functions."""
    peak_mb: int
    seconds: float


class StoppedError(Exception):
    """The running notebook has to end, for the reason given."""


def available() -> bool:
    """Tell whether bubblewrap works here.

    Returns
    -------
    bool
        False as well where it is installed but the system forbids its namespaces.
    """
    found = shutil.which("bwrap")
    if not found:
        return False
    command = [found, "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Sandbox:
    """A warm parent and the kernels it forks, one at a time.

    Parameters
    ----------
    framework : {"torch", "keras"}
        What the warm parent imports; both in one process crash each other.
    limits : Limits
    unsafe : bool
        Run without bubblewrap.

    Raises
    ------
    CourseError
        If bubblewrap is missing and `unsafe` is not set.
    """

    def __init__(self, framework: str, limits: Limits, unsafe: bool = False):
        if not unsafe and not available():
            raise CourseError(MISSING)
        self.framework, self.limits, self.unsafe = framework, limits, unsafe
        self.folder: Path | None = None
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """End the warm parent, and with it everything it has forked."""
        process, folder = self.process, self.folder
        self.process = self.folder = None
        if process:
            process.stdin.close()  # it ends what it has forked, then itself
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
            process.kill()
            process.wait()
            process.stdout.close()
        if folder:
            # Not shutil.rmtree: folders in folders may be deeper than it can go.
            remove = ["/bin/rm", "-rf", folder]
            subprocess.run(remove, stderr=subprocess.DEVNULL, check=False)

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
        if self.process is None or self.process.poll() is not None:
            self._start()
        try:
            return self._run(notebook)
        except BaseException:
            self.close()  # what is left of this one must not answer for the next
            raise

    def _run(self, notebook: nbformat.NotebookNode) -> Execution:
        started = time.monotonic()
        connection = str(self.folder / "ipc" / f"{uuid.uuid4().hex[:8]}.json")
        _, content = write_connection_file(
            connection, transport="ipc", ip=connection.removesuffix(".json")
        )
        os.chmod(connection, 0o644)
        self._send(
            {
                "connection": connection,
                "limits": asdict(self.limits) | {"own_user": self._own_user()},
                "uid": self._own_user() or None,
                "cwd": self._scratch(),
            }
        )
        client = BlockingKernelClient()
        client.load_connection_info(content)
        client.start_channels(hb=False, stdin=False, control=False)
        reason, replaced = None, []
        try:
            replaced = self._execute(client, notebook)
        except StoppedError as stopped:
            reason = str(stopped)
        except Exception as error:  # noqa: BLE001 (its code may send anything)
            reason = f"its kernel sent what cannot be read ({type(error).__name__})"
        finally:
            client.stop_channels()
        ended = self._end(reason is None)
        try:
            for left in (self.folder / "ipc").iterdir() if self.folder else ():
                left.unlink(missing_ok=True)
        except OSError:  # a folder, or a lock: the next parent gets a place of its own
            self.close()
        reason = ended["reason"] or reason
        if reason == "":  # the parent spoke, and not of this kernel
            self.close()
            reason = "its kernel was lost"
        seconds = time.monotonic() - started
        return Execution(reason, replaced, ended.get("peak_mb", 0), seconds)

    # What the kernel says

    def _execute(self, client, notebook) -> list[str]:
        deadline = time.monotonic() + self.limits.seconds
        self._wait_until_ready(client)
        left = self.limits.output_bytes
        replaced: list[str] = []
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            if not cell.source.strip():
                continue
            message = client.execute(
                cell.source, allow_stdin=False, stop_on_error=False
            )
            left = self._collect(client, message, cell, deadline, left)
            reply = self._reply(client, message, deadline)
            cell.execution_count = reply.get("execution_count")
            replaced = reply.get("replaced") or replaced
            failed = reply.get("status") != "ok"
            if failed and all(out.output_type != "error" for out in cell.outputs):
                cell.outputs.append(_unsaid(reply))
        message = client.execute("", silent=True)
        replaced = self._reply(client, message, deadline).get("replaced") or replaced
        return [str(name) for name in replaced]

    def _wait_until_ready(self, client) -> None:
        """Ask until the kernel answers and its outputs arrive."""
        for _ in range(600):
            message = client.kernel_info()
            deadline = time.monotonic() + 0.5
            while time.monotonic() < deadline:
                self._look_at_parent()
                try:
                    heard = client.get_iopub_msg(timeout=0.1)
                except queue.Empty:
                    continue
                if heard["parent_header"].get("msg_id") == message:
                    return
        raise StoppedError("its kernel did not start")

    def _collect(self, client, message, cell, deadline, left) -> int:
        """Gather a cell's outputs until the kernel is idle; return the bytes left."""
        displays: dict[str, Any] = {}
        clear = False
        while True:
            self._look_at_parent()
            if time.monotonic() > deadline:
                raise StoppedError(f"it ran longer than {self.limits.seconds} s")
            try:
                heard = client.get_iopub_msg(timeout=0.1)
            except queue.Empty:
                continue
            kind, content = heard["msg_type"], heard["content"]
            left -= _size(content)
            if left < 0:
                mib = self.limits.output_bytes / 2**20
                raise StoppedError(f"it printed more than {mib:g} MiB")
            if heard["parent_header"].get("msg_id") != message:
                continue
            if kind == "status" and content["execution_state"] == "idle":
                return left
            if kind == "clear_output":
                clear = content.get("wait", False)
                if not clear:
                    cell.outputs = []
                continue
            if kind == "update_display_data":
                shown = displays.get(content.get("transient", {}).get("display_id"))
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
            name = content.get("transient", {}).get("display_id")
            if name:
                displays[name] = output

    def _reply(self, client, message, deadline) -> dict[str, Any]:
        while True:
            self._look_at_parent()
            if time.monotonic() > deadline + 5:
                raise StoppedError(f"it ran longer than {self.limits.seconds} s")
            try:
                heard = client.get_shell_msg(timeout=0.1)
            except queue.Empty:
                continue
            if heard["parent_header"].get("msg_id") == message:
                _size(heard["content"])
                return heard["content"]

    # The warm parent

    def _start(self) -> None:
        self.close()
        # Sockets have short names only, so the folder is not deep in the disk.
        self.folder = Path(tempfile.mkdtemp(prefix="course-"))
        ipc = self.folder / "ipc"
        ipc.mkdir()
        self.folder.chmod(0o711)  # another user, whose name for it must be guessed,
        ipc.chmod(0o733 if self._own_user() else 0o700)  # may not list it
        environment = self._environment()
        python = [sys.executable, "-m", "course.warm", self.framework, self._scratch()]
        if self.unsafe:
            (self.folder / "scratch").mkdir()
            command = python
        else:
            command = [*self._bubblewrap(environment), *python]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if os.environ.get("COURSE_DEBUG") is None else None,
            env=environment,
            cwd=pack_root(),
            start_new_session=True,
            bufsize=0,  # `select` must see every line
        )
        if not self._hear(START_SECONDS).get("ready"):
            self.process.kill()
            said = self.process.stderr.read() if self.process.stderr else b""
            raise CourseError(
                "The sandbox did not start: "
                + (said.decode(errors="replace").strip()[-500:] or "no message")
            )

    def _scratch(self) -> str:
        return str(self.folder / "scratch")

    def _own_user(self) -> int:
        """A user of its own for the kernels, where this process may give one."""
        if self.unsafe or os.geteuid() != 0:
            return 0
        return 100_000 + os.getpid() % 50_000 + hash(str(self.folder)) % 10_000

    def _environment(self) -> dict[str, str]:
        inherited = kernel_environment(fast=True, threads=1, root=pack_root())
        if self.unsafe:
            return inherited | {"NBGRADER_EXECUTION": "autograde"}
        keep = ("COURSE_DEBUG", "COURSE_FAST", "PYTHONPATH", "COURSE_DATA", "LANG")
        threads = {name: "1" for name in inherited if name.endswith("_THREADS")}
        kept = {name: inherited[name] for name in keep if name in inherited}
        return kept | threads | {
            "COURSE_SANDBOX": "1",
            "NBGRADER_EXECUTION": "autograde",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": self._scratch(),
            "TMPDIR": self._scratch(),
            "USER": "student",
            "MPLCONFIGDIR": self._scratch(),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(pack_root()),
        }  # fmt: skip

    def _bubblewrap(self, environment: dict[str, str]) -> list[str]:
        from helpers.data import data_root

        command = [shutil.which("bwrap"), "--die-with-parent", "--new-session"]
        for namespace in ("ipc", "pid", "net", "uts", "cgroup-try"):
            command.append(f"--unshare-{namespace}")
        if os.geteuid() == 0:
            for capability in CAPABILITIES:
                command += ["--cap-add", capability]
        command += ["--clearenv"]
        for name, value in environment.items():
            command += ["--setenv", name, value]
        for place in SYSTEM:
            command += ["--ro-bind-try", place, place]
        size = ("--size", str(self.limits.scratch_bytes))
        command += ["--proc", "/proc", "--dev", "/dev"]
        command += ["--perms", "1777", *size, "--tmpfs", "/dev/shm"]
        readable = {sys.base_prefix, sys.prefix, str(data_root())}
        readable |= {str(pack_root() / part) for part in ("helpers", "course")}
        ipc, scratch = str(self.folder / "ipc"), self._scratch()
        parents = {
            folder for place in (*readable, ipc) for folder in Path(place).parents
        }
        for folder in sorted(parents - {Path("/")}):  # else they would be 0700
            command += ["--perms", "0755", "--dir", str(folder)]
        for place in sorted(readable):
            command += ["--ro-bind-try", place, place]
        command += ["--bind", ipc, ipc]
        command += ["--perms", "0777", *size, "--tmpfs", scratch]
        # They are the kernels' own where these have the user of this process.
        command += ["--remount-ro", "/dev", "--remount-ro", "/"]
        command += ["--setenv", "COURSE_DATA", str(data_root())]
        return [*command, "--chdir", str(pack_root())]

    def _send(self, content: dict[str, Any]) -> None:
        self.process.stdin.write(json.dumps(content).encode() + b"\n")
        self.process.stdin.flush()

    def _hear(self, seconds: float) -> dict[str, Any]:
        """One line from the warm parent; empty if it has ended or says nothing."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b""
        return json.loads(line) if line else {}

    def _look_at_parent(self) -> None:
        ready, _, _ = select.select([self.process.stdout], [], [], 0)
        if ready:
            raise StoppedError("")  # the line says why; `_end` reads it

    def _end(self, wanted: bool) -> dict[str, Any]:
        """Have everything of this notebook killed and wiped; return what was said."""
        with contextlib.suppress(BrokenPipeError):
            self._send({"stop": wanted})
        said = self._hear(30)
        if not said or not self._hear(30).get("clean"):
            self.close()
        return said or {"reason": "it ended the process that had started its kernel"}


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
