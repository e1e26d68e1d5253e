"""What stands in the modules that judge: it is seen when another takes its place.

Python tells nobody that a function of a module or a type was replaced. So a list is
made before any of a student's code runs, and compared again and again while it does.
"""

from __future__ import annotations

import builtins
import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from operator import methodcaller
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

# Checks compute with these, and so could be told anything.
MODULES = ("builtins", "math", "sys", "numpy", "numpy.linalg", "torch")
MODULES += ("torch.autograd", "torch.linalg", "torch.nn", "torch.nn.functional")
MODULES += ("torch.testing", "keras", "keras.ops", "keras.losses", "helpers.data")
MODULES += ("helpers.training", "torch.nn.init")
# Of these, all classes too: what swallows an error, say, or makes a copy.
WHOLE = ("contextlib", "functools", "copy", "random", "re", "json", "pickle")
WHOLE += ("dataclasses", "itertools", "tempfile", "shutil", "weakref", "collections")
WHOLE += ("torch.optim.optimizer", "torch.optim.sgd", "torch.optim.adam")
WHOLE += ("torch.distributions.normal", "torch.nn.modules.container")
TYPES = (("torch", "Tensor"), ("torch.nn", "Module"), ("torch.nn", "Linear"))
TYPES += (("keras", "Model"), ("keras", "Layer"))
TYPES += tuple(("torch.nn", name) for name in (  # of which the checks' models are made
    "Conv2d", "ConvTranspose2d", "BatchNorm1d", "BatchNorm2d", "ReLU", "GELU", "SiLU",
    "Tanh", "Sigmoid", "Flatten", "Unflatten", "Dropout", "Parameter",
))  # fmt: skip
CHECKS = "helpers.checks"
WITNESS = ("course.sandbox.witness", "course.sandbox.inventory")
CHANGES = {f"{CHECKS}.base.checking"}  # names the check that is running
# Filled and emptied while a check runs; of answers that stand in, the witness hears.
FILLED = {f"{CHECKS}.standins._standing", f"{CHECKS}.leftovers._handed"}
# IPython puts its own in their place as it starts, and displays with some of them.
OF_SYS = {"displayhook", "excepthook", "breakpointhook", "unraisablehook", "exit"}
OF_IPYTHON = {"input", "open", "exit", "quit", "help", "display", "get_ipython", "_"}
OF_IPYTHON |= {"copyright", "credits", "license", "reload"}
# torch replaces these by things of its own: with its compiler, with another default
# type, and an optimizer's step on the first object of its class.
OF_TORCH = {"torch.manual_seed", "torch.Storage", "torch.nn.Module.__init__"}
OF_TORCH |= {"torch.nn.Module.__setstate__"}
# Where torch keeps what all models and all optimizers are made to do besides.
BESIDES = ("torch.nn.modules.module", "torch.optim.optimizer")
# What of torch's operators is answered for tensors that hold numbers.
FOR_NUMBERS = ("/CPU", "/CUDA", "/AutogradCPU", "/AutogradCUDA", "/Python")
FOR_NUMBERS += ("ImplicitAutograd", "ExplicitAutograd", "/Autograd", "/Functionalize")
FOR_NUMBERS += ("/ADInplaceOrView", "/BackendSelect", "/AutocastCPU", "/AutocastCUDA")
FOR_NUMBERS += ("/Conjugate", "/Negative", "/ZeroTensor", "/Named", "/CatchAll")
FOR_NUMBERS += ("/PythonTLSSnapshot",)  # vmap, when it is first used, adds its own
# What stands for numbers there: pi, e, inf.
OF_NUMBERS = ("math", "numpy", "torch")
TORCH = str(Path(np.__file__).parents[1] / "torch") + "/"
VALUES = (FunctionType, type, ModuleType, tuple, frozenset, float, int, str, bool)


Compares = Callable[[], list[tuple[str, Any]]]


def take() -> Callable[..., list[tuple[str, CodeType | None]]]:
    """List what is there now.

    Returns
    -------
    callable
        Compares what is there then: a list of (full name, code) for each thing that
        another has taken the place of. The code is that of the other, None if it is
        no function of Python's. A name is told once. Called with ``inside=False``, it
        does not look into functions and numbers, which takes longer.
    """
    kept = [
        (
            name,
            place,
            {a: each for a, each in place.items() if _stays(name, a, each)},
        )
        for name, place in _places()
    ]
    watched = [place for _, place, there in kept if there]
    types = [
        (name, vars(kind), frozenset(vars(kind)))
        for name, kind in (*_types(TYPES), *_classes_of_checks())
    ]  # these inherit what could be hidden by a new name
    tables = [
        (f"{name}.{attribute}", table, _copied(table))
        for name, place in _places()
        if f"{name}.".startswith(f"{CHECKS}.")
        for attribute, table in place.items()
        if isinstance(table, list | dict | set)
        and not attribute.startswith("__")
        and f"{name}.{attribute}" not in FILLED
    ]
    besides = [
        (f"{name}.{attribute}", table, len(table))
        for name in BESIDES
        for attribute, table in vars(sys.modules.get(name, object)).items()
        if attribute.startswith("_global_") and hasattr(table, "__len__")
    ]
    of_torch = _of_torch()
    within = _within(
        {
            f"{name}.{attribute}": each
            for name, _, there in kept
            for attribute, each in there.items()
        }
    )
    told: set[str] = set()
    from_iter, each_of = np.fromiter, chain.from_iterable
    values, differs = methodcaller("values"), _differs
    pythons = frozenset(name for name in vars(builtins) if name[:1] != "_")

    def addresses() -> bytes:
        # A check asks hundreds of times: no loop of Python's over all names. What is
        # looked after is held by `kept`, so that nothing else gets its address.
        return from_iter(each_of(map(values, watched)), object).tobytes()

    seen = addresses()

    def compare(*, inside: bool = True) -> list[tuple[str, CodeType | None]]:
        nonlocal seen
        found = []
        if (now := addresses()) != seen:
            found += [
                (f"{name}.{attribute}", place.get(attribute))
                for name, place, there in kept
                for attribute, was in there.items()
                if place.get(attribute) is not was
                and not _is_torchs(name, attribute, place.get(attribute), was)
            ]
            found += [  # hides one of Python's own
                (f"{name}.{attribute}", place[attribute])
                for name, place, there in kept
                if name.startswith((f"{CHECKS}.", *WITNESS))
                for attribute in place.keys() & pythons - there.keys()
            ]
            seen = now
        found += [
            (f"{name}.{attribute}", place[attribute])
            for name, place, before in types
            if len(place) != len(before)
            for attribute in place.keys() - before
            if callable(place[attribute])
        ]
        found += [(name, None) for name, table, was in tables if differs(table, was)]
        found += [(name, None) for name, table, was in besides if len(table) != was]
        found += of_torch()
        found += within() if inside else []
        found = [each for each in found if each[0] not in told]
        told.update(name for name, _ in found)
        return [(name, getattr(now, "__code__", None)) for name, now in found]

    return compare


def _copied(table: Any) -> list[Any]:
    """What a list, a dictionary or a set holds, in its order."""
    return [*table.items()] if isinstance(table, dict) else [*table]


def _differs(table: Any, was: list[Any]) -> bool:
    """Whether another thing is in a table now, however it may compare."""
    if len(table) != len(was):
        return True
    if isinstance(table, dict):
        return any(table.get(key, was) is not value for key, value in was)
    return any(one is not other for one, other in zip(table, was, strict=True))


def _within(things: dict[str, Any]) -> Compares:
    """Compare what functions do, by their code and defaults, and what numbers are."""
    known = {id(each): each for of in things.values() for each in _functions(of)}
    numbers = {n: each for n, each in things.items() if type(each) in (float, int)}
    were = [(f"{f.__module__}.{f.__qualname__}", f, _parts(f)) for f in known.values()]
    values = {name: repr(each) for name, each in numbers.items()}
    held: list[Any] = [*known.values()]
    held += [each.__kwdefaults__ for each in held if each.__kwdefaults__]
    from_iter, refers_to, array = np.fromiter, gc.get_referents, np.array

    def addresses() -> bytes:  # in one call: each question for code is an audit event
        refers = from_iter(refers_to(*held), object).tobytes()
        return refers + array([*numbers.values()], float).tobytes()

    seen = addresses()

    def compare() -> list[tuple[str, Any]]:
        nonlocal seen
        if (now := addresses()) == seen:
            return []
        seen = now  # annotations, say, are made when somebody asks for them
        found = [
            (name, each) for name, each, was in were if _differs(_parts(each), was)
        ]
        return found + [
            (name, None) for name, each in numbers.items() if repr(each) != values[name]
        ]

    return compare


def _functions(thing: Any) -> Iterator[FunctionType]:
    """The function that a thing is, as a static method is, and what that wraps."""
    if isinstance(thing, staticmethod):
        thing = thing.__func__
    while type(thing) is FunctionType:
        yield thing
        thing = vars(thing).get("__wrapped__")


def _parts(function: FunctionType) -> list[Any]:
    """What a function does, and with what where a caller says nothing."""
    named = function.__kwdefaults__ or {}
    return [function.__code__, function.__defaults__, *named, *named.values()]


def _of_torch() -> Compares:
    """Compare what answers torch's functions: modes above them, others for CPUs."""
    torch, library = sys.modules.get("torch"), sys.modules.get("torch.library")
    if torch is None or library is None:
        return list
    import torch.utils._device  # what `torch.device` is as a context
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    inside, others = torch._C, library._impls
    top_of_saved = vars(inside)["_autograd"]._top_saved_tensors_default_hooks
    modes = *TorchFunctionMode.__subclasses__(), *TorchDispatchMode.__subclasses__()
    ours_or_device = (f"{CHECKS}.", "torch.utils._device")
    known = {mode for mode in modes if mode.__module__.startswith(ours_or_device)}
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
        if saved := top_of_saved(True):  # what a gradient will be computed from
            found.append(("torch's tensors kept for gradients", saved[0]))
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
    named = (*MODULES, *WITNESS, *ours)
    modules = [sys.modules[name] for name in named if name in sys.modules]
    found: list[tuple[str, Mapping[str, Any]]]
    found = [(module.__name__, vars(module)) for module in modules]
    found += [(name, vars(kind)) for name, kind in _types(TYPES)]
    whole = [name for name in WHOLE if name in sys.modules]
    found += [(name, vars(sys.modules[name])) for name in whole]
    found += [
        (each, vars(kind)) for name in (*ours, *whole) for each, kind in _classes(name)
    ]
    return found


def _classes(module: str) -> list[tuple[str, type]]:
    return [
        (f"{module}.{kind.__name__}", kind)
        for kind in list(vars(sys.modules[module]).values())
        if isinstance(kind, type) and kind.__module__ == module
    ]


def _classes_of_checks() -> list[tuple[str, type]]:
    ours = [name for name in sys.modules if f"{name}.".startswith(f"{CHECKS}.")]
    return [each for name in ours for each in _classes(name)]


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
    if f"{owner}.".startswith((f"{CHECKS}.", *WITNESS)):
        known = isinstance(value, VALUES) or callable(value)
        return known and f"{owner}.{attribute}" not in CHANGES
    if owner in OF_NUMBERS and type(value) is float:
        return True
    return callable(value) and not isinstance(value, ModuleType)


def _is_torchs(owner: str, attribute: str, value: Any, was: Any) -> bool:
    """Whether torch has put a thing of its own there, or around what was there."""
    if attribute != "step" and f"{owner}.{attribute}" not in OF_TORCH:
        return False
    if isinstance(value, type):
        return vars(sys.modules["torch"]).get(value.__name__) is value
    while type(value) is FunctionType and value.__code__.co_filename.startswith(TORCH):
        if "__wrapped__" not in vars(value):
            return True
        value = vars(value)["__wrapped__"]  # torch's decorators take any function
    return value is was
