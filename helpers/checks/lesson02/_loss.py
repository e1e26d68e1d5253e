"""The loss that `train_step` returns: its value, and what kind of number it is."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.checks.base import CheckFailed
from helpers.checks.lesson02._models import PIXELS, Small
from helpers.checks.lesson02._numbers import compare, scalar
from helpers.checks.messages import kind


def check_loss(
    result: Any,
    losses: list[float],
    before: Small,
    after: Small,
    x: Tensor,
    target: Tensor,
) -> None:
    right = torch.tensor(losses[-1])
    if isinstance(result, Tensor) and result.shape == (len(losses),) != (1,):
        raise CheckFailed(
            f"call {len(losses)} of train_step() returned {kind(result)}",
            "one number, the loss of this call",
            "a list outside the function, in which the losses are collected",
        )
    value = scalar(result, "train_step()")
    if not isinstance(result, Tensor):
        raise CheckFailed(
            f"train_step() returned {kind(result)}",
            "a tensor with one number and no gradient: the loop adds them up on the "
            "device, and calls `.item()` only once in a while",
            "`return loss.detach()`, without item(), float() or numpy()",
        )
    with torch.no_grad():
        x_hat, back, later = before(x), before(target), after(x)
        wrong = [
            ("compared with the input x, not with `target`", F.mse_loss(x_hat, x)),
            ("x and target are swapped: the model is given the target",
             F.mse_loss(back, x)),
            ("the model is given the target; it must be given x",
             F.mse_loss(back, target)),
            ("x is compared with target; the model's answer is left out",
             F.mse_loss(x, target)),
            ("summed over pixels and images, not averaged", right * x.numel()),
            ("summed over the pixels; average over them too", right * PIXELS),
            ("averaged over pixels but summed over the images", right * len(x)),
            ("the absolute error; square it", F.l1_loss(x_hat, target)),
            ("the root of the squared error", right.sqrt()),
            ("binary cross-entropy; this lesson asks for the squared error",
             F.binary_cross_entropy(x_hat, target)),
            ("the loss after the step; return the one that the step was made from",
             F.mse_loss(later, target)),
            ("a factor 1/2: leave it out", right / 2),
            ("smooth_l1_loss or huber_loss, not the squared error: for small "
             "differences they are half of it", F.smooth_l1_loss(x_hat, target)),
            ("divided by the number of images once more; the mean does that already",
             right / len(x)),
            ("divided by the number of pixels once more; the mean does that already",
             right / PIXELS),
            ("the mean of the losses of all calls so far; return this call's",
             sum(losses) / len(losses)),
            ("the sum of the losses of all calls so far; return this call's",
             sum(losses)),
            ("averaged before it was squared; square each difference first",
             (x_hat - target).mean() ** 2),
            *(("rounded, or of half precision: return the loss with its digits", few)
              for few in (right.half(), *(right.round(decimals=n) for n in (2, 3, 4)))),
        ]  # fmt: skip
    compare(
        value,
        right.item(),
        wrong,
        f"for {len(x)} image{'s' * (len(x) > 1)} train_step() returned",
        "the squared error of model(x) against target before the step, averaged over "
        "pixels and images",
        "the loss: what is compared with what, squared, and what is averaged",
    )


def check_result(result: Tensor) -> None:
    if result.dtype not in (torch.float32, torch.float64):
        raise CheckFailed(
            f"the loss that came back is {kind(result)}",
            "of the type that the model works with, float32",
            "half() or bfloat16() on the loss: it has three digits then",
        )
    if result.requires_grad:
        raise CheckFailed(
            "the loss that came back still carries its gradient",
            "a loss without one: summing such losses keeps every batch in memory",
            "`return loss.detach()`",
        )
    if result.is_inference():
        raise CheckFailed(
            "the loss is a tensor of inference mode",
            "an ordinary tensor without a gradient",
            "torch.inference_mode(): `loss.detach()` is enough",
        )
