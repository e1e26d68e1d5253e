"""What the checks of the torch lessons share: quiet runs, models, named errors."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from helpers.checks.draws import seeded
from helpers.checks.failure import CheckFailed
from helpers.checks.messages import kind, shorten


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


STEP = 1e-8  # small enough that hardly ever a ReLU's bend lies within


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


def require_gradients_of(
    model: nn.Module,
    answers: Callable[..., Mapping[str, Tensor]],
    *given: Tensor,
) -> None:
    """Fail unless each answer's gradient is what its numbers do, for every weight.

    Weights and inputs are moved a little, one after the other, each along a random
    direction: a detach() anywhere on the way shows, whatever the values are.

    Parameters
    ----------
    model : nn.Module
        With weights that let all answers depend on all of them; it stays as it is.
    answers : callable
        ``answers(model, *given)``: what an answer is called -> a tensor.
    *given : Tensor
        Floats; the gradient with respect to them counts as well.

    Raises
    ------
    CheckFailed
    """
    with _in_double():
        model, given = copied(model).double(), tuple(x.double() for x in given)
        try:
            off = _off(model, answers, given)
            if off:  # a bend that lies just where it was looked at misleads once
                again = _off(model, answers, given)
                off = {pair: none for pair, none in off.items() if pair in again}
        except RuntimeError:  # it ran before: another way to insist on float32
            return
    for answer in dict.fromkeys(answer for answer, _ in off):
        places = {
            place: none for (which, place), none in off.items() if which == answer
        }
        missing = [place for place, none in places.items() if none]
        listed = ", ".join(missing or places)
        raise CheckFailed(
            f"{'no' if missing else 'a wrong'} gradient from {answer} reaches "
            f"{shorten(listed, 120)}",
            "the gradient that the numbers themselves have: training follows it to "
            f"every weight that made {answer}",
            f"detach(), .data, no_grad() or NumPy on {answer}, or between the layers "
            "that it is made of",
        )


class _Double(TorchFunctionMode):
    """Take float64 where float32 is asked for."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is Tensor.float:
            func = Tensor.double
        args = [torch.float64 if each is torch.float32 else each for each in args]
        kwargs = dict(kwargs or {})
        if kwargs.get("dtype") is torch.float32:
            kwargs["dtype"] = torch.float64
        return func(*args, **kwargs)


@contextlib.contextmanager
def _in_double() -> Iterator[None]:
    """Compute in float64 for a while, whatever type is written into the code."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with _Double():
            yield
    finally:
        torch.set_default_dtype(before)


def _off(
    model: nn.Module,
    answers: Callable[..., Mapping[str, Tensor]],
    given: tuple[Tensor, ...],
) -> dict[tuple[str, str], bool]:
    """Where an answer's gradient is off: (answer, place) -> whether there is none."""
    places = dict(model.named_parameters()) | {
        f"input {i + 1}" if i else "the input": x.requires_grad_()
        for i, x in enumerate(given)
    }

    def ask() -> dict[str, Tensor]:
        with seeded(0):  # the same noise each time
            return dict(answers(model, *given))

    values = ask()
    toward = {name: torch.randn_like(value) for name, value in values.items()}
    ways = {name: torch.randn_like(place) for name, place in places.items()}
    gradients = {
        answer: torch.autograd.grad(
            (value * toward[answer]).sum(),
            list(places.values()),
            retain_graph=True,
            allow_unused=True,
        )
        if value.requires_grad
        else [None] * len(places)
        for answer, value in values.items()
    }
    moves: dict[str, dict[str, float]] = {name: {} for name in values}
    for name, place in places.items():
        ends = []
        with torch.no_grad():
            start = place.clone()
            for side in (STEP, -STEP):
                place.add_(ways[name], alpha=side)
                ends.append(ask())
                place.copy_(start)
        for answer, weights in toward.items():
            moved = (ends[0][answer] - ends[1][answer]).double() * weights
            moves[answer][name] = (moved.sum() / (2 * STEP)).item()
    off: dict[tuple[str, str], bool] = {}
    for answer in values:
        largest = max(map(abs, moves[answer].values()))
        for (name, way), g in zip(ways.items(), gradients[answer], strict=True):
            says, size = (0, 0) if g is None else ((g * way).sum(), g.norm())
            does = moves[answer][name]
            if abs(says - does) > 1e-3 * (abs(does) + size + 0.01 * largest):
                off[answer, name] = g is None or not g.any()
    return off


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
