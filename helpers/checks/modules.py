"""What the checks of the torch lessons share: quiet runs, models, named errors."""

from __future__ import annotations

import contextlib
import copy
import functools
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.checks import base
from helpers.checks.base import CheckFailed


def undisturbed(function: Callable) -> Callable:
    """Same random numbers in each run of a check; the notebook's stay as they were."""

    @functools.wraps(function)
    def run(*args, **kwargs) -> None:
        states = random.getstate(), np.random.get_state()
        gradients = torch.is_grad_enabled()
        try:
            devices = range(min(torch.cuda.device_count(), 1))
            with torch.random.fork_rng(devices=devices), torch.enable_grad():
                random.seed(0)
                np.random.seed(0)
                torch.manual_seed(0)
                function(*args, **kwargs)
        finally:
            torch.set_grad_enabled(gradients)
            random.setstate(states[0])
            np.random.set_state(states[1])

    return run


@contextlib.contextmanager
def explained(reasons: Mapping[str, tuple[str, str]]) -> Iterator[None]:
    """Say what an error means: words of its text -> (expected, look at)."""
    try:
        yield
    except NotImplementedError:
        raise
    except Exception as error:
        for words, (expected, look) in reasons.items():
            if words in str(error):
                what = " ".join(str(error).split())
                seen = what if len(what) < 200 else f"{what[:200]} ..."
                raise CheckFailed(seen, expected, look) from None
        raise


def build(make: Callable[[int], nn.Module], size: int) -> nn.Module:
    """Make a student's model."""
    name = getattr(make, "__name__", "the class")
    reasons = {
        "before Module.__init__()": (
            "`super().__init__()` first: it prepares the place for the layers",
            "the first line of `__init__`: `super().__init__()` is missing or late",
        ),
        "positional argument": (
            f"{name}({size}) makes a model whose code has {size} numbers",
            "the arguments of `__init__`: self and the size of the code",
        ),
    }
    with explained(reasons):
        model = make(size)
    if not isinstance(model, nn.Module):
        raise CheckFailed(
            f"{name}({size}) is {kind(model)}",
            "an nn.Module: PyTorch finds the weights of those",
            f"the line `class {name}(nn.Module)`",
        )
    return model


def is_linear(f: Callable[[Tensor], Tensor], a: Tensor, b: Tensor) -> bool:
    """Whether f is one linear layer: f(a) + f(b) = f(a + b) + f(0)."""
    with torch.no_grad():
        left, right = f(a) + f(b), f(a + b) + f(torch.zeros_like(a))
    return bool((left - right).abs().max() < 1e-3 * left.abs().max())


def ends_linear(
    model: nn.Module, f: Callable[[nn.Module], Tensor], width: int, other: int
) -> bool:
    """Whether f grows in equal steps with the matrices between two widths.

    If a layer is the last, its output does. A bend after it shows.
    """
    values = []
    for factor in (0, 3, 6):
        louder = copy.deepcopy(model)
        with torch.no_grad():
            for p in louder.parameters():
                if sorted(p.shape) == sorted((width, other)):
                    p.mul_(factor)
            values.append(f(louder))
    first, second = values[1] - values[0], values[2] - values[1]
    return bool((first - second).abs().max() <= 1e-3 * second.abs().max() + 1e-6)


def kind(value: Any) -> str:
    """What a value is, in words; arrays and tensors are told apart."""
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return base.kind(value)


def tails(noise: Tensor) -> float:
    """The fourth moment in standard units: normal 3, uniform 1.8."""
    noise = noise.detach().double()
    return (((noise - noise.mean()) / noise.std()) ** 4).mean().item()
