"""What functions keep from call to call in a notebook's variables: put back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from types import CellType, FunctionType, MethodType, SimpleNamespace
from typing import Any

from helpers.checks.reach import MOST, WRAPPERS, named, of_a_library, parts

# Of Python's own, what may hold things of a notebook.
GOES_ON = (dict, list, tuple, FunctionType, MethodType, *WRAPPERS)
# Of a place where something can be kept: what reads it, and what fills it again.
Place = tuple[Callable[[], dict], Callable[[dict], None]]


class Kept:
    """The variables, containers and attributes that functions reach, as they are now.

    Of numbers in a tensor or an array, and of a library's own objects, nothing is
    known here.

    Parameters
    ----------
    answers : object
        Functions and classes of a notebook.
    """

    def __init__(self, *answers: Any):
        places = [place for each in _in_reach(answers) for place in _places(each)]
        self.then = [(read, fill, read()) for read, fill in places]

    def put_back(self) -> bool:
        """Make everything what it was; tell whether anything had changed."""
        changed = [
            (fill, old) for read, fill, old in self.then if not _same(read(), old)
        ]
        for fill, old in changed:
            fill(old)
        return bool(changed)


def _same(now: dict, old: dict) -> bool:
    return now.keys() == old.keys() and all(now[name] is old[name] for name in old)


def _in_reach(answers: tuple) -> Iterator[Any]:
    """The answers, what they name of their notebook, and what is in it."""
    seen: dict[int, Any] = {}  # kept, so that no number stands for two things
    waiting = list(answers)
    while waiting and len(seen) < MOST:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        yield thing
        if isinstance(thing, FunctionType):
            waiting += named(thing).values()
        if isinstance(thing, GOES_ON) or _is_own(thing):
            waiting += parts(thing)


def _is_own(thing: Any) -> bool:
    """Whether a class, or that of an object, is of the notebook, not of a library."""
    kind = thing if isinstance(thing, type) else type(thing)
    return kind is SimpleNamespace or not of_a_library(kind)


def _places(thing: Any) -> list[Place]:
    """Where in a thing something can be kept."""
    if isinstance(thing, dict):
        return [(lambda: dict(thing), lambda old: _fill(thing, old))]
    if isinstance(thing, list | set | deque):
        return [(lambda: dict(enumerate(thing)), lambda old: _refill(thing, old))]
    if isinstance(thing, FunctionType):
        variables = thing.__globals__
        cells = [_cell(each) for each in thing.__closure__ or ()]
        return [
            (lambda: named(thing), lambda old: _fill(variables, old, named(thing))),
            (lambda: dict(vars(thing)), lambda old: _fill(vars(thing), old)),
            *cells,
        ]
    if isinstance(thing, type) and _is_own(thing):
        return [(lambda: dict(vars(thing)), lambda old: _reset(thing, old))]
    if _is_own(thing) and hasattr(thing, "__dict__"):
        return [(lambda: dict(vars(thing)), lambda old: _fill(vars(thing), old))]
    return []


def _fill(place: dict, old: dict, now: dict | None = None) -> None:
    for name in [*(place if now is None else now)]:
        if name not in old:
            del place[name]
    for name, value in old.items():
        place[name] = value


def _refill(place: Any, old: dict) -> None:
    place.clear()
    add = place.add if isinstance(place, set) else place.append
    for value in old.values():
        add(value)


def _reset(kind: type, old: dict) -> None:
    now = dict(vars(kind))
    for name in now.keys() - old.keys():
        delattr(kind, name)
    for name, value in old.items():
        if now.get(name) is not value:
            setattr(kind, name, value)


def _cell(cell: CellType) -> Place:
    def read() -> dict:
        try:
            return {"contents": cell.cell_contents}
        except ValueError:  # of a name that has no value yet
            return {}

    def fill(old: dict) -> None:
        if old:
            cell.cell_contents = old["contents"]
        else:
            del cell.cell_contents

    return read, fill
