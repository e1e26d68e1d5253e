"""Right and wrong answers of to_torch."""

import numpy as np

from helpers.checks import lesson07 as checks
from tests.checks.trial import trial

CHECK = checks.to_torch
NAMES = ("to_torch",)
LAYERS = ("hidden", "mu", "logvar", "decoder.0", "decoder.2")
PARTS = [f"{layer}.{part}" for layer in LAYERS for part in ("weight", "bias")]


def to_torch(weights):
    return {name: w.T for name, w in zip(PARTS, weights, strict=True)}


def one_by_one(weights):
    w1, b1, wm, bm, wl, bl, w2, b2, w3, b3 = weights
    return {
        "hidden.weight": w1.T,
        "hidden.bias": b1,
        "mu.weight": np.transpose(wm),
        "mu.bias": bm.copy(),
        "logvar.weight": wl.swapaxes(0, 1),
        "logvar.bias": bl,
        "decoder.0.weight": np.ascontiguousarray(w2.T),
        "decoder.0.bias": b2,
        "decoder.2.weight": w3.transpose(),
        "decoder.2.bias": b3,
    }


def by_place(weights):
    state = {}
    for i, name in enumerate(PARTS):
        state[name] = weights[i].transpose(1, 0) if i % 2 == 0 else weights[i]
    return state


def by_axes(weights):
    return dict(
        zip(PARTS, [w.T.copy() if w.ndim == 2 else w for w in weights], strict=True)
    )


def as_they_are(weights):
    return dict(zip(PARTS, weights, strict=True))


def where_it_does_not_fit(weights):
    """Transposes what is wider than high, or the reverse."""
    return {
        name: w.T if w.ndim == 2 and w.shape[0] != w.shape[1] else w
        for name, w in zip(PARTS, weights, strict=True)
    }


def reshaped(weights):
    return {
        name: w.reshape(w.shape[::-1]) for name, w in zip(PARTS, weights, strict=True)
    }


def heads_exchanged(weights):
    order = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9]
    return to_torch([weights[i] for i in order])


def other_names(weights):
    return {
        name.replace("decoder.2", "decoder.1"): w
        for name, w in to_torch(weights).items()
    }


def weights_alone(weights):
    return {name: w for name, w in to_torch(weights).items() if "bias" not in name}


def takes_them_out(weights):
    return {name: weights.pop(0).T for name in PARTS}


def in_place(weights):
    for w in weights:
        w *= 1.0001
    return to_torch(weights)


def not_the_last(weights):
    state = to_torch(weights)
    state["decoder.2.weight"] = weights[8]
    return state


def halved(weights):
    return {name: w.astype(np.float16) for name, w in to_torch(weights).items()}


RIGHT = [to_torch, one_by_one, by_place, by_axes]
WRONG = [
    (
        lambda weights: to_torch([each.astype("float32") for each in weights]),
        "is rounded: float32, where float64 went in",
    ),
    (as_they_are, "Keras' shape and order"),
    (where_it_does_not_fit, "the matrix is square, so no shape shows it"),
    (reshaped, "reshape does not transpose"),
    (heads_exchanged, "holds the numbers of"),
    (other_names, "missing: decoder.2.weight, decoder.2.bias"),
    (weights_alone, "missing: hidden.bias"),
    (takes_them_out, "the list that was handed in is another"),
    (in_place, "has other numbers after the call"),
    (not_the_last, "decoder.2.weight has Keras' shape"),
    (halved, "numbers"),
    (lambda weights: list(to_torch(weights).values()), "a list of 10"),
    (lambda weights: None, "returned None"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
