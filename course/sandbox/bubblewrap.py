"""Bubblewrap: a command that sees little of this machine and can change none of it.

Source: https://github.com/containers/bubblewrap.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from course import pack_root
from course.sandbox.limits import Limits
from helpers.checks import standins
from helpers.data import data_root
from helpers.data.originals import FILES

MISSING = (
    "bubblewrap is not there, so submissions could read your files and reach the "
    "network. Install it (Debian, Ubuntu: apt-get install bubblewrap), or, if you "
    "trust every submission, say --unsafe."
)
WINDOWS = (
    "Submissions are graded on Linux, or with --unsafe on macOS. On Windows use its "
    "Linux (https://learn.microsoft.com/windows/wsl), with this pack in it."
)
# For the warm parent alone: a kernel gives them up with its user.
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_DAC_OVERRIDE")
CAPABILITIES += ("CAP_SYS_PTRACE",)  # to count shared memory once
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
SYSTEM += ("/etc/alternatives", "/etc/fonts", "/etc/localtime")


def available() -> bool:
    """Tell whether bubblewrap works here.

    Returns
    -------
    bool
        False as well where it is installed but the system forbids its namespaces.
    """
    return _refusal() is None


def can_fork() -> bool:
    """Tell whether kernels can be forked, as nothing is graded without."""
    return hasattr(os, "fork")


def remedy() -> str:
    """Say why there is no sandbox, and what to do: one paragraph."""
    if not can_fork():
        return WINDOWS
    said = _refusal()
    if not said:  # it is not there
        return MISSING
    return (
        f"bubblewrap is installed, but this system forbids what it does: {said}. Allow "
        "it (Ubuntu 24.04 and later: sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0; Docker: run the container "
        "with --privileged, or with --security-opt seccomp=unconfined), or, if you "
        "trust every submission, say --unsafe."
    )


def _refusal() -> str | None:
    """What bubblewrap says when it cannot work; "" if it is missing, None if it can."""
    found = shutil.which("bwrap")
    if not found:
        return ""
    command = [found, "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").split()
    return " ".join(said)[:300].rstrip(".") or f"it ended with {done.returncode}"


def wrapped(
    inner: list[str], folder: Path, limits: Limits, environment: Mapping[str, str]
) -> list[str]:
    """Put a command into a sandbox.

    Parameters
    ----------
    inner : list of str
        Finds the pack's code and data, and what this Python consists of. Of the
        lessons it finds nothing: they hold the answers.
    folder : Path
        Holds ``ipc``, the one folder of this machine that can be written inside; gets
        ``scratch``, which is memory and ends with the sandbox.
    limits : Limits
    environment : mapping
        All of it: nothing is inherited.

    Returns
    -------
    list of str
    """
    command = [shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session"]
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
    size = ("--size", str(limits.scratch_bytes))
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--perms", "1777", *size, "--tmpfs", "/dev/shm"]
    readable = {sys.base_prefix, sys.prefix, str(data_root())}
    readable |= {str(pack_root() / part) for part in ("helpers", "course")}
    readable |= data_places(data_root())
    ipc, scratch = str(folder / "ipc"), str(folder / "scratch")
    above = {parent for place in (*readable, ipc) for parent in Path(place).parents}
    for parent in sorted(above - {Path("/")}):  # else they would be 0700
        command += ["--perms", "0755", "--dir", str(parent)]
    for place in sorted(readable):
        command += ["--ro-bind-try", place, place]
    command += ["--ro-bind", "/dev/null", str(standins.ANSWERS)]
    command += ["--bind", ipc, ipc]
    command += ["--perms", "0777", *size, "--tmpfs", scratch]
    # They are the kernels' own where these have the user of this process.
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    # Else a process could write into its own code through /proc/self/mem.
    command += ["--remount-ro", "/proc"]
    command += ["--setenv", "COURSE_DATA", str(data_root())]
    return [*command, "--chdir", str(pack_root()), *inner]


def data_places(root: Path) -> set[str]:
    """Folders outside a data root that links in it lead to.

    Parameters
    ----------
    root : Path

    Returns
    -------
    set of str
    """
    folders = [root / name for name in FILES]
    folders += [folder / "raw" for folder in folders]
    files = [
        file for folder in folders[len(FILES) :] for file in folder.glob("*ubyte*")
    ]
    led_to = {folder.resolve() for folder in folders if folder.is_dir()}
    led_to |= {file.resolve().parent for file in files}
    inside = root.resolve()
    return {str(place) for place in led_to if not place.is_relative_to(inside)}
