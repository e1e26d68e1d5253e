"""Name the machine, and show tables."""

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table as RichTable
from rich.text import Text

from course import pack_root
from course.files import cores


@dataclass(frozen=True)
class Table:
    """What one table measured.

    Attributes
    ----------
    title, note : str
        What is compared, and how it was measured.
    columns : tuple of str
    rows : list of tuple of str
        As shown.
    results : list of dict
        As kept: medians, ratios and every single repeat.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str
    results: list[dict[str, Any]] = field(default_factory=list)

    def show(self, letter: str) -> RichTable:
        """Lay the table out for the terminal."""
        shown = RichTable(
            title=Text(f"({letter}) {self.title}"),
            caption=Text(self.note),
            title_justify="left",
            caption_justify="left",
        )
        for number, column in enumerate(self.columns):
            shown.add_column(column, justify="right" if number else "left")
        for row in self.rows:
            shown.add_row(*map(Text, row))
        return shown


def machine() -> dict[str, Any]:
    """Describe where and on what the figures were measured."""
    import torch

    from helpers.training import best_precision, pick_device

    device = pick_device()
    on_gpu = device.type == "cuda"
    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "load_at_start": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "device": torch.cuda.get_device_name() if on_gpu else device.type,
        "precision": best_precision(device),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": metadata.version("torchvision"),
        "tensorflow": metadata.version("tensorflow"),
        "keras": metadata.version("keras"),
    }


def machine_line(facts: Mapping[str, Any]) -> str:
    """Put the machine in one line."""
    return (
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB; "
        f"training on {facts['device']} in {facts['precision']}, "
        f"{facts['threads']} threads; Python {facts['python']}, torch "
        f"{facts['torch']}, tensorflow {facts['tensorflow']}; {facts['date']}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or "Apple"
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit that is checked out; "+ changes" if the files differ from it."""
    commit = _output("git", "rev-parse", "HEAD")
    changed = commit and _output("git", "status", "--porcelain")
    return f"{commit} + changes" if changed else commit


def _output(*command: str) -> str | None:
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, cwd=pack_root(), check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()
