"""Lesson 05, exercise 4: which dimensions depend on the image."""

from __future__ import annotations

from collections.abc import Callable

import torch

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.modules import undisturbed


@check("active_units")
@undisturbed
def active_units(function: Callable) -> None:
    """Check that dimensions count as active by the variance of their means."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(400, 5, generator=generator)
    noise = (noise - noise.mean(0)) / noise.std(0)
    spread = torch.tensor([3.0, 0.0, 0.2, 0.05, 0.0])  # variances 9, 0, 0.04, 0.0025, 0
    centre = torch.tensor([0.0, 0.0, -3.0, 0.0, 2.0])
    mu = centre + spread * noise
    before = mu.clone()
    active = function(mu)
    if not torch.equal(mu, before):
        raise CheckFailed(
            "mu was changed",
            "mu as it was: it is used again",
            "functions that end in _ and assignments with -= work in place",
        )
    if isinstance(active, torch.Tensor) and active.ndim == 0:
        raise CheckFailed(
            f"active_units returns one number, {active.item()}",
            "a tensor of bool, one for each dimension",
            "count later; here, keep the dimensions apart",
        )
    if isinstance(active, torch.Tensor) and active.dtype != torch.bool:
        raise CheckFailed(
            f"the result has the type {active.dtype}",
            "torch.bool, so that it can pick dimensions: True or False each",
            "the comparison with the threshold, and nothing after it (no indices)",
        )
    want_tensor(
        active,
        (5,),
        "active_units for mu of shape (400, 5)",
        "the axis of the variance: dim=0 runs over the images",
    )
    got, want = active.tolist(), [True, False, True, False, False]
    if got != want:
        look = "variance over the images, compared with the threshold"
        if function(mu, threshold=0.01).tolist() == want:
            look = "the default of the argument: threshold=0.01"
        elif got == [not value for value in want]:
            look = "the comparison: active means above the threshold"
        elif got[4]:
            look = (
                "a mean that is always 2 says nothing about the image: take the "
                "variance of mu, not its size or its square"
            )
        elif got == [True, False, True, True, False]:
            look = (
                "the variance, a mean of squares (0.05 squared is 0.0025), not the "
                "standard deviation, the range or a sum"
            )
        raise CheckFailed(
            f"for variances 9, 0, 0.04, 0.0025, 0 (the last mean always 2): {got}",
            f"{want} at the threshold 0.01",
            look,
        )
    raised = function(mu, threshold=0.1).tolist()
    if raised != [True, False, False, False, False]:
        raise CheckFailed(
            f"at threshold 0.1: {raised}",
            "the variance 0.04 is below 0.1: not active there",
            "is 0.01 written into the function instead of `threshold`?",
        )
