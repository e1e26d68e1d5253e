"""``pca_reconstruct``: wrong answers, what its check says, and right ones."""

import sys
import warnings

import numpy as np
import torch
from scipy.linalg import svd as scipy_svd
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


def chatty(train, images, k):
    warnings.warn("fitting", stacklevel=2)
    print(train.shape, file=sys.stderr)
    return pca(train, images, k)


def by_scipy(train, images, k):
    mean = np.mean(train, axis=0, keepdims=True)
    rows = scipy_svd(train - mean, full_matrices=False)[2][:k]
    codes = np.einsum("nd,kd->nk", images - mean, rows)
    return np.einsum("nk,kd->nd", codes, rows) + mean


def by_pca_lowrank(train, images, k):
    train, images = torch.tensor(train), torch.tensor(images)
    mean = train.mean(0)
    v = torch.pca_lowrank(train, q=min(k + 12, *train.shape), niter=6)[2][:, :k]
    return ((images - mean) @ v @ v.T + mean).numpy()


def by_components(train, images, k):
    model = PCA(n_components=k).fit(train)
    w = model.components_
    return (images - model.mean_) @ w.T @ w + model.mean_


def columns_of_u(train, images, k):
    mean = train.mean(axis=0)
    u = np.linalg.svd((train - mean).T @ (train - mean))[0][:, :k]
    return mean + (u @ (u.T @ (images - mean).T)).T


def truncated_centred(train, images, k):
    mean = train.mean(axis=0)
    model = TruncatedSVD(k, algorithm="arpack").fit(train - mean)
    return model.inverse_transform(model.transform(images - mean)) + mean


def fit_both(train, images, k):
    model = PCA(k).fit(train)
    return model.inverse_transform(PCA(k).fit_transform(images))


def refit_on_images(train, images, k):
    model = PCA(k).fit(train)
    return model.inverse_transform(model.fit_transform(images))


def kept_for_later(train, images, k):
    if k not in KEPT:
        KEPT[k] = PCA(k).fit(train)
    return KEPT[k].inverse_transform(KEPT[k].transform(images))


KEPT = {}


def unscaled_scaler(train, images, k):
    model = make_pipeline(StandardScaler(), PCA(k)).fit(train)
    return model.inverse_transform(model.transform(images))


def code_dropped(train, images, k):
    model = PCA(k).fit(train)
    z = model.transform(images)
    z[:, -1] = 0
    return model.inverse_transform(z)


def relu_on_the_code(train, images, k):
    model = PCA(k).fit(train)
    return model.inverse_transform(np.maximum(model.transform(images), 0))


def rounded_codes(train, images, k):
    model = PCA(k).fit(train)
    return model.inverse_transform(np.round(model.transform(images)))


def not_orthonormal(train, images, k):
    model = PCA(k).fit(train)
    w = model.components_ * np.sqrt(model.explained_variance_)[:, None]
    return (images - model.mean_) @ w.T @ w + model.mean_


def u_for_v(train, images, k):
    u = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)[0]
    return u[: len(images), :k]


def images_scaled(train, images, k):
    return pca(train / train.max(), images / images.max(), k) * images.max()


def clipped_once(train, images, k):
    return np.clip(pca(train, images, k), 0, None)


def first_thousand(train, images, k):
    return pca(train[:1000], images, k)


def first_thousand_images(train, images, k):
    x_hat = np.tile(train.mean(axis=0), (len(images), 1))
    x_hat[:1000] = pca(train, images[:1000], k)
    return x_hat


def median_for_mean(train, images, k):
    middle = np.median(train, axis=0)
    v = np.linalg.svd(train - middle, full_matrices=False)[2][:k]
    return (images - middle) @ v.T @ v + middle


def random_directions(train, images, k):
    mean = train.mean(axis=0)
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(train.shape[1], k)))[0]
    return (images - mean) @ q @ q.T + mean


def whitened_one_way(train, images, k):
    model = PCA(k, whiten=True).fit(train)
    plain = PCA(k).fit(train)
    return plain.inverse_transform(model.transform(images))


def smallest_of_eigh(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.eigh(np.cov(train, rowvar=False))[1][:, :k]
    return (images - mean) @ v @ v.T + mean


def each_images_own_mean(train, images, k):
    own = images.mean(axis=1, keepdims=True)
    return pca(train - train.mean(axis=1, keepdims=True), images - own, k) + own


def codes_standardised(train, images, k):
    model = PCA(k).fit(train)
    z = model.transform(images)
    return model.inverse_transform((z - z.mean(axis=0)) / (z.std(axis=0) + 1e-8))


def in_place(train, images, k):
    train -= train.mean(axis=0)
    return pca(train, images, k)


def kept_by_shape():
    fits = {}

    def answer(train, images, k):
        fit = fits.setdefault((train.shape, k), PCA(k, svd_solver="full").fit(train))
        return fit.inverse_transform(fit.transform(images))

    return answer


WRONG = [
    (
        lambda train, images, k: np.squeeze(pca(train, images, k)),
        "for one image has shape",
    ),
    (lambda t, x, k: np.maximum(pca(t, x, k), 0), "below 0 are clipped"),
    (lambda t, x, k: np.minimum(pca(t, x, k), 1), "above 1 are clipped"),
    (lambda t, x, k: pca(t, t, k)[: len(x)], "those of `train`"),
    (kept_by_shape(), "an earlier call"),
    (fit_both, "codes from the same fit"),
    (refit_on_images, "a leak, the test images chose"),
    (kept_for_later, "an earlier call"),
    (unscaled_scaler, "standard deviation"),
    (code_dropped, "one too few"),
    (relu_on_the_code, "lengths or the mean"),
    (rounded_codes, "directions"),
    (not_orthonormal, "rescale them"),
    (u_for_v, "these are the codes"),
    (images_scaled, "mean"),
    (clipped_once, "with k ="),
    (first_thousand, "with k ="),
    (first_thousand_images, "with k ="),
    (median_for_mean, "mean"),
    (random_directions, "other directions"),
    (whitened_one_way, "rescale them"),
    (smallest_of_eigh, "smallest variance"),
    (each_images_own_mean, "directions, not"),
    (codes_standardised, "do not"),
    (lambda t, x, k: np.sort(pca(t, x, k), axis=1), "with k ="),
    (in_place, "stay as they are"),
    (lambda t, x, k: x - pca(t, x, k), "leaves over"),
    (lambda t, x, k: pca(t, x, k) / 255, "with k ="),
    (lambda t, x, k: pca(t, x, k).astype(np.float16).round(1), "with k ="),
    (lambda t, x, k: pca(t, x, max(k, 2)), "with k = 1"),
    (lambda t, x, k: pca(t, x, min(k, 5)), "5 components, not"),
    (lambda t, x, k: pca(t[:100], x, k), "all of `train`"),
    (lambda t, x, k: pca(t, x, k).T, "which array"),
    (lambda t, x, k: pca(t, x, k).reshape(-1), "which array"),
    (lambda t, x, k: pca(t, x, k).mean(axis=0), "which array"),
    (lambda t, x, k: PCA(k).fit(t), "a PCA"),
    (lambda t, x, k: PCA(k).fit(t).components_, "which array"),
    (lambda t, x, k: pca(t, x, k) + 0.01, "the lengths or the mean"),
    (lambda t, x, k: print(pca(t, x, k)), "returned None"),
    (one_mean_for_all, "mean of all pixels"),
    (columns_for_rows, "rows and columns"),
    (whitened, "rescale them"),
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
    (uncentred, "without centering"),
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
    (lambda t, x, k: pca(t, x, 4), "is `k` used"),
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
    chatty,
    by_scipy,
    by_pca_lowrank,
    by_components,
    columns_of_u,
    truncated_centred,
    lambda t, x, k: (
        IncrementalPCA(k, batch_size=len(t))
        .fit(t)
        .inverse_transform(IncrementalPCA(k, batch_size=len(t)).fit(t).transform(x))
    ),
    lambda t, x, k: torch.from_numpy(pca(t, x, k)),
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
