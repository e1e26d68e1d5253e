"""A small model that writes down what it is trained on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed
from helpers.checks.batches import batches_by_numpy
from helpers.checks.draws import Draw
from helpers.checks.lesson01._models import PIXELS
from helpers.data import Split


def split(n: int, draw: Draw, darkest: int = 0, brightest: int = 255) -> Split:
    """Make images of random pixels: k/255, as in real ones, no two images alike."""
    grey = draw.rng.integers(darkest, brightest + 1, (n, 28, 28))
    labels = draw.rng.integers(0, 10, n).astype(np.int64)
    return Split((grey / 255).astype(np.float32), labels)


def finder(images: Split) -> Callable[[np.ndarray], np.ndarray]:
    """Make a function that says which image each row of pixels is; -1: none."""

    def keys(rows: np.ndarray) -> list[bytes]:
        return [row.tobytes() for row in np.rint(255 * rows[:, :64]).astype(np.int32)]

    known = {key: number for number, key in enumerate(keys(images.flat))}
    return lambda rows: np.array([known.get(key, -1) for key in keys(rows)], int)


def spy(train: Split, validation: Split, epochs: int) -> tuple[Any, SimpleNamespace]:
    """Make a real Keras model with an eye on its training.

    Before its first step it answers 0.5 everywhere. With it come notes: ``trained``
    and ``validated`` hold, for each batch, which images it has and the loss; ``first``
    the pixels of the first batch.

    Raises
    ------
    CheckFailed
        While it is trained: as soon as it sees what it should not.
    """
    import keras
    from keras import layers

    notes = SimpleNamespace(trained=[], validated=[], first=None)
    most = 2 * epochs * len(train)
    in_train, in_validation = finder(train), finder(validation)

    class Autoencoder(keras.Model):
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
            callbacks = _without_the_bar(options.get("callbacks"))
            with batches_by_numpy():
                return super().fit(**options | {"verbose": 0, "callbacks": callbacks})

        def compute_loss(
            self, x=None, y=None, y_pred=None, sample_weight=None, training=True
        ):
            if self is not model:  # a copy is not the model to train
                return super().compute_loss(x, y, y_pred, sample_weight, training)
            pixels, target = np.asarray(x), None if y is None else np.asarray(y)
            _want_target(pixels, target, "trained" if training else "validated")
            found = in_train(pixels), in_validation(pixels)
            (_want_trained if training else _want_watched)(pixels, *found)
            value = super().compute_loss(x, y, y_pred, sample_weight, training)
            if not training:
                notes.validated.append((found[1], float(value)))
                return value
            notes.first = pixels if notes.first is None else notes.first
            notes.trained.append((found[0], float(value)))
            if sum(len(batch) for batch, _ in notes.trained) > most:
                raise CheckFailed(
                    f"more than {most} images were trained on",
                    "half of that: each image once an epoch, `epochs` times",
                    "the argument epochs of fit, a second fit, or epochs and "
                    "batch_size exchanged",
                )
            return value

    x = keras.Input((PIXELS,))
    # Few arrays of weights: what Adam does to each takes longer than all the rest.
    layer = layers.EinsumDense(
        "bi,i->bi", PIXELS, activation="sigmoid", kernel_initializer="zeros"
    )
    # Keras takes back a wrong from_logits=True when a sigmoid comes last, and only
    # then. One more layer, and the mistake shows.
    model = Autoencoder(x, layers.Reshape((PIXELS,))(layer(x)), name="autoencoder")
    return model, notes


def _by_name(function: Callable, args: tuple) -> dict[str, Any]:
    """Arguments given by position, by their names."""
    return dict(zip(inspect.signature(function).parameters, args, strict=False))


def _without_the_bar(callbacks: Any) -> list:
    """The callbacks but the pack's progress bar, which would stand below a check."""
    import keras

    callbacks = [] if callbacks is None else callbacks
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    rate = "the step size that Adam is given, to the end: `learning_rate` as it is"
    for name, expected in (
        ("EarlyStopping", "as many epochs as the argument `epochs` says"),
        ("ReduceLROnPlateau", rate),
        ("LearningRateScheduler", rate),
    ):
        if any(isinstance(one, getattr(keras.callbacks, name)) for one in callbacks):
            raise CheckFailed(
                f"fit is given the callback {name}",
                expected,
                f"the callbacks of fit: leave {name} out",
            )
    return [one for one in callbacks if not type(one).__module__.startswith("helpers")]


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
        where = "in validation_data " if what == "validated" else ""
        raise CheckFailed(
            f"{where}the target is not the input (shapes {x.shape} and {y.shape})",
            "for each image, the same image as target",
            f"the input and the target {where}of fit: both are the same array",
        )


def _want_trained(x: np.ndarray, trained: np.ndarray, others: np.ndarray) -> None:
    """Fail unless a training batch holds images of `train`, as they are."""
    if x.max() > 1.5 or x.max() < 0.1:
        raise CheckFailed(
            f"the training pixels go up to {x.max():.3g}",
            "pixels in [0, 1], as they come out of data.load",
            "an extra * 255 or / 255: the images are scaled already",
        )
    if bool((trained >= 0).all()):
        return
    if bool((others >= 0).any()):
        raise CheckFailed(
            "the model is trained on the validation images"
            if (others >= 0).all()
            else "validation images are among the training images",
            "training on `train`, watching on `validation`",
            "train and validation are exchanged in fit, or put together",
        )
    raise CheckFailed(
        "the model is trained on images that are not those of the argument `train`",
        "the images of `train`, as they are: train.flat",
        "the first two arguments of fit: a variable of the notebook, such as x_train, "
        "or changed pixels?",
    )


def _want_watched(x: np.ndarray, trained: np.ndarray, watched: np.ndarray) -> None:
    """Fail unless a batch of the validation holds images of `validation`."""
    if bool((trained >= 0).any()):
        raise CheckFailed(
            "the validation loss is computed on training images",
            "the images of `validation`, twice: as input and as target",
            "validation_data in fit (validation_split takes them from `train`)",
        )
    if bool((watched < 0).any()):
        raise CheckFailed(
            "the validation loss is computed on images that are not those of the "
            "argument `validation`",
            "the images of `validation`, as they are: validation.flat",
            "validation_data in fit: a variable of the notebook, such as "
            "x_validation, or changed pixels?",
        )
