"""What holds for all exercises of lesson 05, and for `latent_grid` by itself."""

import numpy as np
import pytest
import torch

from helpers.checks import lesson05 as checks
from helpers.checks.base import CheckFailed
from helpers.checks.standins import pack_answers

NAMES = [name for name in checks.__all__ if name != "lend"]
normal_quantiles = None  # what `mine` looks up, as in a notebook


def mine(count):
    q = normal_quantiles(count)
    return torch.stack([q.repeat(count), q.flip(0).repeat_interleave(count)], dim=1)


def upside_down(count):
    return mine(count) * torch.tensor([1, -1])


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_stays_a_stub(name):
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=f"{name}.*not written yet"):
        getattr(checks, name)(stub)


@pytest.mark.parametrize("name", NAMES)
def test_random_numbers_stay_where_they_were(name, capsys):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    with pack_answers("05", [name]) as ours:
        getattr(checks, name)(ours[name])
    assert capsys.readouterr().out == f"✓ {name}: right.\n"
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


@pytest.mark.parametrize(
    "broken",
    [
        lambda n: torch.linspace(-2, 2, n),
        lambda n: torch.linspace(-2, 2, n + 1),
        lambda n: None,
    ],
)
def test_the_grid_is_judged_apart_from_the_quantiles(broken, monkeypatch, capsys):
    monkeypatch.setitem(globals(), "normal_quantiles", broken)
    checks.latent_grid(mine)
    assert "right, with the pack's `normal_quantiles`" in capsys.readouterr().out
    checks.latent_grid(mine, draws=[41, 42])
    with pytest.raises(CheckFailed, match="flip z_2"):
        checks.latent_grid(upside_down)
    assert normal_quantiles is broken
