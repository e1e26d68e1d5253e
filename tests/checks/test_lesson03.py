"""Lesson 03's checks catch what goes wrong, by name, and accept what is right."""

import contextlib
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from helpers.checks import lesson03 as checks
from helpers.checks.base import CheckFailed


def no_grad_draw(mu, logvar):
    with torch.no_grad():
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


def seeded_draw(mu, logvar):
    noise = torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))
    return mu + torch.exp(logvar / 2) * noise


def kl_by_draws(mu, logvar):
    q = Normal(mu, torch.exp(logvar / 2))
    z = q.rsample()
    return (q.log_prob(z) - Normal(0, 1).log_prob(z)).sum(1)


def bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def bce_on_probabilities(logits, x):
    p = torch.sigmoid(logits)
    return F.binary_cross_entropy(p, x, reduction="none").sum(dim=-1)


def bce_by_plain_logarithms(logits, x):
    p = torch.sigmoid(logits)
    return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(1)


def bce_by_formula(logits, x):
    return (F.softplus(logits) - x * logits).sum(-1)


def bce_one_image_at_a_time(logits, x):
    return torch.stack(
        [
            F.binary_cross_entropy_with_logits(a, b, reduction="sum")
            for a, b in zip(logits, x, strict=True)
        ]
    )


def kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)


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


def loss(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    return (bce(logits, x) + beta * kl(mu, logvar)).mean()


def loss_two_means(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    return bce(logits, x).mean() + kl(mu, logvar).mean() * beta


def loss_sum_over_batch(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    total = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return total / x.shape[0] + beta * kl(mu, logvar).sum() / len(x)


def loss_float64(model, x, beta=1.0):
    logits, mu, logvar = (t.double() for t in model(x))
    return (bce_by_formula(logits, x.double()) + beta * kl(mu, logvar)).mean()


def loss_through_the_parts(model, x, beta=1.0):
    mu, logvar = model.encode(x)
    logits = model.decode(mu + torch.exp(logvar / 2) * torch.randn_like(mu))
    return (bce(logits, x) + beta * kl(mu, logvar)).mean(dim=0, keepdim=True)


def two_terms(reconstruction=lambda r: r.mean(), divergence=lambda k: k.mean()):
    """A loss whose two terms are treated differently."""

    def answer(model, x, beta=1.0):
        logits, mu, logvar = model(x)
        first, second = bce(logits, x), kl(mu, logvar)
        return reconstruction(first) + beta * divergence(second)

    return answer


def loss_and_backward(model, x, beta=1.0):
    value = loss(model, x, beta)
    value.backward()
    return value


def loss_without_default(model, x, beta=0.0):
    return loss(model, x, beta)


def loss_in_other_order(model, x, beta=1.0):
    mu, logvar, logits = model(x)
    return (bce(logits, x) + beta * kl(mu, logvar)).mean()


def loss_of(reconstruction):
    def answer(model, x, beta=1.0):
        logits, mu, logvar = model(x)
        return (reconstruction(logits, x) + beta * kl(mu, logvar)).mean()

    return answer


def pictures(of_logits, codes=torch.randn):
    """A sample that makes its pictures from the logits in some other way."""

    def answer(model, count, d):
        with torch.no_grad():
            return of_logits(model.decode(codes(count, d)))

    return answer


def same_codes(model, count, d):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        z = torch.randn(count, d, generator=generator)
        return model.decode(z).sigmoid()


def one_by_one(model, count, d):
    with torch.no_grad():
        codes = [torch.randn(d) for _ in range(count)]
        return torch.stack([model.decode(z[None])[0].sigmoid() for z in codes])


def prior(model, count, d):
    with torch.no_grad():
        return torch.sigmoid(model.decode(torch.randn(count, d)))


RIGHT = {
    checks.reparameterize: [
        lambda m, s: m + torch.exp(0.5 * s) * torch.randn_like(m),
        lambda m, s: Normal(m, torch.exp(s / 2)).rsample(),
        lambda m, s: m + s.exp().sqrt() * torch.randn(m.shape),
        lambda m, s: torch.normal(0.0, 1.0, m.shape) * (s * 0.5).exp() + m,
        lambda m, s: torch.addcmul(m, torch.exp(s / 2), torch.randn_like(s)),
        lambda m, s: torch.empty_like(m).normal_().mul(s.div(2).exp()).add_(m),
        lambda m, s: torch.stack(
            [a + (b / 2).exp() * torch.randn_like(a) for a, b in zip(m, s, strict=True)]
        ),
    ],
    checks.kl_divergence: [
        kl,
        lambda m, s: kl_divergence(Normal(m, torch.exp(s / 2)), Normal(0, 1)).sum(-1),
        lambda m, s: 0.5 * torch.sum(m.pow(2) + s.exp() - s - 1, dim=1),
        lambda m, s: kl(m.double(), s.double()),
        lambda m, s: torch.cat([kl(m[i : i + 1], s[i : i + 1]) for i in range(len(m))]),
    ],
    checks.reconstruction_loss: [
        bce,
        bce_on_probabilities,
        bce_by_formula,
        bce_one_image_at_a_time,
        lambda a, x: -Bernoulli(logits=a, validate_args=False).log_prob(x).sum(1),
        lambda a, x: nn.BCEWithLogitsLoss(reduction="none")(a, x).mean(1) * x.shape[1],
    ],
    checks.vae: [
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
    ],
    checks.vae_loss: [
        loss,
        loss_two_means,
        loss_sum_over_batch,
        loss_float64,
        loss_through_the_parts,
    ],
    checks.sample: [
        prior,
        one_by_one,
        torch.no_grad()(lambda m, n, d: m.decode(torch.randn(n, d)).sigmoid()),
        lambda m, n, d: torch.sigmoid(m.decode(torch.normal(0, 1, (n, d)))).detach(),
        torch.no_grad()(
            lambda m, n, d: torch.sigmoid(m.decode(Normal(0.0, 1.0).sample((n, d))))
        ),
    ],
}

# Each wrong variant, and words that its message must contain.
WRONG = {
    checks.reparameterize: [
        (lambda m, s: m + torch.exp(s) * torch.randn_like(m), "the variance"),
        (lambda m, s: m + s * torch.randn_like(m), "logvar itself"),
        (no_grad_draw, "no gradient"),
        (lambda m, s: Normal(m, torch.exp(s / 2)).sample(), "no gradient"),
        (lambda m, s: m + torch.exp(s / 2).detach() * torch.randn_like(m), "logvar"),
        (lambda m, s: m + torch.exp(s / 2) * torch.rand_like(m), "uniform"),
        (lambda m, s: m + torch.exp(s / 2) * torch.randn(1), "noise"),
        (lambda m, s: m + torch.exp(s / 2) * torch.randn(len(m), 1), "same noise"),
        (lambda m, s: m, "same number"),
        (lambda m, s: m + torch.exp(-s / 2) * torch.randn_like(m), "sign"),
        (lambda m, s: torch.exp(s / 2) * torch.randn_like(m), "mu is not added"),
        (
            lambda m, s: m + torch.exp(s / 2) * 12**0.5 * (torch.rand_like(m) - 0.5),
            "uniform noise",
        ),
        (
            lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m[0]),
            "all images get the same noise",
        ),
        (seeded_draw, "a seed or generator"),
        (
            lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m).double(),
            "float64",
        ),
        (lambda m, s: m + torch.exp(s / 2) * torch.randn_like(m).abs(), "abs"),
        (lambda m, s: s + torch.exp(m / 2) * torch.randn_like(m), "swapped"),
        (lambda m, s: m + F.softplus(s) * torch.randn_like(m), "softplus"),
        (lambda m, s: m + torch.exp(s / 4) * torch.randn_like(m), "root was taken"),
        (
            lambda m, s: m + torch.exp(s.clamp(min=0) / 2) * torch.randn_like(m),
            "kept above a limit",
        ),
        (
            lambda m, s: m.data.add_(torch.exp(s / 2) * torch.randn_like(m)),
            "in-place",
        ),
        (lambda m, s: None, "NoneType"),
    ],
    checks.kl_divergence: [
        (lambda m, s: -kl(m, s), "sign is flipped"),
        (lambda m, s: 2 * kl(m, s), "1/2 is missing"),
        (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).sum(0), "over the batch"),
        (lambda m, s: kl(m, s).sum(), "reduced over everything"),
        (lambda m, s: kl(m, s).mean(), "reduced over everything"),
        (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).mean(1), "mean over the 4"),
        (lambda m, s: -0.5 * (1 + s - m**2 - s.exp()), "missing"),
        (lambda m, s: -0.5 * (1 + s - m - s.exp()).sum(1), "not squared"),
        (lambda m, s: -0.5 * (1 + s - m**2 - s**2).sum(1), "constant terms"),
        (lambda m, s: -0.5 * (1 + s - m**2 - (s / 2).exp()).sum(1), "logvar"),
        (lambda m, s: -0.5 * (s - m**2 - s.exp()).sum(1), "constant terms"),
        (lambda m, s: kl(m.detach(), s), "no gradient"),
        (
            lambda m, s: -0.5 * (1 + s - m**2 - s.data.exp()).sum(1),
            "a wrong gradient flows from the KL to logvar",
        ),
        (lambda m, s: -0.5 * (1 + s + m**2 - s.exp()).sum(1), "sign of mu^2"),
        (lambda m, s: -0.5 * (1 - s - m**2 - s.exp()).sum(1), "sign of logvar"),
        (
            lambda m, s: kl_divergence(Normal(0, 1), Normal(m, torch.exp(s / 2))).sum(
                1
            ),
            "the wrong way round",
        ),
        (
            lambda m, s: kl_divergence(Normal(m, torch.exp(s)), Normal(0, 1)).sum(1),
            "used as the standard deviation",
        ),
        (kl_by_draws, "two calls"),
        (lambda m, s: kl(s, m), "swapped"),
        (lambda m, s: kl(m, s) / math.log(2), "bits"),
        (lambda m, s: kl(m, s) / len(m), "divided by the number of images"),
        (lambda m, s: kl(m, s)[:, None], "keepdim"),
        (lambda m, s: np.asarray(kl(m, s)), "ndarray"),
        (lambda m, s: kl(m, s).clamp(min=0.5), "no lower limit"),
        (lambda m, s: torch.relu(-kl(m, s)), "cut off at 0"),
    ],
    checks.reconstruction_loss: [
        (lambda a, x: F.binary_cross_entropy_with_logits(a, x), "reduction"),
        (lambda a, x: bce(a, x) / 784, "mean over the pixels"),
        (lambda a, x: bce(torch.sigmoid(a), x), "two sigmoids"),
        (lambda a, x: bce(x, a), "swapped"),
        (lambda a, x: ((a.sigmoid() - x) ** 2).sum(1), "squared error"),
        (lambda a, x: -bce(a, x), "sign"),
        (lambda a, x: bce(a, x).sum(), "reduction"),
        (
            lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="none").sum(
                0
            ),
            "dim=0",
        ),
        (
            lambda a, x: -(x * F.logsigmoid(a)).sum(1),
            "the term (1 - x) log(1 - p) is missing",
        ),
        (bce_by_plain_logarithms, "log(sigmoid(...))"),
        (
            lambda a, x: F.binary_cross_entropy(a, x, reduction="none").sum(1),
            "binary_cross_entropy wants probabilities",
        ),
        (lambda a, x: bce(-a, x), "the sign of the logits"),
        (lambda a, x: bce(a.clamp(-5, 5), x), "a limit on the logits"),
        (lambda a, x: F.cross_entropy(a, x, reduction="none"), "softmax"),
        (lambda a, x: (a.sigmoid() - x).abs().sum(1), "absolute error"),
        (lambda a, x: bce(a, x) / len(x), "divided by the number of images"),
        (
            lambda a, x: -Bernoulli(logits=a).log_prob(x).sum(1),
            "Bernoulli takes only 0 and 1",
        ),
        (lambda a, x: bce(a, x.round()), "grey"),
        (lambda a, x: bce(a.detach(), x), "no gradient"),
    ],
    checks.vae: [
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
    ],
    checks.vae_loss: [
        (lambda m, x, beta=1.0: loss(m, x, 1.0), "beta"),
        (lambda m, x, beta=1.0: loss(m, x, -beta), "sign"),
        (lambda m, x, beta=1.0: loss(m, x, beta) * len(x), "mean over the images"),
        (lambda m, x, beta=1.0: beta * loss(m, x), "beta"),
        (lambda m, x, beta=1.0: loss(m, x, beta).detach(), "no gradient"),
        (lambda m, x, beta=1.0: loss(m, x, beta * len(x)), "averaged"),
        (lambda m, x, beta=1.0: bce(m(x)[0], x), "mean over the images"),
        (lambda m, x, beta=1.0: loss(m, x, beta).item(), "not a tensor"),
        (two_terms(divergence=lambda k: k.mean().item()), "flows from the KL"),
        (
            two_terms(reconstruction=lambda r: r.mean().detach()),
            "flows from the reconstruction",
        ),
        (two_terms(divergence=lambda k: k.sum()), "the KL is summed over the images"),
        (
            two_terms(reconstruction=lambda r: r.sum()),
            "the reconstruction is summed over the images",
        ),
        (
            two_terms(reconstruction=lambda r: r.mean() / 784),
            "the reconstruction is averaged over the pixels",
        ),
        (two_terms(divergence=lambda k: k.mean() / 4), "over the latent dimensions"),
        (two_terms(divergence=lambda k: k.sum() / 128), "a batch size written"),
        (loss_and_backward, "backward() inside vae_loss"),
        (loss_without_default, "beta=1.0 is the default"),
        (loss_in_other_order, "the order of what model(x) returns"),
        (loss_of(lambda a, x: bce(a.sigmoid(), x)), "sigmoid is applied twice"),
        (loss_of(lambda a, x: bce(x, a)), "swapped in reconstruction_loss"),
        (lambda m, x, beta=1.0: loss(m, x, beta**2), "squared"),
        (lambda m, x, beta=1.0: -loss(m, x, beta), "the sign"),
    ],
    checks.sample: [
        (lambda m, n, d: prior(m, 1, d), "number of codes"),
        (torch.no_grad()(lambda m, n, d: m.decode(torch.randn(n, d))), "sigmoid"),
        (torch.no_grad()(lambda m, n, d: m.decode(torch.rand(n, d)).sigmoid()), "rand"),
        (
            torch.no_grad()(
                lambda m, n, d: m.decode(12**0.5 * (torch.rand(n, d) - 0.5)).sigmoid()
            ),
            "uniform",
        ),
        (lambda m, n, d: m.decode(torch.randn(n, d)).sigmoid(), "no_grad"),
        (
            torch.no_grad()(lambda m, n, d: m.decode(torch.zeros(n, d)).sigmoid()),
            "how z is drawn",
        ),
        (lambda m, n, d: m.encode(torch.rand(n, 784)), "prior"),
        (lambda m, n, d: prior(m, n, d).sigmoid(), "sigmoid applied twice"),
        (lambda m, n, d: prior(m, n, d).bernoulli(), "return the probabilities"),
        (lambda m, n, d: prior(m, n, d).round(), "return the probabilities"),
        (lambda m, n, d: prior(m, n, d).view(n, 28, 28), "(count, 784)"),
        (lambda m, n, d: prior(m.train(), n, d), "training mode"),
        (pictures(lambda a: a.clamp(0, 1)), "a clamp where"),
        (pictures(lambda a: a.softmax(1)), "softmax"),
        (pictures(lambda a: (a - a.min()) / (a.max() - a.min())), "nothing after it"),
        (pictures(torch.sigmoid, lambda n, d: torch.randn(n, 20)), "the shape of z"),
        (
            pictures(torch.sigmoid, lambda n, d: torch.randn(1, d).repeat(n, 1)),
            "the same code",
        ),
        (
            pictures(torch.sigmoid, lambda n, d: torch.randn(n, 1).repeat(1, d)),
            "drawn on its own",
        ),
        (
            pictures(torch.sigmoid, lambda n, d: 0.7 * torch.randn(n, d)),
            "standard deviation 0.7",
        ),
        (same_codes, "a seed or generator"),
    ],
}


def cases(table):
    return [
        pytest.param(check, variant, id=f"{check.__name__}-{i}")
        for check, variants in table.items()
        for i, variant in enumerate(variants)
    ]


@pytest.mark.parametrize(("check", "variant"), cases(RIGHT))
def test_right_in_another_way_passes(check, variant, capsys):
    torch.manual_seed(1)
    check(variant)
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize(("check", "case"), cases(WRONG))
def test_wrong_fails_and_the_message_names_it(check, case):
    variant, words = case
    torch.manual_seed(1)
    with pytest.raises(CheckFailed) as failure:
        check(variant)
    for part in words.split(" | "):
        assert part in str(failure.value)


@pytest.mark.parametrize("check", RIGHT)
def test_the_random_state_stays(check):
    variants = [*RIGHT[check], *(variant for variant, _ in WRONG[check])]
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    for variant in variants[:4] + variants[-2:]:
        with contextlib.suppress(CheckFailed):
            check(variant)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()


def test_a_stub_stays_a_stub():
    def stub(mu, logvar):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match="kl_divergence: this is not"):
        checks.kl_divergence(stub)


def test_an_error_in_the_students_code_names_their_line():
    def broken(mu, logvar):
        return mu.no_such_method(math.pi)

    with pytest.raises(CheckFailed, match="no_such_method") as failure:
        checks.kl_divergence(broken)
    assert "return mu.no_such_method" in failure.value.look
