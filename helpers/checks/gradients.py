"""Whether a model's gradients are those that its numbers have."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from helpers.checks.draws import seeded
from helpers.checks.failure import CheckFailed
from helpers.checks.messages import shorten
from helpers.checks.modules import copied

STEP = 1e-8  # small enough that hardly ever a ReLU's bend lies within
COARSE_STEP = 1e-3  # as large as float32 takes to show it


def require_gradients_of(
    model: nn.Module,
    answers: Callable[..., Mapping[str, Tensor]],
    **given: Tensor,
) -> None:
    """Fail unless each answer's gradient is what its numbers do, for every weight.

    Weights and inputs are moved a little along random directions: a detach() anywhere
    on the way shows, whatever the values are.

    Parameters
    ----------
    model : nn.Module
        With weights that let all answers depend on all of them; it stays as it is.
    answers : callable
        ``answers(model, **given)``: what an answer is called -> a tensor.
    **given : Tensor
        Floats; the gradient with respect to them counts as well.

    Raises
    ------
    CheckFailed
    """
    with _in_double():
        double = copied(model).double()
        inputs = {name: x.double().requires_grad_() for name, x in given.items()}
        try:
            off = _off_twice(double, answers, inputs)
            right = _gradients(double, answers, inputs)
        except RuntimeError:  # it ran before: another way to insist on float32
            off = None
    if not off:
        inputs = {name: x.detach().clone() for name, x in given.items()}
        for x in inputs.values():
            x.requires_grad_()
    if off is None:
        off = _off_twice(copied(model), answers, inputs, COARSE_STEP, room=0.2)
    elif not off:  # in float32, as it is used
        off = _unlike(right, _gradients(copied(model), answers, inputs))
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


def _off_twice(*given, **options) -> dict[tuple[str, str], bool]:
    """As `_off`: a bend that lies just where it was looked at misleads once."""
    off = _off(*given, **options, seed=60_317)
    if not off:
        return off
    again = _off(*given, **options, seed=91_573)
    return {pair: none for pair, none in off.items() if pair in again}


def _off(
    model: nn.Module,
    answers: Callable[..., Mapping[str, Tensor]],
    inputs: dict[str, Tensor],
    step: float = STEP,
    room: float = 1e-3,
    seed: int = 0,
) -> dict[tuple[str, str], bool]:
    """Where an answer's gradient is off: (answer, place) -> whether there is none."""
    _, places, toward, ways, slopes = _gradients(model, answers, inputs, seed)

    def ask() -> dict[str, Tensor]:
        with seeded(0):  # the same noise each time
            return dict(answers(model, **inputs))

    @torch.no_grad()
    def moved(*names: str) -> dict[str, float]:
        """How much the answers change, per step, when these places move at once."""
        starts = {name: places[name].clone() for name in names}
        ends = []
        for side in (step, -step):
            for name, start in starts.items():
                places[name].copy_(start).add_(ways[name], alpha=side)
            ends.append(ask())
        for name, start in starts.items():
            places[name].copy_(start)
        return {
            answer: ((ends[0][answer] - ends[1][answer]).double() * weights)
            .sum()
            .item()
            / (2 * step)
            for answer, weights in toward.items()
        }

    # In float64 all at once, and closely; where that does not fit, one after the other.
    together = moved(*places) if step == STEP else {}
    if together and all(
        abs(sum(says for says, _ in slopes[answer].values()) - does)
        <= 1e-6 * sum(size for _, size in slopes[answer].values())
        for answer, does in together.items()
    ):
        return {}
    moves = {name: moved(name) for name in places}
    off: dict[tuple[str, str], bool] = {}
    for answer, mine in slopes.items():
        largest = max(abs(each[answer]) for each in moves.values())
        for name, (says, size) in mine.items():
            does = moves[name][answer]
            if not abs(says - does) <= room * (abs(does) + size + 0.01 * largest):
                off[answer, name] = size == 0
    return off


def _gradients(
    model: nn.Module,
    answers: Callable[..., Mapping[str, Tensor]],
    inputs: dict[str, Tensor],
    seed: int = 0,
) -> tuple[dict, dict, dict, dict, dict]:
    """Answers, places, directions of both, and the answers' slopes along these."""
    places = dict(model.named_parameters())
    places |= {f"the input {name}": x for name, x in inputs.items()}
    source = torch.Generator().manual_seed(seed)  # whatever became of the others

    def direction(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=source, dtype=torch.float64).to(like)

    with seeded(0):
        values = dict(answers(model, **inputs))
    toward = {name: direction(value) for name, value in values.items()}
    ways = {name: direction(place) for name, place in places.items()}
    slopes = {
        answer: _slopes((value * toward[answer]).sum(), places, ways)
        for answer, value in values.items()
    }
    return values, places, toward, ways, slopes


def _unlike(right: tuple, other: tuple) -> dict[tuple[str, str], bool]:
    """As `_off`: where gradients in float32 are others, though the answers are not."""
    off = {}
    for answer, value in right[0].items():
        if not torch.allclose(other[0][answer].double(), value, 1e-3, 1e-4):
            continue  # it draws, and other numbers in float32
        for place, (says, size) in right[-1][answer].items():
            seen, length = other[-1][answer][place]
            if abs(seen - says) > 0.05 * size + 1e-3:
                off[answer, f"{place} (in float32)"] = length == 0
    return off


def _slopes(
    value: Tensor, places: Mapping[str, Tensor], ways: Mapping[str, Tensor]
) -> dict[str, tuple[float, float]]:
    """By place, a value's gradient along its way, and the gradient's length."""
    gradients: Sequence[Tensor | None] = [None] * len(places)
    if value.requires_grad:
        gradients = torch.autograd.grad(
            value, list(places.values()), retain_graph=True, allow_unused=True
        )
    return {
        name: (0.0, 0.0)
        if g is None
        else ((g * ways[name]).sum().item(), g.norm().item())
        for name, g in zip(places, gradients, strict=True)
    }
