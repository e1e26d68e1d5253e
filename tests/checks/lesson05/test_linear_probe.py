"""Right and wrong answers to `linear_probe`, lesson 05."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, Perceptron
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from torch import nn

from helpers.checks import lesson05 as checks
from tests.checks.lesson05 import _tries


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


RIGHT = {
    "logistic": logistic,
    "ridge": ridge,
    "least squares": least_squares,
    "linear SVC": fitted(lambda: SVC(kernel="linear")),
    "perceptron": fitted(Perceptron),
    "softmax by hand": softmax_by_hand,
}
WRONG = {
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


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    _tries.passes_always(checks.linear_probe, RIGHT[variant], capsys)


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    _tries.is_named(checks.linear_probe, *WRONG[variant])


def test_random_numbers_stay_where_they_were():
    _tries.leaves_random_numbers(checks.linear_probe, next(iter(RIGHT.values())))


def test_a_stub_stays_a_stub():
    _tries.is_a_stub(checks.linear_probe)
