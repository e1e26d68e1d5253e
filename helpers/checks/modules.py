"""What the checks of the torch lessons share: quiet runs, models, named errors."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from helpers.checks.failure import CheckFailed
from helpers.checks.messages import kind, shorten

MIXED_DEVICES = ("on the same device", "is not on the expected device")


@contextlib.contextmanager
def refuses_other_devices(expected: str, look: str) -> Iterator[None]:
    """Fail if a block brings tensors of the CPU to what lies on torch's "meta".

    That device holds no numbers, and stands for a graphics card that the machine need
    not have. What works on numbers, as a print or a comparison, may stop there; that
    says nothing.

    Parameters
    ----------
    expected, look : str

    Raises
    ------
    CheckFailed
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 (what else stops on meta is no mistake)
        if any(words in str(error) for words in MIXED_DEVICES):
            raise CheckFailed(
                f'on another device than the CPU (here torch\'s "meta") PyTorch stops: '
                f"{shorten(' '.join(str(error).split()), 160)}",
                expected,
                look,
            ) from None


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
                seen = f"{type(error).__name__}: {' '.join(str(error).split())}"
                raise CheckFailed(shorten(seen), expected, look) from None
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


def copied(model: nn.Module) -> nn.Module:
    """A deep copy, of a model also that keeps something it computed on itself."""
    kept = [value for part in model.modules() for value in vars(part).values()]
    computed = [v for v in kept if isinstance(v, Tensor) and v.grad_fn is not None]
    return copy.deepcopy(model, {id(v): v.detach().clone() for v in computed})


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
        louder = copied(model)
        with torch.no_grad():
            for p in louder.parameters():
                if sorted(p.shape) == sorted((width, other)):
                    p.mul_(factor)
            values.append(f(louder))
    first, second = values[1] - values[0], values[2] - values[1]
    return bool((first - second).abs().max() <= 1e-3 * second.abs().max() + 1e-6)


def hang_together(noise: Tensor) -> bool:
    """Whether numbers of a row, or of a column, have something in common.

    Means of rows of independent numbers vary as little as their length allows.
    """
    noise = noise.detach().double()
    noise = (noise - noise.mean()) / noise.std()
    return any(
        bool(
            (each.mean(1).var() * each.shape[1] - 1).abs() > 8 * (2 / len(each)) ** 0.5
        )
        for each in (noise, noise.T)
    )


def cut_off(noise: Tensor) -> float:
    """The limit that a share of the numbers lies at, up to the sign; 0 if none does.

    The other numbers differ from each other, as those that are repeated do not.
    """
    values, counts = noise.detach().abs().flatten().unique(return_counts=True)
    most, others = int(counts.max()), noise.numel() - int(counts.max())
    limited = counts[-1] == most > 0.02 * noise.numel() and most > 2
    return values[-1].item() if limited and len(values) - 1 > 0.9 * others > 0 else 0.0


def tails(noise: Tensor) -> float:
    """The fourth moment in standard units: normal 3, uniform 1.8."""
    noise = noise.detach().double()
    return (((noise - noise.mean()) / noise.std()) ** 4).mean().item()
