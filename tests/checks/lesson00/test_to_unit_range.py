"""``to_unit_range``: wrong answers, what its check says, and right ones."""

import numpy as np
import torch

from helpers.checks import lesson00 as checks
from tests.checks.trial import trial

CHECK = checks.to_unit_range
NAMES = ("to_unit_range",)


def in_place(pixels):
    x = pixels.astype(np.float32) / 255
    pixels[...] = 0
    return x


WRONG = [
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
