"""Tensors and gradients of whatever Keras computes with."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, kind
from helpers.checks.messages import shorten


def tensor(array: np.ndarray) -> Any:
    """A tensor of 32 bits."""
    import keras

    return keras.ops.convert_to_tensor(np.asarray(array, np.float32))


def read(value: Any, shape: tuple[int, ...], what: str, look: str) -> np.ndarray:
    """Read a tensor's numbers, in 64 bits.

    Parameters
    ----------
    value : object
        What the student's code returned.
    shape : tuple of int
    what : str
        What to call it in the message.
    look : str
        Where to look if the shape is wrong.

    Raises
    ------
    CheckFailed
        If it is no tensor of that shape with finite numbers of 32 bits.
    """
    import keras

    if not keras.ops.is_tensor(value):
        raise CheckFailed(
            f"{what} is {kind(value)}",
            f"a tensor of shape {shape}",
            "the `return` line" if value is None else "NumPy, where keras.ops belongs",
        )
    if tuple(value.shape) != shape:
        raise CheckFailed(f"{what} has shape {tuple(value.shape)}", f"{shape}", look)
    if keras.backend.standardize_dtype(value.dtype) != "float32":
        raise CheckFailed(
            f"{what} is {keras.backend.standardize_dtype(value.dtype)}",
            "float32, as what came in",
            "numbers from NumPy are float64: use keras.ops and keras.random",
        )
    found = numbers(value).astype(np.float64)
    if not np.isfinite(found).all():
        raise CheckFailed(
            f"{what} contains nan or inf",
            "finite numbers",
            "a log of zero, exp() of a large number, or a division by zero",
        )
    return found


def numbers(value: Any) -> np.ndarray:
    """A tensor's numbers: Keras' own way to them warns on torch."""
    return (value.detach().cpu() if hasattr(value, "detach") else value).numpy()


def gradients(function: Callable, *arrays: np.ndarray) -> list[np.ndarray | None]:
    """The gradient of the sum of what a function returns, for each of its inputs.

    Returns
    -------
    list of array or None
        None where no gradient flows.
    """
    import keras

    def total(inputs: list) -> Any:
        result = function(*inputs)
        results = result if isinstance(result, tuple | list) else [result]
        return sum(keras.ops.sum(each) for each in results)

    if keras.backend.backend() == "torch":
        import torch

        leaves = [tensor(each).requires_grad_() for each in arrays]
        value = total([leaf * 1 for leaf in leaves])
        if not value.requires_grad:
            return [None] * len(leaves)
        found = torch.autograd.grad(value, leaves, allow_unused=True)
    else:
        import tensorflow as tf

        leaves = [tensor(each) for each in arrays]
        with tf.GradientTape() as tape:
            tape.watch(leaves)
            value = total(leaves)
        found = tape.gradient(value, leaves)
    return [None if g is None else numbers(g) for g in found]


@contextlib.contextmanager
def in_a_graph(name: str) -> Iterator[None]:
    """Say what an error means that code raises where numbers are not known yet."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(logging.ERROR)  # it warns of many graphs, and checks make many
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "__array__ implementation")  # Keras'
            yield
    except (CheckFailed, NotImplementedError):
        raise
    except Exception as error:  # noqa: BLE001 (a student's code may raise any)
        raise CheckFailed(
            f"{name} works when it is called, and fails inside fit and predict",
            "operations of keras.ops on tensors: in a graph neither the numbers nor "
            "how many images there are is known yet",
            "NumPy (np.), float(), int(), a Python `if` on a number, mu.shape[0] in "
            "place of ops.shape(mu), or a batch size written in",
            below=shorten(f"{type(error).__name__}: {' '.join(str(error).split())}"),
        ) from None
    finally:
        logger.setLevel(before)
