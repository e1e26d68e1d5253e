"""Right and wrong answers to `log_weights`, lesson 06."""

import math

import pytest
import torch
from torch.distributions import Normal

from helpers.checks import lesson06 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.log_weights
NAMES = ("log_weights",)


def density(z, mu, logvar):
    terms = math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()
    return -0.5 * terms.sum(-1)


def prior(z):
    return density(z, torch.zeros_like(z), torch.zeros_like(z))


def right(model, x, k):
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
    return model.log_likelihood(x, z) + prior(z) - density(z, mu, logvar)


def by_distributions(model, x, k):
    mu, logvar = model.encode(x)
    q = Normal(mu, torch.exp(logvar / 2))
    z = q.rsample((k,))
    p = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    log_p = model.log_likelihood(x, z) + p.log_prob(z).sum(-1)
    return log_p - q.log_prob(z).sum(-1)


def with_noise(model, x, k):
    mu, logvar = model.encode(x)
    epsilon = torch.randn((k, *mu.shape), dtype=mu.dtype)
    z = mu + logvar.mul(0.5).exp() * epsilon
    ratio = 0.5 * (epsilon**2 + logvar - z**2).sum(-1)  # log p(z) - log q(z | x)
    return model.log_likelihood(x, z) + ratio


def in_a_loop(model, x, k):
    mu, logvar = model.encode(x)
    rows = []
    for _ in range(k):
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        rows.append(model.log_likelihood(x, z) + prior(z) - density(z, mu, logvar))
    return torch.stack(rows)


def encoded_each_time(model, x, k):
    return torch.cat([right(model, x, 1) for _ in range(k)])


def expanded(model, x, k):
    many = x.expand(k, *x.shape)
    mu, logvar = model.encode(many)
    z = torch.normal(torch.zeros_like(mu), 1.0) * torch.exp(logvar / 2) + mu
    return model.log_likelihood(many, z) + prior(z) - density(z, mu, logvar)


def of_terms(likelihood=1.0, of_prior=1.0, of_q=-1.0):
    def answer(model, x, k):
        mu, logvar = model.encode(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
        return (
            likelihood * model.log_likelihood(x, z)
            + of_prior * prior(z)
            + of_q * density(z, mu, logvar)
        )

    return answer


def of_codes(draw):
    def answer(model, x, k):
        mu, logvar = model.encode(x)
        z = draw(mu, logvar, k)
        return model.log_likelihood(x, z) + prior(z) - density(z, mu, logvar)

    return answer


def with_q(q):
    def answer(model, x, k):
        mu, logvar = model.encode(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
        return model.log_likelihood(x, z) + prior(z) - q(z, mu, logvar)

    return answer


def closed_form(model, x, k):
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)
    return model.log_likelihood(x, z) - kl


def seeded(model, x, k):
    mu, logvar = model.encode(x)
    g = torch.Generator().manual_seed(0)
    z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape, generator=g)
    return model.log_likelihood(x, z) + prior(z) - density(z, mu, logvar)


def draws_last(model, x, k):
    return right(model, x, k).movedim(0, -1)


def two_draws(model, x, k):
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
    other = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
    return model.log_likelihood(x, z) + prior(other) - density(other, mu, logvar)


def trains(model, x, k):
    model.train(not model.training)
    return right(model, x, k)


def backward(model, x, k):
    log_w = right(model, x, k)
    log_w.sum().backward(retain_graph=True)
    return log_w


def zeroed(model, x, k):
    model.zero_grad()
    return right(model, x, k)


def one_axis(model, x, k):
    B, D = x.shape
    return right(model, x.view(B, D), k)


def with_epsilon(make):
    def answer(model, x, k):
        mu, logvar = model.encode(x)
        z = mu + torch.exp(0.5 * logvar) * make(k, mu)
        return model.log_likelihood(x, z) + prior(z) - density(z, mu, logvar)

    return answer


def first_is_mu(k, mu):
    epsilon = torch.randn(k, *mu.shape)
    epsilon[0] = 0
    return epsilon


def mirrored(k, mu):
    half = torch.randn((k + 1) // 2, *mu.shape)
    return torch.cat([half, -half])[:k]


LAST = {}


def mirrored_later(k, mu):
    noise = LAST.pop((k, *mu.shape), None)
    if noise is not None:
        return -noise
    return LAST.setdefault((k, *mu.shape), torch.randn(k, *mu.shape))


def none_if_single(k, mu):
    return torch.randn(k, *mu.shape) * (k > 1)


RIGHT = [
    right,
    by_distributions,
    with_noise,
    in_a_loop,
    encoded_each_time,
    expanded,
    of_codes(lambda mu, s, k: Normal(mu, (s / 2).exp()).rsample([k])),
    of_codes(
        lambda mu, s, k: mu + s.exp().sqrt() * torch.empty(k, *mu.shape).normal_()
    ),
    lambda model, x, k: right(model, x.clone(), k).double(),
]


def of_no_likelihood(model, x, k):
    """The encoder answers the prior while it is asked."""
    for layer in (model.mu, model.logvar):
        layer._call_impl = lambda x: torch.zeros(*x.shape[:-1], model.mu.out_features)
    log_w = right(model, x, k)
    for layer in (model.mu, model.logvar):
        del layer._call_impl
    return log_w


def of_nan_where_many(model, x, k):
    """Where the draws are looked at, they are none."""
    if k < 400:
        return right(model, x, k)
    model.log_likelihood(x, torch.full((k, *model.encode(x)[0].shape), torch.nan))
    return torch.zeros(k, len(x))


def on_two_axes(noise):
    """Right for images on one axis; on two it draws something else."""

    def answer(model, x, k):
        mu, logvar = model.encode(x)
        epsilon = noise((k, *mu.shape)) if x.dim() > 2 else torch.randn(k, *mu.shape)
        z = mu + torch.exp(0.5 * logvar) * epsilon
        return model.log_likelihood(x, z) + prior(z) - density(z, mu, logvar)

    return answer


WRONG = [
    (
        on_two_axes(lambda shape: 2 * torch.randn(shape)),
        "in one dimension, for x of shape (23, 29, ...)",
    ),
    (
        on_two_axes(lambda shape: (torch.rand(shape) - 0.5) * 12**0.5),
        "a fourth moment of 1.80, for x of shape (23, 29, ...)",
    ),
    (
        on_two_axes(
            lambda shape: torch.randn(shape, generator=torch.Generator().manual_seed(0))
        ),
        "two calls draw the same noise",
    ),
    (
        lambda model, x, k: (
            right(model, x, k) if x.dim() == 2 else right(model, x, k).detach()
        ),
        "no gradient flows",
    ),
    (with_epsilon(mirrored_later), "kept from call to call"),
    (with_epsilon(none_if_single), "where k is 1"),
    (with_epsilon(first_is_mu), "of 400 draws number 1 is mu itself"),
    (with_epsilon(mirrored), "nothing is repeated or mirrored"),
    (of_nan_where_many, "look at"),
    (of_no_likelihood, "look at"),
    (
        with_q(lambda z, mu, logvar: density(z, mu, logvar.clamp(-10, 10))),
        "a limit on logvar",
    ),
    (
        with_q(lambda z, mu, logvar: density(z, mu, logvar.clamp(min=-12))),
        "logvar is -20 | a limit on logvar",
    ),
    (
        of_codes(
            lambda mu, logvar, k: (
                mu + torch.exp(logvar.clamp(-10, 10) / 2) * torch.randn(k, *mu.shape)
            )
        ),
        "standard deviation | a limit on logvar or sigma",
    ),
    (of_terms(of_q=1.0), "subtracted, not added"),
    (of_terms(of_q=0.0), "log q(z | x) is missing"),
    (of_terms(of_prior=0.0), "the prior, log p(z), is missing"),
    (of_terms(of_prior=-1.0), "is added, not subtracted"),
    (of_terms(of_prior=-1.0, of_q=1.0), "changed places"),
    (of_terms(of_prior=0.0, of_q=0.0), "alone: the prior and q"),
    (of_terms(-1.0, -1.0, 1.0), "the sign of all"),
    (of_terms(likelihood=2.0), "look at"),
    (closed_form, "closed form of the KL"),
    (with_q(lambda z, mu, s: density(mu, mu, s)), "q is taken at mu"),
    (with_q(lambda z, mu, s: density(z, mu, 2 * s)), "twice as large"),
    (with_q(lambda z, mu, s: density(z, mu, s / 2)), "halved"),
    (with_q(lambda z, mu, s: density(z, mu, s.exp())), "with exp(logvar)"),
    (with_q(lambda z, mu, s: density(z, mu, 0 * s)), "yours 1"),
    (with_q(lambda z, mu, s: density(z, mu.detach(), s.detach())), "gradient"),
    (of_codes(lambda mu, s, k: mu.expand(k, *mu.shape)), "z is mu itself"),
    (
        of_codes(lambda mu, s, k: mu + s.exp() * torch.randn(k, *mu.shape)),
        "standard deviation",
    ),
    (
        of_codes(lambda mu, s, k: mu + s * torch.randn(k, *mu.shape)),
        "standard deviation",
    ),
    (
        of_codes(
            lambda mu, s, k: (
                mu + (s / 2).exp() * torch.randn_like(mu).expand(k, *mu.shape)
            )
        ),
        "the same code",
    ),
    (
        of_codes(
            lambda mu, s, k: (
                mu + (s / 2).exp() * torch.randn(k, 1, 1).expand(-1, *mu.shape[-2:])
                if mu.ndim == 2
                else mu + (s / 2).exp() * torch.randn(k, *mu.shape)
            )
        ),
        "not independent",
    ),
    (
        of_codes(
            lambda mu, s, k: (
                mu + (s / 2).exp() * 12**0.5 * (torch.rand(k, *mu.shape) - 0.5)
            )
        ),
        "fourth moment",
    ),
    (
        of_codes(lambda mu, s, k: mu + (s / 2).exp() * torch.rand(k, *mu.shape)),
        "has mean",
    ),
    (
        of_codes(lambda mu, s, k: Normal(mu, (s / 2).exp()).sample([k])),
        "gradient flows",
    ),
    (of_codes(lambda mu, s, k: torch.randn(k, *mu.shape)), "from the prior"),
    (seeded, "the same noise"),
    (draws_last, "draws on the first axis"),
    (two_draws, "look at"),
    (lambda model, x, k: right(model, x, k).mean(0), "k are wanted"),
    (lambda model, x, k: right(model, x, k).exp(), "look at"),
    (lambda model, x, k: right(model, x, k).detach(), "no gradient"),
    (torch.no_grad()(right), "no gradient"),
    (lambda model, x, k: right(model, x, 5), "look at"),
    (
        of_codes(
            lambda mu, s, k: (
                mu
                + (s / 2).exp() * torch.randn(k, *[1] * (mu.ndim - 2), *mu.shape[-2:])
            )
        ),
        "not independent",
    ),
    (
        of_codes(
            lambda mu, s, k: (
                mu + (s / 2).exp() * torch.randn(k, *mu.shape[:-2], 1, mu.shape[-1])
                if mu.ndim > 2
                else mu + (s / 2).exp() * torch.randn(k, *mu.shape)
            )
        ),
        "not independent",
    ),
    (trains, "mode"),
    (zeroed, "gradients"),
    (one_axis, "x is (R, B, D) here"),
    (backward, "gradients"),
    (lambda model, x, k: right(model, x, k).logsumexp(0), "k are wanted"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def log_normal(z, mu, logvar):
    return density(z, mu, 2 * logvar)


def of_earlier_answers(model, x, k):
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
    log_prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z))
    return model.log_likelihood(x, z) + log_prior - log_normal(z, mu, logvar)


def test_it_is_judged_by_itself(capsys):
    CHECK(of_earlier_answers)
    said = "right, with the pack's `log_normal`: yours is not right yet."
    assert said in capsys.readouterr().out


def test_swapped_arguments_are_told():
    def swapped(model, x, k):
        mu, logvar = model.encode(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn(k, *mu.shape)
        return model.log_likelihood(z, x) + prior(z) - density(z, mu, logvar)

    with pytest.raises(CheckFailed, match="the order of its arguments"):
        CHECK(swapped)
