"""What every check of the lesson does with a stub, and with code that crashes."""

import pytest

from helpers.checks import lesson00 as checks
from helpers.checks.base import CheckFailed

EXERCISES = [name for name in checks.__all__ if name != "lend"]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_stub_stays_not_implemented(exercise):
    def stub(*args):
        raise NotImplementedError()

    with pytest.raises(NotImplementedError):
        getattr(checks, exercise)(stub)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exception_names_the_students_line(exercise):
    def crash(*args):
        return 1 // 0

    with pytest.raises(CheckFailed, match=r"return 1 // 0"):
        getattr(checks, exercise)(crash)
