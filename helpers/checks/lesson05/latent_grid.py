"""Lesson 05, exercise 2: a square grid of codes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson05._arrays import short
from helpers.checks.modules import undisturbed


@check("latent_grid")
@undisturbed
def latent_grid(function: Callable) -> None:
    """Check the order and the spacing of a square grid of codes."""
    count = 5
    z = function(count)
    want_tensor(
        z,
        (count * count, 2),
        f"latent_grid({count})",
        "one row for each tile, (count * count, 2): stack and reshape",
    )
    q = torch.special.ndtri((torch.arange(count) + 0.5) / count)
    table = z.reshape(count, count, 2).float()
    z1, z2 = table[..., 0], table[..., 1]
    right = q.expand(count, count)  # rising along each row
    up = q.flip(0)[:, None].expand(count, count)  # largest in the first row
    if torch.allclose(z1, right, atol=1e-4) and torch.allclose(z2, up, atol=1e-4):
        return
    if torch.allclose(z1, right, atol=1e-4) and torch.allclose(
        z2, up.flip(0), atol=1e-4
    ):
        look = "z_2 rises downwards; the first row of a picture is its top: flip z_2"
    elif torch.allclose(z1, up, atol=1e-4) and torch.allclose(z2, right, atol=1e-4):
        look = "the two columns are swapped: z_1 comes first"
    elif torch.allclose(z1, right.T, atol=1e-4):
        look = "z_1 changes from row to row; it should change along a row"
    elif torch.allclose(z1, right.flip(1), atol=1e-4):
        look = "z_1 falls from left to right; it should rise"
    else:
        look = "the order: row by row, z_1 changes from tile to tile, z_2 after a row"
        places = z.float().flatten().unique()
        if len(places) != count or not torch.allclose(places, q, atol=1e-4):
            look = "the positions on each axis: normal_quantiles(count)"
    raise CheckFailed(
        f"the first tile is at {short(z[0])}, the last of the first row at "
        f"{short(z[count - 1])}, the last of all at {short(z[-1])}",
        f"{short([q[0], q[-1]])} at the top left, {short([q[-1], q[-1]])} at the top "
        f"right, {short([q[-1], q[0]])} at the bottom right",
        look,
    )
