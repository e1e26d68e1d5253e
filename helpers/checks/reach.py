"""What code an answer may reach: whether it can ask for a name of its notebook."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import sysconfig
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

LIBRARIES = tuple(sysconfig.get_paths()[each] for each in ("stdlib", "platlib"))
PACK = str(Path(__file__).resolve().parents[1])
MOST = 2_000  # things that are looked at before the answer is yes
PLAIN = (ModuleType, str, bytes, int, float, complex)
CONTAINERS = (list, tuple, set, frozenset, dict, OrderedDict)
WRAPPERS = (staticmethod, classmethod, functools.partial, property)


def may_ask_for(answers: Sequence[Any], names: Collection[str]) -> bool:
    """Tell whether answers, or what they call of their notebook, mention a name.

    Parameters
    ----------
    answers : sequence
        Functions, classes, or anything else that can be called.
    names : collection of str

    Returns
    -------
    bool
        False only if no code in reach has one of the names, not even in a text; True
        where that cannot be told.
    """
    try:
        return _reaches(answers, names)
    except Exception:  # noqa: BLE001 (a student's objects may answer anything)
        return True


def _reaches(answers: Sequence[Any], names: Collection[str]) -> bool:
    seen: dict[int, Any] = {}  # kept, so that no number stands for two things
    waiting = list(answers)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        own = isinstance(thing, CONTAINERS) and type(thing) not in CONTAINERS
        if own or len(seen) > MOST:  # who knows what is in it, or further on
            return True
        if isinstance(thing, FunctionType) and _is_of_a_notebook(thing):
            if not set(_words(thing.__code__)).isdisjoint(names):
                return True
            waiting += named(thing).values()
        waiting += parts(thing)  # a library's wrapper holds what it wraps
    return False


def named(function: FunctionType) -> dict[str, Any]:
    """The variables of its notebook that a function mentions; none of a library's."""
    if not _is_of_a_notebook(function):
        return {}
    place, words = function.__globals__, set(_words(function.__code__))
    return {word: place[word] for word in words if word in place}


def _words(code: CodeType) -> Iterator[str]:
    """Names and texts in some code and in all that is defined in it."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _words(each)
        for text in each if isinstance(each, tuple | frozenset) else (each,):
            if isinstance(text, str):
                yield from re.findall(r"\w+", text)


def parts(thing: Any) -> list[Any]:
    """What a thing holds that may have code, or more such things."""
    if thing is None or isinstance(thing, PLAIN):
        return []
    if isinstance(thing, CONTAINERS):
        return [*(thing.values() if isinstance(thing, dict) else thing)]
    if isinstance(thing, type):
        if of_a_library(thing):
            return []
        return [*thing.__mro__, *vars(thing).values()]
    if isinstance(thing, FunctionType):
        cells = [cell.cell_contents for cell in thing.__closure__ or () if _full(cell)]
        defaults = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        return [*cells, *defaults, *vars(thing).values()]
    if isinstance(thing, WRAPPERS):
        inside = ("__func__", "func", "args", "keywords", "fget", "fset")
        return [getattr(thing, name, None) for name in inside]
    if inspect.ismethod(thing):
        return [thing.__func__, thing.__self__]
    return [type(thing), *getattr(thing, "__dict__", {}).values()]


def _full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # of a name that has no value yet
        return False


def of_a_library(kind: type) -> bool:
    """Whether a class is Python's or a library's own, or the pack's."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return _is_of_a_library(file) or kind.__module__ == "builtins"


def _is_of_a_notebook(function: FunctionType) -> bool:
    return not _is_of_a_library(function.__globals__.get("__file__"))


def _is_of_a_library(file: str | None) -> bool:
    """Whether a module's file lies where no student writes."""
    return bool(file) and str(file).startswith((*LIBRARIES, PACK))
