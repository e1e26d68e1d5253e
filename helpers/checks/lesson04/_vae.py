"""A small VAE, in place of the notebook's, that tells how it was called."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from helpers.checks import losses, tensors
from helpers.checks.base import CheckFailed
from helpers.checks.messages import apart
from helpers.checks.modules import explained
from helpers.checks.records import Recorded, notes_of


class Encode(nn.Module):
    """Images (B, 1, 28, 28) to mu and logvar, (B, d), with a batch norm on the way."""

    def __init__(self, latent_dim: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 28), nn.Flatten(), nn.BatchNorm1d(12), nn.Tanh()
        )
        self.mu = nn.Linear(12, latent_dim)
        self.logvar = nn.Linear(12, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.body(x)
        return self.mu(h), self.logvar(h)


class Model(Recorded):
    """As the notebook's model, but that each image has a code of its own, not a draw.

    Parameters
    ----------
    latent_dim : int
    loud : float
        How large mu and logvar are, about.
    """

    def __init__(self, latent_dim: int, loud: float = 1.0):
        super().__init__()
        self.encode = Encode(latent_dim)
        self.decode = nn.Sequential(
            nn.Linear(latent_dim, 784), nn.Unflatten(1, (1, 28, 28)), nn.Sigmoid()
        )
        with torch.no_grad():
            self.encode.mu.weight.normal_().mul_(loud / 2)
            self.encode.logvar.weight.normal_().mul_(loud / 3)
            self.decode[0].weight.normal_().div_(latent_dim**0.5)
            self.decode[0].bias.sub_(0.7)  # dark pictures
            self(torch.rand(50, 1, 28, 28))  # batch norm takes notes
        notes_of(self).clear()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        modes = [module.training for module in self.modules()]
        notes_of(self).append((modes, torch.is_grad_enabled()))
        mu, logvar = self.encode(x)
        z = mu + torch.exp(logvar / 2) * torch.sin(9 * mu + 1)
        return self.decode(z), mu, logvar


class Drawing(Model):
    """One that draws z in each call, as the notebook's does; notes what came of it."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encode(x)
        x_hat = self.decode(mu + torch.exp(logvar / 2) * torch.randn_like(mu))
        notes_of(self).append((x.detach().clone(), x_hat.detach().clone()))
        return x_hat, mu, logvar


def require_losses_of_draws(
    model: Drawing, measure: Callable[[Tensor], float], what: str
) -> None:
    """Check a mean reconstruction loss of few images, again and again.

    It is that of one draw, the first or the last, say, or the mean of the losses of
    several. The loss of a mean picture is lower, and so is the best of several.
    """
    x, few = pictures(144), 9
    seen = torch.tensor([measure(part) for part in x.split(few)]).double()
    costs: dict[bytes, list[float]] = {_key(image): [] for image in x}
    for given, x_hat in notes_of(model):
        logits = torch.logit(x_hat.cpu().double()).flatten(1)
        each = losses.bce_terms(logits, given.cpu().flatten(1)).sum(1)
        for image, cost in zip(given, each.tolist(), strict=True):
            costs.setdefault(_key(image), []).append(cost)
    drawn = [costs[_key(image)] or [torch.nan] for image in x]
    choices = [torch.tensor([sum(each) / len(each) for each in drawn])]
    for place in (*range(min(map(len, drawn))), -1):
        choices.append(torch.tensor([each[place] for each in drawn]))
    means = torch.stack(choices).double().unflatten(1, (-1, few)).mean(2)
    if not any(tensors.fits(seen, each) for each in means):
        nearest = means[(means - seen).abs().sum(1).argmin()]
        worst = (seen - nearest).abs().argmax()
        texts = apart(seen[worst].item(), nearest[worst].item())
        raise CheckFailed(
            f"on a model that draws z in each call, {what} of {few} images is "
            f"{texts[0]}",
            f"{texts[1]}: the loss of one draw, or the mean of the losses of several",
            "pictures of several draws that are averaged, or the best of several: that "
            "flatters the loss",
        )


def _key(image: Tensor) -> bytes:
    return image.flatten()[:9].cpu().numpy().tobytes()


def pictures(count: int) -> Tensor:
    """Images (count, 1, 28, 28): grey, and each of another brightness, with 0 and 1."""
    x = torch.rand(count, 1, 28, 28) ** (0.2 + 0.8 * torch.rand(count, 1, 1, 1))
    return (1.2 * x - 0.1).clamp(0, 1)


def terms(model: Model, x: Tensor) -> tuple[Tensor, ...]:
    """What the losses are made of: logits (B, 784), x (B, 784), mu, logvar.

    Then the logits (B, 784) that come from decoding mu, which is a mistake.
    """
    device = next(model.parameters()).device
    with torch.no_grad():
        x_hat, mu, logvar = (part.cpu() for part in model(x.to(device)))
        wrong = model.decode(mu.to(device)).cpu()
    notes_of(model).clear()
    logits, others = (torch.logit(p.double()).flatten(1) for p in (x_hat, wrong))
    return logits, x.flatten(1), mu, logvar, others


def shapes_explained() -> AbstractContextManager:
    """Say what PyTorch means by its errors about shapes, and about one image alone."""
    words = "pictures (B, 1, 28, 28), as they come: convolutions need their shape"
    look = "a flatten, view or squeeze before model(x)"
    mode = "a model in evaluation mode, all parts of it: batch norm mixes images else"
    first = "model.eval() first (`model.training = False` reaches the model, no part)"
    return explained(
        {
            "conv2d": (words, look),
            "to have 1 channels": (words, look),
            "more than 1 value per channel": (mode, first),
        }
    )


def divided_by_a_size(total: Tensor) -> dict[str, Tensor]:
    """What sums over the images become where a size is written into the code."""
    return {
        f"divided by {size}, a batch size or count written into the code": total / size
        for size in (16, 32, 64, 100, 128, 256, 1000, 5000, 10000, 55000)
    }
