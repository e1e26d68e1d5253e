"""Pictures from nothing: right and wrong answers, and what the check says to each."""

import pytest
import torch
from torch.distributions import Normal

from helpers.checks import lesson03 as checks
from tests.checks.lesson03._shared import fails_saying, leaves_the_random_state, passes


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


RIGHT = [
    prior,
    one_by_one,
    torch.no_grad()(lambda m, n, d: m.decode(torch.randn(n, d)).sigmoid()),
    lambda m, n, d: torch.sigmoid(m.decode(torch.normal(0, 1, (n, d)))).detach(),
    torch.no_grad()(
        lambda m, n, d: torch.sigmoid(m.decode(Normal(0.0, 1.0).sample((n, d))))
    ),
]

# Each wrong variant, and words that its message must contain.
WRONG = [
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
]


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_another_way_passes(variant, capsys):
    passes(checks.sample, variant, capsys)


@pytest.mark.parametrize(("variant", "words"), WRONG)
def test_wrong_fails_and_the_message_names_it(variant, words):
    fails_saying(checks.sample, variant, words)


def test_the_random_state_stays():
    leaves_the_random_state(checks.sample, [*RIGHT, *(variant for variant, _ in WRONG)])
