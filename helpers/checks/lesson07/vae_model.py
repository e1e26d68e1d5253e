"""The VAE as a Keras model with its own loss: ``checks.vae_model(VAE)``.

It is trained for one step and over unequal batches, on parts of a few units whose
terms and gradients are known in 64 bits. Their "noise" is a constant, so that it does
not matter when and in which batches the model is called.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from helpers.checks.arrays import compare
from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.draws import Draw
from helpers.checks.lesson07._backend import read, tensor
from helpers.checks.lesson07._parts import Parts, images
from helpers.checks.lesson07._steps import (
    check_line_by_line,
    check_step,
    check_trackers,
)
from helpers.checks.messages import is_sequence


@check("VAE", uses=("loss_terms",))
def vae_model(make: Callable, draw: Draw) -> None:
    """Check outputs, loss, gradients and trackers of ``VAE(encoder, decoder, ...)``."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation")  # Keras' on torch
        _check_model(make, draw)


def _check_model(make: Callable, draw: Draw) -> None:
    import keras

    pixels, width, d = draw.integer(20, 40), draw.integer(5, 9), draw.integer(2, 4)
    parts = Parts(pixels, width, d, draw)
    model = make(parts.encoder, parts.decoder, parts.sampling, name="a_vae")
    if not isinstance(model, keras.Model):
        raise CheckFailed(f"VAE(...) is {kind(model)}", "a keras.Model", "its class")
    if model.name != "a_vae":
        raise CheckFailed(
            f'VAE(..., name="a_vae") has the name {model.name!r}',
            "the options that every Keras model takes, such as its name",
            "super().__init__(**options)",
        )
    for name in ("encoder", "decoder", "sampling"):
        if getattr(model, name, None) is not getattr(parts, name):
            raise CheckFailed(
                f"vae.{name} is not the {name} that was handed in",
                "the three parts as attributes",
                "__init__: self.encoder, self.decoder, self.sampling",
            )
    x = images(97, pixels, draw)
    _check_call(model, parts, x)
    _check_call(model, parts, x[:1])
    for name, times in parts.called(model, x).items():
        if times != 1:
            raise CheckFailed(
                f"a call of the model calls {name} {times} times",
                "once: mu, logvar and logits belong to one pass, and one draw",
                f"call, and how often `self.{name}(...)` stands in it",
            )
    limit = "a limit, such as a clip: with smaller mu, logvar and logits it was right"
    halves = {parts.encoder: 3, parts.decoder: 20}
    quiet = {half: half.get_weights() for half in halves}
    for half, factor in halves.items():
        loud = [factor * array for array in quiet[half][2:]]
        half.set_weights(quiet[half][:2] + loud)
    _check_call(model, parts, x, limit)
    for half in halves:
        half.set_weights(quiet[half])
    few = images(33, pixels, draw)
    with _names_of_keras(model):
        check_line_by_line(model, parts, few)
        check_step(model, parts, few, x)
    check_trackers(model, parts, x)


@contextlib.contextmanager
def _names_of_keras(model: Any) -> Iterator[None]:
    """Name the methods that Keras itself has put something else in the place of."""
    try:
        yield
    except Exception as error:
        taken = [
            name
            for each in type(model).__mro__
            if not each.__module__.startswith(("keras", "builtins", "tensorflow"))
            for name, method in vars(each).items()
            if callable(method) and not callable(vars(model).get(name, method))
        ]
        if "object is not callable" not in str(error) or not taken:
            raise
        listed = ", ".join(f"`{name}`" for name in dict.fromkeys(taken))
        raise CheckFailed(
            f"the model has a method {listed}, and Keras keeps something of its own "
            "under that name",
            "names that Keras' Model does not use itself",
            f"the name {listed}: call the method something else",
        ) from None


def _check_call(
    model: Any,
    parts: Parts,
    x: np.ndarray,
    where: str = "what stands between the three parts, and the order",
) -> None:
    answer = model(tensor(x))
    if not is_sequence(answer) or len(answer) != 3:
        raise CheckFailed(
            f"vae(x) returned {kind(answer)}",
            "three tensors: logits, mu, logvar",
            "the `return` line of call",
        )
    _, mu, logvar, z, _, logits = parts.forward(x)
    right = {"logits": logits, "mu": mu, "logvar": logvar}
    others = right | {
        "the decoding of mu, without the draw": _decoded(parts, mu),
        "probabilities, after a sigmoid; logits are wanted": 1 / (1 + np.exp(-logits)),
        "z": z,
    }
    for (name, wanted), value in zip(right.items(), answer, strict=True):
        known = {
            f"that is {w}": v for w, v in others.items() if v.shape == wanted.shape
        }
        look = "the order of what call returns: logits, mu, logvar"
        seen = read(value, wanted.shape, f"{name} of vae(x)", look)
        what, rule = f"{name} of vae(x) is", "encoder, sampling, decoder, nothing else"
        compare(seen, wanted, known, what, rule, where)


def _decoded(parts: Parts, z: np.ndarray) -> np.ndarray:
    w2, b2, w3, b3 = parts.arrays()[6:]
    return np.tanh(z @ w2 + b2) @ w3 + b3
