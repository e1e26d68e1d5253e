"""The pack's own version of an earlier answer, put in its place for a moment.

An exercise that calls earlier ones is judged by itself: where it fails with the
notebook's ``kl_divergence``, it is tried with the pack's.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ANSWERS = Path(__file__).with_name("lent.bin")


@functools.cache
def kept_answers() -> dict[str, Any]:
    """Read what `course release` has kept of the solutions; {} if there is no file.

    Returns
    -------
    dict
        Lesson number to ``given`` (the source of what answers rest on) and
        ``answers``: name to ``source`` and ``check``, in the lesson's order.
    """
    if not ANSWERS.exists():
        return {}
    return json.loads(zlib.decompress(ANSWERS.read_bytes()))


@functools.cache
def _namespace(lesson: str) -> dict[str, Any]:
    """A lesson's answers, defined among themselves and apart from any notebook."""
    kept = kept_answers()[lesson]
    names: dict[str, Any] = {"__name__": f"lesson{lesson}_of_the_pack"}
    exec(compile(kept["given"], "<given by the pack>", "exec"), names)
    for name, answer in kept["answers"].items():
        exec(compile(answer["source"], f"<{name} of the pack>", "exec"), names)
    return names


def lesson_of(function: Callable) -> str:
    """The lesson number of a check, from the module where it is written."""
    found = re.search(r"lesson(\d\d)", function.__module__)
    return found[1] if found else ""


def has(lesson: str, name: str) -> bool:
    """Tell whether the pack has an answer of that name."""
    return name in kept_answers().get(lesson, {}).get("answers", {})


def pack_answer(lesson: str, name: str) -> Any:
    """Return the pack's own function or class.

    Raises
    ------
    KeyError
        If there is none; see :func:`has`.
    """
    if not has(lesson, name):
        raise KeyError(name)
    return _namespace(lesson)[name]


@contextlib.contextmanager
def in_place(
    lesson: str, names: Sequence[str], answers: Sequence[Any]
) -> Iterator[None]:
    """Put the pack's answers where the student's code looks its own up.

    Parameters
    ----------
    lesson : str
    names : sequence of str
        What to replace.
    answers : sequence
        The answers under check, whose global names those are.
    """
    missing = object()
    places = [place for place in _globals_of(answers) if place is not None]
    before = [{name: place.get(name, missing) for name in names} for place in places]
    try:
        for place in places:
            place.update({name: pack_answer(lesson, name) for name in names})
        yield
    finally:
        for place, kept in zip(places, before, strict=True):
            for name, value in kept.items():
                if value is missing:
                    place.pop(name, None)
                else:
                    place[name] = value


def _globals_of(answers: Sequence[Any]) -> list[dict[str, Any]]:
    """Namespaces in which the functions and methods of some answers look names up."""
    found: dict[int, dict[str, Any]] = {}
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        found[id(shell.user_ns)] = shell.user_ns
    for answer in answers:
        for part in _functions(answer):
            names = getattr(inspect.unwrap(part), "__globals__", None)
            # Never a library's: its functions do not look up a student's.
            if names is not None and "site-packages" not in str(names.get("__file__")):
                found[id(names)] = names
    return list(found.values())


def _functions(answer: Any) -> list[Callable]:
    """The functions in an answer: itself, a class's methods, a partial's function."""
    if isinstance(answer, functools.partial):
        return _functions(answer.func)
    if isinstance(answer, type):
        parts = [value for kind in answer.__mro__ for value in vars(kind).values()]
        return [part for part in parts if callable(part)]
    if hasattr(answer, "__globals__") or hasattr(answer, "__wrapped__"):
        return [answer]
    return _functions(type(answer)) if not isinstance(answer, type) else []
