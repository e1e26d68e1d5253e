"""Lesson 06, exercise 4: how many draws do the work."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import check
from helpers.checks.draws import Draw
from helpers.checks.lesson06._weights import compare_all, per_image, some_weights


@check("effective_sample_size")
def effective_sample_size(function: Callable, draw: Draw) -> None:
    """Check (sum w)^2 / sum w^2 over the draws, for each image."""
    k = draw.integer(5, 9)
    # Near 0 first, where mistakes give finite numbers that tell them apart.
    _compare(function, [torch.randn(k, 1), torch.randn(k + 3, 1)])
    weights = some_weights(draw)
    lonely = -95 + torch.randn(draw.integer(5, 9), 4)
    lonely[2] += 60  # one weight outweighs all others
    _compare(function, [*weights, lonely])


def _compare(function: Callable, weights: list[Tensor]) -> None:
    seen = [
        per_image(function, "the effective sample size", w, f"from 1 to {len(w)}")
        for w in weights
    ]
    compare_all(
        seen,
        [size(w) for w in weights],
        [_mistakes(w) for w in weights],
        "the effective sample size of an image",
        "(sum w)^2 / sum w^2 over its draws",
        "the two sums run over the draws, dim=0: exp(2 logsumexp(log w) - "
        "logsumexp(2 log w)); it lies between 1 and k",
        tolerance=2e-4,  # at -1000 nats a log weight is known to 6e-5
    )


def size(log_w: Tensor) -> Tensor:
    """The effective sample size, float64."""
    return 1 / log_w.double().softmax(0).square().sum(0)


def _mistakes(log_w: Tensor) -> dict[str, Tensor]:
    k, share = len(log_w), log_w.double().softmax(0)
    right = size(log_w)
    return {
        "the logarithm of it: exp() is missing at the end": right.log(),
        "the wrong way up: (sum w)^2 stands above, sum w^2 below": 1 / right,
        "divided by k: the size itself is wanted, from 1 to k": right / k,
        "k times too much": right * k,
        "rounded: it is no whole number": right.round(),
        "its square root": right.sqrt(),
        "exp of the entropy: another measure, not (sum w)^2 / sum w^2": torch.exp(
            -(share * share.clamp(min=1e-300).log()).sum(0)
        ),
        "1 / the largest share: another measure, not (sum w)^2 / sum w^2": (
            1 / share.amax(0)
        ),
        "the numerator of the formula is (sum w)^2: twice the logsumexp": torch.exp(
            torch.logsumexp(log_w.double(), 0) - torch.logsumexp(2 * log_w.double(), 0)
        ),
        "the log weights themselves were used, without exp": (
            log_w.double().sum(0) ** 2 / log_w.double().square().sum(0)
        ),
        "sum w^2 is not (sum w)^2: each log w is doubled before the logsumexp": (
            torch.ones_like(right)
        ),
        "log w^2 is 2 log w, not (log w)^2": torch.exp(
            2 * torch.logsumexp(log_w.double(), 0)
            - torch.logsumexp(log_w.double() ** 2, 0)
        ),
        "a variance that divides by k - 1: sum w^2 / k is a mean over k": (
            k / (1 + (k * share).var(0)) if k > 1 else right
        ),
        "the number of draws, whatever their weights": torch.full_like(right, k),
    }
