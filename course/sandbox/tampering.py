"""Notice when a notebook replaces what its checks rest on.

A student's code runs in the same process as the checks, so this cannot be proof
against everyone. It catches what is replaced: functions of the checks, of NumPy, of
torch, of Keras, of IPython, what these call on the way, and the names under which a
notebook knows them.
"""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

WATCHED = (
    "helpers",
    "numpy",
    "numpy.testing",
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "torch.random",
    "keras",
    "keras.ops",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "IPython.core.interactiveshell",
    "IPython.core.inputtransformer2",
    "course.sandbox.tampering",
)
PARTS = ("__code__", "__defaults__", "__kwdefaults__", "__wrapped__")
ALIASES = {
    "np": "numpy",
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "keras": "keras",
}
MAY_CHANGE = {"__warningregistry__", "_", "exit", "quit", "display", "get_ipython"}


def _watched() -> dict[str, types.ModuleType]:
    found = {"builtins": builtins}
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and (
            name in WATCHED or name.startswith("helpers.")
        ):
            found[name] = module
    return found


def _inside(thing: Any, depth: int = 3) -> tuple:
    """What can be replaced inside a function without replacing the function."""
    parts = tuple(getattr(thing, part, None) for part in PARTS)
    if not str(getattr(thing, "__module__", None)).startswith("helpers."):
        return parts
    for cell in getattr(thing, "__closure__", None) or ():
        try:
            held = cell.cell_contents
        except ValueError:  # empty
            held = None
        parts += (held,)
        if depth and isinstance(held, types.FunctionType):  # what a decorator wraps
            parts += _inside(held, depth - 1)
    return parts


def _hooks(shell: Any) -> dict[str, list]:
    """What may change the text of cells, or keep their errors to itself."""
    manager = shell.input_transformer_manager
    return {
        "input_transformer_manager": [manager],
        "input_transformers_cleanup": manager.cleanup_transforms,
        "line_transforms": manager.line_transforms,
        "token_transformers": manager.token_transformers,
        "input_transformers_post": shell.input_transformers_post,
        "ast_transformers": shell.ast_transformers,
        "custom_exceptions": shell.custom_exceptions,
    }


def _same(one: Iterable, other: Iterable) -> bool:
    """Tell whether both hold the very same things."""
    return [*map(id, one)] == [*map(id, other)]


def _functions(module: types.ModuleType) -> list[tuple[str, Any, str, Any, tuple]]:
    """Each function of a module, and of its own classes, with where it hangs."""
    found = []
    for name, thing in list(vars(module).items()):
        if name in MAY_CHANGE or not callable(thing):
            continue
        found.append((f"{module.__name__}.{name}", module, name, thing, _inside(thing)))
        if isinstance(thing, type) and thing.__module__ == module.__name__:
            found += [
                (f"{module.__name__}.{name}.{part}", thing, part, value, _inside(value))
                for part, value in list(vars(thing).items())
                if callable(value)
            ]
    return found


def _shadows(thing: Any) -> set[str]:
    """Names set on an object, or a class, that hide a method it inherits."""
    kinds = thing.__mro__[1:] if isinstance(thing, type) else type(thing).__mro__
    return {
        name
        for name in vars(thing)
        if any(callable(vars(kind).get(name)) for kind in kinds)
    }


def snapshot(kernel: Any, shell: Any) -> Callable[[Mapping[str, Any]], list[str]]:
    """Remember what is there now.

    Parameters
    ----------
    kernel, shell
        Their methods may be replaced on them alone.

    Returns
    -------
    callable
        Takes a notebook's variables and returns the names of what has been replaced
        since, at most five, such as ``numpy.allclose``.
    """
    modules = _watched()
    known = [entry for module in modules.values() for entry in _functions(module)]
    meant = {alias: sys.modules.get(name) for alias, name in ALIASES.items()}
    # Held in the closure: were these looked up later, replacing this module's own
    # functions would blind it.
    inside, same, missing, checks = _inside, _same, object(), "helpers.checks."
    hooks, shadows = _hooks, _shadows
    hooked = {name: [*things] for name, things in hooks(shell).items()}
    # A method can also be hidden, by one of its name on the object or on a subclass.
    objects = (kernel, shell, shell.input_transformer_manager)
    holders = {
        *objects,
        *(kind for each in objects for kind in type(each).__mro__[:-1]),
    }
    hidden = [(holder, shadows(holder)) for holder in holders]

    def changed(variables: Mapping[str, Any]) -> list[str]:
        found = []
        for name, holder, key, thing, parts in known:
            now = vars(holder).get(key, missing)
            if now is not thing or not same(inside(now), parts):
                found.append(name)
        found += [
            f"IPython's {name}"
            for name, things in hooks(shell).items()
            if not same(things, hooked[name])
        ]
        for holder, before in hidden:
            kind = holder if isinstance(holder, type) else type(holder)
            new = shadows(holder) - before
            found += [f"{kind.__module__}.{kind.__name__}.{name}" for name in new]
        for name, module in modules.items():
            if sys.modules.get(name) is not module:
                found.append(f"the module {name}")
        for alias, module in meant.items():
            if module is not None and variables.get(alias, module) is not module:
                found.append(f"the name {alias}")
        mine = variables.get("checks")
        if mine is not None and mine not in [
            module for name, module in modules.items() if name.startswith(checks)
        ]:
            found.append("the name checks")
        return found[:5]  # a page names them; whoever replaced five replaced enough

    return changed
