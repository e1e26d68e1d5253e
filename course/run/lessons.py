"""Run lessons side by side, judge their figures, and leave a record of it all."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.text import Text

from course import CourseError, pack_root
from course.files import cores, make_writable, write_json
from course.lessons import find_lessons
from course.parameters import OUTPUT_PARAMETERS, check_parameters, planned_runs
from course.run import figures
from course.run.kernels import Execution, execute, kernel_environment
from course.run.report import write_report
from course.run.terminal import make_console, show_progress, summary_table
from course.run.watch import Watch

CELL_TIMEOUT = 1800  # seconds
LESSON_BYTES = 2.5 * 2**30  # of memory that a lesson may take


def run_lessons(
    names: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    out: Path | None = None,
    fast: bool = False,
    jobs: int | None = None,
    timeout: int = CELL_TIMEOUT,
    solutions: Path | None = None,
    console: Console | None = None,
    on_progress: Callable[[str, dict], None] | None = None,
) -> dict[str, Any]:
    """Execute lessons and write ``NN_topic.ipynb``, ``metrics.json``, ``report.html``.

    Parameters
    ----------
    names : sequence of str
        Lessons by name, by an unmistakable beginning, or by path; none means all.
    parameters : mapping, optional
        Values for the parameters cells; text is read as the declared type. Without
        any, a lesson with several planned runs makes them all.
    out : Path, optional
        Folder for all output, ``build/run`` of the pack by default. The kernel of a
        lesson works in a folder of its own below it.
    fast : bool
        Run on a small budget; bands are then not enforced.
    jobs : int, optional
        How many lessons run at once, the longest of the last run first: by default
        as many as there are cores and memory. They share the cores, as a second
        thread gives models of this size a tenth.
    timeout : int
        Seconds that one cell may take.
    solutions : Path, optional
        The folder with the lessons, ``solutions/`` of the pack by default.
    console : rich.console.Console, optional
        Where progress and the table go.
    on_progress : callable(lesson, state), optional
        Called, from a thread, with each progress message of a notebook.

    Returns
    -------
    dict
        What ``metrics.json`` holds; ``["ok"]`` is False when a notebook failed or an
        enforced figure left its band.

    Raises
    ------
    CourseError
        If a lesson, a parameter, a value or a folder is wrong. Nothing has run then.
    """
    console = console or make_console()
    out = Path(out or pack_root() / "build" / "run").resolve()
    jobs = at_once() if jobs is None else jobs
    if jobs < 1 or timeout < 1:
        raise CourseError("--jobs and --timeout must be at least 1.")
    lessons = find_lessons(names, solutions or pack_root() / "solutions")
    runs = {}
    for lesson in lessons:
        if parameters:
            runs[lesson.stem] = (lesson, check_parameters(lesson, parameters))
        else:
            plans = planned_runs(lesson)
            runs |= {name: (lesson, values) for name, values in plans.items()}
    jobs = min(jobs, len(runs))
    given = {name: values for name, (_, values) in runs.items()}
    _check_output_files(given)
    for folder in (out, *(out / name for name in runs)):
        make_writable(folder)

    environment = kernel_environment(fast, max(1, cores() // jobs), pack_root())
    executions = _execute_all(
        runs, out, environment, jobs, timeout, console, on_progress
    )
    by_hand = not set(parameters or {}) <= OUTPUT_PARAMETERS
    summary = _summarize(executions, given, fast, by_hand)
    write_json(out / "metrics.json", summary)
    notebooks = {name: run.notebook for name, run in executions.items()}
    write_report(out / "report.html", summary, notebooks)
    _print_summary(console, summary, out)
    return summary


def at_once() -> int:
    """Count the lessons that this machine has cores and memory to run at once."""
    memory = psutil.virtual_memory().available
    return max(1, min(cores(), int(memory / LESSON_BYTES)))


def longest_first(names: Iterable[str], summary: Path) -> list[str]:
    """Order runs by the seconds of the last time; one without any comes first."""
    try:
        last = json.loads(summary.read_text(encoding="utf-8"))["lessons"]
    except (OSError, ValueError, KeyError):
        last = {}

    def seconds(name: str) -> float:
        return last[name]["seconds"] if name in last else float("inf")

    # From the end, as later lessons take longer: the order of those without a time.
    return sorted(names, key=seconds)[::-1]


def _execute_all(
    runs: Mapping[str, tuple[Path, dict]],
    out: Path,
    environment: Mapping[str, str],
    jobs: int,
    timeout: int,
    console: Console,
    on_progress: Callable[[str, dict], None] | None,
) -> dict[str, Execution]:
    """Run the notebooks on `jobs` threads; each has a kernel process of its own."""
    watches: list[Watch] = []
    pool = ThreadPoolExecutor(max_workers=jobs)
    with show_progress(console) as display:

        def run_one(name: str) -> Execution:
            lesson, parameters = runs[name]

            def report(state: dict) -> None:
                display.progress(name, state)
                if on_progress:
                    on_progress(name, state)

            watch = Watch(lambda *cell: display.cell(name, *cell), report)
            watches.append(watch)
            display.started(name)
            result = execute(
                lesson,
                out / f"{name}.ipynb",
                parameters,
                out / name,
                environment,
                timeout,
                watch,
            )
            ending = f"FAILED in {result.failure}" if result.failure else "done"
            display.finished(name, f"{name}: {ending}, {result.seconds:.1f} s")
            return result

        try:
            order = longest_first(runs, out / "metrics.json")
            futures = {pool.submit(run_one, name): name for name in order}
            results = {
                futures[future]: future.result() for future in as_completed(futures)
            }
        finally:
            # After an interrupt kernels still run; after a normal end there are none.
            pool.shutdown(wait=False, cancel_futures=True)
            for watch in watches:
                watch.kill()
            pool.shutdown()
    return {name: results[name] for name in runs}


def _summarize(
    executions: Mapping[str, Execution],
    given: Mapping[str, dict],
    fast: bool,
    by_hand: bool,
) -> dict[str, Any]:
    lessons = {
        name: _judge(execution, given[name], fast, by_hand)
        for name, execution in executions.items()
    }
    ok = all(lesson["status"] == "ok" for lesson in lessons.values())
    return {
        "ok": ok,
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "fast": fast,
        "machine": _machine(),
        "lessons": lessons,
    }


def _judge(
    execution: Execution, given: Mapping[str, Any], fast: bool, by_hand: bool
) -> dict:
    """Put one run's outcome together; `status` is ok, failed or out of band."""
    data = figures.data_kind(execution.notebook)
    metrics = figures.recorded(execution.notebook)
    for figure in metrics:
        figure["verdict"] = figures.verdict(figure, fast, data == "SYNTHETIC", by_hand)
    error = execution.failure
    if error is None and not metrics and not fast:
        error = (
            "it ran to its end but recorded no figure; "
            "it should call helpers.metrics.record at its end"
        )
    outside = any(figure["verdict"] == figures.OUT_OF_BAND for figure in metrics)
    return {
        "status": "failed" if error else "out of band" if outside else "ok",
        "error": error,
        "seconds": round(execution.seconds, 2),
        "peak_memory_mb": round(execution.peak_memory_mb, 1),
        "parameters": dict(given),
        "data": data,
        "metrics": metrics,
    }


def complaints(summary: Mapping[str, Any]) -> list[str]:
    """Say in one line each what makes a run fail."""
    found = []
    for name, lesson in summary["lessons"].items():
        if lesson["error"]:
            found.append(f"{name} failed: {lesson['error']}")
        for figure in lesson["metrics"]:
            if figure["verdict"] == figures.OUT_OF_BAND:
                found.append(
                    f"{name}: {figure['name']} is {figures.show_value(figure)}, "
                    f"outside its band {figures.show_band(figure)}"
                )
    return found


def _print_summary(console: Console, summary: Mapping[str, Any], out: Path) -> None:
    console.print(summary_table(summary))
    if any(lesson["data"] == "SYNTHETIC" for lesson in summary["lessons"].values()):
        console.print("SYNTHETIC data: the figures say nothing about the real images.")
    for complaint in complaints(summary):
        console.print(Text(complaint, style="bold red"), soft_wrap=True)
    where = f"Executed notebooks, metrics.json and report.html are in {_near(out)}"
    console.print(Text(where), soft_wrap=True)


def _near(path: Path) -> str:
    """The path from here if it is below here, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _check_output_files(given: Mapping[str, dict]) -> None:
    """See that files named in full can be written, and by one lesson only."""
    for option in ("plot_path", "weights_path"):
        paths = [
            Path(values[option])
            for values in given.values()
            if values.get(option) and Path(values[option]).is_absolute()
        ]
        if len(paths) > 1:
            raise CourseError(
                f"{len(given)} lessons would all write {paths[0]}. Name the one lesson "
                "whose file you want."
            )
        for path in paths:
            if path.is_dir():
                raise CourseError(f"{path} is a folder; {option} must name a file.")
            make_writable(path.parent)


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": cores(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
    }
