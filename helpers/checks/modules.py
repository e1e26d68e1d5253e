"""What the checks of the torch lessons share: models, their units, named errors."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, remove_weight_norm
from torch.nn.utils.weight_norm import WeightNorm
from torch.overrides import BaseTorchFunctionMode

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


# What tells others of a model's layers and weights.
LISTING = {"named_parameters", "parameters", "named_modules", "modules", "children"}
LISTING |= {"named_children", "named_buffers", "buffers", "state_dict"}
LISTING |= {"load_state_dict"}


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
    _require_own_listing(model)
    return model


def _require_own_listing(model: nn.Module) -> None:
    """Fail if a model, or a part of it, says by itself which weights it has."""
    for part in _parts(model):
        kinds = [each for each in type(part).__mro__ if not _is_of_torch(each)]
        places = [vars(part), *map(vars, kinds)]
        replaced = sorted(word for place in places for word in LISTING & place.keys())
        if replaced:
            raise CheckFailed(
                f"the class defines {', '.join(replaced)} itself",
                "nn.Module's own, by which optimizers and files find the weights",
                f"`def {replaced[0]}`: leave it out",
            )


def _parts(model: nn.Module) -> Iterator[nn.Module]:
    yield model
    for part in vars(model)["_modules"].values():
        if part is not None:
            yield from _parts(part)


def _is_of_torch(kind_of: type) -> bool:
    return kind_of.__module__.startswith(("torch.", "helpers.checks.", "builtins"))


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
    _require_own_listing(model)
    kept = [value for part in model.modules() for value in vars(part).values()]
    computed = [v for v in kept if isinstance(v, Tensor) and v.grad_fn is not None]
    return copy.deepcopy(model, {id(v): v.detach().clone() for v in computed})


def require_steady(
    model: nn.Module, ask: Callable[[nn.Module], Sequence[Tensor]], what: str
) -> None:
    """Fail unless a model answers alike with and without gradients, and as a copy.

    Parameters
    ----------
    model : nn.Module
    ask : callable
        ``model -> answers`` that depend on no draw, asked in evaluation mode.
    what : str
        The answers' names.

    Raises
    ------
    CheckFailed
    """
    modes = [module.training for module in model.modules()]
    with torch.no_grad():
        right = [each.clone() for each in ask(model.eval())]
        answers = {"in a copy of the model": ask(copied(model))}
        with BaseTorchFunctionMode():
            answers["while torch's functions are watched"] = ask(model)
    with torch.enable_grad():
        answers["with gradients"] = ask(model)
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode
    for where, answer in answers.items():
        if not all(map(_near, answer, right)):
            raise CheckFailed(
                f"in evaluation mode {what} of the same input are others {where}",
                "the same numbers: they depend on the weights and the input alone",
                "a condition on something else (torch.is_grad_enabled(), id(self)), or "
                "a draw",
            )


def require_true_copies(model: nn.Module, x: Tensor) -> None:
    """Fail unless a copy of a model answers as the model does, with the same noise.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode. One with random numbers of its own is let be.
    x : Tensor

    Raises
    ------
    CheckFailed
    """

    def ask(net: nn.Module) -> Tensor:
        with torch.no_grad(), seeded(0):
            return net(x)[0]

    first, again, other = ask(model), ask(model), ask(copied(model))
    if _near(first, again) and not _near(other, first):
        raise CheckFailed(
            "with the same noise a copy of the model gives other logits than the model",
            "the same: they depend on the weights, the input and the noise alone",
            "a condition on something else, such as id(self), or a copy that is made "
            "otherwise",
        )


def _near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one.detach(), other, rtol=1e-4, atol=1e-5)


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
            for name, steps in [*part.parametrizations.items()]:
                _require_torchs(name, steps)
                parametrize.remove_parametrizations(part, name)
        for hook in [*part._forward_pre_hooks.values()]:
            if isinstance(hook, WeightNorm):  # the way of earlier versions
                remove_weight_norm(part, hook.name)
    return model


def _require_torchs(name: str, steps: Iterable[nn.Module]) -> None:
    for step in steps:
        if not _is_of_torch(type(step)):
            raise CheckFailed(
                f"a layer's {name} is what {type(step).__name__} makes of its weights",
                "plain layers: their weights are what they multiply by",
                "register_parametrization: leave it out",
            )


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


def is_linear(f: Callable[[Tensor], Tensor], a: Tensor, b: Tensor) -> bool:
    """Whether f is one linear layer: f(a) + f(b) = f(a + b) + f(0)."""
    with torch.no_grad():
        left, right = f(a) + f(b), f(a + b) + f(torch.zeros_like(a))
    return not (left - right).abs().max() >= 1e-3 * left.abs().max()
