"""``to_unit_range``: wrong answers, what its check says, and right ones."""

import logging
import sys
import warnings

import numpy as np
import torch
from tqdm import tqdm

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.to_unit_range
NAMES = ("to_unit_range",)


def in_place(pixels):
    x = pixels.astype(np.float32) / 255
    pixels[...] = 0
    return x


def with_a_bar(pixels):
    return np.array([image / np.float32(255) for image in tqdm(pixels)], np.float32)


def chatty(pixels):
    logging.basicConfig(level=logging.INFO)
    logging.getLogger(__name__).warning("scaling %s", pixels.shape)
    warnings.warn("pixels are bytes", stacklevel=2)
    print("done", file=sys.stderr)
    return (pixels * (1 / 255)).astype(np.float32)


def in_place_on_a_copy(pixels):
    x = pixels.astype(np.float32)
    x /= 255
    return x


def first_thousand(pixels):
    x = pixels.astype(np.float32)
    x[:1000] /= 255
    return x


def only_the_first(pixels):
    for image in pixels:
        return (image / 255).astype(np.float32)


BUFFER = np.empty(100_000, np.float32)


def always_the_same_array(pixels):
    x = BUFFER[: pixels.size].reshape(pixels.shape)
    return np.divide(pixels, 255, out=x, casting="unsafe")


def unless_dark(pixels):
    return pixels.astype(np.float32) / (255 if pixels.mean() > 10 else 1)


def stretched_in_effect(pixels):
    x = pixels.astype(np.float32) / 255
    return x / max(x.max(), 1e-9)


WRONG = [
    (first_thousand, "clipped or replaced"),
    (only_the_first, "the same shape is wanted"),
    (always_the_same_array, "after later calls"),
    (lambda p: (p / 255).astype(np.float32)[::-1], "term by term"),
    (lambda p: p.astype(np.float32) / 255.5, "in effect (byte - 0) / 255.5"),
    (lambda p: (p.astype(np.float32) - p.min()) / 255, "in effect"),
    (unless_dark, "looks at the values"),
    (stretched_in_effect, "divided by the largest value of the batch"),
    (lambda p: np.clip(p, 1, 254).astype(np.float32) / 255, "clipped or replaced"),
    (lambda p: (p / 255).clip(0, 0.9).astype(np.float32), "clipped or replaced"),
    (lambda p: ((p + 0.5) / 256).astype(np.float32), "in effect"),
    (lambda p: (p * 2 / 510).astype(np.float32), "wrap around"),
    (lambda p: ((p - p.mean()) / 255).astype(np.float32), "no mean"),
    (lambda p: np.sqrt(p / 255).astype(np.float32), "term by term"),
    (lambda p: (p / 255) ** 2, "term by term"),
    (lambda p: np.round(p / 255, 4).astype(np.float32), "rounded to 4 decimals"),
    (lambda p: (p / 255).astype(np.float16).astype(np.float32), "too short"),
    (lambda p: (p / 255).tolist(), "a list of"),
    (lambda p: np.squeeze(p).astype(np.float32) / 255, "the same shape is wanted"),
    (lambda p: p.ravel().astype(np.float32) / 255, "the same shape is wanted"),
    (lambda p: (p / 255).astype(object), "numbers"),
    (lambda p: p.astype(np.float32) / 100, "in effect (byte - 0) / 100"),
    (lambda p: p.astype(np.float32) / (255 + 1), "divided by 256"),
    (lambda p: p.astype(np.float32) / p.std(), "in effect"),
    (lambda p: p.astype(np.float32) / np.linalg.norm(p), "in effect"),
    (lambda p: 255 / p.astype(np.float32), "term by term"),
    (lambda p: p.astype(np.float32) * 255, "in effect"),
    (lambda p: p.astype(np.float32) - 255, "in effect (byte - 255) / 1"),
    (lambda p: p.astype(np.float32).mean(axis=0) / 255, "sum over an axis"),
    (lambda p: p.astype(bool).astype(np.float32), "term by term"),
    (lambda p: (p > p.mean()).astype(np.float32), "term by term"),
    (lambda p: print(p / 255), "returned None"),
    (lambda p: "scaled", "a str"),
    (lambda p: p.astype(np.float32) / p.max(), "largest value of the batch"),
    (
        lambda p: (p - p.min()).astype(np.float32) / (p.max() - p.min()),
        "smallest and largest",
    ),
    (lambda p: p // 255, "integer division"),
    (lambda p: (p // 255).astype(np.float32), "by integer division"),
    (lambda p: p.astype(np.float32) / 256, "divided by 256"),
    (lambda p: p / 255, "float64"),
    (lambda p: p.astype(np.float32), "nothing was divided"),
    (lambda p: p.astype(np.float32) / 127.5 - 1, "[-1, 1]"),
    (lambda p: ((p - p.mean()) / p.std()).astype(np.float32), "standardised"),
    (lambda p: (p / 255).astype(np.uint8), "cast to integers"),
    (lambda p: (p > 127).astype(np.float32), "black and white"),
    (lambda p: (1 - p / 255).astype(np.float32), "inverted"),
    (lambda p: (p / 255).astype(np.float16), "float16"),
    (lambda p: p.reshape(len(p), -1).astype(np.float32) / 255, "the same shape"),
    (in_place, "in-place"),
    (lambda p: torch.from_numpy(p).float() / 255, "torch tensor"),
    (lambda p: None, "returned None"),
    (lambda p: p / np.float32(255 if p.max() > 1 else 1), "looks at the values"),
    (
        lambda p: ((p / 255 - 0.1307) / 0.3081).astype(np.float32),
        "(byte - 33.33) / 78.566",
    ),
    (lambda p: (p / 255 / 255).astype(np.float32), "(byte - 0) / 65025"),
    (
        lambda p: ((p - p.min(axis=0)) / np.ptp(p, axis=0)).astype(np.float32),
        "each pixel position",
    ),
    (lambda p: p.astype(np.int8) / np.float32(255), "int8 is too small"),
    (lambda p: np.round(p / 255, 2).astype(np.float32), "rounded"),
    (lambda p: (p / 255, 255), "a tuple of 2"),
    (lambda p: [image / 255 for image in p], "a list of"),
    (lambda p: "p / 255", "a str"),
]
RIGHT = [
    with_a_bar,
    chatty,
    in_place_on_a_copy,
    lambda p: np.true_divide(p, 255).astype("float32"),
    lambda p: np.float32(p) / 255.0,
    lambda p: np.asarray(p, dtype=np.float32) / np.iinfo(p.dtype).max,
    lambda p: p / np.float32(255),
    lambda p: np.vectorize(lambda v: v / 255, otypes=[np.float32])(p),
    lambda p: torch.tensor(p).div(255).numpy(),
    lambda p: np.multiply(p, 0.00392156862745098, dtype=np.float32),
    lambda p: np.interp(p, [0, 255], [0, 1]).astype(np.float32),
    lambda p: np.array(
        [np.float32(v) / np.float32(255) for v in p.flat], np.float32
    ).reshape(p.shape),
    lambda p: p.astype(np.float32) / 255,
    lambda p: (p / 255).astype(np.float32),
    lambda p: np.divide(p, 255, dtype=np.float32),
    lambda p: p * np.float32(1 / 255),
    lambda p: (torch.from_numpy(p).float() / 255).numpy(),
    lambda p: np.linspace(0, 1, 256, dtype=np.float32)[p],
]


test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
