"""Whether an answer is computed in every call, or kept from an earlier one."""

from __future__ import annotations

import contextlib
import io
import math
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from helpers.checks.draws import seeded
from helpers.checks.failure import CheckFailed

# Of each answer the smallest things that it was handed in this trial, as copies.
Given = tuple[int, list[Any], dict[str, Any]]
_smallest: weakref.WeakKeyDictionary[Callable, list[Given]]
_smallest = weakref.WeakKeyDictionary()
MOST = 6  # some change nothing by changing, such as two images that are the same
PLAIN = (bool, int, float, str, type(None))


def note(call: Callable, args: tuple, options: Mapping[str, Any]) -> None:
    """Keep a copy of what a call is handed, if it is the smallest so far.

    Parameters
    ----------
    call : callable
    args, options
        Of these only numbers, tensors, arrays, models and functions can be handed in
        again; a call with anything else is passed over.
    """
    values = [*args, *options.values()]
    sizes = [each.size if isinstance(each, np.ndarray) else each.numel()
             for each in values if _holds_numbers(each)]  # fmt: skip
    kept = _smallest.setdefault(call, [])
    size = sum(sizes)
    small = len(kept) < MOST or size < kept[-1][0]
    if size > 1 and small and all(map(_again, values)):
        named = {name: _copy(each) for name, each in options.items()}
        kept.append((size, [*map(_copy, args)], named))
        kept.sort(key=lambda given: given[0])
        del kept[MOST:]


def require_computed_anew(call: Callable, answer: Callable) -> None:
    """Fail if an answer is what it was, though the numbers that it rests on changed.

    They change in the same tensors and arrays. What it is for copies of these says
    what is right; where two such answers differ, as by an optimizer's step, or noise
    from a generator of one's own, nothing can be said.

    Parameters
    ----------
    call : callable
        As :func:`helpers.checks.leftovers.one_by_one` has made it of the answer.
    answer : callable

    Raises
    ------
    CheckFailed
    """
    for _, args, options in _smallest.pop(call, ()):
        told = _stays_what_it_was(answer, args, options)
        if told:
            raise CheckFailed(
                "asked again about the same tensors or arrays, whose numbers have "
                "changed, it does not answer as for copies of them",
                "the answer for the numbers that they hold now: it is computed in "
                "each call",
                "what is kept from an earlier call: functools.lru_cache, or a "
                "dictionary by the tensor itself or by its id()",
            )
        if told is not None:
            return


def _stays_what_it_was(
    answer: Callable, args: list[Any], options: dict[str, Any]
) -> bool | None:
    """Whether other numbers in the same things go unnoticed; None if unknown."""
    held = []  # all copies live until the end, or two of them would have one id()

    def ask(copy: Callable = _copy) -> Any:
        given = [*map(copy, args)]
        named = {name: copy(each) for name, each in options.items()}
        held.append((given, named))
        with seeded(0), _nothing_said():
            return answer(*given, **named)

    numbers = list(filter(_holds_numbers, (*args, *options.values())))
    fractions = [each for each in numbers if "float" in str(each.dtype)]
    try:
        before = ask()
        ask(copy=_itself)
        # Whole ones beside them are labels, and a class without images makes no mean.
        for places, each in enumerate(fractions or numbers, start=1):
            _move(each, places)
        right, twice = ask(), ask()
    except Exception:  # noqa: BLE001 (numbers of this kind need not be fit for it)
        return None
    if not _alike(right, twice) or _alike(right, before):
        return None
    return not _alike(ask(copy=_itself), right)


@contextlib.contextmanager
def _nothing_said() -> Iterator[None]:
    """Keep what an answer says of such numbers from the student: they are no task."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield


def _itself(value: Any) -> Any:
    return value


def _holds_numbers(value: Any) -> bool:
    torch = sys.modules.get("torch")
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiu"
    if not torch or not isinstance(value, torch.Tensor):
        return False
    return value.dtype != torch.bool and not value.is_complex()


def _again(value: Any) -> bool:
    """Whether something can be handed in several times."""
    torch = sys.modules.get("torch")
    if torch and isinstance(value, torch.Tensor | torch.nn.Module):
        return True
    return isinstance(value, (*PLAIN, np.ndarray)) or hasattr(value, "__code__")


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    return value.detach().clone() if _holds_numbers(value) else value


def _move(value: Any, places: int) -> None:
    """Move numbers on by so many places, and put 0 into every other column."""
    array = value if isinstance(value, np.ndarray) else value.cpu().numpy()
    moved = np.roll(array, places) * array.dtype.type(
        0.9 if array.dtype.kind == "f" else 1
    )
    if array.ndim and array.shape[-1] > 1:
        moved[..., ::2] = 0
    if array is value:
        value[...] = moved
    else:
        value.copy_(value.new_tensor(moved))


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return _alike([*one.items()], [*other.items()])
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        numbers = one.dtype.kind in "fiub" and one.shape == other.shape
        return numbers and np.allclose(one, other, 1e-4, 1e-6, equal_nan=True)
    if hasattr(one, "detach") and hasattr(other, "detach"):
        return _alike(one.detach().cpu().numpy(), other.detach().cpu().numpy())
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-4) or (one != one and other != other)
    return type(one) is type(other) and isinstance(one, PLAIN) and one == other
