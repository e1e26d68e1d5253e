"""Check the loss of a batch, on models with known answers."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson04._values import compare
from helpers.checks.modules import undisturbed


class _Known(nn.Module):
    """Always answers with one grey, one mu and one logvar, in 3 dimensions."""

    def __init__(self, grey: float, mu: float, logvar: float = 0.0):
        super().__init__()
        self.grey = nn.Parameter(torch.tensor(grey))
        self.mu = nn.Parameter(torch.tensor(mu))
        self.logvar = nn.Parameter(torch.tensor(logvar))

    def forward(self, x):
        codes = len(x), 3
        grey = self.grey + torch.zeros_like(x)
        return grey, self.mu.expand(codes), self.logvar.expand(codes)


@check("vae_loss")
@undisturbed
def vae_loss(function: Callable) -> None:
    """Check both terms, their sums and their mean, on models with known answers."""
    x = torch.rand(97, 1, 28, 28)
    before = x.clone()
    loss = function(_Known(0.5, 0.0), x)
    if isinstance(loss, torch.Tensor) and loss.numel() == 1:
        loss = loss.reshape(())
    want_tensor(
        loss,
        (),
        "the loss of a batch",
        "one number: the mean over the images, at the end",
    )
    if not torch.equal(x, before):
        raise CheckFailed(
            "the function changed the images x",
            "x as it was: it comes again in the next epoch",
            "functions that end in _ work in place",
        )
    one = function(_Known(0.5, 0.0), x[:1]).item()
    if abs(one) > 1e-3 and abs(loss.item() / one - 1) > 0.5:
        raise CheckFailed(
            f"the loss of 1 image is {one:.5g}, of 97 images {loss.item():.5g}",
            "about the same: the mean over the images, however many come",
            "a sum over the images, or a batch size written into the code: divide by "
            "len(x)",
        )
    right, bright = 784 * math.log(2), x.mean().item()
    squares = 784 * (x - 0.5).square().mean().item()
    reasons = {
        0.0: "the reconstruction is missing (or multiplied by 0 at beta = 1)",
        math.log(2): "that is the mean over the pixels; it has to be their sum",
        28 * math.log(2): "the sum runs over one axis of the picture; flatten(1) first",
        -right: "the sign is flipped",
        784 * (math.log(1 + math.exp(0.5)) - 0.5 * bright): "x_hat is a "
        "probability already: binary_cross_entropy, without _with_logits or sigmoid",
        784 * F.binary_cross_entropy(x, torch.full_like(x, 0.5)).item(): "x_hat and x "
        "are swapped: the prediction comes first",
        squares: "that is a squared error",
        squares / 2: "that is half a squared error",
        784 * (x - 0.5).abs().mean().item(): "that is an absolute error",
        right * bright: "half of the cross-entropy is missing: (1 - x) log(1 - x_hat)",
    }
    compare(
        loss.item(),
        right,
        "with x_hat = 0.5 everywhere and KL 0",
        "784 * log 2",
        reasons,
    )
    standard, given = (
        function(_Known(0.5, 2.0), x, **options).item() - right
        for options in ({}, {"beta": 1.0})
    )
    reasons = {
        -6.0: "the KL is subtracted, or its sign is flipped",
        2.0: "the KL is averaged over the latent dimensions; it has to be summed",
        12.0: "the factor 1/2 of the KL is missing",
        3.0: "mu is not squared in the KL",
        1.5 * (math.e**2 - 3): "mu and logvar are swapped",
        97 * 6.0: "the KL is summed over the images; it has to be averaged",
        6.0 / 784: "the KL is divided by the pixels",
        6.0 / 97: "the KL is divided by the number of images twice",
        0.0: "the KL is missing",
    }
    compare(given, 6.0, "the KL of mu = 2 in 3 dimensions", "3 * 2^2 / 2", reasons)
    if abs(standard - given) > 0.01:
        raise CheckFailed(
            f"without beta the KL counts {standard:.5g}, with beta=1.0 {given:.5g}",
            "the same: 1 is beta's default",
            "the first line of the function: beta=1.0",
        )
    half = function(_Known(0.5, 2.0), x, beta=0.5).item() - right
    reasons = {
        6.0: "beta is not used",
        0.0: "the KL is missing",
        1.5: "beta is multiplied in twice",
        12.0: "beta divides the KL; it should multiply",
        6.0 - right / 2: "beta multiplies the reconstruction; it belongs to the KL",
        3.0 - right / 2: "beta multiplies both terms; it belongs to the KL alone",
        3.0 + right / 2: "beta changes the reconstruction; it belongs to the KL alone",
    }
    compare(half, 3.0, "the same KL at beta = 0.5", "half of 6", reasons)
    black = function(_Known(1e-6, 0.0), torch.zeros(5, 1, 28, 28)).item()
    if abs(black) > 1:
        raise CheckFailed(
            f"a right, confident black image costs {black:.1f}",
            "nearly 0",
            "the order of the arguments (x_hat first, then x), and one sigmoid only",
        )
    for grey in (0.0, 1.0):  # rounding in 32 bits does make such pixels
        sure = function(_Known(grey, 0.0), torch.full((5, 1, 28, 28), grey)).item()
        if not abs(sure) < 1:
            raise CheckFailed(
                f"where x_hat and x are both exactly {grey:.0f} the loss is {sure}",
                "nearly 0: x_hat is right there",
                "the log of 0: F.binary_cross_entropy cuts it off, your formula has "
                "to clamp x_hat",
            )
    wrong = function(_Known(0.01, 0.0), torch.ones(5, 1, 28, 28)).item()
    compare(
        wrong,
        784 * math.log(100),
        "a white image that was predicted almost black",
        "784 * log 100",
        {784 * 0.9801: "that is a squared error"},
    )
    grey = function(_Known(0.3, 0.0), torch.full((5, 1, 28, 28), 0.3)).item()
    compare(
        grey,
        -784 * (0.3 * math.log(0.3) + 0.7 * math.log(0.7)),
        "a grey image, 0.3 everywhere, that was predicted rightly",
        "784 * 0.611",
        {-784 * math.log(0.7): "x is rounded to black and white; use it as it is"},
    )
    wide = function(_Known(0.5, 0.0, 1.0), x).item() - right
    compare(
        wide,
        1.5 * (math.e - 2),
        "the KL of mu = 0, logvar = 1 in 3 dimensions",
        "3 * (e - 1 - 1) / 2",
        {
            0.0: "logvar takes no part in the KL",
            1.5 * (math.e**2 - 3): "exp(logvar) is the variance already, not the "
            "standard deviation",
            1.5 / math.e: "the KL is the wrong way round: from the code to the prior",
        },
    )
    model = _Known(0.4, 1.0, 1.0).train()
    loss = function(model, x)
    leaves = {"x_hat": model.grey, "mu": model.mu, "logvar": model.logvar}
    if any(weight.grad is not None for weight in leaves.values()):
        raise CheckFailed(
            "gradients are there before anybody asked for them",
            "the loss alone: the training loop calls backward()",
            "backward() inside the function",
        )
    if not model.training:
        raise CheckFailed(
            "the function put the model into eval mode",
            "the mode it came in: in training batch norm has to take notes",
            "model.eval() inside the loss",
        )
    if not loss.requires_grad:
        raise CheckFailed(
            "no gradient flows from the loss",
            "backward() must reach encoder and decoder",
            "detach(), .item() or no_grad() inside the function",
        )
    loss.backward()
    for name, weight in leaves.items():
        if weight.grad is None or not float(weight.grad.abs()) > 0:
            raise CheckFailed(
                f"no gradient reaches {name}",
                "gradients to x_hat, mu and logvar: both terms train the model",
                f"detach(), no_grad() or .item() between {name} and the loss",
            )
