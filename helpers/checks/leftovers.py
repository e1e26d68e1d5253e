"""What an answer leaves behind: a good one leaves everything as it was."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from helpers.checks.anew import note
from helpers.checks.failure import CheckFailed
from helpers.checks.settings import SETTINGS, restore, settings

# Tensors and arrays that the running check has handed in, and their numbers then.
_handed: list[tuple[Any, Any]] = []
# What :func:`one_by_one` made, and of what.
_bare: weakref.WeakKeyDictionary[Callable, Callable] = weakref.WeakKeyDictionary()


@contextlib.contextmanager
def surroundings_stay() -> Iterator[None]:
    """Fail if the block changes what the rest of a notebook rests on.

    Raises
    ------
    CheckFailed
        If gradients are switched off for good, torch's type of numbers or seed is set,
        files are left in the notebook's folder, or what an earlier call was handed has
        other numbers at the end.
    """
    torch = sys.modules.get("torch")
    before = settings(torch)
    handed_before = len(_handed)
    # Elsewhere: what appears in the notebook's own folder meanwhile may be anybody's.
    try:
        with _in_empty_folder() as files:
            yield
            left = files()
        _want_as_handed(handed_before)
    finally:
        del _handed[handed_before:]
    after = settings(torch)
    for (what, look), old, new in zip(SETTINGS, before, after, strict=True):
        if new != old:
            if torch:
                restore(torch, before)
            raise CheckFailed(
                f"after the call {what} {new}", f"{old}, as before the call", look
            )
    if left:
        raise CheckFailed(
            f"after the call the folder holds {', '.join(left)}",
            "no new file: nothing asks for one here",
            "what is saved, and where",
        )


def _want_as_handed(first: int = 0) -> None:
    """Fail unless what calls were handed in has its numbers still."""
    handed = _handed[first:]
    if not all(_same(_numbers(x), old) and not _stored(x) for x, old in handed):
        raise CheckFailed(
            "what an earlier call was handed in has other numbers by the end",
            "it stays as it was handed in, for good",
            "something kept from one call and changed in another",
        )


def one_by_one(answer: Any) -> Any:
    """A function that, before each call, looks at what earlier ones were handed in.

    What is wanted is computed from it between two calls: one could change it, and the
    next put it back.

    Parameters
    ----------
    answer : callable
        A class is left as it is: what its models are handed in is looked at by the end.
    """
    if isinstance(answer, type) or not callable(answer):
        return answer

    @functools.wraps(answer)
    def call(*args, **options):
        _want_as_handed()
        note(call, args, options)
        return answer(*args, **options)

    _bare[call] = answer
    return call


def bare(answer: Any) -> Any:
    """The function itself of what :func:`one_by_one` made; None of anything else."""
    return _bare.get(answer) if callable(answer) else None


def in_a_row(answer: Any, count: int, *inputs: Any) -> list[Any]:
    """What many calls return, between which nothing is computed from their inputs.

    So it is enough to look at what earlier calls were handed in once, before them.

    Parameters
    ----------
    answer : callable
    count : int
        At least 1.
    inputs : object
        The same in each call.
    """
    again = bare(answer) or answer
    return [answer(*inputs)] + [again(*inputs) for _ in range(count - 1)]


@contextlib.contextmanager
def _in_empty_folder() -> Iterator[Callable[[], list[str]]]:
    """Work in an empty folder for a while; yields what tells its files."""
    try:
        before = os.getcwd()
    except OSError:  # it is gone
        yield list
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        os.chdir(place)
        try:
            yield lambda: sorted(os.listdir(place))
        finally:
            os.chdir(before)


@contextlib.contextmanager
def stays(*things: Any, but: Collection[str] = (), look: str = "") -> Iterator[None]:
    """Fail if a block changes what was handed to a student's code.

    Parameters
    ----------
    things : numpy.ndarray, torch.Tensor or torch.nn.Module
        What was handed in.
    but : collection of str
        What may change in a model: "values" (weights and buffers), "gradients",
        "modes".
    look : str, optional
        Where to look, instead of the usual words.

    Raises
    ------
    CheckFailed
        If values, modes, ``requires_grad``, gradients, layers or hooks differ.
    """
    before = [_state(thing) for thing in things]
    yield
    for thing, old in zip(things, before, strict=True):
        new = _state(thing)
        for part, (what, value, hint) in new.items():
            same = _same(value, old[part][1])
            if part not in but and not same:
                raise CheckFailed(what, "it stays as it was handed in", look or hint)
        if "values" not in but and not hasattr(thing, "named_parameters"):
            _handed.append((thing, new["values"][1]))


def _stored(thing: Any) -> bool:
    """Whether anything has been stored on a tensor or array."""
    return bool(getattr(thing, "__dict__", None))


def _numbers(thing: Any) -> Any:
    return thing if isinstance(thing, np.ndarray) else thing.detach()


def _state(thing: Any) -> dict[str, tuple[str, Any, str]]:
    """Parts of a thing: name to (what a change is called, its value, a hint)."""
    if isinstance(thing, np.ndarray):
        changed = "the array that was handed in has other numbers after the call"
        hint = "an assignment into it, or `+=` and the like: work on a copy"
        return {"values": (changed, thing.copy(), hint)}
    if hasattr(thing, "named_parameters"):
        return _module_state(thing)
    changed = "the tensor that was handed in has other numbers after the call"
    hint = "an operation in place (`add_`, `sigmoid_`, `+=`): use the one without _"
    return {
        "values": (changed, thing.detach().clone(), hint),
        "attributes": (  # it could answer for itself what it is, or compares to
            "the tensor that was handed in has attributes after the call",
            sorted(vars(thing)),
            "something stored on it: keep it in a variable of your own",
        ),
        "requires_grad": (
            "the tensor that was handed in requires another gradient after the call",
            thing.requires_grad,
            "requires_grad_() on what was handed in: leave it out",
        ),
    }


def _module_state(model: Any) -> dict[str, tuple[str, Any, str]]:
    training = "training" if model.training else "evaluation"
    return {
        "layers": (
            "the model has other layers after the call",
            [(name, type(each), id(each)) for name, each in model.named_modules()],
            "layers that are replaced or added",
        ),
        "attributes": (
            "the model has other attributes after the call",
            _attributes(model),
            "something stored on the model: keep it in a variable of your own",
        ),
        "modes": (
            f"the model, or a part of it, is in {training} mode after the call, and "
            f"was not before",
            [module.training for module in model.modules()],
            "train() and eval(): put it back into the mode it was handed in",
        ),
        "requires_grad": (
            "the model's weights are frozen, or no longer frozen, after the call",
            [p.requires_grad for p in model.parameters()],
            "requires_grad_(): leave it out",
        ),
        "hooks": (
            "the model carries hooks after the call that it did not have",
            [_hooks(module) for module in model.modules()]
            + [
                len(getattr(p, name, None) or ())
                for p in model.parameters()
                for name in ("_backward_hooks", "_post_accumulate_grad_hooks")
            ],
            "register_..._hook: remove() what it returns",
        ),
        "types": (
            "the model's weights have another type after the call",
            [p.dtype for p in model.parameters()],
            "double(), half() or to(...), which change the model itself",
        ),
        "gradients": (
            "the model's gradients have changed after the call",
            [
                None if p.grad is None else p.grad.detach().clone()
                for p in model.parameters()
            ],
            "backward() or zero_grad() inside the function: leave it out",
        ),
        "values": (
            "the model's weights or running averages have changed after the call",
            [
                value.detach().clone()
                for value in (*model.parameters(), *model.buffers())
            ],
            "what changes the weights: a step of an optimizer, an operation in place, "
            "or a call in training mode, in which batch norm takes notes",
        ),
    }


def _hooks(module: Any) -> list[tuple[str, int]]:
    """Which hooks a module has, of all kinds that torch knows, and how many."""
    kept = vars(module).items()
    return [
        (name, len(each)) for name, each in kept if name.endswith("_hooks") and each
    ]


def _attributes(model: Any) -> list[dict[str, Any]]:
    """What is stored on a model of the pack's own; a student's may note what it likes.

    Names, and the value of what is a number or a text; modes are looked at elsewhere.
    """
    if not type(model).__module__.startswith(("helpers.", "torch.nn.")):
        return []
    plain = (bool, int, float, str, tuple)
    return [
        {
            name: value if type(value) in plain and name != "training" else None
            for name, value in vars(module).items()
        }
        for module in model.modules()
    ]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if hasattr(one, "shape") and hasattr(other, "shape"):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if not isinstance(one, np.ndarray) and one.equal(other):
            return True  # this much is quick
        same = one == other
        # Only where something differs: nan is what it was, too.
        return bool(same.all() or (same | ((one != one) & (other != other))).all())
    return type(one) is type(other) and one == other
