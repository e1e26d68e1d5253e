"""The VAE as a Keras model with its own loss: ``checks.vae_model(VAE)``.

It is trained for one step and over unequal batches, on parts of a few units whose
terms and gradients are known in 64 bits. Their "noise" is a constant, so that it does
not matter when and in which batches the model is called.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from helpers.checks.arrays import close, compare
from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.batches import batches_by_numpy
from helpers.checks.draws import Draw
from helpers.checks.lesson07._backend import in_a_graph, read, tensor
from helpers.checks.lesson07.loss_terms import right_terms
from helpers.checks.messages import shorten

TERMS = ("loss", "reconstruction", "kl")
TRACKERS = "compute_loss, and what the trackers are given; `fit` empties them"


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
    x = _images(97, pixels, draw)
    _check_call(model, parts, x)
    _check_call(model, parts, x[:1])
    for name, times in parts.called(model, x).items():
        if times != 1:
            raise CheckFailed(
                f"a call of the model calls {name} {times} times",
                "once: mu, logvar and logits belong to one pass, and one draw",
                f"call, and how often `self.{name}(...)` stands in it",
            )
    quiet = parts.encoder.get_weights()
    parts.encoder.set_weights(quiet[:2] + [3 * array for array in quiet[2:]])
    limit = "a limit, such as a clip: with mu and logvar a third of these it was right"
    _check_call(model, parts, x, limit)
    parts.encoder.set_weights(quiet)
    few = _images(33, pixels, draw)
    with _names_of_keras(model):
        _check_line_by_line(model, parts, few)
        _check_step(model, parts, few, x)
    _check_trackers(model, parts, x)


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


class Parts:
    """Encoder, decoder and a constant in place of noise; all of it known."""

    def __init__(self, pixels: int, width: int, d: int, draw: Draw):
        import keras

        epsilon = draw.rng.choice([-1, 1], d) * draw.rng.uniform(0.5, 1.5, d)
        self.epsilon = epsilon.astype(np.float32)

        self.calls = {}

        def count(name: str) -> None:
            self.calls[name] = self.calls.get(name, 0) + 1

        class Counter(keras.layers.Layer):
            def __init__(layer, counts: str):
                super().__init__()
                layer.counts = counts

            def call(layer, inputs: Any) -> Any:
                count(layer.counts)
                return inputs

        class Constant(keras.layers.Layer):
            def call(layer, mu: Any, logvar: Any) -> Any:
                count("sampling")
                sigma = keras.ops.exp(0.5 * logvar)
                return mu + sigma * keras.ops.convert_to_tensor(self.epsilon)

        dense, x, z = keras.layers.Dense, keras.Input((pixels,)), keras.Input((d,))
        h = dense(width, "tanh")(Counter("encoder")(x))
        g = dense(width, "tanh")(Counter("decoder")(z))
        self.encoder = keras.Model(x, [dense(d)(h), dense(d)(h)])
        self.decoder = keras.Model(z, dense(pixels)(g))
        self.sampling = Constant()
        for weight in self.weights():
            spread = 1.5 / weight.shape[0] ** 0.5 if len(weight.shape) > 1 else 0.5
            weight.assign(draw.rng.normal(0, spread, weight.shape))

    def called(self, model: Any, x: np.ndarray) -> dict[str, int]:
        """How often a call of a model calls each of the three."""
        self.calls = dict.fromkeys(("encoder", "decoder", "sampling"), 0)
        model(tensor(x))
        return self.calls

    def weights(self) -> list:
        """Kernels and biases, of the encoder's three layers and the decoder's two."""
        return self.encoder.weights + self.decoder.weights

    def arrays(self) -> list[np.ndarray]:
        """Their numbers, in 64 bits."""
        arrays = self.encoder.get_weights() + self.decoder.get_weights()
        return [array.astype(np.float64) for array in arrays]

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """h, mu, logvar, z, g, logits."""
        w1, b1, wm, bm, wl, bl, w2, b2, w3, b3 = self.arrays()
        h = np.tanh(x @ w1 + b1)
        mu, logvar = h @ wm + bm, h @ wl + bl
        z = mu + np.exp(logvar / 2) * self.epsilon
        g = np.tanh(z @ w2 + b2)
        return h, mu, logvar, z, g, g @ w3 + b3

    def terms(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Loss, reconstruction and KL of each image."""
        _, mu, logvar, _, _, logits = self.forward(x)
        reconstruction, kl = right_terms(x, logits, mu, logvar)
        return {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def gradients(self, x: np.ndarray, beta: float = 1.0) -> list[np.ndarray]:
        """Of the mean of reconstruction + beta KL, for each of the weights."""
        h, mu, logvar, z, g, logits = self.forward(x)
        wm, wl, w2, w3 = self.arrays()[2::2]
        d_logits = (1 / (1 + np.exp(-logits)) - x) / len(x)
        d_g = (d_logits @ w3.T) * (1 - g**2)
        d_z = d_g @ w2.T
        d_mu = d_z + beta * mu / len(x)
        d_logvar = d_z * (z - mu) / 2 + beta * (np.exp(logvar) - 1) / 2 / len(x)
        d_h = (d_mu @ wm.T + d_logvar @ wl.T) * (1 - h**2)
        into = ((x, d_h), (h, d_mu), (h, d_logvar), (z, d_g), (g, d_logits))
        return [each for below, d in into for each in (below.T @ d, d.sum(axis=0))]


def _images(n: int, pixels: int, draw: Draw) -> np.ndarray:
    """Grey images from dark to bright: unequal batches have unequal means."""
    bright = np.linspace(0.05, 1, n)[:, None]
    return (bright * draw.rng.random((n, pixels)).round(2)).astype(np.float32)


def _check_call(
    model: Any,
    parts: Parts,
    x: np.ndarray,
    where: str = "what stands between the three parts, and the order",
) -> None:
    answer = model(tensor(x))
    if not isinstance(answer, tuple | list) or len(answer) != 3:
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


def _check_step(model: Any, parts: Parts, x: np.ndarray, other: np.ndarray) -> None:
    """One step of gradient descent of size 1 subtracts the gradient."""
    import keras

    # One image is left out: else the batch's size, known in the graph, would take
    # another graph for other sizes.
    whole, x = x, x[:-1]
    before, terms, wanted = parts.arrays(), parts.terms(x), parts.gradients(x)
    without_kl = parts.gradients(x, beta=0.0)
    with in_a_graph("the model"), _explained(model, x):
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
    _check_names(seen)
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


@contextlib.contextmanager
def _explained(model: Any, x: np.ndarray) -> Iterator[None]:
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


def _check_names(seen: Mapping[str, list]) -> None:
    missing = [f"{p}{name}" for p in ("", "val_") for name in TERMS
               if f"{p}{name}" not in seen]  # fmt: skip
    if missing:
        raise CheckFailed(
            f"the history of fit has {', '.join(seen)}; missing: {', '.join(missing)}",
            "loss, reconstruction and kl, and the same of validation with val_",
            'keras.metrics.Mean(name="kl"), kept as an attribute of the model; '
            "update_state where the loss is computed",
        )


def _check_line_by_line(model: Any, parts: Parts, x: np.ndarray) -> None:
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

    with _explained(model, x), batches_by_numpy():
        model.compile(optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
        seen = model.fit(
            x,
            batch_size=32,
            shuffle=False,
            validation_data=(x, None),
            callbacks=[Passes()],
            verbose=0,
        ).history
    _check_names(seen)
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


def _check_trackers(model: Any, parts: Parts, x: np.ndarray) -> None:
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
