"""Check of pictures from nothing."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson03._numbers import PIXELS
from helpers.checks.modules import kind, tails, undisturbed


class _Recorder(nn.Module):
    """A decoder that remembers which codes it was given, and what it answered."""

    def __init__(self, latent_dim: int):
        super().__init__()
        self.weight = nn.Parameter(3 * torch.randn(latent_dim, PIXELS))
        self.codes: list[Tensor] = []
        self.logits: list[Tensor] = []

    def encode(self, x: Tensor) -> Tensor:
        raise CheckFailed(
            "sample calls encode",
            "no image is needed: codes are drawn from the prior N(0, I)",
            "where z comes from: torch.randn(count, latent_dim)",
        )

    def decode(self, z: Tensor) -> Tensor:
        width = len(self.weight)
        if not isinstance(z, Tensor) or z.shape[-1] != width or z.dim() > 2:
            raise CheckFailed(
                f"for latent_dim = {width} decode was given {kind(z)}",
                f"codes of {width} numbers each, shape (count, {width})",
                "the shape of z: torch.randn(count, latent_dim)",
            )
        if z.dtype != self.weight.dtype:
            raise CheckFailed(
                f"the codes are {z.dtype}, the model's weights {self.weight.dtype}",
                "codes of the type that the model works with",
                "NumPy's numbers are float64: use torch.randn",
            )
        logits = z @ self.weight
        self.codes.append(z.detach().reshape(-1, width))
        self.logits.append(logits.detach().reshape(-1, PIXELS))
        return logits

    def forward(self, x: Tensor) -> Tensor:
        return self.encode(x)


@check("sample")
@undisturbed
def sample(function: Callable) -> None:
    """Check that pictures come from codes drawn from the prior N(0, I)."""
    model = _Recorder(3).eval()
    images = function(model, 97, 3)
    want_tensor(
        images,
        (97, PIXELS),
        "what sample(model, 97, 3) returns",
        "the number of codes: one for each picture, (count, latent_dim); and the "
        "pictures stay as decode gives them, (count, 784)",
    )
    _check_pictures(images, torch.cat(model.logits))
    if images.requires_grad:
        raise CheckFailed(
            "the pictures carry a gradient graph",
            "plain numbers: nothing is trained here",
            "with torch.no_grad(): around the decoding",
        )
    if model.training:
        raise CheckFailed(
            "the model is in training mode afterwards",
            "the mode it was handed in: evaluation",
            "train() inside sample",
        )
    first = torch.cat(model.codes)
    if not first.any():
        raise CheckFailed(
            "all codes are 0",
            "codes drawn from the prior N(0, I)",
            "how z is drawn: torch.randn (normal), not zeros",
        )
    model.codes.clear()
    if torch.allclose(images, function(model, 97, 3)):
        raise CheckFailed(
            "two calls give the same pictures",
            "new codes in each call",
            "a seed or generator inside the function, or codes drawn once outside",
        )
    if torch.allclose(first, first[:1].expand_as(first)):
        raise CheckFailed(
            "all pictures come from the same code",
            "a code of its own for each picture",
            "the shape of the draw: torch.randn(count, latent_dim)",
        )
    if torch.allclose(first, first[:, :1].expand_as(first)):
        raise CheckFailed(
            "the numbers of a code are all the same",
            "each latent dimension is drawn on its own",
            "the shape of the draw: torch.randn(count, latent_dim)",
        )
    _check_prior(function)


def _check_prior(function: Callable) -> None:
    model = _Recorder(3).eval()
    function(model, 4_000, 3)
    z = torch.cat(model.codes)
    mean, std = z.mean().item(), z.std().item()
    if abs(mean) > 0.1 or abs(std - 1) > 0.1:
        raise CheckFailed(
            f"the codes have mean {mean:.2f} and standard deviation {std:.2f}",
            "0 and 1: the prior is N(0, I), which the KL term pulled the codes to",
            "how z is drawn: torch.randn (normal), unscaled; not torch.rand (uniform)",
        )
    fourth = tails(z)
    if abs(fourth - 3) > 0.4:
        raise CheckFailed(
            f"the codes have mean 0 and standard deviation 1, but a fourth moment of "
            f"{fourth:.1f}",
            "3, as a normal distribution has",
            "how z is drawn: torch.randn, not a scaled uniform (1.8)",
        )


def _check_pictures(images: Tensor, logits: Tensor) -> None:
    right = torch.sigmoid(logits)
    if logits.shape == images.shape and torch.allclose(images, right, atol=1e-4):
        return
    wrong = {
        "the sigmoid is missing: decode returns logits": logits,
        "sigmoid applied twice": torch.sigmoid(right),
        "a clamp where the sigmoid belongs": logits.clamp(0, 1),
        "softmax over the pixels: each pixel has a probability of its own, sigmoid": (
            logits.softmax(-1)
        ),
        "tanh where the sigmoid belongs": torch.tanh(logits),
        "tanh, shifted: sigmoid(a) is (tanh(a / 2) + 1) / 2": (
            (torch.tanh(logits) + 1) / 2
        ),
    }
    look = "the sigmoid of what decode returns, and nothing after it"
    if bool(((images == 0) | (images == 1)).all()):
        look = "pixels are rounded or drawn (bernoulli); return the probabilities"
    for why, pictures in wrong.items():
        if pictures.shape == images.shape and torch.allclose(
            images, pictures, atol=1e-4
        ):
            look = why
    raise CheckFailed(
        f"the pictures, from {images.min():.2f} to {images.max():.2f}, are not the "
        f"sigmoid of the logits that decode gave",
        "probabilities between 0 and 1, ready to be drawn",
        look,
    )
