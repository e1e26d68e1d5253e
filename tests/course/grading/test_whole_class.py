"""A class from its folder to its tables, interrupted and begun again."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from distributed import LocalCluster
from typer.testing import CliRunner

from benchmarks.students import LESSON
from course import CourseError
from course.cli import app
from course.grading import cluster, whole_class
from course.grading.records import Record, kept
from course.sandbox.bubblewrap import available
from tests.course.handed_in import NO_SANDBOX, ROOT, hand_in, small_class

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)


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

    with LocalCluster(1, processes=False, dashboard_address=None) as dask:
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
