"""The mean and spread of `reparameterize`'s draws, against what mistakes would give."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.checks.base import CheckFailed
from helpers.checks.draws import Draw
from helpers.checks.messages import apart
from helpers.checks.noise import tails

ROWS, COLUMNS = 8_000, 5  # draws for each of the pairs (mu, logvar) below
LIMIT = 6  # standard errors


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


def check_far(drawn: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Where sigma is next to nothing, or huge: logvar has no limit."""
    for level in (-18.0, 18.0):
        zeros = torch.zeros(300, 40)
        noise = drawn(zeros, zeros + level).detach() / math.exp(level / 2)
        if not abs(noise.std() - 1) <= LIMIT / (2 * noise.numel()) ** 0.5:
            raise CheckFailed(
                f"at logvar = {level:.0f} (z - mu) / sigma has the standard deviation "
                f"{apart(noise.std(), 1)[0]}",
                "1: sigma = exp(logvar / 2), whatever logvar is",
                "a limit on logvar or sigma, or a number added to either",
            )


def check_moments(drawn: Callable[[Tensor, Tensor], Tensor], draw: Draw) -> None:
    values = draw.rng.uniform(0.8, 1.2, 5)
    mus = torch.tensor([3.0, 1.0, -2.0, 0.3, -1.0]) * torch.tensor(values).float()
    logvars = torch.tensor([2.0, -4.0, 1.0, -13.0, 13.0]) * torch.tensor(values).float()
    mu = mus.repeat(COLUMNS).repeat(ROWS, 1)  # (ROWS, 5 * COLUMNS)
    logvar = logvars.repeat(COLUMNS).repeat(ROWS, 1)
    z = drawn(mu, logvar).detach().double()
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
