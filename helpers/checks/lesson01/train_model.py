"""Training with compile and fit: ``checks.train_model(train_model)``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson01._models import PIXELS, Surroundings
from helpers.checks.lesson01._spy import split, spy
from helpers.checks.messages import apart, kind
from helpers.data import Split

SETTINGS = (  # of Adam; what else get_config holds changes no step
    "beta_1",
    "beta_2",
    "epsilon",
    "amsgrad",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "gradient_accumulation_steps",
)


@check("train_model")
def train_model(function: Callable, draw: Draw) -> None:
    """Check two short trainings: what went in, as target, how often, which loss."""
    import keras

    around = Surroundings("train_model")
    # Brighter than the others: on these the loss rises while the model is trained.
    few = split(draw.integer(13, 15), draw, 140), split(draw.integer(5, 8), draw, 0, 90)
    many = split(draw.integer(1010, 1090), draw), split(draw.integer(1010, 1090), draw)
    schedule = keras.optimizers.schedules.CosineDecay(draw.rng.uniform(0.01, 0.03), 40)
    number = float(draw.rng.uniform(0.01, 0.03))
    bce = "binary_crossentropy"
    for (train, validation), loss, rate, batch, epochs in (
        (few, None, number, draw.integer(8, 11), draw.pick(2, 3)),
        (many, bce, schedule, draw.integer(350, 400), 1),
    ):
        model, notes = spy(train, validation, epochs)
        start = model.get_weights()
        # As the notebook calls it: "mse" is what stands in the function's first line.
        options = {"batch_size": batch} | ({"loss": loss} if loss else {})
        with stays(train.images, train.labels, validation.images, validation.labels):
            result = around.watch(
                function, model, train, validation, epochs, rate, **options
            )
        _want_training(notes, train, epochs, batch)
        _want_validation(notes, validation, epochs)
        _want_compiled(model, notes, loss or "mse", rate)
        _want_history(result, epochs)
        if all(map(np.array_equal, start, model.get_weights())):
            raise CheckFailed(
                "after train_model() the model has the weights it had before",
                "a model that was trained in place: its weights have changed",
                "trainable = False, or weights that are set back at the end",
            )
        if len(model.trainable_weights) < len(model.weights):
            raise CheckFailed(
                "after train_model() the model, or a part of it, is frozen",
                "a model that can be trained on: running the cell again does that",
                "trainable = False",
            )
    around.want_no_seed()


def _want_training(notes: Any, train: Split, epochs: int, batch: int) -> None:
    """Fail unless each training image, and no other, was seen once an epoch."""
    batches = [numbers for numbers, _ in notes.trained]
    if not batches:
        raise CheckFailed(
            "the model that was handed in was not trained",
            "model.compile(...) and then model.fit(...)",
            "which model is trained: use the argument, do not build a new one",
        )
    rows = np.concatenate(batches)
    counts = np.bincount(rows, minlength=len(train))
    largest = max(map(len, batches))
    full = len(train) // batch * batch
    if largest == batch and len(rows) == epochs * full < epochs * len(train):
        raise CheckFailed(
            f"of {len(train)} images, {full} are trained on in each epoch",
            "all of them: the last batch of an epoch is smaller, and counts",
            "drop_remainder, or steps_per_epoch rounded down",
        )
    if bool((counts == 0).any()):
        raise CheckFailed(
            f"only {int((counts > 0).sum())} of {len(train)} training images are used",
            "all of them: the validation images are a split of their own",
            "validation_split (use validation_data), or a slice",
        )
    if bool((counts != epochs).any()):
        low, high = counts.min(), counts.max()
        raise CheckFailed(
            f"times each image was seen: {low if low == high else f'{low} to {high}'}",
            f"{epochs}, once an epoch",
            "the argument epochs of fit, steps_per_epoch, or a second fit",
        )
    if largest != batch:
        raise CheckFailed(
            f"the batches hold {largest} images",
            f"{batch}: the argument `batch_size`",
            "batch_size=batch_size in fit (Keras takes 32 when it is missing)",
        )
    order = rows.reshape(epochs, len(train))
    repeated = epochs > 1 and bool((order == order[0]).all())
    if repeated or np.array_equal(order[0], np.arange(len(train))):
        raise CheckFailed(
            "every epoch runs through the images in the same order",
            "a new random order each epoch, which is Keras' default",
            "shuffle=False, or one shuffle before all epochs",
        )


def _want_validation(notes: Any, validation: Split, epochs: int) -> None:
    """Fail unless all validation images were watched, after each epoch."""
    batches = [numbers for numbers, _ in notes.validated]
    if not batches:
        raise CheckFailed(
            "no validation loss is computed",
            "the loss of the validation images after each epoch",
            "validation_data=(..., ...) in fit",
        )
    counts = np.bincount(np.concatenate(batches), minlength=len(validation))
    if bool((counts == 0).any()):
        raise CheckFailed(
            f"{int((counts > 0).sum())} of {len(validation)} images of `validation` "
            "are in the validation loss",
            "all of them",
            "validation_data in fit: a slice, or drop_remainder?",
        )


def _want_compiled(model: Any, notes: Any, loss: str, rate: Any) -> None:
    """Fail unless Adam runs with the given step size on the given loss."""
    import keras

    if not isinstance(model.optimizer, keras.optimizers.Adam):
        raise CheckFailed(
            f"the optimizer is {type(model.optimizer).__name__}",
            "Adam",
            "optimizer=keras.optimizers.Adam(learning_rate) in compile",
        )
    _want_defaults(model.optimizer)
    now = float(model.optimizer.learning_rate)
    wanted = float(rate(model.optimizer.iterations)) if callable(rate) else rate
    if not math.isclose(now, wanted, rel_tol=1e-3, abs_tol=1e-9):
        default = math.isclose(now, 0.001, rel_tol=1e-3)
        seen, right = apart(now, wanted)
        raise CheckFailed(
            f"at the end the learning rate is {seen}" + ", Keras' default" * default,
            f"{right}: the argument `learning_rate`, a number or a schedule",
            "Adam is given the argument as it is, a schedule too, not only a number; "
            "no callback changes it"
            if callable(rate) or not default
            else 'keras.optimizers.Adam(learning_rate); the text "adam" takes the '
            "default",
        )
    _want_loss(notes, loss)


def _want_defaults(optimizer: Any) -> None:
    """Fail unless Adam's settings, but for the step size, are those of its class."""
    import keras

    kind = next(
        each
        for each in type(optimizer).__mro__
        if each in (keras.optimizers.AdamW, keras.optimizers.Adam)
    )
    usual = kind().get_config()
    for name, value in optimizer.get_config().items():
        if name not in SETTINGS or (value or None) == (usual[name] or None):
            continue
        raise CheckFailed(
            f"Adam is given {name}={value}",
            f"{name}={usual[name]}: Adam keeps its defaults but for the learning rate",
            f"{name} in keras.optimizers.{kind.__name__}(...): leave it out",
        )


def _want_loss(notes: Any, loss: str) -> None:
    """Fail unless the first loss is that of pictures that are 0.5 everywhere."""
    x, (_, first) = notes.first, notes.trained[0]
    squared = float(np.mean((x - 0.5) ** 2))
    values = {"mse": squared, "binary_crossentropy": math.log(2)}
    if math.isclose(first, values[loss], rel_tol=1e-4):
        return
    twice = 1 / (1 + math.exp(-0.5))
    mistakes = {
        "that is the MSE, whatever the argument `loss` says": squared,
        "that is the BCE, whatever `loss` says": math.log(2),
        "from_logits=True, but the decoder ends in a sigmoid already": float(
            np.mean(-np.log(1 - twice) - 0.5 * x)
        ),
        "summed over the pixels, where Keras averages": values[loss] * PIXELS,
        "that is the mean absolute error": float(np.mean(np.abs(x - 0.5))),
        "that is the root of the MSE": math.sqrt(squared),
        "summed over the images, where Keras averages": values[loss] * len(x),
        "both losses are added": squared + math.log(2),
    } | {
        f"{factor} times that: loss_weights in compile, or a factor": (
            factor * values[loss]
        )
        for factor in (2, 0.5, 10, 0.1, 100)
    }
    found = [why for why, v in mistakes.items() if math.isclose(first, v, rel_tol=1e-3)]
    seen, right = apart(first, values[loss], 4)
    raise CheckFailed(
        f'loss="{loss}", reconstructions all 0.5: the first loss is {seen}',
        f"{right}, as Keras' own {loss}: averaged over pixels and images",
        "; or: ".join(found) or "the loss in compile: hand on the argument `loss`",
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
