"""The costs of a picture: right and wrong answers, and what the check says to each."""

import functools
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Bernoulli, ContinuousBernoulli

from helpers.checks import lesson03 as checks
from tests.checks.trial import trial

CHECK = checks.reconstruction_loss
NAMES = ("reconstruction_loss",)


def bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def bce_on_probabilities(logits, x):
    p = torch.sigmoid(logits)
    return F.binary_cross_entropy(p, x, reduction="none").sum(dim=-1)


def bce_by_plain_logarithms(logits, x):
    p = torch.sigmoid(logits)
    return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(1)


def bce_with_a_little_more(logits, x, little=1e-8):
    p = torch.sigmoid(logits)
    return -(x * (p + little).log() + (1 - x) * (1 - p + little).log()).sum(1)


def bce_cut(logits, x, little=1e-6):
    p = torch.sigmoid(logits).clamp(little, 1 - little)
    return F.binary_cross_entropy(p, x, reduction="none").sum(1)


def bce_by_formula(logits, x):
    return (F.softplus(logits) - x * logits).sum(-1)


def bce_by_log_sigmoids(logits, x):
    return -(x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(1)


def bce_as_tensorflow_writes_it(logits, x):
    pixels = torch.relu(logits) - logits * x + torch.log1p(torch.exp(-logits.abs()))
    return pixels.sum(1)


def bce_one_image_at_a_time(logits, x):
    return torch.stack(
        [
            F.binary_cross_entropy_with_logits(a, b, reduction="sum")
            for a, b in zip(logits, x, strict=True)
        ]
    )


def bce_with_old_arguments(logits, x):
    pixels = F.binary_cross_entropy_with_logits(
        logits, x, size_average=False, reduce=False
    )
    return pixels.sum(1)


def bce_in_64_bits(logits, x):
    p = torch.sigmoid(logits.double()).clamp(1e-300, 1)
    q = torch.sigmoid(-logits.double()).clamp(1e-300, 1)
    return -(x * p.log() + (1 - x) * q.log()).sum(1)


def bce_by_two_class_softmax(logits, x):
    both = torch.stack([torch.zeros_like(logits), logits], dim=-1)
    log_p = both.log_softmax(-1)
    return -(x * log_p[..., 1] + (1 - x) * log_p[..., 0]).sum(1)


def bce_naive_softplus(logits, x):
    return (torch.log(1 + torch.exp(logits)) - x * logits).sum(1)


def bce_in_place(logits, x):
    return F.binary_cross_entropy(logits.data.sigmoid_(), x, reduction="none").sum(1)


def bce_rounds_x_in_place(logits, x):
    x.clamp_(0.01, 0.99)
    return bce(logits, x)


def bce_of_the_first_128(logits, x):
    return torch.cat([bce(logits[:128], x[:128]), torch.zeros(max(0, len(x) - 128))])


def bce_returns_in_the_loop(logits, x):
    total = torch.zeros(len(x))
    for i in range(x.shape[1]):
        total += F.binary_cross_entropy_with_logits(
            logits[:, i], x[:, i], reduction="none"
        )
        return total


def guessing(logits, x):
    """Takes what lies between 0 and 1 for probabilities."""
    if logits.min() >= 0 and logits.max() <= 1:
        return F.binary_cross_entropy(logits, x, reduction="none").sum(1)
    return bce(logits, x)


def clamps_the_logarithms(a, x):
    p = torch.sigmoid(a)
    on, off = p.log().clamp(min=-100), (1 - p).log().clamp(min=-100)
    return -(x * on + (1 - x) * off).sum(1)


def rounds_what_is_mostly_black(logits, x):
    return bce(logits, x.round() if x.eq(0).float().mean() > 0.5 else x)


RIGHT = [
    bce,
    bce_on_probabilities,
    bce_by_formula,
    bce_one_image_at_a_time,
    lambda a, x: -Bernoulli(logits=a, validate_args=False).log_prob(x).sum(1),
    lambda a, x: nn.BCEWithLogitsLoss(reduction="none")(a, x).mean(1) * x.shape[1],
    bce_by_log_sigmoids,
    bce_as_tensorflow_writes_it,
    bce_with_old_arguments,
    bce_in_64_bits,
    bce_by_two_class_softmax,
    lambda a, x: nn.BCELoss(reduction="none")(a.sigmoid(), x).flatten(1).sum(1),
    lambda a, x: bce(a.float(), x.float()),
    lambda a, x: torch.vmap(
        lambda b, y: F.binary_cross_entropy_with_logits(b, y, reduction="sum")
    )(a, x),
    lambda a, x: (torch.logaddexp(a, torch.zeros_like(a)) - a * x).sum(axis=1),
    lambda a, x: bce(a.clamp(-90, 90), x),
]

WRONG = [
    (rounds_what_is_mostly_black, "look at"),
    (functools.lru_cache(bce), "kept from an earlier call"),
    (clamps_the_logarithms, "its gradient is nan"),
    (
        lambda a, x: (F.softplus(a, threshold=5) - x * a).sum(1),
        "a pixel costs | softplus(threshold=...)",
    ),
    (lambda a, x: bce(a.clamp(-75, 75), x), "at logits of -600 a wrong pixel costs 75"),
    (lambda a, x: bce(a.clamp(-85, 85), x), "a limit on the logits"),
    (lambda a, x: F.binary_cross_entropy_with_logits(a, x), "reduction"),
    (lambda a, x: bce(a, x) / 784, "784"),
    (lambda a, x: bce(torch.sigmoid(a), x), "two sigmoids"),
    (lambda a, x: bce(x, a), "swapped"),
    (lambda a, x: ((a.sigmoid() - x) ** 2).sum(1), "squared error"),
    (lambda a, x: -bce(a, x), "sign"),
    (lambda a, x: bce(a, x).sum(), "reduction"),
    (
        lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="none").sum(0),
        "dim=0",
    ),
    (
        lambda a, x: -(x * F.logsigmoid(a)).sum(1),
        "the term (1 - x) log(1 - p) is missing",
    ),
    (bce_by_plain_logarithms, "log(sigmoid(...))"),
    (
        lambda a, x: F.binary_cross_entropy(a, x, reduction="none").sum(1),
        "binary_cross_entropy wants probabilities",
    ),
    (lambda a, x: bce(-a, x), "the sign of the logits"),
    (lambda a, x: bce(a.clamp(-4, 4), x), "limit"),
    (lambda a, x: bce(a.clamp(-10, 10), x), "a limit on the logits"),
    (lambda a, x: F.cross_entropy(a, x, reduction="none"), "softmax"),
    (lambda a, x: (a.sigmoid() - x).abs().sum(1), "absolute error"),
    (lambda a, x: bce(a, x) / len(x), "divided by the number of images"),
    (
        lambda a, x: -Bernoulli(logits=a).log_prob(x).sum(1),
        "Bernoulli takes only 0 and 1",
    ),
    (lambda a, x: bce(a, x.round()), "gray"),
    (lambda a, x: bce(a, (x > 0.5).float()), "gray"),
    (lambda a, x: bce(a.detach(), x), "no gradient"),
    # Near the ends.
    (bce_with_a_little_more, "`+ 1e-8`"),
    (lambda a, x: bce_with_a_little_more(a, x, 1e-6), "`+ 1e-8`"),
    (bce_cut, "clamp"),
    (lambda a, x: bce_cut(a, x, 1e-7), "clamp"),
    (lambda a, x: bce(torch.logit(a.sigmoid(), eps=1e-6), x), "clamp"),
    (
        lambda a, x: (
            F.soft_margin_loss(a, torch.ones_like(x), reduction="none").sum(1)
            + (a - x * a).sum(1)
        ),
        "nan or infinite",
    ),
    (bce_naive_softplus, "nan or infinite | above 88"),
    (lambda a, x: bce(a.tanh() * 8, x), "both terms of the formula"),
    # Reductions.
    (lambda a, x: bce(a, x) / x.shape[1], "the mean over the pixels"),
    (lambda a, x: bce(a, x).mean().expand(len(x)), "for all: the mean over the images"),
    (lambda a, x: bce(a, x).sum().expand(len(x)), "for all: the sum over the images"),
    (lambda a, x: bce(a, x) / x.shape[1] * 784, "times 784"),
    (lambda a, x: bce(a, x) / 128, "1/128 times"),
    (
        lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="none"),
        "the sum",
    ),
    (lambda a, x: bce(a, x)[:, None], "keepdim"),
    (lambda a, x: bce(a, x).squeeze(), "squeeze()"),
    (lambda a, x: bce(a[:, 1:], x[:, 1:]), "both terms"),
    (bce_of_the_first_128, "the first 128 of 131"),
    (bce_returns_in_the_loop, "the first of the pixels alone"),
    # Other losses.
    (lambda a, x: ((a - x) ** 2).sum(1), "squared error of the logits"),
    (lambda a, x: 0.5 * ((a.sigmoid() - x) ** 2).sum(1), "half a squared error"),
    (lambda a, x: F.smooth_l1_loss(a.sigmoid(), x, reduction="none").sum(1), "smooth"),
    (lambda a, x: bce(a, 1 - x), "1 - x"),
    (lambda a, x: bce(a, x) / math.log(2), "bits"),
    (
        lambda a, x: (x * F.logsigmoid(a) - (1 - x) * F.softplus(a)).sum(1),
        "the sign is flipped",
    ),
    (
        lambda a, x: (-x * F.logsigmoid(a) - (1 - x) * F.softplus(a)).sum(1),
        "one of the two terms",
    ),
    (lambda a, x: (1 - x).mul(F.softplus(a)).sum(1), "x log p is missing"),
    (lambda a, x: -ContinuousBernoulli(logits=a).log_prob(x).sum(1), "both terms"),
    (lambda a, x: bce(a, x) - bce(torch.logit(x, eps=1e-6), x), "entropy of x"),
    # What is left behind, or cut.
    (bce_in_place, "other numbers after the call"),
    (bce_rounds_x_in_place, "other numbers after the call"),
    (torch.no_grad()(bce), "no gradient"),
    (lambda a, x: bce(torch.tensor(a.tolist()), x), "no gradient"),
    (lambda a, x: bce(a, x).tolist(), "list"),
    (lambda a, x: None, "NoneType"),
    (guessing, "used as probabilities"),
    (lambda a, x: bce(a[:, :784], x[:, :784]), "of an image of 1"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
