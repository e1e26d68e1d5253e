"""Note what every exercise's check did; tests/conftest.py prints it as a matrix.

A test with "right" in its name hands a check something right; "wrong" or "mistake",
something wrong.
"""

import functools

import pytest

from helpers.checks import base

SEEN: list[tuple[str, str]] = []  # (exercise, what happened) in the test that runs


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
        lesson = request.path.parent.name
        record_property("check", (lesson, kind, *SEEN[-1]))
