"""Check both terms of the loss, measured over a whole set."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real

import torch
from torch import nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson04._values import compare, describe
from helpers.checks.modules import undisturbed


@check("evaluate")
@undisturbed
def evaluate(function: Callable) -> None:
    """Check both means over uneven batches, in eval mode, without gradients."""
    from torch.utils.data import DataLoader, TensorDataset

    class Recorder(nn.Module):
        """Answers 0.8 everywhere; mu grows with the image; notes how it was called."""

        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(1)
            self.weight = nn.Parameter(torch.ones(1))
            self.calls = []

        def encode(self, x):
            mu = 4 * x.flatten(1)[:, :1].expand(-1, 3) * self.weight  # (B, 3)
            return mu, torch.zeros_like(mu)

        def decode(self, z):
            return torch.full((len(z), 1, 28, 28), 0.8)

        def forward(self, x):
            self.calls.append((self.training, torch.is_grad_enabled(), x.shape[1:]))
            mu, logvar = self.encode(x)
            return torch.full_like(x, 0.8), mu, logvar

    light = torch.arange(97) / 96  # one grey for each image; the last is alone
    x = light.reshape(-1, 1, 1, 1).expand(-1, 1, 28, 28)
    loader = DataLoader(TensorDataset(x, torch.zeros(97)), batch_size=32)
    model = Recorder().train()
    answer = function(model, loader)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise CheckFailed(
            f"evaluate returns {describe(answer)}",
            "two floats: reconstruction, KL",
            "the return statement",
        )
    if not model.calls:
        raise CheckFailed(
            "the model was never called",
            "model(x), so that z is sampled as in training",
            "decoding mu flatters the loss; use the model's forward",
        )
    if any(training for training, *_ in model.calls):
        raise CheckFailed(
            "the model was in training mode",
            "evaluation mode: model.eval() first",
            "without it batch norm mixes the images of a batch",
        )
    if any(gradients for _, gradients, _ in model.calls):
        raise CheckFailed(
            "gradients were recorded while measuring",
            "none: they cost memory and time",
            "@torch.no_grad() above the function, or with torch.no_grad():",
        )
    shape = tuple(model.calls[0][2])
    if shape != (1, 28, 28):
        raise CheckFailed(
            f"the model was given images of shape {shape}",
            "(1, 28, 28) each, as they come: convolutions need the picture",
            "a flatten or view before model(x)",
        )
    for value in answer:
        if not isinstance(value, Real):
            raise CheckFailed(
                f"evaluate returns {describe(answer)}",
                "two floats: plain numbers can be printed, compared and stored",
                ".item() or float() turns a tensor of one number into a float",
            )
    pixels = 784 * (light * math.log(0.2 / 0.8) - math.log(0.2))  # (97,)
    logits = 784 * (math.log(1 + math.exp(0.8)) - 0.8 * light)
    price = 24 * light**2  # (97,)
    _require_mean(
        *("reconstruction", answer[0], pixels, price),
        {
            logits.mean(): "x_hat is a probability already: binary_cross_entropy, "
            "without _with_logits",
            784 * (light - 0.8).square().mean(): "that is a squared error",
        },
    )
    _require_mean("KL", answer[1], price, pixels, {})


def _require_mean(
    name: str, value: float, images: torch.Tensor, other: torch.Tensor, more: dict
) -> None:
    """Fail unless the value is the mean of that term over all 97 images."""
    batches = images.split(32)
    means = torch.stack([batch.mean() for batch in batches])
    reasons = {
        other.mean(): "the two numbers are swapped",
        images.mean() + other.mean(): "that is the sum of both terms; keep them apart",
        -images.mean(): "the sign is flipped",
        images.mean() / 784: "that is the mean over the pixels; sum them",
        images.mean() / 3: "averaged over the latent dimensions; sum them",
        images.sum(): "the sum over the images is not divided by their number",
        images.sum() / 4: "divided by the number of batches, not of images",
        images.sum() / 32: "divided by the number of images of one batch",
        images.sum() / 128: "divided by batches times batch size; the last is smaller",
        means.mean(): "a mean of batch means: the last batch has one image, and each "
        "image counts the same",
        means.sum() / 97: "a batch's mean is added where its sum is wanted",
        batches[0].mean(): "only the first batch counts: does return stand in the "
        "loop?",
        batches[-1].mean(): "only the last batch counts: do the totals start again at "
        "0 in the loop?",
        batches[-1].sum() / 97: "each batch replaces the total: += adds",
        images[:96].mean(): "the last, smaller batch is left out",
        **more,
    }
    compare(
        float(value),
        images.mean().item(),
        f"the mean {name} of 97 images in batches of 32, 32, 32 and 1",
        "what the model's answers cost",
        {wrong.item(): reason for wrong, reason in reasons.items()},
        "the sum over the images (which formula?) and what it is divided by (how many "
        "images came?)",
    )
