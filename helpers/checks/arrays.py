"""Answers in NumPy: read them, compare them, and name a mistake by its value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from helpers.checks.failure import CheckFailed, judging
from helpers.checks.messages import apart, kind

IN_PLACE = (
    "in-place operations such as `x -= ...`, `p[...] = ...` or `out=`: inputs stay as "
    "they are, the caller uses them again"
)
LIBRARIES = ("builtins", "numpy", "torch", "pandas", "keras", "tensorflow")
NUMPYS = set(np.sctypeDict.values())
WHOLE = (int, *(kind for kind in NUMPYS if np.dtype(kind).kind in "iu"))
FLOATS = (float, *(kind for kind in NUMPYS if np.dtype(kind).kind == "f"))
FORMULA = "the formula, term by term, on one image of three pixels"


def read(
    value: Any, call: str, tensors: bool = True, lists: bool = False
) -> np.ndarray:
    """Read what a student's function returned as an array of numbers.

    Parameters
    ----------
    value : object
    call : str
        What to call it in a message, such as ``"mse()"``.
    tensors : bool
        Whether a torch tensor will do.
    lists : bool
        Whether a list or a tuple of numbers will do.

    Returns
    -------
    numpy.ndarray
        Of bool, whole numbers or floats.

    Raises
    ------
    CheckFailed
    """
    judging()
    if value is None:
        raise CheckFailed(
            f"{call} returned None", "a value", "a `return` line is missing"
        )
    if isinstance(value, np.ma.MaskedArray) and not np.ma.is_masked(value):
        value = value.data  # nothing is masked: an array like others
    if type(value).__module__.partition(".")[0] not in LIBRARIES or isinstance(
        value, np.ma.MaskedArray
    ):  # it might answer for itself which numbers it holds
        raise CheckFailed(
            f"{call} gave {kind(value)}",
            "an ordinary array of numbers",
            "the class of what is returned; np.array(...) of its numbers makes it one",
        )
    if hasattr(value, "detach"):
        if not tensors:
            raise CheckFailed(
                f"{call} returned a torch tensor",
                "a NumPy array",
                "`.numpy()` at the end, or NumPy from the start",
            )
        value = value.detach().cpu()
    if isinstance(value, tuple | list) and not lists:
        raise CheckFailed(
            f"{call} gave {kind(value)}, not an array",
            "an array of numbers, without brackets or commas around it",
            "the `return` or `yield` line; np.array(...) makes an array of a list",
        )
    try:
        array = np.asarray(value)
    except ValueError:  # a list of lists of unequal lengths
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise CheckFailed(f"{call} gave {kind(value)}", "numbers", "the `return` line")
    return array


def read_number(value: Any, call: str, images: int = 0) -> float:
    """Read what a student's function returned as one number.

    Parameters
    ----------
    value : object
    call : str
    images : int, optional
        How many images went in: so many numbers are one for each.

    Returns
    -------
    float
        May be nan or infinite.

    Raises
    ------
    CheckFailed
    """
    if isinstance(value, tuple | list | str):
        raise CheckFailed(
            f"{call} returned {kind(value)}",
            "one number by itself",
            "the `return` line: brackets, commas, quotes or an f-string",
        )
    array = read(value, call)
    if array.size != 1:
        each = " (one value an image)" if array.shape == (images,) else ""
        raise CheckFailed(
            f"{call} returned an array of shape {array.shape}{each}",
            "one number: the average over the images",
            "a mean that is missing at the end, or an axis",
        )
    return float(array.reshape(-1)[0])


def _is_a(value: Any, kinds: Iterable[type]) -> bool:
    # Neither isinstance nor `in`: a class may answer those as it likes.
    return any(type(value) is kind for kind in kinds)


def is_whole(value: Any) -> bool:
    """Tell whether a value is an int, Python's or NumPy's: no bool, nothing like it."""
    return _is_a(value, WHOLE)


def is_real(value: Any) -> bool:
    """Tell whether a value is an int or a float, Python's or NumPy's: no bool."""
    return _is_a(value, (*WHOLE, *FLOATS))


def want_shape(array: np.ndarray, shape: tuple[int, ...], what: str, look: str) -> None:
    """Fail unless an array has that shape.

    Raises
    ------
    CheckFailed
    """
    if array.shape != shape:
        raise CheckFailed(f"{what} has shape {array.shape}", f"shape {shape}", look)


def close(seen: Any, value: Any, tolerance: float = 1e-4) -> bool:
    """Tell whether all numbers agree, in relation to the largest one.

    Parameters
    ----------
    seen, value : array_like
        Of the same shape, or else they do not agree.
    tolerance : float
        Allowed difference as a share of the largest `value`.
    """
    judging()
    seen, value = np.asarray(seen, float), np.asarray(value, float)
    if seen.shape != value.shape:
        return False
    with np.errstate(invalid="ignore"):
        most = tolerance * np.abs(value).max(initial=0) + 1e-12
        return bool((np.abs(seen - value) <= most).all())


def compare(
    seen: Any,
    right: Any,
    mistakes: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    what: str,
    rule: str,
    look: str | Callable[[], str] = FORMULA,
    tolerance: float = 1e-4,
) -> None:
    """Fail unless `seen` is `right`; name the known mistakes that give just this.

    Parameters
    ----------
    seen : array_like or float
    right : array_like or float
        Of the same shape.
    mistakes : mapping of str to array_like or float, or a callable that makes it
        What somebody did, in words, and what comes out on this input. Where several
        fit, all are told.
    what, rule : str
        The message says ``{what} 0.3`` and ``0.25: {rule}``.
    look : str or callable
        Where to look if no mistake fits.
    tolerance : float
        See :func:`close`.

    Raises
    ------
    CheckFailed
    """
    if close(seen, right, tolerance):
        return
    known = mistakes() if callable(mistakes) else mistakes
    found = [
        words
        for words, value in known.items()
        if close(seen, value, tolerance) and not close(value, right, tolerance)
    ]
    if found:
        look = found[0] if len(found) == 1 else "one of these: " + "; ".join(found)
    elif not np.isfinite(np.asarray(seen, float)).all():
        look = "a division by zero, a log of zero, or the root of a negative number"
    elif callable(look):
        look = look()
    at, (one, other) = _worst(seen, right)
    raise CheckFailed(f"{what} {one}{at}", f"{other}{at}: {rule}", look)


def _worst(seen: Any, right: Any) -> tuple[str, tuple[str, str]]:
    """Where two arrays differ most, in words, and both numbers there."""
    seen, right = np.asarray(seen, float), np.asarray(right, float)
    if not seen.ndim:
        return "", apart(float(seen), float(right))
    with np.errstate(invalid="ignore"):
        off = np.nan_to_num(np.abs(seen - right), nan=np.inf)
    place = np.unravel_index(int(off.argmax()), off.shape)
    at = f" at [{', '.join(map(str, map(int, place)))}]"
    return at, apart(float(seen[place]), float(right[place]))


def averaging(each: np.ndarray) -> dict[str, float]:
    """What mistakes of averaging give, in words to a value, for :func:`compare`.

    Parameters
    ----------
    each : numpy.ndarray, shape (N,)
        What comes out for each image alone; the mean is right.
    """
    n, total = len(each), each.sum()
    found = {
        "summed over the images too": total,
        "divided by the number of images twice": total / n**2,
        "the median over the images, not the mean": np.median(each),
        "the largest of the images, not the mean": each.max(),
    }
    for name, at in (("last", -1), ("first", 0)):
        rest = total - each[at]
        found[f"the {name} image is left out"] = rest / max(n - 1, 1)
        found[f"the {name} image is left out, and yet counted"] = rest / n
        why = (
            "`=` in the loop where `+=` is meant?" if at else "a `return` in the loop?"
        )
        found[f"of the {name} image only: {why}"] = each[at]
        share = f"of the {name} image only, divided by the number of images: {why}"
        found[share] = each[at] / n
    for size in (16, 32, 64, 100, 128, 256, 512):
        means = [each[start : start + size].mean() for start in range(0, n, size)]
        words = f"the mean of the means of batches of {size}: the last one is smaller"
        found[words] = np.mean(means)
    return found


def span(values: Any) -> str:
    """Write a few values, or of many the smallest and the largest."""
    values = np.asarray(values).reshape(-1)
    if len(values) <= 3:
        return ", ".join(f"{value:.4g}" for value in values)
    return f"{values.min():.4g} to {values.max():.4g}"
