"""Print the matrix: every exercise, every implementation, what its check did.

A test with "right" in its name hands a check something right; "wrong" or "mistake",
something wrong.
"""

import functools
from collections import defaultdict

import pytest

from helpers.checks import base

SEEN: list[tuple[str, str]] = []  # (exercise, what happened) in the test that runs
FEWEST = {"right": 4, "wrong": 5}


def remember(check):
    """Wrap the decorator, before the lessons use it, so that it takes notes."""

    def named(exercise):
        def decorate(function):
            run = check(exercise)(function)

            @functools.wraps(run)
            def noted(*args, **kwargs):
                try:
                    run(*args, **kwargs)
                except base.CheckFailed as failure:
                    SEEN.append((exercise, f"fails: {failure.observed}"))
                    raise
                SEEN.append((exercise, "passes"))

            return noted

        return decorate

    return named


base.check = remember(base.check)


@pytest.fixture(autouse=True)
def _note_what_the_check_did(request, record_property):
    SEEN.clear()
    yield
    name = request.node.originalname or request.node.name
    kind = "right" if "right" in name else "wrong"
    if SEEN and (kind == "right" or "wrong" in name or "mistake" in name):
        lesson = request.path.stem.removeprefix("test_")
        record_property("check", (lesson, kind, *SEEN[-1]))


def pytest_terminal_summary(terminalreporter):
    matrix = defaultdict(lambda: {"right": "", "wrong": ""})
    for reports in terminalreporter.stats.values():
        for report in reports:
            noted = dict(getattr(report, "user_properties", ())).get("check")
            if noted and report.when == "teardown":
                lesson, kind, exercise, seen = noted
                matrix[lesson, exercise][kind] += "p" if seen == "passes" else "F"
    if not matrix:
        return
    terminalreporter.section("checks: one letter for each implementation tried")
    terminalreporter.line("p: its check passed, F: its check failed and named it")
    for (lesson, exercise), row in sorted(matrix.items()):
        right, wrong = row["right"], row["wrong"]
        few = len(right) < FEWEST["right"] or len(wrong) < FEWEST["wrong"]
        odd = "F" in right or "p" in wrong
        terminalreporter.line(
            f"{lesson} {exercise:<32.32} expected p, seen {right:<14} "
            f"expected F, seen {wrong}"
            + ("  TOO FEW" if few else "")
            + ("  UNEXPECTED" if odd else "")
        )
