"""What the checks of the torch lessons share: quiet runs, models, named errors."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, remove_weight_norm
from torch.nn.utils.weight_norm import WeightNorm
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
COARSE_STEP = 1e-3  # as large as float32 takes to show it


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


def require_different_units(model: nn.Module, *chains: Sequence[Sequence[int]]) -> None:
    """Fail if the units of a new model begin alike: then they get the same gradient.

    So they do if all weights are one number, or those before and behind some units.

    Parameters
    ----------
    model : nn.Module
        New, its lazy layers made.
    *chains : sequence of shapes
        Of layers that may not all begin so, as those before and behind some units; a
        last layer may begin with zeros.

    Raises
    ------
    CheckFailed
    """
    numbers: dict[tuple[int, ...], list[float | None]] = {}
    for p in model.parameters():
        if len(sides_of(p.shape)) > 1:
            one = p.flatten()[0].item()
            alike = one if bool((p == one).all()) else None
            numbers.setdefault(sides_of(p.shape), []).append(alike)
    for chain in ([*numbers], *chains):
        found = [
            number for shape in chain for number in numbers.get(sides_of(shape), [])
        ]
        if found and None not in found:
            shapes = " and ".join(" x ".join(map(str, shape)) for shape in chain)
            raise CheckFailed(
                f"all weights of {shapes} are {found[0]:g} in a new model",
                "random numbers, as a layer draws them by itself: units that begin "
                "alike stay alike, whatever is learned",
                "zeros_, constant_, fill_ or zero_ in `__init__`: leave it out",
            )


def copied(model: nn.Module) -> nn.Module:
    """A deep copy, of a model also that keeps something it computed on itself."""
    kept = [value for part in model.modules() for value in vars(part).values()]
    computed = [v for v in kept if isinstance(v, Tensor) and v.grad_fn is not None]
    return copy.deepcopy(model, {id(v): v.detach().clone() for v in computed})


def sides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """The sides of a weight, sorted, without those of length 1."""
    return tuple(sorted(side for side in shape if side > 1))


def with_plain_weights(model: nn.Module) -> nn.Module:
    """A copy whose layers have their weights as they are, without parametrizations.

    Such as weight norm, which makes a layer's matrix anew from a length and a
    direction: what is written into those is not the matrix.
    """
    model = copied(model)
    for part in model.modules():
        if parametrize.is_parametrized(part):
            for name in [*part.parametrizations]:
                parametrize.remove_parametrizations(part, name)
        for hook in [*part._forward_pre_hooks.values()]:
            if isinstance(hook, WeightNorm):  # the way of earlier versions
                remove_weight_norm(part, hook.name)
    return model


def require_free_numbers(codes: Tensor, name: str, look: str) -> None:
    """Fail unless the numbers of a code, (B, d) with B > d, can each be anything.

    Parameters
    ----------
    codes : Tensor
    name : str
        "the code" or the like.
    look : str
        Where the mistake may be.

    Raises
    ------
    CheckFailed
    """
    size = codes.shape[1]
    free = int(torch.linalg.matrix_rank(codes.detach().double(), rtol=1e-5))
    if free < size:
        raise CheckFailed(
            f"{name} has {size} numbers, and {size - free} of them can be computed "
            "from the others",
            f"{size} numbers, each of any value",
            f"a mean taken off, or a norm, {look}",
        )


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
        except RuntimeError:  # it ran before: another way to insist on float32
            off = None
    if off is None:
        inputs = {name: x.detach().clone() for name, x in given.items()}
        for x in inputs.values():
            x.requires_grad_()
        off = _off_twice(copied(model), answers, inputs, COARSE_STEP, room=0.2)
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
    off = _off(*given, **options)
    if not off:
        return off
    again = _off(*given, **options)
    return {pair: none for pair, none in off.items() if pair in again}


def _off(
    model: nn.Module,
    answers: Callable[..., Mapping[str, Tensor]],
    inputs: dict[str, Tensor],
    step: float = STEP,
    room: float = 1e-3,
) -> dict[tuple[str, str], bool]:
    """Where an answer's gradient is off: (answer, place) -> whether there is none."""
    places = dict(model.named_parameters())
    places |= {f"the input {name}": x for name, x in inputs.items()}

    def ask() -> dict[str, Tensor]:
        with seeded(0):  # the same noise each time
            return dict(answers(model, **inputs))

    values = ask()
    toward = {name: torch.randn_like(value) for name, value in values.items()}
    ways = {name: torch.randn_like(place) for name, place in places.items()}
    slopes = {
        answer: _slopes((value * toward[answer]).sum(), places, ways)
        for answer, value in values.items()
    }

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


def is_linear(f: Callable[[Tensor], Tensor], a: Tensor, b: Tensor) -> bool:
    """Whether f is one linear layer: f(a) + f(b) = f(a + b) + f(0)."""
    with torch.no_grad():
        left, right = f(a) + f(b), f(a + b) + f(torch.zeros_like(a))
    return not (left - right).abs().max() >= 1e-3 * left.abs().max()


def hang_together(noise: Tensor) -> bool:
    """Whether numbers of a row, or of a column, have something in common.

    Means of rows of independent numbers vary as little as their length allows.
    """
    noise = noise.detach().double()
    noise = (noise - noise.mean()) / noise.std()
    return not all(
        (each.mean(1).var() * each.shape[1] - 1).abs() <= 8 * (2 / len(each)) ** 0.5
        for each in (noise, noise.T)
    )


def cut_off(noise: Tensor) -> float:
    """The limit that a share of the numbers lies at, up to the sign; 0 if none does.

    The other numbers differ from each other, as those that are repeated do not.
    """
    sizes = noise.detach().abs().flatten()
    most = int((sizes == sizes.max()).sum())
    if most <= max(2, 0.02 * len(sizes)):
        return 0.0
    counts = sizes.unique(return_counts=True)[1]
    others = len(sizes) - most
    limited = most == int(counts.max()) and len(counts) - 1 > 0.9 * others > 0
    return sizes.max().item() if limited else 0.0


def tails(noise: Tensor) -> float:
    """The fourth moment in standard units: normal 3, uniform 1.8."""
    noise = noise.detach().double()
    return (((noise - noise.mean()) / noise.std()) ** 4).mean().item()
