"""What the checks of lesson 02 share: pictures, and an autoencoder that takes notes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.checks.records import Recorded, notes_of

PIXELS = 784


def pictures(count: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Random images (count, 784), pixels between low and high."""
    return low + (high - low) * torch.rand(count, PIXELS)


@dataclass
class Call:
    """How a model was called."""

    x: Tensor
    training: bool
    gradients: bool


class Small(Recorded):
    """A little autoencoder with dropout; how it was called is noted.

    Parameters
    ----------
    dropout : float
        Share of the code that is dropped while training.
    size : int
        Numbers of a code.
    """

    def __init__(self, dropout: float = 0.0, size: int = 3):
        super().__init__()
        self.encoder = nn.Linear(PIXELS, size)
        self.decoder = nn.Linear(size, PIXELS)
        self.dropout = nn.Dropout(dropout)
        for matrix, gain in ((self.encoder.weight, 0.1), (self.decoder.weight, 1.0)):
            nn.init.normal_(matrix, std=gain)

    def encode(self, x: Tensor) -> Tensor:
        """Images (..., 784) to codes (..., size)."""
        training = any(module.training for module in self.modules())
        learns = any(p.requires_grad for p in self.parameters())
        gradients = torch.is_grad_enabled() and learns
        notes_of(self).append(Call(x.detach().clone(), training, gradients))
        return torch.tanh(self.encoder(x - 0.5))

    def decode(self, z: Tensor) -> Tensor:
        """Codes (..., size) to images (..., 784)."""
        return torch.sigmoid(self.decoder(self.dropout(z)))

    def forward(self, x: Tensor) -> Tensor:
        """Images to images."""
        return self.decode(self.encode(x))
