"""Noise, right and wrong, and what its check says."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson02 as checks
from tests.checks.lesson02.shared import fails, stub


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


@pytest.mark.parametrize(
    "answer",
    [
        pair,
        pair_normal,
        pair_distribution,
        pair_in_place_on_a_copy,
        pair_subtracting,
        pair_numpy,
        pair_image_by_image,
    ],
)
def test_right_pairs_pass(answer):
    checks.denoising_pair(answer)


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


@pytest.mark.parametrize(
    ("answer", "says"),
    [
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
            "no other limits",
        ),
        (
            noisy_with(lambda x, s: (s * torch.randn_like(x)).clamp(0, 1)),
            "clipping the noise instead of the sum",
        ),
        (lambda x, s: (x, x), "target is the same picture as the input"),
    ],
)
def test_wrong_pairs_fail_by_name(answer, says):
    fails(checks.denoising_pair, answer, says=says)


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.denoising_pair(stub)
