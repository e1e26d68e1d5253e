"""How a check says that an exercise is not right yet."""

from __future__ import annotations

import sys

JUDGING = "helpers.checks"
"""The audit event that says: what a student's code did is about to be judged."""
PASSED = "helpers.checks.passed"
"""The audit event that says: a check has come to its end, and nothing was wrong."""
STANDING = "helpers.checks.standing"
"""The audit event that says which of the pack's answers stand in now, or do no more."""
LENT = "helpers.checks.lent"
"""The audit event that says: one of the pack's answers is about to be called."""


def judging() -> None:
    """Tell whoever listens, as the grader does, that now is the time to look."""
    sys.audit(JUDGING)


def passed() -> None:
    """Tell whoever listens that a check has found nothing wrong."""
    sys.audit(PASSED)


class CheckFailed(AssertionError):
    """An exercise is not right yet.

    Parameters
    ----------
    observed : str
        What the student's code did, with numbers and shapes.
    expected : str
        What was expected, and why.
    look : str
        Where to look for the mistake; several places in the order of likelihood.
    below : str, optional
        What a library said, for example; shown under the rest.
    """

    def __init__(self, observed: str, expected: str, look: str, below: str = ""):
        self.observed, self.expected, self.look = observed, expected, look
        self.below = below
        super().__init__(
            f"\n  seen:     {observed}\n  expected: {expected}\n  look at:  {look}"
            + (f"\n  ({below})" if below else "")
        )

    def _render_traceback_(self) -> list[str]:
        """Show only the message: the lines of the pack do not help a student.

        IPython calls this instead of printing a traceback.
        """
        return [f"CheckFailed: not right yet{self}"]
