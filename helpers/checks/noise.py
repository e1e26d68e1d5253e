"""What is wrong with noise, whatever its mean and spread."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def hang_together(noise: Tensor) -> bool:
    """Whether numbers of a row, or of a column, have something in common.

    Means of rows of independent numbers vary as little as their length allows.
    """
    noise = noise.detach().double()
    noise = (noise - noise.mean()) / noise.std()
    return not all(
        (each.mean(1).var() * each.shape[1] - 1).abs() <= 8 * (2 / len(each)) ** 0.5
        for each in (noise, noise.T)
    )


def cut_off(noise: Tensor) -> float:
    """The limit that a share of the numbers lies at, up to the sign; 0 if none does.

    The other numbers differ from each other, as those that are repeated do not.
    """
    sizes = noise.detach().abs().flatten()
    most = int((sizes == sizes.max()).sum())
    if most <= max(2, 0.02 * len(sizes)):
        return 0.0
    counts = sizes.unique(return_counts=True)[1]
    others = len(sizes) - most
    limited = most == int(counts.max()) and len(counts) - 1 > 0.9 * others > 0
    return sizes.max().item() if limited else 0.0


def tails(noise: Tensor) -> float:
    """The fourth moment in standard units: normal 3, uniform 1.8."""
    noise = noise.detach().double()
    return (((noise - noise.mean()) / noise.std()) ** 4).mean().item()


def follows(draws: Sequence[Tensor]) -> bool:
    """Whether the noise of a call has something in common with that of the one before.

    Parameters
    ----------
    draws : sequence of Tensor
        Noise of calls in a row, of one shape, a thousand numbers or more.
    """
    rows = torch.stack([each.detach().double().flatten() for each in draws])
    rows = rows - rows.mean(1, keepdim=True)
    rows = rows / rows.norm(dim=1, keepdim=True)
    alike = (rows[1:] * rows[:-1]).sum(1).abs()
    return bool((alike > 6 / rows.shape[1] ** 0.5).any())
