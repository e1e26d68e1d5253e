"""Lend a working answer, so that one open exercise does not stop the whole lesson.

The answers are in ``lent.bin``, which `course release` derives from the solutions. They
are compressed, to be out of sight, not secret. Without the file nothing is lent.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

from helpers.checks import base, standins


def lender(lesson: str) -> Callable[[str], Callable]:
    """Make a lesson's ``checks.lend``.

    Parameters
    ----------
    lesson : str
        Its number, such as ``"03"``.
    """

    def lend(name: str) -> Callable:
        """Lend the pack's own version of a function or class of this lesson.

        It works in everything that comes after, and earns no points: the check of its
        own exercise refuses it.

        Parameters
        ----------
        name : str
            As the exercise calls it: ``kl_divergence = checks.lend("kl_divergence")``.

        Returns
        -------
        callable
            The function or class.

        Raises
        ------
        ValueError
            If the lesson has no exercise of that name.
        FileNotFoundError
            If this course does not lend.
        """
        if os.environ.get("NBGRADER_EXECUTION") == "autograde":
            return _refusing(name)
        if not standins.ANSWERS.exists():
            raise FileNotFoundError("Your course does not lend answers.")
        answers = standins.kept_answers()[lesson]["answers"]
        if name not in answers:
            raise ValueError(
                f"There is no {name!r} to lend in this lesson; there are "
                f"{', '.join(answers)}."
            )
        lent = _defined(name, answers[name]["source"], answers[name]["check"])
        print(f"{name} is lent until you write your own. It earns no points.")
        return lent

    return lend


def _refusing(name: str) -> Callable:
    """What is lent while a notebook is graded: nothing, as it would earn nothing."""

    def lent(*args, **kwargs):
        raise base.CheckFailed(
            f"{name} is the one that the pack lent you", "your own", "its own exercise"
        )

    return lent


def _defined(name: str, source: str, check: str) -> Callable:
    """Run a definition among the notebook's names, and guard what it defines."""
    from IPython import get_ipython

    place: dict = {}
    exec(compile(source, f"<{name}, lent>", "exec"), get_ipython().user_ns, place)
    lent = place[name]

    def guarded(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(*args, **kwargs):
            if base.checking == check:
                raise base.CheckFailed(
                    f"{name} is the one that the pack lent you",
                    "your own",
                    "the exercise's cell; run it, and then this check",
                )
            return function(*args, **kwargs)

        del run.__wrapped__  # it is the function without its guard
        return run

    if isinstance(lent, type):
        lent.__init__ = guarded(lent.__init__)
        return lent
    return guarded(lent)
