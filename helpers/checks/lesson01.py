"""Checks of lesson 01: a dense autoencoder in Keras.

Keras is imported inside the functions: `from helpers.checks import lesson01` stays
cheap. Nothing here depends on a seed or on the order in which Keras shuffles.
"""

from __future__ import annotations

import functools
import inspect
import math
import random
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.lending import lender
from helpers.data import Split

lend = lender("01")

PIXELS = 784


def _keeps_random(check_it: Callable) -> Callable:
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


# ------------------------------------------------------------------ the two halves


@check("encoder and decoder")
@_keeps_random
def halves(build_encoder: Callable, build_decoder: Callable) -> None:
    """Check ``build_encoder`` and ``build_decoder``: shapes, sizes, activations."""
    _check_encoder(build_encoder)
    _check_decoder(build_decoder)


def _check_encoder(build: Callable) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(97, PIXELS)).astype(np.float32)

    encoder = _model(build(5, width=17), "build_encoder")
    z = _apply(encoder, x, "the encoder")
    looks = {
        17: "that is `width`: the two sizes are exchanged, or the hidden layer is what "
        "the model returns",
        PIXELS: "those are images again: the decoder is a model of its own",
    }
    _want_shape(
        z,
        (97, 5),
        "the encoder's output, for 97 images and latent_dim = 5,",
        looks.get(
            z.shape[-1],
            "the size of the last layer, which is the argument `latent_dim`",
        ),
    )
    _want_count(encoder, _dense(PIXELS, 17, 5), "the encoder", "784 to 17 to 5")
    _want_plain(encoder, x, "the encoder")
    if bool((z < 0).any()):
        raise CheckFailed(
            f"the code has values down to {z.min():.2f}",
            'no negative value: code="relu" is the default',
            "the last layer of the encoder: its activation is the argument `code`",
        )
    if bool((z == 0).all()):
        raise CheckFailed(
            "every code is 0 throughout",
            "codes that depend on the image",
            "how the weights start: leave kernel_initializer at Keras' default",
        )
    if _always_sums_to_one(z):
        raise CheckFailed(
            "each code sums to 1: that is a softmax",
            "a code of free numbers",
            "the last layer of the encoder: its activation is the argument `code`",
        )

    free = _model(build(5, width=17, code="linear"), "build_encoder")
    z = _apply(free, x, "the encoder")
    if not bool((z < 0).any()):
        raise CheckFailed(
            'with code="linear" the code is never negative',
            'numbers of both signs: code="linear" means no activation',
            "the last layer of the encoder: is an activation written in, or is it "
            "`activation`, in place of the argument `code`?",
        )
    if np.abs(_apply(free, 1_000 * x, "the encoder")).max() < 2:
        raise CheckFailed(
            'with code="linear" the code stays within [-1, 1] for any image',
            "numbers of any size",
            "the last layer of the encoder: a tanh or sigmoid in place of `code`",
        )
    if np.abs(z).mean() < 0.01:
        raise CheckFailed(
            f"the codes are tiny: {np.abs(z).mean():.2g} on average",
            "codes that depend clearly on the image",
            "a Rescaling or a division by 255 (the images are scaled already), or "
            "first weights that are too small",
        )
    if _is_affine(free, x):
        raise CheckFailed(
            "the encoder is a straight line: f(a) + f(b) = f(a + b) + f(0)",
            "a hidden layer that bends: ReLU by default",
            "the hidden layer: is `activation` passed to it?",
        )
    if not _grows(free, x):
        raise CheckFailed(
            "with the default activation the code no longer grows with the image",
            "a ReLU in the hidden layer, the default of `activation`",
            "the hidden layer: is a tanh or sigmoid written in?",
        )
    bounded = _model(
        build(5, width=17, activation="tanh", code="linear"), "build_encoder"
    )
    if _grows(bounded, x):
        raise CheckFailed(
            'with activation="tanh" the encoder still grows with its input like ReLU',
            "the hidden layer uses the argument `activation`",
            "the hidden layer: is an activation written in?",
        )
    _want_fresh(encoder, free, "build_encoder")
    _want_fresh(encoder, _model(build(5, width=17), "build_encoder"), "build_encoder")
    plain = _model(build(64), "build_encoder")
    _apply(plain, x, "the encoder")
    _want_count(
        plain,
        _dense(PIXELS, 128, 64),
        "with latent_dim = 64 and no width given, the encoder",
        "784 to 128 to 64",
    )


def _check_decoder(build: Callable) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(97, 5)).astype(np.float32)

    decoder = _model(build(5, width=17), "build_decoder")
    x_hat = _apply(decoder, z, "the decoder")
    _want_shape(x_hat, (97, PIXELS), "the decoder's output, for 97 codes")
    _want_count(decoder, _dense(5, 17, PIXELS), "the decoder", "5 to 17 to 784")
    _want_plain(decoder, z, "the decoder")
    _want_pixels(_apply(decoder, 300 * z, "the decoder"))
    if bool((x_hat >= 0.5).all()):
        raise CheckFailed(
            f"no pixel is below {x_hat.min():.2f}, whatever the code",
            "pixels from 0 to 1",
            "the last layer: a sigmoid applied twice, or after a ReLU",
        )
    if _is_affine(decoder, z, before=_logit):
        raise CheckFailed(
            "apart from the sigmoid at its end, the decoder is a straight line",
            "a hidden layer that bends: ReLU by default",
            "the hidden layer: is `activation` passed to it?",
        )
    if _greys(decoder, 1e6 * z) > 0.1:
        raise CheckFailed(
            "with the default activation a huge code still leaves grey pixels",
            "a ReLU in the hidden layer, the default of `activation`",
            "the hidden layer of the decoder: is a tanh or sigmoid written in?",
        )
    bounded = _model(build(5, width=17, activation="tanh"), "build_decoder")
    if _greys(bounded, 1e6 * z) < 0.1:
        raise CheckFailed(
            'with activation="tanh" a large code still drives all pixels to 0 or 1',
            "the hidden layer uses the argument `activation`; tanh stays within "
            "[-1, 1], and so grey pixels are left",
            "the hidden layer of the decoder: is an activation written in?",
        )
    _want_fresh(decoder, bounded, "build_decoder")
    _want_fresh(decoder, _model(build(5, width=17), "build_decoder"), "build_decoder")
    plain = _model(build(64), "build_decoder")
    _apply(plain, rng.normal(size=(97, 64)), "the decoder")
    _want_count(
        plain,
        _dense(64, 128, PIXELS),
        "with latent_dim = 64 and no width given, the decoder",
        "64 to 128 to 784",
    )


def _grows(model: Any, x: np.ndarray) -> bool:
    """Tell whether the answers still grow when the input is very large already."""
    near, far = (np.abs(_apply(model, s * x, "it")).max() for s in (1e4, 1e6))
    return bool(far > 10 * near)


def _greys(model: Any, z: np.ndarray) -> float:
    """Which share of the pixels is neither black nor white."""
    pixels = _apply(model, z, "the decoder")
    return float(((pixels > 1e-6) & (pixels < 1 - 1e-6)).mean())


def _want_plain(model: Any, x: np.ndarray, name: str) -> None:
    """Fail if something is frozen, or behaves in another way while training."""
    if len(model.trainable_weights) < len(model.weights):
        raise CheckFailed(
            f"only {len(model.trainable_weights)} of {len(model.weights)} weight "
            f"arrays of {name} can be trained",
            "two Dense layers, all of whose weights can be trained",
            "trainable=False, or a BatchNormalization",
        )
    calm, training = (np.asarray(model(x, training=t)) for t in (False, True))
    if not np.allclose(calm, training, atol=1e-4):
        raise CheckFailed(
            f"while training, {name} gives other numbers than afterwards",
            "two Dense layers, which do the same at all times",
            "a Dropout, noise or BatchNormalization layer: leave it out",
        )


def _want_pixels(x_hat: np.ndarray) -> None:
    """Fail unless the decoder's answers to large codes are pixels in [0, 1]."""
    low, high = float(x_hat.min()), float(x_hat.max())
    if _always_sums_to_one(x_hat):
        raise CheckFailed(
            "the 784 pixels of each image sum to 1: that is a softmax",
            "each pixel by itself between 0 and 1",
            'the last layer: activation="sigmoid". Softmax is for classes',
        )
    if low < -1 or (low < 0 and high > 1):
        raise CheckFailed(
            f"pixels from {low:.3g} to {high:.3g}",
            "pixels from 0 to 1, like the images",
            'the last layer: the sigmoid is missing (activation="sigmoid")',
        )
    if low < 0:
        raise CheckFailed(
            f"pixels from {low:.3g} to {high:.3g}",
            "pixels from 0 to 1, like the images",
            'the last layer: tanh gives -1 to 1; use activation="sigmoid"',
        )
    if high > 1 and abs(high - 255) < 1:
        raise CheckFailed(
            f"pixels up to {high:.3g}",
            "pixels from 0 to 1, like the images",
            "a multiplication by 255 after the sigmoid: leave it out",
        )
    if high > 1:
        raise CheckFailed(
            f"pixels up to {high:.3g}",
            "pixels from 0 to 1, like the images",
            'the last layer: ReLU has no upper end; use activation="sigmoid"',
        )


# ------------------------------------------------------------------ the whole


@check("autoencoder")
@_keeps_random
def join(join_models: Callable) -> None:
    """Check ``join(encoder, decoder)``: one model over the same layers."""
    rng = np.random.default_rng(0)
    x = rng.random((97, PIXELS), dtype=np.float32)
    encoder, decoder, before, joined = _joined(join_models)
    model = _model(joined, "join")
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
    x_hat = _apply(model, x, "the autoencoder")
    if x_hat.shape == (97, 3):
        raise CheckFailed(
            "the autoencoder's output has shape (97, 3): that is the code",
            f"images of shape (97, {PIXELS})",
            "the decoder comes after the encoder",
        )
    _want_shape(x_hat, (97, PIXELS), "the autoencoder's output for 97 images")
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

    calm = _apply(model, x, "the autoencoder")
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
        if np.allclose(_apply(model, x, "the autoencoder"), direct, atol=1e-4):
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


# ------------------------------------------------------------------ the ruler


@check("mse_per_image")
def mse_per_image(measure: Callable) -> None:
    """Check ``mse_per_image(x, x_hat)``: the mean over each image's pixels."""
    n, d = 6, PIXELS
    x = np.full((n, d), 0.7, np.float32)
    # Image i is off by +e and -3e in turn, e = 0.05 (i + 1): its error is 5 e^2.
    e = 0.05 * np.arange(1, n + 1)[:, None]
    x_hat = (x - e * np.tile([1.0, -3.0], d // 2)).astype(np.float32)
    right = 5 * e[:, 0] ** 2
    before = x.copy(), x_hat.copy()
    got = _array(measure(x, x_hat), "mse_per_image")
    if not np.array_equal(x, before[0]) or not np.array_equal(x_hat, before[1]):
        raise CheckFailed(
            "an array given to mse_per_image() has other values afterwards",
            "inputs that stay as they are: the caller uses them again",
            "in-place operations such as `x -= x_hat`",
        )
    shapes = {
        (): "the mean ran over the images too: average over axis 1 only",
        (d,): "the mean ran over the images (axis 0): average over the pixels, axis 1",
        (n, d): "one value a pixel: the mean over axis 1 is missing",
        (n, 1): "an axis is left over: keepdims=True is not wanted",
    }
    _want_shape(
        got,
        (n,),
        "mse_per_image() of 6 images",
        shapes.get(got.shape, "the axis of the mean: axis=1 runs over the pixels"),
    )
    _compare(
        got,
        right,
        _mse_mistakes(x, x_hat),
        "image i is off by +e and -3e in turn, e = 0.05, 0.10, ...; the errors are",
        "(e^2 + 9 e^2) / 2 for each image: square, then the mean over its pixels",
    )
    rng = np.random.default_rng(0)
    for shape in ((97, PIXELS), (1, PIXELS), (5, 10)):
        x, x_hat = rng.random((2, *shape), dtype=np.float32)
        got = _array(measure(x, x_hat), "mse_per_image")
        look = "a batch size or the number 784 written into the code"
        _want_shape(got, shape[:1], f"mse_per_image() of {shape[0]} images", look)
        _compare(
            got,
            ((x.astype(float) - x_hat) ** 2).mean(axis=1),
            _mse_mistakes(x, x_hat),
            f"images of shape {shape}: the errors are",
            "for each image, the mean over its own pixels",
            look,
        )


def _mse_mistakes(x: np.ndarray, x_hat: np.ndarray) -> dict[str, np.ndarray]:
    """What the usual mistakes give for these images."""
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    error, (n, d) = x - x_hat, x.shape
    right, mean = (error**2).mean(axis=1), error.mean(axis=1)
    return {
        "summed over the pixels, not averaged": right * d,
        "the root was taken: RMSE, not MSE": np.sqrt(right),
        "absolute errors: they were not squared": np.abs(error).mean(axis=1),
        "signed errors, not squared: plus and minus cancel": mean,
        "x_hat - x, not squared: plus and minus cancel": -mean,
        "squared after the mean: plus and minus cancel": mean**2,
        "half of the mean square": right / 2,
        "divided by the number of images as well": right / n,
        "divided by the number of images, not of pixels": right * d / n,
        "the number 784 is written into the code": right * d / PIXELS,
        "the images are scaled again, by 255": right * 255**2,
        "divided by 255 once more: the images are scaled already": right / 255**2,
        "the same value for each image: the mean over all": np.full(n, right.mean()),
        "with the wrong sign: a squared error is never negative": -right,
        "x**2 - x_hat**2: subtract first, then square": (x**2 - x_hat**2).mean(axis=1),
        "added, not subtracted": ((x + x_hat) ** 2).mean(axis=1),
        "doubled (`* 2`), not squared (`** 2`)": 2 * mean,
        "squared twice: the fourth power": (error**4).mean(axis=1),
        "the length of the error: a norm is a root": np.sqrt(right * d),
        "the length of the error, divided: a norm is a root": np.sqrt(right / d),
        "the largest squared error, not the mean": (error**2).max(axis=1),
        "the median of the squared errors, not the mean": np.median(error**2, axis=1),
        "the variance of the errors: it leaves out their mean": error.var(axis=1),
        "divided by one less than the number of pixels": right * d / (d - 1),
        "divided by the mean square of x: a relative error": (
            right / (x**2).mean(axis=1)
        ),
        "in another order: sorted": np.sort(right),
        "in another order: the last image comes first": right[::-1],
    }


# ------------------------------------------------------------------ training


@check("train_model")
@_keeps_random
def train_model(function: Callable) -> None:
    """Check one short training: what went in, as target, how often, with which loss."""
    import keras

    train, validation = _split(17, 0), _split(7, 1)
    before = train.images.copy(), validation.images.copy()
    schedule = keras.optimizers.schedules.CosineDecay(0.02, 12)
    for loss, rate, batch, epochs in (
        ("mse", 0.0123, 7, 3),
        ("binary_crossentropy", schedule, 10, 2),
    ):
        spy = _spy(most=2 * epochs * len(train))
        start = spy.get_weights()
        result = function(
            spy,
            train,
            validation,
            epochs=epochs,
            learning_rate=rate,
            loss=loss,
            batch_size=batch,
        )
        _want_training(spy, train, validation, epochs, batch)
        _want_validation(spy, train, validation)
        _want_compiled(spy, train, loss, rate)
        _want_history(result, epochs)
        if all(
            np.array_equal(a, b) for a, b in zip(start, spy.get_weights(), strict=True)
        ):
            raise CheckFailed(
                "after train_model() the model has the weights it had before",
                "a model that was trained in place: its weights have changed",
                "trainable = False, or weights that are set back at the end",
            )
        for split, images in zip((train, validation), before, strict=True):
            if not np.array_equal(split.images, images):
                raise CheckFailed(
                    "the images of a split have other values after train_model()",
                    "images that stay as they are: they are used again",
                    "in-place operations, such as train.flat[...] *= 0.5",
                )


def _split(n: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    images = rng.random((n, 28, 28), dtype=np.float32)
    return Split(images, np.arange(n, dtype=np.int64) % 10)


def _spy(most: int) -> Any:
    """A small autoencoder that writes down what it is trained on, 0.5 everywhere.

    It gives up when more than `most` images have come by: too many epochs take long.
    """
    import keras
    from keras import layers

    notes = SimpleNamespace(trained=[], validated=[])

    class Spy(keras.Model):
        def compile(self, *args, **options):
            # Eager, so that each batch can be looked at; the options that would
            # forbid it are put aside. They change the speed, not the result.
            for name in ("jit_compile", "steps_per_execution"):
                options.pop(name, None)
            options = _by_name(super().compile, args) | options
            super().compile(**options | {"run_eagerly": True})

        def fit(self, *args, **options):
            options = _by_name(super().fit, args) | options
            _want_rows(options.get("x"), options.get("y"))
            stop = options.get("callbacks") or []
            stop = stop if isinstance(stop, list | tuple) else [stop]
            if any(isinstance(one, keras.callbacks.EarlyStopping) for one in stop):
                raise CheckFailed(
                    "fit is given an EarlyStopping callback",
                    "as many epochs as the argument `epochs` says",
                    "the callbacks of fit: leave EarlyStopping out",
                )
            # No progress bar below a check.
            return super().fit(**options | {"verbose": 0, "callbacks": None})

        def compute_loss(
            self, x=None, y=None, y_pred=None, sample_weight=None, training=True
        ):
            if not hasattr(self, "notes"):  # a copy is not the model to train
                return super().compute_loss(x, y, y_pred, sample_weight, training)
            x, y = np.asarray(x), None if y is None else np.asarray(y)
            _want_target(x, y, "trained" if training else "validated")
            value = super().compute_loss(x, y, y_pred, sample_weight, training)
            seen = notes.trained if training else notes.validated
            seen.append((x, y, float(value)))
            if sum(len(batch[0]) for batch in notes.trained) > most:
                raise CheckFailed(
                    f"more than {most} images were trained on",
                    "half of that: each image once an epoch, `epochs` times",
                    "the argument epochs of fit, a second fit, or epochs and "
                    "batch_size exchanged",
                )
            return value

    x = keras.Input((PIXELS,))
    z = layers.Dense(4, activation="relu")(x)
    x_hat = layers.Dense(PIXELS, activation="sigmoid", kernel_initializer="zeros")(z)
    # Keras takes back a wrong from_logits=True when a sigmoid comes last, and only
    # then. One more layer, and the mistake shows.
    spy = Spy(x, layers.Reshape((PIXELS,))(x_hat))
    spy.notes = notes
    return spy


def _by_name(function: Callable, args: tuple) -> dict[str, Any]:
    """Arguments given by position, by their names."""
    return dict(zip(inspect.signature(function).parameters, args, strict=False))


def _want_rows(x: Any, y: Any) -> None:
    """Fail unless the arrays given to fit are rows of pixels, as many of each."""
    shape, target = (tuple(getattr(part, "shape", ())) for part in (x, y))
    if len(shape) > 2:
        raise CheckFailed(
            f"fit is given images of shape {shape}",
            f"rows of pixels: shape {(shape[0], PIXELS)}",
            "`.flat` in place of `.images`",
        )
    if shape and target and shape[0] != target[0]:
        raise CheckFailed(
            f"fit is given {shape[0]} images as input and {target[0]} as target",
            "for each image, the same image as target",
            "the first two arguments of fit: both come from `train`",
        )


def _want_target(x: np.ndarray, y: np.ndarray | None, what: str) -> None:
    """Fail unless a batch's target is the batch itself."""
    if y is None:
        raise CheckFailed(
            f"the model is {what} without a target",
            "the images as input and as target: fit(x, x, ...)",
            "the first two arguments of fit, and validation_data",
        )
    if y.ndim == 1 or y.shape[-1] in (1, 10):
        raise CheckFailed(
            f"the model is {what} on labels: the target has shape {y.shape}",
            f"the images themselves as target, shape {x.shape}",
            "an autoencoder needs no labels: `.flat` in place of `.labels`",
        )
    if y.shape != x.shape or not np.allclose(x, y):
        raise CheckFailed(
            f"the target is not the input (shapes {x.shape} and {y.shape})",
            "for each image, the same image as target",
            "the input and the target: both are the same array",
        )


def _rows(batches: list, split: Split) -> np.ndarray:
    """Which image of the split each row is; -1: none of them."""
    if not batches:
        return np.zeros(0, int)
    x = np.concatenate([batch[0] for batch in batches])
    distance = np.abs(x[:, None, :64] - split.flat[None, :, :64]).max(axis=2)
    return np.where(distance.min(axis=1) < 1e-5, distance.argmin(axis=1), -1)


def _want_training(spy, train: Split, validation: Split, epochs: int, batch: int):
    """Fail unless each training image, and no other, was seen once an epoch."""
    if not spy.notes.trained:
        raise CheckFailed(
            "the model that was handed in was not trained",
            "model.compile(...) and then model.fit(...)",
            "which model is trained: use the argument, do not build a new one",
        )
    rows = _rows(spy.notes.trained, train)
    pixels = np.concatenate([batch[0] for batch in spy.notes.trained])
    if pixels.max() > 1.5 or pixels.max() < 0.1:
        raise CheckFailed(
            f"the training pixels go up to {pixels.max():.3g}",
            "pixels in [0, 1], as they come out of data.load",
            "an extra * 255 or / 255: the images are scaled already",
        )
    others = _rows(spy.notes.trained, validation)
    if bool((others >= 0).all()):
        raise CheckFailed(
            "the model is trained on the validation images",
            "training on `train`, watching on `validation`",
            "train and validation are exchanged in fit",
        )
    if bool((others >= 0).any()):
        raise CheckFailed(
            "validation images are among the training images",
            "training on `train`, watching on `validation`",
            "the first two arguments of fit",
        )
    if bool((rows < 0).any()):
        raise CheckFailed(
            "the model is trained on images that are not in `train`",
            "the images of the argument `train`, as they are: train.flat",
            "the first two arguments of fit: a notebook variable, or changed pixels?",
        )
    counts = np.bincount(rows, minlength=len(train))
    if bool((counts == 0).any()):
        raise CheckFailed(
            f"only {int((counts > 0).sum())} of {len(train)} training images are used",
            "all of them: the validation images are a split of their own",
            "validation_split (use validation_data), or a slice",
        )
    if bool((counts != epochs).any()):
        low, high = counts.min(), counts.max()
        raise CheckFailed(
            f"each image was seen {low if low == high else f'{low} to {high}'} times",
            f"{epochs} times, once an epoch",
            "the argument epochs of fit, or a second fit",
        )
    largest = max(len(x) for x, _, _ in spy.notes.trained)
    if largest != batch:
        raise CheckFailed(
            f"the batches hold {largest} images",
            f"{batch}: the argument `batch_size`",
            "batch_size=batch_size in fit (Keras takes 32 when it is missing)",
        )
    if np.array_equal(rows, np.tile(np.arange(len(train)), epochs)):
        raise CheckFailed(
            "every epoch runs through the images in the same order",
            "a new random order each epoch, which is Keras' default",
            "shuffle=False",
        )


def _want_validation(spy: Any, train: Split, validation: Split) -> None:
    """Fail unless the validation images were watched."""
    if not spy.notes.validated:
        raise CheckFailed(
            "no validation loss is computed",
            "the loss of the validation images after each epoch",
            "validation_data=(..., ...) in fit",
        )
    if bool((_rows(spy.notes.validated, train) >= 0).any()):
        raise CheckFailed(
            "the validation loss is computed on training images",
            "the images of `validation`, twice: as input and as target",
            "validation_data in fit",
        )
    rows = _rows(spy.notes.validated, validation)
    if bool((rows < 0).any()) or len(set(rows.tolist())) < len(validation):
        raise CheckFailed(
            f"{len(set(rows[rows >= 0].tolist()))} of {len(validation)} images of "
            "`validation` are in the validation loss",
            "all of them, and no others",
            "validation_data in fit: a slice, a notebook variable, changed pixels?",
        )


def _want_compiled(spy: Any, train: Split, loss: str, rate: Any) -> None:
    """Fail unless Adam runs with the given step size on the given loss."""
    import keras

    if not isinstance(spy.optimizer, keras.optimizers.Adam):
        raise CheckFailed(
            f"the optimizer is {type(spy.optimizer).__name__}",
            "Adam",
            "optimizer=keras.optimizers.Adam(learning_rate) in compile",
        )
    now = float(spy.optimizer.learning_rate)
    wanted = float(rate(spy.optimizer.iterations)) if callable(rate) else rate
    if not math.isclose(now, wanted, rel_tol=1e-3, abs_tol=1e-9):
        default = math.isclose(now, 0.001, rel_tol=1e-3)
        raise CheckFailed(
            f"the learning rate is {now:.4g}" + (", Keras' default" if default else ""),
            f"{wanted:.4g}: the argument `learning_rate`, a number or a schedule",
            'keras.optimizers.Adam(learning_rate); the text "adam" takes the default',
        )
    # The spy answers 0.5 everywhere before its first step: both losses are known.
    x, _, first = spy.notes.trained[0]
    squared = float(np.mean((x - 0.5) ** 2))
    values = {"mse": squared, "binary_crossentropy": math.log(2)}
    if math.isclose(first, values[loss], rel_tol=1e-3):
        return
    twice = 1 / (1 + math.exp(-0.5))
    mistakes = {
        values["mse"]: "that is the MSE, whatever the argument `loss` says",
        values["binary_crossentropy"]: "that is the BCE, whatever `loss` says",
        float(np.mean(-np.log(1 - twice) - 0.5 * x)): (
            "from_logits=True, but the decoder ends in a sigmoid already"
        ),
        squared * PIXELS: "summed over the pixels, where Keras' mse averages",
        math.log(2) * PIXELS: "summed over the pixels, where Keras' BCE averages",
        float(np.mean(np.abs(x - 0.5))): "that is the mean absolute error",
        values[loss] * len(x): "summed over the images, where Keras averages",
    }
    for value, mistake in mistakes.items():
        if math.isclose(first, value, rel_tol=1e-3):
            look = mistake
            break
    else:
        look = "the loss in compile: hand on the argument `loss`"
    raise CheckFailed(
        f'loss="{loss}", reconstructions all 0.5: the first loss is {first:.4g}',
        f"{values[loss]:.4g}, as Keras' own {loss}: averaged over pixels and images",
        look,
    )


def _want_history(result: Any, epochs: int) -> None:
    """Fail unless the function returned what fit returned."""
    figures = getattr(result, "history", None)
    if not isinstance(figures, Mapping):
        raise CheckFailed(
            f"train_model() returned {kind(result)}",
            "the History that model.fit returns",
            "`return model.fit(...)`",
        )
    if len(figures.get("loss", ())) != epochs:
        raise CheckFailed(
            f"the history holds {len(figures.get('loss', ()))} losses",
            f"{epochs}, one an epoch, from one call of fit",
            "fit inside a loop: each call starts a history of its own",
        )
    watched = len(figures.get("val_loss", ()))
    if watched != epochs:
        raise CheckFailed(
            f"the history holds {watched} validation losses",
            f"{epochs}, one after each epoch",
            "validation_data=(..., ...) in fit does that; a single evaluate at the "
            "end, or validation_freq, does not",
        )


# ------------------------------------------------------------------ what to ask of it


@check("error_by_class")
def error_by_class(function: Callable) -> None:
    """Check ``error_by_class(errors, labels)``: ten means, classes of unequal size."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), [3, 1, 12, 5, 2, 9, 7, 30, 4, 24])
    labels = rng.permutation(labels)
    errors = (0.01 * (labels * 7 % 10 + 1) * rng.uniform(0.5, 1.5, 97)).astype(
        np.float32
    )
    before = errors.copy(), labels.copy()
    got = function(errors, labels)
    if isinstance(got, Mapping):
        raise CheckFailed(
            f"error_by_class() returned a dictionary with {len(got)} entries",
            "an array of 10 numbers: entry c is the mean error of class c",
            "np.array([... for c in range(10)])",
        )
    got = _array(got, "error_by_class")
    if not np.array_equal(errors, before[0]) or not np.array_equal(labels, before[1]):
        raise CheckFailed(
            "errors or labels have other values afterwards",
            "inputs that stay as they are",
            "in-place operations, such as errors.sort()",
        )
    shapes = {
        (): "one number: the mean over each class by itself is wanted",
        (97,): "one value an image: the mean over each class is missing",
        (9,): "one class is missing: range(10) runs from 0 to 9",
        (2, 10): "two arrays came back: return the means only",
        (10, 2): "the classes stand beside the means: return the means only",
        (10, 1): "an axis is left over: brackets, or keepdims",
    }
    _want_shape(
        got,
        (10,),
        "error_by_class() of 97 images",
        shapes.get(got.shape, "one entry for each class, 0 to 9"),
    )
    groups = [errors[labels == c].astype(float) for c in range(10)]
    right = np.array([group.mean() for group in groups])
    if np.isnan(got).any():
        raise CheckFailed(
            f"{int(np.isnan(got).sum())} of the 10 means are nan: they are means of "
            "nothing",
            "10 numbers: every class occurs",
            "range(10), which runs from 0 to 9, and `labels == c`, not `is` and not "
            "`errors == c`",
        )
    sums = np.array([group.sum() for group in groups])
    wrong = {
        "summed over the class, not averaged: large classes look worse": sums,
        "divided by the number of all images, not of the class": sums / 97,
        "divided by 10, as if all classes had the same size": sums / 10,
        "sorted by error: entry c must belong to class c": np.sort(right),
        "sorted by error, largest first": np.sort(right)[::-1],
        "the largest error of each class": np.array([g.max() for g in groups]),
        "the smallest error of each class": np.array([g.min() for g in groups]),
        "the median of each class": np.array([np.median(g) for g in groups]),
        "the root was taken": np.sqrt(right),
        "errors of all other classes: `!=` in place of `==`": np.array(
            [errors[labels != c].mean() for c in range(10)]
        ),
        "classes shifted by one: they are numbered from 0": np.roll(right, -1),
        "how many images each class has": np.bincount(labels).astype(float),
        "errors taken in order, not by label": np.array(
            [part.mean() for part in np.array_split(errors, 10)]
        ),
        "cut in ten pieces by position, not by label": errors[:90]
        .reshape(10, -1)
        .mean(axis=1),
        "every tenth error, not those of one label": errors[:90]
        .reshape(-1, 10)
        .mean(axis=0),
        "the same for all: the mean over all images": np.full(10, errors.mean()),
        "the classes in the order in which they occur: entry c must belong to class "
        "c": right[list(dict.fromkeys(labels.tolist()))],
        "the standard deviation of each class": np.array([g.std() for g in groups]),
        "`s[labels] += errors` adds one image a class only: np.bincount adds all": (
            np.array([g[-1] / len(g) for g in groups])
        ),
        "the first image of each class only": np.array([g[0] for g in groups]),
        "the last image of each class only: `=` in place of `+=`?": np.array(
            [g[-1] for g in groups]
        ),
        "the labels themselves": np.arange(10.0),
        "the errors of the images number 0 to 9": errors[:10],
        "`>=` in place of `==`": np.array(
            [errors[labels >= c].mean() for c in range(10)]
        ),
        "`<=` in place of `==`": np.array(
            [errors[labels <= c].mean() for c in range(10)]
        ),
        "divided by 1000, as if each class had 1,000 images": sums / 1000,
        "in percent": 100 * right,
        "scaled to sum 1": right / right.sum(),
        "added up from class to class": right.cumsum(),
        "the classes in reverse order": right[::-1],
        "positions in place of labels: `labels == c`, not argsort": np.array(
            [errors[np.argsort(labels) == c].mean() for c in range(10)]
        ),
    }
    _compare(
        got,
        right,
        wrong,
        "classes of 1 to 30 images: the errors are",
        "for each class, the mean of the errors of its own images",
        "the errors of one class: which are chosen (`labels == c`), and their mean",
    )


@check("dead_units")
def dead_units(count: Callable) -> None:
    """Check ``dead_units(z)``: how many columns are 0 for every image."""
    rng = np.random.default_rng(0)
    z = rng.random((1300, 9)).astype(np.float32) * (rng.random((1300, 9)) < 0.6)
    z[:, 0] += 0.1
    z[:, [1, 4, 5]] = 0  # dead
    z[[10, 20]] = 0  # two images that no unit answers to
    z[0, 2:] = 0, 0, 0, 0, 0, 0, 0.5  # 7 zeros
    z[-1, 2:] = 0, 0, 0, 0, 0.5, 0.5, 0.5  # 5 zeros, or 6 with unit 1
    before = z.copy()
    got = _array(count(z), "dead_units", one=True)
    if not np.array_equal(z, before):
        raise CheckFailed(
            "the codes have other values after dead_units()",
            "codes that stay as they are: the caller uses them again",
            "in-place operations, such as z[z > 0] = 1",
        )
    if got.shape == (9,):
        raise CheckFailed(
            "dead_units() returned one value for each of the 9 units",
            "one number: how many units are dead",
            "the sum at the end is missing",
        )
    if got.size != 1:
        raise CheckFailed(
            f"dead_units() returned an array of shape {got.shape}",
            "one number: how many units are dead",
            "return the count only: not the positions of the units, and not one value "
            "an image (axis=0 runs over the images, axis=1 over the units)",
        )
    value = float(got.reshape(-1)[0])
    if value != 3:
        reasons = {
            2: "images with a code of zeros were counted: axis=0 runs over images",
            6: "units that are alive were counted",
            4: "a unit that is 0 for many images is alive if it answers to one: all, "
            "no median, no share and no rounding",
            9: "units that are 0 for *some* image were counted: all, not any; or the "
            "sum of True and False is missing",
            0: "nothing was found: is the test for all images of one unit (axis=0)?",
            int((z == 0).sum()): "single zeros were counted, not units",
            int((z[0] == 0).sum()): "only the first image was looked at",
            int((z[-1] == 0).sum()): "only the last image was looked at",
            8: "a cast to whole numbers: a unit that answers 0.3 is alive",
            1300: "images with some 0, or the zeros of one unit, were counted: the "
            "test for all images is (axis=0)",
            58: "64 - alive: the number of units is z.shape[1]",
        }
        shares = {
            3 / 9: "a share was returned: count the dead units",
            300 / 9: "a percentage was returned: count the dead units",
            (z == 0).sum() / 1300: "zeros per image were counted: a mean over images",
            (z == 0).sum() / 9: "zeros per unit were counted: a mean over the units",
        }
        look = reasons.get(value, "a unit is dead if it is 0 for every image")
        for share, reason in shares.items():
            if math.isclose(value, share, rel_tol=1e-3):
                look = reason
        raise CheckFailed(
            f"1,300 codes of 9 units, 3 of them 0 throughout: dead_units() says "
            f"{value:g}",
            "3",
            look,
        )
    _faint_units(count)
    for shape, dead in (((1, 4), 4), ((50, 1), 0), ((3, 64), 0)):
        z = np.zeros(shape, np.float32) if dead else np.ones(shape, np.float32)
        value = float(_array(count(z), "dead_units", one=True).reshape(-1)[0])
        if value != dead:
            raise CheckFailed(
                f"{shape[0]} codes of {shape[1]} units, all {0 if dead else 1}: "
                f"dead_units() says {value:g}",
                f"{dead}",
                "dead is 0 for all, not equal for all; or a number of images or units "
                "is written into the code, or the first or last unit left out",
            )


def _faint_units(count: Callable) -> None:
    """Check that a unit that answers to one image, and faintly, counts as alive."""
    for row, size, look in (
        (
            600,
            1.0,
            "one image of all is life enough: no share, no median, no mean with a "
            "threshold, and not the first images only",
        ),
        (0, 1.0, "the first image was left out"),
        (1299, 1.0, "only the first images were looked at, or the last was left out"),
        (600, 0.3, "rounding, or a cast to whole numbers: 0.3 is not 0"),
        (600, 1e-3, "a threshold above 0 (0.001 is not 0), rounding or isclose"),
        (600, 1e-6, "a threshold above 0 (0.000001 is not 0), rounding or a mean"),
    ):
        z = np.zeros((1300, 5), np.float32)
        z[row, 2] = size
        value = float(_array(count(z), "dead_units", one=True).reshape(-1)[0])
        if value != 4:
            raise CheckFailed(
                f"5 units; one answers {size:g} to image number {row} of 1,300, else "
                f"all is 0: dead_units() says {value:g}",
                "4: a unit that answers to one image is alive, no threshold",
                look
                if value == 5
                else "a unit was left out, or a number of units is written into the "
                "code: count all z.shape[1] of them",
            )


# ------------------------------------------------------------------ shared


def _model(value: Any, name: str) -> Any:
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


def _apply(model: Any, x: np.ndarray, name: str) -> np.ndarray:
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


def _dense(*sizes: int) -> int:
    """How many weights dense layers of these sizes have."""
    return sum((a + 1) * b for a, b in pairwise(sizes))


def _want_count(model: Any, right: int, name: str, path: str) -> None:
    """Fail unless the model has about that many weights; biases may be left out."""
    count = sum(math.prod(weight.shape) for weight in model.weights)
    dense = sum(len(weight.shape) == 2 for weight in model.weights)
    if dense == 1:
        raise CheckFailed(
            f"{name} has one layer with weights ({count:,} weights)",
            f"two dense layers, from {path}",
            "a hidden layer that is missing, or not used: what it returns is what "
            "the next layer is called with",
        )
    if dense > 2:
        raise CheckFailed(
            f"{name} has {dense} layers with weights",
            f"two dense layers, from {path}",
            "a layer too many",
        )
    if abs(count - right) > 0.03 * right:
        raise CheckFailed(
            f"{name} has {count:,} weights",
            f"about {right:,}: dense layers from {path}",
            "the widths (`width`, `latent_dim`), and whether there is a layer too many "
            "or too few",
        )


def _want_fresh(first: Any, second: Any, name: str) -> None:
    """Fail if two models of one building function share weights."""
    if any(a is b for a in first.weights for b in second.weights):
        raise CheckFailed(
            f"two models of {name} share their weights",
            "new layers on each call: training one must not train the other",
            f"layers made outside {name}: make them inside",
        )


def _is_affine(
    model: Any, x: np.ndarray, before: Callable = lambda values: values
) -> bool:
    """Tell whether f(a) + f(b) = f(a + b) + f(0) all over."""

    def f(values):
        return before(_apply(model, values, "the model").astype(np.float64))

    a, b = x, x[::-1]
    left, right = f(a) + f(b), f(a + b) + f(np.zeros_like(a))
    return bool(np.abs(left - right).max() < 1e-3 * (1e-6 + np.abs(left).max()))


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def _always_sums_to_one(rows: np.ndarray) -> bool:
    return bool(np.allclose(rows.sum(axis=1), 1, atol=1e-3) and (rows >= 0).all())


def _array(value: Any, name: str, one: bool = False) -> np.ndarray:
    """What the student's function returned, as an array of numbers, or as one."""
    if value is None:
        raise CheckFailed(
            f"{name}() returned None", "a value", "a `return` line is missing"
        )
    if isinstance(value, tuple) or (one and isinstance(value, list)):
        raise CheckFailed(
            f"{name}() returned {kind(value)}",
            "one number by itself" if one else "one array",
            "the `return` line: brackets or a comma too many",
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise CheckFailed(
            f"{name}() returned {kind(value)}", "numbers", "the `return` line"
        )
    return array


def _want_shape(
    array: np.ndarray, shape: tuple[int, ...], what: str, look: str = ""
) -> None:
    if array.shape != shape:
        raise CheckFailed(
            f"{what} has shape {array.shape}",
            f"shape {shape}",
            look or "the size of the last layer, and what is reshaped or flattened",
        )


def _compare(
    got: np.ndarray,
    right: np.ndarray,
    wrong: dict[str, np.ndarray],
    what: str,
    rule: str,
    look: str = "the formula, step by step, on one entry",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    got = got.astype(np.float64)
    if np.allclose(got, right, rtol=1e-3, atol=1e-9):
        return
    seen = f"{what} {got.min():.4g} to {got.max():.4g}"
    expected = f"{right.min():.4g} to {right.max():.4g}: {rule}"
    rounded = {f"rounded to {k} digits": right.round(k) for k in (3, 2, 1)}
    for mistake, values in (wrong | rounded).items():
        if np.allclose(got, values, rtol=1e-3, atol=1e-9):
            raise CheckFailed(seen, expected, mistake)
    raise CheckFailed(seen, expected, look)
