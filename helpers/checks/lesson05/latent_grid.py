"""Lesson 05, exercise 2: a square grid of codes."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.lesson05._arrays import decimals, quantiles, want_floats
from helpers.checks.messages import apart


@check("latent_grid", uses=("normal_quantiles",))
def latent_grid(function: Callable, draw: Draw) -> None:
    """Check the order and the spacing of a square grid of codes."""
    few = draw.integer(3, 7)
    for count in (few, few + 1, 1, 2, draw.integer(21, 26)):
        z = function(count)
        look = "one row for each tile, (count * count, 2): stack and reshape"
        rows = len(z) if isinstance(z, Tensor) and z.shape[1:] == (2,) else 0
        if (root := math.isqrt(rows)) ** 2 == rows and root not in (0, count):
            look = f"{rows} = {root}^2: is a number written in place of `count`?"
        z = want_floats(z, (count * count, 2), f"latent_grid({count})", look)
        _in_order(z, count)


def _in_order(z: Tensor, count: int) -> None:
    q = quantiles(count)
    z1, z2 = z.reshape(count, count, 2).unbind(-1)
    right = q.expand(count, count)  # rising along each row
    up = q.flip(0)[:, None].expand(count, count)  # largest in the first row
    off = (torch.stack([right, up], -1).reshape(-1, 2) - z).abs()
    if bool((off < 1e-5).all()):
        return
    worst = int(off.amax(1).argmax())
    column = int(off[worst].argmax())
    row, place = divmod(worst, count)
    seen, expected = apart(z[worst, column], (right, up)[column][row, place])
    raise CheckFailed(
        f"latent_grid({count})[{worst}], the tile of row {row + 1} and column "
        f"{place + 1}, has z_{column + 1} = {seen}",
        f"z_{column + 1} = {expected} there",
        _mistake(z1, z2, right, up, q),
    )


def _mistake(z1: Tensor, z2: Tensor, right: Tensor, up: Tensor, q: Tensor) -> str:
    """Where to look, from the numbers."""

    def same(a: Tensor, b: Tensor) -> bool:
        return torch.allclose(a, b, atol=1e-5)

    if same(z1, right) and same(z2, up.flip(0)):
        return "z_2 rises downwards; the first row of a picture is its top: flip z_2"
    if same(z1, up) and same(z2, right):
        return "the two columns are swapped: z_1 comes first"
    if same(z1, right.T):
        return "z_1 changes from row to row; it should change along a row"
    if same(z1, right.flip(1)):
        return "z_1 falls from left to right; it should rise"
    if same(z1, right) and same(z2, right):
        return "z_2 changes along a row, as z_1 does; it should change after a row"
    places = torch.stack([z1, z2]).flatten()
    if bool(((places[:, None] - q).abs().amin(1) < 1e-5).all()):
        return "the order: row by row, z_1 changes from tile to tile, z_2 after a row"
    rounded = decimals(places)
    if rounded is not None and torch.allclose(z1, right, atol=0.06):
        return f"the numbers are rounded to {rounded} decimal places"
    return "the positions on each axis: normal_quantiles(count)"
