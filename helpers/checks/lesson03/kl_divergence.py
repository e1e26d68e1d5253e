"""Check of the KL divergence to the prior."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.losses import (
    kl_limits,
    kl_mistakes,
    kl_parts,
    kl_terms,
    per_image_mistakes,
    summed,
)
from helpers.checks.tensors import compare, fits, gradients_of

FAR = 20.0  # as far as the contract goes


@check("kl_divergence")
def kl_divergence(function: Callable, draw: Draw) -> None:
    """Check KL(N(mu, sigma^2) || N(0, 1)) for each image against the closed form."""
    size = draw.integer(3, 20)
    shapes = ((97, size), (97, size), (1, size), (131, 1), (1031, draw.integer(2, 9)))
    codes = [some_codes(*shape) for shape in shapes]
    codes.append(tuple(0.05 * each for each in codes[0]))  # nearly the prior
    ordinary = len(codes)
    some, far = torch.randn(7, size), torch.full((7, size), FAR)  # no limits
    sides = far * (torch.randint(0, 2, (7, size)) * 2 - 1)
    codes += [(some, far), (some, -far), (sides, some)]
    extreme = range(ordinary, len(codes))
    codes.append(some_codes(5, draw.integer(1030, 1100)))
    answers = [_kl(function, mu, logvar) for mu, logvar in codes]
    if not torch.allclose(answers[0], function(*codes[0]), equal_nan=True):
        raise CheckFailed(
            "two calls with the same mu and logvar give different numbers",
            "the closed form, which needs no random draw",
            "noise inside kl_divergence, or something kept from an earlier call",
        )
    if torch.allclose(answers[0], answers[1]) and answers[0].std() > 0:
        raise CheckFailed(
            "other mu and logvar of the same shape have the same KL",
            "a KL that is computed anew in each call",
            "something kept from an earlier call, or numbers other than mu and logvar",
        )
    for number, (kl, pair) in enumerate(zip(answers, codes, strict=True)):
        _check_values(kl, *pair, far=number in extreme)
    _check_gradients(function, *codes[0])
    _check_gradients(function, sides, some)
    _check_gradients(function, some, far - 5 * torch.rand(7, size))


def _check_gradients(function: Callable, mu: Tensor, logvar: Tensor) -> None:
    right = {"mu": mu, "logvar": (logvar.exp() - 1) / 2}
    for gradient, (name, wanted) in zip(
        gradients_of(function, mu, logvar), right.items(), strict=True
    ):
        if gradient is None or not fits(gradient, wanted, 1e-3):
            what = "no gradient flows" if gradient is None else "a wrong gradient flows"
            raise CheckFailed(
                f"{what} from the KL to {name}",
                "the KL term trains the encoder, so each part of it needs its gradient",
                "detach(), .data, .item(), torch.tensor(...), no_grad() or a detour "
                "through NumPy",
            )


def some_codes(images: int, size: int) -> tuple[Tensor, Tensor]:
    """Draw mu and logvar, (images, size), from small to large; one is the prior."""
    reach = torch.linspace(0.3, 2.5, size)
    mu, logvar = reach * torch.randn(images, size), reach * torch.randn(images, size)
    if images > 2:
        mu[2] = logvar[2] = 0
    return mu, logvar.clamp(-8, 4)


def _kl(function: Callable, mu: Tensor, logvar: Tensor) -> Tensor:
    with stays(mu, logvar):
        kl = function(mu, logvar)
    images, size = mu.shape
    looks = {
        (
            size,
        ): "you summed over the batch (dim=0); each image needs its own KL: dim=1",
        (): "you reduced over everything; sum over dim=1 only, one value an image",
        (images, size): "the sum over the latent dimensions (dim=1) is missing",
        (images, 1): "keepdim=True: leave it out",
    }
    if images == 1:
        looks[()] = "squeeze(): it takes the batch away where that is a single image"
    return want_tensor(
        kl,
        (images,),
        f"KL for mu and logvar of shape ({images}, {size})",
        looks.get(
            tuple(getattr(kl, "shape", (0,))),
            "the axis of the sum: dim=1 (or -1) runs over the latent dimensions",
        ),
    )


def _check_values(kl: Tensor, mu: Tensor, logvar: Tensor, far: bool) -> None:
    terms = kl_terms(mu, logvar)
    where = "" if len(mu) > 1 else " (in a batch of one)"
    if far:
        name = "mu" if mu.abs().max() == FAR else "logvar"
        values = mu if name == "mu" else logvar
        where = f" where {name} is {'+-' * (name == 'mu')}{values.max():g}"
    compare(
        kl,
        terms.sum(1),
        lambda: _mistakes(kl, mu, logvar, terms, far),
        f"the KL of an image{where}",
        f"summed over its {mu.shape[1]} dimensions; it is 0 at mu = 0, logvar = 0, and "
        "never negative",
        "a limit on mu, logvar, exp(logvar) or the KL: nearer to 0 the KL is right, "
        "and all values from -20 to 20 count as they are"
        if far
        else "how logvar enters: sigma^2 = exp(logvar), and log(sigma^2) = logvar (no "
        "further exp, log, square or limit); then mu^2, the constant 1, the factor 1/2",
        parts=kl_parts(mu, logvar),
        patterns=not far,
    )


def _mistakes(
    kl: Tensor, mu: Tensor, logvar: Tensor, terms: Tensor, far: bool
) -> dict[str, Tensor]:
    """What mistakes give; far out only limits, as nearer to 0 the KL was right."""
    limits = summed(kl_limits(mu, logvar))
    if far:
        return limits
    mistakes = {
        **summed(kl_mistakes(mu, logvar)),
        **per_image_mistakes(terms, "latent dimensions"),
        **limits,
        "the formula is cut off at 0: is its sign flipped?": torch.zeros(len(mu)),
        "mu is summed before it is squared; square each number, then sum": (
            terms.sum(1) + (mu.double().sum(1) ** 2 - mu.double().square().sum(1)) / 2
        ),
    }
    if kl.min() < kl.max():
        least = float(kl.min()) / mu.shape[1]
        mistakes[
            "a lower limit on the terms (clamp, free bits): each counts as it is"
        ] = terms.clamp(min=least).sum(1)
        floor = terms.sum(1).clamp(min=float(kl.min()))
        mistakes["a lower limit: images near the prior count as they are"] = floor
    return mistakes
