"""The course command: what it accepts, prints and returns."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

import course
from course.cli import app, join_pairs
from tests.course.small_lessons import metric, read_json, write_lesson

ROOT = Path(course.__file__).parents[1]
COURSE = [sys.executable, "-c", "from course.cli import app; app()"]


def invoke(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def environment(**more):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return dict(os.environ, PYTHONPATH=path, **more)


def test_the_seeds_command_line_works(solutions, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lesson = solutions / "01_first.ipynb"
    result = invoke(
        *("run", lesson, "--out", "out", "-b", 64, "-e", 20),
        *("--plot", "loss_plot.png", "-l", "model.pth"),
        *("-p", "learning_rate", "-0.5", "-p", "dataset", "a=b"),
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "loss_plot.png").read_text() == "plot"
    assert (tmp_path / "model.pth").read_text() == "weights"
    values = read_json(tmp_path / "out" / "01_first" / "values.json")
    assert values[:4] == [20, 64, -0.5, "a=b"]
    assert "01_first" in result.output
    assert "not enforced: parameters" in result.output


def test_no_names_means_all_lessons_and_the_environment_may_say_fast(
    solutions, tmp_path, monkeypatch
):
    monkeypatch.setattr("course.run.lessons.pack_root", lambda: tmp_path)
    monkeypatch.setenv("COURSE_FAST", "1")
    result = invoke("run")
    assert result.exit_code == 0, result.output
    kept = read_json(tmp_path / "build" / "run" / "metrics.json")
    assert kept["fast"] is True
    assert list(kept["lessons"]) == ["01_first", "02_second"]
    assert (tmp_path / "build" / "run" / "report.html").exists()


def test_a_broken_notebook_ends_with_1_and_a_message(tmp_path):
    lesson = write_lesson(tmp_path / "05_broken.ipynb", "x = 1", "1 / 0", metric())
    result = invoke("run", lesson, "--out", tmp_path / "out")
    assert result.exit_code == 1
    words = " ".join(result.output.split())
    assert "05_broken failed: code cell 2 (`1 / 0`): ZeroDivisionError" in words


def test_a_figure_outside_its_band_ends_with_1(tmp_path):
    lesson = write_lesson(tmp_path / "05_outside.ipynb", metric(value="0.7"))
    result = invoke("run", lesson, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "OUT OF BAND" in result.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["99_none"], "There is no lesson '99_none'"),
        (["LESSON", "-p", "epoch", "3"], "Did you mean epochs"),
        (["LESSON", "-p", "epochs"], "-p needs a NAME and a VALUE"),
        (["LESSON", "-p", "loss.png"], "plot of the loss there: --plot loss.png"),
        (["LESSON", "-p", "epochs", "x"], "epochs must be a whole number"),
        (["LESSON", "-e", "2", "-p", "epochs", "3"], "epochs is given twice"),
        (["LESSON", "--out", "FILE/out"], "cannot be written"),
    ],
)
def test_a_wrong_request_ends_with_2_and_one_paragraph(
    solutions, tmp_path, args, message
):
    (tmp_path / "file").write_text("")
    places = {"LESSON": solutions / "01_first.ipynb", "FILE/out": tmp_path / "file/out"}
    args = [str(places.get(arg, arg)) for arg in args]
    if "--out" not in args:
        args += ["--out", str(tmp_path / "out")]
    result = invoke("run", *args)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_command_itself_ends_with_2_and_no_traceback():
    done = subprocess.run(
        [*COURSE, "run", "99_none"], capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 2
    assert done.stderr.startswith("course: ")
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("option", [["-e", "0"], ["-b", "x"], ["--jobs", "0"]])
def test_counts_must_be_positive_whole_numbers(solutions, option):
    assert invoke("run", solutions / "01_first.ipynb", *option).exit_code == 2


def test_an_interrupt_stops_the_kernels(tmp_path):
    lesson = write_lesson(tmp_path / "05_long.ipynb", "import time\ntime.sleep(300)")
    command = [*COURSE, "run", str(lesson), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment()
    )
    kernels = wait_for(lambda: psutil.Process(process.pid).children())
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130, output
    assert b"interrupted" in output
    assert b"Traceback" not in output
    assert not any(kernel.is_running() for kernel in kernels)


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


def test_release_and_its_check(tmp_path, monkeypatch):
    monkeypatch.setattr("course.cli.pack_root", lambda: tmp_path)
    write_lesson(tmp_path / "solutions" / "00_one.ipynb", "# One")
    (tmp_path / "solutions" / "00_one.py").write_text("# %% [markdown]\n# # One\n")
    before = invoke("release", "--check")
    assert before.exit_code == 1
    assert "notebooks/00_one.ipynb is missing; run: make release" in before.output
    assert not (tmp_path / "notebooks").exists()
    assert invoke("release").exit_code == 0
    after = invoke("release", "--check")
    assert after.exit_code == 0
    assert "in step" in after.output


def test_pairs_are_joined_and_nothing_else():
    given = ["02", "-p", "a", "1", "-e", "3", "-p", "b=2", "--parameter", "c", "-1"]
    assert join_pairs(given) == [
        *("02", "-p", "a=1", "-e", "3"),
        *("-p", "b=2", "--parameter", "c=-1"),
    ]
    assert join_pairs(["-p"]) == ["-p"]


def test_output_that_lacks_greek_letters_is_written_all_the_same():
    code = "import sys; from course.cli import app; app()"
    command = [sys.executable, "-c", code, "reset", "\N{GREEK SMALL LETTER PI}.ipynb"]
    done = subprocess.run(
        command,
        env=environment(PYTHONIOENCODING="cp1252"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"There is no" in done.stderr
