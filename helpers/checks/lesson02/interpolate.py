"""Check of exercise interpolate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson02._models import PIXELS, Small, pictures
from helpers.checks.messages import kind, number
from helpers.checks.modules import explained
from helpers.checks.records import twin
from helpers.training import pick_device

RULE = "frame k decodes (1 - t) encode(a) + t encode(b), t from 0 to 1 in equal steps"


class Curved(Small):
    """A decoder so bent that mixing codes and mixing pictures differ a lot."""

    def encode(self, x: Tensor) -> Tensor:
        """Codes (..., size), of both signs and beyond 1."""
        return 2.5 * super().encode(x)

    def decode(self, z: Tensor) -> Tensor:
        """Images (..., 784), other ones for other codes."""
        return torch.sigmoid(self.decoder(torch.sin(self.dropout(z)) + z / 4))


@check("interpolate")
def interpolate(function: Callable, draw: Draw) -> None:
    """Check ``interpolate(model, a, b, frames) -> (frames, 784)``."""
    device = pick_device()
    reasons = {
        "must match the size of tensor": (
            "a code (bottleneck,) times steps t (frames, 1) gives (frames, bottleneck)",
            "the shape of t: `torch.linspace(0, 1, frames)[:, None]`",
        )
    }
    lengths = (7, 2, 3, draw.integer(11, 40), draw.integer(1_030, 1_200))
    for size, strips in ((3, lengths), (draw.integer(30, 40), (9,))):
        model = Curved(0.3, size).to(device).eval().requires_grad_(False)
        a, b = pictures(2).to(device)
        _place_codes(model, a, b)
        right = twin(model)
        for frames in strips:
            with explained(reasons), stays(model, a, b):
                result = function(model, a, b, frames)
            _check_shape(result, frames, size)
            strip = want_tensor(
                result, (frames, PIXELS), "the strip", "the `return` line"
            )
            _check_strip(strip, right, a, b, frames)


@torch.no_grad()
def _place_codes(model: Curved, a: Tensor, b: Tensor) -> None:
    """Give two pictures codes that lie far apart, with numbers of both signs."""
    size = model.encoder.out_features
    start, end = (
        torch.tensor(ends).repeat(size)[:size] + 0.2 * torch.rand(size)
        for ends in ([0.9, -0.8, 0.3], [-0.7, 0.5, 1.1])
    )
    start, end, way = start.to(a.device), end.to(a.device), b - a
    model.encoder.weight.copy_(torch.outer(end - start, way) / (way @ way))
    model.encoder.bias.copy_(start - model.encoder.weight @ (a - 0.5))


def _check_shape(result: Any, frames: int, size: int) -> None:
    if isinstance(result, tuple | list):
        raise CheckFailed(
            f"interpolate() gave {kind(result)}",
            f"one tensor of shape ({frames}, 784)",
            "put the frames together: `torch.stack`",
        )
    if not isinstance(result, Tensor) or result.shape != (frames, PIXELS):
        look = "the number of frames, and which axis counts them"
        if isinstance(result, Tensor) and result.shape[-1:] == (size,):
            look = "these are codes: decode them"
        elif not isinstance(result, Tensor):
            look = "the `return` line: is there one, and does it give a torch tensor?"
        raise CheckFailed(
            f"for frames = {frames} interpolate() gave {kind(result)}",
            f"a tensor of shape ({frames}, 784)",
            look,
        )


@torch.no_grad()
def _check_strip(
    result: Tensor, model: Curved, a: Tensor, b: Tensor, frames: int
) -> None:
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z_a, z_b = model.encode(a), model.encode(b)
    right = model.decode(torch.lerp(z_a, z_b, t))
    off = (result - right).abs().amax(dim=1)
    if not bool(off.max() > 1e-4) and bool(result.isfinite().all()):
        return
    seen = f"the {frames} frames are not the right ones"
    fits = [
        mistake
        for mistake, strip in _mistakes(model, a, b, t).items()
        if torch.allclose(result, strip, atol=1e-4)
    ]
    if fits:
        raise CheckFailed(seen, RULE, "; or: ".join(fits[:3]))
    raise _elsewhere(result, model, z_a, z_b, t)


def _mistakes(model: Curved, a: Tensor, b: Tensor, t: Tensor) -> dict[str, Tensor]:
    """What mistakes are called, and the frames that they give."""
    z_a, z_b = model.encode(a), model.encode(b)
    z = torch.lerp(z_a, z_b, t)
    right, pixels = model.decode(z), torch.lerp(a, b, t)
    first, last = right[:1], right[-1:]
    frames = len(t)
    k = torch.arange(frames, device=a.device)[:, None]
    at = {
        "the last frame, b's own, is missing: t must run from 0 to 1 inclusive": (
            k / frames
        ),
        "both ends are missing: t must run from 0 to 1 inclusive": (
            (k + 1) / (frames + 1)
        ),
        "the first frame, a's own, is missing: t must run from 0 to 1 inclusive": (
            (k + 1) / frames
        ),
        "it walks away from b and does not end there: z_a + t (z_b - z_a), not "
        "(z_a - z_b)": -t,
    }
    walks = {why: model.decode(torch.lerp(z_a, z_b, s)) for why, s in at.items()}
    codes = {
        "the frames are not between the codes: (1 - t) a + t b, not a + t b": (
            z_a + t * z_b
        ),
        "the frames are not between the codes: (1 - t) a + t b, not t a + t b": (
            t * (z_a + z_b)
        ),
        "the code of a is left out: (1 - t) a + t b": t * z_b,
        "the code of b is left out: (1 - t) a + t b": (1 - t) * z_a,
        "the weights do not add up to 1: (1 - t) a + t b, each once": (
            (1 - t) * z_a + (1 - t) * z_b
        ),
        "the codes are cut off at 0, as by a ReLU, before they are decoded": z.relu(),
        "both codes are cut off at 0, as by a ReLU": torch.lerp(
            z_a.relu(), z_b.relu(), t
        ),
        "the codes are squeezed by a sigmoid before they are decoded": z.sigmoid(),
        "the codes are squeezed by a tanh before they are decoded": z.tanh(),
        "the mixed codes are stretched to a length of their own: mix them in a "
        "straight line": torch.nn.functional.normalize(z),
    }
    return {
        "backwards: the first frame is b's; t = 0 must give a": right.flip(0),
        "the pixels are mixed and the model is not used: a cross-fade": pixels,
        "backwards, and a cross-fade of pixels": pixels.flip(0),
        "the pixels are mixed, then sent through the model; mix the codes": (
            model(pixels)
        ),
        "a cross-fade of two decoded pictures; mix the codes, then decode": (
            torch.lerp(first, last, t)
        ),
        "all frames are a's: is t used?": first.expand(frames, -1),
        "all frames are b's: is t used?": last.expand(frames, -1),
        "all frames are the one in the middle: is t used?": (
            model.decode((z_a + z_b) / 2).expand(frames, -1)
        ),
        "the ends are pictures a and b; they must be decoded from their codes": (
            torch.cat([a[None], right[1:-1], b[None]])
        ),
        "a sigmoid after decode(): its pictures are in [0, 1] already": (
            right.sigmoid()
        ),
        "the decoded pictures go through the model once more": model(right),
        "rounded pixels": right.round(),
        "pictures with black and white exchanged": 1 - right,
        **walks,
        **{why: model.decode(code) for why, code in codes.items()},
    }


def _elsewhere(
    result: Tensor, model: Curved, z_a: Tensor, z_b: Tensor, t: Tensor
) -> CheckFailed:
    """No known mistake: say where on the line between the codes each frame lies."""
    frames = len(t)
    steps = torch.linspace(-1, 2, 3001, device=t.device)[:, None]
    line = model.decode(torch.lerp(z_a, z_b, steps))
    nearest = torch.cdist(result.double(), line.double()).argmin(dim=1)
    none = ~((line[nearest] - result).abs().amax(dim=1) < 0.01)  # so is nan
    if none.any():
        return CheckFailed(
            f"frame {int(none.int().argmax())} of {frames} is no decoding of a code "
            "between a's and b's",
            RULE,
            "in this order: what is mixed (the codes of a and b, nothing else), what "
            "is decoded (each mixture, once), and what is done to the pictures "
            "afterwards (nothing)",
        )
    places, wanted = (
        [round(place, 4) for place in each.flatten().tolist()]
        for each in (steps[nearest], t)
    )
    off = [k for k in range(frames) if abs(places[k] - wanted[k]) > 1e-3] or [0]
    k = off[0]
    look = "equal steps of t, from 0 to 1"
    if k == 0:
        look = "t at the first frame: it must be 0, so that a's code alone is decoded"
    elif off == [frames - 1]:
        look = "t at the last frame: it must be 1, so that b's code alone is decoded"
    return CheckFailed(
        f"frame {k} of {frames} is the picture at t = {number(places[k], 3)}",
        f"t = {number(wanted[k], 3)}; {RULE}",
        look,
    )
