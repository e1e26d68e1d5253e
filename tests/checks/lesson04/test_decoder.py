"""The decoder's check names what goes wrong, and accepts what is right."""

import pytest
import torch
from torch import nn

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson04._answers import Encoder, replaced


class Decoder(nn.Module):
    def __init__(self, d, act=nn.ReLU, end=nn.Sigmoid, norm_at_end=False, kernel=4):
        super().__init__()
        more = {} if kernel == 4 else {"output_padding": 1}
        self.body = nn.Sequential(
            nn.Linear(d, 128),
            nn.BatchNorm1d(128),
            act(),
            nn.Linear(128, 1568),
            nn.BatchNorm1d(1568),
            act(),
            nn.Unflatten(1, (32, 7, 7)),
            nn.ConvTranspose2d(32, 8, kernel, 2, 1, **more),
            nn.BatchNorm2d(8),
            act(),
            nn.ConvTranspose2d(8, 1, kernel, 2, 1, **more),
            *([nn.BatchNorm2d(1)] if norm_at_end else []),
            end(),
        )

    def forward(self, z):
        return self.body(z)


def decoder_with(forward=None, **options):
    class Changed(Decoder):
        def __init__(self, d):
            super().__init__(d, **options)

    Changed.forward = forward or Decoder.forward
    return Changed


class LastLayerFirst(Decoder):
    """The output layer is made before the others."""

    def __init__(self, d):
        nn.Module.__init__(self)
        self.out = nn.ConvTranspose2d(8, 1, 4, 2, 1)
        self.body = Decoder(d).body[:-2]

    def forward(self, z):
        return torch.sigmoid(self.out(self.body(z)))


class NormMovedToPicture(Decoder):
    def __init__(self, d):
        super().__init__(d, norm_at_end=True)
        self.body[8] = nn.Identity()


class NormOnMaps(Decoder):
    """The norm after the dense layer comes after the unflattening."""

    def __init__(self, d):
        super().__init__(d)
        self.body[4], self.body[5] = nn.ReLU(), nn.Unflatten(1, (32, 7, 7))
        self.body[6] = nn.BatchNorm2d(32)


class Clamp(nn.Module):
    def forward(self, x):
        return x.clamp(0, 1)


class TwoSigmoids(nn.Module):
    def forward(self, x):
        return torch.sigmoid(torch.sigmoid(x))


RIGHT = {
    "reference": Decoder,
    "LeakyReLU": decoder_with(act=nn.LeakyReLU),
    "window 3 with output padding": decoder_with(kernel=3),
    "last layer made first": LastLayerFirst,
    "batch norm on the maps": NormOnMaps,
    "functional sigmoid": decoder_with(
        lambda self, z: torch.sigmoid(self.body(z)), end=nn.Identity
    ),
}
WRONG = {
    "logits": (decoder_with(end=nn.Identity), "sigmoid after the last"),
    "two sigmoids": (decoder_with(end=TwoSigmoids), "twice"),
    "softmax over pixels": (
        decoder_with(
            lambda self, z: self.body(z).flatten(1).softmax(1).view(-1, 1, 28, 28),
            end=nn.Identity,
        ),
        "softmax",
    ),
    "bytes": (decoder_with(lambda self, z: 255 * self.body(z)), "0 to 1"),
    "one ReLU missing": (replaced(Decoder, 9, nn.Identity), "ReLU after batch norm 3"),
    "one batch norm missing": (replaced(Decoder, 4, nn.Identity), "after layer 2"),
    "no running averages": (
        replaced(Decoder, 1, lambda: nn.BatchNorm1d(128, track_running_stats=False)),
        "track_running_stats",
    ),
    "upsampling": (
        replaced(
            Decoder,
            7,
            lambda: nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(32, 8, 3, padding=1)
            ),
        ),
        "Upsample",
    ),
    "z not used": (
        decoder_with(lambda self, z: self.body(torch.zeros_like(z))),
        "use z",
    ),
    "noise for z": (
        decoder_with(lambda self, z: self.body(torch.randn_like(z))),
        "two different answers",
    ),
    "batch size in the code": (
        decoder_with(lambda self, z: self.body(z).view(64, 1, 28, 28)),
        "batch size is written",
    ),
    "no channel": (decoder_with(lambda self, z: self.body(z).squeeze(1)), "squeeze"),
    "relu, then sigmoid": (
        decoder_with(lambda self, z: torch.sigmoid(self.body(z)), end=nn.ReLU),
        "black",
    ),
    "tanh": (decoder_with(end=nn.Tanh), "0 to 1"),
    "clamp": (decoder_with(end=Clamp), "clamp"),
    "no activation": (decoder_with(act=nn.Identity), "ReLU"),
    "batch norm moved to the picture": (NormMovedToPicture, "none at the output"),
    "batch norm at the end": (decoder_with(norm_at_end=True), "none at the output"),
    "flattened": (decoder_with(lambda self, z: self.body(z).flatten(1)), "shape"),
    "an encoder": (Encoder, "conv2d"),
    "detached": (decoder_with(lambda self, z: self.body(z).detach()), "grad"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    for _ in range(2):  # a check may not depend on luck
        checks.decoder(RIGHT[variant])
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    answer, named = WRONG[variant]
    with pytest.raises(CheckFailed, match=named):
        checks.decoder(answer)


def test_random_numbers_stay_where_they_were():
    before = torch.get_rng_state()
    checks.decoder(next(iter(RIGHT.values())))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stub_stays_a_stub():
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"Decoder.*not written yet"):
        checks.decoder(stub)
