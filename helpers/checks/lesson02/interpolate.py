"""Check of exercise interpolate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson02._models import PIXELS, Small, random_images
from helpers.checks.modules import explained, kind, undisturbed
from helpers.training import pick_device


class _Curved(Small):
    """A decoder so bent that mixing codes and mixing pictures differ a lot."""

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(torch.sin(4 * z) @ self.v)


@check("interpolate")
@undisturbed
def interpolate(function: Callable) -> None:
    """Check ``interpolate(model, a, b, frames) -> (frames, 784)``."""
    device = pick_device()
    model = _Curved().to(device).eval()
    a, b = random_images(1, 1)[0].to(device), random_images(1, 7)[0].to(device)
    reasons = {
        "must match the size of tensor": (
            "a code (bottleneck,) times steps t (frames, 1) gives (frames, bottleneck)",
            "the shape of t: `torch.linspace(0, 1, frames)[:, None]`",
        )
    }
    for frames in (7, 2, 12):
        with explained(reasons):
            result = function(model, a, b, frames)
        _check_strip(result, model, a, b, frames)
    if model.training:
        raise CheckFailed(
            "the model is in training mode afterwards",
            "the mode it was handed in: evaluation",
            "train() inside interpolate()",
        )


def _check_strip(
    result: Any, model: nn.Module, a: Tensor, b: Tensor, frames: int
) -> None:
    if isinstance(result, tuple | list):
        raise CheckFailed(
            f"interpolate() gave {kind(result)}",
            f"one tensor of shape ({frames}, 784)",
            "put the frames together: `torch.stack`",
        )
    if not isinstance(result, Tensor) or result.shape != (frames, PIXELS):
        look = "the number of frames, and which axis counts them"
        if isinstance(result, Tensor) and result.shape[-1:] == (3,):
            look = "these are codes: decode them"
        elif not isinstance(result, Tensor):
            look = "the `return` line: is there one, and does it give a torch tensor?"
        raise CheckFailed(
            f"for frames = {frames} interpolate() gave {kind(result)}",
            f"a tensor of shape ({frames}, 784)",
            look,
        )
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    with torch.no_grad():
        z_a, z_b = model.encode(a), model.encode(b)
        first, last = model.decode(z_a), model.decode(z_b)
        pixels = torch.lerp(a, b, t)
        right = model.decode(torch.lerp(z_a, z_b, t))
        short = torch.arange(frames, device=a.device)[:, None] / frames
        inner = torch.arange(1, frames + 1, device=a.device)[:, None] / (frames + 1)
        wrong = {
            "backwards: the first frame is b's; t = 0 must give a": right.flip(0),
            "the pixels are mixed and the model is not used: a cross-fade": pixels,
            "backwards, and a cross-fade of pixels": pixels.flip(0),
            "the pixels are mixed, then sent through the model; mix the codes": (
                model(pixels)
            ),
            "a cross-fade of two decoded pictures; mix the codes, then decode": (
                torch.lerp(first, last, t)
            ),
            "the last frame, b's own, is missing: t must run from 0 to 1 inclusive": (
                model.decode(torch.lerp(z_a, z_b, short))
            ),
            "both ends are missing: t must run from 0 to 1 inclusive": (
                model.decode(torch.lerp(z_a, z_b, inner))
            ),
            "all frames are a's: is t used?": first.expand(frames, -1),
            "all frames are b's: is t used?": last.expand(frames, -1),
            "the frames are not between the codes: (1 - t) a + t b, not a + t b": (
                model.decode(z_a + t * z_b)
            ),
            "the ends are pictures a and b; they must be decoded from their codes": (
                torch.cat([a[None], right[1:-1], b[None]])
            ),
        }
    result = result.detach()
    if torch.allclose(result, right, atol=1e-4):
        return
    rule = "frame k decodes (1 - t) encode(a) + t encode(b), t from 0 to 1"
    for mistake, strip in wrong.items():
        if torch.allclose(result, strip, atol=1e-4):
            raise CheckFailed(f"{frames} frames, not the right ones", rule, mistake)
    off = (result - right).abs().amax(dim=1)
    k = int((off > 1e-4).nonzero()[0])
    look = "equal steps of t, and codes mixed in a straight line"
    if k == 0:
        look = "t at the first frame: it must be 0, so that a's code alone is decoded"
    elif k == frames - 1:
        look = "t at the last frame: it must be 1, so that b's code alone is decoded"
    raise CheckFailed(f"frame {k} of {frames} is off by up to {off[k]:.2g}", rule, look)
