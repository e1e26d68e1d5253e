"""Models, right and wrong, and what their check says."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson02 as checks
from tests.checks.lesson02.shared import Right, fails, stub


class WithELU(Right):
    bend = nn.ELU


class WithReLU(Right):
    bend = nn.ReLU


class WithTanh(Right):
    bend = nn.Tanh


class WithLeakyReLU(Right):
    bend = nn.LeakyReLU


class ExplicitLayers(nn.Module):
    def __init__(self, bottleneck):
        super().__init__()
        self.l1, self.l2 = nn.Linear(784, 392), nn.Linear(392, bottleneck)
        self.l3, self.l4 = nn.Linear(bottleneck, 392), nn.Linear(392, 784)

    def encode(self, x):
        return self.l2(F.silu(self.l1(x.view(x.shape[0], -1))))

    def decode(self, z):
        return torch.sigmoid(self.l4(F.silu(self.l3(z))))

    def forward(self, x):
        return self.decode(self.encode(x))


class Flattening(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder = nn.Sequential(nn.Flatten(), *self.encoder)


class HalfTanh(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.decoder = self.decoder[:3]

    def decode(self, z):
        return (torch.tanh(self.decoder(z)) + 1) / 2


class NormAndDropout(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        first, bend, last = self.encoder
        self.encoder = nn.Sequential(
            first, nn.BatchNorm1d(392), bend, nn.Dropout(0.1), last
        )


class OwnParameters(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        sizes = [784, 392, bottleneck, 392, 784]
        self.w = nn.ParameterList(
            nn.Parameter(torch.randn(i, o) / i**0.5)
            for i, o in itertools.pairwise(sizes)
        )

    def encode(self, x):
        return F.gelu(x @ self.w[0]) @ self.w[1]

    def decode(self, z):
        return torch.sigmoid(F.gelu(z @ self.w[2]) @ self.w[3])

    def forward(self, x):
        return self.decode(self.encode(x))


class SmallFirstWeights(Right):
    bend = nn.PReLU

    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        for p in self.parameters():
            nn.init.normal_(p, std=0.01) if p.dim() > 1 else nn.init.zeros_(p)


@pytest.mark.parametrize(
    "make",
    [
        Right,
        WithELU,
        WithReLU,
        WithTanh,
        WithLeakyReLU,
        ExplicitLayers,
        Flattening,
        HalfTanh,
        NormAndDropout,
        OwnParameters,
        SmallFirstWeights,
    ],
)
def test_right_models_pass(make):
    checks.autoencoder(make)


class BatchWritten(Right):
    def encode(self, x):
        return self.encoder(x.view(128, 784))


class BatchFolded(Right):
    def decode(self, z):
        return self.decoder(z.reshape(-1, z.shape[-1])).reshape(-1, 784).squeeze()


class NotNarrow(Right):
    def __init__(self, bottleneck=8):
        super().__init__(32)


class IgnoresBottleneck(Right):
    def __init__(self, bottleneck=8):
        super().__init__(8)


class NoSigmoid(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.decoder = self.decoder[:3]


class TanhOut(NoSigmoid):
    def decode(self, z):
        return torch.tanh(self.decoder(z))


class Clamped(NoSigmoid):
    def decode(self, z):
        return self.decoder(z).clamp(0, 1)


class Softmax(NoSigmoid):
    def decode(self, z):
        return self.decoder(z).softmax(dim=1)


class ReLUCode(Right):
    def encode(self, x):
        return torch.relu(self.encoder(x))


class SigmoidCode(Right):
    def encode(self, x):
        return torch.sigmoid(self.encoder(x))


class TanhCode(Right):
    def encode(self, x):
        return torch.tanh(self.encoder(x))


class GELUCode(Right):
    def encode(self, x):
        return F.gelu(self.encoder(x))


class LeakyCode(Right):
    def encode(self, x):
        return F.leaky_relu(self.encoder(x))


class BatchCode(Right):
    def encode(self, x):
        z = self.encoder(x)
        return z - z.mean(dim=0)


class SigmoidTwice(Right):
    def decode(self, z):
        return torch.sigmoid(self.decoder(z))


class ReLUBeforeSigmoid(NoSigmoid):
    def decode(self, z):
        return torch.sigmoid(torch.relu(self.decoder(z)))


class DecodesItsOwnCode(Right):
    def encode(self, x):
        self.z = self.encoder(x)
        return self.z

    def decode(self, z):
        return self.decoder(self.z[: len(z)])


class NoSuper(Right):
    def __init__(self, bottleneck=8):
        self.encoder = nn.Linear(784, bottleneck)


class WidthMisspelt(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder[2] = nn.Linear(382, bottleneck)


class NoArgument(Right):
    def __init__(self):
        super().__init__(8)


class Linear(Right):
    bend = nn.Identity


class LinearDecoder(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.decoder[1] = nn.Identity()


class PlainList(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        self.parts = [Right(bottleneck)]

    def encode(self, x):
        return self.parts[0].encode(x)

    def decode(self, z):
        return self.parts[0].decode(z)

    def forward(self, x):
        return self.decode(self.encode(x))


class TwoLayers(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        self.a, self.b = nn.Linear(784, bottleneck), nn.Linear(bottleneck, 784)

    def encode(self, x):
        return self.a(x)

    def decode(self, z):
        return torch.sigmoid(self.b(z))

    def forward(self, x):
        return self.decode(self.encode(x))


class Detached(Right):
    def encode(self, x):
        return self.encoder(x).detach()


class NoGradInside(Right):
    def decode(self, z):
        with torch.no_grad():
            return self.decoder(z)


class MadeInCall(Right):
    def encode(self, x):
        width = self.encoder[2].out_features
        return nn.Linear(392, width)(self.encoder[:2](x))


class ForgetsReturn(Right):
    def decode(self, z):
        self.decoder(z)


class OnlyReconstructs(Right):
    def forward(self, x):
        return self.decoder(self.encoder(x) * 2)


def not_a_module(bottleneck):
    return lambda x: x


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (BatchWritten, "batch of 97 | a batch size written into the model"),
        (BatchFolded, "1 images | squeeze()"),
        (NotNarrow, "(128, 32) | the bottleneck"),
        (IgnoresBottleneck, "bottleneck = 5 | the bottleneck"),
        (NoArgument, "the arguments of `__init__`"),
        (NoSuper, "`super().__init__()` is missing"),
        (WidthMisspelt, "382 to 8 | sizes of the linear layers"),
        (GELUCode, "an activation (GELU"),
        (LeakyCode, "leaky ReLU"),
        (BatchCode, "an image alone | over the images"),
        (SigmoidTwice, "two sigmoids in a row"),
        (ReLUBeforeSigmoid, "a ReLU before the sigmoid"),
        (DecodesItsOwnCode, "is its argument used"),
        (NoSigmoid, "between 0 and 1 | the sigmoid at the end of the decoder"),
        (TanhOut, "values from -1 | the sigmoid"),
        (Clamped, "clamp"),
        (Softmax, "softmax where a sigmoid belongs"),
        (ReLUCode, "exactly 0 | a ReLU after the encoder's last layer"),
        (SigmoidCode, "a sigmoid or tanh after the encoder's last layer"),
        (TanhCode, "a sigmoid or tanh after the encoder's last layer"),
        (Linear, "the encoder is linear | activation"),
        (LinearDecoder, "the decoder is linear | activation"),
        (PlainList, "plain Python list"),
        (TwoLayers, "2 weight matrices | four"),
        (Detached, "no gradient reaches encoder | detach()"),
        (NoGradInside, "no gradient reaches | no_grad()"),
        (MadeInCall, "make them in __init__()"),
        (ForgetsReturn, "decode(z) gives None | return"),
        (OnlyReconstructs, "differs from model.decode(model.encode(x))"),
        (not_a_module, "an nn.Module"),
    ],
)
def test_wrong_models_fail_by_name(make, says):
    fails(checks.autoencoder, make, says=says)


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.autoencoder(stub)
