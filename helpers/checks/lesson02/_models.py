"""What the checks of lesson 02 share: pictures and a little autoencoder."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

PIXELS = 784


def random_images(
    count: int, seed: int = 0, low: float = 0.0, high: float = 1.0
) -> Tensor:
    """Random pictures (count, 784) that do not touch the notebook's random state."""
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(count, PIXELS, generator=generator)


class Small(nn.Module):
    """A little autoencoder that remembers how it was called."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.w = nn.Parameter(0.1 * torch.randn(PIXELS, 3, generator=generator))
        self.v = nn.Parameter(1.0 * torch.randn(3, PIXELS, generator=generator))
        self.dropout = nn.Dropout(dropout)
        self.modes: list[tuple[bool, bool]] = []

    def encode(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.w)

    def decode(self, z: Tensor) -> Tensor:
        self.modes.append((self.training, torch.is_grad_enabled()))
        return torch.sigmoid(self.dropout(z) @ self.v)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


def movement(before: Mapping[str, Tensor], model: nn.Module) -> Tensor:
    """How far each weight has gone downhill."""
    after = model.state_dict()
    return torch.cat([(before[name] - after[name]).flatten() for name in before])
