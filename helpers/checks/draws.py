"""The numbers that a check is run on; a notebook's own random numbers stay."""

from __future__ import annotations

import contextlib
import functools
import random
import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

VISIBLE = (0,)  # what a notebook's own check is run on; a hidden test brings others


class Draw:
    """Everything that may differ between two runs of one check, from one number.

    Parameters
    ----------
    number : int
        At least 0. The same number gives the same sizes, types and values.

    Attributes
    ----------
    number : int
    rng : numpy.random.Generator
        For arrays. Global random numbers (Python's, NumPy's, torch's, Keras') are
        seeded with the same number when a check begins, so that a check may as well
        write ``torch.randn``.
    """

    def __init__(self, number: int):
        self.number = number
        self.rng = np.random.default_rng(number)

    def integer(self, low: int, high: int, but: Sequence[int] = ()) -> int:
        """Draw a whole number from low to high, both included, none of `but`."""
        while (value := int(self.rng.integers(low, high + 1))) in but:
            pass
        return value

    def pick(self, *choices: T) -> T:
        """Draw one of several things."""
        return choices[self.integer(0, len(choices) - 1)]


@contextlib.contextmanager
def seeded(number: int) -> Iterator[None]:
    """Seed all global random numbers for a while; then a notebook's go on as before.

    Gradients are on meanwhile, whatever the notebook has set.

    Parameters
    ----------
    number : int
    """
    with contextlib.ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        stack.callback(np.random.set_state, np.random.get_state())
        if torch := sys.modules.get("torch"):
            devices = range(min(_cuda_devices(), 1))
            stack.enter_context(torch.inference_mode(False))
            stack.callback(torch.set_grad_enabled, torch.is_grad_enabled())
            stack.enter_context(torch.random.fork_rng(devices=devices))
            torch.set_grad_enabled(True)
            # Not the number itself: a student's own manual_seed(0) must show. Where
            # there is no accelerator, the whole function would take most of a draw.
            seeds = torch if _has_accelerator() else torch.default_generator
            seeds.manual_seed(number + 770_001)
        random.seed(number)
        np.random.seed(number % 2**32)
        yield


@functools.cache
def _cuda_devices() -> int:
    return sys.modules["torch"].cuda.device_count()


@functools.cache
def _has_accelerator() -> bool:
    return sys.modules["torch"].accelerator.is_available()
