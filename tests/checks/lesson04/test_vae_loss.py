"""The check of the loss names what goes wrong, and accepts what is right."""

import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson04._answers import bce, kl, terms


def loss(model, x, beta=1.0):
    reconstruction, price = terms(model, x)
    return (reconstruction + beta * price).mean()


def loss_by_sums(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    pixels = F.binary_cross_entropy(x_hat, x, reduction="sum")
    return (pixels + beta * kl(mu, logvar).sum()) / x.size(0)


def loss_by_formula(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    p = x_hat.clamp(1e-7, 1 - 1e-7)
    pixels = -(x * p.log() + (1 - x) * (1 - p).log()).sum(dim=(1, 2, 3))
    return torch.mean(pixels) + beta * torch.mean(kl(mu, logvar))


def changed_loss(formula):
    return lambda model, x, beta=1.0: formula(model, x, beta, *terms(model, x))


def loss_by_distributions(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    code = torch.distributions.Normal(mu, (logvar / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    price = torch.distributions.kl_divergence(code, prior).sum(-1)
    return 784 * F.binary_cross_entropy(x_hat, x) + beta * price.mean()


def loss_of(change, kl=kl):
    """The loss with something else for the reconstruction or the KL."""

    def changed(model, x, beta=1.0):
        x_hat, mu, logvar = model(x)
        return (change(x_hat, x).flatten(1).sum(1) + beta * kl(mu, logvar)).mean()

    return changed


def log_of_zero(x_hat, x):
    return -(x * x_hat.log() + (1 - x) * (1 - x_hat).log())


def in_eval_mode(model, x, beta=1.0):
    model.eval()
    return loss(model, x, beta)


def with_backward(model, x, beta=1.0):
    answer = loss(model, x, beta)
    answer.backward()
    return answer


RIGHT = {
    "per image": loss,
    "sums": loss_by_sums,
    "formula": loss_by_formula,
    "distributions": loss_by_distributions,
    "float64": loss_of(lambda x_hat, x: bce(x_hat.double(), x.double())),
    "shape (1,)": lambda m, x, beta=1.0: loss(m, x, beta).reshape(1),
}
WRONG = {
    "mean over pixels": (
        changed_loss(lambda m, x, b, r, k: (r / 784 + b * k).mean()),
        "pix",
    ),
    "sum over images": (
        changed_loss(lambda m, x, b, r, k: (r + b * k).sum()),
        "images",
    ),
    "KL subtracted": (
        changed_loss(lambda m, x, b, r, k: (r - b * k).mean()),
        "subtract",
    ),
    "no KL": (changed_loss(lambda m, x, b, r, k: r.mean()), "KL is missing"),
    "batch size in the code": (
        changed_loss(lambda m, x, b, r, k: (r + b * k).sum() / 128),
        "batch size",
    ),
    "beta on the pixels": (
        changed_loss(lambda m, x, b, r, k: (b * r + k).mean()),
        "multiplies the reconstruction",
    ),
    "beta on both": (
        changed_loss(lambda m, x, b, r, k: b * (r + k).mean()),
        "both terms",
    ),
    "beta is 4": (lambda m, x, beta=4.0: loss(m, x, beta), "default"),
    "log of zero": (loss_of(log_of_zero), "clamp"),
    "black and white": (
        loss_of(lambda x_hat, x: bce(x_hat, (x > 0.5).float())),
        "rounded",
    ),
    "half of it": (loss_of(lambda x_hat, x: -x * (x_hat + 1e-7).log()), "half of the"),
    "std from logvar": (loss_of(bce, lambda m, v: kl(m, 2 * v)), "variance already"),
    "KL of swapped": (loss_of(bce, lambda m, v: kl(v, m)), "mu and logvar are swapped"),
    "eval": (in_eval_mode, "eval mode"),
    "backward inside": (with_backward, "backward"),
    "x changed": (
        lambda m, x, beta=1.0: loss(m, x.clamp_(0.1, 0.9), beta),
        "in place",
    ),
    "no beta": (changed_loss(lambda m, x, b, r, k: (r + k).mean()), "beta is not used"),
    "KL over d": (changed_loss(lambda m, x, b, r, k: (r + b * k / 3).mean()), "summed"),
    "KL summed": (
        changed_loss(lambda m, x, b, r, k: r.mean() + b * k.sum()),
        "averaged",
    ),
    "per image": (changed_loss(lambda m, x, b, r, k: r + b * k), "one number"),
    "with logits": (
        lambda m, x, beta=1.0: (
            F.binary_cross_entropy_with_logits(m(x)[0], x, reduction="sum") / len(x)
        ),
        "probability already",
    ),
    "swapped": (
        lambda m, x, beta=1.0: F.binary_cross_entropy(x, m(x)[0]) * 784,
        "swapped",
    ),
    "KL without logvar": (
        lambda m, x, beta=1.0: (
            terms(m, x)[0] + beta * 0.5 * m(x)[1].square().sum(1)
        ).mean(),
        "logvar takes no part",
    ),
    "logvar detached": (
        lambda m, x, beta=1.0: loss(lambda y: (*m(y)[:2], m(y)[2].detach()), x, beta),
        "reaches logvar",
    ),
    "detached": (lambda m, x, beta=1.0: loss(m, x, beta).detach(), "no gradient"),
    "mu detached": (
        changed_loss(lambda m, x, b, r, k: (r + b * k.detach()).mean()),
        "reaches mu",
    ),
    "squares": (
        lambda m, x, beta=1.0: ((m(x)[0] - x) ** 2).flatten(1).sum(1).mean(),
        "squared error",
    ),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    for _ in range(2):  # a check may not depend on luck
        checks.vae_loss(RIGHT[variant])
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    answer, named = WRONG[variant]
    with pytest.raises(CheckFailed, match=named):
        checks.vae_loss(answer)


def test_random_numbers_stay_where_they_were():
    before = torch.get_rng_state()
    checks.vae_loss(next(iter(RIGHT.values())))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stub_stays_a_stub():
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"vae_loss.*not written yet"):
        checks.vae_loss(stub)
