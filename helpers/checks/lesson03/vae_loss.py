"""Check of the loss, reconstruction + beta * KL."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson03._numbers import HALF, PIXELS, named, near
from helpers.checks.modules import explained, undisturbed


class _Fixed(nn.Module):
    """A stand-in model with known terms: 784 log 2, and a KL of 8."""

    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(PIXELS))
        self.mu = nn.Parameter(torch.full((4,), 2.0))
        self.logvar = nn.Parameter(torch.zeros(4))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.mu.repeat(len(x), 1), self.logvar.repeat(len(x), 1)

    def decode(self, z: Tensor) -> Tensor:
        return self.logits.repeat(len(z), 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.decode(x), *self.encode(x)


@check("vae_loss")
@undisturbed
def vae_loss(function: Callable) -> None:
    """Check mean over images of reconstruction + beta * KL, on a stand-in model."""
    model = _Fixed()
    reasons = {
        "must be the same as input size": (
            "logits and images of the same shape, (B, 784)",
            "the order of what model(x) returns: logits, mu, logvar",
        ),
    }

    def value(batch: int, **beta: float) -> float:
        with explained(reasons):
            loss = function(model, torch.full((batch, PIXELS), 0.25), **beta)
        shape = (1,) if getattr(loss, "shape", ()) == (1,) else ()
        want_tensor(
            loss,
            shape,
            "the loss of a batch",
            "the mean over the images at the end: backward() needs one number",
        )
        return loss.item()

    at_0, at_1, at_3 = (value(97, beta=beta) for beta in (0.0, 1.0, 3.0))
    if any(p.grad is not None for p in model.parameters()):
        raise CheckFailed(
            "the model has gradients after the call",
            "the loss is only computed here: the training loop calls backward()",
            "backward() inside vae_loss: leave it out",
        )
    single = value(1, beta=1.0)
    if near(at_1, 97 * (HALF + 8)):
        raise CheckFailed(
            f"97 images cost {at_1:.0f}",
            f"{HALF + 8:.1f}: the mean over the images, so that the learning rate "
            f"does not depend on the batch size",
            "the last step: .mean(), not .sum(), over the images",
        )
    same = (
        "how beta enters: reconstruction + beta * KL, both averaged over the images"
        if near(at_1, single)
        else f"the mean over the images: 1 image costs {single:.1f}, 97 like it "
        f"{at_1:.1f}; is a batch size written into the function?"
    )
    if abs(at_0 - HALF) > 0.5:
        raise CheckFailed(
            f"with beta = 0 the loss is {at_0:.2f}",
            f"the reconstruction loss alone, {HALF:.1f} for this model",
            named(at_0, _reconstruction_mistakes(), same, tolerance=0.004),
        )
    first, second = at_1 - at_0, (at_3 - at_1) / 2
    if abs(first - 8.0) > 0.1 or abs(second - 8.0) > 0.1:
        reasons_kl = {
            "beta and the KL do not enter: reconstruction + beta * KL": 0.0,
            "the sign of the KL: it is added": -8.0,
            "the KL is summed over the images; both terms must be averaged": 8.0 * 97,
            "the KL is averaged over the latent dimensions; sum over them": 2.0,
            "half the KL: the factor 1/2 is in kl_divergence already": 4.0,
            "twice the KL: the factor 1/2 is missing": 16.0,
            "mu and logvar are swapped: model(x) gives logits, mu, logvar": (
                2 * (math.exp(2) - 3)
            ),
            "beta also enters the reconstruction; it multiplies the KL alone": (
                8.0 - HALF
            ),
            "the KL is averaged over the 784 pixels as well": 8.0 / PIXELS,
        }
        look = f"{same}, and the sign of the KL"
        if not near(first, second):
            look = "beta is used more than once, or squared"
        raise CheckFailed(
            f"raising beta from 0 to 1 raises the loss by {first:.2f}, from 1 to 3 by "
            f"twice {second:.2f}",
            "by the KL, which is 8 for this model (mu = 2, logvar = 0, 4 dimensions)",
            named(first, reasons_kl, look) if near(first, second) else look,
        )
    if not near(at_1, single):
        raise CheckFailed(
            f"1 image costs {single:.1f}, 97 like it {at_1:.1f}",
            "the same: a mean over the images of the batch",
            "a batch size written into the function",
        )
    if not near(value(97), at_1):
        raise CheckFailed(
            f"without the argument beta the loss is {value(97):.1f}",
            f"that of beta = 1, {at_1:.1f}",
            "the first line: beta=1.0 is the default",
        )
    _check_loss_gradients(function)


def _reconstruction_mistakes() -> dict[str, float]:
    """What the loss would be at beta = 0, for pixels of 1/4."""
    return {
        "beta multiplies the reconstruction; it belongs to the KL alone": 8.0,
        "beta multiplies both terms; it belongs to the KL alone": 0.0,
        "beta is not used: reconstruction + beta * KL": HALF + 8,
        "the sign: the loss is reconstruction + beta * KL, to be made small": -HALF,
        "the reconstruction is averaged over the pixels; sum over them": math.log(2),
        "the reconstruction is summed over the images; both terms must be averaged": (
            97 * HALF
        ),
        "sigmoid is applied twice: reconstruction_loss takes the logits": (
            PIXELS * (math.log1p(math.exp(0.5)) - 0.125)
        ),
        "logits and x are swapped in reconstruction_loss(logits, x)": (
            PIXELS * math.log1p(math.exp(0.25))
        ),
        "a squared error; use reconstruction_loss": PIXELS / 16,
    }


def _check_loss_gradients(function: Callable) -> None:
    model, twin, x = _Fixed(), _Fixed(), torch.full((97, PIXELS), 0.25)
    loss = function(model, x, beta=1.0)
    if loss.requires_grad:
        loss.sum().backward()
    pixels = F.binary_cross_entropy_with_logits(twin.logits, x[0], reduction="sum")
    terms = twin.mu**2 + twin.logvar.exp() - 1 - twin.logvar
    (pixels + terms.sum() / 2).backward()
    missing = [
        name
        for (name, p), right in zip(
            model.named_parameters(), twin.parameters(), strict=True
        )
        if not torch.allclose(
            torch.zeros_like(p) if p.grad is None else p.grad, right.grad, atol=1e-3
        )
    ]
    if missing:
        whose = {"logits": "reconstruction", "mu": "KL", "logvar": "KL"}[missing[0]]
        raise CheckFailed(
            "no gradient flows from the loss to the model"
            if len(missing) > 1 and "logits" in missing
            else f"no gradient, or a wrong one, flows from the {whose} to the model's "
            f"{missing[0]}",
            "backward() must reach every weight, through both terms",
            "detach(), .item(), .data or no_grad() inside vae_loss",
        )
