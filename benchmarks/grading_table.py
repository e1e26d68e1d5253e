"""Table g: grading a class, against nbgrader."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks import BenchError
from benchmarks.report import Table
from benchmarks.students import LESSON, make_class
from benchmarks.turns import Settings
from course import pack_root

SMALL, LARGE = 30, 300


def grading(settings: Settings) -> Table:
    """Table g: submissions of lesson 03 a minute, ours and nbgrader's."""
    place = settings.out / "grading"
    shutil.rmtree(place, ignore_errors=True)
    rows, results = [], []
    for count, who, grade in (
        (SMALL, "nbgrader autograde", _nbgrader),
        (SMALL, "course grade", _ours),
        (LARGE, "course grade", _ours),
    ):
        folder = place / f"{who.split()[0]}-{count}"
        make_class(folder / "submitted", count)
        started = time.perf_counter()
        peak = grade(folder)
        seconds = time.perf_counter() - started
        results.append(
            {"who": who, "count": count, "seconds": seconds, "peak_mb": peak}
        )
        settings.say(f"(g) {who}, {count} submissions: {seconds:.0f} s")
    theirs = results[0]["seconds"] / SMALL
    for result in results:
        each = result["seconds"] / result["count"]
        rows.append(
            (
                result["who"],
                str(result["count"]),
                f"{result['seconds']:.0f}",
                f"{each:.2f}",
                f"{theirs / each:.1f}",
                f"{result['peak_mb']:,.0f}",
            )
        )
    return Table(
        "Grading submissions of lesson 03",
        ("command", "submissions", "s", "s each", "times nbgrader", "peak MB"),
        rows,
        "Single runs, start included; of ten submissions six are right, three have a "
        "mistake, one is untouched. nbgrader runs every cell, one submission after the "
        "other; course grade, in a sandbox, those that a graded cell depends on, as "
        "many submissions at a time as there are cores. Memory: all processes.",
        results,
    )


def _ours(folder: Path) -> float:
    command = Path(sys.executable).with_name("course")
    return _run(
        [command, "grade", folder / "submitted", "--out", folder / "out"], folder
    )


def _nbgrader(folder: Path) -> float:
    source = folder / "source" / LESSON
    source.mkdir(parents=True)
    shutil.copy(pack_root() / "solutions" / f"{LESSON}.ipynb", source)
    for file in sorted((folder / "submitted").glob("*/*.ipynb")):
        (file.parent / LESSON).mkdir()
        file.rename(file.parent / LESSON / file.name)
    nbgrader = [sys.executable, "-m", "nbgrader"]
    _run([*nbgrader, "generate_assignment", LESSON, "--create"], folder)
    return _run([*nbgrader, "autograde", LESSON, "--create"], folder)


def _run(command: list, folder: Path) -> float:
    """Run a command; return the most memory, in MB, that it and its children took."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdout=log,
            stderr=log,
        )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(0.5)
    if process.returncode:
        raise BenchError(f"{command[-3:]} failed; see {folder / 'log.txt'}")
    return peak / 2**20


def _memory(pid: int) -> int:
    total = 0
    try:
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            total += process.memory_full_info().pss
    except psutil.Error:
        return 0
    return total
