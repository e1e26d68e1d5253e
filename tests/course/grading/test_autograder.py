"""What Gradescope is told of a record; tests/.../test_gradescope.py runs notebooks."""

import json
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import pytest

from benchmarks.students import LESSON, submission
from course.grading import autograder
from course.grading.autograder import HIDDEN, results_of
from course.grading.records import Exercise, Record
from course.grading.submission import points


@pytest.fixture
def rows(lesson):
    """The lesson's exercises that checks judge; nothing is earned."""
    return [row for row in points(None, lesson) if not row.written]


def full(rows):
    return [replace(row, score=row.max, message="") for row in rows]


def handed_in(place, notebook=None):
    nbformat.write(notebook or submission(), place / "vae.ipynb")
    return place


def graded_as(monkeypatch, record, seen=None):
    """Let a submission earn this; where `seen` is None no second run is expected."""
    given = []

    def grade_one(content, lesson, unsafe):
        given.append((nbformat.reads(content.decode(), 4), lesson, unsafe))
        return record

    monkeypatch.setattr(autograder, "grade_one", grade_one)
    monkeypatch.setattr(autograder, "_without_hidden_tests", seen and (lambda *_: seen))
    return given


def test_what_only_a_hidden_test_found_is_not_shown(rows):
    failed = [replace(rows[0], message="AssertionError: mean -3"), *rows[1:]]
    record = Record(LESSON, failed, flags=["the cell 3 calls exit()", "and one more"])
    tests = results_of(record, full(rows), [])["tests"]
    assert tests[0]["output"] == HIDDEN
    assert (tests[1]["name"], tests[1]["visibility"]) == (
        "reparameterize: hidden test",
        "hidden",
    )
    assert tests[1]["output"] == "AssertionError: mean -3"
    assert (tests[1]["score"], tests[1]["max_score"]) == (0, 0), (
        "no points hang on what is not shown"
    )
    visible = [test for test in tests if test["visibility"] == "visible"]
    assert "mean -3" not in json.dumps(visible)
    assert "calls exit()" not in json.dumps(visible)
    assert tests[-1]["name"] == "to look at"
    assert tests[-1]["visibility"] == "hidden"
    assert tests[-1]["output"] == "the cell 3 calls exit()\nand one more"


def test_a_test_says_what_gradescope_reads(rows):
    first, second, *_ = rows
    record = Record(LESSON, [*full([first]), replace(second, message="hidden words")])
    seen = [first, replace(second, message="look at: beta")]
    results = results_of(record, seen, [])
    assert results == {
        "output": "",
        "output_format": "text",
        "tests": [
            {
                "name": "reparameterize",
                "score": first.max,
                "max_score": first.max,
                "status": "passed",
                "output": "The check passes.",
                "output_format": "text",
                "visibility": "visible",
            },
            {
                "name": second.exercise,
                "score": 0.0,
                "max_score": second.max,
                "status": "failed",
                "output": "look at: beta",
                "output_format": "text",
                "visibility": "visible",
            },
        ],
    }


def test_some_points_are_no_pass_and_a_failure_always_says_something(rows):
    partly = replace(rows[0], score=1.0)
    record = Record(LESSON, [partly, replace(rows[1], score=None)])
    (first, second) = results_of(record, [partly, replace(rows[1], message="")], [])[
        "tests"
    ]
    assert (first["score"], first["status"]) == (1.0, "failed")
    assert (second["score"], second["output"]) == (0.0, "No points.")


def test_written_answers_have_no_test_and_are_announced():
    words = [Exercise(f"think_{n}", f"think_{n}", True, 2.5, None, "") for n in "ab"]
    results = results_of(Record(LESSON, words), words, ["a.pdf was set aside: x."])
    assert results["tests"] == []
    assert results["output"] == (
        "a.pdf was set aside: x.\nWritten answers, 5 points, are read by a person."
    )


def test_the_reason_for_no_points_comes_first_and_hides_no_test(rows):
    record = Record(LESSON, rows, reason="the file is damaged")
    results = results_of(record, full(rows), [])
    assert results["output"] == "No points: the file is damaged."
    assert {test["visibility"] for test in results["tests"]} == {"visible"}
    assert len(results["tests"]) == len(rows)
    assert HIDDEN not in json.dumps(results)


def test_without_a_notebook_of_the_lesson_there_is_a_reason(tmp_path):
    (tmp_path / "essay.pdf").write_bytes(b"%PDF")
    results = autograder.judge(tmp_path, LESSON)
    assert sum(test["score"] for test in results["tests"]) == 0
    assert len(results["tests"]) == 6
    assert "no notebook of this lesson in what you uploaded (" in results["output"]
    assert "essay.pdf" in results["output"]
    assert "Written answers, 10 points" in results["output"]


def test_where_nothing_was_uploaded_there_is_a_reason(tmp_path):
    results = autograder.judge(tmp_path, LESSON)
    said = "No points: There is no notebook of this lesson in what you uploaded."
    assert results["output"].startswith(f"{said}\n")


def test_a_notebook_of_nothing_is_none_of_this_lesson(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    results = autograder.judge(handed_in(tmp_path, notebook), LESSON)
    assert "no notebook of this lesson in what you uploaded (" in results["output"]
    assert "(vae.ipynb: neither its content nor its name says" in results["output"]


def test_a_notebook_that_cannot_be_read_says_why(tmp_path):
    (tmp_path / f"{LESSON}.ipynb").write_text("{")
    results = autograder.judge(tmp_path, LESSON)
    assert results["output"].startswith("No points: it is not a notebook (Expecting ")
    assert len(results["tests"]) == 6


def test_a_right_notebook_is_run_once(tmp_path, lesson, monkeypatch):
    record = Record(
        LESSON,
        [each if each.written else full([each])[0] for each in points(None, lesson)],
    )
    given = graded_as(monkeypatch, record)
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    results = autograder.judge(handed_in(tmp_path), LESSON)
    ((notebook, name, unsafe),) = given
    assert notebook.cells == nbformat.from_dict(submission()).cells
    assert name == LESSON
    assert unsafe is not autograder.available()
    assert sum(test["score"] for test in results["tests"]) == 90
    assert "notes.pdf was set aside: it is not a notebook." in results["output"]


def test_where_points_are_lost_the_checks_that_students_see_speak(
    tmp_path, rows, monkeypatch
):
    graded_as(monkeypatch, Record(LESSON, rows), full(rows))
    results = autograder.judge(handed_in(tmp_path), LESSON)
    assert HIDDEN in [test["output"] for test in results["tests"]]
    graded_as(monkeypatch, Record(LESSON, rows, reason="too large"))
    results = autograder.judge(handed_in(tmp_path), LESSON)
    assert "No points: too large." in results["output"]


@pytest.mark.parametrize("readable", [True, False])
def test_the_checks_that_students_see_are_those_of_the_notebook(
    lesson, monkeypatch, readable
):
    ran = []
    monkeypatch.setattr(
        autograder,
        "sandbox_of_thread",
        lambda framework, limits, unsafe: SimpleNamespace(run=ran.append),
    )
    content = nbformat.writes(submission()).encode() if readable else b"{"
    seen = autograder._without_hidden_tests(content, lesson, True)
    assert [row.id for row in seen] == [row.id for row in points(None, lesson)]
    assert len(ran) == readable
    sources = "".join(cell.source for notebook in ran for cell in notebook.cells)
    assert ("checks.kl_divergence(" in sources) == readable
    assert "draws=" not in sources


def results_in(root):
    return json.loads((root / "results" / "results.json").read_text())


def test_results_say_how_long_it_took_and_hide_what_was_printed(tmp_path):
    (tmp_path / "submission").mkdir()
    for _ in range(2):  # as where the folder of results is there
        autograder.main([LESSON, str(tmp_path)])
    results = results_in(tmp_path)
    assert results["execution_time"] in range(60)
    assert results["stdout_visibility"] == "hidden"
    assert len(results["tests"]) == 6


def test_where_the_grader_fails_gradescope_still_has_its_file(tmp_path, monkeypatch):
    ended = []

    def broken(*arguments):
        raise OSError("No space left on device" * 1_000)

    monkeypatch.setattr(autograder, "judge", broken)
    monkeypatch.setattr(autograder, "close_sandboxes", lambda: ended.append(True))
    autograder.main([LESSON, str(tmp_path)])
    results = results_in(tmp_path)
    assert results["score"] == 0
    assert results["output"].startswith("The autograder itself failed, not your answer")
    assert "OSError: No space left on device" in results["output"]
    assert len(results["output"]) == 4_000
    assert ended == [True]
