"""Tables d and e: what the lessons take, as ``course run`` sees it."""

import math
import time
from collections.abc import Mapping
from typing import Any

from benchmarks import BenchError
from benchmarks.report import Table
from benchmarks.turns import Settings
from course import CourseError
from course.run.lessons import run_lessons

LESSON_D64 = "05"
TIME_TO_LOSS = "seconds until validation loss 100.35"


def lesson_run(settings: Settings, fast: bool) -> dict[str, Any]:
    """Run the lessons once in this mode; a second table gets the same run."""
    if fast not in settings.lesson_runs:
        mode = "fast" if fast else "full"
        names = settings.lesson_names
        settings.say(f"(d, e) {', '.join(names) or 'all lessons'} in {mode} mode")
        out = settings.out / "lessons" / mode
        started = time.perf_counter()
        try:
            run = run_lessons(names, out=out, fast=fast, console=settings.console)
        except CourseError as error:
            raise BenchError(str(error)) from error
        run["wall_seconds"] = time.perf_counter() - started
        settings.lesson_runs[fast] = run
    return settings.lesson_runs[fast]


def time_to_loss(settings: Settings) -> Table:
    """Table d: seconds until the seed's loss is reached at d = 64."""
    run = lesson_run(settings, fast=False)
    rows, kept = [], []
    for name, lesson in run["lessons"].items():
        if not name.startswith(LESSON_D64):
            continue
        found = [m for m in lesson["metrics"] if m["name"] == TIME_TO_LOSS]
        seconds = found[0]["value"] if found else math.nan
        state = f"{lesson['status']}, {lesson['data'] or 'no'} data"
        rows.append((name, f"{seconds:.1f}" if math.isfinite(seconds) else "-", state))
        kept.append({"lesson": name, "seconds": seconds, "state": state})
    return Table(
        "Time to validation loss 100.35 at d = 64, MNIST",
        ("lesson", "training, s", "lesson's state"),
        rows or [("05 (missing)", "-", "-")],
        "A single run. Seconds of training and validation until the first epoch that "
        "ends below 100.35 nats, as the lesson records them; a dash: it recorded none.",
        kept,
    )


def lessons(settings: Settings) -> Table:
    """Table e: time and peak memory of each lesson in both modes."""
    runs = {
        mode: lesson_run(settings, fast=mode == "fast") for mode in ("full", "fast")
    }
    rows, kept = [], []
    for name in runs["full"]["lessons"]:
        modes = {
            mode: {
                key: run["lessons"][name][key]
                for key in ("seconds", "peak_memory_mb", "status", "error", "data")
            }
            for mode, run in runs.items()
        }
        rows.append((name, *_lesson_cells(modes)))
        kept.append({"lesson": name, **modes})
    total = {
        mode: {
            "seconds": run["wall_seconds"],
            "peak_memory_mb": max(
                lesson["peak_memory_mb"] for lesson in run["lessons"].values()
            ),
            "status": "ok" if run["ok"] else "not ok",
        }
        for mode, run in runs.items()
    }
    rows.append(("all, from start to end", *_lesson_cells(total)))
    kept.append({"lesson": "all", **total})
    return Table(
        "Time and peak memory of the lessons",
        ("lesson", "full, s", "full, MB", "fast, s", "fast, MB", "state"),
        rows,
        "Single runs, kernel start included: of each mode a `course run`, as many "
        "lessons side by side as there are cores, so all take less than the sum. "
        "Memory: the highest that one kernel took.",
        kept,
    )


def _lesson_cells(modes: Mapping[str, Mapping]) -> tuple[str, ...]:
    figures = [
        f"{lesson[key]:,.{digits}f}"
        for lesson in modes.values()
        for key, digits in (("seconds", 1), ("peak_memory_mb", 0))
    ]
    states = dict.fromkeys(lesson["status"] for lesson in modes.values())
    return (*figures, ", ".join(states))
