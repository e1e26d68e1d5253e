"""What the models that students' functions build are checked with."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, kind

PIXELS = 784


def keeps_random(check_it: Callable) -> Callable:
    """Put the random numbers back: building a model draws from `random`."""

    @functools.wraps(check_it)
    def run(*args: Callable) -> None:
        state = random.getstate(), np.random.get_state()
        try:
            check_it(*args)
        finally:
            random.setstate(state[0])
            np.random.set_state(state[1])

    return run


def want_model(value: Any, name: str) -> Any:
    """What a building function returned, if it is a model."""
    import keras

    if isinstance(value, keras.Model):
        return value
    if isinstance(value, keras.KerasTensor):
        raise CheckFailed(
            f"{name} returned a symbolic tensor, the output of a model",
            "the model itself",
            "wrap it up: keras.Model(inputs, outputs)",
        )
    raise CheckFailed(
        f"{name} returned {kind(value)}",
        "a keras.Model",
        "the return line" if value is None else "keras.Model(...) or keras.Sequential",
    )


def apply(model: Any, x: np.ndarray, name: str) -> np.ndarray:
    """The model's answer to rows of numbers."""
    inputs = getattr(model, "inputs", None)
    if inputs and len(inputs) > 1:
        raise CheckFailed(
            f"{name} has {len(inputs)} inputs",
            "one input",
            "keras.Model(x, ...): the first argument is one keras.Input",
        )
    symbol = inputs[0] if inputs else None
    shape = None if symbol is None else tuple(symbol.shape)
    if shape and shape[1:] != x.shape[1:]:
        raise CheckFailed(
            f"{name} takes inputs of shape {shape[1:]}",
            f"rows of {x.shape[1]} numbers: shape {x.shape[1:]}",
            f"the input: keras.Input(shape=({x.shape[1]},))",
        )
    if shape and shape[0] not in (None, len(x)):
        raise CheckFailed(
            f"{name} only takes batches of {shape[0]}",
            "batches of any size: the last one of an epoch is smaller",
            "batch_size or batch_shape in keras.Input: leave it out",
        )
    answer = model(x.astype(np.float32))
    if isinstance(answer, tuple | list | Mapping):
        raise CheckFailed(
            f"{name} gives {len(answer)} outputs",
            "one output",
            "keras.Model(..., output): the second argument is one tensor, not a list",
        )
    return np.asarray(answer)
