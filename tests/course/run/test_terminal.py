"""What a run shows in a terminal, and in a log."""

import io
import math
import sys

import pytest
from rich.console import Console

from course.run.terminal import (
    LiveProgress,
    PlainProgress,
    describe,
    make_console,
    show_progress,
    summary_table,
)


@pytest.fixture
def log():
    """A console whose output is a file."""
    return Console(file=io.StringIO(), width=130, highlight=False)


@pytest.fixture
def terminal():
    return Console(file=io.StringIO(), width=100, force_terminal=True)


def text_of(console):
    return console.file.getvalue()


def test_output_that_lacks_letters_is_written_and_wide_enough(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", out)
    console = make_console()
    assert console.width == 130
    console.print("λ = 3 [bold]x[/]")
    out.flush()
    assert out.buffer.getvalue() == b"? = 3 x\n"


def test_a_terminal_keeps_its_own_width(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "61")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert make_console().width == 61


def test_bars_move_in_a_terminal_and_lines_are_written_elsewhere(log, terminal):
    assert isinstance(show_progress(terminal), LiveProgress)
    assert isinstance(show_progress(log), PlainProgress)


def test_a_log_has_a_line_when_a_lesson_starts_and_ends(log):
    with show_progress(log) as shown:
        assert isinstance(shown, PlainProgress)
        shown.started("02_a")
        shown.cell("02_a", 1, 9)
        shown.progress("02_a", {"n": 1})
        shown.finished("02_a", "02_a [x]: passed " + "y" * 200)
    assert text_of(log) == f"02_a: started\n02_a [x]: passed {'y' * 200}\n"


def test_a_log_has_a_line_between_every_five_seconds(log, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("course.run.terminal.time.monotonic", lambda: now[0])
    shown = PlainProgress(log)
    shown.started("02_a")
    for second in (104.9, 105.0, 109.0, 110.0):
        now[0] = second
        shown.progress("02_a", {"n": second})
    assert text_of(log).splitlines() == [
        *("02_a: started", "02_a: working 105.0", "02_a: working 110.0")
    ]


def test_a_bar_is_there_while_its_lesson_runs(terminal):
    with show_progress(terminal) as shown:
        assert isinstance(shown, LiveProgress)
        assert shown.bars.live.is_started
        shown.started("02_[a]")
        (bar,) = shown.bars.tasks
        assert (bar.fields["lesson"], bar.fields["status"]) == ("02_[a]", "starting")
        assert bar.total is None
        shown.cell("02_[a]", 3, 9)
        assert (bar.completed, bar.total, bar.fields["status"]) == (2, 9, "cell 3/9")
        shown.started("03")
        shown.progress("02_[a]", {"n": 1, "total": 2, "text": "loss=[3]"})
        assert bar.fields["status"] == "working 1/2 loss=[3]"
        shown.bars.refresh()
        shown.finished("02_[a]", "02_[a]: passed")
        assert [each.fields["lesson"] for each in shown.bars.tasks] == ["03"]
    assert not shown.bars.live.is_started
    assert "loss=[3]" in text_of(terminal), "brackets are no markup"
    assert "02_[a]: passed\n" in text_of(terminal)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "working 0"),
        ({"n": 3}, "working 3"),
        ({"n": 3, "total": 20}, "working 3/20"),
        ({"n": 3, "total": 0}, "working 3"),
        ({"description": "training", "n": 3, "total": 20, "text": "validation=0.012"},
         "training 3/20 validation=0.012"),
        ({"description": None, "n": 0, "text": None}, "working 0"),
    ],
)  # fmt: skip
def test_progress_in_words(state, words):
    assert describe(state) == words


def figure(name="MSE", value=0.5, verdict="in band", expected=(0.4, 0.6), unit=""):
    return dict(name=name, value=value, verdict=verdict, expected=expected, unit=unit)


def lesson(*metrics, status="passed", data="real", seconds=12.34):
    return dict(metrics=metrics, status=status, data=data, seconds=seconds)


def rows_of(lessons, console, fast=False):
    """The table as it is printed: title, and the cells of each line."""
    console.print(summary_table({"fast": fast, "lessons": lessons}))
    title, *lines = text_of(console).splitlines()
    cells = [
        [cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")]
        for line in lines
        if line[:1] in ("│", "┃")
    ]
    assert cells[0] == [
        *("lesson", "figure", "measured", "expected band", "verdict", "seconds")
    ]
    return title.strip(), cells[1:]


def test_each_figure_has_a_row_and_a_lesson_is_named_once(log):
    lessons = {
        "02_a": lesson(
            figure(),
            figure("[KL]", math.nan, "OUT OF BAND", (0, 1)),
            figure("count", 7, "no band", None, "nats"),
        ),
        "03_b": lesson(figure(), data="SYNTHETIC", seconds=0),
    }
    title, rows = rows_of(lessons, log)
    assert title == "measured against expected"
    assert rows == [
        ["02_a", "MSE", "0.5", "0.4 to 0.6", "in band", "12.3"],
        ["", "[KL]", "not a number", "0 to 1", "OUT OF BAND", ""],
        ["", "count", "7 nats", "-", "no band", ""],
        ["03_b", "MSE", "0.5", "0.4 to 0.6", "in band", "0.0"],
        ["SYNTHETIC data", *[""] * 5],
    ]


def test_a_lesson_that_failed_says_so_first_and_keeps_its_figures(log):
    lessons = {"02_a": lesson(figure(), status="failed"), "03_b": lesson()}
    title, rows = rows_of(lessons, log, fast=True)
    assert title == "measured against expected (fast mode: bands not enforced)"
    assert rows == [
        ["02_a", "-", "-", "-", "FAILED", "12.3"],
        ["", "MSE", "0.5", "0.4 to 0.6", "in band", ""],
        ["03_b", "-", "-", "-", "no figures", "12.3"],
    ]


def test_without_a_lesson_there_is_no_row(log):
    assert rows_of({}, log)[1] == []


def test_what_is_wrong_is_red(terminal):
    lessons = {"02_a": lesson(figure(verdict="OUT OF BAND"), figure(), status="failed")}
    terminal.print(summary_table({"fast": False, "lessons": lessons}))
    for words in ("FAILED", "OUT OF BAND"):
        assert f"\x1b[1;31m{words}" in text_of(terminal)
    assert "\x1b[1;31min band" not in text_of(terminal)
