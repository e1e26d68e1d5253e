"""Look at what a notebook needs, and say what to do about what is missing.

``course doctor`` in a terminal, ``doctor.report()`` in a notebook: there it looks at
the kernel that the notebook really uses.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.data import originals

PYTHONS = ((3, 11), (3, 13))
GIB = 2**30
NEEDED_MEMORY = 2.5  # GiB; what the hungriest lesson takes
NEEDED_DISK = 1.0  # GiB; the data, and what the lessons write
SLOW = 5.0  # GFLOP/s of one matrix product


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    text: str
    remedy: str = ""
    """What to type, or to do; empty if it is fine."""


def examine() -> list[Finding]:
    """Look at everything.

    Returns
    -------
    list of Finding
        Python, kernel, packages, data (two), disk, memory, device, in this order.
    """
    return [
        python(),
        kernel(),
        packages(),
        *(data(name) for name in originals.TITLES),
        disk(),
        memory(),
        device(),
    ]


def report() -> bool:
    """Print what was found.

    Returns
    -------
    bool
        True if all is fine.
    """
    findings = examine()
    for each in findings:
        print(f"{'ok     ' if each.fine else 'PROBLEM'}  {each.what}: {each.text}")
        if not each.fine:
            print(f"         do this: {each.remedy}")
    fine = all(each.fine for each in findings)
    print("Everything is ready." if fine else "Please fix the problems first.")
    return fine


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether this Python is one that the pack runs on."""
    text = f"{'.'.join(map(str, version))} on {platform.system()}"
    if PYTHONS[0] <= tuple(version[:2]) <= PYTHONS[1]:
        return Finding("Python", True, text)
    wanted = " to ".join(".".join(map(str, each)) for each in PYTHONS)
    return Finding(
        "Python",
        False,
        f"{text}; {wanted} is needed",
        "install Python 3.11, delete the folder .venv, then: make setup",
    )


def repository() -> Path:
    """The folder that holds this package."""
    return Path(__file__).resolve().parents[1]


def kernel(prefix: str = sys.prefix, root: Path | None = None) -> Finding:
    """Whether this is the pack's own environment, if it has one."""
    own = (root or repository()) / ".venv"
    active = os.environ.get("CONDA_DEFAULT_ENV")
    if not own.is_dir() or Path(prefix).resolve() == own.resolve():
        where = f"conda environment {active}" if active else Path(prefix).name
        return Finding("kernel", True, f"Python of {where}")
    return Finding(
        "kernel",
        False,
        f"this runs in {prefix}, not in the pack's .venv",
        "start Lab with `make lab`; in VS Code choose .venv as the kernel "
        "(Select Kernel, top right)",
    )


def locked(lock: Path) -> Iterator[tuple[str, str]]:
    """Names and versions that a lock wants on this system."""
    from packaging.requirements import Requirement

    for line in lock.read_text(encoding="utf-8").splitlines():
        line = line.split(" #")[0].strip()
        if not line or line.startswith(("#", "-")):
            continue
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate():
            yield wanted.name, str(wanted.specifier).removeprefix("==")


def packages(lock: Path | None = None) -> Finding:
    """Whether the packages are there, in the lock's versions."""
    lock = lock or repository() / "requirements.lock"
    if not lock.exists():
        return Finding("packages", True, "installed without the lock")
    missing, other, count = [], [], 0
    for name, wanted in locked(lock):
        count += 1
        try:
            has = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        # A CPU build calls itself 2.14.1+cpu.
        if has.partition("+")[0] != wanted.partition("+")[0]:
            other.append(f"{name} {has} instead of {wanted}")
    # Without a graphics card nobody needs the card's libraries.
    missing = [name for name in missing if not name.startswith(("nvidia-", "cuda-"))]
    missing = [name for name in missing if name != "triton"]
    if not missing and not other:
        return Finding("packages", True, f"{count}, as in requirements.lock")
    parts = []
    if missing:
        parts.append(f"missing: {', '.join(missing[:5])}")
    if other:
        parts.append(f"other versions: {', '.join(other[:5])}")
    return Finding(
        "packages",
        False,
        "; ".join(parts),
        "make setup (without make: pip install -r requirements.lock)",
    )


def data(name: str) -> Finding:
    """Whether the files of a data set are there and whole."""
    title, root = originals.TITLES[name], originals.data_root()
    good, bad = originals.checked(root, name)
    if not bad:
        return Finding(title, True, f"{len(good)} files, checksums correct")
    if set(bad.values()) == {"missing"}:
        return Finding(
            title,
            True,
            f"not here yet: fetched into {root} by the first lesson that needs it "
            f"({originals.MEGABYTES[name]} MB; offline, set COURSE_DATA_MIRROR to a "
            "folder that has it)",
        )
    return Finding(
        title,
        False,
        f"{len(bad)} of {len(good) + len(bad)} files damaged in {root}",
        f"python -c \"from helpers import data; data.load('{name}')\" fetches them "
        "again. Until then lessons may use a stand-in and say SYNTHETIC",
    )


def disk(place: Path | None = None) -> Finding:
    """Whether there is room for data and results."""
    place = place or originals.data_root()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / GIB
    text = f"{free:.1f} GiB free"
    if free >= NEEDED_DISK:
        return Finding("disk", True, text)
    return Finding(
        "disk",
        False,
        f"{text} in {place}; {NEEDED_DISK:g} is needed",
        "free some space, or set COURSE_DATA to a folder on another disk",
    )


def memory(available: float | None = None) -> Finding:
    """Whether a lesson fits in memory."""
    if available is None:
        import psutil

        available = psutil.virtual_memory().available / GIB
    text = f"{available:.1f} GiB free"
    if available >= NEEDED_MEMORY:
        return Finding("memory", True, text)
    return Finding(
        "memory",
        False,
        f"{text}; {NEEDED_MEMORY:g} is needed",
        "shut down other kernels (in Lab: Running Terminals and Kernels) and close "
        "other programs",
    )


def device(speed: float | None = None) -> Finding:
    """Which device computes, and how fast one matrix product is."""
    if sys.modules.get("tensorflow"):  # None stands there for Keras on PyTorch
        return Finding(
            "device",
            True,
            "not measured: this kernel runs TensorFlow, and PyTorch would crash it. "
            "`course doctor` in a terminal measures",
        )
    try:
        import torch

        from helpers.training import pick_device

        name = pick_device()
        speed = gigaflops(torch, name) if speed is None else speed
    except (ImportError, OSError, RuntimeError) as error:
        return Finding(
            "device",
            False,
            f"PyTorch does not work here: {error}".splitlines()[0][:200],
            "make setup (without make: pip install -r requirements.lock)",
        )
    text = f"{name}, {speed:,.0f} GFLOP/s in a matrix product"
    if speed >= SLOW:
        return Finding("device", True, text)
    return Finding(
        "device",
        False,
        f"{text}, which is slow",
        "close other programs, on a laptop plug in the power, or set COURSE_FAST=1, "
        "which makes every lesson small",
    )


def gigaflops(torch, name) -> float:
    """Best speed of a few products of two square matrices."""
    size = 1024
    a = torch.full((size, size), 0.5, device=name)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        (a @ a)[0, 0].item()  # waits for the device
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e9
