"""Interpolations, right and wrong, and what their check says."""

import numpy as np
import pytest
import torch

from helpers.checks import lesson02 as checks
from tests.checks.lesson02.shared import fails, stub


def strip(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z_a, z_b = model.encode(torch.stack([a, b]))
    return model.decode((1 - t) * z_a + t * z_b)


def strip_lerp(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device).unsqueeze(1)
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def strip_one_by_one(model, a, b, frames):
    z_a, z_b = model.encode(a[None]), model.encode(b[None])
    pictures = []
    with torch.no_grad():
        for k in range(frames):
            pictures.append(model.decode(z_a + (z_b - z_a) * k / (frames - 1))[0])
    return torch.stack(pictures)


def strip_concatenated(model, a, b, frames):
    z_a, z_b = model.encode(a.view(1, -1)), model.encode(b.view(1, -1))
    steps = np.linspace(0.0, 1.0, frames).tolist()
    return torch.cat([model.decode(torch.lerp(z_a, z_b, t)) for t in steps])


@torch.inference_mode()
def strip_outer(model, a, b, frames):
    z_a, z_b = (model.encode(p.reshape(1, 784)).flatten() for p in (a, b))
    t = torch.arange(frames, device=a.device) / (frames - 1)
    return model.decode(torch.outer(1 - t, z_a) + torch.outer(t, z_b))


def strip_numpy(model, a, b, frames):
    z_a, z_b = (model.encode(p).detach().cpu().numpy() for p in (a, b))
    z = torch.from_numpy(np.linspace(z_a, z_b, frames)).float()
    return model.decode(z.to(a.device)).detach()


@pytest.mark.parametrize(
    "answer",
    [
        strip,
        strip_lerp,
        strip_one_by_one,
        strip_concatenated,
        strip_outer,
        strip_numpy,
    ],
)
def test_right_strips_pass(answer):
    checks.interpolate(answer)


def walk(at):
    """A strip through the codes, with other steps t."""

    def answer(model, a, b, frames):
        t = at(torch.linspace(0, 1, frames, device=a.device))[:, None]
        return model.decode(torch.lerp(model.encode(a), model.encode(b), t))

    return answer


def mixed_pixels(a, b, frames):
    return torch.lerp(a, b, torch.linspace(0, 1, frames, device=a.device)[:, None])


def crossfade_of_decodings(model, a, b, frames):
    return mixed_pixels(model(a), model(b), frames)


def codes_only(model, a, b, frames):
    return mixed_pixels(model.encode(a), model.encode(b), frames)


def last_missing(model, a, b, frames):
    t = torch.arange(frames, device=a.device)[:, None] / frames
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def steps_in_a_row(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)
    return model.decode((1 - t) * model.encode(a[None]) + t * model.encode(b[None]))


def ends_as_they_are(model, a, b, frames):
    return torch.cat([a[None], strip(model, a, b, frames)[1:-1], b[None]])


def wrong_mixture(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    return model.decode(model.encode(a) + t * model.encode(b))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (walk(lambda t: 1 - t), "backwards: the first frame is b's"),
        (lambda m, a, b, n: mixed_pixels(a, b, n), "a cross-fade"),
        (lambda m, a, b, n: mixed_pixels(b, a, n), "backwards, and a cross-fade"),
        (lambda m, a, b, n: m(mixed_pixels(a, b, n)), "mix the codes"),
        (crossfade_of_decodings, "a cross-fade of two decoded pictures"),
        (codes_only, "these are codes: decode them"),
        (last_missing, "the last frame, b's own, is missing"),
        (walk(lambda t: 0 * t), "all frames are a's"),
        (wrong_mixture, "(1 - t) a + t b"),
        (ends_as_they_are, "must be decoded from their codes"),
        (walk(lambda t: t**2), "frame 1 | equal steps"),
        (walk(lambda t: 2 * t - 1), "t at the first frame"),
        (walk(lambda t: 1.5 * t), "equal steps"),
        (steps_in_a_row, "the shape of t"),
        (lambda m, a, b, n: strip(m.train(), a, b, n), "training mode"),
        (lambda m, a, b, n: strip(m, a, b, n).detach().cpu().numpy(), "NumPy array"),
        (lambda m, a, b, n: strip(m, a, b, 10), "for frames = 7 | number of frames"),
        (lambda m, a, b, n: list(strip(m, a, b, n)), "torch.stack"),
        (lambda m, a, b, n: strip(m, a, b, n).T, "which axis counts them"),
        (lambda m, a, b, n: None, "None"),
    ],
)
def test_wrong_strips_fail_by_name(answer, says):
    fails(checks.interpolate, answer, says=says)


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.interpolate(stub)
