"""Check of drawing a code, z = mu + sigma * eps."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson03._numbers import gradients_of
from helpers.checks.modules import tails, undisturbed


@check("reparameterize")
@undisturbed
def reparameterize(function: Callable) -> None:
    """Check ``z = mu + sigma * eps``: moments, independence, gradients."""
    mu, logvar = torch.randn(97, 5), torch.randn(97, 5)
    z, before = function(mu, logvar), (mu.clone(), logvar.clone())
    want_tensor(
        z,
        (97, 5),
        "z for mu and logvar of shape (97, 5)",
        "the shape of the noise: it needs one number for each element of mu",
    )
    if z.dtype != mu.dtype:
        raise CheckFailed(
            f"z is {z.dtype}, mu is {mu.dtype}",
            "the same type: the decoder's weights have it too",
            "NumPy's noise is float64: use torch.randn_like(mu)",
        )
    function(mu, logvar)
    if not (mu.equal(before[0]) and logvar.equal(before[1])):
        raise CheckFailed(
            "mu or logvar has other values after the call",
            "both stay as they are: the KL is computed from them",
            "an in-place operation such as `mu += ...`, add_ or mul_",
        )
    _check_noise(function)
    _check_moments(function)
    mu, logvar = torch.zeros(97, 5), torch.full((97, 5), 2.0)
    gradients = gradients_of(function, mu, logvar)
    if gradients == [None, None]:
        raise CheckFailed(
            "no gradient flows through z: the encoder would never learn",
            "gradients reach both mu and logvar, since only eps is random",
            "detach(), no_grad() or .sample(); draw eps, then compute with mu and "
            "sigma (Normal has .rsample() for that)",
        )
    for name, gradient in zip(("mu", "logvar"), gradients, strict=True):
        if gradient is None or not gradient.any():
            raise CheckFailed(
                f"no gradient reaches {name}",
                "gradients reach both mu and logvar, since only eps is random",
                f"detach(), .data, no_grad() or .item() on the way from {name} to z",
            )
    if not torch.allclose(gradients[0], torch.ones(97, 5), atol=1e-4):
        raise CheckFailed(
            "when mu grows by 1, z does not",
            "z = mu + sigma * eps: mu shifts z and does nothing else",
            "how mu enters z",
        )


def _check_noise(function: Callable) -> None:
    one = torch.ones(97, 5)
    z, again = function(one, one), function(one, one)
    pairs = {
        "the same number is drawn for all elements of z": z - z[0, 0],
        "all images get the same noise": z - z[:1],
        "all latent dimensions get the same noise": z - z[:, :1],
    }
    same = [what for what, difference in pairs.items() if difference.abs().max() < 1e-4]
    if torch.allclose(z, again):
        if same and "number" in same[0]:
            raise CheckFailed(
                f"all draws at mu = 1, logvar = 1 are the same number, {z[0, 0]:.2f}",
                "random draws: z = mu + sigma * eps with fresh eps from N(0, 1)",
                "the noise: is it drawn, and is it used?",
            )
        raise CheckFailed(
            "two calls give exactly the same draws",
            "fresh noise on every call",
            "a seed or generator inside the function, or noise drawn once outside",
        )
    if same:
        raise CheckFailed(
            f"the same noise is used for several elements of z: {same[0]}",
            "fresh noise for every image and every latent dimension",
            "the shape you draw eps with: torch.randn_like(mu) has the right one",
        )


def _check_moments(function: Callable) -> None:
    for at_mu, at_logvar in ((3.0, 2.0), (1.0, -4.0)):
        shape = (2_000, 5)
        z = function(torch.full(shape, at_mu), torch.full(shape, at_logvar)).detach()
        mean, std, right = z.mean().item(), z.std().item(), math.exp(at_logvar / 2)
        if abs(mean - at_mu) < 0.05 * right and abs(std - right) < 0.03 * right:
            continue
        wrong = {  # (mean, standard deviation): what gives them
            (at_mu, right**2): "exp(logvar) is the variance; sigma is its square root",
            (at_mu, abs(at_logvar)): "that is logvar itself, without exp",
            (at_mu, 1.0): "the noise is not scaled at all, or logvar is kept "
            "above a limit",
            (
                at_mu,
                right**0.5,
            ): "that is exp(logvar / 4): the root was taken twice, or "
            "logvar is kept below a limit",
            (at_mu, 1 / right): "that is exp(-logvar / 2): the sign is flipped",
            (at_mu, math.log1p(math.exp(at_logvar))): "that is softplus(logvar)",
            (at_mu + right / 2, right / 12**0.5): "uniform noise (rand): use randn",
            (at_mu, right / 12**0.5): "uniform noise (rand): use randn",
            (at_mu + 0.798 * right, 0.603 * right): "the noise is never negative: abs",
            (0.0, right): "mu is not added: the mean must be mu",
            (at_logvar, math.exp(at_mu / 2)): "mu and logvar are swapped",
            (right, at_mu): "the noise multiplies mu; it must multiply sigma",
        }
        names = [
            why
            for (m, s), why in wrong.items()
            if abs(m - mean) < 0.05 * max(s, 0.1) and abs(s - std) < 0.04 * s
        ]
        raise CheckFailed(
            f"at mu = {at_mu:g}, logvar = {at_logvar:g} the draws have mean {mean:.2f} "
            f"and standard deviation {std:.2f}",
            f"mean {at_mu:g} and sigma = exp(logvar / 2) = {right:.2f}, since logvar "
            f"is log(sigma^2)",
            *(names[:1] or ["how sigma comes from logvar (no clamp), and the noise"]),
        )
    fourth = tails(z)
    if abs(fourth - 3) > 0.4:
        raise CheckFailed(
            f"the draws have the right mean and spread, but the fourth moment of the "
            f"noise is {fourth:.1f}",
            "3, as a normal distribution has",
            "uniform noise (rand; 1.8) or another distribution: use randn",
        )
