"""What the tests of lesson 05's checks share."""

import numpy as np
import pytest
import torch

from helpers.checks.base import CheckFailed


def shares(count):
    return (torch.arange(count) + 0.5) / count


def quantiles(count):
    return torch.special.ndtri(shares(count))


def passes_always(check, function, capsys):
    for _ in range(3):  # a check may not depend on luck
        check(function)
    assert "right" in capsys.readouterr().out


def is_named(check, function, named):
    with pytest.raises(CheckFailed, match=named):
        check(function)


def leaves_random_numbers(check, function):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    check(function)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


def is_a_stub(check):
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=f"{check.__name__}.*not written yet"):
        check(stub)
