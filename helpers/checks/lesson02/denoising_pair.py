"""Check of exercise denoising_pair."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson02._models import random_images
from helpers.checks.lesson02._numbers import compare_number
from helpers.checks.modules import kind, tails, undisturbed
from helpers.training import pick_device


@check("denoising_pair")
@undisturbed
def denoising_pair(make_pair: Callable) -> None:
    """Check ``denoising_pair(x, noise_std) -> (noisy, clean)``."""
    device = pick_device()
    x = random_images(97).to(device)
    original = x.clone()
    result = make_pair(x, 0.5)
    if not torch.equal(x, original):
        raise CheckFailed(
            "the images handed in have noise on them afterwards",
            "they stay as they are: these are the training data, and the noise would "
            "pile up from epoch to epoch",
            "an in-place operation, such as `x += ...` or `x.clamp_()`",
        )
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
    low, high = noisy.min().item(), noisy.max().item()
    if low < 0 or high > 1:
        raise CheckFailed(
            f"noisy pixels run from {low:.2f} to {high:.2f}",
            "pixels between 0 and 1, like those of any picture",
            "clip after adding the noise: `.clamp(0, 1)`",
        )
    grey = torch.full_like(x, 0.5)
    _check_pattern(make_pair, grey)
    _check_noise(make_pair, grey)
    cut = [((noisy == end).float().mean().item(), end) for end in (0, 1)]
    if min(cut)[0] < 0.1:
        raise CheckFailed(
            f"at noise_std = 0.5 only {min(cut)[0]:.1%} of the pixels are exactly "
            f"{min(cut)[1]}",
            "about a fifth: pixels that leave [0, 1] are clipped to its ends",
            "`.clamp(0, 1)` of the sum; no sigmoid, no rescaling, no other limits",
        )


def _check_pattern(make_pair: Callable, grey: Tensor) -> None:
    """Each pixel, image and call has noise of its own."""
    noise = make_pair(grey, 0.1)[0] - grey
    if torch.allclose(noise[0], noise[1], atol=1e-6) and noise.abs().max() > 1e-4:
        same = torch.allclose(noise, noise[0, 0].expand_as(noise), atol=1e-6)
        what = "one number for the whole batch" if same else "the same for all images"
        raise CheckFailed(
            f"the noise is {what}",
            "fresh noise for each pixel of each image",
            "the shape of the noise: that of x, as randn_like(x) gives",
        )
    if noise.std() > 1e-4 and noise.std(dim=1).mean() < 0.1 * noise.std():
        raise CheckFailed(
            "all pixels of an image have the same noise: it only gets brighter or "
            "darker",
            "fresh noise for each pixel",
            "the shape of the noise: that of x, as randn_like(x) gives",
        )
    if torch.allclose(noise, make_pair(grey, 0.1)[0] - grey, atol=1e-6):
        raise CheckFailed(
            "two calls gave exactly the same noise (or none)",
            "fresh noise in each call, or the network learns that noise by heart",
            "a seed or generator inside the function; is noise_std used?",
        )


def _check_noise(make_pair: Callable, grey: Tensor) -> None:
    """On mid-grey, small noise is not clipped, so its moments can be measured."""
    weak, strong = (make_pair(grey, std)[0].std() for std in (0.05, 0.1))
    if torch.isclose(weak, strong, rtol=0.05):
        raise CheckFailed(
            f"the noise is equally strong, {strong:.2g}, for noise_std 0.05 and 0.1",
            "noise of standard deviation noise_std",
            "the argument noise_std: it is not used",
        )
    change = (make_pair(grey, 1e-6)[0] - grey).abs().max().item()
    if change > 0.01:
        raise CheckFailed(
            f"with hardly any noise (noise_std = 1e-6) pixels change by {change:.2g}",
            "nearly the clean picture: it is only clipped where it leaves [0, 1]",
            "a sigmoid or rescaling where `.clamp(0, 1)` belongs, or blanked pixels",
        )
    for wanted in (0.05, 0.1):
        noise = make_pair(grey, wanted)[0] - grey
        mean, std = noise.mean().item(), noise.std().item()
        if abs(mean) > 0.1 * wanted:
            raise CheckFailed(
                f"noise of mean {mean:.3f}: pictures get "
                f"{'brighter' if mean > 0 else 'darker'}",
                "mean 0: as often up as down",
                "uniform noise from rand (use randn), a shift, pixels blanked out, or "
                "clipping the noise instead of the sum",
            )
        compare_number(
            std,
            wanted,
            {
                "noise_std used as the variance's square: the noise is multiplied by "
                "noise_std twice": wanted**2,
                "noise_std used as a variance: its square root was taken": (
                    math.sqrt(wanted)
                ),
                "noise multiplied by the picture; it must be added": wanted / 2,
                "uniform noise; use randn": wanted / math.sqrt(12),
            },
            f"for noise_std = {wanted} the noise has standard deviation",
            f"a standard deviation of {wanted}",
            tolerance=0.03,
            otherwise="is noise_std multiplied in, once, and nothing rescaled?",
        )
    fourth = tails(noise)
    if abs(fourth - 3) > 0.4:
        raise CheckFailed(
            f"the noise has mean 0 and the right spread, but its fourth moment is "
            f"{fourth:.1f}",
            "3, as normal noise has: many small numbers, few large ones",
            "uniform noise (rand; its fourth moment is 1.8) or another distribution: "
            "use randn",
        )


def _pair(result: Any, shape: torch.Size) -> tuple[Tensor, Tensor]:
    if not isinstance(result, tuple | list) or len(result) != 2:
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
    return result[0], result[1]
