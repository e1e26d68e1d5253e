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
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from helpers.checks.failure import LENT, STANDING, CheckFailed

ANSWERS = Path(__file__).with_name("lent.bin")


@functools.cache
def kept_answers() -> dict[str, Any]:
    """Read what `course release` has kept of the solutions; {} if there is nothing.

    Returns
    -------
    dict
        Lesson number to ``given`` (the source of what answers rest on) and
        ``answers``: name to ``source`` and ``check``, in the lesson's order.
    """
    try:
        return json.loads(zlib.decompress(ANSWERS.read_bytes()))
    except (FileNotFoundError, zlib.error):
        return {}


@functools.cache
def _namespace(lesson: str) -> dict[str, Any]:
    """A lesson's answers, defined among themselves and apart from any notebook."""
    return _held[lesson] if lesson in _held else _define(kept_answers()[lesson])


_held: dict[str, dict[str, Any]] = {}  # lessons whose answers came by `hold`
_standing: set[str] = set()  # names that stand in for a student's at this moment


def hold(answers: dict[str, Any], lessons: Sequence[str]) -> None:
    """Define lessons' answers now, where their text is to be nowhere afterwards.

    Parameters
    ----------
    answers : dict
        As from :func:`kept_answers`.
    lessons : sequence of str
        Numbers of the lessons.
    """
    _held.update({lesson: _define(answers[lesson]) for lesson in lessons})
    _namespace.cache_clear()


def _define(kept: dict[str, Any]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "answers_of_the_pack"}
    exec(compile(kept["given"], "<given by the pack>", "exec"), names)
    for name, answer in kept["answers"].items():
        exec(compile(answer["source"], f"<{name} of the pack>", "exec"), names)
        names[name] = _guarded(name, names[name])
    names["__answers__"] = list(kept["answers"])
    return names


def _keep() -> Generator[Any, Any, None]:
    """Keep functions where no closure shows them: taking one is heard.

    What is sent is a name and its function, to be kept, or its number, to be had.
    """
    kept: list[tuple[str, Callable]] = []
    say, answer = sys.audit, None
    while True:
        sent = yield answer
        if isinstance(sent, int):
            say(LENT, kept[sent][0])
            answer = kept[sent][1]
        else:
            kept.append(sent)
            answer = len(kept) - 1


_keeper = _keep()
next(_keeper)


def _guarded(name: str, answer: Any) -> Any:
    """An answer that works while it stands in for one, and refuses else."""

    def refusing(function: Callable) -> Callable:
        place = _keeper.send((name, function))

        @functools.wraps(function)
        def run(*args, **kwargs):
            if name not in _standing:
                raise CheckFailed(
                    f"{name} is the pack's own", "your own", f"where {name} is defined"
                )
            return _keeper.send(place)(*args, **kwargs)

        del run.__wrapped__  # it is the function without its guard
        return run

    if isinstance(answer, type):
        # Every method: a model made now could be kept, and be asked later.
        for method, function in list(vars(answer).items()):
            if inspect.isfunction(function):
                setattr(answer, method, refusing(function))
        return answer
    return refusing(answer)


def lesson_of(function: Callable) -> str:
    """The lesson number of a check, from the module where it is written."""
    found = re.search(r"lesson(\d\d)", function.__module__)
    return found[1] if found else ""


def has(lesson: str, name: str) -> bool:
    """Tell whether the pack has an answer of that name."""
    if lesson in _held:
        return name in _held[lesson]["__answers__"]
    return name in kept_answers().get(lesson, {}).get("answers", {})


@contextlib.contextmanager
def pack_answers(lesson: str, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Let the pack's own functions and classes work for a while.

    Parameters
    ----------
    lesson : str
    names : sequence of str
        See :func:`has`. Other answers of the lesson that they call work as well.

    Yields
    ------
    dict
        Name to function or class.
    """
    place = _namespace(lesson)
    new = set(names) - _standing
    # What they call: earlier answers, which are defined in the same place.
    new |= set(place["__answers__"][: max(map(place["__answers__"].index, names))])
    new -= _standing
    _standing.update(new)
    sys.audit(STANDING, frozenset(new), True)
    try:
        yield {name: place[name] for name in names}
    finally:
        _standing.difference_update(new)
        sys.audit(STANDING, frozenset(new), False)


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
    places = _globals_of(answers)
    before = [{name: place.get(name, missing) for name in names} for place in places]
    try:
        with pack_answers(lesson, names) as ours:
            for place in places:
                place.update(ours)
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
