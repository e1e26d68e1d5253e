"""One step of Adam in two forms: ``checks.adam_step(adam_step)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np

from helpers.checks.arrays import close, read
from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.messages import apart, is_sequence

FORMS = ("torch", "keras")


@check("adam_step")
def adam_step(function: Callable, draw: Draw) -> None:
    """Check theta, m and v after a step against both forms in 64 bits."""
    steps = (1, 2, draw.integer(3, 30), draw.integer(500, 5_000))
    # Many weights first: of a single one, an epsilon cannot be told.
    shapes = ((97, 3), (draw.integer(2, 9),), (3, 4, 5), (), (1,))
    for number, (t, epsilon, form) in enumerate(
        product(steps, (0, 1e-8, 1e-7, float(draw.rng.uniform(1e-3, 1e-2))), FORMS)
    ):
        rate = float(draw.rng.uniform(1e-4, 1e-1))
        arrays = _arrays(shapes[number % len(shapes)], t, draw)
        _check_one(function, arrays, t, rate, epsilon, form, 1e-7)
    arrays = _arrays((7,), 3, draw)
    arrays[1] = 0 * arrays[1]  # without a gradient m and v fade, and theta moves on
    for form in FORMS:
        _check_one(function, arrays, 3, 0.01, 1e-8, form, 1e-7)
    arrays = [each.astype(np.float32) for each in _arrays((50,), 3, draw)]
    for form in FORMS:
        _check_one(function, arrays, 3, 0.01, 1e-7, form, 1e-3)


def _arrays(shape: tuple[int, ...], t: int, draw: Draw) -> list[np.ndarray]:
    """theta, g, m, v; gradients of all sizes, none of them 0."""
    size = 10.0 ** draw.rng.uniform(-5, 2, shape)
    sign = draw.rng.choice([-1.0, 1.0], shape)
    g = sign * size
    first = t == 1
    m = 0 * g if first else g * draw.rng.uniform(-0.5, 1.0, shape)
    v = 0 * g if first else g**2 * draw.rng.uniform(0.001, 1.5, shape)
    theta = 0.01 * draw.rng.normal(size=shape)
    return [np.asarray(each) for each in (theta, g, m, v)]


def stepped(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    learning_rate: float,
    epsilon: float,
    form: str,
) -> dict[str, np.ndarray]:
    """Weights and running means after a step, in 64 bits."""
    theta, g, m, v = (np.asarray(each, np.float64) for each in (theta, g, m, v))
    m, v = m + 0.1 * (g - m), v + 0.001 * (g**2 - v)
    one, two = 1 - 0.9**t, 1 - 0.999**t
    if form == "torch":
        step = (m / one) / (np.sqrt(v / two) + epsilon)
    else:
        step = np.sqrt(two) / one * m / (np.sqrt(v) + epsilon)
    return {"theta": theta - learning_rate * step, "m": m, "v": v}


def _check_one(
    function: Callable,
    arrays: list[np.ndarray],
    t: int,
    rate: float,
    epsilon: float,
    form: str,
    tolerance: float,
) -> None:
    with stays(*arrays):
        result = function(*arrays, t, rate, epsilon, form)
    if not is_sequence(result) or len(result) != 3:
        raise CheckFailed(
            f"adam_step() returned {kind(result)}",
            "three arrays: theta, m, v",
            "the `return` line",
        )
    right = stepped(*arrays, t, rate, epsilon, form)
    shape = arrays[0].shape
    seen = {}
    for name, value in zip(right, result, strict=True):
        seen[name] = read(value, f"{name} from adam_step()", tensors=False)
        if seen[name].shape != shape:
            raise CheckFailed(
                f"{name} has shape {seen[name].shape}",
                f"{shape}, as before the step",
                "a sum or mean: each weight has a step of its own",
            )
    at = f'at t = {t}, epsilon = {epsilon:.3g}, form "{form}"'
    for name in ("m", "v"):
        known = _mean_mistakes(arrays, t)[name]
        _compare(name, seen[name], right[name], known, at, tolerance)
    # The step itself, which a comparison of theta would drown in theta.
    theta = np.asarray(arrays[0], float)
    moved, wanted = theta - seen["theta"], theta - right["theta"]
    known = _step_mistakes(arrays, t, rate, epsilon, form)
    other = _other_epsilon(arrays, t, rate, form, moved)
    name = "theta before - after"
    _compare(name, moved, wanted, known, at, tolerance, rare=other)


def _compare(
    name: str,
    seen: np.ndarray,
    right: np.ndarray,
    known: Mapping[str, np.ndarray],
    at: str,
    tolerance: float,
    rare: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Entry by entry: a step of any size must be right.

    Of `known`, all mistakes that fit are named; of `rare`, where none of these does.
    """

    def fits(value: np.ndarray, room: float) -> bool:
        # theta itself has 16 digits: a tiny step has fewer.
        with np.errstate(invalid="ignore"):
            return bool((np.abs(seen - value) <= room * np.abs(value) + 1e-15).all())

    if fits(right, tolerance):
        return
    names = []
    for mistakes in (known, rare or {}):
        names = names or [
            why
            for why, value in mistakes.items()
            if fits(value, 10 * tolerance) and not close(value, right, 1e-9)
        ]
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.nan_to_num(np.abs(seen / right - 1), nan=np.inf)
    place = np.unravel_index(int(off.argmax()), off.shape)
    texts = apart(float(seen[place]), float(right[place]))
    raise CheckFailed(
        f"{at}: {name} is {texts[0]}",
        texts[1],
        "; or ".join(names[:3]) or "the formula of this form, term by term",
    )


def _mean_mistakes(arrays: list[np.ndarray], t: int) -> dict[str, dict]:
    _, g, m, v = (np.asarray(each, np.float64) for each in arrays)
    right = stepped(*arrays, t, 0, 1, "torch")
    cut = {
        f"a limit on the gradients (here {limit:.3g}): they count as they are": limit
        for limit in (1, 5, 10)
    }
    return {
        "m": {
            "0.9 and 0.1 are exchanged": 0.1 * m + 0.9 * g,
            "m is returned corrected: m itself stays uncorrected": right["m"]
            / (1 - 0.9**t),
            "0.999 where 0.9 belongs": 0.999 * m + 0.001 * g,
            "g is added whole: (1 - beta_1) is missing": 0.9 * m + g,
            "m as it was before the step": m,
            "g is squared": 0.9 * m + 0.1 * g**2,
            **{why: 0.9 * m + 0.1 * np.clip(g, -top, top) for why, top in cut.items()},
            "m and v are exchanged in the `return` line": right["v"],
        },
        "v": {
            "0.999 and 0.001 are exchanged": 0.001 * v + 0.999 * g**2,
            "v is returned corrected: v itself stays uncorrected": right["v"]
            / (1 - 0.999**t),
            "0.9 where 0.999 belongs": 0.9 * v + 0.1 * g**2,
            "g is not squared": 0.999 * v + 0.001 * g,
            "g^2 is added whole: (1 - beta_2) is missing": 0.999 * v + g**2,
            "v as it was before the step": v,
            "v never falls: a maximum of it and of what was": np.maximum(v, right["v"]),
            "m is squared, not g": 0.999 * v + 0.001 * right["m"] ** 2,
            "m and v are exchanged in the `return` line": right["m"],
        },
    }


def _step_mistakes(
    arrays: list[np.ndarray], t: int, rate: float, epsilon: float, form: str
) -> dict[str, np.ndarray]:
    theta, g, m, v = (np.asarray(each, np.float64) for each in arrays)

    def step(t: int = t, epsilon: float = epsilon, form: str = form) -> np.ndarray:
        return theta - stepped(*arrays, t, rate, epsilon, form)["theta"]

    name, other = {"torch": ("Keras'", "keras"), "keras": ("PyTorch's", "torch")}[form]
    m1, v1 = m + 0.1 * (g - m), v + 0.001 * (g**2 - v)
    one, two = 1 - 0.9**t, 1 - 0.999**t
    if form == "torch":
        root, above, below = "v_hat", m1 / one, v1 / two
    else:
        root, above, below = "v", np.sqrt(two) / one * m1, v1
    inside = rate * above / np.sqrt(below + epsilon)
    limited = rate * above / np.maximum(np.sqrt(below), epsilon)
    with np.errstate(all="ignore"):
        return {
            f"that is {name} form": step(form=other),
            "the sign: the step goes against the gradient": -step(),
            "epsilon is left out": step(epsilon=0),
            "epsilon is a lower limit of the root; it is added to the root": limited,
            "t is one too large: the first step is number 1": step(t=t + 1),
            "t is one too small": step(t=max(t - 1, 1)),
            "m and v are not corrected": rate * m1 / (np.sqrt(v1) + epsilon),
            "v is not corrected": rate * m1 / one / (np.sqrt(v1) + epsilon),
            "m is not corrected": rate * m1 / (np.sqrt(v1 / two) + epsilon),
            f"epsilon stands inside the root, sqrt({root} + epsilon), where "
            f"sqrt({root}) + epsilon is meant": inside,
            "the root is missing": rate * (m1 / one) / (v1 / two + epsilon),
            "the learning rate is left out": step() / rate,
            "the gradient itself, not m": rate * g / (np.sqrt(v1 / two) + epsilon),
            "m and v from before the step": rate
            * (m / one)
            / (np.sqrt(v / two) + epsilon),
        }


def _other_epsilon(
    arrays: list[np.ndarray], t: int, rate: float, form: str, moved: np.ndarray
) -> dict[str, np.ndarray]:
    """The step with the epsilon that most weights have moved by, if there is one."""
    if moved.size < 2:  # any step of a single weight fits some epsilon
        return {}
    theta, g, m, v = (np.asarray(each, np.float64) for each in arrays)
    m, v = m + 0.1 * (g - m), v + 0.001 * (g**2 - v)
    one, two = 1 - 0.9**t, 1 - 0.999**t
    above = m / one * (1 if form == "torch" else np.sqrt(two))
    root = np.sqrt(v / two if form == "torch" else v)
    with np.errstate(all="ignore"):
        found = float(np.median(rate * above / moved - root))
    if not 1e-12 < found < np.inf:
        return {}
    why = (
        f"the numbers fit epsilon = {found:.3g}: is it written in, limited or replaced"
    )
    return {why: theta - stepped(*arrays, t, rate, found, form)["theta"]}
