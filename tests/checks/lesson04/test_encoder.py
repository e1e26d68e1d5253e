"""The encoder's check names what goes wrong, and accepts what is right."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson04._answers import Encoder, replaced


class OneHead(Encoder):
    def __init__(self, d):
        super().__init__(d)
        del self.mu, self.logvar
        self.head = nn.Linear(128, 2 * d)

    def forward(self, x):
        return self.head(self.body(x)).chunk(2, dim=1)


class Explicit(nn.Module):
    """Functional style with window 3, as many tutorials write it."""

    def __init__(self, d):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 32, 3, 2, 1), nn.BatchNorm2d(32)
        self.dense, self.norm3 = nn.Linear(1568, 128), nn.BatchNorm1d(128)
        self.mu, self.std = nn.Linear(128, d), nn.Linear(128, d)

    def forward(self, x):
        h = F.relu(self.norm1(self.conv1(x)))
        h = F.relu(self.norm2(self.conv2(h)))
        h = F.relu(self.norm3(self.dense(h.view(h.size(0), -1))))
        return self.mu(h), 2 * torch.log(F.softplus(self.std(h)))


def encoder_with(forward, **options):
    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d, **options)

    Changed.forward = forward or Encoder.forward
    return Changed


class ZeroStart(Encoder):
    """logvar starts at 0 for every image, as some initializations have it."""

    def __init__(self, d):
        super().__init__(d)
        nn.init.zeros_(self.logvar.weight)
        nn.init.zeros_(self.logvar.bias)


class Lazy(nn.Module):
    """Layers that find out their input sizes themselves, and ReLUs in place."""

    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(
            *(nn.LazyConv2d(8, 4, 2, 1), nn.LazyBatchNorm2d(), nn.ReLU(True)),
            *(nn.LazyConv2d(32, 4, 2, 1), nn.LazyBatchNorm2d(), nn.ReLU(True)),
            *(nn.Flatten(), nn.LazyLinear(128), nn.LazyBatchNorm1d(), nn.ReLU(True)),
        )
        self.heads = nn.ModuleList([nn.LazyLinear(d), nn.LazyLinear(d)])

    def forward(self, x):
        h = self.body(x)
        return [head(h) for head in self.heads]


class PlainList(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.layers = list(self.body)
        del self.body

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.mu(x), self.logvar(x)


class NormsMadeInForward(Explicit):
    def forward(self, x):
        h = F.relu(nn.BatchNorm2d(8)(self.conv1(x)))
        h = F.relu(nn.BatchNorm2d(32)(self.conv2(h)))
        h = F.relu(self.norm3(self.dense(h.flatten(1))))
        return self.mu(h), self.std(h)


class NoSuper(nn.Module):
    def __init__(self, d):
        self.conv = nn.Conv2d(1, 8, 4, 2, 1)


class NoForward(Encoder):
    forward = nn.Module.forward


def on_heads(change):
    return encoder_with(lambda self, x: change(*Encoder.forward(self, x)))


class NormedHead(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.mu = nn.Sequential(nn.Linear(128, d), nn.BatchNorm1d(d))


class NormMoved(NormedHead):
    """Three batch norms, one of them in the wrong place."""

    def __init__(self, d):
        super().__init__(d)
        self.body[1] = nn.Identity()


def relu_heads(self, x):
    h = self.body(x)
    return self.mu(h).relu(), self.logvar(h)


def shared_head(self, x):
    h = self.body(x)
    return self.mu(h), self.mu(h)


RIGHT = {
    "reference": Encoder,
    "with biases": encoder_with(None, bias=True),
    "SiLU": encoder_with(None, act=nn.SiLU),
    "one head, split": OneHead,
    "layer by layer, softplus": Explicit,
    "logvar starts at 0": ZeroStart,
    "lazy layers, in place": Lazy,
    "body run twice": encoder_with(
        lambda self, x: (self.mu(self.body(x)), self.logvar(self.body(x)))
    ),
}
WRONG = {
    "no batch norm": (encoder_with(None, norm=False), "batch norm"),
    "no stride": (encoder_with(None, stride=1), "stride"),
    "only mu": (
        encoder_with(lambda self, x: self.mu(self.body(x))),
        "two tensors",
    ),
    "relu on mu": (encoder_with(relu_heads), "no activation"),
    "one head for both": (encoder_with(shared_head), "no gradient reaches logvar"),
    "the same numbers": (on_heads(lambda m, v: (m + 0 * v, m + 0 * v)), "two heads"),
    "batch norm on a head": (NormedHead, "none at the output"),
    "batch norm moved to a head": (NormMoved, "none at the output"),
    "no activation": (encoder_with(None, act=nn.Identity), "ReLU"),
    "other channels": (encoder_with(None, thin=4), "channel counts"),
    "fixed batch": (
        on_heads(lambda m, v: (m.expand(128, -1), v.expand(128, -1))),
        "batch size is written",
    ),
    "one ReLU missing": (replaced(Encoder, 5, nn.Identity), "ReLU after batch norm 2"),
    "one batch norm missing": (replaced(Encoder, 1, nn.Identity), "after layer 1"),
    "no running averages": (
        replaced(Encoder, 8, lambda: nn.BatchNorm1d(128, track_running_stats=False)),
        "track_running_stats",
    ),
    "no heads": (
        encoder_with(lambda self, x: self.body(x)[:, :10].chunk(2, dim=1)),
        "the heads",
    ),
    "dropout for a ReLU": (replaced(Encoder, 9, nn.Dropout), "ReLU after batch norm 3"),
    "layer norm": (replaced(Encoder, 8, lambda: nn.LayerNorm(128)), "after layer 3"),
    "norms made in forward": (NormsMadeInForward, "made in __init__"),
    "a plain list": (PlainList, "plain list"),
    "no super().__init__": (NoSuper, "super"),
    "no forward": (NoForward, "no forward"),
    "tanh on mu": (on_heads(lambda m, v: (m.tanh(), v)), "no activation"),
    "std for logvar": (on_heads(lambda m, v: (m, v.exp())), "no activation"),
    "three answers": (on_heads(lambda m, v: (m, m, v)), "3 values"),
    "a draw": (
        on_heads(lambda m, v: (m + torch.randn_like(m), v)),
        "two different answers",
    ),
    "dropout that never ends": (
        on_heads(lambda m, v: (F.dropout(m), v)),
        "dropout that does not follow",
    ),
    "squeeze": (on_heads(lambda m, v: (m.squeeze(), v.squeeze())), "squeeze"),
    "detached": (
        encoder_with(
            lambda self, x: (
                self.mu(self.body(x).detach()),
                self.logvar(self.body(x).detach()),
            )
        ),
        "no gradient",
    ),
    "mixes images": (
        encoder_with(lambda self, x: Encoder.forward(self, x - x.mean(0))),
        "neighbours",
    ),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    for _ in range(2):  # a check may not depend on luck
        checks.encoder(RIGHT[variant])
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    answer, named = WRONG[variant]
    with pytest.raises(CheckFailed, match=named):
        checks.encoder(answer)


def test_random_numbers_stay_where_they_were():
    before = torch.get_rng_state()
    checks.encoder(next(iter(RIGHT.values())))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stub_stays_a_stub():
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"Encoder.*not written yet"):
        checks.encoder(stub)
