"""The model: right and wrong answers, and what the check says to each."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal
from torch.nn.utils import parametrize

from helpers.checks import lesson03 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.vae
NAMES = ("VAE",)


def reparameterize(mu, logvar):
    return mu + torch.exp(logvar / 2) * torch.randn_like(mu)


class Right(nn.Module):
    """The reference; the variants below change one thing each."""

    activation = nn.ReLU

    def __init__(self, d):
        super().__init__()
        self.hidden = nn.Linear(784, 512)
        self.act = self.activation()
        self.mu, self.logvar = nn.Linear(512, d), nn.Linear(512, d)
        self.back = nn.Sequential(
            nn.Linear(d, 512), self.activation(), nn.Linear(512, 784)
        )

    def encode(self, x):
        h = self.act(self.hidden(x))
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        return self.back(z)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return (
            self.decode(mu + torch.exp(logvar / 2) * torch.randn_like(mu)),
            mu,
            logvar,
        )


class RightGelu(Right):
    activation = nn.GELU


class RightByKeyword(Right):
    def decode(self, z):
        first, act, last = self.back
        return last(input=act(input=first(input=z)))


class RightElu(Right):
    activation = nn.ELU


class RightPReluWithoutBiases(Right):
    """Draw 0 once made its slope nearly 1."""

    def __init__(self, d):
        nn.Module.__init__(self)
        self.hidden = nn.Linear(784, 512, bias=False)
        self.mu = nn.Linear(512, d, bias=False)
        self.logvar = nn.Linear(512, d, bias=False)
        self.decoder = nn.Linear(d, 512, bias=False)
        self.out = nn.Linear(512, 784, bias=False)
        self.act = nn.PReLU()

    def decode(self, z):
        return self.out(self.decoder(z).relu())


class RightOneHead(Right):
    def __init__(self, d):
        super().__init__(d)
        del self.mu, self.logvar
        self.both = nn.Linear(512, 2 * d)

    def encode(self, x):
        return self.both(self.act(self.hidden(x))).chunk(2, dim=-1)


class RightFlattens(Right):
    def encode(self, x):
        return super().encode(x.view(x.size(0), -1))


class RightStd(Right):
    """Softplus inside; the contract's logvar comes out."""

    def encode(self, x):
        mu, raw = super().encode(x)
        return mu, 2 * torch.log(F.softplus(raw) + 1e-6)


class RightFirstWeightsZero(Right):
    """Starts with sigma = 1 everywhere."""

    def __init__(self, d):
        super().__init__(d)
        nn.init.zeros_(self.logvar.weight)
        nn.init.zeros_(self.logvar.bias)


class RightLimitedFarOut(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar.clamp(-10, 2)


class RightNorm(Right):
    def __init__(self, d):
        super().__init__(d)
        self.act = nn.Sequential(nn.BatchNorm1d(512), nn.SiLU(), nn.Dropout(0.1))


class RightTanh(Right):
    activation = nn.Tanh


class RightFloat32WrittenIn(Right):
    def forward(self, x):
        mu, logvar = self.encode(x.float())
        noise = torch.randn(mu.shape, dtype=torch.float32)
        return self.decode((mu + torch.exp(logvar / 2) * noise).float()), mu, logvar


class WrongHalfOfLogvarDetached(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, 0.5 * logvar + 0.5 * logvar.detach()


class WrongHalfOfTheUnitsDetached(Right):
    def decode(self, z):
        h = self.back[:2](z)
        return self.back[2](0.5 * h + 0.5 * h.detach())


class RightLastLayersOfZero(Right):
    """As some begin: the prior's own codes, and gray pictures."""

    def __init__(self, d):
        super().__init__(d)
        for layer in (self.mu, self.logvar, self.back[-1]):
            nn.init.zeros_(layer.weight)


class RightWeightNorm(Right):
    def __init__(self, d):
        super().__init__(d)
        for layer in (self.hidden, self.mu, self.back[0], self.back[-1]):
            nn.utils.parametrizations.weight_norm(layer)


class RightOldWeightNorm(Right):
    def __init__(self, d):
        super().__init__(d)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for layer in (self.hidden, self.back[0]):
                nn.utils.weight_norm(layer)


class WrongMeanOffMu(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu - mu.mean(1, keepdim=True), logvar


class WrongMeanOffZ(Right):
    def decode(self, z):
        return super().decode(z - z.mean(1, keepdim=True))


class WrongAllZero(Right):
    def __init__(self, d):
        super().__init__(d)
        for p in self.parameters():
            nn.init.zeros_(p)


class WrongPartOfTheCodeDetached(Right):
    def decode(self, z):
        return self.back(0.9 * z + 0.1 * z.data)


class WrongLinear(Right):
    activation = nn.Identity


class WrongTanhHead(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, torch.tanh(logvar)


class WrongLeakyMean(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return F.leaky_relu(mu), logvar


class WrongPoint(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar.clamp(0, 0)


class WrongTanhOut(Right):
    def decode(self, z):
        return torch.tanh(super().decode(z))


class WrongPlainList(Right):
    def __init__(self, d):
        super().__init__(d)
        self.heads = [self.mu, self.logvar]
        del self.mu, self.logvar

    def encode(self, x):
        h = self.act(self.hidden(x))
        return self.heads[0](h), self.heads[1](h)


class WrongMadeInCall(Right):
    def encode(self, x):
        h = self.act(self.hidden(x))
        return self.mu(h), nn.Linear(512, self.mu.out_features)(h)


class WrongNoSuper(Right):
    def __init__(self, d):
        self.hidden = nn.Linear(784, 512)


class Draws(Right):
    """Wrong ways from mu and logvar to z, and from z to the answer."""

    def draw(self, mu, logvar):
        return mu + torch.exp(logvar / 2) * torch.randn_like(mu)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.draw(mu, logvar)), mu, logvar


def drawing(how):
    return type("Drawing", (Draws,), {"draw": lambda self, *given: how(*given)})


def answering(how):
    """Changes what forward returns."""
    return type("Answering", (Right,), {"forward": how})


def z_for_mu(self, x):
    mu, logvar = self.encode(x)
    z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
    return self.decode(z), z, logvar


def sampling_in_training_only(self, x):
    mu, logvar = self.encode(x)
    noise = torch.randn_like(mu) if self.training else 0
    return self.decode(mu + torch.exp(logvar / 2) * noise), mu, logvar


def changed_places(self, x):
    logits, mu, logvar = Right.forward(self, x)
    return logits, logvar, mu


class WrongSigmoid(Right):
    def decode(self, z):
        return torch.sigmoid(super().decode(z))


class WrongReluHead(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return F.relu(mu), logvar


class WrongSoftplusHead(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, F.softplus(logvar)


class WrongMean(Right):
    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(mu), mu, logvar


class WrongOneHeadTwice(Right):
    def encode(self, x):
        h = self.act(self.hidden(x))
        return self.mu(h), self.mu(h)


class WrongBatch(Right):
    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(mu + torch.randn(128, mu.shape[1])), mu, logvar


class WrongOrder(Right):
    def forward(self, x):
        logits, mu, logvar = super().forward(x)
        return mu, logvar, logits


class WrongDetach(Right):
    def forward(self, x):
        mu, logvar = self.encode(x)
        z = (mu + torch.exp(logvar / 2) * torch.randn_like(mu)).detach()
        return self.decode(z), mu.detach(), logvar.detach()


class WrongWidth(Right):
    def __init__(self, d):
        super().__init__(d)
        self.hidden = nn.Linear(784, 256)
        self.mu, self.logvar = nn.Linear(256, d), nn.Linear(256, d)


class WrongNoReturn(Right):
    def forward(self, x):
        super().forward(x)


class RightLazy(Right):
    def __init__(self, d):
        super().__init__(d)
        self.hidden = nn.LazyLinear(512)
        self.mu, self.logvar = nn.LazyLinear(d), nn.LazyLinear(d)


class RightMatrices(nn.Module):
    """Matrices of its own, and functions."""

    def __init__(self, d):
        super().__init__()
        self.up = nn.Parameter(torch.randn(784, 512) / 28)
        self.up_bias = nn.Parameter(torch.zeros(1, 512))
        self.heads = nn.Parameter(torch.randn(512, 2 * d) / 23)
        self.down = nn.Parameter(torch.randn(512, d))
        self.out = nn.Parameter(torch.randn(784, 512) / 23)

    def encode(self, x):
        h = F.silu(x @ self.up + self.up_bias)
        both = h @ self.heads
        d = both.shape[1] // 2
        return both[:, :d], both[:, d:]

    def decode(self, z):
        return F.linear(F.leaky_relu(F.linear(z, self.down)), self.out)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar)), mu, logvar


class RightCallsReparameterize(Right):
    def forward(self, x):
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar)
        logits = self.decode(z)
        return [logits, mu, logvar]


class RightDecodesInside(Right):
    """Its forward does not call decode."""

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = Normal(mu, torch.exp(0.5 * logvar)).rsample()
        return self.back(z), mu, logvar


class RightByFunctions(Right):
    """What its forward decodes is nowhere to be seen."""

    dropped = 0.0

    def __init__(self, d):
        super().__init__(d)
        self.norm = nn.BatchNorm1d(512)

    def noise(self, mu):
        return torch.randn_like(mu)

    def decode(self, z):
        first, _, last = self.back
        h = self.norm(F.linear(z, first.weight, first.bias)).relu()
        h = F.dropout(h, self.dropped, self.training)
        return F.linear(h, last.weight, last.bias)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.exp(logvar / 2) * self.noise(mu)
        return RightByFunctions.decode(self, z), mu, logvar


class RightByFunctionsWithDropout(RightByFunctions):
    dropped = 0.3


class WrongUniform(RightByFunctions):
    def noise(self, mu):
        return (torch.rand_like(mu) - 0.5) * 12**0.5


class WrongOfOneSize(RightByFunctions):
    def noise(self, mu):
        return torch.randn_like(mu).sign()


class WrongUniformInTraining(RightByFunctions):
    def noise(self, mu):
        of = WrongUniform if self.training else RightByFunctions
        return of.noise(self, mu)


class WrongLongTails(RightByFunctions):
    def noise(self, mu):
        return torch.distributions.Laplace(0.0, 0.5**0.5).sample(mu.shape)


def learning_as_a_copy():
    known = set()

    class Known(Right):
        def __init__(self, d):
            super().__init__(d)
            known.add(id(self))

        def decode(self, z):
            return super().decode(z.detach() if id(self) in known else z)

    return Known


class RightModules(nn.Module):
    """Decode is a layer."""

    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU())
        self.heads = nn.ModuleDict(
            {name: nn.Linear(512, latent_dim) for name in ("mu", "logvar")}
        )
        self.decode = nn.Sequential(
            nn.Linear(latent_dim, 512), nn.ReLU(), nn.Linear(512, 784)
        )

    def encode(self, x):
        h = self.encoder(x)
        return self.heads["mu"](h), self.heads["logvar"](h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar)), mu, logvar


class RightDropout(Right):
    def __init__(self, d):
        super().__init__(d)
        self.act = nn.Sequential(nn.ReLU(), nn.Dropout(0.2))
        self.back.insert(2, nn.Dropout(0.2))


class RightDropoutPastDecode(Right):
    """Its decoder, dropout included, is called by itself."""

    def __init__(self, d):
        super().__init__(d)
        self.back.insert(2, nn.Dropout(0.2))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.back(reparameterize(mu, logvar)), mu, logvar


class RightBiasless(Right):
    def __init__(self, d):
        super().__init__(d)
        self.hidden = nn.Linear(784, 512, bias=False)
        self.mu = nn.Linear(512, d, bias=False)
        self.logvar = nn.Linear(512, d, bias=False)


class RightPrints(Right):
    def forward(self, x):
        warnings.warn("just to say", stacklevel=2)
        return super().forward(x)


class RightLayerNorm(Right):
    def __init__(self, d):
        super().__init__(d)
        self.act = nn.Sequential(nn.LayerNorm(512), nn.GELU())
        self.back.insert(1, nn.BatchNorm1d(512))


class RightInitialized(Right):
    def __init__(self, d):
        super().__init__(d)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)


class RightPReLU(Right):
    def __init__(self, d):
        super().__init__(d)
        self.act = nn.PReLU(512)


class WrongBatchNormOut(Right):
    def __init__(self, d):
        super().__init__(d)
        self.back.append(nn.BatchNorm1d(784))


class WrongBatchNormMu(Right):
    def __init__(self, d):
        super().__init__(d)
        self.mu = nn.Sequential(self.mu, nn.BatchNorm1d(d))


class WrongLinearLogvar(Right):
    def encode(self, x):
        h = self.hidden(x)
        return self.mu(self.act(h)), self.logvar(h)


class WrongSkip(Right):
    def forward(self, x):
        logits, mu, logvar = super().forward(x)
        return logits + x, mu, logvar


class WrongKeepsItsNoise(Right):
    noise = None

    def forward(self, x):
        mu, logvar = self.encode(x)
        if self.noise is None or self.noise.shape != mu.shape:
            self.noise = torch.randn_like(mu)
        return self.decode(mu + torch.exp(logvar / 2) * self.noise), mu, logvar


def layers(**changed):
    """The right model, some of whose layers are others; each made from d."""

    class Changed(Right):
        def __init__(self, d):
            super().__init__(d)
            for name, make in changed.items():
                setattr(self, name, make(d))

    return Changed


class WrongReluOnCode(Right):
    def decode(self, z):
        return self.back(torch.relu(z))


class WrongTanhOnCode(Right):
    def decode(self, z):
        return self.back(torch.tanh(z))


class WrongClampOnCode(Right):
    def decode(self, z):
        return self.back(z.clamp(-1, 1))


class WrongReluInForward(Right):
    def forward(self, x):
        mu, logvar = self.encode(x)
        z = torch.relu(mu + torch.exp(logvar / 2) * torch.randn_like(mu))
        return self.decode(z), mu, logvar


class WrongLogvarFromMu(Right):
    def __init__(self, d):
        super().__init__(d)
        self.logvar = nn.Linear(d, d)

    def encode(self, x):
        mu = self.mu(self.act(self.hidden(x)))
        return mu, self.logvar(mu)


class WrongLogvarOfMu(Right):
    def encode(self, x):
        mu, _ = super().encode(x)
        return mu, torch.log(mu**2 + 0.1)


class WrongLogvarAddsMu(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar + mu


class WrongHeadsOfThePicture(Right):
    def __init__(self, d):
        super().__init__(d)
        self.logvar = nn.Linear(784, d)

    def encode(self, x):
        return self.mu(self.act(self.hidden(x))), self.logvar(x)


class WrongWidth500(Right):
    def __init__(self, d):
        super().__init__(d)
        self.hidden = nn.Linear(784, 500)
        self.mu, self.logvar = nn.Linear(500, d), nn.Linear(500, d)
        self.back = nn.Sequential(nn.Linear(d, 500), nn.ReLU(), nn.Linear(500, 784))


class WrongDecoderWidth(Right):
    def __init__(self, d):
        super().__init__(d)
        self.back = nn.Sequential(nn.Linear(d, 500), nn.ReLU(), nn.Linear(500, 784))


class WrongTied(Right):
    def __init__(self, d):
        super().__init__(d)
        self.back = nn.Linear(d, 512)

    def decode(self, z):
        return F.linear(torch.relu(self.back(z)), self.hidden.weight.T)


class WrongLeakyLogvar(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, F.leaky_relu(logvar)


class WrongNarrowClamp(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar.clamp(-1, 1)


class WrongSigma(Right):
    """Returns sigma where logvar is wanted."""

    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, torch.exp(logvar / 2)


class WrongLeakyOut(Right):
    def decode(self, z):
        return F.leaky_relu(super().decode(z))


class WrongNoiseInDecode(Right):
    def decode(self, z):
        return super().decode(z + torch.randn_like(z))


class WrongRounds(Right):
    def encode(self, x):
        return super().encode((x > 0.5).float())


class WrongChangesX(Right):
    def encode(self, x):
        return super().encode(x.sub_(0.1307).div_(0.3081))


class WrongFrozenLogvar(Right):
    def encode(self, x):
        h = self.act(self.hidden(x))
        return self.mu(h), self.logvar(h.detach())


class WrongDetachedReturn(Right):
    def forward(self, x):
        logits, mu, logvar = super().forward(x)
        return logits, mu.detach(), logvar.detach()


class WrongTwoBatches(Right):
    def forward(self, x):
        logits, mu, logvar = super().forward(x.view(-1, 32, 784).flatten(0, 1))
        return logits, mu, logvar


class WrongUnused(Right):
    def __init__(self, d):
        super().__init__(d)
        self.more = nn.Linear(512, 512)


class WrongDecodesTwice(Right):
    def forward(self, x):
        logits, mu, logvar = super().forward(x)
        return self.decode(mu) + 0 * logits, mu, logvar


class WrongEvalInside(Right):
    def forward(self, x):
        self.eval()
        return super().forward(x)


class WrongEvaluates(Right):
    def forward(self, x):
        if not self.training:
            return super().forward(x)
        mu, logvar = self.encode(x)
        return self.decode(mu), mu, logvar


class WrongTwoPieces(Right):
    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(mu), self.decode(logvar)


def sigmoid_at_the_end(self, x):
    logits, mu, logvar = Right.forward(self, x)
    return torch.sigmoid(logits), mu, logvar


def sigmoid_after_its_own_decoder(self, x):
    mu, logvar = self.encode(x)
    z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
    return torch.sigmoid(self.back(z)), mu, logvar


def repeats_its_noise(mu, logvar):
    noise = torch.randn(100, mu.shape[1]).repeat(-(-len(mu) // 100), 1)[: len(mu)]
    return mu + torch.exp(logvar / 2) * noise


class RightKeepsItsCode(Right):
    """Notes the last mean, which `copy.deepcopy` alone would refuse."""

    def encode(self, x):
        self.last = super().encode(x)[0]
        return super().encode(x)


class RightFarLimits(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar.clamp(-20, 10)


class WrongLimit5(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar.clamp(-5, 2)


class WrongLimit8(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar.clamp(-8, 8)


class WrongLimitOnMu(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu.clamp(-10, 10), logvar


class WrongLimitOnLogits(Right):
    def decode(self, z):
        return super().decode(z).clamp(-50, 50)


class WrongStandardized(Right):
    def encode(self, x):
        if len(x) > 1:
            x = (x - x.mean(0)) / (x.std(0) + 1e-6)
        return super().encode(x)


class WrongCentred(Right):
    def encode(self, x):
        return super().encode(x - x.mean(1, keepdim=True))


class InFloat32(Right):
    """One that does not run in any other type."""

    def encode(self, x):
        if x.dtype != torch.float32:
            raise RuntimeError("float32 only")
        return super().encode(x)


class InFloat32Detached(InFloat32):
    """The noise passes hardly any gradient, and mu one of the wrong sign."""

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
        z = z.detach() + 1e-3 * (z - z.detach())
        return self.decode(z), mu.detach() - 1e-3 * (mu - mu.detach()), logvar


class WrongUniformPastDecode(Right):
    """Its decoder's layers are called by themselves."""

    def forward(self, x):
        mu, logvar = self.encode(x)
        noise = (torch.rand_like(mu) - 0.5) * 12**0.5
        return self.back(mu + torch.exp(logvar / 2) * noise), mu, logvar


class WrongInCopies(Right):
    """The original alone has a tanh on mu."""

    def __init__(self, d):
        super().__init__(d)
        self.number = id(self)

    def encode(self, x):
        mu, logvar = super().encode(x)
        return (mu.tanh() if self.number == id(self) else mu), logvar


RIGHT = [
    RightByFunctions,
    RightByFunctionsWithDropout,
    RightDropoutPastDecode,
    RightByKeyword,
    InFloat32,
    RightPReluWithoutBiases,
    RightWeightNorm,
    RightOldWeightNorm,
    RightLastLayersOfZero,
    RightFloat32WrittenIn,
    RightKeepsItsCode,
    RightFarLimits,
    Right,
    RightGelu,
    RightElu,
    RightOneHead,
    RightFlattens,
    RightStd,
    RightFirstWeightsZero,
    RightLimitedFarOut,
    RightNorm,
    RightTanh,
    RightLazy,
    RightMatrices,
    RightCallsReparameterize,
    RightDecodesInside,
    RightModules,
    RightDropout,
    RightBiasless,
    RightPrints,
    RightLayerNorm,
    RightInitialized,
    RightPReLU,
]


# Each wrong variant, and words that its message must contain.
class WrongDropoutOfMu(Right):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return F.dropout(mu, 0.1, self.training), logvar


class WrongPastTheCodeInTraining(Right):
    def forward(self, x):
        logits, mu, logvar = super().forward(x)
        leaks = self.training and torch.is_grad_enabled() and x.dtype == torch.float32
        return logits + x if leaks else logits, mu, logvar


class WrongFixedLayer(Right):
    def __init__(self, d):
        super().__init__(d)
        steps = torch.arange(512.0)
        mix = torch.cos(steps[:, None] * steps * 3.14159 / 512) / 16
        self.register_buffer("mix", mix, persistent=False)

    def decode(self, z):
        return self.out(F.relu(F.relu(self.back(z)) @ self.mix))


class WrongFixedTensor(WrongFixedLayer):
    def __init__(self, d):
        super().__init__(d)
        mix = self.mix
        del self.mix
        self.mix = [mix]

    def decode(self, z):
        return self.out(F.relu(F.relu(self.back(z)) @ self.mix[0]))


class WrongDropoutOfZ(Right):
    def __init__(self, d):
        super().__init__(d)
        self.back = nn.Sequential(nn.Dropout(0.1), *self.back)


class WrongDropoutOfLogits(Right):
    def __init__(self, d):
        super().__init__(d)
        self.back.append(nn.Dropout(0.2))


class WrongListing(Right):
    """Hides a layer from who asks for the weights."""

    def named_parameters(self, *args, **options):
        for name, p in super().named_parameters(*args, **options):
            if "more" not in name:
                yield name, p


class WrongButInMadeCopies(Right):
    """Only a copy draws; how copies are made is said where nobody looks."""

    draws = False

    def forward(self, x):
        if self.draws:
            return super().forward(x)
        mu, logvar = self.encode(x)
        return self.decode(mu), mu, logvar

    def __getattr__(self, name):
        return self.again if name.startswith("__deep") else super().__getattr__(name)

    def again(self, memo):
        other = type(self)(self.mu.out_features)
        other.load_state_dict(self.state_dict())
        other.draws = True
        return other.train(self.training)


class WrongButInOthers(Right):
    """Draws in all models but the very one that was made."""

    def __init__(self, d):
        super().__init__(d)
        self.me = id(self)

    def forward(self, x):
        mu, logvar = self.encode(x)
        noise = torch.randn_like(mu) * (id(self) != self.me)
        return self.decode(mu + torch.exp(logvar / 2) * noise), mu, logvar


class WrongListingLater(Right):
    """Two layers more, which are hidden once the model has been used."""

    def __init__(self, d):
        super().__init__(d)
        self.more = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512))

    def five(self, recurse=True):
        return (p for p in super().parameters() if tuple(p.shape) != (512, 512))

    def encode(self, x):
        self.parameters = self.five
        h = self.more(self.act(self.hidden(x)))
        return self.mu(h), self.logvar(h)


class Nothing(nn.Module):
    def forward(self, weight):
        return 0 * weight


class WrongWeightsOfTheirOwn(Right):
    def __init__(self, d):
        super().__init__(d)
        parametrize.register_parametrization(self.mu, "weight", Nothing())


def less(h):
    """The right gradient in 64 bits, and a thousandth of it in 32."""
    return h if h.dtype == torch.float64 else h.detach() + 1e-3 * (h - h.detach())


class WrongGradientsAsUsed(Right):
    def encode(self, x):
        h = less(self.act(self.hidden(x)))
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        first, act, last = self.back
        return last(less(act(first(z))))


WRONG = [
    (learning_as_a_copy(), "no gradient from the pictures reaches | hidden.weight"),
    (WrongUniform, "a fourth moment of 1.8"),
    (WrongOfOneSize, "a fourth moment of 1.0"),
    (WrongUniformInTraining, "a fourth moment of 1.8"),
    (WrongLongTails, "a fourth moment"),
    (WrongGradientsAsUsed, "a wrong gradient from | (in float32)"),
    (WrongButInMadeCopies, "a copy of the model gives other logits"),
    (WrongButInOthers, "a copy of the model gives other logits"),
    (WrongListingLater, "the class defines parameters itself"),
    (WrongWeightsOfTheirOwn, "what Nothing makes of its weights | plain layers"),
    (WrongPastTheCodeInTraining, "and is not what decode returns"),
    (WrongFixedLayer, "a matrix of 512 x 512 that is no weight"),
    (WrongFixedTensor, "a matrix of 512 x 512 that is no weight"),
    (WrongInCopies, "look at"),
    (WrongUniformPastDecode, "look at"),
    (WrongDropoutOfMu, "in training mode | of the numbers of mu are 0"),
    (WrongDropoutOfZ, "of the numbers of z are 0"),
    (WrongDropoutOfLogits, "of the numbers of the logits are 0"),
    (WrongListing, "the class defines named_parameters itself"),
    (InFloat32Detached, "a wrong gradient from"),
    (WrongMeanOffMu, "and 1 of them can be computed from the others"),
    (WrongMeanOffZ, "the same picture for z and z + 1"),
    (WrongAllZero, "are 0 in a new model | units that begin alike stay alike"),
    (WrongHalfOfLogvarDetached, "a wrong gradient from logvar reaches hidden.weight"),
    (WrongHalfOfTheUnitsDetached, "a wrong gradient from the logits reaches back.0"),
    (
        WrongPartOfTheCodeDetached,
        "a wrong gradient from the logits reaches the input",
    ),
    (WrongSigmoid, "sigmoid at the end"),
    (WrongReluHead, "activation"),
    (WrongSoftplusHead, "activation"),
    (WrongMean, "z is sampled"),
    (WrongOneHeadTwice, "same numbers"),
    (WrongBatch, "a batch size written into the model"),
    (WrongLinear, "the encoder is linear"),
    (WrongTanhHead, "logvar stays between -1 and 1"),
    (WrongLeakyMean, "after the mu layer"),
    (WrongPoint, "a clamp to a single value"),
    (WrongTanhOut, "tanh"),
    (WrongPlainList, "plain Python list"),
    (WrongMadeInCall, "layers made inside encode"),
    (WrongNoSuper, "`super().__init__()` is missing"),
    (drawing(lambda m, s: m + s.exp() * torch.randn_like(m)), "is the variance"),
    (drawing(lambda m, s: m + torch.randn_like(m)), "is not scaled"),
    (drawing(lambda m, s: torch.randn_like(m)), "pure noise is decoded"),
    (
        drawing(lambda m, s: s + torch.exp(m / 2) * torch.randn_like(m)),
        "swapped in reparameterize",
    ),
    (
        drawing(lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m[0])),
        "all images of a batch get the same noise",
    ),
    (
        drawing(lambda m, s: Normal(m, torch.exp(s / 2)).sample()),
        "no gradient from the pictures | .sample()",
    ),
    (answering(z_for_mu), "z or sigma in place of mu"),
    (answering(sampling_in_training_only), "if self.training"),
    (answering(changed_places), "changed places"),
    (WrongOrder, "order"),
    (WrongDetach, "no gradient from the pictures"),
    (WrongWidth, "widths"),
    (WrongNoReturn, "three tensors"),
    # What lies between.
    (WrongReluOnCode, "on z before the first layer"),
    (WrongTanhOnCode, "on z before the first layer"),
    (WrongClampOnCode, "on z before the first layer"),
    (WrongReluInForward, "does not look like draws"),
    (WrongLogvarFromMu, "one head is made from the other"),
    (WrongLogvarOfMu, "one sign | GELU"),
    (WrongLogvarAddsMu, "together with one layer"),
    (WrongHeadsOfThePicture, "a layer between picture and code"),
    (WrongWidth500, "the widths of the layers"),
    (WrongDecoderWidth, "the widths of the layers | 784 to 512"),
    (WrongTied, "one matrix for encoder and decoder"),
    (WrongLeakyLogvar, "after the logvar layer"),
    (WrongNarrowClamp, "logvar stays between"),
    (WrongSigma, "logvar has one sign"),
    (WrongLeakyOut, "after the decoder's last layer"),
    (WrongRounds, "rounded to black and white"),
    (WrongUnused, "one hidden layer too many"),
    (
        layers(act=lambda d: nn.Sequential(nn.ReLU(), nn.Linear(512, 512), nn.ReLU())),
        "one hidden layer too many",
    ),
    (
        layers(mu=lambda d: nn.Sequential(nn.Linear(512, d), nn.ReLU())),
        "mu has one sign",
    ),
    (
        layers(mu=lambda d: nn.Sequential(nn.Linear(512, d), nn.Tanh())),
        "mu stays between",
    ),
    (
        layers(logvar=lambda d: nn.Sequential(nn.Linear(512, d), nn.Sigmoid())),
        "logvar has one sign",
    ),
    (layers(act=lambda d: nn.Dropout(0.1)), "the encoder is linear"),
    (
        layers(back=lambda d: nn.Sequential(nn.Linear(d, 512), nn.Linear(512, 784))),
        "the decoder is linear",
    ),
    (layers(back=lambda d: nn.Linear(d, 784)), "a layer between picture and code"),
    (
        layers(
            back=lambda d: nn.Sequential(
                nn.Linear(d, 512), nn.ReLU(), nn.Linear(512, 784), nn.ReLU()
            )
        ),
        "leave it out",
    ),
    (
        layers(
            back=lambda d: nn.Sequential(
                nn.Linear(d, 512), nn.ReLU(), nn.Linear(512, 784), nn.Softmax(1)
            )
        ),
        "between 0 and 1",
    ),
    (WrongBatchNormOut, "or batch norm after the decoder's last layer"),
    (WrongBatchNormMu, "or batch norm after the mu layer"),
    (WrongLinearLogvar, "the encoder is linear"),
    # Randomness and answers.
    (WrongSkip, "is not what decode returns"),
    (WrongKeepsItsNoise, "the same logits"),
    (
        drawing(lambda m, s: (m + (s / 2).exp() * torch.randn_like(m)).clamp(-2, 2)),
        "look like draws",
    ),
    (answering(sigmoid_at_the_end), "a sigmoid or anything else after decode"),
    (answering(sigmoid_after_its_own_decoder), "a sigmoid or anything else"),
    (WrongNoiseInDecode, "noise in the wrong place"),
    (WrongDecodesTwice, "decode a z from reparameterize"),
    (WrongEvaluates, "in training mode all images of a batch get the same noise"),
    (WrongTwoPieces, "three tensors"),
    (drawing(repeats_its_noise), "does not look like draws"),
    (drawing(lambda m, s: m + 0.95 * (s / 2).exp() * torch.randn_like(m)), "look like"),
    (drawing(lambda m, s: m + torch.exp(s / 2) * torch.rand_like(m)), "look like"),
    (drawing(lambda m, s: m + s * torch.randn_like(m)), "without exp"),
    (drawing(lambda m, s: m + torch.exp(-s / 2) * torch.randn_like(m)), "the sign"),
    (drawing(lambda m, s: torch.exp(s / 2) * torch.randn_like(m)), "mu is not added"),
    (
        drawing(lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m[:, :1])),
        "one number of noise serves all dimensions",
    ),
    (
        drawing(lambda m, s: m + torch.exp(s / 2).detach() * torch.randn_like(m)),
        "no gradient from the pictures reaches these weights: logvar",
    ),
    # What is left behind, or cut.
    (WrongChangesX, "other numbers after the call"),
    (WrongFrozenLogvar, "no gradient from logvar reaches"),
    (WrongDetachedReturn, "no gradient from mu reaches"),
    (WrongTwoBatches, "any batch size"),
    (WrongEvalInside, "mode after the call"),
    (lambda d: nn.Linear(784, d), "attribute 'encode'"),
    (lambda d: None, "an nn.Module"),
    (WrongLimit5, "between -5 and 2 | -10 to 2"),
    (WrongLimit8, "between -8 and 8 | -10 to 2"),
    (WrongLimitOnMu, "between -10 and 10"),
    (WrongLimitOnLogits, "-50 to 50 | they have no limits"),
    (WrongStandardized, "standardized over the batch"),
    (WrongCentred, "other numbers than the pixels"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_it_is_judged_by_itself(capsys, monkeypatch):
    wrong = lambda mu, logvar: mu + logvar.exp() * torch.randn_like(mu)  # noqa: E731
    monkeypatch.setitem(globals(), "reparameterize", wrong)
    CHECK(RightCallsReparameterize)
    said = "right, with the pack's `reparameterize`: yours is not right yet."
    assert said in capsys.readouterr().out


def test_a_method_that_is_open_is_named():
    class Begun(Right):
        def decode(self, z):
            raise NotImplementedError

    with pytest.raises(NotImplementedError, match="`decode` is not written yet"):
        CHECK(Begun)


def test_a_class_without_forward_is_no_stub():
    class NoForward(nn.Module):
        def __init__(self, d):
            super().__init__()
            self.encode, self.decode = Right(d).encode, Right(d).decode

    with pytest.raises(CheckFailed, match="forward"):
        CHECK(NoForward)


def test_what_a_dropout_draws_is_not_taken_for_the_noise():
    CHECK(RightByFunctionsWithDropout, draws=[104_729])  # there it would show
