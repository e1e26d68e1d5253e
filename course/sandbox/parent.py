"""The warm parent (:mod:`course.sandbox.warm`) as the grader sees it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from course import CourseError, pack_root
from course.run.kernels import kernel_environment
from course.sandbox.bubblewrap import wrapped
from course.sandbox.limits import Limits
from helpers.checks import standins
from helpers.data import originals

START_SECONDS = 180
LONGEST_FOLDER = 60  # bytes of a name, so that its sockets' names are short enough


class WarmParent:
    """A running process that forks kernels, and the folder of their sockets.

    Parameters
    ----------
    framework : {"torch", "keras"}
        What it imports; both in one process crash each other.
    limits : Limits
    unsafe : bool
        Run without bubblewrap.

    Raises
    ------
    CourseError
        If it does not start.
    """

    def __init__(self, framework: str, limits: Limits, unsafe: bool):
        fetch_data()
        self.folder = short_folder()
        self.ipc, self.scratch = self.folder / "ipc", self.folder / "scratch"
        self.own_user = _own_user(self.folder, unsafe)
        self.ipc.mkdir()
        # Another user, whose name for a socket must be guessed, may not list them.
        self.folder.chmod(0o711)
        self.ipc.chmod(0o733 if self.own_user else 0o700)
        environment = _environment(self.scratch, unsafe)
        command = [sys.executable, "-m", "course.sandbox.warm"]
        command += [framework, str(self.scratch)]
        if unsafe:
            self.scratch.mkdir()
        else:
            command = wrapped(command, self.folder, limits, environment)
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
        try:
            self._wait_until_warm()
        except BaseException:
            self.close()
            raise

    def _wait_until_warm(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            answers = standins.kept_answers()
            self.send({"answers": answers, "uid": self.own_user or None})
        heard = self.hear(START_SECONDS)
        if heard.get("ready"):
            return
        if heard.get("trouble"):
            raise CourseError(
                "The sandbox cannot work: submissions run as a user of their own, who "
                f"may not read {heard['trouble']}. Make it readable, for example with "
                "`chmod -R a+rX` of the folder of the pack or of its Python, and start "
                "the same command again. Nobody has lost a point."
            )
        self.process.kill()
        said = self.process.stderr.read() if self.process.stderr else b""
        raise CourseError(
            "The sandbox did not start: "
            + (said.decode(errors="replace").strip()[-500:] or "no message")
        )

    @property
    def _requests(self) -> IO[bytes]:
        assert self.process.stdin is not None  # a pipe
        return self.process.stdin

    @property
    def _answers(self) -> IO[bytes]:
        assert self.process.stdout is not None  # a pipe
        return self.process.stdout

    def runs(self) -> bool:
        """Tell whether it has not ended."""
        return self.process.poll() is None

    def send(self, content: dict[str, Any]) -> None:
        """Ask it for something."""
        self._requests.write(json.dumps(content).encode() + b"\n")
        self._requests.flush()

    def has_spoken(self) -> bool:
        """Tell whether it has ended, or said a line that :meth:`hear` will read."""
        ready, _, _ = select.select([self._answers], [], [], 0)
        return bool(ready)

    def hear(self, seconds: float) -> dict[str, Any]:
        """One line from it; empty if it has ended or says nothing for so long."""
        ready, _, _ = select.select([self._answers], [], [], seconds)
        line = self._answers.readline() if ready else b""
        return json.loads(line) if line else {}

    def close(self) -> None:
        """End it, and with it everything it has forked; its folder goes as well."""
        self._requests.close()  # it ends what it has forked, then itself
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(3)
        self.process.kill()
        self.process.wait()
        self._answers.close()
        if self.process.stderr:
            self.process.stderr.close()
        # Not shutil.rmtree: folders in folders may be deeper than it can go.
        remove = ["/bin/rm", "-rf", self.folder]
        subprocess.run(remove, stderr=subprocess.DEVNULL, check=False)


def _own_user(folder: Path, unsafe: bool) -> int:
    """A user of its own for the kernels, where this process may give one; else 0."""
    if unsafe or os.geteuid() != 0:
        return 0
    return 100_000 + os.getpid() % 50_000 + hash(str(folder)) % 10_000


def _environment(scratch: Path, unsafe: bool) -> dict[str, str]:
    """What a kernel may know of this process: no name, no home, no secret."""
    inherited = kernel_environment(fast=True, threads=1, root=pack_root())
    if unsafe:
        return inherited | {"NBGRADER_EXECUTION": "autograde"}
    keep = ("COURSE_DEBUG", "COURSE_FAST", "PYTHONPATH", "COURSE_DATA", "LANG")
    threads = {name: "1" for name in inherited if name.endswith("_THREADS")}
    kept = {name: inherited[name] for name in keep if name in inherited}
    return kept | threads | {
        "COURSE_SANDBOX": "1",
        "NBGRADER_EXECUTION": "autograde",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "USER": "student",
        "MPLCONFIGDIR": str(scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(pack_root()),
    }  # fmt: skip


def short_folder() -> Path:
    """Make a folder in which a socket can have a name: 107 bytes, says unix(7)."""
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    if len(os.fsencode(folder)) <= LONGEST_FOLDER:
        return folder
    folder.rmdir()
    try:
        return Path(tempfile.mkdtemp(prefix="course-", dir="/tmp"))
    except OSError as error:
        raise CourseError(
            f"The folder for temporary files, {tempfile.gettempdir()}, has too long a "
            f"name for a socket, and /tmp cannot be used ({error.strerror}). Set "
            "TMPDIR to a folder with a short name."
        ) from error


def fetch_data() -> None:
    """Have the data where the sandbox sees it: inside it there is no network."""
    for name in originals.FILES:
        with contextlib.suppress(originals.UnreachableError, originals.DataError):
            originals.original_files(name)
