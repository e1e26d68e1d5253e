"""Right and wrong answers to `latent_grid`, lesson 05."""

import itertools

import numpy as np
import torch

from helpers.checks import lesson05 as checks
from tests.checks.trial import trial

CHECK = checks.latent_grid
NAMES = ("latent_grid",)


def quantiles(count):
    return torch.special.ndtri((torch.arange(count) + 0.5) / count)


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


def grid_without_indexing(count):
    q = quantiles(count)
    z2, z1 = torch.meshgrid(q.flip(0), q)  # PyTorch warns
    return torch.stack([z1.flatten(), z2.flatten()], 1)


def grid_by_expand(count):
    q = quantiles(count)
    z = torch.empty(count, count, 2)
    z[..., 0] = q
    z[..., 1] = -q[:, None]
    return z.view(-1, 2)


def grid_by_index(count):
    q = quantiles(count)
    i = torch.arange(count * count)
    return torch.column_stack([q[i % count], q[count - 1 - i // count]])


def grid_by_itertools(count):
    q = [float(v) for v in quantiles(count)]
    pairs = itertools.product(sorted(q, reverse=True), q)
    return torch.tensor([(z1, z2) for z2, z1 in pairs], dtype=torch.float64)


def snake(count):
    rows = grid(count).reshape(count, count, 2)
    rows[1::2] = rows[1::2].flip(1)
    return rows.reshape(-1, 2)


def odd_only(count):
    half = count // 2
    q = quantiles(2 * half + 1)
    return torch.cartesian_prod(q.flip(0), q).flip(1)


RIGHT = [
    grid,
    grid_by_hand,
    grid_by_loops,
    grid_by_product,
    grid_by_numpy,
    grid_without_indexing,
    grid_by_expand,
    grid_by_index,
    grid_by_itertools,
]
WRONG = [
    (lambda n: grid(15), "225 = 15^2"),
    (lambda n: grid(n) * torch.tensor([1, -1]), "flip z_2"),
    (lambda n: grid(n) * torch.tensor([-1, 1]), "falls from left"),
    (lambda n: -grid(n), "falls from left"),
    (lambda n: grid(n).flip(1), "swapped"),
    (
        lambda n: grid(n).reshape(n, n, 2).transpose(0, 1).reshape(-1, 2),
        "row to row",
    ),
    (
        lambda n: torch.cartesian_prod(
            torch.linspace(-2, 2, n), torch.linspace(-2, 2, n)
        ),
        "positions",
    ),
    (
        lambda n: torch.cartesian_prod(
            torch.linspace(2, -2, n), torch.linspace(-2, 2, n)
        ).flip(1),
        "positions",
    ),
    (lambda n: torch.special.ndtr(grid(n)), "positions"),
    (snake, "row by row"),
    (lambda n: grid(n)[torch.randperm(n * n)], "row by row"),
    (
        lambda n: torch.stack([quantiles(n).repeat(n), quantiles(n).repeat(n)], 1),
        "z_2",
    ),
    (lambda n: quantiles(n)[:, None].repeat(n, 2), "z_1"),
    (lambda n: grid(n).T, "shape"),
    (
        lambda n: torch.meshgrid(quantiles(n), quantiles(n), indexing="xy"),
        "not a tensor",
    ),
    (lambda n: grid(n).reshape(n, n, 2), "shape"),
    (lambda n: grid(n).tolist(), "not a tensor"),
    (
        lambda n: torch.stack(
            torch.meshgrid(quantiles(n), quantiles(n), indexing="xy")
        ).reshape(-1, 2),
        "row by row",
    ),
    (lambda n: grid(15), "shape"),
    (odd_only, "shape"),
    (lambda n: grid(n).mul(100).round() / 100, "rounded"),
    (
        lambda n: torch.stack(
            [
                quantiles(n).repeat(n),
                torch.linspace(2, -2, n).repeat_interleave(n),
            ],
            1,
        ),
        "positions",
    ),
    (lambda n: None, "return"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
