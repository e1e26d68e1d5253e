"""Right and wrong answers to `linear_probe`, lesson 05."""

import logging
import sys
import warnings

import numpy as np
import torch
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Perceptron,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    PolynomialFeatures,
    StandardScaler,
    normalize,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from torch import nn
from tqdm import tqdm

from helpers.checks import lesson05 as checks
from tests.checks.trial import trial

CHECK = checks.linear_probe
NAMES = ("linear_probe",)


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


def of_length_one(codes, labels, test_codes, test_labels):
    return logistic(normalize(codes), labels, normalize(test_codes), test_labels)


def through_zero(codes, labels, test_codes, test_labels):
    probe = LogisticRegression(max_iter=1000, fit_intercept=False)
    return probe.fit(codes, labels).score(test_codes, test_labels)


def least_squares_through_zero(codes, labels, test_codes, test_labels):
    weight, *_ = np.linalg.lstsq(codes, np.eye(labels.max() + 1)[labels], rcond=None)
    return np.mean((test_codes @ weight).argmax(1) == test_labels)


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


def adam_by_hand(codes, labels, test_codes, test_labels):
    x, y = torch.from_numpy(codes), torch.from_numpy(labels)
    layer = nn.Linear(codes.shape[1], 10)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    for _ in tqdm(range(200)):
        loss = nn.functional.cross_entropy(layer(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        answers = layer(torch.from_numpy(test_codes)).argmax(1).numpy()
    return float((answers == test_labels).mean())


def minibatches_by_hand(codes, labels, test_codes, test_labels):
    data = torch.utils.data.TensorDataset(
        torch.as_tensor(codes), torch.as_tensor(labels)
    )
    layer = nn.Linear(codes.shape[1], 10)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.05)
    for _ in range(10):
        for x, y in torch.utils.data.DataLoader(data, batch_size=50, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(layer(x), y).backward()
            optimizer.step()
    right = 0
    for x, y in zip(test_codes, test_labels, strict=True):
        right += int(layer(torch.from_numpy(x)).argmax() == y)
    return right / len(test_labels)


def scaled_by_training(codes, labels, test_codes, test_labels):
    scaler = StandardScaler().fit(codes)
    return logistic(
        scaler.transform(codes), labels, scaler.transform(test_codes), test_labels
    )


def by_numpy_scaling(codes, labels, test_codes, test_labels):
    mean, std = codes.mean(0), codes.std(0) + 1e-8
    return logistic(
        (codes - mean) / std, labels, (test_codes - mean) / std, test_labels
    )


def told_much(codes, labels, test_codes, test_labels):
    warnings.warn("this may take a while", stacklevel=2)
    logging.getLogger("probe").warning("training on %d codes", len(codes))
    print("done", file=sys.stderr)
    return logistic(codes, labels, test_codes, test_labels)


def deprecated(codes, labels, test_codes, test_labels):
    # scikit-learn warns of n_jobs, of penalty, and that 3 iterations are too few.
    classifier = LogisticRegression(n_jobs=-1, penalty="l2", max_iter=1000)
    return classifier.fit(codes, labels).score(test_codes, test_labels)


def by_accuracy_score(codes, labels, test_codes, test_labels):
    classifier = OneVsRestClassifier(LinearSVC()).fit(codes, labels)
    return accuracy_score(test_labels, classifier.predict(test_codes))


def by_proba(codes, labels, test_codes, test_labels):
    classifier = LogisticRegression(max_iter=500, C=10).fit(codes, labels)
    best = classifier.classes_[classifier.predict_proba(test_codes).argmax(axis=1)]
    return np.count_nonzero(best == test_labels) / test_labels.size


def scaled_by_both(codes, labels, test_codes, test_labels):
    scaler = StandardScaler().fit(np.vstack([codes, test_codes]))
    return logistic(
        scaler.transform(codes), labels, scaler.transform(test_codes), test_labels
    )


def squeezed_by_both(codes, labels, test_codes, test_labels):
    scaler = MinMaxScaler().fit(np.concatenate([codes, test_codes]))
    return logistic(
        scaler.transform(codes), labels, scaler.transform(test_codes), test_labels
    )


def fitted_twice(codes, labels, test_codes, test_labels):
    scaler = StandardScaler()
    return logistic(
        scaler.fit_transform(codes),
        labels,
        scaler.fit_transform(test_codes),
        test_labels,
    )


def scaled_but_the_test(codes, labels, test_codes, test_labels):
    return logistic(
        StandardScaler().fit_transform(codes),
        labels,
        test_codes,
        test_labels,
    )


def unscaled_test(codes, labels, test_codes, test_labels):
    return logistic(
        MinMaxScaler().fit_transform(codes), labels, test_codes, test_labels
    )


def by(score):
    """Another score than the share that is right."""
    return lambda c, y, t, u: score(
        u, LogisticRegression(max_iter=1000).fit(c, y).predict(t)
    )


def centred_in_place(codes, labels, test_codes, test_labels):
    mean = codes.mean(0)
    codes -= mean
    return logistic(codes, labels, test_codes - mean, test_labels)


def a_hidden_layer(codes, labels, test_codes, test_labels):
    net = nn.Sequential(nn.Linear(codes.shape[1], 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        logits = net(torch.from_numpy(codes))
        nn.functional.cross_entropy(logits, torch.from_numpy(labels)).backward()
        optimizer.step()
    answers = net(torch.from_numpy(test_codes)).argmax(1).numpy()
    return (answers == test_labels).mean()


def on_a_part(size, **options):
    """Trained on a random part of the codes."""

    def function(codes, labels, test_codes, test_labels):
        part, _, names, _ = train_test_split(
            codes, labels, test_size=size, random_state=0, **options
        )
        return logistic(part, names, test_codes, test_labels)

    return function


def of_the_first(share):
    """Trained on the first codes."""

    def function(codes, labels, test_codes, test_labels):
        count = int(share * len(codes))
        return logistic(codes[:count], labels[:count], test_codes, test_labels)

    return function


def bent(change):
    """A function of each number, before the classifier."""
    return lambda c, y, t, u: logistic(change(c), y, change(t), u)


def on_some(choose):
    """Counted on some of the test codes."""

    def function(codes, labels, test_codes, test_labels):
        some = choose(codes, labels, test_codes, test_labels)
        return logistic(codes, labels, test_codes[some], test_labels[some])

    return function


def mean_of_batches(size):
    def function(codes, labels, test_codes, test_labels):
        probe = LogisticRegression(max_iter=1000).fit(codes, labels)
        starts = range(0, len(test_codes), size)
        return np.mean(
            [
                probe.score(test_codes[i : i + size], test_labels[i : i + size])
                for i in starts
            ]
        )

    return function


RIGHT = [
    logistic,
    ridge,
    least_squares,
    fitted(lambda: SVC(kernel="linear")),
    fitted(Perceptron),
    softmax_by_hand,
    adam_by_hand,
    minibatches_by_hand,
    scaled_by_training,
    by_numpy_scaling,
    told_much,
    deprecated,
    by_accuracy_score,
    by_proba,
    fitted(LinearDiscriminantAnalysis),
    fitted(NearestCentroid),
    fitted(SGDClassifier),
    fitted(lambda: make_pipeline(StandardScaler(), LogisticRegression())),
    fitted(lambda: make_pipeline(MinMaxScaler(), LinearSVC(C=10))),
    lambda c, y, t, u: np.float32(logistic(c, y, t, u)),
    fitted(lambda: LogisticRegression(class_weight="balanced", max_iter=1000)),
]
WRONG = [
    (
        fitted(
            lambda: make_pipeline(
                StandardScaler(), LogisticRegression(fit_intercept=False)
            )
        ),
        "the mean of all codes | an intercept",
    ),
    (
        fitted(lambda: make_pipeline(StandardScaler(), LinearSVC(fit_intercept=False))),
        "an intercept",
    ),
    (lambda *a: 100 * logistic(*a), "percent"),
    (lambda *a: round(100 * logistic(*a)), "percent"),
    (lambda c, y, t, u: logistic(c, y, c, y), "scored on codes and labels"),
    (lambda c, y, t, u: logistic(t, u, t, u), "never trained on"),
    (lambda c, y, t, u: logistic(t, u, c, y), "the pairs are swapped"),
    (on_both, "never trained on"),
    (lambda c, y, t, u: cross_val_score(Perceptron(), t, u).mean(), "never trained on"),
    (lambda c, y, t, u: cross_val_score(Perceptron(), c, y).mean(), "codes and labels"),
    (neighbours, "not linear"),
    (fitted(lambda: KNeighborsClassifier(1)), "not linear"),
    (fitted(SVC), "not linear"),
    (fitted(lambda: SVC(kernel="poly", degree=2)), "not linear"),
    (fitted(GaussianNB), "not linear"),
    (fitted(QuadraticDiscriminantAnalysis), "not linear"),
    (fitted(RandomForestClassifier), "not linear"),
    (fitted(DecisionTreeClassifier), "not linear"),
    (fitted(lambda: MLPClassifier(max_iter=500)), "not linear"),
    (a_hidden_layer, "not linear"),
    (
        fitted(lambda: make_pipeline(PolynomialFeatures(2), RidgeClassifier())),
        "not linear",
    ),
    (scaled_apart, "scaled by their own mean and spread"),
    (fitted_twice, "scaled by their own mean and spread"),
    (scaled_by_both, "fitted on both"),
    (squeezed_by_both, "fitted on both"),
    (scaled_but_the_test, "scaled alike"),
    (unscaled_test, "scaled alike"),
    (by(balanced_accuracy_score), "an average over the classes"),
    (by(lambda u, p: f1_score(u, p, average="macro")), "average"),
    (lambda c, y, t, u: logistic(c, y, t[:1000], u[:1000]), "first 1,000 test"),
    (lambda c, y, t, u: logistic(c[:1000], y[:1000], t, u), "train on all of them"),
    (regression, "accuracy"),
    (lambda c, y, t, u: LinearRegression().fit(c, y).score(t, u), "label as a number"),
    (lambda *a: 1 - logistic(*a), "errors"),
    (lambda *a: logistic(*a) * len(a[3]), "count"),
    (lambda *a: f"{logistic(*a):.3f}", "share from 0 to 1"),
    (lambda *a: print(logistic(*a)), "return"),
    (lambda c, y, t, u: LogisticRegression().fit(c, y), "one number"),
    (lambda c, y, t, u: LogisticRegression().fit(c, y).predict(t) == u, "one number"),
    (lambda c, y, t, u: {"score": 1}, "one number"),
    (lambda *a: None, "return"),
    (lambda *a: 0.913, "about 1"),
    (lambda *a: 1.0, "wrong on purpose"),
    (centred_in_place, "other numbers after the call"),
    (of_the_first(0.8), "train on all of them"),
    (of_the_first(0.9), "train on all of them"),
    (lambda c, y, t, u: logistic(c[:5000], y[:5000], t, u), "train on all of them"),
    (lambda c, y, t, u: logistic(c[:2000], y[:2000], t, u), "train on all of them"),
    (lambda c, y, t, u: logistic(c[-1000:], y[-1000:], t, u), "the first codes take"),
    (lambda c, y, t, u: logistic(c[::2], y[::2], t, u), "take no part in training"),
    (lambda c, y, t, u: logistic(c, y, t[:5000], u[:5000]), "first 5,000 test"),
    (on_a_part(0.2), "train_test_split"),
    (on_a_part(0.1), "train_test_split"),
    (bent(np.tanh), "tanh"),
    (bent(lambda c: c**3), "tanh, abs, clip, a power"),
    (bent(lambda c: c.astype(int)), "whole numbers"),
    (bent(lambda c: c.clip(-3, 3)), "clip"),
    (lambda *a: round(logistic(*a), 2), "is rounded"),
    (of_length_one, "length 1"),
    (on_some(lambda c, y, t, u: slice(-1)), "are left out, here 1"),
    (on_some(lambda c, y, t, u: slice(1, None)), "first test code"),
    (on_some(lambda c, y, t, u: slice(len(t) // 10 * 10)), "left out"),
    (on_some(lambda c, y, t, u: np.isin(u, y)), "not in training count"),
    (
        on_some(lambda c, y, t, u: np.unique(t, axis=0, return_index=True)[1]),
        "that are alike",
    ),
    (mean_of_batches(128), "batches of 128"),
    (mean_of_batches(32), "batches of 32"),
    (mean_of_batches(7), "131"),
    (through_zero, "an intercept"),
    (least_squares_through_zero, "an intercept"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
