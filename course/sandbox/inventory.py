"""What stands in the modules that judge: it is seen when another takes its place.

Python tells nobody that a function of a module or a type was replaced. So a list is
made before any of a student's code runs, and compared again and again while it does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from operator import is_
from types import CodeType, FunctionType, ModuleType
from typing import Any

# Checks compute with these, and so could be told anything.
MODULES = ("builtins", "math", "sys", "numpy", "numpy.linalg", "torch")
MODULES += ("torch.autograd", "torch.linalg", "torch.nn", "torch.nn.functional")
MODULES += ("torch.testing", "keras", "keras.ops", "keras.losses", "helpers.data")
MODULES += ("helpers.training",)
TYPES = (("torch", "Tensor"), ("torch.nn", "Module"), ("torch.nn", "Linear"))
TYPES += (("keras", "Model"), ("keras", "Layer"))
CHECKS = "helpers.checks"
CHANGES = {f"{CHECKS}.base.checking"}  # names the check that is running
OF_SYS = {"audit", "_getframe", "modules", "addaudithook"}
# IPython puts its own in their place as it starts.
OF_IPYTHON = {"input", "open", "exit", "quit", "help", "display", "get_ipython", "_"}
OF_IPYTHON |= {"copyright", "credits", "license", "reload"}
# torch replaces these itself: with its compiler, and with another default type.
OF_TORCH = {"torch.manual_seed", "torch.Storage", "torch.nn.Module.__init__"}
OF_TORCH |= {"torch.nn.Module.__setstate__"}
VALUES = (FunctionType, type, ModuleType, tuple, float, int, str, bool)


def take() -> Callable[[], list[tuple[str, CodeType | None]]]:
    """List what is there now.

    Returns
    -------
    callable
        Compares what is there then: a list of (full name, code) for each thing that
        another has taken the place of. The code is that of the other, None if it is
        no function of Python's. A name is told once.
    """
    kept = []
    for name, place in _places():
        there = {a: value for a, value in place.items() if _stays(name, a, value)}
        kept.append((name, place, tuple(there), tuple(there.values())))
    types = [
        (name, vars(kind), frozenset(vars(kind))) for name, kind in _types(TYPES)
    ]  # these inherit what could be hidden by a new name
    told: set[str] = set()

    def compare() -> list[tuple[str, CodeType | None]]:
        found = []
        for name, place, attributes, values in kept:
            # A check asks hundreds of times, and all is as it was: no loop of Python's.
            if not all(map(is_, map(place.get, attributes), values)):
                found += [
                    (f"{name}.{attribute}", place.get(attribute))
                    for attribute, was in zip(attributes, values, strict=True)
                    if place.get(attribute) is not was
                ]
        found += [
            (f"{name}.{attribute}", place[attribute])
            for name, place, before in types
            if len(place) != len(before)
            for attribute in place.keys() - before
            if callable(place[attribute])
        ]
        found = [each for each in found if each[0] not in told]
        told.update(name for name, _ in found)
        return [(name, getattr(now, "__code__", None)) for name, now in found]

    return compare


def _places() -> list[tuple[str, Mapping[str, Any]]]:
    """Dictionaries of what is imported: of modules, and of the checks' own types."""
    ours = [name for name in sys.modules if f"{name}.".startswith(f"{CHECKS}.")]
    modules = [sys.modules[name] for name in (*MODULES, *ours) if name in sys.modules]
    found: list[tuple[str, Mapping[str, Any]]]
    found = [(module.__name__, vars(module)) for module in modules]
    found += [(name, vars(kind)) for name, kind in _types(TYPES)]
    for name in ours:
        for kind in list(vars(sys.modules[name]).values()):
            if isinstance(kind, type) and kind.__module__ == name:
                found.append((f"{name}.{kind.__name__}", vars(kind)))
    return found


def _types(named: tuple[tuple[str, str], ...]) -> list[tuple[str, type]]:
    return [
        (f"{module}.{name}", getattr(sys.modules[module], name))
        for module, name in named
        if hasattr(sys.modules.get(module), name)
    ]


def _stays(owner: str, attribute: str, value: Any) -> bool:
    """Whether nobody has a reason to put another thing there."""
    if owner == "sys":
        return attribute in OF_SYS
    if owner == "builtins":
        return attribute not in OF_IPYTHON and callable(value)
    if f"{owner}.".startswith(f"{CHECKS}."):
        known = isinstance(value, VALUES) or callable(value)
        wrapped = attribute == "step"  # by torch, on an optimizer's first object
        return known and not wrapped and f"{owner}.{attribute}" not in CHANGES
    if f"{owner}.{attribute}" in OF_TORCH:
        return False
    return callable(value) and not isinstance(value, ModuleType)
