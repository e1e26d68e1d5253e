"""Lesson 06, exercise 3: the importance-weighted bound."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import check
from helpers.checks.draws import Draw
from helpers.checks.lesson06._weights import (
    check_gradients,
    compare_all,
    per_image,
    some_weights,
)
from helpers.checks.tensors import gradients_of


@check("bound")
def bound(function: Callable, draw: Draw) -> None:
    """Check log of the mean weight over the draws, for each image."""
    weights = some_weights(draw)
    # One draw far above all others: the mean or the median is no place to start from.
    far = -1000 + torch.randn(draw.integer(9, 13), 3)
    far[draw.integer(0, 8)] += 900
    weights += [far, -3e4 + 9 * torch.randn(draw.integer(5, 12), 3)]
    seen = [
        per_image(function, "the bound", log_w, "about as large as the largest log w")
        for log_w in weights
    ]
    wanted = [torch.logsumexp(w.double(), 0) - math.log(len(w)) for w in weights]
    compare_all(
        seen,
        wanted,
        [mistakes(log_w) for log_w in weights],
        "the bound of an image",
        "the logarithm of the mean of its weights",
        "logsumexp over the draws, dim=0, less log(k), where k = len(log_w)",
        tolerance=2e-5,  # log(k) is taken off a sum of a thousand draws in float32
    )
    for log_w in weights:
        check_gradients(
            gradients_of(function, log_w),
            {"log_w": log_w.double().softmax(0)},
            "the bound",
            "section 5 trains with it: a weight's gradient is its share of the sum",
        )


def mistakes(log_w: Tensor) -> dict[str, Tensor]:
    """What wrong ways give for each image."""
    log_w = log_w.double()
    k, lse = len(log_w), torch.logsumexp(log_w, 0)
    images = log_w.shape[-1]
    found = {
        "log(k) is missing: the mean of the weights is wanted, not their sum": lse,
        "log(k) is subtracted, not added": lse + math.log(k),
        "the mean of log w: the logarithm comes after the mean": log_w.mean(0),
        "the sum of log w: the logarithm comes after the sum": log_w.sum(0),
        "the largest log w alone": log_w.amax(0),
        "the largest log w less log(k)": log_w.amax(0) - math.log(k),
        "the median of log w": log_w.median(0).values,
        "the first draw alone": log_w[0],
        "k is the number of draws, len(log_w); yours is the number of images": (
            lse - math.log(images)
        ),
        "k is the number of draws; yours is the number of all entries": (
            lse - math.log(k * images)
        ),
        "divided by k after the logarithm; before it, or subtract log(k)": lse / k,
        "k itself is subtracted; its logarithm is wanted": lse - k,
        "log2(k) and log10(k) are other logarithms: math.log": lse - math.log2(k),
        "divided by k - 1": lse - math.log(max(k - 1, 1)),
        "the sign is flipped": math.log(k) - lse,
        "log(k) is taken off twice": lse - 2 * math.log(k),
    }
    for limit in (-500, -300, -200, -100, -88, -50, -20):
        limited = torch.logsumexp(log_w.clamp(min=limit), 0) - math.log(k)
        found[f"log_w is limited at {limit}: leave it as it is"] = limited
    if log_w.dim() > 1:  # the images in one pot
        whole = torch.logsumexp(log_w, 0).mean() - math.log(k)
        found["one number for all images: each has its own"] = whole.expand_as(lse)
    return found
