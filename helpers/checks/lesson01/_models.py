"""What the models that students' functions build are checked with."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, kind

PIXELS = 784


def want_model(value: Any, name: str) -> Any:
    """Return what a building function returned, if it is a model for any batch."""
    import keras

    if isinstance(value, keras.Model):
        # A model that has no inputs yet takes its sizes from the first batch it sees.
        shapes = [tuple(x.shape) for x in getattr(value, "inputs", None) or ()]
        if any(shape[0] is not None for shape in shapes):
            raise CheckFailed(
                f"the model of {name} only takes batches of {shapes[0][0]}",
                "batches of any size: the last one of an epoch is smaller",
                "batch_size or batch_shape in keras.Input: leave it out",
            )
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
        If the model takes other inputs, or has several inputs or outputs.
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
            f"while training, {name} gives other numbers than afterward",
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


def shapes_of(model: Any) -> list[tuple[int, ...]]:
    """Shapes of the weight arrays, without axes of length 1."""
    return [tuple(n for n in w.shape if n != 1) for w in model.weights]


def want_two_layers(model: Any, path: tuple[int, int, int], name: str) -> None:
    """Fail unless the weights are two matrices of the right sizes, and biases.

    Parameters
    ----------
    model : keras.Model
        That has been called once, so that its weights are there.
    path : tuple of int
        Sizes of the input, the hidden layer and the output.
    name : str
    """
    a, width, b = path
    way = f"{a} to {width} to {b}"
    shapes = shapes_of(model)
    matrices = [shape for shape in shapes if len(shape) > 1]
    if len(matrices) != 2:
        few = len(matrices) < 2
        raise CheckFailed(
            f"{name} has {len(matrices)} layer(s) with weights",
            f"two dense layers, from {way}",
            "a hidden layer that is missing, or not used: what it returns is what the "
            "next layer is called with"
            if few
            else "a layer too many",
        )
    wanted = [(a, width), (width, b)]
    if sorted(map(sorted, matrices)) != sorted(map(sorted, wanted)):
        raise CheckFailed(
            f"the weight matrices of {name} have shapes "
            f"{' and '.join(map(str, matrices))}",
            f"{' and '.join(map(str, wanted))}: from {way}",
            "the widths (`width`, 128 when it is not given, and `latent_dim`): is one "
            "written in, or are they exchanged?",
        )
    rest = [shape for shape in shapes if len(shape) < 2]
    if set(rest) - {(width,), (b,)} or len(set(rest)) < len(rest):
        raise CheckFailed(
            f"besides its two weight matrices {name} has arrays of shapes "
            f"{', '.join(map(str, rest))}",
            f"at most two biases, of shapes {(width,)} and {(b,)}",
            "a layer with weights besides the two Dense: BatchNormalization, "
            "LayerNormalization or PReLU?",
        )
    if len(model.trainable_weights) < len(model.weights):
        raise CheckFailed(
            f"only {len(model.trainable_weights)} of {len(model.weights)} weight "
            f"arrays of {name} can be trained",
            "two dense layers, all of whose weights can be trained",
            "trainable=False",
        )
    if any(getattr(weight, "constraint", None) for weight in model.weights):
        raise CheckFailed(
            f"weights of {name} are put back into bounds after each step",
            "two dense layers and nothing else",
            "kernel_constraint or bias_constraint: leave it out",
        )
    for weight, shape in zip(model.weights, shapes, strict=True):
        spread = float(np.std(np.asarray(weight)))
        if len(shape) == 2 and spread < 0.02 / math.sqrt(max(shape)):
            raise CheckFailed(
                f"the first weights of {name} differ from each other by {spread:.2g}",
                "weights that differ, or all units of a layer learn the same",
                "kernel_initializer: leave it at Keras' default",
            )


class Surroundings:
    """Call a student's function, and notice what it leaves behind in the notebook.

    TensorFlow has no seed meanwhile, whatever the notebook has set: with one, Keras
    shuffles in the same way in each epoch. A seed that the function sets for Python or
    NumPy shows so: from other random numbers before each call, the same ones follow.
    """

    def __init__(self, name: str):
        self.name = name
        self.left: list[float] = []

    def watch(self, function: Callable, *args: Any, **options: Any) -> Any:
        """Return what the function returns; fail if Keras has other settings then."""
        import keras
        import tensorflow as tf
        from tensorflow.python.eager.context import global_seed

        settings = keras.config.dtype_policy(), keras.config.floatx()
        seed = global_seed()
        tf.random.set_seed(None)
        random.seed(f"{len(self.left)} of a check")
        np.random.seed(len(self.left))
        try:
            result = function(*args, **options)
            self.left.append(random.random())
            after = keras.config.dtype_policy(), keras.config.floatx()
            if global_seed() is not None:
                self._raise_seed()
        finally:
            tf.random.set_seed(seed)
            keras.config.set_floatx(settings[1])
            keras.config.set_dtype_policy(settings[0])
        if settings[0].name != after[0].name or settings[1] != after[1]:
            raise CheckFailed(
                f"after {self.name}() Keras computes with {after[0].name}",
                f"{settings[0].name}, as before: the rest of the notebook rests on it",
                "set_floatx or set_dtype_policy: leave it out",
            )
        return result

    def want_no_seed(self) -> None:
        """Fail if two calls have left the same random numbers behind."""
        if len(set(self.left)) < len(self.left):
            self._raise_seed()

    def _raise_seed(self) -> None:
        raise CheckFailed(
            f"after each call of {self.name}() the same random numbers follow",
            "random numbers that go on as they were: the notebook sets its seed",
            "a seed that is set inside the function, as by set_random_seed",
        )
