"""Whether a tensor is the one that is wanted, as far as float32 can tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from helpers.checks.failure import CheckFailed, judging
from helpers.checks.messages import apart, number

TOLERANCE = 2e-5  # float32 sums of some hundred terms differ in the sixth digit
ROUNDING = 4e-7  # of a float32 number that is taken off another: a few times 2^-24


def fits(
    seen: Tensor,
    wanted: Tensor,
    tolerance: float = TOLERANCE,
    parts: Tensor | float = 0.0,
) -> bool:
    """Tell whether two tensors agree, as far as float32 can.

    Parameters
    ----------
    seen, wanted : Tensor
        Of one shape. An entry may be off by `tolerance` times itself plus `tolerance`
        times the mean size of all.
    tolerance : float
    parts : Tensor or float, optional
        How large the numbers are whose small difference an entry is.
    """
    judging()
    if seen.is_complex():
        return False
    seen, wanted = seen.detach().double(), wanted.detach().double()
    if not wanted.isfinite().all():
        return False
    room = tolerance * (wanted.abs() + wanted.abs().mean() + 0.1) + ROUNDING * parts
    return bool(((seen - wanted).abs() <= room).all() and room.isfinite().all())


def compare(
    seen: Tensor,
    wanted: Tensor,
    mistakes: Mapping[str, Tensor] | Callable[[], Mapping[str, Tensor]],
    what: str,
    because: str,
    otherwise: str,
    tolerance: float = TOLERANCE,
    parts: Tensor | float = 0.0,
    patterns: bool = True,
) -> None:
    """Fail unless two tensors agree, and name the mistake that gives what was seen.

    Parameters
    ----------
    seen, wanted : Tensor
        Of one shape.
    mistakes : mapping, or callable that makes it
        What was done wrong -> what that gives.
    what : str
        What the numbers are; "the KL of an image".
    because : str
        Follows the number that was expected; "summed over the dimensions".
    otherwise : str
        Where to look if no mistake fits.
    tolerance : float
    parts : Tensor or float, optional
        See :func:`fits`.
    patterns : bool
        Whether to look for a factor and the like; not where other numbers were right.

    Raises
    ------
    CheckFailed
    """
    if fits(seen, wanted, tolerance, parts):
        return
    known = mistakes() if callable(mistakes) else mistakes
    seen, wanted = seen.detach().double(), wanted.double()
    worst = (seen - wanted).abs().nan_to_num(math.inf).argmax()
    texts = apart(seen.flatten()[worst].item(), wanted.flatten()[worst].item())
    near = max(tolerance, 2e-4)
    names = [
        why
        for why, value in known.items()
        if _agrees(seen, value, near) and not _agrees(wanted, value, near)
    ]
    pattern = _pattern(seen, wanted, near) if patterns else ""
    look = "; or ".join(names[:3]) or pattern or otherwise
    raise CheckFailed(f"{what} is {texts[0]}", f"{texts[1]}, {because}", look)


def _agrees(seen: Tensor, value: Tensor, tolerance: float) -> bool:
    value = value.detach().double()
    if value.dim() and value.shape != seen.shape:
        return False
    return fits(seen, value.expand_as(seen), tolerance)


def _pattern(seen: Tensor, wanted: Tensor, tolerance: float) -> str:
    """Say that all is right but for a factor, or up to some image, and the like."""
    ratio = (seen.sum() / wanted.sum()).item()
    apart_from_1 = math.isfinite(ratio) and ratio and abs(ratio - 1) > 5e-4
    if apart_from_1 and fits(seen, ratio * wanted, tolerance):
        name = apart(ratio, 1)[0] if abs(ratio) > 0.5 else f"1/{number(1 / ratio)}"
        return (
            f"a factor: all is {name} times what it should be, and right otherwise (a "
            "mean in place of a sum, a size written in?)"
        )
    if seen.dim() and len(seen) > 1 and torch.allclose(seen, seen[:1], rtol=1e-5):
        return "one number for all images: each has a value of its own"
    right = [fits(*pair, tolerance) for pair in zip(seen, wanted, strict=True)]
    first = right.index(False) if False in right else 0
    if first > 9 and not any(right[first:]):
        return f"the first {first} of {len(right)} images are right, the later ones not"
    return ""


def gradients_of(function: Callable, *inputs: Tensor) -> list[Tensor | None]:
    """The gradient of the sum of what comes out, for each input.

    Parameters
    ----------
    function : callable
    *inputs : Tensor
        Handed on as copies, as a layer's output would be: they require gradients, and
        are no leaves.

    Returns
    -------
    list of Tensor or None
        None where no gradient flows.
    """
    leaves = [x.clone().requires_grad_() for x in inputs]
    result = function(*(leaf.clone() for leaf in leaves))
    if not result.requires_grad:
        return [None] * len(leaves)
    return list(torch.autograd.grad(result.sum(), leaves, allow_unused=True))
