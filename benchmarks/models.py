"""The VAE that is timed, with the loss as in the lessons and as in textbooks."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn


class VAE(nn.Module):
    """784 - widths - (mu, logvar) - z - widths backwards - 784 logits, with ReLU."""

    def __init__(self, widths: tuple[int, ...], latent_dim: int):
        super().__init__()
        steps, back = [], []
        for wide, narrow in pairwise([784, *widths]):
            steps += [nn.Linear(wide, narrow), nn.ReLU()]
            back = [nn.ReLU(), nn.Linear(narrow, wide), *back]
        self.hidden = nn.Sequential(*steps)
        self.mu = nn.Linear(widths[-1], latent_dim)
        self.logvar = nn.Linear(widths[-1], latent_dim)
        self.decoder = nn.Sequential(nn.Linear(latent_dim, widths[-1]), *back)

    def forward(self, x):
        """Take x (B, 784) to logits (B, 784), mu (B, d), logvar (B, d); z sampled."""
        h = self.hidden(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)  # (B, d)
        return self.decoder(z), mu, logvar


def vae_loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Mean over images of BCE + KL in nats, written as in lessons 03 and 05."""
    logits, mu, logvar = model(x)
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp())  # (B, d)
    return (pixels.sum(dim=1) + kl.sum(dim=1)).mean()


def textbook_loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The same figure from probabilities, the way most tutorials write it."""
    logits, mu, logvar = model(x)
    x_hat = torch.sigmoid(logits)  # (B, 784)
    bce = F.binary_cross_entropy(x_hat, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + kl) / len(x)
