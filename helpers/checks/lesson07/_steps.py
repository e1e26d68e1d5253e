"""What a step of training does, and what it writes down."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from helpers.checks.arrays import close, compare
from helpers.checks.base import CheckFailed
from helpers.checks.batches import batches_by_numpy
from helpers.checks.lesson07._backend import in_a_graph, tensor
from helpers.checks.lesson07._parts import TERMS, TRACKERS, Parts
from helpers.checks.messages import shorten


def check_step(model: Any, parts: Parts, x: np.ndarray, other: np.ndarray) -> None:
    """One step of gradient descent of size 1 subtracts the gradient."""
    import keras

    # One image is left out: else the batch's size, known in the graph, would take
    # another graph for other sizes.
    whole, x = x, x[:-1]
    before, terms, wanted = parts.arrays(), parts.terms(x), parts.gradients(x)
    without_kl = parts.gradients(x, beta=0.0)
    with in_a_graph("the model"), explained(model, x):
        model.compile(optimizer=keras.optimizers.SGD(1.0), jit_compile=False)
        seen = model.fit(
            whole,
            batch_size=len(x),
            steps_per_epoch=1,
            shuffle=False,
            validation_data=(other, None),
            validation_batch_size=32,
            verbose=0,
        ).history
    after = parts.arrays()
    check_names(seen)
    _compare_terms(seen, terms, "", 0, f"a batch of {len(x)} images")
    moved = [a - b for a, b in zip(before, after, strict=True)]
    off = _unlike(moved, wanted)
    if off:
        still = all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        known = {
            "the sum over the images, or one number for each, where their mean is "
            "wanted: ops.mean": [len(x) * each for each in wanted],
            "what fit follows has no KL in it, or one without a gradient": without_kl,
        }
        looks = [why for why, steps in known.items() if not _unlike(moved, steps)]
        raise CheckFailed(
            "after a step of fit no weight has changed"
            if still
            else f"fit follows a wrong gradient for {_named(off)}",
            "a step along the gradient of the mean of reconstruction + KL, for every "
            "weight of encoder and decoder",
            looks[0]
            if looks
            else "stop_gradient or NumPy between x and the loss, a term missing in "
            "what is returned, or (in train_step) which weights and gradients the "
            "optimizer gets",
        )
    _compare_terms(seen, parts.terms(other), "val_", 0, "97 images in batches of 32")


def _unlike(steps: list[np.ndarray], wanted: list[np.ndarray]) -> list[int]:
    """Which of the ten weights did not move as they should."""
    return [
        i
        for i, (step, right) in enumerate(zip(steps, wanted, strict=True))
        if not np.abs(step - right).max() <= 2e-3 * np.abs(right).max() + 1e-6
    ]


def _named(off: list[int]) -> str:
    """Name some of the ten weights."""
    whole = {
        "all weights": range(10),
        "the weights of the encoder": range(6),
        "the weights of the decoder": range(6, 10),
    }
    for name, numbers in whole.items():
        if off == list(numbers):
            return name
    layer = ("encoder's first layer", "mu", "logvar", "decoder's first layer", "logits")
    return ", ".join(f"the {('kernel', 'bias')[i % 2]} of {layer[i // 2]}" for i in off)


def check_line_by_line(model: Any, parts: Parts, x: np.ndarray) -> None:
    """An epoch without steps, and not in a graph, in batches of 32 and 1.

    What is wrong there, too, is found before a graph is made, which takes longest. And
    each batch has one pass: the loss is that of the pictures the model gave.
    """
    import keras

    passes = {name: {"sampling": 0} for name in ("fit", "evaluate")}

    class Passes(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            parts.calls = dict.fromkeys(("sampling", "encoder", "decoder"), 0)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            passes["fit"] = parts.calls

        on_test_batch_begin = on_train_batch_begin

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            passes["evaluate"] = parts.calls

    with explained(model, x), batches_by_numpy():
        model.compile(optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
        seen = model.fit(
            x,
            batch_size=32,
            shuffle=False,
            validation_data=(x, None),
            callbacks=[Passes()],
            verbose=0,
        ).history
    check_names(seen)
    terms = parts.terms(x)
    right = {
        prefix: all(
            close(seen[prefix + name][0], terms[name].mean(), 2e-5) for name in TERMS
        )
        for prefix in ("", "val_")
    }
    for prefix, other, look in (
        ("", "val_", "evaluate's are right: what is done in training only"),
        ("val_", "", "fit's are right: what is done in evaluate only"),
    ):
        what = f"{len(x)} images in batches of 32"
        where = look if right[other] else TRACKERS
        _compare_terms(seen, terms, prefix, 0, what, where)
    for name, calls in passes.items():  # in the last batch: the first may look around
        for part, times in calls.items():
            if times == 1:
                continue
            does = "draws" if part == "sampling" else f"calls {part}"
            raise CheckFailed(
                f"{name} {does} {times} times for each batch",
                "once: the loss is that of the logits, mu and logvar that call gave",
                "compute_loss, train_step or test_step: is the model, or a part of it, "
                "called again, where y_pred is at hand?",
            )


def check_trackers(model: Any, parts: Parts, x: np.ndarray) -> None:
    """Two epochs without steps, in batches of 32, 32, 32 and 1."""
    model.optimizer.learning_rate = 0.0
    with in_a_graph("the model"):
        seen = model.fit(x, batch_size=32, epochs=2, shuffle=False, verbose=0).history
    for epoch in range(2):
        what = f"epoch {epoch + 1} of fit, 97 images in batches of 32"
        _compare_terms(seen, parts.terms(x), "", epoch, what)


def _compare_terms(
    seen: Mapping[str, list],
    terms: Mapping[str, np.ndarray],
    prefix: str,
    epoch: int,
    what: str,
    where: str = TRACKERS,
) -> None:
    reconstruction, kl = terms["reconstruction"], terms["kl"]
    pixels = {n: reconstruction.mean() / n for n in range(20, 41)}
    for name in ("reconstruction", "kl", "loss"):
        each = terms[name]
        batches = [each[i : i + 32] for i in range(0, len(each), 32)]
        known = {
            "a mean of the batches' means: batches are unequal. Give update_state one "
            "number for each image": np.mean([batch.mean() for batch in batches]),
            "the sum over the images": each.sum(),
            "the sum over the images of a batch": np.mean(
                [batch.sum() for batch in batches]
            ),
            "the sum over the images, where their mean is wanted: ops.mean": np.average(
                [batch.sum() for batch in batches], weights=list(map(len, batches))
            ),
            "the last batch only: assign, or no tracker": batches[-1].mean(),
            "that is the reconstruction"
            if name == "kl"
            else "the KL is left out": reconstruction.mean(),
            "that is the KL"
            if name == "reconstruction"
            else "the reconstruction is left out": kl.mean(),
            "the KL counts twice: add_loss as well as the loss?": (
                reconstruction.mean() + 2 * kl.mean()
            ),
            "both terms count twice: add_loss as well as the loss?": 2 * each.mean(),
            "reconstruction minus KL": reconstruction.mean() - kl.mean(),
            "0: nothing was handed to it": 0.0,
        } | {
            f"the reconstruction is averaged over {n} pixels": mean
            + kl.mean() * (name == "loss")
            for n, mean in pixels.items()
        }
        value = float(np.asarray(seen[prefix + name][epoch]))
        known |= _written_in(batches, value) if name == "loss" else {}
        rule = "the mean over all images of "
        rule += "reconstruction + KL" if name == "loss" else f"the {name}"
        title = f"{what}: {prefix}{name} is"
        compare(value, each.mean(), known, title, rule, where, 2e-5)


def _written_in(batches: list[np.ndarray], value: float) -> dict[str, float]:
    """The sum over each batch, divided by one whole number, if that gives `value`."""
    sums, sizes = [batch.sum() for batch in batches], [len(batch) for batch in batches]
    total = np.average(sums, weights=sizes)
    number = round(total / value) if value > total / 2000 else 0
    if number < 2 or abs(total / number - value) > 1e-5 * value:
        return {}
    return {
        f"the sum over a batch, divided by {number}, whatever its size: ops.mean": value
    }


@contextlib.contextmanager
def explained(model: Any, x: np.ndarray) -> Iterator[None]:
    """Say what it means that fit has no loss, or one without a gradient."""
    try:
        yield
    except Exception as error:
        if re.search("No loss to compute", str(error)):
            raise CheckFailed(
                "Keras' own compute_loss is asked for the loss, and knows none",
                "your loss in fit and in evaluate",
                "compute_loss; or both train_step and test_step; or add_loss",
            ) from None
        if _gives_none(model, x):
            raise CheckFailed(
                "compute_loss returns None",
                "the mean of reconstruction + KL: fit follows its gradient",
                "the `return` line of compute_loss",
            ) from None
        if re.search("None values not supported|NoneType", str(error)):
            raise CheckFailed(
                f"fit stops: {shorten(str(error))}",
                "x and y_pred are given to compute_loss; y is None",
                "y, or another argument that is None, where x belongs",
            ) from None
        if not re.search("No gradients provided|does not require grad", str(error)):
            raise
        raise CheckFailed(
            "the loss that fit is given does not depend on any weight",
            "the mean of reconstruction + KL, computed from what call has returned",
            "what compute_loss returns: loss_terms of x and y_pred",
        ) from None


def _gives_none(model: Any, x: np.ndarray) -> bool:
    """Tell whether compute_loss runs, and returns nothing."""
    try:
        y_pred = model(tensor(x))
        return model.compute_loss(x=tensor(x), y_pred=y_pred) is None
    except Exception:  # noqa: BLE001 (a student's code may raise any)
        return False


def check_names(seen: Mapping[str, list]) -> None:
    missing = [f"{p}{name}" for p in ("", "val_") for name in TERMS
               if f"{p}{name}" not in seen]  # fmt: skip
    if missing:
        raise CheckFailed(
            f"the history of fit has {', '.join(seen)}; missing: {', '.join(missing)}",
            "loss, reconstruction and kl, and the same of validation with val_",
            'keras.metrics.Mean(name="kl"), kept as an attribute of the model; '
            "update_state where the loss is computed",
        )
