"""``pca_reconstruct``: wrong answers, what its check says, and right ones."""

import numpy as np
import torch
from sklearn.decomposition import PCA, TruncatedSVD

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.pca_reconstruct
NAMES = ("pca_reconstruct",)


def pca(train, images, k, **options):
    model = PCA(k, **options).fit(train)
    return model.inverse_transform(model.transform(images))


def by_svd(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.svd(train - mean, full_matrices=False)[2][:k]
    return (images - mean) @ v.T @ v + mean


def by_eigh(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.eigh(np.cov(train.T))[1][:, -k:]
    return (images - mean) @ v @ v.T + mean


def by_torch(train, images, k):
    train, images = torch.from_numpy(train), torch.from_numpy(images)
    mean = train.mean(dim=0)
    v = torch.linalg.svd(train - mean, full_matrices=False)[2][:k]
    return (images - mean) @ v.T @ v + mean


def uncentred(train, images, k):
    v = np.linalg.svd(train, full_matrices=False)[2][:k]
    return images @ v.T @ v


def truncated(train, images, k):
    model = TruncatedSVD(k, algorithm="arpack").fit(train)
    return model.inverse_transform(model.transform(images))


def mean_lost(train, images, k):
    return pca(train, images, k) - train.mean(axis=0)


def mean_only_added(train, images, k):
    v = PCA(k).fit(train).components_
    return images @ v.T @ v + train.mean(axis=0)


def mean_ignored(train, images, k):
    v = PCA(k).fit(train).components_
    return images @ v.T @ v


def mean_of_images(train, images, k):
    v, mean = PCA(k).fit(train).components_, images.mean(axis=0)
    return (images - mean) @ v.T @ v + mean


def smallest(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.eigh(np.cov(train.T))[1][:, :k]
    return (images - mean) @ v @ v.T + mean


def standardised(train, images, k):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return pca((train - mean) / std, (images - mean) / std, k) * std + mean


def changes_images(train, images, k):
    images -= train.mean(axis=0)
    return pca(train, images, k)


def one_mean_for_all(train, images, k):
    v = np.linalg.svd(train - train.mean(), full_matrices=False)[2][:k]
    return (images - train.mean()) @ v.T @ v + train.mean()


def columns_for_rows(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.svd(train - mean)[2][:, :k]
    return (images - mean) @ v @ v.T + mean


def whitened(train, images, k):
    model = PCA(k, whiten=True).fit(train)
    return model.transform(images) @ model.components_ + model.mean_


def largest_pixels(train, images, k):
    keep = np.argsort(train.var(axis=0))[-k:]
    answer = np.tile(train.mean(axis=0), (len(images), 1))
    answer[:, keep] = images[:, keep]
    return answer


def without_the_first(train, images, k):
    mean, v = train.mean(axis=0), PCA().fit(train).components_[1 : k + 1]
    return (images - mean) @ v.T @ v + mean


WRONG = [
    (one_mean_for_all, "mean of all pixels"),
    (columns_for_rows, "rows and columns"),
    (whitened, "do not rescale the codes"),
    (largest_pixels, "other directions"),
    (lambda t, x, k: pca(t[:150], x, k), "all of `train`"),
    (without_the_first, "first component was left out"),
    (lambda t, x, k: pca(t, x, 2), "2 components"),
    (lambda t, x, k: pca(t, x, 0.99), "a share of the variance"),
    (lambda t, x, k: pca(t, x, None), "`k` is not used"),
    (lambda t, x, k: pca(t, x, k) + t.mean(axis=0), "mean was added twice"),
    (lambda t, x, k: pca(t, x - t.mean(axis=0), k), "mean was subtracted twice"),
    (lambda t, x, k: np.round(pca(t, x, k)), "rounded"),
    (lambda t, x, k: pca(t, x, k).astype(int), "whole numbers"),
    (lambda t, x, k: (t, pca(t, x, k)), "a tuple of 2"),
    (lambda t, x, k: pca(t, x, k).tolist(), "a list of"),
    (lambda t, x, k: pca(t, x, k - 1), "one too few"),
    (lambda t, x, k: pca(t, x, k + 1), "one too many"),
    (uncentred, "without centring"),
    (truncated, "not subtracted before the fit"),
    (mean_lost, "never added back"),
    (mean_only_added, "added but not subtracted"),
    (mean_ignored, "neither subtracted nor added"),
    (mean_of_images, "mean of `images`, not of `train`"),
    (lambda t, x, k: pca(x, x, k), "fitted on `images`"),
    (lambda t, x, k: pca(np.concatenate([t, x]), x, k), "together"),
    (smallest, "smallest variance"),
    (standardised, "standard deviation"),
    (lambda t, x, k: np.clip(pca(t, x, k), 0, 1), "clipped"),
    (lambda t, x, k: x.copy(), "came back"),
    (lambda t, x, k: PCA(k).fit(t).transform(x), "these are the codes"),
    (lambda t, x, k: np.broadcast_to(t.mean(axis=0), x.shape), "no component"),
    (lambda t, x, k: pca(t, t, k), "which array"),
    (lambda t, x, k: pca(t, x, 4), "number written"),
    (changes_images, "stay as they are"),
    (lambda t, x, k: None, "returned None"),
]


def one_image_at_a_time(train, images, k):
    model = PCA(k).fit(train)
    return np.vstack(
        [model.inverse_transform(model.transform(x[None])) for x in images]
    )


def zeroed_codes(train, images, k):
    model = PCA().fit(train)
    z = model.transform(images)
    z[:, k:] = 0
    return model.inverse_transform(z)


RIGHT = [
    one_image_at_a_time,
    zeroed_codes,
    pca,
    lambda t, x, k: pca(t, x, k, svd_solver="covariance_eigh"),
    lambda t, x, k: pca(t, x, k, svd_solver="full", whiten=True),
    lambda t, x, k: pca(t, x, k, svd_solver="randomized", random_state=1),
    lambda t, x, k: pca(t.astype(np.float64), x.astype(np.float64), k),
    by_svd,
    by_eigh,
    by_torch,
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
