"""The checks of lesson 05 accept what is right and name what is wrong."""

import copy

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.linear_model import LinearRegression, Perceptron
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from torch import nn

from helpers.checks import lesson05 as checks
from helpers.checks.base import CheckFailed


def shares(count):
    return (torch.arange(count) + 0.5) / count


def quantiles(count):
    return torch.special.ndtri(shares(count))


QUANTILES_RIGHT = {
    "ndtri": quantiles,
    "icdf": lambda n: torch.distributions.Normal(0.0, 1.0).icdf(shares(n)),
    "linspace": lambda n: torch.special.ndtri(
        torch.linspace(0.5 / n, 1 - 0.5 / n, n, dtype=torch.float64)
    ),
    "erfinv": lambda n: 2**0.5 * torch.erfinv(2 * shares(n) - 1),
    "scipy": lambda n: torch.tensor(norm.ppf((np.arange(n) + 0.5) / n)),
}
QUANTILES_WRONG = {
    "shares": (shares, "ndtri turns them"),
    "falling": (lambda n: quantiles(n).flip(0), "rising"),
    "equal steps": (lambda n: torch.linspace(-2, 2, n), "equal in z"),
    "edges": (lambda n: torch.special.ndtri(torch.linspace(0, 1, n)), "infinite"),
    "inner edges": (
        lambda n: torch.special.ndtri((torch.arange(n) + 1.0) / (n + 1)),
        "middles are wanted",
    ),
    "no half": (lambda n: torch.special.ndtri(torch.arange(n) / n), "the half"),
    "Phi": (lambda n: torch.special.ndtr(shares(n)), "Phi itself"),
    "erfinv alone": (lambda n: torch.erfinv(2 * shares(n) - 1), "sqrt"),
    "logit": (lambda n: torch.logit(shares(n)), "another distribution"),
    "clamped ends": (
        lambda n: torch.special.ndtri(torch.linspace(0.01, 0.99, n)),
        "then ndtri",
    ),
    "one too many": (lambda n: quantiles(n + 1), "shape"),
    "a column": (lambda n: quantiles(n)[:, None], "shape"),
    "a list": (lambda n: quantiles(n).tolist(), "not a tensor"),
    "nothing": (lambda n: None, "return"),
}


def grid(count):
    q = quantiles(count)
    z2, z1 = torch.meshgrid(q.flip(0), q, indexing="ij")
    return torch.stack([z1, z2], dim=-1).reshape(-1, 2)


def grid_by_hand(count):
    q = quantiles(count)
    return torch.stack(
        [q.repeat(count), q.flip(0).repeat_interleave(count)], dim=1
    ).double()


def grid_by_loops(count):
    q = quantiles(count).tolist()
    return torch.tensor([[a, b] for b in reversed(q) for a in q])


def grid_by_product(count):
    q = quantiles(count)
    return torch.cartesian_prod(q.flip(0), q)[:, [1, 0]]


def grid_by_numpy(count):
    q = quantiles(count).double().numpy()
    return torch.from_numpy(np.stack([m.ravel() for m in np.meshgrid(q, -q)], axis=1))


def snake(count):
    rows = grid(count).reshape(count, count, 2)
    rows[1::2] = rows[1::2].flip(1)
    return rows.reshape(-1, 2)


GRID_RIGHT = {
    "meshgrid": grid,
    "repeat": grid_by_hand,
    "loops": grid_by_loops,
    "product": grid_by_product,
    "numpy, xy": grid_by_numpy,
}
GRID_WRONG = {
    "upside down": (lambda n: grid(n) * torch.tensor([1, -1]), "flip z_2"),
    "mirrored": (lambda n: grid(n) * torch.tensor([-1, 1]), "falls from left"),
    "columns swapped": (lambda n: grid(n).flip(1), "swapped|row to row"),
    "transposed": (
        lambda n: grid(n).reshape(n, n, 2).transpose(0, 1).reshape(-1, 2),
        "row to row",
    ),
    "equal steps": (
        lambda n: torch.cartesian_prod(
            torch.linspace(-2, 2, n), torch.linspace(-2, 2, n)
        ),
        "positions",
    ),
    "snake": (snake, "row by row"),
    "both repeat": (
        lambda n: torch.stack([quantiles(n).repeat(n), quantiles(n).repeat(n)], 1),
        "row by row",
    ),
    "transposed pairs": (lambda n: grid(n).T, "shape"),
    "meshgrid's tuple": (
        lambda n: torch.meshgrid(quantiles(n), quantiles(n), indexing="xy"),
        "not a tensor",
    ),
    "a square table": (lambda n: grid(n).reshape(n, n, 2), "shape"),
}


def kl(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)


def kl_by_distributions(mu, logvar):
    code = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(code, prior).mean(0)


KL_RIGHT = {
    "closed form": lambda mu, logvar: kl(mu, logvar).mean(0),
    "sum over N": lambda mu, logvar: kl(mu, logvar).sum(0) / len(mu),
    "float64": lambda mu, logvar: kl(mu.double(), logvar.double()).mean(dim=-2),
    "distributions": kl_by_distributions,
}
KL_WRONG = {
    "per image": (lambda mu, logvar: kl(mu, logvar).sum(1), "average over dim=0"),
    "one number": (lambda mu, logvar: kl(mu, logvar).mean(), "images only"),
    "not reduced": (lambda mu, logvar: kl(mu, logvar), "missing"),
    "summed": (lambda mu, logvar: kl(mu, logvar).sum(0), "sum over the images"),
    "sign": (lambda mu, logvar: -kl(mu, logvar).mean(0), "sign is flipped"),
    "twice": (lambda mu, logvar: 2 * kl(mu, logvar).mean(0), "1/2 is missing"),
    "over d": (
        lambda mu, logvar: kl(mu, logvar).mean(0) / 5,
        "mean over the dimensions",
    ),
    "swapped": (lambda mu, logvar: kl(logvar, mu).mean(0), "swapped"),
    "of the mean": (lambda mu, logvar: kl(mu.mean(0), logvar.mean(0)), "mean code"),
    "no mu": (lambda mu, logvar: kl(0 * mu, logvar).mean(0), "mu takes no part"),
    "no logvar": (lambda mu, logvar: kl(mu, 0 * logvar).mean(0), "logvar takes no"),
    "log std": (lambda mu, logvar: kl(mu, 2 * logvar).mean(0), "variance already"),
    "free bits": (
        lambda mu, logvar: kl(mu, logvar).mean(0).clamp(min=0.5),
        "the terms",
    ),
    "sorted": (
        lambda mu, logvar: kl(mu, logvar).mean(0).sort(descending=True).values,
        "keep their order",
    ),
    "in place": (lambda mu, logvar: kl(mu.abs_(), logvar).mean(0), "was changed"),
    "std for var": (
        lambda mu, logvar: 0.5 * (mu**2 + (logvar / 2).exp() - 1 - logvar).mean(0),
        "the terms",
    ),
}

ACTIVE_RIGHT = {
    "var": lambda mu, threshold=0.01: mu.var(dim=0) > threshold,
    "var without correction": lambda mu, threshold=0.01: (
        mu.var(dim=0, correction=0) >= threshold
    ),
    "std squared": lambda mu, threshold=0.01: mu.std(dim=0) ** 2 > threshold,
    "by hand": lambda mu, threshold=0.01: (
        ((mu - mu.mean(0)) ** 2).mean(0).gt(threshold)
    ),
    "numpy": lambda mu, threshold=0.01: torch.from_numpy(
        np.var(mu.numpy(), axis=0) > threshold
    ),
}
ACTIVE_WRONG = {
    "std": (lambda mu, threshold=0.01: mu.std(dim=0) > threshold, "not the standard"),
    "square": (lambda mu, threshold=0.01: (mu**2).mean(0) > threshold, "always 2"),
    "size": (lambda mu, threshold=0.01: mu.abs().mean(0) > threshold, "always 2"),
    "collapsed": (lambda mu, threshold=0.01: mu.var(dim=0) < threshold, "above"),
    "fixed": (
        lambda mu, threshold=0.01: mu.var(dim=0) > 0.01,
        "instead of `threshold`",
    ),
    "wrong axis": (lambda mu, threshold=0.01: mu.var(dim=1) > threshold, "dim=0"),
    "range": (
        lambda mu, threshold=0.01: mu.amax(0) - mu.amin(0) > threshold,
        "the range",
    ),
    "relative": (
        lambda mu, threshold=0.01: mu.var(0) / mu.var(0).max() > threshold,
        "compared with the threshold",
    ),
    "other default": (lambda mu, threshold=0.1: mu.var(dim=0) > threshold, "default"),
    "indices": (
        lambda mu, threshold=0.01: torch.where(mu.var(dim=0) > threshold)[0],
        "no indices",
    ),
    "in place": (
        lambda mu, threshold=0.01: mu.sub_(mu.mean(0)).pow(2).mean(0) > threshold,
        "was changed",
    ),
    "a count": (lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).sum(), "later"),
    "numbers": (lambda mu, threshold=0.01: (mu.var(dim=0) > threshold).float(), "bool"),
}


def logistic(codes, labels, test_codes, test_labels):
    from sklearn.linear_model import LogisticRegression

    return (
        LogisticRegression(max_iter=1000)
        .fit(codes, labels)
        .score(test_codes, test_labels)
    )


def ridge(codes, labels, test_codes, test_labels):
    from sklearn.linear_model import RidgeClassifier

    answers = RidgeClassifier().fit(codes, labels).predict(test_codes)
    return np.mean(answers == test_labels)


def least_squares(codes, labels, test_codes, test_labels):
    """One linear output for each class, by hand."""
    ones = np.ones((len(codes), 1))
    targets = np.eye(labels.max() + 1)[labels]
    weight, *_ = np.linalg.lstsq(np.hstack([codes, ones]), targets, rcond=None)
    scores = np.hstack([test_codes, np.ones((len(test_codes), 1))]) @ weight
    return torch.tensor((scores.argmax(1) == test_labels).mean())


def neighbours(codes, labels, test_codes, test_labels):
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(3).fit(codes, labels).score(test_codes, test_labels)


def softmax_by_hand(codes, labels, test_codes, test_labels):
    x, y = torch.tensor(codes).float(), torch.tensor(labels)
    layer = nn.Linear(x.shape[1], 10)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=50)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(layer(x), y)
        loss.backward()
        return loss

    optimizer.step(closure)
    answers = layer(torch.tensor(test_codes).float()).argmax(1)
    return (answers == torch.tensor(test_labels)).float().mean().item()


def fitted(make):
    """The accuracy of any classifier of scikit-learn."""
    return lambda c, y, t, u: make().fit(c, y).score(t, u)


def scaled_apart(codes, labels, test_codes, test_labels):
    def scaled(a):
        return (a - a.mean(0)) / a.std(0)

    return logistic(scaled(codes), labels, scaled(test_codes), test_labels)


def on_both(codes, labels, test_codes, test_labels):
    every = np.concatenate([codes, test_codes])
    names = np.concatenate([labels, test_labels])
    return logistic(every, names, test_codes, test_labels)


def regression(codes, labels, test_codes, test_labels):
    answers = LinearRegression().fit(codes, labels).predict(test_codes).round()
    return np.mean(answers == test_labels)


PROBE_RIGHT = {
    "logistic": logistic,
    "ridge": ridge,
    "least squares": least_squares,
    "linear SVC": fitted(lambda: SVC(kernel="linear")),
    "perceptron": fitted(Perceptron),
    "softmax by hand": softmax_by_hand,
}
PROBE_WRONG = {
    "percent": (lambda *a: 100 * logistic(*a), "percent"),
    "on training codes": (
        lambda c, y, t, u: logistic(c, y, c, y),
        "test_codes|trained",
    ),
    "trained on test": (
        lambda c, y, t, u: logistic(t, u, t, u),
        "test_codes|trained on",
    ),
    "not linear": (neighbours, "not linear"),
    "trained on both": (on_both, "never trained on"),
    "the other way round": (
        lambda c, y, t, u: logistic(t, u, c, y),
        "codes and labels",
    ),
    "curved kernel": (fitted(SVC), "not linear"),
    "Gaussian classes": (fitted(GaussianNB), "not linear"),
    "scaled apart": (scaled_apart, "scaled|labels that"),
    "numbers for classes": (regression, "accuracy"),
    "errors": (lambda *a: 1 - logistic(*a), "errors"),
    "a text": (lambda *a: f"{logistic(*a):.3f}", "share from 0 to 1"),
    "the classifier": (lambda c, y, t, u: {"score": 1}, "one number"),
    "nothing": (lambda *a: None, "return"),
}


def set_bias(layer, mean):
    with torch.no_grad():
        layer.bias.copy_(torch.logit(mean.clamp(0.003, 0.997)))


def set_data(layer, mean):
    m = mean.clip(3e-3, 1 - 3e-3)
    layer.bias.data = torch.log(m / (1 - m))


def new_parameter(layer, mean):
    layer.bias = nn.Parameter(torch.logit(mean, eps=0.003))


def frozen(layer, mean):
    layer.bias = nn.Parameter(torch.logit(mean, eps=0.003), requires_grad=False)


def in_place(layer, mean):
    set_bias(layer, mean.clamp_(0.003, 0.997))


def weightless(layer, mean):
    set_bias(layer, mean)
    nn.init.zeros_(layer.weight)


def setter(values):
    def function(layer, mean):
        with torch.no_grad():
            layer.bias.copy_(values(mean))

    return function


def by_loop(layer, mean):
    with torch.no_grad():
        for i, m in enumerate(mean.tolist()):
            m = min(max(m, 0.003), 0.997)
            layer.bias[i] = np.log(m / (1 - m))


def by_state(layer, mean):
    bias = torch.special.logit(mean, eps=0.003)
    layer.load_state_dict({"weight": layer.weight, "bias": bias})


def without_no_grad(layer, mean):
    layer.bias.copy_(torch.logit(mean, eps=0.003))


def added(layer, mean):
    layer.bias.data += torch.logit(mean, eps=0.003)


def weight_frozen(layer, mean):
    set_bias(layer, mean)
    layer.weight.requires_grad_(False)


def as_a_row(layer, mean):
    layer.bias.data = torch.logit(mean, eps=0.003)[None]


START_RIGHT = {
    "copy_": set_bias,
    "data": set_data,
    "one by one": by_loop,
    "load_state_dict": by_state,
}
START_WRONG = {
    "no clamp": (setter(torch.logit), "clamp"),
    "the mean": (setter(lambda m: m.clamp(0.003, 0.997)), "use its logit"),
    "sigmoid": (setter(torch.sigmoid), "inverse"),
    "sign": (setter(lambda m: -torch.logit(m, eps=0.003)), "sign is flipped"),
    "clamp too tight": (setter(lambda m: torch.logit(m, eps=0.04)), "bounds"),
    "frozen": (frozen, "trainable"),
    "weight frozen": (weight_frozen, "weight is not trainable"),
    "a new parameter": (new_parameter, "new tensor"),
    "no no_grad": (without_no_grad, "with torch.no_grad"),
    "added": (added, "added to the old bias"),
    "a row": (as_a_row, "shape"),
    "clamp too wide": (setter(lambda m: torch.logit(m, eps=1e-6)), "bounds"),
    "a copy": (lambda layer, mean: set_bias(copy.deepcopy(layer), mean), "a copy"),
    "in place": (in_place, "clamp_"),
    "weight": (weightless, "weight was changed"),
    "nothing": (lambda layer, mean: None, "has not changed"),
}

EXERCISES = {
    "normal_quantiles": (checks.normal_quantiles, QUANTILES_RIGHT, QUANTILES_WRONG),
    "latent_grid": (checks.latent_grid, GRID_RIGHT, GRID_WRONG),
    "kl_per_dimension": (checks.kl_per_dimension, KL_RIGHT, KL_WRONG),
    "active_units": (checks.active_units, ACTIVE_RIGHT, ACTIVE_WRONG),
    "linear_probe": (checks.linear_probe, PROBE_RIGHT, PROBE_WRONG),
    "start_at_mean_image": (checks.start_at_mean_image, START_RIGHT, START_WRONG),
}
RIGHT = [(e, v) for e, (_, right, _) in EXERCISES.items() for v in right]
WRONG = [(e, v) for e, (_, _, wrong) in EXERCISES.items() for v in wrong]


@pytest.mark.parametrize(("exercise", "variant"), RIGHT)
def test_right_in_several_ways(exercise, variant, capsys):
    check, right, _ = EXERCISES[exercise]
    for _ in range(3):  # a check may not depend on luck
        check(right[variant])
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize(("exercise", "variant"), WRONG)
def test_wrong_is_named(exercise, variant):
    check, _, wrong = EXERCISES[exercise]
    function, named = wrong[variant]
    with pytest.raises(CheckFailed, match=named):
        check(function)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_random_numbers_stay_where_they_were(exercise):
    check, right, _ = EXERCISES[exercise]
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    check(next(iter(right.values())))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_stub_stays_a_stub(exercise):
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=f"{exercise}.*not written yet"):
        EXERCISES[exercise][0](stub)
