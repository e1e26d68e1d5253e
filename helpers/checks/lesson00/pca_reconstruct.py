"""Reconstructions from principal components."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson00._arrays import as_array, compare, unchanged


@check("pca_reconstruct")
def pca_reconstruct(reconstruct: Callable) -> None:
    """Check ``pca_reconstruct(train, images, k)``, k principal components."""
    train, images = _two_clouds()
    k = 4
    before = train.copy(), images.copy()
    result = reconstruct(train, images, k)
    got = as_array(result, "pca_reconstruct", torch_too=True)
    unchanged("pca_reconstruct", (train, images), before)
    if got.shape == (len(images), k):
        raise CheckFailed(
            f"shape {got.shape}: these are the codes, {k} numbers an image",
            f"reconstructions of shape {images.shape}",
            "the way back: `inverse_transform`, or codes @ components + mean",
        )
    if got.dtype.kind in "biu":
        raise CheckFailed(
            f"whole numbers ({got.dtype})",
            "an array of float",
            "a cast to whole numbers at the end",
        )
    if got.shape != images.shape:
        raise CheckFailed(
            f"shape {got.shape} from train {train.shape} and images {images.shape}",
            f"one reconstruction for each of `images`: {images.shape}",
            "which array goes through the projection",
        )
    x = images.astype(np.float64)
    mean, own = train.mean(axis=0, dtype=np.float64), x.mean(axis=0)
    v, plain = _directions(train), _directions(train, centre=False)
    both = np.concatenate([train, images])
    project = {c: v[:c].T @ v[:c] for c in range(1, 31)}
    last, second = v[-k:].T @ v[-k:], v[1 : k + 1].T @ v[1 : k + 1]
    grey = _directions(train - train.mean(), centre=False)[:k]
    std = train.std(axis=0, dtype=np.float64)
    w = _directions(train / std)[:k]
    right = (x - mean) @ project[k] + mean
    compare(
        got,
        right,
        {
            f"{k - 1} components, one too few": (x - mean) @ project[k - 1] + mean,
            f"{k + 1} components, one too many": (x - mean) @ project[k + 1] + mean,
            "the images themselves came back, as from all 30 components: `k` is "
            "not used": x,
        }
        | {
            f"{c} components, not {k}: is `k` used, or a number or a share of the "
            "variance in its place?": (x - mean) @ project[c] + mean
            for c in range(1, 30)
        }
        | {
            "without centring: the mean was not subtracted before the fit": (
                x @ plain[:k].T @ plain[:k]
            ),
            "the mean was never added back": right - mean,
            "the mean was added but not subtracted": x @ project[k] + mean,
            "the mean was neither subtracted nor added": x @ project[k],
            "centred with the mean of `images`, not of `train`": (
                (x - own) @ project[k] + own
            ),
            "centred with the mean of `images` and moved to that of `train`": (
                (x - own) @ project[k] + mean
            ),
            "fitted on `images`: a leak, the test images chose the components": (
                _fitted(images, x, k)
            ),
            "fitted on `train` and `images` together: a leak": _fitted(both, x, k),
            "the components of smallest variance": (x - mean) @ last + mean,
            "every pixel was divided by its standard deviation before the fit": (
                ((x - mean) / std @ w.T @ w) * std + mean
            ),
            "the first component was left out": (x - mean) @ second + mean,
            "centred with one number, the mean of all pixels: each pixel has its own "
            "mean": (x - train.mean()) @ grey.T @ grey + train.mean(),
            "the mean was added twice": right + mean,
            "the mean was subtracted twice: `transform` does it already": (
                right - mean @ project[k]
            ),
            "clipped to [0, 1]": np.clip(right, 0, 1),
            "rounded": np.round(right),
            "the mean image for all: no component was used": np.tile(mean, (len(x), 1)),
            "the reconstructions of `train`": _fitted(train, train, k)[: len(x)],
        },
        what="the reconstructions are",
        rule=f"the mean of `train` plus the part along its first {k} principal "
        "components",
        tolerance=2e-3,
        show_values=False,
        look=_other_subspace(got - mean, v[:k]),
    )
    alone = as_array(reconstruct(train, images[:1], k), "pca_reconstruct", True)
    if alone.shape != (1, images.shape[1]) or np.abs(alone - right[:1]).max() > 0.02:
        raise CheckFailed(
            "an image alone is reconstructed otherwise than among others",
            "each image by itself: mean and components come from `train`",
            "anything computed from `images`: a mean, a maximum, a fit",
        )
    for k in (1, 9):
        got = as_array(reconstruct(train, images, k), "pca_reconstruct", True)
        right = (x - mean) @ v[:k].T @ v[:k] + mean
        if got.shape != right.shape or np.abs(got - right).max() > 0.02:
            raise CheckFailed(
                f"right for k = 4, wrong for k = {k}",
                f"{k} components",
                "is `k` used, or is a number written in its place?",
            )


def _other_subspace(centred: np.ndarray, v: np.ndarray) -> str:
    """Where to look if reconstructions, minus the mean, are not along the rows of v."""
    if not np.isfinite(centred).all():
        return "a division by zero, or the root of a negative number"
    spread = centred - centred.mean(axis=0)
    size = np.linalg.svd(spread, compute_uv=False)
    rank = int((size > 1e-3 * size[0]).sum())
    if rank != len(v):
        return (
            f"the reconstructions differ along {rank} directions, not {len(v)}: only "
            f"the first {len(v)} components may come back"
        )
    if np.abs(spread - spread @ v.T @ v).max() > 1e-2 * np.abs(spread).max():
        return (
            "these are other directions than the first components of `train`: fit on "
            "all of `train`, centred and not rescaled; rows and columns of the "
            "matrix of components are easily confused"
        )
    return (
        "the components are right, the lengths or the mean are not: subtract the mean "
        "of `train` once, add it once, and do not rescale the codes"
    )


def _two_clouds() -> tuple[np.ndarray, np.ndarray]:
    """Train (300, 30) and images (40, 30), far from 0 and from each other's mean."""
    rng = np.random.default_rng(7)
    basis = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    spread = 3 * 0.75 ** np.arange(30)
    scale = rng.uniform(0.3, 3, size=30)
    centre = rng.normal(size=30) * 2
    train = (rng.normal(size=(300, 30)) * spread) @ basis * scale + centre
    other = (rng.normal(size=(40, 30)) * spread[::-1] ** 0.3) @ basis
    images = other + centre + rng.normal(size=30)
    return train.astype(np.float32), images.astype(np.float32)


def _directions(x: np.ndarray, centre: bool = True) -> np.ndarray:
    """Principal directions of the rows of x, largest variance first, (D, D)."""
    x = x.astype(np.float64)
    if centre:
        x = x - x.mean(axis=0)
    return np.linalg.svd(x, full_matrices=False)[2]


def _fitted(train: np.ndarray, images: np.ndarray, k: int) -> np.ndarray:
    """The images through k principal components of `train`."""
    mean, v = train.mean(axis=0, dtype=np.float64), _directions(train)[:k]
    return (images - mean) @ v.T @ v + mean
