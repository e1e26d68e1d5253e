"""Lesson 06, exercise 6: the signal-to-noise ratio of a gradient."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson06._weights import compare_all
from helpers.checks.messages import apart
from helpers.checks.tensors import fits


@check("signal_to_noise")
def signal_to_noise(function: Callable, draw: Draw) -> None:
    """Check |mean| / std over the repeats, for each weight."""
    weights = draw.integer(5, 40)
    cases = []
    for repeats, count in ((97, weights), (1031, 3), (2, weights), (131, 1), (7, 7)):
        mean, std = 3 * torch.randn(count), 10 ** (4 * torch.rand(count) - 3)
        noise = torch.randn(repeats, count)
        if repeats == 2:  # never two nearly equal ones: their ratio knows no limit
            noise = torch.tensor([[1.0], [-1.0]]) * (0.5 + torch.rand(count))
        cases.append(mean * std + std * noise)
    cases.append(torch.rand(33, 4) * torch.tensor([1.0, -1.0, 5.0, -5.0]))
    seen = [_called(function, each) for each in cases]
    # Divided by R or by R - 1: one of them, throughout.
    wanted = min(
        ([_ratio(each, correction) for each in cases] for correction in (0, 1)),
        key=lambda all_of: sum(
            not fits(*pair, 2e-4) for pair in zip(seen, all_of, strict=True)
        ),
    )
    compare_all(
        seen,
        wanted,
        [_mistakes(each) for each in cases],
        "the signal-to-noise ratio of a weight",
        "|mean| / standard deviation over the repeats",
        "mean(dim=0), its absolute value, std(dim=0); nothing else",
        tolerance=2e-4,
    )
    _high(function, weights)
    _low(function, weights)
    small = 1e-5 * cases[0]  # as of a model that has learned
    if not fits(_called(function, small), wanted[0], 1e-3):
        raise CheckFailed(
            "the ratio of gradients that are 100,000 times smaller is another",
            "the same: a ratio has no units",
            "a limit on the variance or the standard deviation, or a number added to "
            "it: leave it out",
        )


def _high(function: Callable, weights: int) -> None:
    """Gradients that are nearly the same in all repeats."""
    gradients = 150 + 25 * torch.rand(weights) + torch.randn(97, weights)
    seen, right = _called(function, gradients), _ratio(gradients)
    if not fits(seen, right, 0.02):
        worst = (seen.double() - right).abs().argmax()
        texts = apart(seen[worst].item(), right[worst].item())
        raise CheckFailed(
            "the ratio of a weight whose gradients have the mean "
            f"{gradients[:, worst].mean():.0f} and the standard deviation 1 is "
            f"{texts[0]}",
            texts[1],
            "a limit on the ratio, or a number added to the standard deviation",
        )


def _low(function: Callable, weights: int) -> None:
    """Gradients that nearly cancel."""
    noise = torch.randn(97, weights)
    small = (5e-4 + 3e-4 * torch.rand(weights)) * (-1.0) ** torch.arange(weights)
    gradients = (noise - noise.mean(0)) / noise.std(0) + small
    seen, right = _called(function, gradients), _ratio(gradients)
    if not fits(seen, right, 2e-4):
        worst = (seen.double() - right).abs().argmax()
        texts = apart(seen[worst].item(), right[worst].item())
        raise CheckFailed(
            f"the ratio of a weight whose gradients nearly cancel is {texts[0]}",
            f"{texts[1]}: a small ratio counts as it is",
            "a lower limit, a test of significance or round(): leave it out",
        )


def _called(function: Callable, gradients: Tensor) -> Tensor:
    with stays(gradients):
        value = function(gradients)
    repeats, weights = gradients.shape
    look = "the axis: dim=0 holds the repeats; every weight keeps its own ratio"
    if tuple(getattr(value, "shape", ())) == (repeats,) != (weights,):
        look = f"you reduced over the weights (dim=1): {look}"
    elif getattr(value, "shape", None) == ():
        look = f"you reduced over everything: {look}; their mean comes later"
    return want_tensor(
        value,
        (weights,),
        f"signal_to_noise of gradients of shape ({repeats}, {weights})",
        look,
    )


def _ratio(gradients: Tensor, correction: int = 1) -> Tensor:
    g = gradients.double()
    return g.mean(0).abs() / g.std(0, correction=correction)


def _mistakes(gradients: Tensor) -> dict[str, Tensor]:
    g = gradients.double()
    mean, std, repeats = g.mean(0), g.std(0), len(g)
    right = mean.abs() / std
    found = {
        "abs() is missing: the ratio is not negative": mean / std,
        "the wrong way up: |mean| stands above, the standard deviation below": (
            std / mean.abs()
        ),
        "abs() comes after the mean: before it noise of either sign is signal": (
            g.abs().mean(0) / std
        ),
        "abs() before the mean and before the standard deviation": (
            g.abs().mean(0) / g.abs().std(0)
        ),
        "the variance stands below; its root is wanted": mean.abs() / std**2,
        "the square of it": right**2,
        "the standard error of the mean stands below: std / sqrt(R). The spread of "
        "one gradient is wanted": right * repeats**0.5,
        "the size of the mean alone": mean.abs(),
        "the standard deviation alone": std,
        "the root of the mean square, where |mean| is wanted": (
            g.square().mean(0).sqrt() / std
        ),
        "the median, where the mean is wanted": g.median(0).values.abs() / std,
        "the mean deviation stands below, not the standard deviation": (
            mean.abs() / (g - mean).abs().mean(0)
        ),
        "the spread around 0 stands below; it is around the mean": (
            mean.abs() / g.square().mean(0).sqrt()
        ),
        "the standard deviation of all entries; each weight has its own": (
            mean.abs() / g.std()
        ),
        "one number for all weights": right.mean().expand_as(right),
    }
    squares = (g - mean).square().sum(0)
    for divisor, count in (("R - 2", repeats - 2), ("R + 1", repeats + 1)):
        found[
            f"the standard deviation divides the squares by {divisor}; by R - 1 or by R"
        ] = mean.abs() / (squares / count).sqrt()
    if g.shape[0] == g.shape[1]:
        found["the axis: dim=0 holds the repeats, dim=1 the weights"] = g.mean(
            1
        ).abs() / g.std(1)
    return found
