"""What the tests of lesson 02's checks share."""

import pytest
from torch import nn

from helpers.checks.base import CheckFailed


def fails(check, *answers, says):
    """The check fails and its message names the mistake."""
    with pytest.raises(CheckFailed) as failure:
        check(*answers)
    message = str(failure.value)
    for words in says.split(" | "):
        assert words in message, message


class Right(nn.Module):
    """The reference; its variants change one thing each."""

    bend = nn.GELU

    def __init__(self, bottleneck=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 392), self.bend(), nn.Linear(392, bottleneck)
        )
        self.decoder = nn.Sequential(
            nn.Linear(bottleneck, 392), self.bend(), nn.Linear(392, 784), nn.Sigmoid()
        )

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x):
        return self.decode(self.encode(x))


def stub(*args):
    raise NotImplementedError()
