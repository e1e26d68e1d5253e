"""A small VAE that works as a student's does, and remembers what it was asked."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.checks.records import Recorded, notes_of


@dataclass
class Decoded:
    """One call of `decode`: a clone of what came in."""

    codes: Tensor
    training: bool


@dataclass
class Encoded:
    """One call of `encode`."""


class WatchedVAE(Recorded):
    """784 - 24 - (mu, logvar) - z - 24 - 784, trained by nobody.

    Parameters
    ----------
    latent_dim : int
    spread : float
        How far mu and logvar are from 0, about. Near 0 the model is collapsed.

    """

    def __init__(self, latent_dim: int, spread: float = 1.0):
        super().__init__()
        self.hidden = nn.Sequential(nn.Flatten(), nn.Linear(784, 24), nn.SiLU())
        self.mu, self.logvar = nn.Linear(24, latent_dim), nn.Linear(24, latent_dim)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 24), nn.SiLU(), nn.Linear(24, 784)
        )
        with torch.no_grad():
            for weight, size in (
                (self.hidden[1].weight, 2 / 28),
                (self.mu.weight, 0.7 * spread),
                (self.logvar.weight, 0.2 * spread),
                (self.decoder[0].weight, 0.5),
                (self.decoder[2].weight, 0.2),
            ):
                weight.normal_(std=size)
            for bias, size in ((self.mu.bias, 1.0), (self.logvar.bias, 0.7)):
                bias.normal_(std=size * spread)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        notes_of(self).append(Encoded())
        return heads(self, x)

    def decode(self, z: Tensor) -> Tensor:
        answers = pictures(self, z)
        notes_of(self).append(Decoded(z.detach().clone(), self.training))
        return answers

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encode(x)
        z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
        return self.decode(z), mu, logvar


# No methods: a model of the course has none by which an answer is not seen.
def heads(model: WatchedVAE, x: Tensor) -> tuple[Tensor, Tensor]:
    """As `encode`, unseen."""
    h = model.hidden(x)
    return model.mu(h), model.logvar(h)


def pictures(model: WatchedVAE, z: Tensor) -> Tensor:
    """As `decode`, unseen."""
    answers = model.decoder(z)
    # Up to 6 all ways to write a cross-entropy are exact in 32 bits.
    return answers / (1 + answers.abs() / 6)


def decoded(model: WatchedVAE) -> list[Decoded]:
    """Every call of its `decode`, by whichever way."""
    return [note for note in notes_of(model) if isinstance(note, Decoded)]
