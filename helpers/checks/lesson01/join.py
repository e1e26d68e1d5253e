"""The autoencoder of two models: ``checks.join(join)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson01._arrays import want_shape
from helpers.checks.lesson01._models import PIXELS, apply, want_model


@check("autoencoder")
def join(join_models: Callable) -> None:
    """Check ``join(encoder, decoder)``: one model over the same layers."""
    rng = np.random.default_rng(0)
    x = rng.random((97, PIXELS), dtype=np.float32)
    encoder, decoder, before, joined = _joined(join_models)
    model = want_model(joined, "join")
    after = encoder.get_weights() + decoder.get_weights()
    if not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)):
        raise CheckFailed(
            "the encoder or decoder has other weights after join()",
            "the two models as they are, perhaps trained already",
            "set_weights or assign inside join",
        )
    inputs = getattr(model, "inputs", None)
    if inputs and tuple(inputs[0].shape[1:]) == (3,):
        raise CheckFailed(
            "the autoencoder takes 3 numbers, a code",
            f"a model that takes images: rows of {PIXELS} numbers",
            "the order: x to the encoder first, then its code to the decoder",
        )
    x_hat = apply(model, x, "the autoencoder")
    if x_hat.shape == (97, 3):
        raise CheckFailed(
            "the autoencoder's output has shape (97, 3): that is the code",
            f"images of shape (97, {PIXELS})",
            "the decoder comes after the encoder",
        )
    want_shape(x_hat, (97, PIXELS), "the autoencoder's output for 97 images")
    _want_both(model, encoder, decoder, x)
    _want_gradient(model, encoder, x)
    if len(model.trainable_weights) < 8:
        raise CheckFailed(
            f"{len(model.trainable_weights)} weight arrays of the autoencoder can be "
            "trained",
            "8: those of the encoder and those of the decoder",
            "something is frozen (trainable = False) or not part of the model",
        )
    if len(model.weights) > len(encoder.weights) + len(decoder.weights):
        raise CheckFailed(
            f"the autoencoder has {len(model.weights)} weight arrays, encoder and "
            "decoder together 8",
            "nothing but the two models that were handed in",
            "a layer that was added between or after them",
        )


def _joined(join_models: Callable) -> tuple[Any, Any, list, Any]:
    """Two halves, their weights, and what the student's function makes of them."""
    failure = None
    # Some ways of joining suit one kind of model only: the students' own halves are
    # of one kind too, so either will do.
    for stack in (_functional, _sequential):
        # Nothing here can die, as a ReLU can: each change of a weight shows.
        encoder = stack(PIXELS, 9, 3, "linear")
        decoder = stack(3, 9, PIXELS, "sigmoid")
        before = encoder.get_weights() + decoder.get_weights()
        try:
            return encoder, decoder, before, join_models(encoder, decoder)
        except (AttributeError, ValueError) as error:
            failure = failure or error
    raise _misfit(failure) or failure


def _functional(into: int, hidden: int, out: int, last: str) -> Any:
    import keras
    from keras import layers

    x = keras.Input((into,))
    h = layers.Dense(hidden, activation="tanh")(x)
    return keras.Model(x, layers.Dense(out, activation=last)(h))


def _sequential(into: int, hidden: int, out: int, last: str) -> Any:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((into,)),
            layers.Dense(hidden, activation="tanh"),
            layers.Dense(out, activation=last),
        ]
    )


def _misfit(error: Exception) -> CheckFailed | None:
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
    order = wanted == "3" and got == f"(None, {PIXELS})"
    return CheckFailed(
        f"ValueError: a model that takes {wanted} numbers is called with shape {got}",
        "x to the encoder, the code of 3 numbers to the decoder, nothing in between",
        "the order: it is decoder(encoder(x)), and the encoder is called first"
        if order
        else "a layer or an input of another size before, between or after the two",
    )


def _want_gradient(model: Any, encoder: Any, x: np.ndarray) -> None:
    """Fail unless training the model trains both halves."""
    import tensorflow as tf

    calm = apply(model, x, "the autoencoder")
    with tf.GradientTape() as tape:
        x_hat = model(x, training=True)
        loss = tf.reduce_mean(tf.square(x_hat - x))
    weights = encoder.trainable_weights
    if weights and all(g is None for g in tape.gradient(loss, weights)):
        raise CheckFailed(
            "no gradient of the autoencoder's loss reaches the encoder",
            "training the autoencoder trains its two halves",
            "stop_gradient, `.numpy()`, np.asarray or `.predict` inside join",
        )
    if not np.allclose(calm, np.asarray(x_hat), atol=1e-4):
        raise CheckFailed(
            "while training, the autoencoder gives other numbers than afterwards",
            "decoder(encoder(x)), and nothing else",
            "a Dropout or noise layer in between: leave it out",
        )


def _want_both(model: Any, encoder: Any, decoder: Any, x: np.ndarray) -> None:
    """Fail unless the model is decoder(encoder(x)) now, and after a change too."""
    for turn in ("at once", "later"):
        if turn == "later":
            for half in (encoder, decoder):
                half.set_weights([w[::-1] * 1.5 + 0.01 for w in half.get_weights()])
        direct = np.asarray(decoder(np.asarray(encoder(x))))
        if np.allclose(apply(model, x, "the autoencoder"), direct, atol=1e-4):
            continue
        mine = {id(w) for w in encoder.weights + decoder.weights}
        if turn == "at once" and mine <= {id(w) for w in model.weights}:
            raise CheckFailed(
                "autoencoder(x) is not decoder(encoder(x)), though it has their layers",
                "x through the encoder, the code through the decoder, and that is all",
                "a layer or an activation that was added before, between or after "
                "them, an addition of x, or a second round",
            )
        if turn == "at once":
            raise CheckFailed(
                "autoencoder(x) is not decoder(encoder(x))",
                "one model over the very layers of the two that were handed in",
                "new layers (or build_encoder, build_decoder) inside join: those have "
                "weights of their own. Call the models you were given",
            )
        raise CheckFailed(
            "after the encoder's and decoder's weights change, the autoencoder "
            "still answers as before",
            "shared layers: training the autoencoder must train its two halves",
            "a copy (clone_model, copy, set_weights) inside join",
        )
