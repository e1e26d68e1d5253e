"""Lesson 03's checks catch what goes wrong, by name, and accept what is right."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal, kl_divergence

from helpers.checks import lesson03 as checks
from helpers.checks.base import CheckFailed


def no_grad_draw(mu, logvar):
    with torch.no_grad():
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


def bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def bce_on_probabilities(logits, x):
    p = torch.sigmoid(logits)
    return F.binary_cross_entropy(p, x, reduction="none").sum(dim=-1)


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
    ],
    checks.vae: [Right, RightGelu, RightElu, RightOneHead, RightFlattens, RightStd],
    checks.vae_loss: [loss, loss_two_means, loss_sum_over_batch, loss_float64],
    checks.sample: [
        prior,
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
        (lambda m, s: torch.exp(s / 2) * torch.randn_like(m), "mean"),
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
        (lambda a, x: -(x * F.logsigmoid(a)).sum(1), "logits"),
        (lambda a, x: bce(a, x.round()), "grey"),
        (lambda a, x: bce(a.detach(), x), "no gradient"),
    ],
    checks.vae: [
        (WrongSigmoid, "sigmoid at the end"),
        (WrongReluHead, "activation"),
        (WrongSoftplusHead, "activation"),
        (WrongMean, "z is sampled"),
        (WrongOneHeadTwice, "same numbers"),
        (WrongBatch, "size of tensor"),
        (WrongOrder, "order"),
        (WrongDetach, "take no part"),
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
    assert words in str(failure.value)


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
