"""What several exercises of lesson 06 share: densities, weights, axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.tensors import compare, fits

NO_GRADIENT = (
    "detach(), .data, .item(), torch.tensor(...), no_grad() or a detour through NumPy"
)


def log_density(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu, sigma^2), summed over the last axis, float64."""
    z, mu, logvar = z.double(), mu.double(), logvar.double()
    terms = math.log(2 * math.pi) + logvar + (z - mu) ** 2 * torch.exp(-logvar)
    return -0.5 * terms.sum(-1)


def some_weights(draw: Draw) -> list[Tensor]:
    """Log weights as models give them: of some, one and many draws and images."""
    k = draw.integer(5, 12)
    shapes = ((k, 97), (k, 97), (1, 97), (131, 3), (1031, 2), (k, 1), (k,), (k, 3, 5))
    weights = []
    for number, shape in enumerate(shapes):
        level = (-95.0, -1000.0, -3.0, -95.0, -3.0, -95.0, 300.0, -20.0)[number]
        spread = (3.0, 20.0, 1.0, 6.0, 1.0, 3.0, 1.0, 3.0)[number]
        image = 5 * torch.randn(shape[1:])  # each lies somewhere else
        weights.append(level + image + spread * torch.randn(shape))
    weights.append(torch.full((k, 4), -95.0))  # by an exact encoder: all alike
    # Images so far apart that what suits one is nothing to the other.
    weights.append(3 * torch.randn(k, 4) - 200.0 * torch.arange(4))
    return weights


def per_image(function: Callable, name: str, log_w: Tensor, expectation: str) -> Tensor:
    """Call a function of log weights (k, ...) and look at the form of its answer."""
    with stays(log_w):
        value = function(log_w)
    shape, k = tuple(log_w.shape[1:]), len(log_w)
    look = "the axis: dim=0 holds the draws, every image keeps its own value"
    got = tuple(getattr(value, "shape", ()))
    if got != shape and math.prod(got) == math.prod(shape):
        look = (
            "a squeeze() drops the images' axis, or you reduced over everything: "
            + look
        )
    elif got == () and shape:
        look = f"you reduced over everything, and mixed the images: {look}"
    elif got == (k, *shape[1:]) and len(shape) == 1 and got != shape:
        look = f"you reduced over the images (dim=1), which mixes them: {look}"
    elif got == tuple(log_w.shape):
        look = f"the reduction over the draws is missing: {look}"
    if isinstance(value, Tensor) and got == shape and not value.isfinite().all():
        if _mixed(function, log_w, value):
            raise CheckFailed(
                f"{name} of one image is {value[~value.isfinite()][0].item()} beside "
                "others, and a finite number by itself",
                f"the same, whatever images stand beside it: {expectation}",
                "a softmax, a sum or a largest value over all entries: dim=0 holds "
                "the draws, every image has its own",
            )
        raise CheckFailed(
            f"{name} is {value.flatten()[~value.flatten().isfinite()][0].item()} for "
            f"log weights near {log_w.median().item():.0f}",
            f"a finite number: {expectation}",
            "exp() of the log weights themselves: below -103 it is 0 and above 88 inf "
            "in float32. Stay with logarithms (torch.logsumexp), or take out the "
            "largest of each image first",
        )
    what = f"{name} of log weights of shape {tuple(log_w.shape)}"
    return want_tensor(value, shape, what, look)


def _mixed(function: Callable, log_w: Tensor, value: Tensor) -> bool:
    """Whether an image that got no finite number gets one when it is alone."""
    if log_w.dim() < 2 or log_w[0].numel() < 2:
        return False
    place = int((~value.flatten().isfinite()).nonzero()[0])
    alone = function(log_w.flatten(1)[:, place : place + 1].clone())
    return isinstance(alone, Tensor) and bool(alone.isfinite().all())


def compare_all(
    seen: Sequence[Tensor],
    wanted: Sequence[Tensor],
    mistakes: Sequence[Mapping[str, Tensor]],
    what: str,
    because: str,
    otherwise: str,
    tolerance: float = 2e-5,
) -> None:
    """As `compare`, with only such mistakes named as explain every case."""
    shared = set(mistakes[0])
    for value, right, wrong in zip(seen, wanted, mistakes, strict=True):
        shared &= {
            why
            for why, given in wrong.items()
            if given.shape == right.shape
            and fits(value, given, min(2e-4, 10 * tolerance))
        }
    for value, right, wrong in zip(seen, wanted, mistakes, strict=True):
        known = {why: given for why, given in wrong.items() if why in shared}
        compare(value, right, known, what, because, otherwise, tolerance)


def check_gradients(
    found: Sequence[Tensor | None],
    wanted: Mapping[str, Tensor],
    value: str,
    why: str,
    tolerance: float = 1e-3,
) -> None:
    """Fail unless gradients are there and right."""
    for gradient, (name, right) in zip(found, wanted.items(), strict=True):
        if gradient is None or not fits(gradient, right, tolerance):
            seen = "no gradient flows" if gradient is None else "a wrong gradient flows"
            raise CheckFailed(f"{seen} from {value} to {name}", why, NO_GRADIENT)
