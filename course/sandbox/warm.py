"""The warm parent of kernels: imports the heavy packages once, forks for each notebook.

Started by :mod:`course.sandbox.sandbox`, usually inside bubblewrap. It reads one
request a line from its standard input and answers each with one line of JSON on its
standard output. Nothing that a forked kernel does reaches these two pipes.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import json
import os
import random
import resource
import select
import shutil
import signal
import stat
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from course import pack_root
from course.sandbox.preflight import trouble_of
from course.sandbox.witness import attend, events_in, listen

PR_SET_DUMPABLE = 4
POLL = 0.05  # seconds between two looks at what a kernel uses
GIB = 2**30
COMMON = (
    *("ipykernel.kernelapp", "ipykernel.zmqshell", "matplotlib_inline.backend_inline"),
    *("numpy.testing", "sklearn.decomposition", "sklearn.linear_model"),
    *("sklearn.manifold", "helpers.data", "helpers.latex"),
    *("helpers.metrics", "helpers.plots", "helpers.training"),
)
OF_FRAMEWORK = {"keras": ("keras",), "torch": ("torch.utils.data",)}
CONNECTION_FILES = 6  # five sockets, and the file that names them
CONNECTION_BYTES = 4096


def main() -> None:
    """Import, say so, then serve requests until the standard input closes."""
    framework, scratch = sys.argv[1], Path(sys.argv[2])
    # Copies of the two pipes, under numbers that no import prints to.
    requests, answers = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    preload(framework)
    first = json.loads(requests.readline())
    hold_answers(framework, first["answers"])
    trouble = trouble_of(first.get("uid"))
    # A kernel may not look into this process, even where both are the same user.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content).encode() + b"\n")

    empty(scratch)
    answer({"ready": trouble is None, "trouble": trouble})
    for line in requests:
        request = json.loads(line)
        if "stop" in request:
            continue  # meant for a kernel that had ended by then
        for module in request["imports"]:  # the next forks have it, too
            importlib.import_module(module)
        hears, tells = os.pipe()
        pid = os.fork()
        if pid == 0:  # the fork: it must neither hear requests nor answer them
            requests.close()
            answers.close()
            os.close(hears)
            become_kernel(request, tells)
        os.close(tells)
        heard = bytearray()
        done = watch(pid, request, requests, hears, heard)
        if not listen(hears, heard) and done["reason"] is None:
            heard += b"\nThe kernel closed it, and lives."
        answer(done | {"witnessed": events_in(bytes(heard))})
        end_all_others()
        os.close(hears)
        empty(scratch)
        answer({"clean": True})


def preload(framework: str) -> None:
    """Import what lessons use, and read the data, so that a fork has them already."""
    import matplotlib.pyplot as plt
    from tqdm import tqdm

    from helpers.data import originals
    from helpers.keras_start import quiet_start

    # ipykernel would import its debugger in each fork, most of the time of its start.
    sys.modules["debugpy"] = None  # ty: ignore[invalid-assignment]
    with quiet_start():
        for module in (*COMMON, *OF_FRAMEWORK[framework], *checks_of(framework)):
            importlib.import_module(module)
    tqdm.monitor_interval = 0  # a thread of its own, which has nothing to do here
    # Drawing once fills Matplotlib's cache of fonts, which takes seconds.
    figure = plt.figure()
    figure.text(0, 0, "fonts are read once")
    figure.canvas.draw()
    plt.close(figure)

    # Every fork asks by this name, and finds what has been read before it was forked.
    remembered = functools.cache(originals.original_files)
    originals.original_files = remembered  # ty: ignore[invalid-assignment]
    for name in ("MNIST", "FashionMNIST"):
        with contextlib.suppress(originals.UnreachableError):
            remembered(name)


def hold_answers(framework: str, answers: dict[str, Any]) -> None:
    """Define the pack's own answers, which the first request brings.

    Checks try an exercise with them. Their text lies in no file in reach of a kernel.
    """
    from helpers.checks import standins

    lessons = [name[-2:] for name in checks_of(framework)]
    standins.hold(answers, [lesson for lesson in lessons if lesson in answers])


def checks_of(framework: str) -> list[str]:
    """Modules that check the lessons of a framework, "keras" or "torch"."""
    folder = pack_root() / "helpers" / "checks"
    files = {path.stem: [path] for path in folder.glob("lesson[0-9][0-9].py")} | {
        path.parent.name: sorted(path.parent.glob("*.py"))
        for path in folder.glob("lesson[0-9][0-9]/__init__.py")
    }
    return [
        f"helpers.checks.{name}"
        for name, mine in sorted(files.items())
        if (framework == "keras")
        == any("import keras" in path.read_text(encoding="utf-8") for path in mine)
    ]


def become_kernel(request: dict[str, Any], tells: int) -> None:
    """Turn this fork into an ordinary Jupyter kernel with limits. Does not return."""
    status = 1
    try:
        limits = request["limits"]
        os.setsid()  # signals to its group reach neither the parent nor the grader
        if not os.environ.get("COURSE_DEBUG"):
            os.dup2(0, 2)
        set_limits(limits)
        if request["uid"] is not None:
            os.setgroups([])
            os.setresgid(*[request["uid"]] * 3)
            os.setresuid(*[request["uid"]] * 3)
        # The parent may look into the fork, to count its memory; not the reverse.
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
        random.seed()  # else every notebook would draw the same numbers
        os.chdir(request["cwd"])
        attend(tells)
        serve_kernel(request["connection"])
        status = 0
    except BaseException:  # noqa: BLE001 (this process ends here, whatever it was)
        if os.environ.get("COURSE_DEBUG"):
            traceback.print_exc()
    finally:
        os._exit(status)  # without the parent's handlers, which the fork has inherited


def set_limits(limits: dict[str, int]) -> None:
    """Limit address space, file size, processor time and open files."""

    def limit(what: int, most: int) -> None:
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))

    limit(resource.RLIMIT_AS, limits["address_space"])
    limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    limit(resource.RLIMIT_CPU, limits["seconds"] * 2)  # of all threads together
    limit(resource.RLIMIT_NOFILE, 512)
    limit(resource.RLIMIT_CORE, 0)  # an image of memory would fill the disk
    if limits["own_user"]:  # else it would count all that this user runs
        limit(resource.RLIMIT_NPROC, limits["processes"] * 4)


def serve_kernel(connection: str) -> None:
    """Run ipykernel."""
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(
        [
            *("-f", connection, "--log-level=CRITICAL"),
            "--HistoryManager.enabled=False",
            # Else a file that an answer writes could stand in for a package.
            "--InteractiveShellApp.ignore_cwd=True",
        ]
    )
    app.start()


def watch(
    pid: int, request: dict[str, Any], requests, hears: int, heard: bytearray
) -> dict[str, Any]:
    """Look after a kernel until it ends, must be ended, or is no longer wanted."""
    limits = request["limits"]
    peak = 0
    deadline = time.monotonic() + limits["seconds"]
    while True:
        ready, _, _ = select.select([requests], [], [], POLL)
        if ready:  # "stop", or nobody is there any more
            requests.readline()
            return {"reason": None, "peak_mb": peak // 2**20}
        ended, status = os.waitpid(pid, os.WNOHANG)
        listen(hears, heard)
        count, used = census(limits["memory"])
        peak = max(peak, used)
        reason = None
        if ended:
            reason = describe(os.waitstatus_to_exitcode(status))
        elif time.monotonic() > deadline:
            reason = f"it ran longer than {limits['seconds']} s"
        elif count > limits["processes"]:
            reason = f"it started more than {limits['processes']} processes"
        elif used > limits["memory"]:
            reason = f"it took more than {limits['memory'] / GIB:g} GiB of memory"
        elif holds_more_than_sockets(Path(request["connection"])):
            reason = "it wrote beside its sockets"
        if reason:
            return {"reason": reason, "peak_mb": peak // 2**20}


def holds_more_than_sockets(connection: Path) -> bool:
    """Tell whether a kernel uses the one folder of the host that it may write into."""
    try:
        with os.scandir(connection.parent) as entries:
            for number, entry in enumerate(entries):
                if number >= CONNECTION_FILES:
                    return True
                with contextlib.suppress(FileNotFoundError):  # a socket just closed
                    status = entry.stat(follow_symlinks=False)
                    fine = stat.S_ISSOCK(status.st_mode)
                    if entry.name == connection.name and stat.S_ISREG(status.st_mode):
                        fine = status.st_size <= CONNECTION_BYTES
                    if not fine:
                        return True
    except OSError:  # it locked the folder
        return True
    return False


def describe(code: int) -> str:
    """Say how a kernel ended."""
    if code == -signal.SIGXFSZ:
        return "it wrote too large a file"
    if code < 0:
        return f"its kernel was ended by {signal.Signals(-code).name}"
    return f"it ended its own kernel (exit status {code})"


def others() -> list[int]:
    """All processes in reach but this one and, in a sandbox, its first."""
    own = os.getpid()
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
            if pid not in (1, own)]  # fmt: skip


def resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()


def census(most: int) -> tuple[int, int]:
    """Processes of the running notebook, and bytes they hold together."""
    mine = others() if os.environ.get("COURSE_SANDBOX") else descendants()
    used = sum(map(resident, mine))
    if used > most:  # forks share pages, which must not count for each of them
        used = sum(map(proportional, mine))
    return len(mine), used


def proportional(pid: int) -> int:
    """Bytes that a process holds, shared ones divided among those who share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line[:4] == "Pss:")
    except (OSError, StopIteration, ValueError):
        return resident(pid)


def descendants() -> list[int]:
    """Children and their children, where there is no sandbox to count in."""
    import psutil

    try:
        return [each.pid for each in psutil.Process().children(recursive=True)]
    except psutil.Error:
        return []


def end_all_others() -> None:
    """Kill until nothing is left; a fork bomb may need more than one go."""
    for _ in range(200):
        inside = bool(os.environ.get("COURSE_SANDBOX"))
        remaining = others() if inside else descendants()
        for pid in remaining:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        # Without being waited for, the dead stay in /proc and would count as left.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not remaining:
            return
        time.sleep(0.01)
    os._exit(3)  # the next notebook gets a new parent


def empty(scratch: Path) -> None:
    """Leave nothing of one notebook for the next."""
    for folder in (scratch, Path("/dev/shm")):
        if folder != scratch and not os.environ.get("COURSE_SANDBOX"):
            continue
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    entry.unlink()
    if any(scratch.iterdir()):  # too deep, or locked: the next gets a new parent
        os._exit(3)


if __name__ == "__main__":
    main()
    os._exit(0)  # there is nothing left to do, and taking torch apart takes a second
