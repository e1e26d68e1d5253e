"""What plots take: arrays or tensors, and images in any of three layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def as_array(values: Any) -> np.ndarray:
    """An array from an array or a tensor on any device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)


def squares(images: ArrayLike) -> np.ndarray:
    """Bring images of any of the three layouts into one.

    Parameters
    ----------
    images : array or tensor, shape (N, 784), (N, 28, 28) or (N, 1, 28, 28)

    Returns
    -------
    array, shape (N, 28, 28), float32

    Raises
    ------
    ValueError
        If they have another shape, or there are none.
    """
    images = as_array(images)
    if images.shape[1:] not in ((784,), (28, 28), (1, 28, 28)) or not len(images):
        raise ValueError(
            f"These images have shape {images.shape}; plots take (N, 784), "
            f"(N, 28, 28) or (N, 1, 28, 28). For one image, slice it: images[:1]."
        )
    return images.reshape(-1, 28, 28).astype(np.float32)
