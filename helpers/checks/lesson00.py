"""Checks of lesson 00: scaling, splitting, batching, measuring, PCA."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from helpers.checks.base import CheckFailed, check, kind
from helpers.checks.lending import lender

lend = lender("00")


@check("to_unit_range")
def to_unit_range(scale: Callable) -> None:
    """Check ``to_unit_range(pixels) -> float32 array in [0, 1]``."""
    # Neither the darkest nor the brightest byte is here, so that a scale taken
    # from the batch itself shows.
    pixels = np.arange(90, 154, dtype=np.uint8).reshape(4, 4, 4)
    before = pixels.copy()
    x = _array(scale(pixels), "to_unit_range")
    if not np.array_equal(pixels, before):
        raise CheckFailed(
            "the array given to to_unit_range() has other values afterwards",
            "a new array; the caller may still need the bytes",
            "an in-place operation on `pixels`, or `out=`",
        )
    if x.dtype.kind in "iub":
        raise CheckFailed(
            f"an array of whole numbers ({x.dtype}), values {_values(x)}",
            "fractions between 0 and 1, as float32",
            "integer division `//`, or a cast to integers after the division",
        )
    if x.shape != pixels.shape:
        raise CheckFailed(
            f"shape {x.shape} from pixels of shape {pixels.shape}",
            "the same shape: scaling treats each pixel alone",
            "a reshape, or a sum over an axis",
        )
    p = pixels.astype(np.float64)
    _compare(
        x,
        p / 255,
        {
            "divided by the largest value of the batch": p / p.max(),
            "stretched between the batch's own smallest and largest value": (
                (p - p.min()) / (p.max() - p.min())
            ),
            "divided by 256": p / 256,
            "scaled to [-1, 1]": p / 127.5 - 1,
            "standardised to mean 0 and standard deviation 1": (p - p.mean()) / p.std(),
            "still 0 to 255: nothing was divided": p,
            "whole numbers, by integer division": p // 255,
            "black and white only": (p > 127).astype(float),
            "inverted: white became black": 1 - p / 255,
            "each image divided by its own largest value": (
                p / p.max(axis=(1, 2), keepdims=True)
            ),
            "each pixel position scaled by its own smallest and largest value": (
                (p - p.min(axis=0)) / np.ptp(p, axis=0)
            ),
            "bytes above 127 wrapped to negative numbers: int8 is too small": (
                pixels.astype(np.int8) / 255
            ),
            "rounded after the division: that loses most grey values": np.round(
                p / 255, 2
            ),
        },
        what="bytes 90 to 153 became",
        rule="byte / 255, the same for each image whatever else is in the batch",
        tolerance=1e-3 if x.dtype == np.float16 else 1e-5,
        look=_straight_line(p, x),
    )
    if x.dtype != np.float32:
        raise CheckFailed(
            f"the values are right, the type is {x.dtype}",
            "float32: the type of torch's and Keras's weights; float64 takes twice "
            "the memory, float16 loses digits",
            "the cast: `pixels.astype(np.float32)` before dividing",
        )
    dark = np.array([0, 1, 1], np.uint8)
    x = _array(scale(dark), "to_unit_range")
    if x.shape != dark.shape or np.abs(x - dark / 255).max() > 1e-5:
        raise CheckFailed(
            f"the bytes 0, 1, 1 became {_values(x)}",
            "0, 1/255, 1/255: byte / 255 for every image, a dark one too",
            "an `if` or a maximum that looks at the values; the divisor is always 255",
        )


def _straight_line(p: np.ndarray, x: np.ndarray) -> str:
    """Where to look if the bytes p became x = (p - c) / d with some other c and d."""
    slope, start = np.polyfit(p.ravel(), x.astype(np.float64).ravel(), 1)
    if slope < 1e-9 or np.abs(slope * p + start - x).max() > 1e-4 * np.ptp(x):
        return "the formula, term by term, on one image"
    offset = round(-start / slope, 2) + 0.0  # + 0.0: no minus before a zero
    return (
        f"in effect (byte - {offset:g}) / {1 / slope:.5g}; only a division "
        "by 255 is wanted: no second scaling, no mean and no deviation"
    )


@check("split_indices")
def split_indices(split: Callable) -> None:
    """Check ``split_indices(n, validation, seed)``, which returns two index arrays."""
    for n, size in ((1000, 200), (97, 13)):
        train, validation = _two_splits(split(n, size, 0), n, size)
        _whole_split(train, validation, n, size)

    n, size = 1000, 200
    train, validation = _two_splits(split(n, size, 1), n, size)
    # As if the file were sorted by class, 100 images each: many data sets are.
    classes = np.unique(validation * 10 // n)
    if len(classes) < 10:
        raise CheckFailed(
            f"on 1,000 images sorted by class, the validation split has only "
            f"class {_values(classes)}",
            "a random choice of images, so that every class is in both splits",
            "a cut without shuffling; permute the indices first",
        )
    again = _two_splits(split(n, size, 1), n, size)[1]
    if set(again.tolist()) != set(validation.tolist()):
        raise CheckFailed(
            "two calls with the same seed gave two different splits",
            "the same split each time: else an image moves from training to "
            "validation when the notebook restarts",
            "make the generator from `seed`: `np.random.default_rng(seed)`",
        )
    other = _two_splits(split(n, size, 2), n, size)[1]
    if set(other.tolist()) == set(validation.tolist()):
        raise CheckFailed(
            "seed 1 and seed 2 gave the same split",
            "another seed, another random choice",
            "is `seed` used, or is a number written in its place?",
        )


def _two_splits(result: Any, n: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The two index arrays, or a failure that says what came instead."""
    call = f"split_indices({n}, {size}, seed)"
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CheckFailed(
            f"{call} returned {_kind(result)}",
            "two arrays of indices: train_index, validation_index",
            "the `return` line",
        )
    arrays = []
    for name, part in zip(("train", "validation"), result, strict=True):
        if hasattr(part, "dataset"):
            raise CheckFailed(
                f"the {name} part is a {type(part).__name__}",
                "an array of indices",
                "return its `.indices` instead",
            )
        array = _array(part, "split_indices", torch_too=True, list_too=True)
        if array.dtype == bool:
            raise CheckFailed(
                f"the {name} part is a mask of True and False",
                "the positions themselves, whole numbers from 0 to n - 1",
                "`np.flatnonzero(mask)` turns a mask into positions",
            )
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise CheckFailed(
                f"the {name} part has shape {array.shape} and type {array.dtype}",
                "a one-dimensional array of whole numbers",
                "a division or a cast to float, an axis too many, or something else "
                "permuted than the positions 0 to n - 1",
            )
        arrays.append(array.astype(np.int64))
    return arrays[0], arrays[1]


def _whole_split(train: np.ndarray, validation: np.ndarray, n: int, size: int) -> None:
    """Check that two index arrays cut the positions 0 to n - 1 in two."""
    both = np.intersect1d(train, validation)
    if len(both) and len(train) == n:
        raise CheckFailed(
            f"training has all {n} indices, also the {len(both)} of validation",
            "no overlap: an image in both is a leak, and validation then "
            "measures memory",
            "training gets the rest only: cut the permutation in two",
        )
    if len(both):
        raise CheckFailed(
            f"{len(both)} of {n} indices are in both splits, for example {both[0]}",
            "no overlap: an image in both is a leak, and validation then "
            "measures memory",
            "one permutation, cut once at one place; two separate draws overlap, and "
            "so do two different places",
        )
    for name, part in (("train", train), ("validation", validation)):
        double = len(part) - len(np.unique(part))
        if double:
            raise CheckFailed(
                f"{double} indices of the {name} split are there more than once",
                "each image once",
                "a draw with replacement (`rng.choice` and `rng.integers` do so); "
                "`rng.permutation` does not",
            )
    if len(train) == size and len(validation) == n - size:
        raise CheckFailed(
            f"the first array has {size} indices, the second {n - size}",
            "training first, validation second",
            "the order in the `return` line",
        )
    if len(validation) != size or len(train) != n - size:
        raise CheckFailed(
            f"of {n} images, {len(train)} went to training and {len(validation)} "
            f"to validation",
            f"{n - size} and {size}: every image is used, `validation` is a count",
            "where the permutation is cut: at the argument `validation`, not at a "
            "share or a number written in, and not one place further",
        )
    if (
        min(train.min(), validation.min()) < 0
        or max(train.max(), validation.max()) >= n
    ):
        low = min(train.min(), validation.min())
        high = max(train.max(), validation.max())
        raise CheckFailed(
            f"indices from {low} to {high} for {n} images",
            f"indices from 0 to {n - 1}",
            "counting starts at 0",
        )


@check("batches")
def batches(make: Callable) -> None:
    """Check ``batches(images, labels, batch_size, rng)``, a generator of pairs."""
    y = _one_pass(make, n=97, batch_size=32, rng=np.random.default_rng(5))
    if np.array_equal(y, np.arange(97)):
        raise CheckFailed(
            "the images came in the order in which they were stored",
            "a new random order in each pass",
            "`rng.permutation(len(images))`, and index with it",
        )
    first = np.sort(y[:32])
    if np.array_equal(first, np.arange(first[0], first[0] + 32)):
        raise CheckFailed(
            f"the first batch holds exactly the neighbours {first[0]} to {first[-1]}",
            "32 images from anywhere in the set",
            "the shuffle: it must go over all images, before they are cut in batches",
        )
    repeat = _one_pass(make, n=97, batch_size=32, rng=np.random.default_rng(5))
    if not np.array_equal(y, repeat):
        raise CheckFailed(
            "two generators with the same seed gave two different orders",
            "the order comes from `rng` alone, so that a run can be repeated",
            "`np.random...` or `random...` used in place of `rng`",
        )
    rng = np.random.default_rng(5)
    one, two = (_one_pass(make, 97, 32, rng) for _ in range(2))
    if np.array_equal(one, two):
        raise CheckFailed(
            "two passes with one `rng` gave the same order",
            "a new order in each epoch",
            "a generator made inside `batches`; use the one that is handed in",
        )
    _one_pass(make, n=64, batch_size=32, rng=np.random.default_rng(0))
    _one_pass(make, n=5, batch_size=32, rng=np.random.default_rng(0))


def _one_pass(
    make: Callable, n: int, batch_size: int, rng: np.random.Generator
) -> np.ndarray:
    """Go once through n numbered images; return the order, checked for completeness."""
    # Image number i has i + 0, 1/8, ... 5/8 in its pixels, and the label i.
    labels = np.arange(n)
    images = (labels[:, None] + np.arange(6) / 8).astype(np.float32)
    before = images.copy()
    result = make(images, labels, batch_size, rng)
    if result is None:
        raise CheckFailed(
            "batches() returned None",
            "one (x, y) pair after another",
            "`yield x, y` inside the loop",
        )
    if isinstance(result, tuple) and len(result) == 2 and np.ndim(result[0]) == 2:
        raise CheckFailed(
            f"batches() returned one pair, with {len(result[0])} images, and ended",
            f"{math.ceil(n / batch_size)} pairs, one after another",
            "`return` ends the function at its first batch; `yield` hands one out "
            "and goes on",
        )
    # Twice as many as can be right is enough to know that it does not stop.
    pairs = list(itertools.islice(iter(result), 2 * n + 2))
    if len(pairs) > n + 1:
        raise CheckFailed(
            f"more than {n} batches from {n} images: it does not stop after one pass",
            f"{math.ceil(n / batch_size)} batches, one pass over the images",
            "the loop around `yield`",
        )
    if not np.array_equal(labels, np.arange(n)) or not np.array_equal(images, before):
        raise CheckFailed(
            "the arrays given to batches() are in another order afterwards",
            "arrays that stay as they are; only the batches are shuffled",
            "`rng.shuffle(images)` works in place; permute indices instead",
        )
    for pair in pairs:
        _is_pair(pair)
    if not pairs:
        raise CheckFailed(
            f"no batch at all from {n} images",
            f"{math.ceil(n / batch_size)} batches",
            "the range that the loop runs over",
        )
    sizes = [len(x) for x, _ in pairs]
    _right_sizes(sizes, n, batch_size)
    x = np.concatenate([_array(x, "batches", True) for x, _ in pairs])
    y = np.concatenate([_array(y, "batches", True) for _, y in pairs])
    if not np.isin(x, before).all():
        raise CheckFailed(
            f"pixels of {before.min():.4g} to {before.max():.4g} went in, "
            f"{_values(x)} came out",
            "the images as they are, only in another order",
            "a scaling or another change of the pixels inside `batches`",
        )
    missing = n - len(np.unique(y))
    if missing:
        raise CheckFailed(
            f"{missing} of {n} images never came, others came more than once",
            "each image exactly once in a pass",
            "a draw with replacement, a new permutation for each batch, or a last "
            "batch filled up with old images",
        )
    if not np.array_equal(x, before[y.astype(int)]):
        raise CheckFailed(
            f"image number {int(x[0, 0])} came with the label of image {int(y[0])}"
            if int(x[0, 0]) != y[0]
            else "images came with the labels of other images, or with moved pixels",
            "image i always with label i",
            "images and labels are shuffled differently, or only one of them is: "
            "index both with the same permutation",
        )
    return y


def _right_sizes(sizes: list[int], n: int, batch_size: int) -> None:
    """Check that batches of these sizes are one pass over n images."""
    odd = n % batch_size
    expected = [batch_size] * (n // batch_size) + ([odd] if odd else [])
    if sizes == expected:
        return
    seen, shown = sum(sizes), str(sizes[:6])[:-1]
    shown += ", ...]" if len(sizes) > 6 else "]"
    if odd and seen == n - odd and max(sizes) == batch_size:
        raise CheckFailed(
            f"{seen} of {n} images came, in batches of {shown}",
            f"all {n}: the last batch is smaller, here {odd}",
            "the last batch was left out: the number of batches is rounded up, "
            "not down, and the range goes on to the end",
        )
    if 0 in sizes:
        raise CheckFailed(
            f"batches of {shown} from {n} images: one is empty",
            "no empty batch when the batch size divides the number of images",
            "where the loop over the starts ends",
        )
    if seen < n:
        raise CheckFailed(
            f"only {seen} of {n} images came, in batches of {shown}",
            f"all {n}, in batches of {expected}",
            "where the loop begins and ends; one batch alone is no pass",
        )
    if sorted(sizes) == sorted(expected):
        look = "the order of whole batches is shuffled: shuffle the images instead"
    elif max(sizes) > batch_size:
        look = (
            "how the order is cut: from start to start + batch_size, and is "
            "`batch_size` used, or a number written in its place?"
        )
    elif len(sizes) > len(expected) and seen > n:
        look = "the starts overlap: `range` needs the step `batch_size`"
    elif seen > n:
        look = "a last batch filled up with images that were already there"
    else:
        look = (
            "how the order is cut: from start to start + batch_size. Parts of equal "
            "size are something else"
        )
    times = "each image exactly once in a pass, " if seen != n else ""
    raise CheckFailed(
        f"{seen} images came from a set of {n}, in batches of {shown}",
        f"{times}batches of {expected}: full ones, then the rest",
        look,
    )


def _is_pair(pair: Any) -> None:
    """Fail unless this is a pair of an image batch (b, D) and labels (b,)."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise CheckFailed(
            f"batches() gave {_kind(pair)}",
            "pairs: x of shape (b, D) and y of shape (b,)",
            "the `yield` line; one single image or label is no batch either",
        )
    x, y = (_array(part, "batches", torch_too=True) for part in pair)
    if x.ndim != 2 or x.shape[1] != 6 or y.ndim != 1 or len(x) != len(y):
        raise CheckFailed(
            f"a batch with x of shape {x.shape} and y of shape {y.shape}",
            "x of shape (b, D) and y of shape (b,), with D = 6 in this check",
            "what is indexed: whole rows of `images`, and `labels` alike; x first",
        )


@check("mse")
def mse(measure: Callable) -> None:
    """Check ``mse(x, x_hat)``, the mean squared error per pixel."""
    # Errors of +0.1 and -0.5 in turn: the mean square is 0.13, and each of the
    # usual mistakes gives another number.
    n, d = 6, 784
    x = np.full((n, d), 0.7, np.float32)
    error = np.tile(np.array([0.1, -0.5], np.float32), d // 2)
    x_hat = x - error
    before = x.copy(), x_hat.copy()
    got = _number(measure(x, x_hat), "mse", n)
    _unchanged("mse", (x, x_hat), before)
    _compare_number(
        got,
        0.13,
        _mse_mistakes(x, x_hat),
        what="with errors of +0.1 and -0.5 in turn, mse() gave",
        rule="(0.01 + 0.25) / 2: square each error, then the mean over "
        "all pixels and all images",
    )
    zero = _number(measure(x, x.copy()), "mse", n)
    if abs(zero) > 1e-9:
        raise CheckFailed(
            f"an image against itself gave {zero:.4g}",
            "0",
            "what is subtracted from what",
        )
    rng = np.random.default_rng(0)
    for shape in ((97, 784), (97, 28, 28), (1, 784), (5, 10)):
        x, x_hat = rng.random((2, *shape), dtype=np.float32)
        _compare_number(
            _number(measure(x, x_hat), "mse", len(x)),
            float(((x.astype(float) - x_hat) ** 2).mean()),
            _mse_mistakes(x, x_hat),
            what=f"images of shape {shape}:",
            rule=f"the mean over all {x.size} pixels",
            look="an axis, a batch size or the number 784 written into the code",
        )


def _mse_mistakes(x: np.ndarray, x_hat: np.ndarray) -> dict[str, float]:
    """What the usual mistakes give for these images."""
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    error, n, d = x - x_hat, len(x), x[0].size
    right, length = (error**2).mean(), np.linalg.norm(error)
    return {
        "summed over everything, not averaged": right * n * d,
        "summed over the pixels, averaged over the images": right * d,
        "averaged over the pixels, summed over the images": right * n,
        "the root of the mean square: RMSE, not MSE": math.sqrt(right),
        "the mean of the absolute errors: they were not squared": np.abs(error).mean(),
        "the mean of the signed errors: plus and minus cancel": error.mean(),
        "the mean of x_hat - x, not squared: plus and minus cancel": -error.mean(),
        "squared after the mean: plus and minus cancel first": error.mean() ** 2,
        "half of the mean square": right / 2,
        "with the wrong sign: a squared error is never negative": -right,
        "x**2 - x_hat**2: subtract first, then square": (x**2 - x_hat**2).mean(),
        "x_hat**2 - x**2: subtract first, then square": (x_hat**2 - x**2).mean(),
        "doubled (`* 2`), not squared (`** 2`)": 2 * error.mean(),
        "squared twice: the fourth power": (error**4).mean(),
        "added, not subtracted": ((x + x_hat) ** 2).mean(),
        "the length of the error: a norm is a root": length,
        "the length of the error, divided: a norm is a root": length / error.size,
        "the variance of the errors: it leaves out their mean": error.var(),
        "divided by one less than the number of pixels": length**2 / (error.size - 1),
        "the largest squared error, not the mean": (error**2).max(),
        "the median of the squared errors, not the mean": np.median(error**2),
        "of the first image only: a `return` inside the loop?": (error[0] ** 2).mean(),
        "divided by the number of images twice, or a `return` inside the loop": (
            (error[0] ** 2).mean() / n
        ),
        "divided by the mean square of x: a relative error": right / (x**2).mean(),
        "scaled by 255: the pixels are in [0, 1] already": right * 255**2,
        "x_hat was clipped to [0, 1]": ((x - np.clip(x_hat, 0, 1)) ** 2).mean(),
        "0: a cast to whole numbers, or a variable against itself": 0.0,
        "the number 784 is written in: take the size of the array": (
            length**2 / (784 * n)
        ),
        "divided by two of the three sizes: (N, 28, 28) has three": (
            length**2 / (n * x.shape[1])
        ),
    }


@check("bce_per_image")
def bce_per_image(measure: Callable) -> None:
    """Check ``bce_per_image(x, p)``, summed over pixels and averaged over images."""
    n, d = 6, 784
    x = np.full((n, d), 0.2, np.float32)
    p = np.full((n, d), 0.6, np.float32)
    before = x.copy(), p.copy()
    got = _number(measure(x, p), "bce_per_image", n)
    _unchanged("bce_per_image", (x, p), before)
    pixel = -(0.2 * math.log(0.6) + 0.8 * math.log(0.4))
    _compare_number(
        got,
        pixel * d,
        _bce_mistakes(x, p),
        what="x = 0.2 and p = 0.6 everywhere, 784 pixels, 6 images: it gave",
        rule=f"{pixel:.4f} a pixel, summed over the 784 pixels, averaged over the "
        "images",
    )
    _finite_bce(measure)

    rng = np.random.default_rng(0)
    for shape in ((97, 784), (1, 784), (5, 1568)):
        x, p = rng.random((2, *shape), dtype=np.float32)
        p = 0.05 + 0.9 * p
        _compare_number(
            _number(measure(x, p), "bce_per_image", len(x)),
            float(_bce(x, p.astype(np.float64)).sum(axis=1).mean()),
            _bce_mistakes(x, p),
            what=f"images of shape {shape}:",
            rule="twice the pixels give twice the sum, more images leave it alone",
            look="an axis, a batch size or the number 784 written into the code, or "
            "p clipped too far from 0 and 1",
        )


def _bce(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """The cost of each pixel."""
    return -(x * np.log(p) + (1 - x) * np.log(1 - p))


def _bce_mistakes(x: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """What the usual mistakes give for these images."""
    x, p = x.astype(np.float64), p.astype(np.float64)
    n, d = x.shape
    cost, ink, paper = _bce(x, p), x * np.log(p), (1 - x) * np.log(1 - p)
    right, sigmoid = cost.sum() / n, 1 / (1 + np.exp(-p))
    whole = {
        "averaged over the pixels too": right / d,
        "summed over the images too": right * n,
        "averaged over the pixels and summed over the images": right / d * n,
        "with the minus sign missing": -right,
        "with logarithms to base 2, not natural ones": right / math.log(2),
        "with logarithms to base 10, not natural ones": right / math.log(10),
        "of the first image only": cost[0].sum(),
        "the number 784 is written in: take the size of the array": right / d * 784,
    }
    pixels = {
        "without the (1 - x) log(1 - p) part": -ink,
        "without the x log p part": -paper,
        "with x and p exchanged": _bce(p, np.clip(x, 1e-7, 1 - 1e-7)),
        "with p and 1 - p exchanged: a white pixel wants a large p": _bce(x, 1 - p),
        "the minus sign is for both parts, not for the first alone": -ink + paper,
        "the minus sign is for both parts, not for the second alone": ink - paper,
        "brackets are missing: (1 - x) * log(1 - p)": -(ink + 1 - x * np.log(1 - p)),
        "brackets are missing, and the minus sign is for the first part alone": (
            -ink + 1 - x * np.log(1 - p)
        ),
        "with a sigmoid put on p, which is a probability already": _bce(x, sigmoid),
        "with the floor, the image's own entropy, subtracted": (
            cost - _bce(x, np.clip(x, 1e-7, 1 - 1e-7))
        ),
        "with x rounded to 0 or 1: a grey pixel costs both parts": _bce(x.round(), p),
        "with each x above 0 taken as 1: a grey pixel costs both parts": -np.log(p),
        "with x scaled again, by 255: it is in [0, 1] already": _bce(x / 255, p),
        "the squared error, not the cross-entropy": (x - p) ** 2,
    }
    return whole | {name: table.sum() / n for name, table in pixels.items()}


def _finite_bce(measure: Callable) -> None:
    """Check what happens at probabilities of exactly 0 and 1."""
    x = np.zeros((3, 784), np.float32)
    x[:, ::2] = 1
    same, other = x.copy(), 1 - x
    with np.errstate(all="ignore"):
        right = _number(measure(x, same), "bce_per_image", 3)
        wrong = _number(measure(x, other), "bce_per_image", 3)
    _unchanged("bce_per_image", (same, other), (x, 1 - x))
    for p, value in (("p = x", right), ("p = 1 - x", wrong)):
        if not math.isfinite(value):
            raise CheckFailed(
                f"a black and white image with {p} gave {value}",
                "a finite number: a network's sigmoid does reach 0 and 1 in float32",
                "log(0); clip p (not x), on both sides: to [1e-7, 1 - 1e-7]. An "
                "epsilon below 6e-8 vanishes in float32: 1 - 1e-8 is 1",
            )
    if abs(right) > 0.02:
        raise CheckFailed(
            f"a black and white image, predicted perfectly, costs {right:.4g}",
            "0 (less than 0.02 for 784 pixels)",
            "an epsilon that is too large; 1e-7 is enough",
        )
    if wrong < 784:
        raise CheckFailed(
            f"a sure and wrong prediction costs {wrong / 784:.3g} a pixel",
            "much more: about 16 a pixel when p is clipped at 1e-7",
            "infinite or nan costs are thrown away or set to 0 (nan_to_num, nansum, "
            "where); clip p before the logarithm instead",
        )
    if wrong < 784 * 11:
        raise CheckFailed(
            f"a sure and wrong prediction costs {wrong / 784:.3g} a pixel",
            "much more: about 16 a pixel when p is clipped at 1e-7",
            "an epsilon that is too large, or p clipped too far from 0 and 1",
        )


@check("pca_reconstruct")
def pca_reconstruct(reconstruct: Callable) -> None:
    """Check ``pca_reconstruct(train, images, k)``, k principal components."""
    train, images = _two_clouds()
    k = 4
    before = train.copy(), images.copy()
    result = reconstruct(train, images, k)
    got = _array(result, "pca_reconstruct", torch_too=True)
    _unchanged("pca_reconstruct", (train, images), before)
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
    _compare(
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
    alone = _array(reconstruct(train, images[:1], k), "pca_reconstruct", True)
    if alone.shape != (1, images.shape[1]) or np.abs(alone - right[:1]).max() > 0.02:
        raise CheckFailed(
            "an image alone is reconstructed otherwise than among others",
            "each image by itself: mean and components come from `train`",
            "anything computed from `images`: a mean, a maximum, a fit",
        )
    for k in (1, 9):
        got = _array(reconstruct(train, images, k), "pca_reconstruct", True)
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


def _array(
    value: Any, name: str, torch_too: bool = False, list_too: bool = False
) -> np.ndarray:
    """What the student's function returned, as an array."""
    if value is None:
        raise CheckFailed(
            f"{name}() returned None", "a value", "a `return` line is missing"
        )
    if hasattr(value, "detach"):
        if not torch_too:
            raise CheckFailed(
                f"{name}() returned a torch tensor",
                "a NumPy array",
                "`.numpy()` at the end, or NumPy from the start",
            )
        value = value.detach().cpu()
    if isinstance(value, tuple | list) and not list_too:
        raise CheckFailed(
            f"{name}() gave {_kind(value)}, not an array",
            "an array of numbers, without brackets or commas around it",
            "the `return` or `yield` line; np.array(...) makes an array of a list",
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise CheckFailed(
            f"{name}() returned {_kind(value)}",
            "numbers",
            "the `return` line",
        )
    return array


def _number(value: Any, name: str, images: int) -> float:
    """What the student's function returned, as one number."""
    if isinstance(value, tuple | list | str):
        raise CheckFailed(
            f"{name}() returned {_kind(value)}",
            "one number by itself",
            "the `return` line: brackets, commas, quotes or an f-string",
        )
    array = _array(value, name, torch_too=True)
    if array.size != 1:
        each = " (one value an image)" if array.shape == (images,) else ""
        raise CheckFailed(
            f"{name}() returned an array of shape {array.shape}{each}",
            "one number: the average over the images",
            "a mean that is missing at the end, or an axis",
        )
    return float(array.reshape(-1)[0])


def _unchanged(name: str, now: tuple, before: tuple) -> None:
    """Fail if an input was written to."""
    if not all(np.array_equal(a, b) for a, b in zip(now, before, strict=True)):
        raise CheckFailed(
            f"an array given to {name}() has other values afterwards",
            "inputs that stay as they are: the caller uses them again",
            "in-place operations such as `x -= ...`, `p[...] = ...` or `out=`",
        )


def _compare(
    got: np.ndarray,
    right: np.ndarray,
    wrong: Mapping[str, np.ndarray],
    what: str,
    rule: str,
    tolerance: float,
    show_values: bool = True,
    look: str = "the formula, term by term, on one image",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    scale = tolerance * max(1.0, float(np.abs(right).max()))
    if np.abs(got - right).max() <= scale:
        return
    seen = f"{what} {_values(got)}" if show_values else f"{what} not as expected"
    for mistake, values in wrong.items():
        if np.abs(got - values).max() <= scale:
            raise CheckFailed(seen, rule, mistake)
    raise CheckFailed(
        f"{seen} (off by up to {np.abs(got - right).max():.3g})",
        rule,
        look,
    )


def _compare_number(
    got: float,
    right: float,
    wrong: Mapping[str, float],
    what: str,
    rule: str,
    look: str = "the formula, term by term, on one pixel",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    if math.isclose(got, right, rel_tol=1e-3):
        return
    for mistake, value in wrong.items():
        if math.isclose(got, value, rel_tol=1e-4, abs_tol=1e-9):
            look = mistake
            break
    raise CheckFailed(f"{what} {got:.5g}", f"{right:.5g}: {rule}", look)


def _values(x: np.ndarray) -> str:
    """A few values in words."""
    x = np.asarray(x).reshape(-1)
    if len(x) <= 3:
        return ", ".join(f"{value:.4g}" for value in x)
    return f"{x.min():.4g} to {x.max():.4g}"


def _kind(value: Any) -> str:
    """What a value is, in words; arrays and tensors are alike here."""
    if hasattr(value, "shape"):
        return f"one array of shape {tuple(value.shape)}"
    return kind(value)
