"""Show a run in the terminal: progress while it lasts, a table at its end."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from course.run.figures import OUT_OF_BAND, show_band, show_value

LINE_EVERY = 5.0  # seconds between a lesson's epoch lines when output is not a terminal


def make_console() -> Console:
    """Make a console; where there is no terminal, lines are wide enough for a table.

    What the output's code cannot write, such as Greek in cp1252, becomes a "?".
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 130
    return console


def show_progress(console: Console) -> LiveProgress | PlainProgress:
    """Choose how progress is shown: moving bars in a terminal, lines elsewhere."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


class LiveProgress:
    """One moving bar per running lesson."""

    def __init__(self, console: Console):
        self.bars = Progress(
            TextColumn("{task.fields[lesson]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[status]}", markup=False),
            TimeElapsedColumn(),
            console=console,
        )
        self.tasks: dict[str, Any] = {}

    def __enter__(self) -> LiveProgress:
        self.bars.start()
        return self

    def __exit__(self, *exception) -> None:
        self.bars.stop()

    def started(self, lesson: str) -> None:
        """Show a new bar."""
        self.tasks[lesson] = self.bars.add_task(
            lesson, lesson=lesson, status="starting", total=None
        )

    def cell(self, lesson: str, number: int, count: int) -> None:
        """Move the bar to a cell."""
        self.bars.update(
            self.tasks[lesson],
            completed=number - 1,
            total=count,
            status=f"cell {number}/{count}",
        )

    def progress(self, lesson: str, state: Mapping[str, Any]) -> None:
        """Show how far the running cell is."""
        self.bars.update(self.tasks[lesson], status=describe(state))

    def finished(self, lesson: str, line: str) -> None:
        """Replace the bar by a line."""
        self.bars.remove_task(self.tasks[lesson])
        self.bars.console.print(Text(line))


class PlainProgress:
    """A line when a lesson starts and ends, and now and then one between."""

    def __init__(self, console: Console):
        self.console = console
        self.last: dict[str, float] = {}

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *exception) -> None:
        pass

    def started(self, lesson: str) -> None:
        """Print that a lesson starts."""
        self.last[lesson] = time.monotonic()
        self._print(f"{lesson}: started")

    def cell(self, lesson: str, number: int, count: int) -> None:
        """Cells are too many for a log."""

    def progress(self, lesson: str, state: Mapping[str, Any]) -> None:
        """Print how far the running cell is, unless a line has just been printed."""
        now = time.monotonic()
        if now - self.last[lesson] >= LINE_EVERY:
            self.last[lesson] = now
            self._print(f"{lesson}: {describe(state)}")

    def finished(self, lesson: str, line: str) -> None:
        """Print how it ended."""
        self._print(line)

    def _print(self, line: str) -> None:
        self.console.print(Text(line), soft_wrap=True)


def describe(state: Mapping[str, Any]) -> str:
    """Put a progress message in words, such as ``training 3/20 validation=0.012``."""
    total = state.get("total")
    count = f"{state.get('n', 0)}" + (f"/{total}" if total else "")
    parts = [state.get("description") or "working", count, state.get("text") or ""]
    return " ".join(str(part) for part in parts if part)


def summary_table(summary: Mapping[str, Any]) -> Table:
    """Lay out measured against expected figures, one row each."""
    title = "measured against expected"
    if summary["fast"]:
        title += " (fast mode: bands not enforced)"
    table = Table(title=title)
    for heading in ("lesson", "figure", "measured", "expected band", "verdict"):
        table.add_column(heading, overflow="fold")
    table.add_column("seconds", justify="right")
    for name, lesson in summary["lessons"].items():
        table.add_section()
        for row in _rows(name, lesson):
            table.add_row(*row)
    return table


def _rows(name: str, lesson: Mapping[str, Any]) -> list[tuple]:
    label = Text(name)
    if lesson["data"] == "SYNTHETIC":
        label.append("\nSYNTHETIC data", style="bold yellow")
    seconds = f"{lesson['seconds']:.1f}"
    rows = []
    if lesson["status"] == "failed":
        rows.append((label, "-", "-", "-", Text("FAILED", style="bold red"), seconds))
        label, seconds = "", ""
    for figure in lesson["metrics"]:
        bad = figure["verdict"] == OUT_OF_BAND
        verdict = Text(figure["verdict"], style="bold red" if bad else "")
        measured = Text(show_value(figure))
        name_of = Text(str(figure["name"]))
        rows.append((label, name_of, measured, show_band(figure), verdict, seconds))
        label, seconds = "", ""
    return rows or [(label, "-", "-", "-", "no figures", seconds)]
