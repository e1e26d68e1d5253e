"""Functions of a module that work with names of their own, out of everybody's reach."""

from __future__ import annotations

import builtins
from types import FunctionType, ModuleType
from typing import Any


def sealed(module: ModuleType) -> dict[str, Any]:
    """Copy a module's names, and its functions so that they look names up in the copy.

    Whoever replaces a name, a function or its code in the module, or one of Python's
    own, changes nothing here.

    Parameters
    ----------
    module : ModuleType
        Its tables should be such that nobody can change.

    Returns
    -------
    dict
        Its names, as they are now.
    """
    names = {**vars(module), "__builtins__": {**vars(builtins)}}
    for name, each in vars(module).items():
        if isinstance(each, FunctionType) and each.__module__ == module.__name__:
            copied = FunctionType(
                each.__code__, names, name, each.__defaults__, each.__closure__
            )
            copied.__kwdefaults__ = each.__kwdefaults__
            names[name] = copied
    return names
