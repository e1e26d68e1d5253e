"""The autoencoder of two models: ``checks.join(join)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.lesson01._models import (
    PIXELS,
    Surroundings,
    apply,
    want_calm,
    want_model,
)

NAME = "the autoencoder"
MANY = 1031  # more than any batch size that somebody might write in
FEW = 97
Arrays = list[list[np.ndarray]]  # of each half: kernel, bias, kernel, bias
LOOK = (  # where, for each of _settings()
    "`encoder.name = ...`: a name is for the new model, keras.Model(..., name=...)",
    "`encoder.trainable = ...`, which holds for all layers inside: leave it out",
    "`encoder.compile(...)`: what is compiled, and later, is the autoencoder",
)


@check("autoencoder")
def join(join_models: Callable, draw: Draw) -> None:
    """Check ``join(encoder, decoder)``: one model over the same layers."""
    d = draw.integer(2, 40)
    width = draw.integer(5, 20)
    encoder, decoder, arrays, joined, earlier = _joined(join_models, width, d)
    model = want_model(joined, "join")
    if joined is earlier:
        raise CheckFailed(
            "join of two other models gives the autoencoder of the first two",
            "a model over the layers of the two that are handed in",
            "a model that is kept from an earlier call",
        )
    x = draw.rng.random((MANY, PIXELS), np.float32)
    inputs = getattr(model, "inputs", None)
    if inputs and tuple(inputs[0].shape[1:]) == (d,):
        raise CheckFailed(
            f"the autoencoder takes {d} numbers, a code",
            f"a model that takes images: rows of {PIXELS} numbers",
            "the order: x to the encoder first, then its code to the decoder",
        )
    x_hat = apply(model, x, NAME)
    if x_hat.shape != x.shape:
        code = x_hat.shape == (len(x), d)
        raise CheckFailed(
            f"the autoencoder's output for {len(x)} images has shape {x_hat.shape}"
            + ": that is the code" * code,
            f"images of shape {x.shape}",
            "the decoder comes after the encoder"
            if code
            else "what comes after the decoder: nothing",
        )
    _want_both(model, encoder, decoder, arrays, x)
    few = x[:FEW]
    _want_trained(model, encoder, decoder, few)
    want_calm(model, few, apply(model, few, NAME), NAME)


def _joined(
    join_models: Callable, width: int, d: int
) -> tuple[Any, Any, Arrays, Any, Any]:
    """Two halves, what the student's function makes of them, and made of two before.

    With their weights, as they were before it was called.
    """
    failure = None
    # Halves of both kinds may come, and none may be changed. Yet some ways of joining
    # suit one kind only: the students' own are of one kind too, so either will do.
    kinds = _sequential, _functional
    for stacks in (kinds, (_functional, _functional), (_sequential, _sequential)):
        # Nothing here can die, as a ReLU can: each change of a weight shows.
        pairs = [
            (
                stack(PIXELS, width, d, "linear", "encoder"),
                stack(d, width + 1, PIXELS, "sigmoid", "decoder"),
            )
            for stack in stacks
        ]
        halves = [half for pair in pairs for half in pair]
        arrays = [half.get_weights() for half in halves]
        before = [weights for half in arrays for weights in half]
        for half in pairs[0]:
            half.trainable = False  # what comes may be frozen, and stays so
        layers = [len(half.layers) for half in halves]
        settings = [_settings(half) for half in halves]
        around = Surroundings("join")
        try:
            joined = [around.watch(join_models, *pair) for pair in pairs]
        except (AttributeError, ValueError) as error:
            failure = failure or error
            continue
        if layers != [len(half.layers) for half in halves]:
            raise CheckFailed(
                "the encoder or decoder has other layers after join()",
                "a model of its own, over the two models as they are",
                "`encoder.add(...)`, which changes the encoder itself",
            )
        for half, old in zip(halves, settings, strict=True):
            _want_settings(half, old)
        after = [weights for half in halves for weights in half.get_weights()]
        if not all(map(np.array_equal, before, after)):
            raise CheckFailed(
                "the encoder or decoder has other weights after join()",
                "the two models as they are, perhaps trained already",
                "set_weights or assign inside join",
            )
        around.want_no_seed()
        return *pairs[1], arrays[2:], joined[1], joined[0]
    raise _misfit(failure, d) or failure


def _settings(half: Any) -> list[str]:
    """What a half is and does, besides its weights, in words."""
    names = ", ".join(part.name for part in (half, *half.layers))
    optimizer = getattr(half, "optimizer", None)
    return [
        f"it and its layers are called {names}",
        f"{len(half.trainable_weights)} of its weight arrays can be trained",
        f"it is compiled, with {type(optimizer).__name__}"
        if optimizer
        else "it is not compiled",
    ]


def _want_settings(half: Any, old: list[str]) -> None:
    """Fail unless a half is what it was."""
    for before, now, look in zip(old, _settings(half), LOOK, strict=True):
        if now != before:
            raise CheckFailed(
                f"of the encoder or decoder after join(): {now}",
                f"{before}, as before: the two stay as they are",
                look,
            )


def _functional(into: int, hidden: int, out: int, last: str, name: str) -> Any:
    import keras
    from keras import layers

    x = keras.Input((into,))
    h = layers.Dense(hidden, activation="tanh")(x)
    return keras.Model(x, layers.Dense(out, activation=last)(h), name=name)


def _sequential(into: int, hidden: int, out: int, last: str, name: str) -> Any:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((into,)),
            layers.Dense(hidden, activation="tanh"),
            layers.Dense(out, activation=last),
        ],
        name=name,
    )


def _misfit(error: Exception, d: int) -> CheckFailed | None:
    """What two models that do not fit together say about the mistake."""
    sizes = re.search(
        r"expected shape=\(None, (\d+)\), found shape=(.*?\))", str(error)
    )
    if "is not connected" in str(error):
        return CheckFailed(
            "ValueError: the output given to keras.Model does not come from its input",
            "the output that x becomes, through the encoder and then the decoder",
            "`decoder.output` belongs to an input of its own: call the decoder, as in "
            "decoder(encoder(x))",
        )
    if sizes is None:
        return None
    wanted, got = sizes.groups()
    order = wanted == str(d) and got == f"(None, {PIXELS})"
    return CheckFailed(
        f"ValueError: a model that takes {wanted} numbers is called with shape {got}",
        f"x to the encoder, the code of {d} numbers to the decoder, nothing in between",
        "the order: it is decoder(encoder(x)), and the encoder is called first"
        if order
        else "a layer or an input of another size before, between or after the two",
    )


def _through(arrays: Arrays, x: np.ndarray) -> np.ndarray:
    """What decoder(encoder(x)) is; the halves themselves were in other hands."""
    for first, bias, second, other in arrays:
        x = np.tanh(x @ first + bias) @ second + other
    return 1 / (1 + np.exp(-x))


def _want_both(
    model: Any, encoder: Any, decoder: Any, arrays: Arrays, x: np.ndarray
) -> None:
    """Fail unless the model is decoder(encoder(x)), over the same weights."""
    given = {id(w) for w in encoder.weights + decoder.weights}
    has = {id(w) for w in model.weights}

    def is_same(x: np.ndarray) -> bool:
        direct = _through(arrays, x)
        answers = apply(model, x, NAME), apply(model, x[:1], NAME)
        return all(
            answer.shape == right.shape and np.allclose(answer, right, atol=1e-4)
            for answer, right in zip(answers, (direct, direct[:1]), strict=True)
        )

    same = is_same(x)
    if not same and given <= has:
        raise CheckFailed(
            "autoencoder(x) is not decoder(encoder(x)), though it has their layers",
            "x through the encoder, the code through the decoder, and that is all",
            "a layer or an activation that was added before, between or after them, "
            "an addition of x, or a second round",
        )
    if not same:
        raise CheckFailed(
            "autoencoder(x) is not decoder(encoder(x))",
            "one model over the very layers of the two that were handed in",
            "new layers (or build_encoder, build_decoder) inside join: those have "
            "weights of their own. Call the models you were given",
        )
    if given < has:
        raise CheckFailed(
            f"the autoencoder has {len(has)} weight arrays, encoder and decoder "
            f"together {len(given)}",
            "nothing but the two models that were handed in",
            "a layer that was added between or after them",
        )
    # Loud enough for pictures that are black and white as well: a limit shows.
    arrays = [
        [w[::-1] * factor + 0.01 for w in half]
        for half, factor in zip(arrays, (1.5, 9.0), strict=True)
    ]
    for half, louder in zip((encoder, decoder), arrays, strict=True):
        half.set_weights(louder)
    same = is_same(x[:FEW])
    if given == has and not same:
        raise CheckFailed(
            "with louder weights the autoencoder is not decoder(encoder(x)) any more, "
            "though it has their layers",
            "x through the encoder, the code through the decoder, and that is all",
            "a limit on the code or on the pictures (a clip, a round), or weights that "
            "were read out in join and kept",
        )
    if not same or given != has:
        raise CheckFailed(
            "after the encoder's and decoder's weights change, the autoencoder still "
            "answers as before"
            if not same
            else "the autoencoder does not know all weights of encoder and decoder as "
            "its own",
            "shared layers: training the autoencoder must train its two halves",
            "a copy (clone_model, copy, set_weights) inside join, or a model that is "
            "called but not part of this one",
        )


def _want_trained(model: Any, encoder: Any, decoder: Any, x: np.ndarray) -> None:
    """Fail unless training the model trains both halves."""
    import tensorflow as tf

    weights = encoder.weights + decoder.weights
    can = {id(w) for w in model.trainable_weights}
    trained = [w for w in weights if w.trainable and id(w) in can]
    if len(trained) < len(weights):
        raise CheckFailed(
            f"{len(trained)} weight arrays of the autoencoder can be trained",
            f"{len(weights)}: those of the encoder and those of the decoder",
            "something is frozen (trainable = False) or not part of the model",
        )
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - x))
    gradients = tape.gradient(loss, [w.value for w in weights])
    for half, count in (("encoder", len(encoder.weights)), ("decoder", len(weights))):
        if any(g is None for g in gradients[:count]):
            raise CheckFailed(
                f"no gradient of the autoencoder's loss reaches the {half}",
                "training the autoencoder trains its two halves",
                "stop_gradient, `.numpy()`, np.asarray or `.predict` inside join",
            )
