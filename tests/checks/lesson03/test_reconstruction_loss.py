"""The costs of a picture: right and wrong answers, and what the check says."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Bernoulli

from helpers.checks import lesson03 as checks
from tests.checks.lesson03._shared import (
    bce,
    bce_by_formula,
    fails_saying,
    leaves_the_random_state,
    passes,
)


def bce_on_probabilities(logits, x):
    p = torch.sigmoid(logits)
    return F.binary_cross_entropy(p, x, reduction="none").sum(dim=-1)


def bce_by_plain_logarithms(logits, x):
    p = torch.sigmoid(logits)
    return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(1)


def bce_one_image_at_a_time(logits, x):
    return torch.stack(
        [
            F.binary_cross_entropy_with_logits(a, b, reduction="sum")
            for a, b in zip(logits, x, strict=True)
        ]
    )


RIGHT = [
    bce,
    bce_on_probabilities,
    bce_by_formula,
    bce_one_image_at_a_time,
    lambda a, x: -Bernoulli(logits=a, validate_args=False).log_prob(x).sum(1),
    lambda a, x: nn.BCEWithLogitsLoss(reduction="none")(a, x).mean(1) * x.shape[1],
]

# Each wrong variant, and words that its message must contain.
WRONG = [
    (lambda a, x: F.binary_cross_entropy_with_logits(a, x), "reduction"),
    (lambda a, x: bce(a, x) / 784, "mean over the pixels"),
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
    (lambda a, x: bce(a.clamp(-5, 5), x), "a limit on the logits"),
    (lambda a, x: F.cross_entropy(a, x, reduction="none"), "softmax"),
    (lambda a, x: (a.sigmoid() - x).abs().sum(1), "absolute error"),
    (lambda a, x: bce(a, x) / len(x), "divided by the number of images"),
    (
        lambda a, x: -Bernoulli(logits=a).log_prob(x).sum(1),
        "Bernoulli takes only 0 and 1",
    ),
    (lambda a, x: bce(a, x.round()), "grey"),
    (lambda a, x: bce(a.detach(), x), "no gradient"),
]


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_another_way_passes(variant, capsys):
    passes(checks.reconstruction_loss, variant, capsys)


@pytest.mark.parametrize(("variant", "words"), WRONG)
def test_wrong_fails_and_the_message_names_it(variant, words):
    fails_saying(checks.reconstruction_loss, variant, words)


def test_the_random_state_stays():
    leaves_the_random_state(
        checks.reconstruction_loss, [*RIGHT, *(variant for variant, _ in WRONG)]
    )
