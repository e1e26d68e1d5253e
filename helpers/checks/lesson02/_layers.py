"""Models with other weights: how a check finds out what stands between layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.checks.draws import seeded
from helpers.checks.modules import copied, sides_of, with_plain_weights


def _repeatably(f: Callable[[nn.Module], Tensor], model: nn.Module) -> Tensor:
    with seeded(0):  # the same dropout each time
        return f(model).detach().double()


def matrices(model: nn.Module) -> list[Tensor]:
    """The weight matrices; not what has one row, such as a bias."""
    return [p for p in model.parameters() if len(sides_of(p.shape)) == 2]


def with_random_weights(model: nn.Module) -> nn.Module:
    """A copy with weights of our own, as after some training."""
    model = with_plain_weights(model)
    with torch.no_grad():
        for p in model.parameters():
            if len(sides_of(p.shape)) == 2:
                p.copy_(2 * (2 / sum(p.shape)) ** 0.5 * torch.randn_like(p))
            else:
                p.add_(0.3 * torch.randn_like(p))
    return model


def scaled(model: nn.Module, widths: tuple[int, int], factor: float) -> nn.Module:
    """A copy whose matrices between two widths are multiplied by a factor."""
    other = copied(model)
    with torch.no_grad():
        for p in matrices(other):
            if sides_of(p.shape) == tuple(sorted(widths)):
                p.mul_(factor)
    return other


@torch.no_grad()
def ends_linear(
    model: nn.Module, widths: tuple[int, int], f: Callable[[nn.Module], Tensor]
) -> bool:
    """Whether f grows in equal steps with the matrices between two widths.

    If those are the last layer, its output does. A bend after it shows.
    """
    other, values = copied(model), []
    starts = [
        (p, p.clone())
        for p in matrices(other)
        if sides_of(p.shape) == tuple(sorted(widths))
    ]
    for factor in (0, 1, 2, -1):
        for p, start in starts:
            p.copy_(factor * start)
        values.append(_repeatably(f, other))
    zero, *values = values
    once, twice, back = (value - zero for value in values)
    allowed = 0.01 * once.abs().max()
    off = max((twice - 2 * once).abs().max(), (back + once).abs().max())
    return bool(off <= allowed)
