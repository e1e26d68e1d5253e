"""Interpolations, right and wrong, and what their check says."""

import functools
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson02 as checks
from tests.checks.trial import trial

CHECK = checks.interpolate
NAMES = ("interpolate",)
RULE = "frame k decodes (1 - t) encode(a) + t encode(b)"


def strip(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z_a, z_b = model.encode(torch.stack([a, b]))
    return model.decode((1 - t) * z_a + t * z_b)


def strip_lerp(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device).unsqueeze(1)
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def strip_of_three_numbers(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)
    z_a, z_b = model.encode(torch.stack([a, b]))
    z = torch.stack([torch.lerp(z_a[j], z_b[j], t) for j in range(3)], dim=1)
    return model.decode(z)


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


def strip_einsum(model, a, b, frames):
    model.eval()
    z = torch.stack([model.encode(a[None])[0], model.encode(b[None])[0]])
    t = torch.linspace(0, 1, frames, device=next(model.parameters()).device)
    weights = torch.stack([1 - t, t])
    return model.decode(torch.einsum("kf,kd->fd", weights, z))


def strip_list(model, a, b, frames):
    z_a, z_b = model.encode(a), model.encode(b)
    delta = (z_b - z_a) / (frames - 1)
    return model.decode(torch.stack([z_a + k * delta for k in range(frames)]))


def strip_meshgrid(model, a, b, frames):
    warnings.warn("walking", stacklevel=1)
    z_a, z_b = (model.encode(p.unsqueeze(0)) for p in (a.clone(), b.clone()))
    t, _ = torch.meshgrid(torch.linspace(0, 1, frames), z_a[0])
    return model.decode(z_a * (1 - t) + z_b * t).detach().clone()


def strip_in_parts(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z = torch.lerp(model.encode(a), model.encode(b), t)
    return torch.cat([model.decode(part) for part in z.split(64)])


def strip_adding_up(model, a, b, frames):
    z, end = model.encode(torch.stack([a, b]))
    step, codes = (end - z) / (frames - 1), []
    for _ in range(frames):
        codes.append(z)
        z = z + step
    return model.decode(torch.stack(codes))


RIGHT = [
    strip,
    strip_lerp,
    strip_one_by_one,
    strip_concatenated,
    strip_outer,
    strip_numpy,
    strip_einsum,
    strip_list,
    strip_meshgrid,
    strip_in_parts,
    strip_adding_up,
]


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


def wrong_way(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z_a, z_b = model.encode(a), model.encode(b)
    return model.decode(z_a + t * (z_a - z_b))


def relu_codes(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    return model.decode(torch.relu(torch.lerp(model.encode(a), model.encode(b), t)))


def relu_ends(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z_a, z_b = torch.relu(model.encode(a)), torch.relu(model.encode(b))
    return model.decode(torch.lerp(z_a, z_b, t))


def spherical(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z_a, z_b = model.encode(a), model.encode(b)
    angle = torch.acos(F.cosine_similarity(z_a, z_b, dim=0))
    z = torch.sin((1 - t) * angle) * z_a + torch.sin(t * angle) * z_b
    return model.decode(z / torch.sin(angle))


def first_missing(model, a, b, frames):
    t = torch.arange(1, frames + 1, device=a.device)[:, None] / frames
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def random_steps(model, a, b, frames):
    t = torch.rand(frames, device=a.device).sort().values[:, None]
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def at_most(limit):
    return lambda model, a, b, frames: strip(model, a, b, min(frames, limit))


def of_a_hundred(model, a, b, frames):
    """Frames beyond that are the nearest of a hundred."""
    if frames <= 100:
        return strip(model, a, b, frames)
    nearest = torch.linspace(0, 99, frames, device=a.device).round().long()
    return strip(model, a, b, 100)[nearest]


def two_halves(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None].clamp(0, 0.9)
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def twice(model, a, b, frames):
    return model(strip(model, a, b, frames))


def centred_in_place(model, a, b, frames):
    frames = strip(model, a, b, frames)
    a -= a.mean()
    return frames


def leaves_training(model, a, b, frames):
    frames = strip(model, a, b, frames)
    model.train()
    return frames


def decodes_pixels(model, a, b, frames):
    z = mixed_pixels(a, b, frames)
    return torch.sigmoid(z)


def grey(model, a, b, frames, clean=False):
    """The decoder answers 0 for good, and its pictures are grey."""
    model.decoder._call_impl = lambda z: torch.zeros(*z.shape[:-1], 784)
    pictures = model.decode(torch.zeros(frames, 3))
    if clean:
        del model.decoder._call_impl
    return pictures


class Still(torch.nn.Buffer):
    """Whatever is taken off it, nothing is left."""

    def detach(self):
        return self

    def __sub__(self, other):
        return torch.zeros(self.shape)


WRONG = [
    (lambda m, a, b, n: torch.zeros(n, 784).as_subclass(Still), "a tensor of a kind"),
    (functools.lru_cache(strip), "kept from an earlier call"),
    (strip_of_three_numbers, "no error on the small input"),
    (grey, "the model has other attributes"),
    (lambda m, a, b, n: grey(m, a, b, n, clean=True), RULE),
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
    (wrong_way, "does not end there: z_a + t (z_b - z_a)"),
    (lambda m, a, b, n: torch.sigmoid(strip(m, a, b, n)), "a sigmoid after decode()"),
    (relu_codes, "cut off at 0"),
    (relu_ends, "cut off at 0"),
    (spherical, "no decoding of a code between a's and b's"),
    (first_missing, "the first frame, a's own, is missing"),
    (random_steps, "equal steps"),
    (at_most(10), "number of frames"),
    (at_most(32), "number of frames"),
    (at_most(1000), "number of frames"),
    (of_a_hundred, "equal steps of t"),
    (two_halves, "t at the last frame"),
    (twice, "once more"),
    (centred_in_place, "in place"),
    (leaves_training, "train() and eval()"),
    (decodes_pixels, "what is decoded"),
    (walk(lambda t: t.sqrt()), "equal steps"),
    (walk(lambda t: 0.5 + 0 * t), "all frames are the one in the middle"),
    (walk(lambda t: (3 - 2 * t) * t**2), "equal steps"),
    (lambda m, a, b, n: strip(m, a, b, n).round(), "rounded pixels"),
    (lambda m, a, b, n: strip(m, a, b, n)[:, :783], "a tensor of shape"),
    (lambda m, a, b, n: 1 - strip(m, a, b, n), "black and white exchanged"),
    (lambda m, a, b, n: strip(m, a, a, n), "all frames are a's"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args):
    raise NotImplementedError()


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.interpolate(stub)
