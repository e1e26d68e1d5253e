"""Right and wrong answers to `latent_grid`, lesson 05."""

import numpy as np
import pytest
import torch

from helpers.checks import lesson05 as checks
from tests.checks.lesson05 import _tries
from tests.checks.lesson05._tries import quantiles


def grid(count):
    q = quantiles(count)
    z2, z1 = torch.meshgrid(q.flip(0), q, indexing="ij")
    return torch.stack([z1, z2], dim=-1).reshape(-1, 2)


def grid_by_hand(count):
    q = quantiles(count)
    return torch.stack(
        [q.repeat(count), q.flip(0).repeat_interleave(count)], dim=1
    ).double()


def grid_by_loops(count):
    q = quantiles(count).tolist()
    return torch.tensor([[a, b] for b in reversed(q) for a in q])


def grid_by_product(count):
    q = quantiles(count)
    return torch.cartesian_prod(q.flip(0), q)[:, [1, 0]]


def grid_by_numpy(count):
    q = quantiles(count).double().numpy()
    return torch.from_numpy(np.stack([m.ravel() for m in np.meshgrid(q, -q)], axis=1))


def snake(count):
    rows = grid(count).reshape(count, count, 2)
    rows[1::2] = rows[1::2].flip(1)
    return rows.reshape(-1, 2)


RIGHT = {
    "meshgrid": grid,
    "repeat": grid_by_hand,
    "loops": grid_by_loops,
    "product": grid_by_product,
    "numpy, xy": grid_by_numpy,
}
WRONG = {
    "upside down": (lambda n: grid(n) * torch.tensor([1, -1]), "flip z_2"),
    "mirrored": (lambda n: grid(n) * torch.tensor([-1, 1]), "falls from left"),
    "columns swapped": (lambda n: grid(n).flip(1), "swapped|row to row"),
    "transposed": (
        lambda n: grid(n).reshape(n, n, 2).transpose(0, 1).reshape(-1, 2),
        "row to row",
    ),
    "equal steps": (
        lambda n: torch.cartesian_prod(
            torch.linspace(-2, 2, n), torch.linspace(-2, 2, n)
        ),
        "positions",
    ),
    "snake": (snake, "row by row"),
    "both repeat": (
        lambda n: torch.stack([quantiles(n).repeat(n), quantiles(n).repeat(n)], 1),
        "row by row",
    ),
    "transposed pairs": (lambda n: grid(n).T, "shape"),
    "meshgrid's tuple": (
        lambda n: torch.meshgrid(quantiles(n), quantiles(n), indexing="xy"),
        "not a tensor",
    ),
    "a square table": (lambda n: grid(n).reshape(n, n, 2), "shape"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    _tries.passes_always(checks.latent_grid, RIGHT[variant], capsys)


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    _tries.is_named(checks.latent_grid, *WRONG[variant])


def test_random_numbers_stay_where_they_were():
    _tries.leaves_random_numbers(checks.latent_grid, next(iter(RIGHT.values())))


def test_a_stub_stays_a_stub():
    _tries.is_a_stub(checks.latent_grid)
