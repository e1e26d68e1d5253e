"""Keras' weights under lesson 03's names: ``checks.to_torch(to_torch)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from helpers.checks.arrays import read
from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays

LAYERS = ("hidden", "mu", "logvar", "decoder.0", "decoder.2")


@check("to_torch")
def to_torch(function: Callable, draw: Draw) -> None:
    """Check names, shapes and numbers; also where every kernel is square."""
    some = [draw.integer(5, 40) for _ in range(3)]
    n = draw.integer(3, 9)
    sizes = (some, (n, n, n), (n + 1, n, n), (784, n, 1), (n, n + 2, n))
    for number, (pixels, width, d) in enumerate(sizes):
        dtype = (np.float32, np.float64)[number % 2]
        _check_one(function, _weights(pixels, width, d, draw, dtype))


def _weights(pixels: int, width: int, d: int, draw: Draw, dtype) -> list[np.ndarray]:
    steps = ((pixels, width), (width, d), (width, d), (d, width), (width, pixels))
    arrays = [shape for into, out in steps for shape in ((into, out), (out,))]
    return [draw.rng.normal(size=shape).astype(dtype) for shape in arrays]


def _check_one(function: Callable, weights: list[np.ndarray]) -> None:
    right = {}
    for name, kernel, bias in zip(LAYERS, weights[::2], weights[1::2], strict=True):
        right[f"{name}.weight"], right[f"{name}.bias"] = kernel.T, bias
    given = list(weights)
    with stays(*weights):
        state = function(given)
    if len(given) != 10 or any(a is not b for a, b in zip(given, weights, strict=True)):
        raise CheckFailed(
            "after the call the list that was handed in is another",
            "it stays as it is",
            "pop(), reverse() or an assignment into the list: work on a copy",
        )
    if not isinstance(state, Mapping):
        raise CheckFailed(
            f"to_torch() returned {kind(state)}", "a dict of ten", "the `return` line"
        )
    missing = [name for name in right if name not in state]
    more = [str(name) for name in state if name not in right]
    if missing or more:
        raise CheckFailed(
            f"missing: {', '.join(missing) or 'none'}; not in lesson 03's model: "
            f"{', '.join(more) or 'none'}",
            "the ten names in the docstring",
            "the names; the decoder's layers are number 0 and 2, as a ReLU is number 1",
        )
    found = {
        name: read(state[name], f"to_torch()[{name!r}]", tensors=False)
        for name in right
    }
    for name, wanted in right.items():
        _compare(name, found[name], wanted, right)


def _compare(
    name: str, seen: np.ndarray, wanted: np.ndarray, right: dict[str, np.ndarray]
) -> None:
    if seen.shape == wanted.shape and np.array_equal(seen, wanted):
        if seen.dtype != wanted.dtype:
            raise CheckFailed(
                f"{name} is {seen.dtype}", f"{wanted.dtype}, as it was", "astype"
            )
        return
    if seen.shape == wanted.T.shape and np.array_equal(seen, wanted.T):
        raise CheckFailed(
            f"{name} has Keras' shape and order, {seen.shape}"
            + ": the matrix is square, so no shape shows it"
            * (wanted.shape == wanted.T.shape),
            f"the transpose, {wanted.shape}: nn.Linear computes x @ weight.T",
            "kernel.T, for each of the five kernels",
        )
    if sorted(seen.ravel()) == sorted(wanted.ravel()):
        what = "has its numbers in another order"
        look = "reshape does not transpose: kernel.T does; a bias stays as it is"
    elif same := [
        other
        for other, array in right.items()
        if np.array_equal(array, seen) or np.array_equal(array.T, seen)
    ]:
        what = f"holds the numbers of {same[0]}"
        look = "the order of the ten: the encoder's 512, mu, logvar, decoder, logits"
    elif seen.shape == wanted.shape and np.allclose(seen, wanted, 1e-6, 1e-7):
        what = f"is rounded: {seen.dtype}, where {wanted.dtype} went in"
        look = "astype, float32 or another fixed type: leave it out"
    elif seen.shape != wanted.shape:
        what, look = f"has shape {seen.shape}", f"shape {wanted.shape} is wanted"
    else:
        what, look = "has other numbers", "the weights as they are: nothing is computed"
    raise CheckFailed(
        f"{name} {what}", "the same numbers, transposed if a kernel", look
    )
