"""How much a notebook may compute: the one place that reads the fast-mode switch."""

import os


def fast_mode() -> bool:
    """Tell whether this run should be small.

    Returns
    -------
    bool
        True when the environment variable ``COURSE_FAST`` is ``1`` (or ``true``,
        ``yes``, ``on``), or when nbgrader is grading (it sets
        ``NBGRADER_EXECUTION`` to ``autograde``).
    """
    grading = os.environ.get("NBGRADER_EXECUTION") == "autograde"
    wanted = os.environ.get("COURSE_FAST", "").strip().lower()
    return grading or wanted in ("1", "true", "yes", "on")


def budget(name: str, given: int | None, full: int, fast: int) -> int:
    """Choose a parameter's value, and say which one is in force.

    Parameters
    ----------
    name : str
        What to call it in the printed line.
    given : int or None
        The value from the parameters cell. Anything but None wins.
    full, fast : int
        The lesson's own values, for an ordinary run and for fast mode.

    Returns
    -------
    int
        The value in force.
    """
    if given is not None:
        value, why = given, "given"
    elif fast_mode():
        value, why = fast, "fast mode"
    else:
        value, why = full, "full run"
    print(f"{name} = {value:,}  ({why})")
    return value
