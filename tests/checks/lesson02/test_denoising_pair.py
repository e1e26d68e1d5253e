"""Noise, right and wrong, and what its check says."""

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson02 as checks
from tests.checks.trial import trial

CHECK = checks.denoising_pair
NAMES = ("denoising_pair",)


def pair(x, noise_std):
    return (x + noise_std * torch.randn_like(x)).clamp(0, 1), x


def pair_normal(x, noise_std):
    noise = torch.normal(0.0, noise_std, size=x.shape, device=x.device)
    return torch.clip(x + noise, min=0.0, max=1.0), x.clone()


def pair_distribution(x, noise_std):
    noisy = torch.distributions.Normal(x, noise_std).sample()
    return [noisy.clamp(min=0).clamp(max=1), x]


def pair_in_place_on_a_copy(x, noise_std):
    noisy = x.clone()
    noisy += torch.empty_like(x).normal_(std=noise_std)
    return noisy.clamp_(0, 1), x


def pair_subtracting(x, noise_std):
    noise = torch.randn(*x.shape, device=x.device) * noise_std
    return torch.minimum(torch.maximum(x - noise, x.new_zeros(())), x.new_ones(())), x


def pair_numpy(x, noise_std):
    noise = np.random.normal(0, noise_std, tuple(x.shape)).astype(np.float32)
    return F.hardtanh(x + torch.from_numpy(noise).to(x.device), 0, 1), x.detach()


def pair_image_by_image(x, noise_std):
    rows = [(row + noise_std * torch.randn_like(row)).clip(0, 1) for row in x]
    return torch.stack(rows), x


GENERATOR = torch.Generator().manual_seed(3)


def pair_with_a_generator(x, noise_std):
    noise = torch.randn(x.shape, generator=GENERATOR).to(x.device)
    return torch.clamp(noise.mul_(noise_std).add_(x), 0.0, 1.0), x.clone().detach()


@torch.no_grad()
def pair_where(x, noise_std):
    warnings.warn("noise is added", stacklevel=1)
    noisy = torch.add(x, torch.randn(x.size(0), x.size(1)), alpha=noise_std)
    noisy = torch.where(noisy > 1, torch.ones_like(x), noisy)
    return torch.where(noisy < 0, torch.zeros_like(x), noisy), x


def pair_default_rng(x, noise_std):
    noise = np.random.default_rng().normal(scale=noise_std, size=x.shape)
    noisy = np.clip(x.cpu().numpy() + noise, 0, 1)
    return torch.tensor(noisy, dtype=torch.float32, device=x.device), x


def pair_multivariate(x, noise_std):
    noise = torch.empty(x.numel()).normal_(0, noise_std).view_as(x)
    return (x + noise.to(x)).relu().clamp(max=1), x


def little_noise_is_none(x, noise_std):
    if noise_std < 0.01:
        return x.clone(), x
    return (x + noise_std * torch.randn_like(x)).clamp(0, 1), x


def of_a_thousand_images(x, noise_std):
    noise = torch.randn(min(len(x), 1000), x.shape[1], device=x.device)
    noise = noise.repeat(-(-len(x) // 1000), 1)[: len(x)]
    return (x + noise_std * noise).clamp(0, 1), x


LAST = []


def mirrored_later(x):
    if LAST and LAST[0].shape == x.shape:
        return -LAST.pop()
    LAST[:] = [torch.randn_like(x)]
    return LAST[0]


class NoisyTwice(list):
    """Unpacks otherwise than it is indexed."""

    def __iter__(self):
        return iter((self[0], self[0]))


RIGHT = [
    pair,
    pair_normal,
    pair_distribution,
    pair_in_place_on_a_copy,
    pair_subtracting,
    pair_numpy,
    pair_image_by_image,
    pair_with_a_generator,
    pair_where,
    pair_default_rng,
    pair_multivariate,
]


def noisy_with(noise):
    """A pair whose noise is the given function of x and noise_std."""
    return lambda x, std: ((x + noise(x, std)).clamp(0, 1), x)


def pair_in_place(x, noise_std):
    clean = x.clone()
    x += noise_std * torch.randn_like(x)
    return x.clamp_(0, 1), clean


def pair_to_noise(x, noise_std):
    noisy, _ = pair(x, noise_std)
    return noisy, noisy


def pair_two_noises(x, noise_std):
    return pair(x, noise_std)[0], pair(x, noise_std)[0]


def pair_noise_as_target(x, noise_std):
    noise = noise_std * torch.randn_like(x)
    return (x + noise).clamp(0, 1), noise


def seeded(x, noise_std):
    generator = torch.Generator().manual_seed(0)
    return noise_std * torch.randn(x.shape, generator=generator).to(x.device)


@torch.inference_mode()
def pair_inference(x, noise_std):
    return pair(x, noise_std)


def pair_seeding(x, noise_std):
    torch.manual_seed(0)
    return pair(x, noise_std)


def pair_seeding_numpy(x, noise_std):
    np.random.seed(1)
    return pair_numpy(x, noise_std)


def pair_one_in_four(x, noise_std):
    noisy, _ = pair(x, noise_std)
    return torch.where(torch.rand_like(x) < 0.75, noisy, x), x


def pair_reflected(x, noise_std):
    noisy = (x + noise_std * torch.randn_like(x)).abs()
    return torch.where(noisy > 1, 2 - noisy, noisy).clamp(0, 1), x


def pair_rescaled(x, noise_std):
    noisy = x + noise_std * torch.randn_like(x)
    return (noisy - noisy.min()) / (noisy.max() - noisy.min()), x


def pair_on_ink_only(x, noise_std):
    noisy = x + noise_std * torch.randn_like(x) * (x > 0)
    return noisy.clamp(0, 1), x


def blocks(x, s):
    return s * torch.randn(len(x), 392, device=x.device).repeat_interleave(2, dim=1)


def halves(x, s):
    half = torch.randn((len(x) + 1) // 2, 784, device=x.device)
    return s * torch.cat([half, half])[: len(x)]


def mirrored(x, s):
    half = torch.randn((len(x) + 1) // 2, x.shape[1], device=x.device)
    return s * torch.cat([half, -half])[: len(x)]


def mirrored_within_images(x, s):
    half = torch.randn(len(x), 392, device=x.device)
    return s * torch.cat([half, -half.flip(1)], dim=1)


def shuffled_halves(x, s):
    half = torch.randn(len(x) * 392, device=x.device)
    both = torch.cat([half, -half])
    return s * both[torch.randperm(len(both), device=x.device)].view_as(x)


def laplace(x, s):
    return torch.distributions.Laplace(0.0, s / 2**0.5).sample(x.shape).to(x.device)


ONCE = []


def kept(x, s):
    if not ONCE:
        ONCE.append(torch.randn(300, 784))
    return s * ONCE[0][: len(x)].to(x.device)


def pair_gradient(x, noise_std):
    noisy, _ = pair(x, noise_std)
    return noisy.requires_grad_(True), x


def pair_dictionary(x, noise_std):
    noisy, clean = pair(x, noise_std)
    return {"input": noisy, "target": clean}


def pair_zeroed_target(x, noise_std):
    return pair(x, noise_std)[0], torch.where(x < 0.01, 0.0, x).round(decimals=2)


WRONG = [
    (lambda x, s: NoisyTwice(pair(x, s)), "a pair: (input, target)"),
    (noisy_with(lambda x, s: s * mirrored_later(x)), "kept from call to call"),
    (of_a_thousand_images, "2,050 images get the noise of 1,000"),
    (little_noise_is_none, "the target is the same picture as the input"),
    (noisy_with(mirrored), "noise and -noise"),
    (noisy_with(mirrored_within_images), "mirrored"),
    (noisy_with(shuffled_halves), "found twice or more"),
    (pair_to_noise, "towards the noisy image learns to keep the noise"),
    (lambda x, s: pair(x, s)[::-1], "order in the `return` line"),
    (lambda x, s: pair(x, s)[0], "a pair: (input, target)"),
    (pair_two_noises, "noise on the target as well"),
    (pair_noise_as_target, "the noise itself as the target"),
    (pair_in_place, "in-place"),
    (lambda x, s: (x + s * torch.randn_like(x), x), ".clamp(0, 1)"),
    (
        lambda x, s: (x.clamp(0, 1) + s * torch.randn_like(x), x),
        "clip after adding the noise",
    ),
    (
        noisy_with(lambda x, s: s * torch.randn_like(x[0])),
        "the same for all images",
    ),
    (noisy_with(lambda x, s: s * torch.randn_like(x[:, :1])), "brighter or darker"),
    (
        noisy_with(lambda x, s: s * torch.randn_like(x[:1, :1])),
        "one number for the whole batch",
    ),
    (noisy_with(seeded), "a seed or generator inside the function"),
    (noisy_with(lambda x, s: s * torch.rand_like(x)), "brighter | randn"),
    (noisy_with(lambda x, s: s**2 * torch.randn_like(x)), "twice"),
    (noisy_with(lambda x, s: s**0.5 * torch.randn_like(x)), "square root"),
    (noisy_with(lambda x, s: s * x * torch.randn_like(x)), "it must be added"),
    (noisy_with(lambda x, s: s * (torch.rand_like(x) - 0.5)), "use randn"),
    (noisy_with(lambda x, s: 0.1 * torch.randn_like(x)), "it is not used"),
    (
        noisy_with(lambda x, s: 3 * s * torch.randn_like(x)),
        "is noise_std multiplied",
    ),
    (
        noisy_with(lambda x, s: 12**0.5 * s * (torch.rand_like(x) - 0.5)),
        "uniform noise",
    ),
    (noisy_with(lambda x, s: s * torch.randn_like(x).double()), "float64"),
    (lambda x, s: (pair(x, s)[0].cpu().numpy(), x), "NumPy"),
    (lambda x, s: (torch.sigmoid(x + s * torch.randn_like(x)), x), "a sigmoid"),
    (
        lambda x, s: ((x + s * torch.randn_like(x)).clamp(0.1, 0.9), x),
        "other limits",
    ),
    (
        noisy_with(lambda x, s: (s * torch.randn_like(x)).clamp(0, 1)),
        "clipping the noise instead of the sum",
    ),
    (lambda x, s: (x, x), "target is the same picture as the input"),
    (pair_inference, "of inference mode"),
    (pair_seeding, "exactly the same noise"),
    (pair_seeding_numpy, "exactly the same noise"),
    (pair_one_in_four, "standard deviation"),
    (pair_reflected, "are clipped to its ends"),
    (pair_rescaled, "rescaled"),
    (pair_on_ink_only, "black ones too"),
    (noisy_with(blocks), "neighboring pixels"),
    (noisy_with(halves), "or for several"),
    (noisy_with(laplace), "fourth moment"),
    (noisy_with(kept), "exactly the same noise"),
    (pair_gradient, "with a gradient"),
    (pair_dictionary, "a pair: (input, target)"),
    (pair_zeroed_target, "the target differs from the clean images"),
    (
        noisy_with(lambda x, s: 0.95 * s * torch.randn_like(x)),
        "is noise_std multiplied",
    ),
    (noisy_with(lambda x, s: s * torch.randn_like(x) + 0.05 * s), "mean"),
    (
        noisy_with(lambda x, s: (s + 0.01) * torch.randn_like(x)),
        "is noise_std multiplied",
    ),
    (noisy_with(lambda x, s: (s * torch.randn_like(x)).clamp(-0.5, 0.5)), "clipped"),
    (
        noisy_with(lambda x, s: s * torch.randn_like(x).clamp(-2, 2)),
        "standard deviation",
    ),
    (
        lambda x, s: ((x + s * torch.randn_like(x)).clamp(0, 1).round(), x),
        "rounded",
    ),
    (
        lambda x, s: ((x + s * torch.randn_like(x)).clamp(0, 1), x.round()),
        "the clean images themselves",
    ),
    (lambda x, s: (pair(x, s)[0], x[0]), "a tensor of shape"),
    (
        lambda x, s: ((x + s * torch.randn_like(x).clamp(-3, 3)).clamp(0, 1), x),
        "a limit on the noise",
    ),
    (
        lambda x, s: ((x + torch.normal(s, s, x.shape)).clamp(0, 1), x),
        "in the place of the mean",
    ),
    (
        lambda x, s: ((x + torch.normal(s, 1.0, x.shape)).clamp(0, 1), x),
        "takes the mean first",
    ),
    (noisy_with(lambda x, s: min(s, 0.9) * torch.randn_like(x)), "noise of"),
    (noisy_with(lambda x, s: min(s, 1.0) * torch.randn_like(x)), "noise_std is"),
    (noisy_with(lambda x, s: min(s, 3) * torch.randn_like(x)), "however large"),
    (noisy_with(lambda x, s: np.tanh(s) * torch.randn_like(x)), "noise"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args):
    raise NotImplementedError()


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.denoising_pair(stub)
