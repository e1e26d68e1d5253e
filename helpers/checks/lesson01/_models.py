"""What the models that students' functions build are checked with."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, kind

PIXELS = 784


def want_model(value: Any, name: str) -> Any:
    """Return what a building function returned, if it is a model."""
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


def apply(model: Any, x: np.ndarray, name: str, training: bool = False) -> np.ndarray:
    """Return the model's answer to rows of numbers.

    Parameters
    ----------
    model : keras.Model
    x : array, shape (B, n)
    name : str
        What to call the model in a message.
    training : bool

    Raises
    ------
    CheckFailed
        If the model takes other inputs, batches of one size, or has several outputs.
    """
    inputs = getattr(model, "inputs", None)
    if inputs and len(inputs) > 1:
        raise CheckFailed(
            f"{name} has {len(inputs)} inputs",
            "one input",
            "keras.Model(x, ...): the first argument is one keras.Input",
        )
    shape = tuple(inputs[0].shape) if inputs else None
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
    answer = model(x.astype(np.float32), training=training)
    if isinstance(answer, tuple | list | Mapping):
        raise CheckFailed(
            f"{name} gives {len(answer)} outputs",
            "one output",
            "keras.Model(..., output): the second argument is one tensor, not a list",
        )
    return np.asarray(answer)


def want_calm(model: Any, x: np.ndarray, calm: np.ndarray, name: str) -> None:
    """Fail if the model answers otherwise while it is trained, or adds to a loss.

    Parameters
    ----------
    model : keras.Model
    x, calm : array
        Input, and the model's answer to it.
    name : str
    """
    if not np.allclose(calm, apply(model, x, name, training=True), atol=1e-4):
        raise CheckFailed(
            f"while training, {name} gives other numbers than afterwards",
            "dense layers, which do the same at all times",
            "a Dropout, noise or BatchNormalization layer: leave it out",
        )
    if model.losses:
        raise CheckFailed(
            f"{name} adds {len(model.losses)} penalties to whatever loss it is "
            "trained with",
            "nothing: the loss is what `compile` is told, and no more",
            "a regularizer (kernel_regularizer, activity_regularizer) or add_loss",
        )


class Seeds:
    """Notice a function that seeds the notebook's random numbers.

    From different numbers before each call, it always leaves the same ones behind.
    """

    def __init__(self, name: str):
        self.name = name
        self.left: list[float] = []

    def watch(self, function: Callable, *args: Any, **options: Any) -> Any:
        """Call a function, and return what it returns."""
        random.seed(f"{len(self.left)} of a check")
        np.random.seed(len(self.left))
        result = function(*args, **options)
        self.left.append(random.random())
        return result

    def want_none(self) -> None:
        """Fail if two calls have left the same random numbers behind."""
        if len(set(self.left)) < len(self.left):
            raise CheckFailed(
                f"after each call of {self.name}() the same random numbers follow",
                "random numbers that go on as they were: the notebook sets its seed",
                "a seed that is set inside the function, as by set_random_seed",
            )
