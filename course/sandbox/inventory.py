"""What stands in the modules that judge: it is seen when another takes its place.

Python tells nobody that a function of a module or a type was replaced. So a list is
made before any of a student's code runs, and compared again and again while it does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from operator import is_, itemgetter
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
# IPython puts its own in their place as it starts, and displays with some of them.
OF_SYS = {"displayhook", "excepthook", "breakpointhook", "unraisablehook", "exit"}
OF_IPYTHON = {"input", "open", "exit", "quit", "help", "display", "get_ipython", "_"}
OF_IPYTHON |= {"copyright", "credits", "license", "reload"}
# torch replaces these itself: with its compiler, and with another default type.
OF_TORCH = {"torch.manual_seed", "torch.Storage", "torch.nn.Module.__init__"}
OF_TORCH |= {"torch.nn.Module.__setstate__"}
# Where torch keeps what all models and all optimizers are made to do besides.
BESIDES = ("torch.nn.modules.module", "torch.optim.optimizer")
# What of torch's operators is answered for tensors that hold numbers.
FOR_NUMBERS = ("/CPU", "/CUDA", "/AutogradCPU", "/AutogradCUDA", "/Python")
FOR_NUMBERS += ("ImplicitAutograd", "ExplicitAutograd", "/Autograd")
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
        # Of a single name, itemgetter would give no tuple: then it is asked twice.
        names = [*there] * (2 if len(there) == 1 else 1)
        if names:
            values = tuple(there[each] for each in names)
            kept.append((name, place, names, values, itemgetter(*names)))
    types = [
        (name, vars(kind), frozenset(vars(kind))) for name, kind in _types(TYPES)
    ]  # these inherit what could be hidden by a new name
    besides = [
        (f"{name}.{attribute}", table, len(table))
        for name in BESIDES
        for attribute, table in vars(sys.modules.get(name, object)).items()
        if attribute.startswith("_global_") and hasattr(table, "__len__")
    ]
    of_torch = _of_torch()
    told: set[str] = set()

    def as_it_was() -> bool:
        # A check asks hundreds of times: no loop of Python's over all names.
        try:
            return all(all(map(is_, get(place), was)) for _, place, _, was, get in kept)
        except KeyError:
            return False

    def compare() -> list[tuple[str, CodeType | None]]:
        found = []
        if not as_it_was():
            found += [
                (f"{name}.{attribute}", place.get(attribute))
                for name, place, attributes, values, _ in kept
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
        found += [(name, None) for name, table, was in besides if len(table) != was]
        found += of_torch()
        found = [each for each in found if each[0] not in told]
        told.update(name for name, _ in found)
        return [(name, getattr(now, "__code__", None)) for name, now in found]

    return compare


def _of_torch() -> Callable[[], list[tuple[str, Any]]]:
    """Compare what answers torch's functions: modes above them, others for CPUs."""
    torch, library = sys.modules.get("torch"), sys.modules.get("torch.library")
    if torch is None or library is None:
        return list
    import torch.utils._device  # what `torch.device` is as a context
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    inside, others = torch._C, library._impls
    known = {*TorchFunctionMode.__subclasses__(), *TorchDispatchMode.__subclasses__()}
    ours = {key for key in others if _answers_numbers(key)}
    was = len(others)

    def compare() -> list[tuple[str, Any]]:
        nonlocal was
        found: list[tuple[str, Any]] = []
        for count, get in (
            (inside._len_torch_function_stack(), inside._get_function_stack_at),
            (inside._len_torch_dispatch_stack(), inside._get_dispatch_stack_at),
        ):
            kinds = [type(get(place)) for place in range(count)]
            found += [
                (f"torch's functions, by {kind.__name__}", kind)
                for kind in kinds
                if kind not in known
            ]
        if len(others) != was:  # a library that is imported adds its own
            was = len(others)
            new = filter(_answers_numbers, others - ours)
            found += [(f"torch.ops.{key}", None) for key in new]
        return found

    return compare


def _answers_numbers(key: str) -> bool:
    """Whether a key of torch.library is an operator's answer for ordinary tensors."""
    return key.startswith("aten/") and key.endswith(FOR_NUMBERS)


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
        return attribute == "modules" or (callable(value) and attribute not in OF_SYS)
    if owner == "builtins":
        return attribute not in OF_IPYTHON and callable(value)
    if f"{owner}.".startswith(f"{CHECKS}."):
        known = isinstance(value, VALUES) or callable(value)
        wrapped = attribute == "step"  # by torch, on an optimizer's first object
        return known and not wrapped and f"{owner}.{attribute}" not in CHANGES
    if f"{owner}.{attribute}" in OF_TORCH:
        return False
    return callable(value) and not isinstance(value, ModuleType)
