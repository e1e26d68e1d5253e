"""The check of evaluate names what goes wrong, and accepts what is right."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson04._answers import bce, kl, terms


def evaluate(model, loader):
    model.eval()
    reconstruction, price, count = 0.0, 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            r, k = terms(model, x)
            reconstruction += r.sum().item()
            price += k.sum().item()
            count += len(x)
    return reconstruction / count, price / count


def averaged(parts):
    return tuple(torch.cat(column).mean().item() for column in zip(*parts, strict=True))


@torch.inference_mode()
def evaluate_by_lists(model, loader):
    model.train(False)
    return averaged([terms(model, x) for x, _ in loader])


@torch.no_grad()
def evaluate_by_running_means(model, loader):
    was = model.training
    model.eval()
    means, count = np.zeros(2), 0
    for x, _ in loader:
        count += len(x)
        new = np.array([part.mean().item() for part in terms(model, x)])
        means += (new - means) * len(x) / count
    model.train(was)
    return tuple(means)


@torch.no_grad()
def evaluate_one_by_one(model, loader):
    model.eval()
    return averaged(
        [terms(model, x[i, None]) for x, _ in loader for i in range(len(x))]
    )


def evaluate_over_dataset(model, loader):
    model.eval()
    total = torch.zeros(2)
    with torch.no_grad():
        for x, _ in loader:
            total += torch.stack([part.sum() for part in terms(model, x)])
    return (total / len(loader.dataset)).tolist()


@torch.no_grad()
def in_train_mode(model, loader):
    return averaged([terms(model, x) for x, _ in loader])


def with_gradients(model, loader):
    model.eval()
    return averaged([terms(model, x) for x, _ in loader])


def over(choose):
    """evaluate, but on some of the batches only."""

    @torch.no_grad()
    def function(model, loader):
        model.eval()
        return averaged([terms(model, x) for x, _ in choose(list(loader))])

    return function


@torch.no_grad()
def flattened(model, loader):
    model.eval()
    parts = []
    for x, _ in loader:
        x_hat, mu, logvar = model(x.flatten(1))
        parts.append((bce(x_hat, x.flatten(1)).sum(1), kl(mu, logvar)))
    return averaged(parts)


@torch.no_grad()
def mean_of_means(model, loader):
    model.eval()
    means = [[part.mean() for part in terms(model, x)] for x, _ in loader]
    return tuple(torch.tensor(means).mean(0).tolist())


@torch.no_grad()
def from_mu(model, loader):
    model.eval()
    parts = []
    for x, _ in loader:
        mu, logvar = model.encode(x)
        pixels = F.binary_cross_entropy(model.decode(mu), x, reduction="none")
        parts.append((pixels.flatten(1).sum(1), kl(mu, logvar)))
    return averaged(parts)


def changed_answer(change):
    return lambda model, loader: change(*evaluate(model, loader))


RIGHT = {
    "sums": evaluate,
    "lists": evaluate_by_lists,
    "over the data set": evaluate_over_dataset,
    "running means": evaluate_by_running_means,
    "one image at a time": evaluate_one_by_one,
}
WRONG = {
    "train mode": (in_train_mode, "eval"),
    "gradients": (with_gradients, "no_grad"),
    "mean of means": (mean_of_means, "last batch"),
    "last batch dropped": (over(lambda batches: batches[:-1]), "is left out"),
    "first batch": (over(lambda batches: batches[:1]), "return stand in"),
    "totals reset": (over(lambda batches: batches[-1:]), "only the last batch"),
    "flattened": (flattened, "before model"),
    "tensors": (
        changed_answer(lambda r, k: (torch.tensor(r), torch.tensor(k))),
        "item",
    ),
    "a dict": (changed_answer(lambda r, k: {"r": r, "k": k}), "one dict"),
    "total first": (changed_answer(lambda r, k: (r + k, k)), "sum of both"),
    "KL's sign": (changed_answer(lambda r, k: (r, -k)), "sign"),
    "KL over d": (changed_answer(lambda r, k: (r, k / 3)), "latent dimensions"),
    "per batch": (changed_answer(lambda r, k: (97 * r / 4, k)), "number of batches"),
    "four full batches": (
        changed_answer(lambda r, k: (97 * r / 128, 97 * k / 128)),
        "last is smaller",
    ),
    "mu decoded": (from_mu, "never called"),
    "one number": (changed_answer(lambda r, k: r + k), "two floats"),
    "swapped": (changed_answer(lambda r, k: (k, r)), "swapped"),
    "summed": (changed_answer(lambda r, k: (97 * r, 97 * k)), "their number"),
    "mean over pixels": (changed_answer(lambda r, k: (r / 784, k)), "pixels"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    for _ in range(2):  # a check may not depend on luck
        checks.evaluate(RIGHT[variant])
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    answer, named = WRONG[variant]
    with pytest.raises(CheckFailed, match=named):
        checks.evaluate(answer)


def test_random_numbers_stay_where_they_were():
    before = torch.get_rng_state()
    checks.evaluate(next(iter(RIGHT.values())))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stub_stays_a_stub():
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"evaluate.*not written yet"):
        checks.evaluate(stub)
