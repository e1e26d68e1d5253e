"""How much a notebook may compute: the one place that reads the fast-mode switch."""

import os


def fast_mode() -> bool:
    """Tell whether this run should be small.

    Returns
    -------
    bool
        True when the environment variable ``COURSE_FAST`` is ``1`` (or ``true``,
        ``yes``, ``on``), or when nbgrader is grading (it sets
        ``NBGRADER_EXECUTION`` to ``autograde``). Also on Binder, whose free machines
        have 2 GB (BinderHub sets ``BINDER_REPO_URL``), unless it is set otherwise.
    """
    grading = os.environ.get("NBGRADER_EXECUTION") == "autograde"
    unless_said = "1" if "BINDER_REPO_URL" in os.environ else ""
    wanted = os.environ.get("COURSE_FAST", unless_said).strip().lower()
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
