"""Judge the one submission in a Gradescope container, and write ``results.json``.

Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Each exercise is
a test that students see, with what its check says in the notebook. What only a hidden
test found is a test of its own that they do not see: it carries no points, as
Gradescope shows no total where hidden tests do.

Without bubblewrap, which a container mostly forbids, the submission is the container's
only guard: nothing in it outlives the submission.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from course.files import write_json
from course.grading.apart import close_sandboxes, sandbox_of_thread
from course.grading.intake import Submission, take_one
from course.grading.one import grade_one
from course.grading.records import Exercise, Record
from course.grading.submission import (
    Lesson,
    lesson_named,
    points,
    prepare,
    without_idle_cells,
)
from course.notebook import UnreadableError, parse
from course.sandbox.bubblewrap import available
from course.sandbox.limits import Limits

HIDDEN = (
    "The check that you see passes. A hidden test, the same on other numbers, does "
    "not: does your answer work for these shapes and values only?"
)


def main(arguments: list[str]) -> None:
    """Judge what is in ``ROOT/submission``; say so in ``ROOT/results/results.json``.

    Parameters
    ----------
    arguments : list of str
        The lesson's name, and the folder that Gradescope calls ``/autograder``.
    """
    lesson, root = arguments[0], Path(arguments[1])
    started = time.monotonic()
    try:
        results = judge(root / "submission", lesson)
    except Exception as error:  # noqa: BLE001 (Gradescope must have its file)
        results = {
            "score": 0,
            "output": "The autograder itself failed, not your answers. Tell your "
            f"instructor: {type(error).__name__}: {error}"[:4_000],
        }
    finally:
        close_sandboxes()
    results["execution_time"] = round(time.monotonic() - started)
    results["stdout_visibility"] = "hidden"
    (root / "results").mkdir(exist_ok=True)
    write_json(root / "results" / "results.json", results)


def judge(place: Path, lesson: str) -> dict[str, Any]:
    """Say what the notebook in a folder earns, as Gradescope reads it.

    Parameters
    ----------
    place : Path
        What the student uploaded.
    lesson : str

    Returns
    -------
    dict
        ``output`` and ``tests``.
    """
    known, unsafe = lesson_named(lesson), not available()
    handed = take_one(place, [lesson])
    found = [each for each in handed.submissions if each.lesson == lesson]
    aside = [f"{name} was set aside: {why}." for _, name, why in handed.aside]
    readable = [each for each in found if not each.problem]
    if not readable:
        record = Record(lesson, points(None, known), _why_none(handed.submissions))
        return results_of(record, record.exercises, aside)
    content = readable[0].content
    record = grade_one(content, lesson, unsafe=unsafe)
    seen = record.exercises
    lost = any(row.score != row.max for row in seen if not row.written)
    if lost and record.reason is None:
        seen = _without_hidden_tests(content, known, unsafe)
    return results_of(record, seen, aside)


def _why_none(submissions: list[Submission]) -> str:
    named = [f"{each.name}: {each.problem}" for each in submissions if each.problem]
    return "There is no notebook of this lesson in what you uploaded" + (
        f" ({'; '.join(named)})" if named else ""
    )


def _without_hidden_tests(
    content: bytes, known: Lesson, unsafe: bool
) -> list[Exercise]:
    """What the checks say that a student sees in the notebook."""
    theirs = Lesson(known.name, known.release, known.release)
    try:
        prepared = prepare(parse(content), theirs)
    except UnreadableError:
        return points(None, theirs)
    ran = without_idle_cells(prepared.notebook, theirs)
    sandbox_of_thread(known.framework, Limits(), unsafe).run(ran)
    return points(ran, theirs)


def results_of(
    record: Record, seen: list[Exercise], aside: list[str]
) -> dict[str, Any]:
    """A record as Gradescope reads it.

    Parameters
    ----------
    record : Record
        Hidden tests included.
    seen : list of Exercise
        The same without them.
    aside : list of str
        What else was uploaded, in words.
    """
    by_hand = sum(row.max for row in record.exercises if row.written)
    said = [f"No points: {record.reason}."] if record.reason else []
    said += aside
    if by_hand:
        said.append(f"Written answers, {by_hand:g} points, are read by a person.")
    shown = {row.id: row for row in seen}
    tests = []
    for row in record.exercises:
        if row.written:
            continue
        score, visible = row.score or 0.0, shown[row.id]
        passed = score == row.max
        only_hidden = not passed and visible.score == visible.max and not record.reason
        told = "The check passes." if passed else visible.message or "No points."
        tests.append(
            {
                "name": row.exercise,
                "score": score,
                "max_score": row.max,
                "status": "passed" if passed else "failed",
                "output": HIDDEN if only_hidden else told,
                "output_format": "text",
                "visibility": "visible",
            }
        )
        if only_hidden:
            tests.append(
                _for_the_instructor(f"{row.exercise}: hidden test", row.message)
            )
    if record.flags:
        tests.append(_for_the_instructor("to look at", "\n".join(record.flags)))
    return {"output": "\n".join(said), "output_format": "text", "tests": tests}


def _for_the_instructor(name: str, output: str) -> dict[str, Any]:
    """A test that carries no points, and that students are never shown."""
    return {
        "name": name,
        "score": 0,
        "max_score": 0,
        "status": "failed",
        "output": output,
        "output_format": "text",
        "visibility": "hidden",
    }


if __name__ == "__main__":
    main(sys.argv[1:])
