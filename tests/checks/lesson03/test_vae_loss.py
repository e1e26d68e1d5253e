"""The loss: right and wrong answers, and what the check says to each."""

import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson03 as checks
from tests.checks.lesson03._shared import (
    bce,
    bce_by_formula,
    fails_saying,
    kl,
    leaves_the_random_state,
    passes,
)


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


RIGHT = [
    loss,
    loss_two_means,
    loss_sum_over_batch,
    loss_float64,
    loss_through_the_parts,
]

# Each wrong variant, and words that its message must contain.
WRONG = [
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
]


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_another_way_passes(variant, capsys):
    passes(checks.vae_loss, variant, capsys)


@pytest.mark.parametrize(("variant", "words"), WRONG)
def test_wrong_fails_and_the_message_names_it(variant, words):
    fails_saying(checks.vae_loss, variant, words)


def test_the_random_state_stays():
    leaves_the_random_state(
        checks.vae_loss, [*RIGHT, *(variant for variant, _ in WRONG)]
    )
