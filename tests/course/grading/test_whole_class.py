"""A class from its folder to its tables, interrupted and begun again."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from distributed import LocalCluster
from typer.testing import CliRunner

from benchmarks.students import LESSON
from course import CourseError
from course.cli import app
from course.grading import cluster, whole_class
from course.grading.records import Record, kept
from course.grading.submission import points
from course.sandbox.bubblewrap import available
from tests.course.grading.judged import answered, graded, table, without_kernels
from tests.course.handed_in import NO_SANDBOX, ROOT, hand_in, small_class

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)

OTHER = "00_data_and_baselines"


def test_killed_at_any_moment_it_goes_on(tmp_path):
    small_class(tmp_path / "in", 4)
    command = [Path(sys.executable).parent / "course", "grade", tmp_path / "in"]
    command += ["--out", tmp_path / "out", "--workers", "1"]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    records = tmp_path / "out" / "records"
    deadline = time.monotonic() + 400
    while len(list(records.glob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    before = {path: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert 2 <= len(before) < 4
    again = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"{len(before)} graded before" in again.stdout
    after = {path: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert len(after) == 4
    assert before.items() <= after.items(), "nothing is graded twice"
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8-sig") as file:
        assert [row["total"] for row in csv.DictReader(file)] == ["90"] * 4


def test_where_the_grader_itself_fails_the_same_command_tries_again(
    tmp_path, monkeypatch
):
    hand_in(tmp_path / "in", "alice")

    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    def works(*arguments):
        return Record(LESSON, zero.exercises)

    with LocalCluster(1, processes=False, dashboard_address="127.0.0.1:0") as dask:
        command = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
        command += ["--scheduler", dask.scheduler_address]
        monkeypatch.setattr(cluster, "grade_one", full_disk)
        failed = CliRunner().invoke(app, command)
        (file,) = (tmp_path / "out" / "records").iterdir()
        zero = kept(tmp_path / "out", file.stem)
        assert failed.exit_code == 1
        assert "tries them again" in " ".join(failed.output.split())
        assert zero.status == "zero"
        assert "the grader itself failed (OSError" in zero.reason
        assert zero.again
        monkeypatch.setattr(cluster, "grade_one", works)
        for graded_before in (0, 1):
            done = CliRunner().invoke(app, command)
            assert done.exit_code == 0, done.output
            assert f"{graded_before} graded before" in done.output


def test_without_bubblewrap_it_refuses_unless_told(tmp_path, monkeypatch):
    hand_in(tmp_path / "in", "solved")
    monkeypatch.setattr(whole_class, "available", lambda: False)
    with pytest.raises(CourseError, match=r"apt-get install bubblewrap.*--unsafe"):
        whole_class.grade_class(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_to_grade_is_told(tmp_path):
    with pytest.raises(CourseError, match="no notebook"):
        whole_class.grade_class(tmp_path, tmp_path / "out")
    with pytest.raises(CourseError, match="nothing at"):
        whole_class.grade_class(tmp_path / "gone", tmp_path / "out")
    assert Path(tmp_path / "out").exists() is False


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Ada's submission, graded without a kernel, and a notebook of no lesson."""
    without_kernels(monkeypatch)
    monkeypatch.chdir(ROOT)
    answered(tmp_path / "in", "ada")
    (tmp_path / "in" / "bob").mkdir()
    empty = nbformat.writes(nbformat.v4.new_notebook())
    (tmp_path / "in" / "bob" / "vae.ipynb").write_text(empty)
    return tmp_path / "in"


def words(capsys):
    return " ".join(capsys.readouterr().out.split())


def test_what_became_of_every_file_is_told(place, tmp_path, capsys):
    (place / "ada" / "old.ipynb").write_text("{}")
    done = graded(place, tmp_path / "out")
    said = words(capsys)
    assert "run with all your rights" in said
    assert "2 submissions, 0 graded before, 1 to grade" in said
    assert "1 graded, 1 with zero points and a reason; see" in said
    assert "3 files seen = 1 taken + 1 with a reason + 1 set aside" in said
    assert "need a look" not in said
    assert done.ok
    assert {who: list(mine) for who, mine in done.students.items()} == {
        "ada": [LESSON],
        "bob": ["bob/vae.ipynb"],
    }
    assert done.students["bob"]["bob/vae.ipynb"].status == "zero"
    out = tmp_path / "out"
    tables = {"canvas.csv", "files.csv", "grades.csv", "moodle.csv", "written.xlsx"}
    assert tables | {"summary.html"} <= {path.name for path in out.iterdir()}
    pages = {page.parent.name for page in out.glob("feedback/*/*.html")}
    assert pages == {"ada", "bob"}
    graded(place, tmp_path / "out")
    assert "2 submissions, 2 graded before, 0 to grade" in words(capsys)


def test_what_calls_for_a_look_is_counted_and_copies_are_paired(
    place, tmp_path, monkeypatch, capsys
):
    answered(place, "cyd")

    def grade_all(jobs, out, *rest):
        known = whole_class.lesson_named(LESSON)
        for key in jobs:
            record = Record(LESSON, points(None, known), flags=["odd"])
            record.code = {"sample": "def sample(n):\n    return [n] * 3"}
            whole_class.save(out, key, record)

    monkeypatch.setattr(whole_class, "grade_all", grade_all)
    done = graded(place, tmp_path / "out", strict=True)
    said = words(capsys)
    assert "3 submissions, 0 graded before, 1 to grade" in said, "two are the same"
    assert "2 need a look: summary.html and grades.csv say why" in said
    assert done.ok
    assert "ada, cyd" in (tmp_path / "out" / "summary.html").read_text()
    assert table(tmp_path / "out" / "grades.csv")["cyd"]["needs a look"].endswith("odd")


def test_a_result_that_went_missing_is_told(place, tmp_path, monkeypatch):
    monkeypatch.setattr(whole_class, "grade_all", lambda *arguments: None)
    with pytest.raises(CourseError, match="is gone, or was changed, while the class"):
        graded(place, tmp_path / "out")


def test_lessons_are_graded_one_after_the_other(place, tmp_path, monkeypatch):
    """A change of framework would cost a new warm parent each time."""
    asked = []
    monkeypatch.setattr(
        whole_class,
        "grade_all",
        lambda jobs, *rest: asked.extend(lesson for _, lesson, *_ in jobs.values()),
    )
    for student, lesson in (("cyd", OTHER), ("dan", LESSON), ("eve", OTHER)):
        folder = place / student
        folder.mkdir()
        notebook = nbformat.read(ROOT / "solutions" / f"{lesson}.ipynb", 4)
        notebook.metadata["student"] = student  # no two are the same
        nbformat.write(notebook, folder / f"{lesson}.ipynb")
    with pytest.raises(CourseError, match="is gone"):
        graded(place, tmp_path / "out")
    assert asked == [OTHER, OTHER, LESSON, LESSON]


def test_marks_that_came_in_or_wait_in_a_sheet_are_told(place, tmp_path, capsys):
    marks = tmp_path / "marks.csv"
    head = "lesson,question,student,answer,points,comment\n"
    marks.write_text(f"{head}{LESSON},think_beta,ada,,3,\n")
    for new in (1, 0):
        graded(place, tmp_path / "out", marks=marks)
        assert f"1 marks in marks.csv, {new} of them new" in words(capsys)
    (tmp_path / "out" / "written.xlsx").write_bytes(b"filled in")
    graded(place, tmp_path / "out")
    said = words(capsys)
    assert "written.xlsx had been filled in; it is now written-2" in said
    assert "takes it in." in said
    graded(place, tmp_path / "out")
    assert "had been filled in" not in words(capsys)


def test_what_formgrader_holds_is_counted_and_written_back(
    place, tmp_path, monkeypatch, capsys
):
    """What goes in and out of a gradebook, test_gradebook.py tries."""
    from course.grading import formgrader, gradebook
    from course.grading.marks import Given, Mark

    written = []
    entered = [Given(LESSON, "think_beta", "ada", Mark(4))]
    monkeypatch.setattr(gradebook, "marks_in_gradebook", lambda *given: entered)
    monkeypatch.setattr(gradebook, "write_gradebook", lambda *given: written.append(1))
    monkeypatch.setattr(
        formgrader, "write_course_folder", lambda folder, *given: written.append(folder)
    )
    folder = tmp_path / "gb"
    done = graded(place, tmp_path / "out", gradebook=folder)
    assert "1 answers were regraded in the gradebook" in words(capsys)
    assert done.students["ada"][LESSON].score == 94
    assert written == [1, folder]
