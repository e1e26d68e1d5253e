"""Kept results, and what they depend on."""

import json
import math

import pytest

from benchmarks.students import LESSON
from course.grading import records
from course.grading.intake import Submission
from course.grading.records import Exercise, Record, is_graded, kept, record_key, save
from course.sandbox.limits import Limits

ROWS = [
    Exercise("check_mse", "mse", False, 20.0, 20.0, ""),
    Exercise("check_bce", "bce", False, 30.0, 0.0, "the sign is flipped"),
    Exercise("think_leak", "think_leak", True, 10.0, None, ""),
]


@pytest.fixture
def out(tmp_path):
    (tmp_path / "records").mkdir()
    return tmp_path


def test_a_record_adds_up():
    record = Record(LESSON, ROWS)
    assert (record.score, record.max, record.by_hand) == (20, 60, 10)
    assert record.status == "graded"
    assert Record(LESSON, ROWS, "it is not a notebook").status == "zero"


def test_what_is_kept_comes_back(out):
    record = Record(LESSON, ROWS, None, ["a flag"], {"mse": "x = 1"}, {"think": "é"})
    record.seconds, record.peak_mb, record.sandboxed = 1.5, 300, False
    save(out, "key", record)
    assert kept(out, "key") == record
    assert is_graded(out, "key")
    assert kept(out, "other") is None
    assert not is_graded(out, "other")


def test_where_the_grader_failed_the_record_is_kept_and_does_not_count(out):
    save(out, "key", Record(LESSON, ROWS, "the grader itself failed", again=True))
    assert kept(out, "key").again
    assert not is_graded(out, "key")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content | {"version": records.VERSION + 1},
        lambda content: {k: v for k, v in content.items() if k != "version"},
        lambda content: content | {"a new field": 1},
        lambda content: content | {"exercises": [{"id": "check_mse"}]},
        lambda content: [content],
    ],
)
def test_a_record_of_another_version_is_graded_again(out, change):
    save(out, "key", Record(LESSON, ROWS))
    file = out / "records" / "key.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    assert kept(out, "key") is None
    assert not is_graded(out, "key")


def test_half_a_record_is_graded_again(out):
    (out / "records" / "key.json").write_text('{"version": 1, "less')
    assert not is_graded(out, "key")


def test_a_record_is_valid_json_whatever_was_measured(out):
    save(out, "key", Record(LESSON, seconds=math.inf))
    text = (out / "records" / "key.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["seconds"] is None


def test_the_key_is_of_all_that_a_result_depends_on():
    given = Submission("ada", "03", "ada/03.ipynb", b"{}")
    unreadable = Submission("ada", "03", "ada/03.ipynb", b"", "it is a link")
    keys = [
        record_key(given, Limits(), False, False, "pack"),
        record_key(Submission("ada", "03", "x", b"[]"), Limits(), False, False, "pack"),
        record_key(Submission("ada", "02", "x", b"{}"), Limits(), False, False, "pack"),
        record_key(given, Limits(seconds=5), False, False, "pack"),
        record_key(given, Limits(), True, False, "pack"),
        record_key(given, Limits(), False, True, "pack"),
        record_key(given, Limits(), False, False, "another pack"),
        record_key(unreadable, Limits(), False, False, "pack"),
        record_key(
            Submission("bob", "03", "bob/03.ipynb", b"", "it is a link"),
            Limits(), False, False, "pack",
        ),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
    same = Submission("bob", "03", "bob/03.ipynb", b"{}")
    assert record_key(same, Limits(), False, False, "pack") == keys[0]


def test_results_depend_on_all_code_of_the_pack(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "pack_root", lambda: tmp_path)
    seen = {records.pack_digest(LESSON)}
    for name in (
        "course/sandbox/warm.py",
        "helpers/checks/base.py",
        "helpers/lent.bin",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
        seen.add(records.pack_digest(LESSON))
    assert len(seen) == 4
