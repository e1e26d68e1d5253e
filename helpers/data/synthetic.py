"""SYNTHETIC stand-ins for MNIST and Fashion-MNIST, for machines without data.

The digits are scikit-learn's bundled 8 x 8 handwriting, enlarged; the clothing is
drawn as silhouettes. Each base drawing belongs to exactly one of train, validation
and test *before* it is shifted, turned, scaled and dimmed at random, so no split
contains a variation of another split's drawing.
"""

from functools import lru_cache

import numpy as np

from helpers.data.clothes import CANVAS, SIDE, ZOOM, draw_clothes

CHUNK = 500  # pictures per random stream: the first n never depend on how many follow
SPLITS = ("train", "validation", "test")
SHARES = (0.72, 0.08, 0.20)  # of the base drawings

# Half-widths of the uniform jitter: turn (radians), log scale, shear, shift (pixels).
JITTER = {"MNIST": (0.2, 0.1, 0.15, 1.5), "FashionMNIST": (0.05, 0.05, 0.03, 1.0)}
CONTRAST = {"MNIST": (0.8, 1.1), "FashionMNIST": (0.6, 1.1)}


def make(
    name: str, split: str, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make `count` stand-in pictures of one split.

    Parameters
    ----------
    name : {"MNIST", "FashionMNIST"}
    split : {"train", "validation", "test"}
        Decides which base drawings are used.
    count : int
        How many pictures. The first n are the same for every `count` >= n.
    seed : int
        Seed of the random choice and jitter. The base drawings do not depend on it.

    Returns
    -------
    images : ndarray of float32, shape (count, 28, 28)
        Grey values in [0, 1].
    labels : ndarray of int64, shape (count,)
        Classes 0 to 9.

    Notes
    -----
    Handwriting: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten
    Digits, UCI Machine Learning Repository (CC BY 4.0), as bundled with scikit-learn.
    """
    drawings, classes = _base_drawings(name)
    pool = _share_of(split, classes)
    images = np.empty((count, SIDE, SIDE), np.float32)
    labels = np.empty(count, np.int64)
    for chunk, start in enumerate(range(0, count, CHUNK)):
        rng = np.random.default_rng([seed, SPLITS.index(split), chunk])
        chosen = pool[rng.integers(len(pool), size=CHUNK)]
        part = slice(start, min(start + CHUNK, count))
        size = part.stop - part.start
        grey = _jitter(drawings, chosen, name, rng)[:size]
        images[part] = np.round(grey * 255) / 255  # whole bytes, as in the real files
        labels[part] = classes[chosen][:size]
    return images, labels


@lru_cache
def _base_drawings(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Base drawings (N, CANVAS, CANVAS) uint8 with an empty rim, and their classes."""
    drawings, classes = _digits() if name == "MNIST" else draw_clothes()
    for rim in (np.s_[:, 0], np.s_[:, -1], np.s_[:, :, 0], np.s_[:, :, -1]):
        drawings[rim] = 0  # what lies outside the canvas is sampled from its rim
    return drawings, classes


def _share_of(split: str, classes: np.ndarray) -> np.ndarray:
    """Indices of the base drawings that belong to a split, class by class.

    Neighbours in scikit-learn's list are by the same writers, so a split takes a
    run of neighbors, not a random choice.
    """
    position = SPLITS.index(split)
    edges = np.cumsum((0, *SHARES))[position : position + 2]
    shares = []
    for label in range(10):
        members = np.flatnonzero(classes == label)
        first, last = np.round(edges * len(members)).astype(int)
        shares.append(members[first:last])
    return np.concatenate(shares)


def _jitter(
    drawings: np.ndarray, chosen: np.ndarray, name: str, rng: np.random.Generator
) -> np.ndarray:
    """Sample each chosen drawing through its own random affine map: (n, 28, 28)."""
    turn, stretch, slant, shift = JITTER[name]
    n = len(chosen)
    angle = rng.uniform(-turn, turn, n)
    scale = np.exp(rng.uniform(-stretch, stretch, (2, n)))
    shear = rng.uniform(-slant, slant, n)
    offset = (rng.uniform(-shift, shift, (2, n)) + SIDE / 2) * ZOOM
    gain = (rng.uniform(*CONTRAST[name], n) / 255).astype(np.float32)

    cos, sin = ZOOM * np.cos(angle), ZOOM * np.sin(angle)
    grid = np.arange(SIDE) - (SIDE - 1) / 2
    columns = _plane(cos / scale[0], ZOOM * shear - sin / scale[0], offset[0], grid)
    rows = _plane(sin / scale[1], cos / scale[1], offset[1], grid)
    index = rows * CANVAS + columns
    index += (chosen * CANVAS**2).astype(np.int32)[:, None, None]
    pictures = drawings.reshape(-1)[index] * gain[:, None, None]
    return np.minimum(pictures, 1, out=pictures)


def _plane(
    along_x: np.ndarray, along_y: np.ndarray, offset: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Whole canvas coordinates of along_x * x + along_y * y + offset: (n, 28, 28)."""
    from_x = (along_x[:, None] * grid).astype(np.float32)
    from_y = (along_y[:, None] * grid + offset[:, None]).astype(np.float32)
    plane = from_y[:, :, None] + from_x[:, None, :]
    np.clip(plane, 0, CANVAS - 1, out=plane)
    return plane.astype(np.int32)


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 8 x 8 digits, enlarged to 20 x 20 in the middle, as in MNIST."""
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    size = 20 * ZOOM
    basis = np.empty((size, 8), np.float32)
    for k, row in enumerate(np.eye(8, dtype=np.float32)):
        line = Image.fromarray(row[None]).resize((size, 1), Image.Resampling.BICUBIC)
        basis[:, k] = np.asarray(line)[0]
    small = digits.images.astype(np.float32) / 16
    large = basis @ small @ basis.T
    ink = np.clip((large - 0.3) / 0.45, 0, 1)  # crisp strokes out of a soft blur
    drawings = np.zeros((len(ink), CANVAS, CANVAS), np.uint8)
    edge = (CANVAS - size) // 2
    drawings[:, edge : edge + size, edge : edge + size] = np.round(ink * 255)
    return drawings, digits.target.astype(np.int64)
