"""The encoder and the decoder: ``checks.halves(build_encoder, build_decoder)``.

A model of two dense layers is one known function of its weights. The check gives it
weights of its own and compares; what differs is found by trying other activations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, product, zip_longest
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.lesson01._models import (
    PIXELS,
    Surroundings,
    apply,
    shapes_of,
    want_calm,
    want_model,
    want_two_layers,
)

NAMES = ("linear", "relu", "tanh", "elu", "sigmoid", "silu", "gelu", "selu", "softplus")
NAMES += ("leaky_relu", "softmax", "exponential", "softsign", "hard_sigmoid", "relu6")
MANY = 1031  # more than any batch size that somebody might write in
FEW = 97
CLOSE = 2e-3  # room for a graphics card's short floats; activations differ by far more


@check("encoder and decoder")
def halves(build_encoder: Callable, build_decoder: Callable, draw: Draw) -> None:
    """Check ``build_encoder`` and ``build_decoder``: two dense layers each."""
    checks = _check_encoder(build_encoder, draw), _check_decoder(build_decoder, draw)
    for _ in zip_longest(*checks):  # both with their defaults, then with other options
        pass


def _check_encoder(build: Callable, draw: Draw) -> Iterator[None]:
    """Check; yields once the encoder is right with its defaults."""
    around = Surroundings("build_encoder")

    def check_one(
        path: tuple[int, int, int], layers: tuple[str, str], **options
    ) -> Any:
        model = want_model(around.watch(build, path[-1], **options), "build_encoder")
        x = draw.rng.random((FEW if options else MANY, PIXELS), np.float32)
        sizes = {
            path[1]: "that is `width`: the two sizes are exchanged, or the hidden "
            "layer is what the model returns",
            PIXELS: "those are images again: the decoder is a model of its own",
        }
        look = "the size of the last layer, which is the argument `latent_dim`"
        _want_output(model, x, path, "the encoder", sizes.get, look)
        _want_function(model, x, path, layers, "the encoder", options, "code", draw)
        return model

    d = _size(draw)
    width = _size(draw, but=(d, 128))
    path = PIXELS, width, d
    models = [check_one((PIXELS, 128, d), ("relu", "relu"))]
    yield
    models += [
        check_one(path, ("relu", "linear"), width=width, code="linear"),
        check_one(path, ("tanh", "relu"), width=width, activation="tanh"),
        check_one(path, ("elu", "tanh"), width=width, activation="elu", code="tanh"),
        want_model(around.watch(build, d), "build_encoder"),
    ]
    _want_fresh(models, "build_encoder")
    around.want_no_seed()


def _check_decoder(build: Callable, draw: Draw) -> Iterator[None]:
    """Check; yields once the decoder is right with its defaults."""
    around = Surroundings("build_decoder")

    def check_one(path: tuple[int, int, int], hidden: str, **options) -> Any:
        model = want_model(around.watch(build, path[0], **options), "build_decoder")
        rows = FEW if options else MANY
        z = draw.rng.normal(size=(rows, path[0])).astype(np.float32)
        look = "the size of the last layer: 784, and no reshaping"
        _want_output(model, z, path, "the decoder", {}.get, look)
        layers = (hidden, "sigmoid")
        _want_function(model, z, path, layers, "the decoder", options, "", draw)
        return model

    d = _size(draw)
    width = _size(draw, but=(d, 128))
    models = [check_one((d, 128, PIXELS), "relu")]
    yield
    models += [
        check_one((d, width, PIXELS), "elu", width=width, activation="elu"),
        check_one((d, width, PIXELS), "tanh", width=width, activation="tanh"),
        want_model(around.watch(build, d), "build_decoder"),
    ]
    _want_fresh(models, "build_decoder")
    around.want_no_seed()


def _size(draw: Draw, but: tuple[int, ...] = ()) -> int:
    return draw.integer(5, 40, but)


def _want_output(
    model: Any,
    x: np.ndarray,
    path: tuple[int, int, int],
    name: str,
    look_of: Callable,
    look: str,
) -> None:
    """Fail unless the model has an answer of that size and two layers on the way."""
    answer = apply(model, x, name)
    right = (len(x), path[-1])
    if answer.shape != right:
        raise CheckFailed(
            f"{name}'s output, for {len(x)} rows of {path[0]}, has shape "
            f"{answer.shape}",
            f"shape {right}",
            look_of(answer.shape[-1], look),
        )
    want_two_layers(model, path, name)
    if len(x) == MANY:  # once, with the defaults
        apply(model, x[:1], name)
        want_calm(model, x[:FEW], answer[:FEW], name)


def _want_function(
    model: Any,
    x: np.ndarray,
    path: tuple[int, int, int],
    layers: tuple[str, str],
    name: str,
    options: Mapping[str, Any],
    last: str,
    draw: Draw,
) -> None:
    """Fail unless the model is the two layers with these activations, and no more."""
    a, b = _two_layers(model, path, draw)
    got = apply(model, x, name)

    def is_seen(wanted: np.ndarray) -> bool:
        scale = 1 + float(np.abs(wanted).max())
        return bool(np.abs(got[: len(wanted)] - wanted).max() < CLOSE * scale)

    def of_both(x: np.ndarray) -> np.ndarray:
        return _activation(ending)(b(_activation(hidden)(a(x))))

    hidden, ending = layers
    count = len(np.unique(got[:FEW])) if ending == "sigmoid" else math.inf
    if count < 2_000:  # of 76,048 numbers
        raise CheckFailed(
            f"{name}'s pixels take {count} values only",
            "all values from 0 to 1, as a sigmoid gives: rounding lets no gradient by",
            "a round() or a cast to whole numbers after the sigmoid",
        )
    if is_seen(of_both(x)):
        return
    asked = ", ".join(f'{k}="{v}"' for k, v in options.items() if k != "width")
    given = f"with {asked}" if asked else "with the activations left at their defaults"
    inside = a(x[:20])
    last_sums = np.concatenate([b(_activation(h)(inside)) for h in NAMES])
    others = {e: np.split(f(last_sums), len(NAMES)) for e, f in _endings().items()}
    seen = [
        (h, e)
        for (i, h), e in product(enumerate(NAMES), others)
        if is_seen(others[e][i])
    ]
    if seen:
        raise _other_activations(seen, layers, f"{given}, {name}", last, options)
    if is_seen(of_both(x / 255)):
        look = "a Rescaling or a division by 255: the images are scaled already"
    else:
        look = (
            "what stands before, between or after the two layers (a scaling, an "
            "addition, an activation too many), and the activations"
        )
    raise CheckFailed(
        f"{given}, {name} is not two dense layers one after the other: for its own "
        f"weights its numbers are off by up to {np.abs(got - of_both(x)).max():.3g}",
        f"a dense layer with {hidden}, then a dense layer with {ending}, nothing else",
        look,
    )


def _two_layers(
    model: Any, path: tuple[int, int, int], draw: Draw
) -> tuple[Callable, Callable]:
    """Give a model new weights; return its layers, without activations, as functions.

    The numbers before an activation are of both signs and of size 2 or so.
    """
    kernels, biases = {}, {}
    for weight, shape in zip(model.weights, shapes_of(model), strict=True):
        if len(shape) == 1:
            value = biases[shape[0]] = draw.rng.normal(0, 0.5, shape)
        else:
            into, out = path[:2] if path[0] in shape else path[1:]
            value = draw.rng.normal(0, 3 / math.sqrt(into), shape)
            kernels[into] = value if shape == (into, out) else value.T
        weight.assign(value.reshape(weight.shape))

    def layer(into: int, out: int) -> Callable:
        return lambda rows: rows.astype(np.float64) @ kernels[into] + biases.get(out, 0)

    return layer(*path[:2]), layer(*path[1:])


def _activation(name: str) -> Callable[[np.ndarray], np.ndarray]:
    import keras

    function = keras.activations.get(name)
    return lambda rows: np.asarray(function(rows.astype(np.float32)), np.float64)


def _endings() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Activations that a model may end in, and mistakes that are none."""
    sigmoid, relu = _activation("sigmoid"), _activation("relu")
    return {name: _activation(name) for name in NAMES} | {
        "a cut at 0 and 1": lambda rows: rows.clip(0, 1),
        "a sigmoid twice": lambda rows: sigmoid(sigmoid(rows)),
        "a sigmoid after a ReLU": lambda rows: sigmoid(relu(rows)),
        "a sigmoid, times 255": lambda rows: 255 * sigmoid(rows),
    }


def _other_activations(
    seen: list[tuple[str, str]],
    layers: tuple[str, str],
    who: str,
    last: str,
    options: Mapping[str, Any],
) -> CheckFailed:
    """Say which activation is another than the one that was asked for."""
    hidden, ending = min(seen, key=lambda pair: sum(map(str.__ne__, pair, layers)))
    if last and (hidden, ending) == layers[::-1]:
        return CheckFailed(
            f"{who} has {hidden} in the hidden layer and {ending} in the last",
            f"{layers[0]} in the hidden layer, {layers[1]} in the last",
            "`activation` and `code` are exchanged",
        )
    if ending == layers[1]:
        bend = ": without one, two layers are no more than one"
        return CheckFailed(
            f"{who} has {_named(hidden)} in the hidden layer",
            f"{layers[0]}" + bend * (hidden == "linear"),
            "the hidden layer: is the argument `activation` passed to it, or is an "
            "activation written in?"
            if "activation" in options
            else "the hidden layer: is the argument `activation` passed to it, whose "
            'default is "relu" (the first line of the function)?',
        )
    if last:
        return CheckFailed(
            f"{who} has {_named(ending)} in the last layer",
            f"{_named(layers[1])}, the argument `code`"
            + (' ("linear" means none)' if layers[1] == "linear" else ""),
            "the last layer of the encoder: is an activation written in, or is it "
            "`activation`, in place of the argument `code`?"
            if "code" in options or ending == hidden == layers[0]
            else "the last layer of the encoder: is the argument `code` passed to it, "
            'whose default is "relu" (the first line of the function)?',
        )
    looks = {
        "linear": 'the sigmoid is missing (activation="sigmoid")',
        "tanh": 'tanh gives -1 to 1; use activation="sigmoid"',
        "relu": 'ReLU has no upper end; use activation="sigmoid"',
        "softmax": 'activation="sigmoid". Softmax is for classes: its pixels sum to 1',
        "a sigmoid, times 255": "a multiplication by 255: pixels go from 0 to 1",
    }
    return CheckFailed(
        f"{who} ends in {_named(ending)}",
        "a sigmoid: each pixel by itself between 0 and 1, like the images",
        "the last layer: " + looks.get(ending, "one sigmoid, and nothing after it"),
    )


def _named(activation: str) -> str:
    return "no activation" if activation == "linear" else activation


def _want_fresh(models: list, name: str) -> None:
    """Fail if two models of one building function share weights."""
    for one, other in combinations(models, 2):
        if {id(w) for w in one.weights} & {id(w) for w in other.weights}:
            raise CheckFailed(
                f"two models of {name} share their weights",
                "new layers on each call: training one must not train the other",
                f"layers made outside {name}, or kept from an earlier call: make them "
                "inside",
            )
