"""Errors, baselines, and the figures that a lesson reports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import data
from helpers.budget import fast_mode

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

METRIC_MIME = "application/vnd.course.metric+json"


def mse(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Mean squared error per pixel.

    Parameters
    ----------
    x, x_hat : array-like, same shape (N, ...)
        Images and their reconstructions, values in [0, 1].

    Returns
    -------
    float
        The mean over all images and all pixels.

    Raises
    ------
    ValueError
        If the shapes differ: broadcasting would give a plausible, wrong number.
    """
    x, x_hat = np.asarray(x), np.asarray(x_hat)
    if x.shape != x_hat.shape:
        raise ValueError(
            f"mse() got images of shape {x.shape} and reconstructions of shape "
            f"{x_hat.shape}. Give both the same shape, for example (N, 784)."
        )
    return float(np.mean(np.square(x - x_hat, dtype=np.float64)))


def pca_mse(train: np.ndarray, test: np.ndarray, components: int) -> float:
    """Test error of the best linear autoencoder with that many numbers a code.

    Parameters
    ----------
    train, test : array, shape (N, D)
        Flat images. PCA is fitted on `train` only.
    components : int
        Size of the code.

    Returns
    -------
    float
        Mean squared error per pixel on `test`.

    Raises
    ------
    ValueError
        If there are fewer training images, or fewer pixels, than components.
    """
    from sklearn.decomposition import PCA

    # An N x D set that is smaller than its code cannot be fitted; say so plainly.
    if components > train.shape[1]:
        raise ValueError(
            f"PCA of images of {train.shape[1]} pixels has at most as many components; "
            f"{components} were asked for. Lower components."
        )
    if components > len(train):
        raise ValueError(
            f"PCA with {components} components needs at least that many training "
            f"images; there are {len(train)}. Raise train_images."
        )
    pca = PCA(components, svd_solver="covariance_eigh").fit(train)
    return mse(test, pca.inverse_transform(pca.transform(test)))


def record(
    name: str,
    value: float,
    expected: tuple[float, float] | None = None,
    unit: str = "",
    **facts: Any,
) -> None:
    """Report one final figure of a lesson, for the reader and for `course run`.

    Parameters
    ----------
    name : str
        What was measured, for example ``"test MSE"``.
    value : float
        The figure.
    expected : (low, high), optional
        The band that a full run on real data falls into. In fast mode or on the
        synthetic stand-in it is shown and not enforced.
    unit : str
        For example ``"nats"``.
    **facts
        What else belongs beside the figure: ``seed``, ``epochs``, ``device`` ...
    """
    from IPython.display import display

    low, high = expected if expected is not None else (-math.inf, math.inf)
    value = float(value)
    data_kind = "SYNTHETIC" if data.is_synthetic() else "real"
    prefix = "SYNTHETIC data, " if data.is_synthetic() else ""
    text = f"{prefix}{name}: {value:.4g} {unit}".rstrip()
    if expected is not None:
        text += f"   (expected {low:.4g} to {high:.4g}"
        if fast_mode() or data.is_synthetic():
            text += " in a full run on the real images)"
        else:
            text += ", yes)" if low <= value <= high else ", NOT inside)"
    figure = {
        "name": name,
        # JSON has no NaN: null stands for a figure that is not a number.
        "value": value if math.isfinite(value) else None,
        "expected": None if expected is None else [low, high],
        "unit": unit,
        "data": data_kind,
        "enforced": expected is not None
        and not fast_mode()
        and not data.is_synthetic(),
        "facts": {key: _plain(fact) for key, fact in facts.items()},
    }
    display({METRIC_MIME: figure, "text/plain": text}, raw=True)


def _plain(fact: Any) -> str | int | float | bool:
    """A fact as JSON can hold it: NumPy numbers unwrapped, devices as text."""
    if hasattr(fact, "item"):
        fact = fact.item()
    return fact if isinstance(fact, str | int | float | bool) else str(fact)
