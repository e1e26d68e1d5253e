"""Check of drawing a code, z = mu + sigma * eps."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import in_a_row, stays
from helpers.checks.messages import apart
from helpers.checks.modules import explained
from helpers.checks.noise import cut_off, follows, hang_together, tails
from helpers.checks.tensors import fits, gradients_of

ROWS, COLUMNS = 8_000, 5  # draws for each of the pairs (mu, logvar) below
LIMIT = 6  # standard errors


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
    _check_moments(function, draw)
    _check_far(function)
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


def _wrong_draws(mu: Tensor, logvar: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and standard deviation that mistakes give: name -> ((n,), (n,))."""
    sigma = torch.exp(logvar / 2)
    return {
        "exp(logvar) is the variance; sigma is its square root": (mu, sigma**2),
        "that is logvar itself, without exp": (mu, logvar.abs()),
        "that is half of logvar, without exp": (mu, logvar.abs() / 2),
        "the noise is not scaled at all": (mu, sigma**0),
        "logvar is kept above a limit": (mu, torch.exp(logvar.clamp(min=0) / 2)),
        "logvar is kept below a limit": (mu, torch.exp(logvar.clamp(max=0) / 2)),
        "that is exp(logvar / 4): the root was taken twice": (mu, sigma**0.5),
        "that is exp(2 * logvar): the half was taken the wrong way": (mu, sigma**4),
        "that is exp(-logvar / 2): the sign is flipped": (mu, 1 / sigma),
        "that is 2^(logvar / 2): the logarithm is the natural one": (
            mu,
            2 ** (logvar / 2),
        ),
        "that is softplus(logvar)": (mu, F.softplus(logvar)),
        "that is softplus(logvar / 2)": (mu, F.softplus(logvar / 2)),
        "that is sigmoid(logvar)": (mu, torch.sigmoid(logvar)),
        "uniform noise (rand), scaled by sigma: use randn": (
            mu + sigma / 2,
            sigma / 12**0.5,
        ),
        "uniform noise, scaled by sigma: use randn": (mu, sigma / 3**0.5),
        "the noise is never negative: abs": (mu + 0.798 * sigma, 0.603 * sigma),
        "mu is not added: the mean must be mu": (0 * mu, sigma),
        "mu is taken off: the mean must be mu": (-mu, sigma),
        "mu and logvar are swapped": (logvar, torch.exp(mu / 2)),
        "the noise multiplies mu; it must multiply sigma": (sigma, mu.abs()),
        "sigma is added to mu, and the noise is not scaled": (mu + sigma, sigma**0),
        "sigma multiplies mu as well": (sigma * mu, sigma),
        "mu is added twice": (2 * mu, sigma),
    }


def _check_far(function: Callable) -> None:
    """Where sigma is next to nothing, or huge: logvar has no limit."""
    for level in (-18.0, 18.0):
        zeros = torch.zeros(300, 40)
        noise = _drawn(function, zeros, zeros + level).detach() / math.exp(level / 2)
        if not abs(noise.std() - 1) <= LIMIT / (2 * noise.numel()) ** 0.5:
            raise CheckFailed(
                f"at logvar = {level:.0f} (z - mu) / sigma has the standard deviation "
                f"{apart(noise.std(), 1)[0]}",
                "1: sigma = exp(logvar / 2), whatever logvar is",
                "a limit on logvar or sigma, or a number added to either",
            )


def _check_moments(function: Callable, draw: Draw) -> None:
    values = draw.rng.uniform(0.8, 1.2, 5)
    mus = torch.tensor([3.0, 1.0, -2.0, 0.3, -1.0]) * torch.tensor(values).float()
    logvars = torch.tensor([2.0, -4.0, 1.0, -13.0, 13.0]) * torch.tensor(values).float()
    mu = mus.repeat(COLUMNS).repeat(ROWS, 1)  # (ROWS, 5 * COLUMNS)
    logvar = logvars.repeat(COLUMNS).repeat(ROWS, 1)
    z = _drawn(function, mu, logvar).detach().double()
    groups = z.reshape(-1, 5)  # one column for each pair
    count = len(groups)
    mean, std = groups.mean(0), groups.std(0)
    sigmas = torch.exp(logvars.double() / 2)
    room = LIMIT * sigmas / count**0.5
    wrong = ~((mean - mus).abs() <= room) | ~((std - sigmas).abs() <= room / 2**0.5)
    noise = (z - mu) / torch.exp(logvar.double() / 2)
    if wrong.any():
        raise _wrong_moments(mean, std, mus.double(), logvars.double(), wrong)
    third = (noise**3).mean().item()
    fourth = tails(noise)
    total = noise.numel()
    if not (
        abs(third) <= LIMIT * (15 / total) ** 0.5
        and abs(fourth - 3) <= 1.4 * LIMIT * (24 / total) ** 0.5
    ):
        raise CheckFailed(
            f"the draws have the right mean and spread, but the third moment of the "
            f"noise is {third:.2f}, its fourth {fourth:.2f}",
            "0 and 3, as a normal distribution has",
            "uniform noise (rand; 0 and 1.8), a limit on the noise, or another "
            "distribution: use randn",
        )
    if not noise.abs().max() >= 3.9:
        raise CheckFailed(
            f"of {total:,} draws none is further from mu than {noise.abs().max():.3g} "
            "sigma",
            "a dozen that are further away than 4 sigma",
            "a limit on the noise: a clamp, or a truncated normal",
        )


def _wrong_moments(
    mean: Tensor, std: Tensor, mus: Tensor, logvars: Tensor, wrong: Tensor
) -> CheckFailed:
    sigmas = torch.exp(logvars / 2)
    names = [
        why
        for why, (m, s) in _wrong_draws(mus, logvars).items()
        if ((mean - m).abs() < 0.05 * s.clamp(min=1e-3)).all()
        and ((std - s).abs() < 0.03 * s + 1e-5).all()
    ]
    ratio = (std / sigmas).mean()
    if not names and ((std / sigmas - ratio).abs() < 0.02 * ratio).all():
        names = ["the mean: z is mu plus noise around 0, and nothing else is added"]
        if abs(ratio - 1) > 0.02:
            names = [
                "the noise is not standard normal: its standard deviation is "
                f"{ratio:.2g}; use randn, unscaled"
            ]
    i = int(wrong.double().argmax())
    means = apart(mean[i].item(), mus[i].item())
    stds = apart(std[i].item(), sigmas[i].item())
    return CheckFailed(
        f"at mu = {mus[i]:.2f}, logvar = {logvars[i]:.2f} the draws have mean "
        f"{means[0]} and standard deviation {stds[0]}",
        f"mean {means[1]} and sigma = exp(logvar / 2) = {stds[1]}, since logvar is "
        "log(sigma^2)",
        "; or ".join(names[:2])
        or "how sigma comes from logvar (no limit on it), and the noise",
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
