"""Checks of lesson 01: a dense autoencoder in Keras.

Keras is imported inside the functions: `from helpers.checks import lesson01` stays
cheap. Nothing here depends on a seed or on the order in which Keras shuffles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.data import Split

PIXELS = 784

# ------------------------------------------------------------------ the two halves


@check("encoder and decoder")
def halves(build_encoder: Callable, build_decoder: Callable) -> None:
    """Check ``build_encoder`` and ``build_decoder``: shapes, sizes, activations."""
    _check_encoder(build_encoder)
    _check_decoder(build_decoder)


def _check_encoder(build: Callable) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(97, PIXELS)).astype(np.float32)

    encoder = _model(build(5, width=17), "build_encoder")
    z = _apply(encoder, x, "the encoder")
    _want_shape(
        z,
        (97, 5),
        "the encoder's output, for 97 images and latent_dim = 5,",
        "the size of the last layer, which is the argument `latent_dim`",
    )
    _want_count(encoder, _dense(PIXELS, 17, 5), "the encoder", "784 to 17 to 5")
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
            "the last layer of the encoder: is an activation written in, in place of "
            "the argument `code`?",
        )
    if np.abs(_apply(free, 1_000 * x, "the encoder")).max() < 2:
        raise CheckFailed(
            'with code="linear" the code stays within [-1, 1] for any image',
            "numbers of any size",
            "the last layer of the encoder: a tanh or sigmoid in place of `code`",
        )
    if _is_affine(free, x):
        raise CheckFailed(
            "the encoder is a straight line: f(a) + f(b) = f(a + b) + f(0)",
            "a hidden layer that bends: ReLU by default",
            "the hidden layer: is `activation` passed to it?",
        )
    bounded = _model(
        build(5, width=17, activation="tanh", code="linear"), "build_encoder"
    )
    near, far = (_apply(bounded, s * x, "the encoder") for s in (1e4, 1e6))
    if np.abs(far).max() > 10 * np.abs(near).max():
        raise CheckFailed(
            'with activation="tanh" the encoder still grows with its input like ReLU',
            "the hidden layer uses the argument `activation`",
            "the hidden layer: is an activation written in?",
        )
    _want_fresh(encoder, free, "build_encoder")
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
    bounded = _model(build(5, width=17, activation="tanh"), "build_decoder")
    pixels = _apply(bounded, 1e6 * z, "the decoder")
    if float(((pixels > 1e-6) & (pixels < 1 - 1e-6)).mean()) < 0.1:
        raise CheckFailed(
            'with activation="tanh" a large code still drives all pixels to 0 or 1',
            "the hidden layer uses the argument `activation`; tanh stays within "
            "[-1, 1], and so grey pixels are left",
            "the hidden layer of the decoder: is an activation written in?",
        )
    _want_fresh(decoder, bounded, "build_decoder")
    plain = _model(build(64), "build_decoder")
    _apply(plain, rng.normal(size=(97, 64)), "the decoder")
    _want_count(
        plain,
        _dense(64, 128, PIXELS),
        "with latent_dim = 64 and no width given, the decoder",
        "64 to 128 to 784",
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
    if high > 1:
        raise CheckFailed(
            f"pixels up to {high:.3g}",
            "pixels from 0 to 1, like the images",
            'the last layer: ReLU has no upper end; use activation="sigmoid"',
        )


# ------------------------------------------------------------------ the whole


@check("autoencoder")
def join(join_models: Callable) -> None:
    """Check ``join(encoder, decoder)``: one model over the same layers."""
    import keras
    from keras import layers

    def stack(sizes, last):
        return keras.Sequential(
            [
                keras.Input((sizes[0],)),
                layers.Dense(sizes[1], activation="relu"),
                layers.Dense(sizes[2], activation=last),
            ]
        )

    encoder, decoder = stack((PIXELS, 9, 3), "relu"), stack((3, 9, PIXELS), "sigmoid")
    rng = np.random.default_rng(0)
    x = rng.random((97, PIXELS), dtype=np.float32)
    trainable = len(encoder.trainable_weights) + len(decoder.trainable_weights)
    model = _model(join_models(encoder, decoder), "join")
    x_hat = _apply(model, x, "the autoencoder")
    if x_hat.shape == (97, 3):
        raise CheckFailed(
            "the autoencoder's output has shape (97, 3): that is the code",
            f"images of shape (97, {PIXELS})",
            "the decoder comes after the encoder",
        )
    _want_shape(x_hat, (97, PIXELS), "the autoencoder's output for 97 images")
    _want_both(model, encoder, decoder, x)

    if len(model.trainable_weights) < trainable:
        raise CheckFailed(
            f"{len(model.trainable_weights)} weight arrays of the autoencoder can be "
            "trained",
            f"{trainable}: those of the encoder and those of the decoder",
            "something is frozen (trainable = False) or not part of the model",
        )
    if len(model.weights) > len(encoder.weights) + len(decoder.weights):
        raise CheckFailed(
            f"the autoencoder has {len(model.weights)} weight arrays, encoder and "
            f"decoder together {trainable}",
            "nothing but the two models that were handed in",
            "a layer that was added between or after them",
        )


def _want_both(model: Any, encoder: Any, decoder: Any, x: np.ndarray) -> None:
    """Fail unless the model is decoder(encoder(x)) now, and after a change too."""
    for turn in ("at once", "later"):
        if turn == "later":
            for half in (encoder, decoder):
                half.set_weights([w[::-1] * 1.5 + 0.01 for w in half.get_weights()])
        direct = _apply(decoder, _apply(encoder, x, "encoder"), "decoder")
        if np.allclose(_apply(model, x, "the autoencoder"), direct, atol=1e-4):
            continue
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
    difference = x.astype(float) - x_hat
    wrong = {
        "summed over the pixels, not averaged": right * d,
        "the root was taken: RMSE, not MSE": np.sqrt(right),
        "absolute errors: they were not squared": np.abs(difference).mean(axis=1),
        "signed errors, not squared: plus and minus cancel": difference.mean(axis=1),
        "x_hat - x, not squared: plus and minus cancel": -difference.mean(axis=1),
        "squared after the mean: plus and minus cancel": difference.mean(axis=1) ** 2,
        "half of the mean square": right / 2,
        "divided by the number of images as well": right / n,
        "the images are scaled again, by 255": right * 255**2,
        "divided by 255 once more: the images are scaled already": right / 255**2,
        "the same value for each image: the mean over all": np.full(n, right.mean()),
    }
    _compare(
        got,
        right,
        wrong,
        "image i is off by +e and -3e in turn, e = 0.05, 0.10, ...; the errors are",
        "(e^2 + 9 e^2) / 2 for each image: square, then the mean over its pixels",
    )
    rng = np.random.default_rng(0)
    for shape in ((97, PIXELS), (1, PIXELS), (5, 10)):
        x, x_hat = rng.random((2, *shape), dtype=np.float32)
        got = _array(measure(x, x_hat), "mse_per_image")
        right = ((x.astype(float) - x_hat) ** 2).mean(axis=1)
        if got.shape != right.shape or not np.allclose(got, right, rtol=1e-3):
            raise CheckFailed(
                f"images of shape {shape}: shape {got.shape}, first value "
                f"{got.reshape(-1)[0]:.5g}",
                f"shape {right.shape}, first value {right[0]:.5g}",
                "a batch size or the number 784 written into the code",
            )


# ------------------------------------------------------------------ training


@check("train_model")
def train_model(function: Callable) -> None:
    """Check one short training: what went in, as target, how often, with which loss."""
    import keras

    train, validation = _split(27, 0), _split(11, 1)
    schedule = keras.optimizers.schedules.CosineDecay(0.02, 12)
    for loss, rate, batch, epochs in (
        ("mse", 0.0123, 8, 3),
        ("binary_crossentropy", schedule, 10, 2),
    ):
        spy = _spy()
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


def _split(n: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    images = rng.random((n, 28, 28), dtype=np.float32)
    return Split(images, np.arange(n, dtype=np.int64) % 10)


def _spy() -> Any:
    """A small autoencoder that writes down what it is trained on, 0.5 everywhere."""
    import keras
    from keras import layers

    notes = SimpleNamespace(trained=[], validated=[])

    class Spy(keras.Model):
        def compile(self, optimizer="rmsprop", loss=None, **options):
            # Eager, so that each batch can be looked at; the options that would
            # forbid it are put aside. They change the speed, not the result.
            for name in ("jit_compile", "steps_per_execution", "run_eagerly"):
                options.pop(name, None)
            super().compile(optimizer, loss, run_eagerly=True, **options)

        def fit(self, *args, **options):
            options["verbose"] = 0
            options["callbacks"] = None  # no progress bar below a check
            return super().fit(*args, **options)

        def compute_loss(
            self, x=None, y=None, y_pred=None, sample_weight=None, training=True
        ):
            x, y = np.asarray(x), None if y is None else np.asarray(y)
            _want_target(x, y, "trained" if training else "validated")
            value = super().compute_loss(x, y, y_pred, sample_weight, training)
            seen = notes.trained if training else notes.validated
            seen.append((x, y, float(value)))
            return value

    x = keras.Input((PIXELS,))
    z = layers.Dense(4, activation="relu")(x)
    x_hat = layers.Dense(PIXELS, activation="sigmoid", kernel_initializer="zeros")(z)
    # Keras takes back a wrong from_logits=True when a sigmoid comes last, and only
    # then. One more layer, and the mistake shows.
    spy = Spy(x, layers.Reshape((PIXELS,))(x_hat))
    spy.notes = notes
    return spy


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
    if bool((_rows(spy.notes.trained, validation) >= 0).any()):
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
        raise CheckFailed(
            f"each image was seen {counts.min()} to {counts.max()} times",
            f"{epochs} times, once an epoch",
            "the argument epochs of fit",
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
            f"train_model() returned {_kind(result)}",
            "the History that model.fit returns",
            "`return model.fit(...)`",
        )
    if len(figures.get("loss", ())) != epochs:
        raise CheckFailed(
            f"the history holds {len(figures.get('loss', ()))} losses",
            f"{epochs}, one an epoch, from one call of fit",
            "fit inside a loop: each call starts a history of its own",
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
    }
    _want_shape(
        got,
        (10,),
        "error_by_class() of 97 images",
        shapes.get(got.shape, "one entry for each class, 0 to 9"),
    )
    groups = [errors[labels == c].astype(float) for c in range(10)]
    right = np.array([group.mean() for group in groups])
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
    }
    _compare(
        got,
        right,
        wrong,
        "classes of 1 to 30 images: the errors are",
        "for each class, the mean of the errors of its own images",
    )


@check("dead_units")
def dead_units(count: Callable) -> None:
    """Check ``dead_units(z)``: how many columns are 0 for every image."""
    rng = np.random.default_rng(0)
    z = rng.random((97, 9)).astype(np.float32) * (rng.random((97, 9)) < 0.6)
    z[:, 0] += 0.1
    z[:, [1, 4, 5]] = 0  # dead
    z[:, 7] = 0
    z[60, 7] = 0.001  # alive, once and faintly
    z[[10, 20]] = 0  # two images that no unit answers to
    got = _array(count(z), "dead_units")
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
            "axis=0 runs over the images, axis=1 over the units",
        )
    value = float(got.reshape(-1)[0])
    if value != 3:
        reasons = {
            2: "images with a code of zeros were counted: axis=0 runs over images",
            6: "units that are alive were counted",
            4: "a unit that answers once, and faintly (0.001), is alive: no threshold "
            "above 0, and no rounding of a mean",
            9: "units that are 0 for *some* image were counted: all, not any",
            97: "images with some 0 were counted, not units",
            0: "nothing was found: is the test for all images of one unit (axis=0)?",
            int((z == 0).sum()): "single zeros were counted, not units",
        }
        share = math.isclose(value, 3 / 9, rel_tol=1e-3)
        raise CheckFailed(
            f"97 codes of 9 units, 3 of them 0 throughout: dead_units() says {value:g}",
            "3",
            "a share was returned: count them"
            if share
            else reasons.get(int(value), "a unit is dead if it is 0 for every image"),
        )
    for shape, dead in (((1, 4), 4), ((50, 1), 0), ((3, 64), 0)):
        z = np.zeros(shape, np.float32) if dead else np.ones(shape, np.float32)
        value = float(_array(count(z), "dead_units").reshape(-1)[0])
        if value != dead:
            raise CheckFailed(
                f"{shape[0]} codes of {shape[1]} units, all {0 if dead else 1}: "
                f"dead_units() says {value:g}",
                f"{dead}",
                "a number of images or units written into the code",
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
        f"{name} returned {_kind(value)}",
        "a keras.Model",
        "the return line" if value is None else "keras.Model(...) or keras.Sequential",
    )


def _apply(model: Any, x: np.ndarray, name: str) -> np.ndarray:
    """The model's answer to rows of numbers."""
    symbol = model.inputs[0] if getattr(model, "inputs", None) else None
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
    return np.asarray(model(x.astype(np.float32)))


def _dense(*sizes: int) -> int:
    """How many weights dense layers of these sizes have."""
    return sum((a + 1) * b for a, b in pairwise(sizes))


def _want_count(model: Any, right: int, name: str, path: str) -> None:
    """Fail unless the model has about that many weights; biases may be left out."""
    count = sum(math.prod(weight.shape) for weight in model.weights)
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


def _array(value: Any, name: str) -> np.ndarray:
    """What the student's function returned, as an array of numbers."""
    if value is None:
        raise CheckFailed(
            f"{name}() returned None", "a value", "a `return` line is missing"
        )
    array = np.asarray(value)
    if array.dtype == object:
        raise CheckFailed(
            f"{name}() returned {_kind(value)}", "numbers", "the `return` line"
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
    wrong: Mapping[str, np.ndarray],
    what: str,
    rule: str,
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    got = got.astype(np.float64)
    if np.allclose(got, right, rtol=1e-3, atol=1e-9):
        return
    seen = f"{what} {got.min():.4g} to {got.max():.4g}"
    expected = f"{right.min():.4g} to {right.max():.4g}: {rule}"
    for mistake, values in wrong.items():
        if np.allclose(got, values, rtol=1e-3, atol=1e-9):
            raise CheckFailed(seen, expected, mistake)
    raise CheckFailed(seen, expected, "the formula, step by step, on one entry")


def _kind(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"
