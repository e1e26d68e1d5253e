"""Check of what a picture costs."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.losses import bce_mistakes, bce_terms, per_image_mistakes, summed
from helpers.checks.messages import apart
from helpers.checks.modules import explained
from helpers.checks.tensors import compare, fits, gradients_of

SURE = 600.0  # exp() of it is still a number in 64 bits, and none in 32
LEAST = 87.0  # binary_cross_entropy of probabilities costs up to 100; exp() ends at 88


@check("reconstruction_loss")
def reconstruction_loss(function: Callable, draw: Draw) -> None:
    """Check the summed binary cross-entropy of logits, one value an image."""
    shapes = ((97, 784), (97, 784), (1, 784), (131, draw.integer(3, 99)), (1031, 50))
    shapes += ((5, draw.integer(1030, 1100)),)
    pictures = [_some_pictures(*shape) for shape in shapes]
    # Logits that might be probabilities are logits.
    pictures.append((0.05 + 0.9 * torch.rand(7, 30), torch.rand(7, 30)))
    logits, x = _some_pictures(33, 784)
    pictures.append((logits, x * (torch.rand(33, 784) > 0.8)))  # black, as digits are
    answers = [_loss(function, logits, x) for logits, x in pictures]
    for (logits, x), loss in zip(pictures, answers, strict=True):
        _check_values(loss, logits, x)
    _check_far_out(function, draw)
    logits, x = pictures[0]
    [gradient] = gradients_of(lambda a: function(a, x), logits)
    if gradient is None or not fits(gradient, logits.sigmoid() - x, 1e-3):
        what = "no gradient flows" if gradient is None else "a wrong gradient flows"
        raise CheckFailed(
            f"{what} from the loss to the logits",
            "the loss trains the decoder, so gradients must reach it",
            "detach(), .data, .item(), torch.tensor(...), no_grad() or a detour "
            "through NumPy",
        )


def _some_pictures(images: int, pixels: int) -> tuple[Tensor, Tensor]:
    """Logits, none of them 0, and grey pixels, some of them black or white."""
    logits = torch.randn(images, pixels).mul(2).clamp(-5, 5)
    x = torch.rand(images, pixels).mul(1.4).sub(0.2).clamp(0, 1)
    return torch.where(logits.abs() < 1e-3, 0.1, logits), x


def _loss(function: Callable, logits: Tensor, x: Tensor) -> Tensor:
    reasons = {
        "should be between 0 and 1": (
            "a cross-entropy that is made for logits",
            "binary_cross_entropy wants probabilities: take "
            "binary_cross_entropy_with_logits, or apply the sigmoid first",
        ),
        "within the support": (
            "a cross-entropy for gray pixels too",
            "Bernoulli takes only 0 and 1: `validate_args=False`, or "
            "binary_cross_entropy_with_logits",
        ),
    }
    with stays(logits, x), explained(reasons):
        loss = function(logits, x)
    images, pixels = x.shape
    looks = {
        (images, pixels): "the sum over the pixels (dim=1) is missing",
        (pixels,): "you summed over the batch (dim=0); sum over the pixels: dim=1",
        (): "reduction='sum' or 'mean' also runs over the images; take "
        "reduction='none', then sum over dim=1",
        (images, 1): "keepdim=True: leave it out",
    }
    if images == 1:
        looks[()] = "squeeze(): it takes the batch away where that is a single image"
    shape = tuple(getattr(loss, "shape", (0,)))
    if isinstance(loss, Tensor) and shape == (images,) and not loss.isfinite().all():
        raise _not_finite("for logits between -5 and 5")
    return want_tensor(
        loss,
        (images,),
        f"the loss for {images} images of {pixels} pixels",
        looks.get(
            shape, "the reduction: sum over the pixels (dim=1), keep the images apart"
        ),
    )


def _not_finite(where: str) -> CheckFailed:
    return CheckFailed(
        f"{where} the loss is nan or infinite",
        "a finite number, whatever the logits",
        "log(sigmoid(...)): far out the sigmoid is exactly 0 or 1; or exp() of a logit "
        "above 88, which is inf: binary_cross_entropy_with_logits takes care of both",
    )


def _check_values(loss: Tensor, logits: Tensor, x: Tensor) -> None:
    terms, pixels = bce_terms(logits, x), x.shape[1]
    compare(
        loss,
        terms.sum(1),
        lambda: _mistakes(logits, x, terms),
        f"the loss of an image of {pixels} pixels"
        + ("" if len(x) > 1 else ", in a batch of one,"),
        "from -[x log p + (1 - x) log(1 - p)], p = sigmoid(logits), summed over the "
        "pixels",
        "both terms of the formula, the sigmoid (once), and whether pixels and logits "
        "are used as they are (no rounding, no limit)",
    )


def _mistakes(logits: Tensor, x: Tensor, terms: Tensor) -> dict[str, Tensor]:
    """What wrong losses would be: name -> (B,) or ()."""
    as_probabilities = logits.clamp(1e-12, 1 - 1e-12)
    return {
        **summed(bce_mistakes(logits, x)),
        **per_image_mistakes(terms, "pixels"),
        "logits are used as probabilities: the sigmoid is missing": bce_terms(
            torch.logit(as_probabilities.double()), x
        ).sum(1),
        "a size written in: divided by 784, or averaged over as many pixels": (
            terms.sum(1) / 784
        ),
        "a size written in: a mean over the pixels, times 784": 784 * terms.mean(1),
    }


def _want_finite_gradient(function: Callable, logit: float, pixel: float) -> None:
    x = torch.full((2, 9), pixel)
    [gradient] = gradients_of(lambda a: function(a, x), torch.full((2, 9), logit))
    if gradient is not None and not gradient.isfinite().all():
        raise CheckFailed(
            f"at logits of {logit:.0f} and pixels of {pixel:.0f} the loss is finite, "
            "and its gradient is nan",
            "a finite gradient: a single nan would spoil all weights",
            "a clamp after the logarithm of 0: its slope is 0 times infinity. "
            "binary_cross_entropy_with_logits takes no such logarithm",
        )


def _check_far_out(function: Callable, draw: Draw) -> None:
    """Logits that are sure: exact where 32 bits can be, finite everywhere."""
    far = float(draw.rng.uniform(22, 40))
    pixels = draw.integer(200, 900)

    def at(logit: float, pixel: float) -> float:
        shape = (3, pixels)
        loss = function(torch.full(shape, logit), torch.full(shape, pixel))
        return loss.double().mean().item() / pixels

    near = float(draw.rng.uniform(5.2, 6))
    cost = math.log1p(math.exp(-near))
    for seen in (at(near, 1.0), at(-near, 0.0)):
        if not abs(seen - cost) <= 0.02 * cost:
            raise CheckFailed(
                f"where logits are {near:.2f}, or -{near:.2f}, and right, a pixel "
                f"costs {seen:.5f}",
                f"log(1 + exp(-{near:.2f})) = {cost:.5f}: small, and not 0",
                "a limit: softplus(threshold=...), or a clamp",
            )
    for logit in (far, SURE):
        values = {
            (sign, pixel): at(sign * logit, pixel)
            for sign in (-1, 1)
            for pixel in (0.0, 1.0)
        }
        if not torch.tensor([*values.values()]).isfinite().all():
            raise _not_finite(f"at logits of {logit:.0f} and -{logit:.0f}")
        for sign, pixel in values:
            _want_finite_gradient(function, sign * logit, pixel)
        sure = max(abs(values[-1, 0]), abs(values[1, 1]))
        if not sure <= 1e-3:
            raise CheckFailed(
                f"at logits of {logit:.0f} and -{logit:.0f} a right picture costs "
                f"{sure:.3g} a pixel",
                "nearly 0: the model is sure, and right",
                "a limit on the logits or probabilities, or the sign of the logits",
            )
        for (sign, pixel), value in values.items():
            # log(1 - p) cannot be exact in 32 bits: p is rounded to 1 up there.
            exact = sign < 0 and logit == far
            least = 0.999 * logit if exact else min(0.9 * logit, LEAST)
            wrong = value < least or (exact and value > 1.001 * logit)
            if wrong and (sign > 0) != bool(pixel):
                texts = apart(value, logit)
                raise CheckFailed(
                    f"at logits of {sign * logit:.0f} a wrong pixel costs {texts[0]}",
                    f"{texts[1]}: being sure and wrong costs most",
                    "a limit on the logits, or on the probabilities (clamp, `+ 1e-8` "
                    "in the logarithm): binary_cross_entropy_with_logits needs none",
                )
