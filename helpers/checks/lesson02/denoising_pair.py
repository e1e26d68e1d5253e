"""Check of exercise denoising_pair."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson02._models import PIXELS, pictures
from helpers.checks.lesson02._numbers import compare
from helpers.checks.messages import is_sequence, kind, number
from helpers.checks.noise import follows, tails
from helpers.training import pick_device

ROWS = 257  # with 784 pixels each, 200,000 numbers: 5 % off is 30 standard errors
COUNT = ROWS * PIXELS


@check("denoising_pair")
def denoising_pair(make_pair: Callable, draw: Draw) -> None:
    """Check ``denoising_pair(x, noise_std) -> (noisy, clean)``."""
    device = pick_device()
    for rows, std in ((ROWS, 0.5), (1, draw.integer(3, 9) / 10), (97, 3.0), (5, 0.004)):
        x = pictures(rows, low=-0.2, high=1.2).clamp(0, 1).to(device)
        _check_pair(make_pair, x, std)
    # Around such a grey, noise is not clipped, so that it can be measured.
    grey = torch.full((ROWS, PIXELS), 0.45 + draw.integer(0, 10) / 100, device=device)
    weak = draw.integer(30, 50) / 1000
    _check_pattern(make_pair, grey, weak)
    _check_noise(make_pair, grey, (weak, 1.5 * weak))
    _check_mirrored(make_pair, grey)
    _check_many(make_pair, grey)
    for level, low, high in (
        (0.0, 25, 50),
        (1.0, 60, 80),
        (0.5, 110, 150),
        (0.5, 1_200, 1_800),
    ):
        level = level if level != 0.5 else draw.integer(20, 80) / 100
        _check_clipping(make_pair, level, draw.integer(low, high) / 100)


def _check_pair(make_pair: Callable, x: Tensor, std: float) -> None:
    look = "an in-place operation, such as `x += ...` or `x.clamp_()`: work on a copy"
    given = x.clone()
    with stays(given, look=look):
        result = make_pair(given, std)
    noisy, clean = _pair(result, x.shape)
    if torch.equal(noisy, x) and not torch.equal(clean, x):
        raise CheckFailed(
            "the input is the clean picture and the target the noisy one",
            "(input, target) = (noisy, clean)",
            "the order in the `return` line",
        )
    if torch.equal(clean, noisy):
        raise CheckFailed(
            "the target is the same picture as the input",
            "noise on the input, none on the target: a denoiser trained towards the "
            "noisy image learns to keep the noise",
            "return the clean images as the second of the pair",
        )
    if not torch.allclose(clean, x, atol=1e-6):
        raise CheckFailed(
            f"the target differs from the clean images by up to "
            f"{(clean - x).abs().max():.2g}",
            "the clean images themselves",
            "noise on the target as well, or the noise itself as the target",
        )
    _want_pixels(noisy)


def _want_pixels(noisy: Tensor) -> None:
    low, high = noisy.min().item(), noisy.max().item()
    if not (low >= 0 and high <= 1):
        raise CheckFailed(
            f"noisy pixels run from {low:.2f} to {high:.2f}",
            "pixels between 0 and 1, like those of any picture",
            "clip after adding the noise: `.clamp(0, 1)`",
        )


def _pair(result: Any, shape: torch.Size) -> tuple[Tensor, Tensor]:
    if not is_sequence(result) or len(result) != 2:
        raise CheckFailed(
            f"denoising_pair() gave {kind(result)}",
            "a pair: (input, target)",
            "the `return` line",
        )
    for name, part in zip(("input", "target"), result, strict=True):
        if not isinstance(part, Tensor) or part.shape != shape:
            raise CheckFailed(
                f"the {name} is {kind(part)}",
                f"a tensor of shape {tuple(shape)}, like the images",
                "a reshape, noise of another shape, or NumPy where torch belongs",
            )
        if part.dtype != torch.float32:
            raise CheckFailed(
                f"the {name} is {part.dtype}, the images are torch.float32",
                "the type of the images: the network's weights have it too",
                "NumPy's noise is float64: use torch.randn_like, or .float()",
            )
        if part.is_inference() or part.requires_grad:
            made = "of inference mode" if part.is_inference() else "with a gradient"
            raise CheckFailed(
                f"the {name} is a tensor {made}",
                "an ordinary tensor, on which a network can be trained",
                "torch.inference_mode() or requires_grad: leave it out",
            )
    return result[0], result[1]


def _noisy(make_pair: Callable, x: Tensor, std: float) -> Tensor:
    """A copy of the noisy pixels: nothing that runs later can change it."""
    noisy = make_pair(x.clone(), std)[0].detach().clone()
    _want_pixels(noisy)
    return noisy


def _check_pattern(make_pair: Callable, grey: Tensor, std: float) -> None:
    """Each pixel, image and call has noise of its own."""
    noise, again, later = (_noisy(make_pair, grey, std) - grey for _ in range(3))
    if torch.allclose(noise, again, atol=1e-6):
        raise CheckFailed(
            "two calls gave exactly the same noise (or none)",
            "fresh noise in each call, or the network memorizes that noise",
            "a seed or generator inside the function; is noise_std used?",
        )
    shape = "the shape of the noise: that of x, as randn_like(x) gives"
    # Independent noise: the mean of n pixels has 1/n of the variance of one.
    whole = max(noise.var().item(), 1e-12)
    by_image = noise.mean(dim=1).var().item() / whole * PIXELS
    by_pixel = noise.mean(dim=0).var().item() / whole * ROWS
    if (by_image > 100 and by_pixel > 100) or whole < 1e-4 * std**2:
        seen, look = "the noise is one number for the whole batch", shape
    elif by_image > 100:
        seen = "pixels of an image have the same noise: it gets brighter or darker"
        look = shape
    elif by_pixel > 1.6:
        seen, look = "the noise is the same for all images, or for several", shape
    elif by_image > 1.6 or abs(_correlation(noise[:, 1:], noise[:, :-1])) > 0.0125:
        seen = "the noise of neighboring pixels, or of a whole image, is alike"
        look = "noise that is repeated, smoothed or drawn coarser than the picture"
    elif follows([noise, again, later]):
        seen = "the noise of one call is like that of the next"
        look = "noise that is kept from call to call, outside the function"
    else:
        return
    raise CheckFailed(seen, "fresh noise for each pixel of each image", look)


def _check_mirrored(make_pair: Callable, grey: Tensor) -> None:
    """Numbers drawn each by itself come in no pairs, up to the sign, in any order."""
    few = grey[:20]
    sizes = (_noisy(make_pair, few, 0.1) - few).abs().flatten().sort().values
    # Of 15,680 numbers 2 % have a neighbor so near; where pixels are rounded to 32
    # bits, what was one number in the noise is no longer exactly one.
    again = (sizes.diff() < 1.5e-7).float().mean().item()
    if again > 0.2:
        raise CheckFailed(
            f"of the noise {again:.0%} is found twice or more, up to the sign",
            "fresh noise for each pixel of each image",
            "noise that is repeated, mirrored (noise and -noise), limited or rounded",
        )


def _check_many(make_pair: Callable, grey: Tensor) -> None:
    """More images than a part of them that may be written in."""
    many = grey[:1].expand(2_050, -1)
    rows = len(_noisy(make_pair, many, 0.1)[:, :20].unique(dim=0))
    if rows < len(many):
        raise CheckFailed(
            f"{len(many):,} images get the noise of {rows:,}",
            "fresh noise for each pixel of each image",
            "noise that is drawn for some images and repeated: randn_like(x)",
        )


def _correlation(one: Tensor, other: Tensor) -> float:
    pair = torch.stack([one.flatten(), other.flatten()]).double()
    return torch.corrcoef(pair)[0, 1].item()


def _check_noise(make_pair: Callable, grey: Tensor, stds: tuple[float, float]) -> None:
    """On mid-grey, small noise is not clipped, so its moments can be measured."""
    weak, strong = ((_noisy(make_pair, grey, std) - grey).std().item() for std in stds)
    if math.isclose(weak, strong, rel_tol=0.05):
        raise CheckFailed(
            f"the noise is equally strong, {strong:.2g}, for noise_std "
            f"{number(stds[0])} and {number(stds[1])}",
            "noise of standard deviation noise_std",
            "the argument noise_std: it is not used, or in another place than the "
            "standard deviation's (torch.normal takes the mean first), or the pictures "
            "are rescaled or rounded afterwards",
        )
    level = grey[0, 0].item()
    for wanted in stds:
        noise = (_noisy(make_pair, grey, wanted) - grey).double()
        mean, std = noise.mean().item(), noise.std().item()
        if abs(mean - wanted) < 0.03 * wanted:
            raise CheckFailed(
                f"for noise_std = {number(wanted)} the noise has mean {mean:.2g}",
                "mean 0 and standard deviation noise_std",
                "noise_std in the place of the mean: torch.normal(mean, std) and "
                "normal_(mean, std) take the mean first",
            )
        if abs(mean) > 0.015 * wanted:
            raise CheckFailed(
                f"noise of mean {mean:.2g}: pictures get "
                f"{'brighter' if mean > 0 else 'darker'}",
                "mean 0: as often up as down",
                "uniform noise from rand (use randn), a shift, a sigmoid or pictures "
                "rescaled where `.clamp(0, 1)` belongs, pixels blanked out, or "
                "clipping the noise instead of the sum",
            )
        compare(
            std,
            wanted,
            [
                ("the noise is multiplied by noise_std twice", wanted**2),
                ("noise_std used as a variance: its square root was taken",
                 math.sqrt(wanted)),
                ("noise multiplied by the picture; it must be added", wanted * level),
                ("noise that ends at two standard deviations", 0.8796 * wanted),
                ("uniform noise; use randn", wanted / math.sqrt(12)),
                ("uniform noise; use randn", wanted / math.sqrt(3)),
            ],
            f"for noise_std = {number(wanted)} the noise has standard deviation",
            "noise_std, the standard deviation",
            "is noise_std multiplied in, once, and nothing rescaled, and the noise "
            "itself not limited?",
            tolerance=0.01,
        )  # fmt: skip
        if abs(tails(noise) - 3) > 0.15:
            raise CheckFailed(
                f"the noise has mean 0 and the right spread, but its fourth moment is "
                f"{tails(noise):.2f}",
                "3, as normal noise has: many small numbers, few large ones",
                "uniform noise (rand; its fourth moment is 1.8) or another "
                "distribution: use randn",
            )
        if noise.abs().max() < 3.9 * wanted:
            raise CheckFailed(
                f"of {COUNT:,} noisy pixels none is off by more than "
                f"{noise.abs().max() / wanted:.3g} noise_std",
                "a dozen that are off by more than 4 noise_std",
                "a limit on the noise; the sum alone is clipped, to [0, 1]",
            )
    x = pictures(9).to(grey.device)
    change = (_noisy(make_pair, x, 1e-6) - x).abs().max().item()
    if change > 1e-4:
        raise CheckFailed(
            f"with hardly any noise (noise_std = 1e-6) pixels change by {change:.2g}",
            "nearly the clean picture: it is only clipped where it leaves [0, 1]",
            "a sigmoid, other limits or rescaling where `.clamp(0, 1)` belongs, or "
            "blanked pixels",
        )


def _check_clipping(make_pair: Callable, level: float, std: float) -> None:
    """Strong noise: each grey value is as frequent as clipping makes it."""
    grey = torch.full((ROWS, PIXELS), level, device=pick_device())
    noisy = _noisy(make_pair, grey, std).flatten().double()
    normal = torch.distributions.Normal(level, std)
    for limit in (0.0, *torch.linspace(0.05, 0.95, 10).tolist(), 0.9999):
        share = (noisy <= limit).double().mean().item()
        wanted = normal.cdf(torch.tensor(limit, dtype=torch.float64)).item()
        # Kolmogorov and Smirnov: more than this happens once in 10^8 times.
        if abs(share - wanted) > 3.2 / math.sqrt(COUNT):
            where = "exactly 0" if limit == 0 else f"up to {limit:.4g}"
            raise CheckFailed(
                f"of pixels of gray value {level:.2g}, noise of {std:.2g} makes "
                f"{share:.1%} {where}",
                f"{wanted:.1%}: pixels that leave [0, 1] are clipped to its ends, the "
                f"others stay as they are",
                "`.clamp(0, 1)` of the sum; no sigmoid, no rescaling, no other limits, "
                "and noise of the same strength on every pixel, black ones too, "
                "however large noise_std is",
            )
