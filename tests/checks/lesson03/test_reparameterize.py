"""Drawing a code: right and wrong answers, and what the check says to each."""

import math
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal, Normal

from helpers.checks import lesson03 as checks
from tests.checks.trial import trial

CHECK = checks.reparameterize
NAMES = ("reparameterize",)


def no_grad_draw(mu, logvar):
    with torch.no_grad():
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


def seeded_draw(mu, logvar):
    noise = torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))
    return mu + torch.exp(logvar / 2) * noise


def torch_normal(mu, logvar):
    return torch.normal(mu, torch.exp(logvar / 2))


def with_a_warning(mu, logvar):
    warnings.warn("random numbers ahead", stacklevel=2)
    return mu + torch.exp(logvar / 2) * torch.randn_like(mu)


def of_numpys_noise(mu, logvar):
    noise = torch.from_numpy(np.random.standard_normal(mu.shape)).to(mu)
    return mu + noise * torch.exp(logvar / 2)


def of_joint_normals(mu, logvar):
    covariance = torch.diag_embed(logvar.exp())
    return MultivariateNormal(mu, covariance).rsample()


def box_muller(mu, logvar):
    u, v = torch.rand_like(mu).clamp(min=1e-12), torch.rand_like(mu)
    noise = torch.sqrt(-2 * torch.log(u)) * torch.cos(2 * math.pi * v)
    return mu + torch.exp(logvar / 2) * noise


def seeds_for_a_moment(mu, logvar):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return mu + torch.exp(logvar / 2) * torch.randn_like(mu)


def keeps_its_noise(mu, logvar, kept={}):  # noqa: B006
    if mu.shape not in kept:
        kept[mu.shape] = torch.randn(mu.shape)
    return mu + torch.exp(logvar / 2) * kept[mu.shape]


def fills_one_tensor(mu, logvar, kept={}):  # noqa: B006
    z = kept.setdefault(mu.shape, torch.zeros(mu.shape))
    return z.copy_(mu.data + torch.exp(logvar.data / 2) * torch.randn_like(mu))


def repeats_100(mu, logvar):
    noise = torch.randn(100, mu.shape[1]).repeat(-(-len(mu) // 100), 1)[: len(mu)]
    return mu + torch.exp(logvar / 2) * noise


def mirrors(mu, logvar):
    half = torch.randn((len(mu) + 1) // 2, mu.shape[1])
    return mu + torch.exp(logvar / 2) * torch.cat([half, -half])[: len(mu)]


def gradients_off(mu, logvar):
    torch.set_grad_enabled(False)
    return mu + torch.exp(logvar / 2) * torch.randn_like(mu)


def sets_the_seed(mu, logvar):
    z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
    torch.manual_seed(int(torch.randint(10**9, ())))
    return z


def draws_while_training(mu, logvar):
    if not torch.is_grad_enabled():
        return mu
    return mu + torch.exp(logvar / 2) * torch.randn_like(mu)


def draw(sigma):
    """mu + sigma * eps with another sigma."""
    return lambda mu, logvar: mu + sigma(logvar) * torch.randn_like(mu)


def noise(make):
    """mu + sigma * eps with other noise."""
    return lambda mu, logvar: mu + torch.exp(logvar / 2) * make(mu)


def with_noise(change):
    """z = mu + sigma * a changed eps."""

    def function(mu, logvar):
        return mu + torch.exp(logvar / 2) * change(torch.randn_like(mu))

    return function


LAST = {}


def mirrors_the_last_call(mu, logvar):
    noise = LAST.pop(mu.shape, None)
    if noise is None:
        noise = LAST[mu.shape] = torch.randn_like(mu)
    else:
        noise = -noise.to(mu.dtype)
    return mu + torch.exp(0.5 * logvar) * noise


def remembers_the_last_call(mu, logvar):
    noise, key = torch.randn_like(mu), (mu.shape, mu.dtype, "walk")
    if key in LAST:
        noise = 0.6 * LAST[key] + 0.8 * noise
    LAST[key] = noise
    return mu + torch.exp(0.5 * logvar) * noise


RIGHT = [
    lambda m, s: m + torch.exp(0.5 * s) * torch.randn_like(m),
    lambda m, s: Normal(m, torch.exp(s / 2)).rsample(),
    lambda m, s: m + s.exp().sqrt() * torch.randn(m.shape),
    lambda m, s: torch.normal(0.0, 1.0, m.shape) * (s * 0.5).exp() + m,
    lambda m, s: torch.addcmul(m, torch.exp(s / 2), torch.randn_like(s)),
    lambda m, s: torch.empty_like(m).normal_().mul(s.div(2).exp()).add_(m),
    lambda m, s: torch.stack(
        [a + (b / 2).exp() * torch.randn_like(a) for a, b in zip(m, s, strict=True)]
    ),
    with_a_warning,
    of_numpys_noise,
    of_joint_normals,
    box_muller,
    lambda m, s: m + torch.sqrt(torch.exp(s)) * torch.randn(m.size()),
    lambda m, s: m + torch.exp(s * 0.5) * torch.zeros_like(m).normal_(0, 1),
    lambda m, s: torch.lerp(m, m + torch.exp(s / 2), torch.randn_like(m)),
    lambda m, s: Normal(0, 1).sample(m.shape) * s.mul(0.5).exp() + m,
    lambda m, s: m + torch.exp(s.clamp(-20, 20) / 2) * torch.randn_like(m),
]

# Each wrong variant, and words that its message must contain.
WRONG = [
    (mirrors_the_last_call, "kept from call to call"),
    (remembers_the_last_call, "kept from call to call"),
    (
        lambda m, s: m + torch.sqrt(s.exp() + 1e-8) * torch.randn_like(m),
        "at logvar = -18 | a number added to either",
    ),
    (lambda m, s: m + torch.exp(s) * torch.randn_like(m), "the variance"),
    (lambda m, s: m + s * torch.randn_like(m), "without exp"),
    (
        lambda m, s: m + (s / 2).exp() * torch.randn(m.shape, dtype=torch.bfloat16),
        "rounded (bfloat16",
    ),
    (no_grad_draw, "no gradient"),
    (lambda m, s: Normal(m, torch.exp(s / 2)).sample(), "no gradient"),
    (lambda m, s: m + torch.exp(s / 2).detach() * torch.randn_like(m), "logvar"),
    (lambda m, s: m + torch.exp(s / 2) * torch.rand_like(m), "uniform"),
    (lambda m, s: m + torch.exp(s / 2) * torch.randn(1), "noise"),
    (lambda m, s: m + torch.exp(s / 2) * torch.randn(len(m), 1), "same noise"),
    (lambda m, s: m, "same number"),
    (
        lambda m, s: torch.exp(s / 2) + m * torch.randn_like(m),
        "at mu = 0 | sigma, and not mu",
    ),
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
    # Gradients.
    (torch_normal, "torch.normal(mu, sigma) passes no gradient"),
    (
        lambda m, s: m.detach() + torch.exp(s / 2) * torch.randn_like(m),
        "no gradient reaches mu",
    ),
    (
        lambda m, s: m + (torch.exp(s / 2) * torch.randn_like(m)).detach(),
        "no gradient reaches logvar",
    ),
    (
        lambda m, s: (m + m.detach()) / 2 + torch.exp(s / 2) * torch.randn_like(m),
        "is not that of mu + sigma * eps",
    ),
    (torch.no_grad()(lambda m, s: m + (s / 2).exp() * torch.randn_like(m)), "no grad"),
    (
        lambda m, s: torch.tensor(m.tolist()) + (s / 2).exp() * torch.randn_like(m),
        "no gradient reaches mu",
    ),
    # Sigma.
    (draw(torch.sqrt), "a root or a logarithm of logvar itself"),
    (draw(torch.log), "a root or a logarithm of logvar itself"),
    (
        lambda m, s: Normal(m, s).rsample(),
        "which is positive | the second argument of Normal",
    ),
    (lambda m, s: Normal(m, s.exp()).rsample(), "the variance"),
    (draw(lambda s: s / 2), "half of logvar"),
    (draw(lambda s: 1), "not scaled at all"),
    (draw(lambda s: torch.exp(s * 2)), "the wrong way"),
    (draw(lambda s: 2 ** (s / 2)), "2^(logvar / 2)"),
    (draw(lambda s: torch.exp(s / 2).clamp(max=1)), "kept below a limit"),
    (draw(lambda s: torch.exp(s / 2).clamp(max=5)), "no limit"),
    (draw(lambda s: torch.exp(s / 2).clamp(min=0.1)), "no limit"),
    (draw(lambda s: torch.exp(s / 2) + 0.1), "how sigma comes from logvar"),
    (draw(lambda s: torch.sigmoid(s)), "sigmoid(logvar)"),
    # Noise.
    (noise(lambda m: 0.95 * torch.randn_like(m)), "deviation is 0.95"),
    (noise(lambda m: 2 * torch.randn_like(m)), "deviation is 2"),
    (noise(lambda m: torch.randn_like(m).clamp(-2, 2)), "look at"),
    (noise(lambda m: torch.randn_like(m).clamp(-2.8, 2.8)), "fourth | randn"),
    (noise(lambda m: torch.randn_like(m) + 0.1), "the mean"),
    (noise(lambda m: torch.randn_like(m).sign()), "look at"),
    (noise(lambda m: 2 * torch.rand_like(m) - 1), "uniform"),
    (noise(lambda m: torch.empty_like(m).exponential_() - 1), "third moment"),
    (noise(lambda m: torch.empty_like(m).cauchy_()), "look at"),
    (noise(lambda m: (torch.rand(3, *m.shape).sum(0) - 1.5) * 2), "fourth"),
    (noise(lambda m: torch.randn(m.shape[1])), "all images get the same noise"),
    (repeats_100, "repeated, mirrored"),
    (mirrors, "repeated, mirrored"),
    (seeds_for_a_moment, "a seed or generator"),
    (keeps_its_noise, "noise drawn once outside"),
    (fills_one_tensor, "a second call changes"),
    (gradients_off, "no gradient flows"),
    (sets_the_seed, "seed"),
    (
        noise(lambda m: (torch.randn_like(m) + torch.randn(len(m), 1)) / 2**0.5),
        "hangs together",
    ),
    (
        noise(lambda m: (torch.randn_like(m) + torch.randn(1, m.shape[1])) / 2**0.5),
        "hangs together",
    ),
    (noise(lambda m: torch.randn_like(m) * torch.rand(1)), "not standard normal"),
    (noise(lambda m: F.dropout(torch.randn_like(m), 0.2)), "repeated"),
    (draws_while_training, "inside `with torch.no_grad():` | is_grad_enabled"),
    (
        lambda m, s: (m + torch.exp(s / 2) * torch.randn_like(m)).clamp(-3, 3),
        "or on z: a clamp",
    ),
    (lambda m, s: (m + torch.exp(s / 2) * torch.randn_like(m), m, s), "tuple"),
    # mu, and shapes.
    (lambda m, s: -m + torch.exp(s / 2) * torch.randn_like(m), "mu is taken off"),
    (lambda m, s: 2 * m + torch.exp(s / 2) * torch.randn_like(m), "mu is added twice"),
    (lambda m, s: s + torch.exp(s / 2) * torch.randn_like(m), "the mean"),
    (lambda m, s: torch.exp(s / 2) * (m + torch.randn_like(m)), "sigma multiplies mu"),
    (lambda m, s: (m + torch.exp(s / 2) * torch.randn_like(m)).sum(1), "shape (97,)"),
    (lambda m, s: m[:64] + torch.exp(s / 2) * torch.randn_like(m), "must match"),
    (
        lambda m, s: (m + torch.exp(s / 2) * torch.randn_like(m)).squeeze(),
        "the shape of the noise",
    ),
    (lambda m, s: m + torch.exp(s / 2) * torch.randn(128, m.shape[1]), "must match"),
    (with_noise(lambda e: (e - e.mean()) / e.std()), "standardized"),
    (with_noise(lambda e: e - e.mean()), "standardized"),
    (with_noise(lambda e: e - e.mean(0) * (len(e) > 1)), "mean is taken off"),
    (with_noise(lambda e: e.clamp(-3, 3)), "a limit on the noise"),
    (with_noise(lambda e: e.clamp(-1, 1)), "exactly 1 sigma from mu | a clamp"),
    (with_noise(torch.round), "noise that is rounded"),
    (with_noise(torch.sign), "only 1 differ | look at"),
    (
        lambda m, s: (m + (s / 2).exp() * torch.randn_like(s)).float(),
        "is torch.float32",
    ),
    (
        lambda m, s: m.float() + (s / 2).exp().float() * torch.randn(m.shape),
        "mu and logvar are torch.float64 | float() or another fixed type",
    ),
    (lambda m, s: m + (s.clamp(-8, 8) / 2).exp() * torch.randn_like(m), "no limit"),
    (lambda m, s: m + (s.clamp(-10, 10) / 2).exp() * torch.randn_like(m), "no limit"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
