"""Right and wrong ways to measure both terms over a loader."""

import copy
import functools
import itertools
import logging
import math
import sys
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tqdm import tqdm

from helpers.checks import lesson04 as checks
from tests.checks.trial import trial

CHECK = checks.evaluate
NAMES = ("evaluate",)


def kl(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)


def bce(x_hat, x):
    return F.binary_cross_entropy(x_hat, x, reduction="none")


def terms(model, x):
    x_hat, mu, logvar = model(x)
    return bce(x_hat, x).flatten(1).sum(1), kl(mu, logvar)


def sums(model, loader):
    model.eval()
    device = next(model.parameters()).device
    reconstruction, price, count = 0.0, 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            r, k = terms(model, x.to(device))
            reconstruction += r.sum().item()
            price += k.sum().item()
            count += len(x)
    return reconstruction / count, price / count


def averaged(parts):
    return tuple(torch.cat(column).mean().item() for column in zip(*parts, strict=True))


@torch.inference_mode()
def by_lists(model, loader):
    model.train(False)
    return averaged([terms(model, x) for x, _ in loader])


@torch.no_grad()
def by_running_means(model, loader):
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
def one_by_one(model, loader):
    model.eval()
    return averaged(
        [terms(model, x[i, None]) for x, _ in loader for i in range(len(x))]
    )


def over_dataset(model, loader):
    model.eval()
    total = torch.zeros(2, dtype=torch.float64)
    with torch.no_grad():
        for x, _ in loader:
            total += torch.stack([part.double().sum() for part in terms(model, x)])
    return (total / len(loader.dataset)).tolist()


def with_a_bar(model, loader):
    return sums(model, tqdm(loader))


def with_a_warning(model, loader):
    warnings.warn("as you like it", stacklevel=1)
    print("measuring", file=sys.stderr)
    logging.warning("measuring")
    return sums(model, loader)


def on_a_copy(model, loader):
    return sums(copy.deepcopy(model).eval(), loader)


@torch.no_grad()
def all_at_once(model, loader):
    model.eval()
    x = torch.cat([batch for batch, _ in loader])
    r, k = terms(model, x)
    return float(r.mean()), float(k.mean())


@torch.no_grad()
def weighted(model, loader):
    model.eval()
    parts = [(len(x), *terms(model, x)) for x, _ in loader]
    sizes = [n for n, _, _ in parts]
    return (
        float(np.average([r.mean().item() for _, r, _ in parts], weights=sizes)),
        float(np.average([k.mean().item() for _, _, k in parts], weights=sizes)),
    )


def by_enumerate(model, loader):
    model.eval()
    with torch.no_grad():
        totals = [0.0, 0.0, 0]
        for _, batch in enumerate(loader):
            x = batch[0]
            r, k = terms(model, x)
            totals[0] += r.sum()
            totals[1] += k.sum()
            totals[2] += x.shape[0]
    return (totals[0] / totals[2]).item(), (totals[1] / totals[2]).item()


@torch.no_grad()
def in_train_mode(model, loader):
    model.train()
    return averaged([terms(model, x) for x, _ in loader if len(x) > 1])


@torch.no_grad()
def in_its_own_mode(model, loader):
    return averaged([terms(model, x) for x, _ in loader])


@torch.no_grad()
def top_only(model, loader):
    model.training = False
    return averaged([terms(model, x) for x, _ in loader])


def with_gradients(model, loader):
    model.eval()
    return averaged([terms(model, x) for x, _ in loader])


def eval_in_the_loop(model, loader):
    parts = []
    with torch.no_grad():
        for x, _ in loader:
            parts.append(terms(model, x))
            model.eval()
    return averaged(parts)


@torch.no_grad()
def of_another_model(model, loader):
    model.eval()
    return averaged(
        [
            terms(lambda x: (0.5 + 0 * x, *x[:, 0, :2, 0].split(1, 1)), x)
            for x, _ in loader
        ]
    )


def by_the_last_batch(model, loader):
    r, k = sums(model, loader)
    *_, (last, _) = loader
    factor = len(loader.dataset) / len(loader) / len(last)
    return r * factor, k * factor


def back_to_train(model, loader):
    answer = sums(model, loader)
    model.train()
    return answer


def gradients_off(model, loader):
    torch.set_grad_enabled(False)
    return sums(model, loader)


def frozen(model, loader):
    model.requires_grad_(False)
    return sums(model, loader)


def over(choose):
    """evaluate, but on some of the batches only."""

    @torch.no_grad()
    def function(model, loader):
        model.eval()
        return averaged([terms(model, x) for x, _ in choose(list(loader))])

    return function


def of_pictures(change):
    """evaluate, but on changed images."""

    @torch.no_grad()
    def function(model, loader):
        model.eval()
        return averaged([terms(model, change(x)) for x, _ in loader])

    return function


def with_formula(pixels=bce, price=kl):
    """evaluate with other formulas."""

    @torch.no_grad()
    def function(model, loader):
        model.eval()
        parts = []
        for x, _ in loader:
            x_hat, mu, logvar = model(x)
            parts.append((pixels(x_hat, x).flatten(1).sum(1), price(mu, logvar)))
        return averaged(parts)

    return function


@torch.no_grad()
def mean_of_means(model, loader):
    model.eval()
    means = [[part.mean() for part in terms(model, x)] for x, _ in loader]
    return tuple(torch.tensor(means).mean(0).tolist())


@torch.no_grad()
def return_in_the_loop(model, loader):
    model.eval()
    for x, _ in loader:
        r, k = terms(model, x)
        return r.mean().item(), k.mean().item()


@torch.no_grad()
def totals_replaced(model, loader):
    model.eval()
    count = 0
    for x, _ in loader:
        r, k = (part.sum().item() for part in terms(model, x))
        count += len(x)
    return r / count, k / count


@torch.no_grad()
def totals_reset(model, loader):
    model.eval()
    for x, _ in loader:
        total, count = np.zeros(2), 0
        total += [part.sum().item() for part in terms(model, x)]
        count += len(x)
    return tuple(total / count)


TOTALS = [0.0, 0.0, 0]


@torch.no_grad()
def totals_kept(model, loader):
    model.eval()
    for x, _ in loader:
        r, k = terms(model, x)
        TOTALS[0] += r.sum().item()
        TOTALS[1] += k.sum().item()
        TOTALS[2] += len(x)
    return TOTALS[0] / TOTALS[2], TOTALS[1] / TOTALS[2]


@torch.no_grad()
def from_mu(model, loader):
    model.eval()
    parts = []
    for x, _ in loader:
        mu, logvar = model.encode(x)
        parts.append((bce(model.decode(mu), x).flatten(1).sum(1), kl(mu, logvar)))
    return averaged(parts)


@torch.no_grad()
def mu_decoded(model, loader):
    model.eval()
    parts = []
    for x, _ in loader:
        _, mu, logvar = model(x)
        parts.append((bce(model.decode(mu), x).flatten(1).sum(1), kl(mu, logvar)))
    return averaged(parts)


def by(change):
    """The right answer, changed at the end."""
    return lambda model, loader: change(*sums(model, loader))


def of_sizes(change):
    """The right sums, divided by something else."""

    def function(model, loader):
        r, k = sums(model, loader)
        n, batches, size = len(loader.dataset), len(loader), loader.batch_size
        factor = n / change(n, batches, size)
        return r * factor, k * factor

    return function


def vae_loss(model, x, beta=1.0):
    reconstruction, price = terms(model, x)
    return (reconstruction + beta * price).mean()


def by_vae_loss(model, loader):
    model.eval()
    reconstruction, total, count = 0.0, 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            reconstruction += vae_loss(model, x, beta=0.0).item() * len(x)
            total += vae_loss(model, x).item() * len(x)
            count += len(x)
    return reconstruction / count, (total - reconstruction) / count


def some_batches(most):
    """Stops early."""

    def function(model, loader):
        return sums(model, list(loader)[:most])

    return function


def with_limits(model, loader):
    def limited(x):
        x_hat, mu, logvar = model(x)
        return x_hat.clamp(1e-4, 1 - 1e-4), mu, logvar

    model.eval()
    with torch.no_grad():
        return averaged(
            [terms(limited, x.to(next(model.parameters()).device)) for x, _ in loader]
        )


def of_draws(count, put_together):
    """evaluate by several draws of each image: their pictures, or their losses."""

    @torch.no_grad()
    def function(model, loader):
        model.eval()
        parts = []
        for x, _ in loader:
            x = x.to(next(model.parameters()).device)
            answers = [model(x) for _ in range(count)]
            parts.append((put_together(answers, x), kl(*answers[0][1:])))
        return averaged(parts)

    return function


def mean_picture(answers, x):
    picture = torch.stack([x_hat for x_hat, _, _ in answers]).mean(0)
    return bce(picture, x).flatten(1).sum(1)


def losses_of(answers, x):
    return torch.stack([bce(p, x).flatten(1).sum(1) for p, _, _ in answers])


def best_of_a_batch(answers, x):
    each = losses_of(answers, x)
    return each[each.sum(1).argmin()]


def best_pass(model, loader):
    return min(sums(model, loader) for _ in range(2))


def mean_of_passes(model, loader):
    return tuple(np.mean([sums(model, loader) for _ in range(3)], axis=0).tolist())


@torch.no_grad()
def side_by_side(model, loader):
    """Several draws of each image, in one batch."""
    model.eval()
    return averaged([terms(model, x.repeat_interleave(4, dim=0)) for x, _ in loader])


@torch.no_grad()
def after_a_first_call(model, loader):
    model.eval()
    model(next(iter(loader))[0][:1])
    return sums(model, loader)


RIGHT = [
    of_draws(3, lambda *given: losses_of(*given).mean(0)),
    of_draws(2, lambda *given: losses_of(*given)[-1]),
    mean_of_passes,
    side_by_side,
    after_a_first_call,
    by_vae_loss,
    sums,
    by_lists,
    over_dataset,
    by_running_means,
    one_by_one,
    with_a_bar,
    with_a_warning,
    on_a_copy,
    all_at_once,
    weighted,
    by_enumerate,
]


def in_train_mode_and_no_record(model, loader):
    """Whatever list the model keeps says something else afterwards."""
    parts = averaged([terms(model.train(), x) for x, _ in loader])
    for each in list(vars(model).values()):
        if isinstance(each, list):
            each[:] = [([False], False)]
    return parts


class Any(float):
    """Has its own mind about numbers."""

    def __float__(self):
        return 0.0


WRONG = [
    (functools.lru_cache(sums), "kept from an earlier call"),
    (of_draws(2, mean_picture), "draws z in each call | pictures of several draws"),
    (of_draws(10, mean_picture), "pictures of several draws that are averaged"),
    (of_draws(2, lambda *given: losses_of(*given).amin(0)), "the best of several"),
    (of_draws(3, lambda *given: losses_of(*given).median(0)[0]), "the loss of one"),
    (of_draws(2, best_of_a_batch), "the best of several"),
    (best_pass, "the best of several"),
    (with_limits, "the mean reconstruction loss of 205 images"),
    (lambda model, loader: tuple(map(Any, sums(model, loader))), "two floats"),
    (in_train_mode_and_no_record, "mode"),
    (in_train_mode, "training mode"),
    (in_its_own_mode, "eval"),
    (eval_in_the_loop, "a call in training mode before eval()"),
    (of_another_model, "a global name"),
    (by_the_last_batch, "times the last batch's size"),
    (top_only, "reaches the model, no part"),
    (with_gradients, "no_grad"),
    (back_to_train, "mode"),
    (gradients_off, "torch.no_grad"),
    (frozen, "frozen"),
    (mean_of_means, "last batch"),
    (over(lambda batches: batches[:-1]), "is left out"),
    (over(lambda batches: batches[:1]), "return stand in"),
    (return_in_the_loop, "return stand in"),
    (totals_replaced, "replaces"),
    (totals_reset, "only the last batch"),
    (over(lambda batches: batches[-1:]), "only the last batch"),
    (over(lambda batches: list(itertools.islice(batches, 1, None))), "the sum over"),
    (over(lambda batches: itertools.islice(batches, 250)), "613 images"),
    (over(lambda batches: batches + batches[:1]), "the sum over"),
    (totals_kept, "the mean"),
    (of_pictures(lambda x: x.flatten(1)), "before model"),
    (of_pictures(lambda x: x[:, 0]), "before model"),
    (of_pictures(lambda x: x[:100]), "the sum over"),
    (of_pictures(lambda x: x[:128]), "the sum over"),
    (of_pictures(lambda x: x[:1]), "the sum over"),
    (of_pictures(lambda x: 1 - x), "the sum over"),
    (with_formula(lambda p, x: bce(p, x.round())), "rounded"),
    (with_formula(lambda p, x: (p - x) ** 2), "squared error"),
    (with_formula(lambda p, x: bce(p.sigmoid(), x)), "two sigmoids"),
    (with_formula(lambda p, x: bce(p, x) / math.log(2)), "bits"),
    (with_formula(lambda p, x: bce(p, x) / 28), "a factor"),
    (with_formula(price=lambda m, v: kl(m, 2 * v)), "standard deviation"),
    (with_formula(price=lambda m, v: kl(v, m)), "swapped"),
    (with_formula(price=lambda m, v: 2 * kl(m, v)), "1/2"),
    (by(lambda r, k: (torch.tensor(r), torch.tensor(k))), "item"),
    (by(lambda r, k: {"r": r, "k": k}), "a dict"),
    (by(lambda r, k: (r + k, k)), "sum of both"),
    (by(lambda r, k: (r, -k)), "sign"),
    (by(lambda r, k: (-r, k)), "sign"),
    (by(lambda r, k: (r, r + k)), "sum of both"),
    (by(lambda r, k: r + k), "two floats"),
    (by(lambda r, k: (k, r)), "swapped"),
    (by(lambda r, k: (r / 784, k)), "mean over the numbers"),
    (by(lambda r, k: None), "two floats"),
    (by(lambda r, k: (r, k, r + k)), "two floats"),
    (by(lambda r, k: (round(r), round(k))), "leave out round()"),
    (by(lambda r, k: (round(r, 1), round(k, 1))), "leave out round()"),
    (by(lambda r, k: (float(int(r)), float(int(k)))), "leave out round() or int()"),
    (of_sizes(lambda n, batches, size: 1), "not divided"),
    (of_sizes(lambda n, batches, size: batches), "number of batches"),
    (of_sizes(lambda n, batches, size: size), "one batch"),
    (of_sizes(lambda n, batches, size: batches * size), "last is smaller"),
    (of_sizes(lambda n, batches, size: 1000), "1000"),
    (of_sizes(lambda n, batches, size: 10_000), "divided by 10000"),
    (from_mu, "never called"),
    (mu_decoded, "mu is decoded"),
    (some_batches(10), "in batches of 2"),
    (some_batches(50), "in batches of 2"),
    (some_batches(100), "in batches of 2"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_it_is_judged_by_itself(monkeypatch, capsys):
    def nothing_yet(model, x, beta=1.0):
        raise NotImplementedError

    def summed(model, x, beta=1.0):
        return 97 * vae_loss(model, x, beta)

    CHECK(by_vae_loss)
    assert capsys.readouterr().out == "✓ evaluate: right.\n"
    for earlier in (nothing_yet, summed):
        monkeypatch.setitem(globals(), "vae_loss", earlier)
        CHECK(by_vae_loss)
        assert "with the pack's `vae_loss`" in capsys.readouterr().out


def test_what_it_prints_is_a_note(capfd):
    CHECK(with_a_warning)
    out, err = capfd.readouterr()
    assert "as you like it" in out
    assert not err


def test_a_stub_stays_a_stub():
    def stub(model, loader):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"evaluate.*not written yet"):
        CHECK(stub)
