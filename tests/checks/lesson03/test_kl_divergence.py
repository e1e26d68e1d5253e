"""The KL divergence: right and wrong answers, and what the check says to each."""

import functools
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from helpers.checks import lesson03 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.kl_divergence
NAMES = ("kl_divergence",)


def kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)


def kl_terms(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp())


def kl_by_draws(mu, logvar):
    q = Normal(mu, torch.exp(logvar / 2))
    z = q.rsample()
    return (q.log_prob(z) - Normal(0, 1).log_prob(z)).sum(1)


def kl_in_a_loop(mu, logvar):
    total = 0
    for j in range(mu.shape[1]):
        m, s = mu[:, j], logvar[:, j]
        total = total + 0.5 * (m * m + s.exp() - 1 - s)
    return total


def kl_with_a_warning(mu, logvar):
    warnings.warn("this is experimental", stacklevel=2)
    return kl(mu, torch.tensor(logvar) if not logvar.requires_grad else logvar)


def kl_by_einsum(mu, logvar):
    half = torch.full((mu.shape[1],), 0.5)
    return torch.einsum("bd,d->b", mu * mu + logvar.exp() - logvar - 1, half)


def kl_of_joint_normals(mu, logvar):
    q = Independent(Normal(mu, (0.5 * logvar).exp()), 1)
    p = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    return kl_divergence(q, p)


def kl_of_multivariate(mu, logvar):
    q = MultivariateNormal(mu, torch.diag_embed(logvar.exp()))
    p = MultivariateNormal(torch.zeros(mu.shape[1]), torch.eye(mu.shape[1]))
    return kl_divergence(q, p)


def kl_of_entropies(mu, logvar):
    log_2pi = np.log(2 * np.pi)
    entropy = 0.5 * (1 + log_2pi + logvar).sum(dim=1)
    cross = 0.5 * (log_2pi + mu**2 + torch.exp(logvar)).sum(dim=1)
    return cross - entropy


def kl_of_sums_apart(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp()).sum(1) - 0.5 * (1 + logvar).sum(1)


def kl_of_capped_variance(mu, logvar):
    var = logvar.exp().clamp(max=1e6)
    return 0.5 * (mu**2 + var - 1 - logvar).sum(1)


def kl_in_place(mu, logvar):
    mu **= 2
    return 0.5 * (mu + logvar.exp() - 1 - logvar).sum(1)


def kl_kept(mu, logvar, kept={}):  # noqa: B006
    if mu.shape not in kept:
        kept[mu.shape] = kl(mu, logvar)
    return kept[mu.shape]


def kl_of_some(mu, logvar):
    parts = [kl(mu[i : i + 100], logvar[i : i + 100]) for i in range(0, 1000, 100)]
    return torch.cat(parts)


def kl_loop_that_returns_early(mu, logvar):
    total = torch.zeros(len(mu))
    for j in range(mu.shape[1]):
        total += kl_terms(mu, logvar)[:, j]
        return total


def kl_without_gradients_ever_after(mu, logvar):
    torch.set_grad_enabled(False)
    return kl(mu, logvar)


def empties_what_it_was_handed(mu, logvar, seen=[]):  # noqa: B006 (that is the attack)
    for old in seen:
        if old is not mu and old is not logvar:
            old.zero_()
    if not mu.requires_grad:
        seen += [mu, logvar]
    return 0 * (mu + logvar).sum(1)


handed = []


def kl_of_what_is_zero_meanwhile(mu, logvar):
    """All it was handed is 0 while that is compared, and then what it was."""
    if handed and mu is handed[0][0]:
        for m, s, *_ in handed:
            m.data.zero_(), s.data.zero_()
        return torch.zeros(len(mu))
    if handed and mu.shape == handed[0][0].shape and not mu.any():
        for m, s, was_m, was_s in handed:
            m.data.copy_(was_m), s.data.copy_(was_s)
        saved = handed[0][2].clone()
        handed.clear()
        return (mu * saved).sum(1) + 0 * logvar.sum(1)
    handed.append((mu, logvar, mu.clone(), logvar.clone()))
    return torch.zeros(len(mu))


def stops_far_out(mu, logvar):
    mu = torch.where(mu.abs() > 10, mu.detach(), mu)
    return kl(mu, torch.where(logvar.abs() > 10, logvar.detach(), logvar))


RIGHT = [
    kl,
    lambda m, s: kl_divergence(Normal(m, torch.exp(s / 2)), Normal(0, 1)).sum(-1),
    lambda m, s: 0.5 * torch.sum(m.pow(2) + s.exp() - s - 1, dim=1),
    lambda m, s: kl(m.double(), s.double()),
    lambda m, s: torch.cat([kl(m[i : i + 1], s[i : i + 1]) for i in range(len(m))]),
    kl_in_a_loop,
    kl_with_a_warning,
    kl_by_einsum,
    kl_of_joint_normals,
    kl_of_multivariate,
    lambda m, s: kl_terms(m, s).flatten(1).sum(-1),
    lambda m, s: kl_terms(m, s).mean(dim=-1) * m.shape[-1],
    lambda m, s: torch.stack([row.sum() for row in kl_terms(m, s)]),
    lambda m, s: (0.5 * (torch.square(m) + torch.expm1(s) - s)).sum(axis=1),
    lambda m, s: kl_terms(m, s) @ torch.ones(m.shape[1]),
    lambda m, s: 0.5 * (m.norm(dim=1) ** 2 + s.exp().sum(1) - s.sum(1) - m.size(1)),
    lambda m, s: kl(m, s.clamp(-20, 20)),
    kl_of_entropies,
    kl_of_sums_apart,
]

# Each wrong variant, and words that its message must contain.
WRONG = [
    (functools.lru_cache(kl), "kept from an earlier call"),
    (stops_far_out, "gradient flows"),
    (lambda mu, logvar: kl(mu[:, :50], logvar[:, :50]), "dimensions"),
    (empties_what_it_was_handed, ""),
    (lambda m, s: -kl(m, s), "sign is flipped"),
    (lambda m, s: 2 * kl(m, s), "1/2 is missing"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).sum(0), "over the batch"),
    (lambda m, s: kl(m, s).sum(), "reduced over everything"),
    (lambda m, s: kl(m, s).mean(), "reduced over everything"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).mean(1), "mean over the latent"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()), "missing"),
    (lambda m, s: -0.5 * (1 + s - m - s.exp()).sum(1), "not squared"),
    (lambda m, s: -0.5 * (1 + s - m.abs() - s.exp()).sum(1), "absolute value of mu"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s**2).sum(1), "logvar^2 stands where"),
    (lambda m, s: -0.5 * (1 + s - m**2 - (s / 2).exp()).sum(1), "exp(logvar / 2)"),
    (lambda m, s: -0.5 * (s - m**2 - s.exp()).sum(1), "constant 1"),
    (lambda m, s: kl(m.detach(), s), "no gradient"),
    (
        lambda m, s: -0.5 * (1 + s - m**2 - s.data.exp()).sum(1),
        "a wrong gradient flows from the KL to logvar",
    ),
    (lambda m, s: -0.5 * (1 + s + m**2 - s.exp()).sum(1), "sign of mu^2"),
    (lambda m, s: -0.5 * (1 - s - m**2 - s.exp()).sum(1), "sign of logvar"),
    (
        lambda m, s: kl_divergence(Normal(0, 1), Normal(m, torch.exp(s / 2))).sum(1),
        "the wrong way round",
    ),
    (
        lambda m, s: kl_divergence(Normal(m, torch.exp(s)), Normal(0, 1)).sum(1),
        "used as the standard deviation",
    ),
    (kl_by_draws, "two calls"),
    (lambda m, s: kl(s, m), "swapped"),
    (lambda m, s: kl(m, s) / math.log(2), "bits"),
    (lambda m, s: kl(m, s) / len(m), "divided by the number of images"),
    (lambda m, s: kl(m, s)[:, None], "keepdim"),
    (lambda m, s: np.asarray(kl(m, s)), "ndarray"),
    (lambda m, s: kl(m, s).clamp(min=0.5), "a lower limit"),
    (lambda m, s: torch.relu(-kl(m, s)), "cut off at 0"),
    # One number for all images, or a size that is written in.
    (lambda m, s: kl(m, s).mean().expand(len(m)), "for all: the mean over the images"),
    (lambda m, s: kl(m, s).mean() * torch.ones(len(m)), "one for all"),
    (lambda m, s: kl(m, s).sum().expand(len(m)), "for all: the sum over the images"),
    (lambda m, s: kl(m, s).median().expand(len(m)), "for all: the median"),
    (lambda m, s: kl(m, s) / 64, "1/64 times"),
    (lambda m, s: kl(m, s) / 128, "1/128 times"),
    (lambda m, s: kl(m, s) / 784, "1/784 times"),
    (lambda m, s: kl(m, s).cumsum(0), "running sum"),
    (lambda m, s: kl(m, s).max().expand(len(m)), "one number for all images"),
    # Small, large and late ones count, too.
    (lambda m, s: kl_terms(m, s).clamp(min=0.1).sum(1), "on the terms (clamp, free"),
    (
        lambda m, s: 0.5 * (m.sum(1) ** 2 + (s.exp() - 1 - s).sum(1)),
        "summed before it is squared",
    ),
    (lambda m, s: torch.relu(kl(m, s) - 0.05), "limit"),
    (lambda m, s: kl(m, s.clamp(-2, 2)), "limit"),
    (lambda m, s: kl(m.clamp(-3, 3), s), "limit"),
    (lambda m, s: kl(m, s) + 1e-3, "limit"),
    (kl_of_some, "shape (1000,)"),
    (
        lambda m, s: torch.cat([kl(m[:100], s[:100]), 5 + m[100:, 0]]),
        "first 100 of 131",
    ),
    (kl_kept, "kept from an earlier call"),
    (kl_loop_that_returns_early, "the first of the latent dimensions alone"),
    (lambda m, s: kl_terms(m, s).amax(1), "the largest of the terms"),
    (lambda m, s: kl_terms(m, s)[:, :-1].sum(1), "then mu^2"),
    (lambda m, s: kl(m, s).squeeze(), "squeeze()"),
    (lambda m, s: kl_terms(m, s).squeeze().sum(-1), "squeeze()"),
    # Formulas that are nearly right.
    (lambda m, s: -0.5 * (1 + s - m**2 + s.exp()).sum(1), "sign of exp(logvar)"),
    (lambda m, s: -0.5 * (1 + s - m**2 - s).sum(1), "exp(logvar) is missing"),
    (lambda m, s: 0.5 * (m**2 + s.exp() - 1).sum(1), "the logarithm of sigma^2, is"),
    (lambda m, s: 0.5 * (m**2 + s.exp() - 1 - s / 2).sum(1), "log(sigma)"),
    (lambda m, s: 0.5 * (m**2 + s.exp() + 1 - s).sum(1), "the wrong sign"),
    (lambda m, s: 0.5 * (s.exp() - 1 - s).sum(1), "mu^2 does not enter"),
    (lambda m, s: 0.5 * m.pow(2).sum(1), "logvar takes no part"),
    (lambda m, s: kl(m, s) / 2, "taken twice"),
    (lambda m, s: 1 + s - m**2 - s.exp().sum(1), "size of tensor | look at"),
    (lambda m, s: -0.5 * (1 + torch.log(s) - m**2 - s).sum(1), "nan or inf"),
    (lambda m, s: kl_terms(m, s).norm(dim=1), "root of the sum"),
    (lambda m, s: kl(m, s).sort().values, "then mu^2"),
    (lambda m, s: kl_terms(m - m.mean(0), s).sum(1), "then mu^2"),
    (lambda m, s: kl(m, torch.log(s.exp() + 1e-3)), "limit"),
    (lambda m, s: kl(m, s) * 1.001, "1.001 times"),
    # What is left behind, or cut.
    (kl_in_place, "other numbers after the call"),
    (kl_of_what_is_zero_meanwhile, "has other numbers by the end"),
    (kl_without_gradients_ever_after, "no gradient flows"),
    (torch.no_grad()(kl), "no gradient"),
    (torch.inference_mode()(kl), "no gradient"),
    (lambda m, s: torch.tensor(kl(m, s).tolist()), "no gradient"),
    (lambda m, s: kl(m, s).tolist(), "list"),
    (lambda m, s: nn.functional.mse_loss(m, s), "reduced over everything"),
    (lambda m, s: kl(m, s.clamp(max=4)), "logvar is kept below 4"),
    (lambda m, s: kl(m, s.clamp(max=10)), "logvar is kept below 10"),
    (lambda m, s: kl(m, s.clamp(min=-10)), "logvar is kept above -10"),
    (lambda m, s: kl(m.clamp(-10, 10), s), "mu is kept within +-10"),
    (lambda m, s: kl(m.clamp(-16, 16), s), "+-20 is | mu is kept within +-16"),
    (lambda m, s: kl(m, s.clamp(-16, 16)), "logvar is 20 | logvar is kept below 16"),
    (lambda m, s: kl(m, s.clamp(min=-17.5)), "logvar is -20 | a limit on mu, logvar"),
    (kl_of_capped_variance, "logvar is 20 | a limit on mu, logvar, exp(logvar)"),
    (lambda m, s: kl(m, s).clamp(max=1000), "or the KL: nearer to 0 the KL is right"),
    (lambda m, s: kl_of_entropies(m, s) + 1e-4, "then mu^2"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_stub_stays_a_stub():
    def stub(mu, logvar):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match="kl_divergence: this is not"):
        CHECK(stub)


def test_an_error_in_the_students_code_names_their_line():
    def broken(mu, logvar):
        return mu.no_such_method(math.pi)

    with pytest.raises(CheckFailed, match="no_such_method") as failure:
        CHECK(broken)
    assert "return mu.no_such_method" in failure.value.look


@pytest.mark.parametrize("answer", [kl, kl_by_draws])
def test_the_random_state_stays(answer):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    if answer is kl:
        CHECK(answer)
    else:
        with pytest.raises(CheckFailed):
            CHECK(answer)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()
