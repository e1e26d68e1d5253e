"""The course command: what it accepts, prints and returns."""

import errno
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from typer.testing import CliRunner

import course
from course.cli import app, join_pairs
from course.sandbox.limits import Limits
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
    begun = tmp_path / "begun"
    cell = f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(300)"
    lesson = write_lesson(tmp_path / "05_long.ipynb", cell)
    command = [*COURSE, "run", str(lesson), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment()
    )
    wait_for(begun.exists, 60)
    kernels = kernels_of(process.pid)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert b"interrupted" in output
    assert b"Traceback" not in output
    assert kernels
    assert not any(kernel.is_running() for kernel in kernels)


def kernels_of(pid):
    children = psutil.Process(pid).children()
    return [each for each in children if "ipykernel_launcher" in each.cmdline()]


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


# What each command prints and returns; what it does itself is tested elsewhere


def answers(monkeypatch, place, answer):
    """Let a command's function only note what it was given."""
    given = []

    def noted(*args, **more):
        given.append((*args, more) if more else args)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(place, noted)
    return given


def test_compare_names_each_page(monkeypatch):
    pages = [Path("out/a.html"), Path("out/b.html")]
    given = answers(monkeypatch, "course.grading.compare.compare", pages)
    result = invoke("compare", "a.ipynb", "b.ipynb", "--out", "out", "--unsafe")
    assert (result.exit_code, result.output) == (
        0,
        f"wrote {pages[0]}\nwrote {pages[1]}\n",
    )
    assert given == [([Path("a.ipynb"), Path("b.ipynb")], Path("out"), True)]


@pytest.mark.parametrize("ok", [True, False])
def test_grade_hands_everything_on(monkeypatch, ok):
    place = "course.grading.whole_class.grade_class"
    given = answers(monkeypatch, place, SimpleNamespace(ok=ok))
    assert invoke("grade", "in", "--out", "out").exit_code == (0 if ok else 1)
    result = invoke(
        *("grade", "in.zip", "--out", "out", "--workers", 2, "--seconds", 60),
        *("--scheduler", "tcp://h:1", "--gradebook", "gb", "--marks", "m.csv"),
        *("--due", "2026-11-03T23:59", "--strict", "--unsafe"),
    )
    assert result.exit_code == (0 if ok else 1)
    paths = Path("in"), Path("out")
    nothing = {"marks": None, "due": None}
    due = datetime(2026, 11, 3, 23, 59)
    assert given == [
        (*paths, None, None, False, Limits(), None, False, nothing),
        (
            *(Path("in.zip"), Path("out"), 2, "tcp://h:1", True, Limits(seconds=60)),
            *(Path("gb"), True, {"marks": Path("m.csv"), "due": due}),
        ),
    ]


@pytest.mark.parametrize("option", ["--workers", "--seconds"])
def test_grade_refuses_counts_below_one(option):
    assert invoke("grade", "in", "--out", "out", option, "0").exit_code == 2


def test_gradescope_names_the_file_and_its_lesson(monkeypatch):
    place = "course.grading.gradescope.write_autograder"
    given = answers(monkeypatch, place, "03_x")
    result = invoke("gradescope", "03", "--out", "a.zip")
    assert (result.exit_code, result.output) == (
        0,
        "wrote a.zip, the autograder of 03_x\n",
    )
    assert given == [("03", Path("a.zip"))]


def test_check_looks_at_the_named_lesson(monkeypatch):
    given = answers(monkeypatch, "course.grading.check.check", None)
    assert invoke("check", "03").exit_code == 0
    assert given == [("03",)]


@pytest.mark.parametrize("kept", [None, "saved/03-old.ipynb"])
def test_reset_says_what_was_kept(monkeypatch, kept):
    answers(monkeypatch, "course.handout.reset.reset", ("03.ipynb", kept))
    result = invoke("reset", "03")
    said = f"kept what you wrote as {kept}\n" if kept else ""
    assert result.exit_code == 0
    assert result.output == f"{said}03.ipynb is as it was handed out\n"


@pytest.mark.parametrize("ok", [True, False])
def test_doctor_ends_with_1_where_something_is_wrong(monkeypatch, ok):
    answers(monkeypatch, "helpers.doctor.report", ok)
    assert invoke("doctor").exit_code == (0 if ok else 1)


def test_site_names_its_first_pages(monkeypatch):
    given = answers(monkeypatch, "course.handout.site.build_site", [Path("a/x.html")])
    result = invoke("site")
    assert (result.exit_code, result.output) == (0, f"wrote {Path('a/x.html')}\n")
    assert invoke("site", "--out", "b").exit_code == 0
    assert given == [(Path("build/site"),), (Path("b"),)]


def test_release_counts_what_it_wrote_and_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("course.cli.pack_root", lambda: tmp_path)
    (tmp_path / "there.ipynb").write_text("")
    changed = [tmp_path / "there.ipynb", tmp_path / "gone.ipynb"]
    answers(monkeypatch, "course.handout.release.release", changed)
    assert invoke("release").output == (
        "wrote there.ipynb\nremoved gone.ipynb\n"
        "notebooks/ is in step with solutions/, 2 changed\n"
    )


def test_run_hands_everything_on(monkeypatch):
    given = answers(monkeypatch, "course.run.lessons.run_lessons", {"ok": True})
    assert invoke("run").exit_code == 0
    result = invoke(
        *("run", "02", "--fast", "--jobs", 2, "--timeout", 5, "--out", "o"),
        *("-e", 1, "-b", 1, "-p", "a", "b"),
    )
    assert result.exit_code == 0
    plain = {"out": None, "fast": False, "jobs": None, "timeout": 1800}
    more = {"out": Path("o"), "fast": True, "jobs": 2, "timeout": 5}
    assert given == [
        ([], {}, plain),
        (["02"], {"a": "b", "epochs": 1, "batch_size": 1}, more),
    ]


@pytest.mark.parametrize(
    ("trouble", "code", "said"),
    [
        (course.CourseError("no such thing"), 2, "course: no such thing\n"),
        (OSError(errno.ENOSPC, "No space left"), 1, "course: the disk is full ("),
        (OSError(errno.EDQUOT, "Quota exceeded"), 1, "start the same command again."),
        (KeyboardInterrupt(), 130, "course: interrupted; the kernels have been stop"),
    ],
)
def test_how_a_command_ends(monkeypatch, trouble, code, said):
    answers(monkeypatch, "course.grading.check.check", trouble)
    result = invoke("check", "03")
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_other_troubles_keep_their_traceback(monkeypatch):
    trouble = OSError(errno.EACCES, "Permission denied")
    answers(monkeypatch, "course.grading.check.check", trouble)
    assert invoke("check", "03").exception is trouble


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        ([], []),
        (["-p", "a"], ["-p", "a"]),
        (["-p", "a", "-e", "3"], ["-p", "a", "-e", "3"]),
        (["-p", "a", "--out", "o"], ["-p", "a", "--out", "o"]),
        (["-p", "a", "-0.5"], ["-p", "a=-0.5"]),
        (["-p", "a", "-.5"], ["-p", "a=-.5"]),
        (["--parameter", "a=b", "c"], ["--parameter", "a=b", "c"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_a_name_without_a_value_takes_no_option_for_one(given, joined):
    assert join_pairs(given) == joined


@pytest.mark.parametrize("pair", ["=3", "a", "="])
def test_a_pair_has_a_name_and_a_value(pair):
    result = invoke("run", "02", "-p", pair)
    assert result.exit_code == 2
    assert f"-p needs a NAME and a VALUE; got only {pair!r}." in result.stderr


def test_a_value_may_be_empty(monkeypatch):
    given = answers(monkeypatch, "course.run.lessons.run_lessons", {"ok": False})
    assert invoke("run", "-p", "a=").exit_code == 1
    assert given[0][1] == {"a": ""}


def test_paths_are_taken_from_where_the_user_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = answers(monkeypatch, "course.run.lessons.run_lessons", {"ok": True})
    invoke("run", "-l", "m.pth", "--plot", "a/p.png")
    assert given[0][1] == {
        "weights_path": str(tmp_path / "m.pth"),
        "plot_path": str(tmp_path / "a" / "p.png"),
    }
