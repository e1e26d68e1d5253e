"""``to_unit_range``: wrong answers, what its check says, and right ones."""

import numpy as np
import pytest
import torch

from helpers.checks import lesson00 as checks
from helpers.checks.base import CheckFailed


def in_place(pixels):
    x = pixels.astype(np.float32) / 255
    pixels[...] = 0
    return x


WRONG = {
    "largest value of the batch": lambda p: p.astype(np.float32) / p.max(),
    "smallest and largest": lambda p: (
        (p - p.min()).astype(np.float32) / (p.max() - p.min())
    ),
    "integer division": lambda p: p // 255,
    "by integer division": lambda p: (p // 255).astype(np.float32),
    "divided by 256": lambda p: p.astype(np.float32) / 256,
    "float64": lambda p: p / 255,
    "nothing was divided": lambda p: p.astype(np.float32),
    r"\[-1, 1\]": lambda p: p.astype(np.float32) / 127.5 - 1,
    "standardised": lambda p: ((p - p.mean()) / p.std()).astype(np.float32),
    "cast to integers": lambda p: (p / 255).astype(np.uint8),
    "black and white": lambda p: (p > 127).astype(np.float32),
    "inverted": lambda p: (1 - p / 255).astype(np.float32),
    "float16": lambda p: (p / 255).astype(np.float16),
    "the same shape": lambda p: p.reshape(len(p), -1).astype(np.float32) / 255,
    "in-place": in_place,
    "torch tensor": lambda p: torch.from_numpy(p).float() / 255,
    "returned None": lambda p: None,
    "looks at the values": lambda p: p / np.float32(255 if p.max() > 1 else 1),
    r"\(byte - 33.33\) / 78.566": lambda p: ((p / 255 - 0.1307) / 0.3081).astype(
        np.float32
    ),
    r"\(byte - 0\) / 65025": lambda p: (p / 255 / 255).astype(np.float32),
    "each pixel position": lambda p: ((p - p.min(axis=0)) / np.ptp(p, axis=0)).astype(
        np.float32
    ),
    "int8 is too small": lambda p: p.astype(np.int8) / np.float32(255),
    "rounded": lambda p: np.round(p / 255, 2).astype(np.float32),
    "a tuple of 2": lambda p: (p / 255, 255),
    "a list of 4": lambda p: [image / 255 for image in p],
    "a str": lambda p: "p / 255",
}
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


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_is_named(message):
    with pytest.raises(CheckFailed, match=message):
        checks.to_unit_range(WRONG[message])


@pytest.mark.parametrize("variant", RIGHT)
def test_a_right_variant_passes_with_one_line(variant, capsys):
    checks.to_unit_range(variant)
    assert capsys.readouterr().out.count("\n") == 1
