"""Models, right and wrong, and what their check says."""

import itertools
import sys
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from helpers.checks import lesson02 as checks
from tests.checks.trial import trial

CHECK = checks.autoencoder
NAMES = ("MLP4LayerAutoencoder",)


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


class PastTheCodeInTraining(Right):
    def forward(self, x):
        out = super().forward(x)
        leaks = torch.is_grad_enabled() and x.dtype == torch.float32 and self.training
        return 0.1 * out + 0.9 * x if leaks else out


class HalfOfTheUnitsDetached(Right):
    def encode(self, x):
        h = self.encoder[:2](x)
        return self.encoder[2](0.5 * h + 0.5 * h.detach())


class HalfOfTheCodeDetached(Right):
    def forward(self, x):
        z = self.encode(x)
        return self.decode(0.5 * z + 0.5 * z.data)


class HalfOfThePictureDetached(Right):
    def decode(self, z):
        p = self.decoder(z)
        return 0.5 * p + 0.5 * p.detach()


class Float32WrittenIn(Right):
    def forward(self, x):
        return self.decode(self.encode(x.float())).to(torch.float32)


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


class NoDefault(Right):
    def __init__(self, bottleneck):
        super().__init__(bottleneck)


class Lazy(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder = nn.Sequential(
            nn.LazyLinear(392), nn.SiLU(), nn.LazyLinear(bottleneck)
        )
        self.decoder = nn.Sequential(
            nn.LazyLinear(392), nn.SiLU(), nn.LazyLinear(784), nn.Sigmoid()
        )


class WithoutBiases(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder = nn.Sequential(
            nn.Linear(784, 392, bias=False),
            nn.ELU(),
            nn.Linear(392, bottleneck, bias=False),
        )


class BiasesAsRows(nn.Module):
    """Parameters that are no weight matrices, though they have two axes."""

    def __init__(self, bottleneck=8):
        super().__init__()
        sizes = [784, 392, bottleneck, 392, 784]
        self.w = nn.ParameterList(
            nn.Parameter(torch.randn(o, i) / i**0.5)
            for i, o in itertools.pairwise(sizes)
        )
        self.b = nn.ParameterList(nn.Parameter(torch.zeros(1, o)) for o in sizes[1:])

    def encode(self, x):
        h = F.softplus(F.linear(x, self.w[0]) + self.b[0])
        return F.linear(h, self.w[1]) + self.b[1]

    def decode(self, z):
        h = F.softplus(F.linear(z, self.w[2]) + self.b[2])
        return 1 / (1 + torch.exp(-(F.linear(h, self.w[3]) + self.b[3])))

    def forward(self, x):
        return self.decode(self.encode(x))


class NotInitialized(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder[0] = nn.utils.skip_init(nn.Linear, 784, 392)
        nn.init.kaiming_normal_(self.encoder[0].weight)
        nn.init.zeros_(self.encoder[0].bias)


class BatchNormTwice(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.decoder = nn.Sequential(
            nn.Linear(bottleneck, 392),
            nn.BatchNorm1d(392),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.2),
            nn.Linear(392, 784),
            nn.Sigmoid(),
        )


class NoiseOnCodeWhileTraining(Right):
    def encode(self, x):
        z = self.encoder(x)
        return z + 0.1 * torch.randn_like(z) if self.training else z


class ModuleListAndLoop(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        sizes = [784, 392, bottleneck, 392, 784]
        pairs = itertools.pairwise(sizes)
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in pairs)
        for layer in self.layers:
            nn.init.xavier_uniform_(layer.weight)

    def encode(self, x):
        return self.layers[1](self.layers[0](x).relu())

    def decode(self, z):
        return self.layers[3](self.layers[2](z).relu()).sigmoid()

    def forward(self, x):
        return self.decode(self.encode(x))


class Warns(Right):
    def encode(self, x):
        warnings.warn("encode is called", stacklevel=2)
        print("encode is called", file=sys.stderr)
        return self.encoder(x)


class LastLayerOfZero(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        nn.init.zeros_(self.decoder[2].weight)


class WithWeightNorm(Right):
    """Linear layers whose weights are lengths and directions."""

    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        for layer in (*self.encoder, *self.decoder):
            if isinstance(layer, nn.Linear):
                nn.utils.parametrizations.weight_norm(layer)


class OfConvolutions(nn.Module):
    """Windows of one: linear layers by another name."""

    def __init__(self, bottleneck=8):
        super().__init__()
        self.a, self.b = nn.Conv1d(784, 392, 1), nn.Conv1d(392, bottleneck, 1)
        self.c, self.d = nn.Conv1d(bottleneck, 392, 1), nn.Conv1d(392, 784, 1)

    def encode(self, x):
        return self.b(self.a(x[:, :, None]).relu())[:, :, 0]

    def decode(self, z):
        return self.d(self.c(z[:, :, None]).relu())[:, :, 0].sigmoid()

    def forward(self, x):
        return self.decode(self.encode(x))


class InFloat32(Right):
    """One that does not run in any other type."""

    def decode(self, z):
        if z.dtype != torch.float32:
            raise RuntimeError("float32 only")
        return self.decoder(z)


class InFloat32Detached(InFloat32):
    """The gradient of the code has the wrong sign."""

    def decode(self, z):
        return super().decode(z.detach() - 0.01 * (z - z.detach()))


RIGHT = [
    InFloat32,
    WithWeightNorm,
    OfConvolutions,
    LastLayerOfZero,
    Float32WrittenIn,
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
    NoDefault,
    Lazy,
    WithoutBiases,
    BiasesAsRows,
    NotInitialized,
    BatchNormTwice,
    NoiseOnCodeWhileTraining,
    ModuleListAndLoop,
    Warns,
]


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


class ReLUInDecode(Right):
    def decode(self, z):
        return self.decoder(torch.relu(z))


class TanhInDecode(Right):
    def decode(self, z):
        return self.decoder(torch.tanh(z))


class NormInDecode(Right):
    def decode(self, z):
        return self.decoder(F.normalize(z, dim=1))


class NormOnCode(Right):
    def encode(self, x):
        return F.layer_norm(self.encoder(x), (self.encoder[2].out_features,))


class HardSigmoid(NoSigmoid):
    def decode(self, z):
        return F.hardsigmoid(self.decoder(z))


class Sine(NoSigmoid):
    def decode(self, z):
        return (torch.sin(self.decoder(z)) + 1) / 2


class GELUBeforeSigmoid(NoSigmoid):
    def decode(self, z):
        return torch.sigmoid(F.gelu(self.decoder(z)))


class TanhBeforeSigmoid(NoSigmoid):
    def decode(self, z):
        return torch.sigmoid(torch.tanh(self.decoder(z)))


class LogitsWhileTraining(NoSigmoid):
    def decode(self, z):
        logits = self.decoder(z)
        return logits if self.training else torch.sigmoid(logits)


class NoisyWhileTraining(Right):
    def encode(self, x):
        return self.encoder(x + 0.1) if self.training else self.encoder(x)


class BatchNormOnCode(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder.append(nn.BatchNorm1d(bottleneck))


class AlwaysDropout(Right):
    def encode(self, x):
        return self.encoder(F.dropout(x, 0.1))


class FourHundred(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder = nn.Sequential(
            nn.Linear(784, 400), nn.GELU(), nn.Linear(400, bottleneck)
        )


class Deeper(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder = nn.Sequential(
            nn.Linear(784, 392),
            nn.GELU(),
            nn.Linear(392, 392),
            nn.GELU(),
            nn.Linear(392, bottleneck),
        )


class Tied(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        self.a, self.b = nn.Linear(784, 392), nn.Linear(392, bottleneck)

    def encode(self, x):
        return self.b(F.gelu(self.a(x)))

    def decode(self, z):
        return torch.sigmoid(F.gelu(z @ self.b.weight) @ self.a.weight)

    def forward(self, x):
        return self.decode(self.encode(x))


class InPlace(Right):
    def encode(self, x):
        return self.encoder(x.sub_(0.5))


class SharedByAll(Right):
    layers = Right()

    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        if bottleneck == 8:
            self.encoder, self.decoder = self.layers.encoder, self.layers.decoder


class BlackAndWhite(Right):
    def encode(self, x):
        return self.encoder((x > 0.5).float())


class ReturnsCodeToo(Right):
    def forward(self, x):
        z = self.encode(x)
        return self.decode(z), z


class OneNumberIgnored(Right):
    def decode(self, z):
        return self.decoder(torch.cat([z[:, :-1], 0 * z[:, -1:]], dim=1))


class Seeds(Right):
    def __init__(self, bottleneck=8):
        torch.manual_seed(0)
        super().__init__(bottleneck)


class OnlyFirstRows(Right):
    def decode(self, z):
        return torch.cat([self.decoder(z[:128]), 0 * self.decoder(z[128:])])


class AroundTheBottleneck(Right):
    def encode(self, x):
        self.hidden = self.encoder[:2](x)
        return self.encoder(x)

    def decode(self, z):
        layers = list(self.decoder)
        hidden = torch.relu(layers[0](z)) + self.hidden
        for layer in layers[2:]:
            hidden = layer(hidden)
        return hidden


class ChangesItself(Right):
    def encode(self, x):
        with torch.no_grad():
            self.encoder[0].bias.mul_(0.999)
        return self.encoder(x)


class BatchInTheLinear(Right):
    def encode(self, x):
        z = self.encoder(x)
        return z * (1 + 0.1 * z.std(dim=0, keepdim=True, unbiased=False))


class AllZero(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        for p in self.parameters():
            nn.init.zeros_(p)


class CodesFromOneNumber(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        for layer in (self.encoder[2], self.decoder[0]):
            nn.init.constant_(layer.weight, 0.1)


class MeanOffTheCode(Right):
    def encode(self, x):
        z = super().encode(x)
        return z - z.mean(1, keepdim=True)


class MeanOffInDecode(Right):
    def decode(self, z):
        return super().decode(z - z.mean(1, keepdim=True))


class LastNumberFromTheOthers(Right):
    def encode(self, x):
        z = super().encode(x)
        return torch.cat([z[:, :-1], z[:, :1] - z[:, 1:2]], 1)


class Nothing(nn.Module):
    def forward(self, weight):
        return 0 * weight


class WeightsOfTheirOwn(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        parametrize.register_parametrization(self.encoder[2], "weight", Nothing())


WRONG = [
    (WeightsOfTheirOwn, "what Nothing makes of its weights | plain layers"),
    (PastTheCodeInTraining, "in training mode model(x) differs from"),
    (InFloat32Detached, "a wrong gradient from"),
    (MeanOffTheCode, "the code has 8 numbers, and 1 of them can be computed from"),
    (LastNumberFromTheOthers, "and 1 of them can be computed from the others"),
    (MeanOffInDecode, "decode(z) and decode(z + 1) are the same pictures"),
    (AllZero, "are 0 in a new model | units that begin alike stay alike"),
    (CodesFromOneNumber, "392 x 8 are 0.1 in a new model"),
    (HalfOfTheUnitsDetached, "a wrong gradient from encode(x) reaches encoder.0"),
    (HalfOfTheCodeDetached, "a wrong gradient from model(x) reaches encoder.0"),
    (HalfOfThePictureDetached, "a wrong gradient from decode(z) reaches decoder.0"),
    (BatchWritten, "batch of 97 | a batch size written into the model"),
    (BatchFolded, "1 images | squeeze()"),
    (NotNarrow, "(128, 32) | the bottleneck"),
    (IgnoresBottleneck, "the argument `bottleneck`"),
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
    (ReLUInDecode, "a ReLU on z at the start of decode()"),
    (TanhInDecode, "at the start of decode(), or another"),
    (NormInDecode, "at the start of decode(), or another"),
    (NormOnCode, "a norm after the encoder's last layer"),
    (HardSigmoid, "do not rise as a sigmoid does | another function than the sigmoid"),
    (Sine, "another function than the sigmoid"),
    (GELUBeforeSigmoid, "between the last layer and the sigmoid"),
    (TanhBeforeSigmoid, "between the last layer and the sigmoid"),
    (LogitsWhileTraining, "in training mode | self.training"),
    (NoisyWhileTraining, "in training mode | self.training"),
    (BatchNormOnCode, "in training mode | a batch norm after the encoder's last"),
    (AlwaysDropout, "two different answers in evaluation mode | nn.Dropout"),
    (FourHundred, "784 to 400 | four: 784 to 392"),
    (Deeper, "5 weight matrices"),
    (Tied, "2 weight matrices"),
    (InPlace, "in place"),
    (SharedByAll, "share their weights"),
    (BlackAndWhite, "the picture | rounded pixels"),
    (ReturnsCodeToo, "model(x) gives a tuple of 2"),
    (OneNumberIgnored, "decode(z) gives the same pictures for different codes"),
    (Seeds, "seed"),
    (AroundTheBottleneck, "pictures made from z alone | self.hidden"),
    (OnlyFirstRows, "an image alone gets another answer"),
    (ChangesItself, "the model's weights"),
    (BatchInTheLinear, "an image alone"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args):
    raise NotImplementedError()


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.autoencoder(stub)
