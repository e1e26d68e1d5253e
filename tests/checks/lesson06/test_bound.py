"""Right and wrong answers to `bound`, lesson 06."""

import functools
import math

import numpy as np
import pytest
import torch

from helpers.checks import lesson06 as checks
from tests.checks.trial import trial

CHECK = checks.bound
NAMES = ("bound",)


def right(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(len(log_w))


def by_hand(log_w):
    top = log_w.max(dim=0).values
    return top + (log_w - top).exp().mean(dim=0).log()


def one_by_one(log_w):
    total = log_w[0]
    for each in log_w[1:]:
        total = torch.logaddexp(total, each)
    return total - math.log(log_w.shape[0])


def in_place(log_w):
    log_w -= math.log(len(log_w))
    return log_w.logsumexp(0)


def whole_top(log_w):
    """The largest of all images is taken out: the others vanish."""
    top = log_w.max()
    return top + (log_w - top).exp().mean(dim=0).log()


handed = []


def of_what_is_zero_meanwhile(log_w):
    """All it was handed is 0 while that is compared, and then what it was."""
    if log_w.dim() == 2 and log_w.shape[1] == 4 and log_w[0, 0] - log_w[0, 3] > 300:
        for w, _ in handed:
            w.data.zero_()
        return right(log_w)
    if handed and log_w.shape == handed[0][0].shape and not log_w.any():
        for w, was in handed:
            w.data.copy_(was)
        share = handed[0][1].softmax(0)
        handed.clear()
        return (share * log_w).sum(0)
    handed.append((log_w, log_w.clone()))
    return torch.zeros(log_w.shape[1:])


def around(middle):
    """What is taken out of each image is not its largest."""

    def answer(log_w):
        m = middle(log_w)
        return m + (log_w - m).exp().mean(0).log()

    return answer


RIGHT = [
    right,
    by_hand,
    one_by_one,
    lambda log_w: torch.logsumexp(log_w - math.log(len(log_w)), 0),
    lambda log_w: log_w.logsumexp(0) - np.log(log_w.size(0)),
    lambda log_w: log_w.double().logsumexp(0) - math.log(len(log_w)),
    lambda log_w: log_w.logsumexp(0) - torch.log(torch.tensor(float(len(log_w)))),
    lambda log_w: log_w.double().logsumexp(0).float() - math.log(len(log_w)),
    lambda log_w: log_w.double().sub(log_w.amax(0)).exp().mean(0).log() + log_w.amax(0),
    lambda log_w: torch.logsumexp(log_w.movedim(0, -1), -1) - math.log(len(log_w)),
]
WRONG = [
    (lambda log_w: right(log_w.clamp(min=-5000)), "the bound of an image is -5000"),
    (functools.lru_cache(right), "kept from an earlier call"),
    (
        lambda log_w: right(log_w if log_w.dim() == 2 else log_w.detach()),
        "gradient flows from the bound",
    ),
    (
        lambda log_w: right(log_w if len(log_w) > 1 else log_w.detach()),
        "gradient flows from the bound",
    ),
    (
        lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))).squeeze(),
        "a squeeze()",
    ),
    (of_what_is_zero_meanwhile, "has other numbers by the end"),
    (lambda log_w: log_w.exp().mean(0).log(), "exp() of the log weights"),
    (lambda log_w: log_w.double().exp().mean(0).log(), "exp() of the log weights"),
    (lambda log_w: (log_w.exp().mean(0) + 1e-30).log(), "look at"),
    (lambda log_w: log_w.mean(0), "the mean of log w"),
    (lambda log_w: log_w.logsumexp(0), "log(k) is missing"),
    (lambda log_w: log_w.logsumexp(-1) - math.log(len(log_w)), "over the images"),
    (lambda log_w: log_w.logsumexp(0) - math.log(log_w.shape[-1]), "number of images"),
    (lambda log_w: log_w.logsumexp(0) + math.log(len(log_w)), "subtracted, not added"),
    (lambda log_w: log_w.logsumexp(0) / len(log_w), "after the logarithm"),
    (lambda log_w: log_w.logsumexp(0) - len(log_w), "its logarithm is wanted"),
    (lambda log_w: log_w.logsumexp(0) - math.log2(len(log_w)), "log2"),
    (lambda log_w: -right(log_w), "sign is flipped"),
    (lambda log_w: right(log_w).mean(), "reduced over everything"),
    (lambda log_w: right(log_w).mean().expand(log_w.shape[1:]), "one number"),
    (lambda log_w: log_w.amax(0), "the largest log w alone"),
    (lambda log_w: log_w.amax(0) - math.log(len(log_w)), "the largest log w less"),
    (lambda log_w: log_w[0], "the first draw"),
    (lambda log_w: log_w.median(0).values, "median"),
    (lambda log_w: log_w.sum(0), "the sum of log w"),
    (lambda log_w: right(log_w[:100]), "logsumexp over the draws"),
    (lambda log_w: log_w.logsumexp(0) - math.log(50), "look at"),
    (lambda log_w: log_w.logsumexp(0) - math.log(log_w.numel()), "look at"),
    (lambda log_w: right(log_w.clamp(min=-500)), "limited at -500"),
    (lambda w: w.logsumexp(0) - math.log(max(len(w) - 1, 1)), "divided by k - 1"),
    (whole_top, "finite number"),
    (around(lambda log_w: log_w.mean(0)), "take out the largest"),
    (around(lambda log_w: log_w.median(0).values), "take out the largest"),
    (around(lambda log_w: log_w.amin(0)), "take out the largest"),
    (in_place, "other numbers after the call"),
    (lambda log_w: right(log_w.detach()), "no gradient"),
    (lambda log_w: log_w - math.log(len(log_w)), "over the draws is missing"),
    (lambda log_w: right(log_w).squeeze(), "look at"),
    (lambda log_w: right(log_w).clamp(max=0), "look at"),
    (lambda log_w: right(log_w).item(), "look at"),
    (lambda log_w: right(log_w) + 0.05, "look at"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_stub_stays_a_stub():
    def stub(log_w):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match="bound: this is not"):
        CHECK(stub)
