"""The model: right and wrong answers, and what the check says to each."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal

from helpers.checks import lesson03 as checks
from tests.checks.lesson03._shared import fails_saying, leaves_the_random_state, passes


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


class RightElu(Right):
    activation = nn.ELU


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


RIGHT = [
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
]

# Each wrong variant, and words that its message must contain.
WRONG = [
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
]


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_another_way_passes(variant, capsys):
    passes(checks.vae, variant, capsys)


@pytest.mark.parametrize(("variant", "words"), WRONG)
def test_wrong_fails_and_the_message_names_it(variant, words):
    fails_saying(checks.vae, variant, words)


def test_the_random_state_stays():
    leaves_the_random_state(checks.vae, [*RIGHT, *(variant for variant, _ in WRONG)])
