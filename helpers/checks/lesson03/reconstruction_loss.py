"""Check of what a picture costs."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson03._numbers import HALF, PIXELS, gradients_of, named
from helpers.checks.modules import explained, undisturbed


@check("reconstruction_loss")
@undisturbed
def reconstruction_loss(function: Callable) -> None:
    """Check the summed binary cross-entropy of logits, one value an image."""
    x, logits = torch.rand(97, PIXELS), torch.randn(97, PIXELS)
    reasons = {
        "should be between 0 and 1": (
            "a cross-entropy that is made for logits",
            "binary_cross_entropy wants probabilities: take "
            "binary_cross_entropy_with_logits, or apply the sigmoid first",
        ),
        "within the support": (
            "a cross-entropy for grey pixels too",
            "Bernoulli takes only 0 and 1: `validate_args=False`, or "
            "binary_cross_entropy_with_logits",
        ),
    }
    with explained(reasons):
        loss = function(logits, x)
    looks = {
        (97, PIXELS): "the sum over the pixels (dim=1) is missing",
        (PIXELS,): "you summed over the batch (dim=0); sum over the pixels: dim=1",
        (): "reduction='sum' or 'mean' also runs over the images; take "
        "reduction='none', then sum over dim=1",
        (97, 1): "keepdim=True: leave it out",
    }
    look = "the reduction: sum over the pixels (dim=1), keep the images apart"
    if isinstance(loss, Tensor) and loss.shape == (97,) and not loss.isfinite().all():
        raise _not_finite("for random logits")
    want_tensor(
        loss,
        (97,),
        "the loss for 97 images of 784 pixels",
        looks.get(tuple(getattr(loss, "shape", (0,))), look),
    )
    _check_bce_points(function)
    twice = function(logits.repeat(1, 2), x.repeat(1, 2))
    if not torch.allclose(twice, 2 * loss, rtol=1e-3):
        raise CheckFailed(
            "an image with twice the pixels does not cost twice as much",
            "a sum over the pixels",
            "a mean, or a number such as 784 written into the function",
        )
    want = (F.softplus(logits) - x * logits).sum(1)
    if not torch.allclose(loss.detach().to(want.dtype), want, rtol=1e-3):
        raise CheckFailed(
            f"for random logits and grey images the first image costs "
            f"{loss[0].item():.2f}",
            f"{want[0].item():.2f}, from -[x log p + (1 - x) log(1 - p)], "
            f"p = sigmoid(logits)",
            "whether the pixels are used as they are (grey, not rounded), and both "
            "terms of the formula",
        )
    [gradient] = gradients_of(lambda a: function(a, x), logits)
    if gradient is None or not torch.allclose(
        gradient, logits.sigmoid() - x, atol=0.01
    ):
        what = "no gradient flows" if gradient is None else "a wrong gradient flows"
        raise CheckFailed(
            f"{what} from the loss to the logits",
            "the loss trains the decoder, so gradients must reach it",
            "detach(), .data, .item(), no_grad() or a detour through NumPy",
        )


def _not_finite(where: str) -> CheckFailed:
    return CheckFailed(
        f"{where} the loss is nan or infinite",
        "a finite number, whatever the logits",
        "log(sigmoid(...)): far out the sigmoid is exactly 0 or 1; "
        "binary_cross_entropy_with_logits takes care of that",
    )


def _check_bce_points(function: Callable) -> None:
    def at(logit: float, pixel: float) -> float:
        shape = (2, PIXELS)
        return function(torch.full(shape, logit), torch.full(shape, pixel))[0].item()

    half = at(0.0, 0.25)
    if abs(half - HALF) > 0.5:
        reasons = {
            "that is the mean over the pixels; the sum is wanted, or the KL term will "
            "outweigh it 784 times": math.log(2),
            "that is a squared error, not a cross-entropy": PIXELS / 16,
            "that is a mean squared error, not a cross-entropy": 1 / 16,
            "that is an absolute error, not a cross-entropy": PIXELS / 4,
            "the sign is flipped": -HALF,
            "the logits went through two sigmoids: once by you, once by the "
            "_with_logits function": PIXELS * (math.log1p(math.exp(0.5)) - 0.125),
            "images and logits are swapped: the prediction comes first": (
                PIXELS * math.log1p(math.exp(0.25))
            ),
            "the term (1 - x) log(1 - p) is missing": HALF / 4,
            "the term x log p is missing": 0.75 * HALF,
            "divided by the number of images: each needs its own loss": HALF / 2,
            "these are bits: use log, not log2": PIXELS,
            "softmax over the pixels: cross_entropy is for classes, take the binary "
            "one": PIXELS / 4 * math.log(PIXELS),
            "logits are used as probabilities: the sigmoid is missing": PIXELS * 25,
        }
        raise CheckFailed(
            f"at logits = 0 (probability 1/2 everywhere) the loss is {half:.4g} "
            f"an image",
            f"784 * log 2 = {HALF:.1f}, whatever the image",
            named(
                half,
                reasons,
                "the formula: -[x log p + (1 - x) log(1 - p)], p = sigmoid(logits), "
                "summed over the pixels",
                tolerance=0.004,
            ),
        )
    for logit in (30.0, 200.0):
        black, wrong = at(-logit, 0.0), at(logit, 0.0)
        if not (math.isfinite(black) and math.isfinite(wrong)):
            raise _not_finite(f"at logits of {logit:g} and -{logit:g}")
        if abs(black) > 1.0:
            raise CheckFailed(
                f"a confident, right black image costs {black:.1f}",
                "nearly 0: every pixel is predicted black, and is black",
                named(
                    black,
                    {
                        "the sign of the logits is flipped": logit * PIXELS,
                        "sigmoid is applied twice (once by you, once by the "
                        "_with_logits function)": HALF,
                    },
                    "a limit on the logits, or the order of the arguments",
                ),
            )
        if not wrong > 10 * PIXELS:
            raise CheckFailed(
                f"at logits of {logit:g} a wrong white image costs only {wrong:.1f}",
                f"about {logit:g} a pixel: being sure and wrong costs most",
                "a limit on the logits or probabilities, or the order of the "
                "arguments: the prediction comes first, the target second",
            )
