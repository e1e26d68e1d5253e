"""The two terms of the loss, and what each exercise's variants are put through."""

import contextlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks.base import CheckFailed


def bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def bce_by_formula(logits, x):
    return (F.softplus(logits) - x * logits).sum(-1)


def kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)


def passes(check, variant, capsys):
    torch.manual_seed(1)
    check(variant)
    assert "right" in capsys.readouterr().out


def fails_saying(check, variant, words):
    torch.manual_seed(1)
    with pytest.raises(CheckFailed) as failure:
        check(variant)
    for part in words.split(" | "):
        assert part in str(failure.value)


def leaves_the_random_state(check, variants):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    for variant in variants[:4] + variants[-2:]:
        with contextlib.suppress(CheckFailed):
            check(variant)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()
