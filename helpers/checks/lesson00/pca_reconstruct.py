"""Reconstructions from principal components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.checks.arrays import IN_PLACE, compare, read, want_shape
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays

CLOSE = 2e-3  # float32, and a randomized solver that takes few rounds


@check("pca_reconstruct")
def pca_reconstruct(reconstruct: Callable, draw: Draw) -> None:
    """Check ``pca_reconstruct(train, images, k)``, k principal components."""
    d, n = draw.integer(24, 36), draw.integer(30, 50)
    train, images = _pictures(draw, draw.integer(200, 300), n, d)
    k = draw.integer(3, 5)
    right = _right(reconstruct, train, images, k)
    alone = _call(reconstruct, train, images[:1], k)
    look = "squeeze(), or an index, that drops the axis of the images"
    want_shape(alone, (1, d), "what pca_reconstruct() gives for one image", look)
    if not np.abs(alone - right[:1]).max() <= 0.01:
        raise CheckFailed(
            "an image alone is reconstructed otherwise than among others",
            "each image by itself: mean and components come from `train`",
            "anything computed from `images`: a mean, a maximum, a fit",
        )
    for other in (1, 2, draw.integer(6, 9)):
        _right(reconstruct, train, images, other)
    earlier, (train, images) = train, _pictures(draw, len(train), n, d)
    _right(reconstruct, train, images, k, earlier)
    train, images = _pictures(draw, draw.integer(1070, 1100), 5, d - 5)
    _right(reconstruct, train, images * np.float32(0.8), k)  # none is white
    train, images = _pictures(draw, draw.integer(20, 23), draw.integer(1030, 1100), d)
    _right(reconstruct, train, images, k)


def _pictures(draw: Draw, m: int, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Train (m, d) and images (n, d) in [0, 1], with other means and directions.

    The last tenth of `train` differs from the rest, so that leaving it out shows.
    """
    rng = draw.rng
    basis = np.linalg.qr(rng.normal(size=(d, d)))[0]
    spread = 0.9 * 0.7 ** np.arange(d)
    scale = rng.uniform(0.3, 1.2, size=d)
    train = 0.5 + (rng.normal(size=(m, d)) * spread) @ basis * scale
    train[-m // 10 :] += rng.normal(size=d) * 0.3
    images = 0.5 + (rng.normal(size=(n, d)) * spread**0.5 * 0.5) @ basis
    images += rng.normal(size=d) * 0.1
    return tuple(np.clip(each, 0, 1).astype(np.float32) for each in (train, images))


def _call(
    reconstruct: Callable, train: np.ndarray, images: np.ndarray, k: int
) -> np.ndarray:
    given = train.copy(), images.copy()
    with stays(*given, look=IN_PLACE):
        return read(reconstruct(*given, k), "pca_reconstruct()")


def _right(
    reconstruct: Callable,
    train: np.ndarray,
    images: np.ndarray,
    k: int,
    earlier: np.ndarray | None = None,
) -> np.ndarray:
    """Fail unless the reconstructions are right; return what is right."""
    got = _call(reconstruct, train, images, k)
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
    want_shape(
        got,
        images.shape,
        f"from train {train.shape} and images {images.shape}, the result",
        "one reconstruction is wanted for each of `images`: which array goes through "
        "the projection",
    )
    mean = train.mean(axis=0, dtype=np.float64)
    why = "the fit is that of an earlier call: something is kept from call to call"
    kept = {} if earlier is None else {why: _fitted(earlier, images, k)}
    right = _fitted(train, images, k)
    compare(
        got,
        right,
        lambda: _mistakes(train, images, k) | kept,
        what=f"with k = {k}, a pixel came back as",
        rule=f"the mean of `train` plus the part along its first {k} principal "
        "components",
        tolerance=CLOSE,
        look=lambda: _other_subspace(got - mean, _directions(train)[:k]),
    )
    return right


def _mistakes(train: np.ndarray, images: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """What the usual mistakes give for these images."""
    x = images.astype(np.float64)
    mean, own, grey = train.mean(axis=0, dtype=np.float64), x.mean(axis=0), train.mean()
    std = train.std(axis=0, dtype=np.float64) + 1e-9
    v, plain = _directions(train), _directions(train, centre=False)

    def through(rows: np.ndarray, minus: Any = mean, plus: Any = mean) -> np.ndarray:
        return (x - minus) @ rows.T @ rows + plus

    right, scaled = through(v[:k]), _directions(train / std)[:k]
    nearly = {k - 1: ", one too few", k + 1: ", one too many"}
    used = "is `k` used, or a number or a share of the variance written in its place?"
    return {
        f"{c} components, not {k}{nearly.get(c, '')}: {used}": through(v[:c])
        for c in range(1, len(v))
        if c != k
    } | {
        "the images themselves came back, as from all components: `k` is not used": x,
        "without centering: the mean was not subtracted before the fit": (
            through(plain[:k], 0, 0)
        ),
        "without centering the fit: the mean was subtracted only afterward": (
            through(plain[:k])
        ),
        "the mean was never added back": right - mean,
        "the mean was added but not subtracted": through(v[:k], 0),
        "the mean was neither subtracted nor added": through(v[:k], 0, 0),
        "the mean was added twice": right + mean,
        "the mean was subtracted twice: `transform` does it already": (
            through(v[:k], 2 * mean)
        ),
        "centered with the mean of `images`, not of `train`": through(v[:k], own, own),
        "centered with the mean of `images` and moved to that of `train`": (
            through(v[:k], own)
        ),
        "centered with one number, the mean of all pixels: each pixel has its own "
        "mean": through(_directions(train - grey, centre=False)[:k], grey, grey),
        "fitted on `images`: a leak, the test images chose the components": (
            _fitted(images, x, k)
        ),
        "fitted on `train` and `images` together: a leak": (
            _fitted(np.concatenate([train, images]), x, k)
        ),
        "the components of smallest variance": through(v[-k:]),
        "the first component was left out": through(v[1 : k + 1]),
        "every pixel was divided by its standard deviation before the fit": (
            (x - mean) / std @ scaled.T @ scaled * std + mean
        ),
        "what PCA leaves over, x - x_hat": x - right,
        "clipped to [0, 1]": np.clip(right, 0, 1),
        "values below 0 are clipped; they stay as they come": np.maximum(right, 0),
        "values above 1 are clipped; they stay as they come": np.minimum(right, 1),
        "the codes are those of `train`, not of `images`": (
            (train - mean) @ v[:k].T @ v[:k] + mean
        )[: len(x)],
        "rounded": np.round(right),
        "the mean image for all: no component was used": np.tile(mean, (len(x), 1)),
    }


def _other_subspace(centred: np.ndarray, v: np.ndarray) -> str:
    """Where to look if reconstructions, minus the mean, are not along the rows of v."""
    spread = centred - centred.mean(axis=0)
    size = np.linalg.svd(spread, compute_uv=False)
    rank = int((size > 1e-3 * size[0]).sum())
    if rank < min(len(v), len(spread) - 1) or rank > len(v):
        return (
            f"the reconstructions differ along {rank} directions, not {len(v)}: only "
            f"the first {len(v)} components may come back"
        )
    if np.abs(spread - spread @ v.T @ v).max() > 1e-2 * np.abs(spread).max():
        return (
            "these are other directions than the first components of `train`: fit on "
            "all of `train`, centered and not rescaled; rows and columns of the "
            "matrix of components are easily confused"
        )
    return (
        "the components are right, the lengths or the mean are not: subtract the mean "
        "of `train` once, add it once, take the codes from the same fit, and do not "
        "rescale them"
    )


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
