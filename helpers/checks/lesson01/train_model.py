"""Training with compile and fit: ``checks.train_model(train_model)``."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.lesson01._models import PIXELS
from helpers.data import Split


@check("train_model")
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
