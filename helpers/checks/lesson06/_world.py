"""A world where everything is known, as a model of whose codes notes are taken."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from helpers.checks.failure import CheckFailed
from helpers.checks.lesson06._weights import log_density
from helpers.checks.messages import kind
from helpers.checks.records import Recorded, notes_of


class World(Recorded):
    """x ~ N(W z + b, noise^2 I), W's columns at right angles: a diagonal posterior.

    Parameters
    ----------
    pixels, size : int
        Of x and of z.
    exact : bool
        Whether the encoder is the posterior, or one that is wrong in its own way for
        each image.
    noise : float
        Where it is small, densities are large, and their logarithms positive.
    """

    def __init__(self, pixels: int, size: int, exact: bool = False, noise: float = 1.0):
        super().__init__()
        self.noise = noise
        lengths = 0.5 + 1.5 * torch.rand(size)
        W = torch.linalg.qr(torch.randn(pixels, size))[0] * lengths
        b, variance = torch.randn(pixels), 1 / (1 + lengths**2 / noise**2)
        A = variance[:, None] * W.T / noise**2
        self.W, self.b = nn.Parameter(W), nn.Parameter(b)
        self.mu = nn.Linear(pixels, size)
        self.logvar = nn.Linear(pixels, size)
        with torch.no_grad():
            self.mu.weight.copy_(A)
            self.mu.bias.copy_(-A @ b)
            self.logvar.weight.zero_()
            self.logvar.bias.copy_(variance.log())
            if not exact:
                self.mu.weight.add_(0.1 * torch.randn_like(A))
                self.logvar.weight.add_(0.15 * torch.randn_like(A))
                self.logvar.bias.add_(torch.randn(size))

    def images(self, *shape: int) -> Tensor:
        """Draw x from the world itself."""
        z = torch.randn(*shape, self.W.shape[1])
        with torch.no_grad():
            noise = self.noise * torch.randn(*shape, len(self.b))
            return z @ self.W.T + self.b + noise

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return heads(self, x)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        size = self.W.shape[1]
        if not isinstance(z, Tensor) or z.shape[-1:] != (size,):
            raise CheckFailed(
                f"log_likelihood(x, z) was given {kind(z)} as z",
                f"codes of {size} numbers each, shape (k, ..., {size})",
                "the order of its arguments, x and then z, and the shape of z",
            )
        notes_of(self).append(z.detach().clone())
        return likelihood(self, x, z)


# No methods: a model of the course has none by which an answer is not seen.
def heads(model: World, x: Tensor) -> tuple[Tensor, Tensor]:
    """As `encode`, unseen."""
    return model.mu(x), model.logvar(x)


def likelihood(model: World, x: Tensor, z: Tensor) -> Tensor:
    """As `log_likelihood`, unseen."""
    x_hat = z @ model.W.T + model.b
    return log_density(x, x_hat, torch.tensor(2 * math.log(model.noise))).to(z.dtype)


def log_p(model: World, x: Tensor) -> Tensor:
    """log p(x) in closed form, float64."""
    W, b = model.W.detach().double(), model.b.detach().double()
    covariance = W @ W.T + model.noise**2 * torch.eye(len(b)).double()
    return torch.distributions.MultivariateNormal(b, covariance).log_prob(x.double())
