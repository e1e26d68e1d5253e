"""How late, by whose word, and what it costs: nothing unless the class says so."""

import os
import zipfile
from datetime import datetime, timedelta

import pytest

from benchmarks.students import LESSON
from course import CourseError, pack_root
from course.grading.intake import Submission
from course.grading.late import LateRule, in_words, judge_late, late_rule, read_due
from course.grading.records import Exercise, Record
from tests.course.grading.judged import answered, graded, table, without_kernels

DUE = datetime(2026, 11, 3, 23, 59)
RULE = "[late]\nper_day = 10\nmost = 25\n"


@pytest.fixture
def export(tmp_path, monkeypatch):
    """A function that packs submissions: name in the archive, and its time."""
    without_kernels(monkeypatch)
    monkeypatch.chdir(pack_root())
    answered(tmp_path / "made", "x")
    content = (tmp_path / "made" / "x" / f"{LESSON}.ipynb").read_bytes()

    def pack(**members):
        with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
            for name, time in members.items():
                moment = (time or datetime(2026, 12, 1)).timetuple()[:6]
                archive.writestr(zipfile.ZipInfo(name, moment), content)
        return tmp_path / "class.zip"

    return pack


def moodle(name):
    return f"{name}_1{len(name)}_assignsubmission_file_/{LESSON}.ipynb"


def test_the_row_says_how_late_and_nothing_is_taken_off(export, tmp_path):
    place = export(
        **{
            moodle("Ada"): DUE - timedelta(hours=1),
            moodle("Robert"): DUE + timedelta(days=1, hours=3),
        }
    )
    graded(place, tmp_path / "out", due=DUE)
    grades = table(tmp_path / "out" / "grades.csv")
    assert grades["Ada"]["notes"] == ""
    assert grades["Robert"]["notes"] == f"{LESSON}: handed in late by 1 day 3 h"
    assert grades["Robert"]["total"] == "90"


def test_a_penalty_is_the_classes_own_and_shows_before_and_after(export, tmp_path):
    place = export(
        **{
            moodle("Ada"): DUE + timedelta(minutes=5),
            moodle("Robert"): DUE + timedelta(days=9),
        }
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "class.toml").write_text(RULE)
    graded(place, tmp_path / "out", due=DUE)
    grades = table(tmp_path / "out" / "grades.csv")
    assert grades["Ada"]["total"] == "80"
    assert "late by 5 min, 90 points less 10 for that" in grades["Ada"]["notes"]
    assert grades["Robert"]["total"] == "65", "25 at most"
    page = (tmp_path / "out" / "feedback" / "Ada" / f"{LESSON}.html").read_text()
    assert "Handed in late by 5 min, 90 points less 10 for that." in page
    assert "80 of 100" in page


def test_canvas_only_says_late(export, tmp_path):
    place = export(
        **{
            f"adalove_LATE_11_22_{LESSON}.ipynb": None,
            f"bobbobs_12_23_{LESSON}.ipynb": None,
        }
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "class.toml").write_text(RULE)
    graded(place, tmp_path / "out", due=DUE)
    grades = table(tmp_path / "out" / "grades.csv")
    assert "handed in late, 90 points less 10" in grades["adalove"]["notes"]
    assert grades["bobbobs"]["notes"] == ""


def test_files_packed_at_once_do_not_say_when_they_were_handed_in(
    export, tmp_path, capsys
):
    late = DUE + timedelta(days=2)
    names = ("Ada", "Robert", "Carolina")
    place = export(**{moodle(name): late for name in names})
    graded(place, tmp_path / "out", due=DUE)
    grades = table(tmp_path / "out" / "grades.csv")
    assert {row["notes"] for row in grades.values()} == {""}
    assert "does not say when they were handed in" in " ".join(
        capsys.readouterr().out.split()
    )


def test_the_platforms_own_time_counts_before_the_files(export, tmp_path):
    name = f"AE_ada_attempt_2026-11-04-00-59-00_{LESSON}.ipynb"
    graded(export(**{name: DUE - timedelta(days=1)}), tmp_path / "out", due=DUE)
    grades = table(tmp_path / "out" / "grades.csv")
    assert grades["ada"]["notes"] == f"{LESSON}: handed in late by 1 h"


def test_how_late_in_words():
    assert in_words(timedelta(seconds=20)) == "1 min"
    assert in_words(timedelta(hours=3, minutes=20)) == "3 h 20 min"
    assert in_words(timedelta(hours=2)) == "2 h"
    assert in_words(timedelta(days=2, hours=1, minutes=5)) == "2 days 1 h"
    assert in_words(timedelta(days=1)) == "1 day"
    assert in_words(timedelta(minutes=59, seconds=50)) == "1 h"


def test_due_is_a_date_and_a_time():
    assert read_due("2026-11-03T23:59") == DUE
    assert read_due("2026-11-03") == datetime(2026, 11, 4)
    assert read_due("2026-11-03T23:59+00:00").tzinfo is None
    with pytest.raises(CourseError, match="such as 2026-11-03T23:59"):
        read_due("tomorrow")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[late", "cannot be read"),
        ("[late]\nper_week = 3", r"late\.per_week"),
        ("[early]\nper_day = 3", "says early"),
        ("[late]\nper_day = -3", "points from 0 to 100; -3 is not"),
        ('[late]\nmost = "all"', "'all' is not"),
        ("late = 3", "says late"),
    ],
)
def test_settings_that_nobody_reads_are_told(tmp_path, text, told):
    (tmp_path / "class.toml").write_text(text)
    with pytest.raises(CourseError, match=told):
        late_rule(tmp_path)
    os.remove(tmp_path / "class.toml")
    assert late_rule(tmp_path) == LateRule(0, 100)


def judged(rule=LateRule(), earned=90, others=(), **submission):  # noqa: B008 (frozen)
    """The record of a submission after judgement, and what is told besides."""
    of = [Submission("ada", LESSON, "x.ipynb", b"", None, **submission), *others]
    students = {
        each.student: {
            LESSON: Record(
                LESSON, [Exercise("a", "a", False, 100, earned, "")], late=each.late
            )
        }
        for each in of
    }
    told = judge_late(students, of, DUE, rule)
    return students["ada"][LESSON], told


@pytest.mark.parametrize(
    ("late", "penalty"),
    [
        (timedelta(seconds=1), 10),
        (timedelta(days=1), 10),
        (timedelta(days=1, seconds=1), 20),
        (timedelta(days=3), 25),
    ],
)
def test_each_day_that_has_begun_costs(late, penalty):
    record, told = judged(LateRule(10, 25), handed_in=DUE + late)
    assert (record.late, record.penalty, told) == (True, penalty, "")


def test_in_time_is_till_the_last_second_and_nobody_goes_below_zero():
    record, _ = judged(LateRule(10, 25), handed_in=DUE)
    assert (record.late, record.late_by, record.penalty) == (False, "", 0)
    record, _ = judged(LateRule(10, 25), earned=5, handed_in=DUE + timedelta(days=1))
    assert (record.penalty, record.score) == (5, 0)
    assert judged(LateRule(10, 25), earned=5, late=True)[0].penalty == 5
    assert LateRule().most == 100


@pytest.mark.parametrize(("minutes", "people", "told"), [
    (9, 3, True), (10, 3, False), (9, 2, False)
])  # fmt: skip
def test_only_times_close_together_of_several_people_are_those_of_a_copy(
    minutes, people, told
):
    time = DUE + timedelta(hours=1)
    others = [
        Submission(
            str(n), LESSON, "x", b"", None, time=time + timedelta(minutes=minutes)
        )
        for n in range(1, people)
    ]
    record, said = judged(time=time, others=others)
    assert record.late != told
    assert said.startswith(f"For {people} submissions the export") == told
    assert said.endswith("all written at the same time.") == told


def test_a_file_of_canvas_has_no_time_of_its_own():
    record, told = judged(platform="canvas", time=DUE + timedelta(days=1))
    assert not record.late
    assert told.startswith("For 1 submissions")
    assert told.endswith("late.")
    assert judged(platform="canvas", late=True)[1] == ""


def test_points_may_be_all_or_none(tmp_path):
    (tmp_path / "class.toml").write_text("[late]\nper_day = 0\nmost = 100")
    assert late_rule(tmp_path) == LateRule(0, 100)
    (tmp_path / "class.toml").write_text("[late]\nper_day = 100.5")
    with pytest.raises(CourseError, match="from 0 to 100"):
        late_rule(tmp_path)
