"""A small VAE that works as a student's does, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn


@dataclass
class Decoded:
    """One call of `decode`: clones of what came in and of what went out."""

    codes: Tensor
    answers: Tensor
    training: bool


class Record:
    """What a model was asked. A deep copy of the model goes on writing into it."""

    def __init__(self) -> None:
        self.decoded: list[Decoded] = []
        self.encoded: list[Tensor] = []

    def __deepcopy__(self, memo: dict) -> Record:
        return self


class WatchedVAE(nn.Module):
    """784 - 24 - (mu, logvar) - z - 24 - 784, trained by nobody.

    Parameters
    ----------
    latent_dim : int
    shape : sequence of int
        Of an image.
    probabilities : bool
        Whether `decode` ends in a sigmoid, or gives logits.
    spread : float
        How far mu and logvar are from 0, about. Near 0 the model is collapsed.

    """

    def __init__(
        self,
        latent_dim: int,
        shape: Sequence[int] = (784,),
        probabilities: bool = False,
        spread: float = 1.0,
    ):
        super().__init__()
        pixels = prod(shape)
        self.shape, self.probabilities = tuple(shape), probabilities
        self.hidden = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 24), nn.SiLU())
        self.mu, self.logvar = nn.Linear(24, latent_dim), nn.Linear(24, latent_dim)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 24), nn.SiLU(), nn.Linear(24, pixels)
        )
        with torch.no_grad():
            for weight, size in (
                (self.hidden[1].weight, 2 * pixels**-0.5),
                (self.mu.weight, 0.7 * spread),
                (self.logvar.weight, 0.2 * spread),
                (self.decoder[0].weight, 0.5),
                (self.decoder[2].weight, 0.2),
            ):
                weight.normal_(std=size)
            for bias, size in ((self.mu.bias, 1.0), (self.logvar.bias, 0.7)):
                bias.normal_(std=size * spread)
        self._asked = Record()

    @property
    def decoded(self) -> tuple[Decoded, ...]:
        """Every call of `decode`, by whichever way. To read: an answer may not add."""
        return tuple(self._asked.decoded)

    @property
    def encoded(self) -> tuple[Tensor, ...]:
        """What `encode` was given."""
        return tuple(self._asked.encoded)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self._asked.encoded.append(x.detach().clone())
        return self.heads(x)

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As `encode`, unseen."""
        h = self.hidden(x)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Tensor:
        answers = self.pictures(z)
        self._asked.decoded.append(
            Decoded(z.detach().clone(), answers.detach().clone(), self.training)
        )
        return answers

    def pictures(self, z: Tensor) -> Tensor:
        """As `decode`, unseen."""
        # Up to 6 all ways to write a cross-entropy are exact in 32 bits.
        answers = 6 * torch.tanh(self.decoder(z) / 6)
        if self.probabilities:
            answers = torch.sigmoid(answers)
        return answers.unflatten(-1, self.shape)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encode(x)
        z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
        return self.decode(z), mu, logvar

    def forget(self) -> Any:
        """Empty the record."""
        self._asked.decoded.clear()
        self._asked.encoded.clear()
        return self
