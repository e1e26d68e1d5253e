"""Whether a kernel finds what it needs, asked before any student's code runs.

A module that the kernels' user may not read would fail in a submission, and look like
the student's mistake.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from course import pack_root

PACKAGES = ("IPython", "ipykernel", "keras", "matplotlib", "numpy", "PIL", "scipy")
PACKAGES += ("sklearn", "tensorflow", "torch", "torchvision", "traitlets", "zmq")


def trouble_of(uid: int | None) -> str | None:
    """Say what a kernel of that user could not read; None if there is nothing.

    Parameters
    ----------
    uid : int, optional
        The kernels' user; None: that of this process.

    Returns
    -------
    str or None
    """
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:  # as a kernel becomes that user, and never comes back
        try:
            if uid is not None:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            os.write(there, (first_unreadable() or "").encode()[:2_000])
        except BaseException:  # noqa: BLE001 (this process ends here, whatever it was)
            os.write(there, traceback.format_exc().encode()[-2_000:])
        finally:
            os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as said:
        text = said.read().decode(errors="replace")
    os.waitpid(pid, 0)
    return text or None


def first_unreadable() -> str | None:
    """Name a file or folder that this process needs and may not read, and why."""
    for place in _needed():
        try:
            if place.is_dir():
                os.scandir(place).close()
                (place / "any").exists()  # may it be entered?
            else:
                place.open("rb").close()
        except PermissionError as error:
            return f"{error.filename or place} ({error.strerror})"
        except OSError:  # a link into nothing, for example, is nobody's need
            continue
    return None


def _needed() -> Iterator[Path]:
    """The pack's code, and the tops of the packages that lessons use."""
    for name in ("helpers", "course"):
        yield from _below(pack_root() / name)
    for entry in filter(None, sys.path):
        folder = Path(entry)
        yield folder
        for package in (folder / name for name in PACKAGES):
            yield package
            yield package / "__init__.py"


def _below(folder: Path) -> Iterator[Path]:
    """A folder and all code in it; what cannot be listed is named by itself."""
    yield folder
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _below(Path(entry.path))
        elif entry.name.endswith((".py", ".html", ".js", ".css")):
            yield Path(entry.path)
