"""Right and wrong answers to `effective_sample_size`, lesson 06."""

import functools

import torch

from helpers.checks import lesson06 as checks
from tests.checks.trial import trial

CHECK = checks.effective_sample_size
NAMES = ("effective_sample_size",)


def right(log_w):
    return 1 / (log_w.softmax(0) ** 2).sum(0)


def in_logs(log_w):
    double = torch.logsumexp(2 * log_w, 0)
    return torch.exp(2 * torch.logsumexp(log_w, 0) - double)


def by_weights(log_w):
    w = (log_w - log_w.amax(0)).exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


def entropy(log_w):
    share = log_w.softmax(0)
    return (-(share * log_w.log_softmax(0)).sum(0)).exp()


def naive(log_w):
    w = log_w.exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


def in_place(log_w):
    log_w -= log_w.amax(0)
    return right(log_w)


def one_top(log_w):
    w = (log_w - log_w.max()).exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


RIGHT = [
    right,
    in_logs,
    by_weights,
    lambda log_w: right(log_w.double()),
    lambda log_w: log_w.softmax(dim=0).square().sum(dim=0).reciprocal(),
    lambda log_w: torch.exp(-torch.logsumexp(2 * log_w.log_softmax(0), 0)),
    lambda log_w: 1 / torch.linalg.vector_norm(log_w.softmax(0), dim=0) ** 2,
    lambda log_w: len(log_w) / (len(log_w) * log_w.softmax(0)).square().mean(0),
    lambda log_w: right(log_w).clamp(1, len(log_w)),
    lambda log_w: right(log_w.detach()),
]
WRONG = [
    (functools.lru_cache(right), "kept from an earlier call"),
    (lambda log_w: right(log_w).round(), "it is no whole number"),
    (
        lambda w: torch.exp(2 * w.logsumexp(0) - torch.logsumexp(w**2, 0)),
        "log w^2 is 2 log w",
    ),
    (
        lambda w: torch.exp(w.logsumexp(0) - torch.logsumexp(2 * w, 0)),
        "twice the logsumexp",
    ),
    (
        lambda w: len(w) / (1 + (len(w) * w.softmax(0)).var(0)),
        "divides by k - 1",
    ),
    (
        lambda log_w: 1 / log_w.flatten().softmax(0).view(log_w.shape).square().sum(0),
        "beside others | over all entries",
    ),
    (
        lambda log_w: (
            (log_w - log_w.max()).exp().sum(0) ** 2
            / (log_w - log_w.max()).exp().square().sum(0)
        ),
        "beside others | over all entries",
    ),
    (naive, "exp() of the log weights"),
    (one_top, "a finite number"),
    (lambda log_w: right(log_w).log(), "the logarithm of it"),
    (lambda log_w: 1 / right(log_w), "wrong way up"),
    (lambda log_w: right(log_w) / len(log_w), "divided by k"),
    (lambda log_w: right(log_w).sqrt(), "its square root"),
    (entropy, "exp of the entropy"),
    (lambda log_w: 1 / log_w.softmax(0).amax(0), "the largest share"),
    (lambda log_w: log_w.softmax(0).sum(0) * len(log_w), "number of draws"),
    (lambda log_w: 1 / (log_w.softmax(-1) ** 2).sum(-1), "over the images"),
    (lambda log_w: 1 / (log_w.softmax(-1) ** 2).sum(0), "look at"),
    (lambda log_w: right(log_w).mean(), "reduced over everything"),
    (lambda log_w: log_w.sum(0) ** 2 / (log_w**2).sum(0), "without exp"),
    (
        lambda log_w: torch.exp(2 * log_w.logsumexp(0) - 2 * log_w.logsumexp(0)),
        "doubled before the logsumexp",
    ),
    (
        lambda log_w: torch.exp(log_w.logsumexp(0) - (2 * log_w).logsumexp(0)),
        "look at",
    ),
    (lambda log_w: in_logs(2 * log_w), "look at"),
    (lambda log_w: in_logs(log_w / 2), "look at"),
    (lambda log_w: torch.exp(log_w.logsumexp(0) - log_w.amax(0)), "look at"),
    (lambda log_w: right(log_w).round(), "look at"),
    (lambda log_w: right(log_w[:100]), "look at"),
    (lambda log_w: (log_w.softmax(0) > 0.01).sum(0), "look at"),
    (lambda log_w: right(log_w) - 1, "look at"),
    (in_place, "other numbers after the call"),
    (lambda log_w: log_w.softmax(0), "over the draws is missing"),
    (lambda log_w: right(log_w).tolist(), "look at"),
    (lambda log_w: right(log_w).squeeze(), "look at"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
