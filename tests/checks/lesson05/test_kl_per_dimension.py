"""Right and wrong answers to `kl_per_dimension`, lesson 05."""

import functools

import numpy as np
import torch

from helpers.checks import lesson05 as checks
from tests.checks.trial import trial

CHECK = checks.kl_per_dimension
NAMES = ("kl_per_dimension",)


def terms(mu, logvar):
    return (mu**2 + logvar.exp() - 1 - logvar) / 2


def kl(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)


def kl_by_distributions(mu, logvar):
    code = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(code, prior).mean(0)


def kl_by_std(mu, logvar):
    std = torch.exp(logvar / 2)
    return (-torch.log(std) + (std**2 + mu**2) / 2 - 0.5).mean(dim=0)


def kl_by_numpy(mu, logvar):
    mu, logvar = mu.numpy(), logvar.numpy()
    return torch.from_numpy((0.5 * (mu**2 + np.exp(logvar) - 1 - logvar)).mean(axis=0))


def kl_by_loop(mu, logvar):
    return torch.stack([kl(mu[:, j], logvar[:, j]).mean() for j in range(mu.shape[1])])


def kl_by_images(mu, logvar):
    total = torch.zeros(mu.shape[1])
    for m, v in zip(mu, logvar, strict=True):
        total += kl(m, v)
    return total / len(mu)


def kl_in_chunks(mu, logvar):
    total = 0
    for m, v in zip(mu.split(128), logvar.split(128), strict=True):
        total = total + kl(m, v).sum(0)
    return total / len(mu)


def by_chunk_means(mu, logvar):
    parts = zip(mu.split(128), logvar.split(128), strict=True)
    return torch.stack([kl(m, v).mean(0) for m, v in parts]).mean(0)


def sampled(mu, logvar):
    z = mu + (logvar / 2).exp() * torch.randn_like(mu)
    log_q = -0.5 * (logvar + (z - mu) ** 2 / logvar.exp())
    return (log_q + 0.5 * z**2).mean(0)


RIGHT = [
    lambda mu, logvar: kl(mu, logvar).mean(0),
    lambda mu, logvar: kl(mu, logvar).sum(0) / len(mu),
    lambda mu, logvar: kl(mu.double(), logvar.double()).mean(dim=-2),
    kl_by_distributions,
    kl_by_std,
    kl_by_numpy,
    kl_by_loop,
    kl_by_images,
    kl_in_chunks,
    lambda mu, logvar: (mu.square() + logvar.expm1() - logvar).mean(0) / 2,
    lambda mu, logvar: torch.einsum("nd->d", kl(mu, logvar)) / mu.size(0),
    lambda mu, logvar: kl(mu, logvar).mean(0).clamp(min=0),
]
WRONG = [
    (
        functools.lru_cache(lambda mu, logvar: kl(mu, logvar).mean(0)),
        "kept from an earlier call",
    ),
    (
        lambda mu, s: 0.5 * (mu**2 + s.exp() - torch.log(s.exp() + 1e-8) - 1).mean(0),
        "1e-08 is added to sigma^2",
    ),
    (
        lambda mu, s: 0.5 * (mu.mean(0) ** 2 + s.exp().mean(0) - s.mean(0) - 1),
        "average last",
    ),
    (
        lambda mu, s: 0.5 * ((mu**2).mean(0) + s.mean(0).exp() - s.mean(0) - 1),
        "exp of the mean logvar",
    ),
    (
        lambda mu, logvar: (
            -0.5 * (1 + logvar - mu**2 - torch.exp(logvar.clamp(-10, 10))).mean(dim=0)
        ),
        "exp(logvar) has a limit, that of logvar = 10",
    ),
    (
        lambda mu, logvar: (
            -0.5 * (1 + logvar - mu**2 - torch.exp(logvar).clamp(max=1e5)).mean(dim=0)
        ),
        "exp(logvar) has a limit, that of logvar = 11.5",
    ),
    (lambda mu, logvar: kl(mu, logvar).sum(1), "average over dim=0"),
    (lambda mu, logvar: kl(mu, logvar).mean(), "images only"),
    (lambda mu, logvar: kl(mu, logvar), "missing"),
    (lambda mu, logvar: kl(mu, logvar).sum(0), "sum over the images"),
    (lambda mu, logvar: -kl(mu, logvar).mean(0), "sign is flipped"),
    (lambda mu, logvar: 2 * kl(mu, logvar).mean(0), "1/2 is missing"),
    (lambda mu, logvar: kl(mu, logvar).mean(0) / 2, "one half"),
    (
        lambda mu, logvar: kl(mu, logvar).mean(0) / mu.shape[1],
        "mean over the dimensions",
    ),
    (lambda mu, logvar: kl(mu, logvar).sum(0) / 64, "averag"),
    (lambda mu, logvar: kl(mu, logvar).sum(0) / 10_000, "averag"),
    (lambda mu, logvar: kl(mu, logvar).median(0).values, "median"),
    (lambda mu, logvar: kl(mu, logvar).amax(0), "largest"),
    (
        lambda mu, logvar: kl(mu[:1000], logvar[:1000]).mean(0),
        "the first 1000; take all",
    ),
    (
        lambda mu, logvar: kl(mu[:128], logvar[:128]).mean(0),
        "some of the images",
    ),
    (by_chunk_means, "averag"),
    (lambda mu, logvar: kl(mu[0], logvar[0]), "one image"),
    (lambda mu, logvar: kl(logvar, mu).mean(0), "swapped"),
    (lambda mu, logvar: kl(mu.mean(0), logvar.mean(0)), "mean code"),
    (lambda mu, logvar: kl(0 * mu, logvar).mean(0), "mu^2 does not enter"),
    (lambda mu, logvar: kl(mu, 0 * logvar).mean(0), "logvar takes no"),
    (lambda mu, logvar: kl(mu, 2 * logvar).mean(0), "exp(logvar) is the variance"),
    (
        lambda mu, logvar: kl(mu, logvar).mean(0).clamp(min=0.5),
        "free bits",
    ),
    (
        lambda mu, logvar: kl(mu, logvar).clamp(min=0.02).mean(0),
        "free bits",
    ),
    (
        lambda mu, logvar: kl(mu, logvar.clamp(-4, 4)).mean(0),
        "there is no limit",
    ),
    (
        lambda mu, logvar: kl(mu, logvar).clamp(max=20).mean(0),
        "the terms",
    ),
    (
        lambda mu, logvar: kl(mu, logvar).mean(0).sort(descending=True).values,
        "keep their order",
    ),
    (lambda mu, logvar: kl(mu.abs_(), logvar).mean(0), "was changed"),
    (
        lambda mu, logvar: 0.5 * (mu**2 + (logvar / 2).exp() - 1 - logvar).mean(0),
        "exp(logvar / 2) stands where",
    ),
    (
        lambda mu, logvar: (
            0.5 * (mu**2 + logvar.exp() - 1 - logvar.exp().log1p()).mean(0)
        ),
        "the terms",
    ),
    (lambda mu, logvar: kl(mu, logvar).mean(0) / np.log(2), "bits"),
    (
        lambda mu, logvar: 0.5 * (mu.abs() + logvar.exp() - 1 - logvar).mean(0),
        "mu is not squared",
    ),
    (
        lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - logvar).mean(0),
        "the constant 1 is missing",
    ),
    (
        lambda mu, logvar: 0.5 * (mu**2 + logvar - 1 - logvar).mean(0),
        "exp(logvar) is missing",
    ),
    (
        lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 + logvar).mean(0),
        "sign of logvar",
    ),
    (sampled, "two calls differ"),
    (lambda mu, logvar: kl(mu, logvar).mean(0).squeeze(), "shape"),
    (lambda mu, logvar: kl(mu, logvar).mean(0, keepdim=True), "shape"),
    (lambda mu, logvar: kl(mu, logvar).mean(0).tolist(), "not a tensor"),
    (
        lambda mu, logvar: 0.5 * (logvar.exp() - 1 - logvar + mu.pow_(2)).mean(0),
        "was changed",
    ),
    (lambda m, s: terms(m, s.clamp(max=4)).mean(0), "logvar is kept below 4"),
    (lambda m, s: terms(m.clamp(-4, 4), s).mean(0), "mu is kept within +-4"),
    (lambda m, s: terms(m[:5000], s[:5000]).mean(0), "the first 5000"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
