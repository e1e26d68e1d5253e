"""Check of drawing a code, z = mu + sigma * eps."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import in_a_row, stays
from helpers.checks.lesson03._moments import check_far, check_moments
from helpers.checks.modules import explained
from helpers.checks.noise import cut_off, follows, hang_together
from helpers.checks.tensors import fits, gradients_of


@check("reparameterize")
def reparameterize(function: Callable, draw: Draw) -> None:
    """Check ``z = mu + sigma * eps``: moments, independence, gradients."""
    size = draw.integer(3, 20)
    shapes = ((97, size), (1, size), (131, 1), (1031, draw.integer(2, 9)))
    for shape in shapes:
        mu, logvar = torch.randn(shape), torch.randn(shape)
        first = _drawn(function, mu, logvar)
        kept = first.clone()
        again = _drawn(function, mu, logvar)
        if not first.equal(kept):
            raise CheckFailed(
                "a second call changes what the first one returned",
                "new numbers in a new tensor",
                "a tensor that is made once and filled in each call",
            )
        if first.equal(again):
            raise _not_random(function, first)
        with torch.no_grad():  # as where a notebook only looks
            if _drawn(function, mu, logvar).equal(_drawn(function, mu, logvar)):
                raise CheckFailed(
                    "inside `with torch.no_grad():` two calls give the same draws, "
                    "outside they do not",
                    "fresh noise on every call, wherever it is made",
                    "torch.is_grad_enabled(), requires_grad, or a mode that decides "
                    "whether there is noise",
                )
    wide = torch.randn(9, size).double(), torch.randn(9, size).double()
    _drawn(function, *wide)
    _check_noise(function)
    drawn = functools.partial(_drawn, function)
    check_moments(drawn, draw)
    check_far(drawn)
    _check_gradients(function, size)


def _drawn(function: Callable, mu: Tensor, logvar: Tensor) -> Tensor:
    reasons = {
        "to satisfy the constraint": (
            "a standard deviation, which is positive: sigma = exp(logvar / 2)",
            "the second argument of Normal: it takes sigma, and logvar is the "
            "logarithm of sigma^2, negative as often as not",
        ),
        "normal expects all elements of std >= 0": (
            "a standard deviation, which is positive: sigma = exp(logvar / 2)",
            "the second argument of torch.normal: it takes sigma, not logvar",
        ),
    }
    look = "an in-place operation such as `mu += ...`, add_ or mul_"
    with stays(mu, logvar, look=look), explained(reasons):
        z = function(mu, logvar)
    shape = tuple(mu.shape)
    if isinstance(z, Tensor) and z.shape == shape and not z.isfinite().all():
        raise CheckFailed(
            f"z contains nan or inf where logvar is {logvar[~z.isfinite()][0]:.2f}",
            "finite numbers: logvar may be negative, exp(logvar / 2) is positive",
            "a root or a logarithm of logvar itself"
            + ", or a spread that is taken over the one image of this batch"
            * (shape[0] == 1),
        )
    want_tensor(
        z,
        shape,
        f"z for mu and logvar of shape {shape}",
        "the shape of the noise: it needs one number for each element of mu",
    )
    if z.dtype != mu.dtype:
        raise CheckFailed(
            f"z is {z.dtype}, mu and logvar are {mu.dtype}",
            "the same type: the decoder's weights have it too",
            "NumPy's noise is float64: use torch.randn_like(mu)"
            if mu.dtype == torch.float32
            else "float() or another fixed type: torch.randn_like(mu) has mu's",
        )
    return z


def _not_random(function: Callable, z: Tensor) -> CheckFailed:
    one = torch.ones(97, 5)
    draws = function(one, one)
    if (draws - draws[0, 0]).abs().max() < 1e-4:
        return CheckFailed(
            f"all draws at mu = 1, logvar = 1 are the same number, {draws[0, 0]:.2f}",
            "random draws: z = mu + sigma * eps with fresh eps from N(0, 1)",
            "the noise: is it drawn, and is it used?",
        )
    return CheckFailed(
        "two calls give exactly the same draws",
        "fresh noise on every call",
        "a seed or generator inside the function, or noise drawn once outside"
        + "; noise whose mean over the images is taken off: of one, nothing is left"
        * (len(z) == 1),
    )


def _check_noise(function: Callable) -> None:
    mu = torch.zeros(1000, 100)
    z = _drawn(function, mu, mu + 1).detach().clone()
    pairs = {
        "the same number is drawn for all elements of z": z - z[0, 0],
        "all images get the same noise": z - z[:1],
        "all latent dimensions get the same noise": z - z[:, :1],
    }
    same = [what for what, difference in pairs.items() if difference.abs().max() < 1e-4]
    look = "the shape you draw eps with: torch.randn_like(mu) has the right one"
    if same:
        there = _drawn(function, mu + 1, mu + 1).detach()
        if (z - z[0, 0]).abs().max() < 1e-4 < (there - there[:1]).abs().max():
            raise CheckFailed(
                f"at mu = 0 all draws are the same number, {z[0, 0]:.2f}; at mu = 1 "
                "they are not",
                "z = mu + sigma * eps: mu moves the draws, sigma spreads them",
                "what the noise is multiplied by: sigma, and not mu",
            )
        raise CheckFailed(
            f"the same noise is used for several elements of z: {same[0]}",
            "fresh noise for every image and every latent dimension",
            look,
        )
    count = len(z.abs().flatten().unique())
    different = count / z.numel()
    limit = cut_off(z)
    if limit:
        raise CheckFailed(
            f"{(z.abs() == limit).double().mean():.0%} of the numbers drawn lie "
            f"exactly {limit / math.exp(0.5):.3g} sigma from mu, none further away",
            "a normal distribution, which has no end",
            "a limit on the noise, or on z: a clamp",
        )
    if count < 1000:
        raise CheckFailed(
            f"of {z.numel():,} numbers drawn only {count} differ (up to the sign)",
            "fresh noise from N(0, 1), of any value, for every element of z",
            "noise that is rounded or repeated, or whole numbers",
        )
    if different < 0.9:
        raise CheckFailed(
            f"of the numbers drawn only {different:.0%} differ from each other (up to "
            "the sign)",
            "fresh noise for every image and every latent dimension",
            f"noise that is repeated, mirrored or rounded (bfloat16, half); {look}",
        )
    few = torch.zeros(5, 3)
    some = torch.stack([each.detach() for each in in_a_row(function, 400, few, few)])
    means = some.mean(1)
    columns, whole = (
        size * each.var() / some.var()
        for size, each in ((5, means), (15, means.mean(1)))
    )
    if some.isnan().any() or min(columns, whole) < 0.5:
        over = "each call" if columns > 0.5 else "each dimension"
        raise CheckFailed(
            f"in z - mu the numbers of {over} have a mean of nearly 0 every time",
            "numbers drawn each by itself: their mean is near 0, and never twice so",
            "noise whose mean is taken off, or that is standardized: randn_like(mu) as "
            "it comes",
        )
    if hang_together(z):
        raise CheckFailed(
            "the noise of different elements of z hangs together",
            "fresh noise for every image and every latent dimension",
            "noise that is added up, or scaled by other noise: randn_like(mu) will do",
        )
    later = [_drawn(function, mu, mu + 1).detach().clone() for _ in range(2)]
    if follows([z, *later]):
        raise CheckFailed(
            "the noise of a call is like, or opposite to, that of the call before",
            "fresh noise on every call",
            "noise that is kept from call to call",
        )


def _check_gradients(function: Callable, size: int) -> None:
    mu, logvar = torch.randn(97, size), torch.randn(97, size)
    drawn = []

    def observed(*inputs: Tensor) -> Tensor:
        z = function(*inputs)
        drawn.append(z.detach().clone())
        return z

    gradients = gradients_of(observed, mu, logvar)
    if gradients == [None, None]:
        raise CheckFailed(
            "no gradient flows through z: the encoder would never learn",
            "gradients reach both mu and logvar, since only eps is random",
            "detach(), no_grad() or .sample(); draw eps, then compute with mu and "
            "sigma (Normal has .rsample() for that)",
        )
    dead = [g is None or not g.any() for g in gradients]
    if all(dead):
        raise CheckFailed(
            "the gradient from z to mu and logvar is 0: the encoder would never learn",
            "gradients reach both mu and logvar, since only eps is random",
            "torch.normal(mu, sigma) passes no gradient: draw eps with randn_like, "
            "then compute mu + sigma * eps",
        )
    right = (torch.ones_like(mu), (drawn[0] - mu) / 2)
    for name, gradient, none, wanted in zip(
        ("mu", "logvar"), gradients, dead, right, strict=True
    ):
        if none:
            raise CheckFailed(
                f"no gradient reaches {name}",
                "gradients reach both mu and logvar, since only eps is random",
                f"detach(), .data, no_grad() or .item() on the way from {name} to z",
            )
        if not fits(gradient, wanted, 1e-3):
            raise CheckFailed(
                f"the gradient from z to {name} is not that of mu + sigma * eps",
                "dz/dmu = 1, dz/dlogvar = sigma * eps / 2",
                f"how {name} enters z: detach() or .data on a part of it, or a limit",
            )
