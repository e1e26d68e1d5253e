"""What all checks share: how they fail, how they pass, and whose line was wrong."""

from __future__ import annotations

import functools
import linecache
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

STANDARD = Path(sysconfig.get_paths()["stdlib"])
PACK = Path(__file__).resolve().parents[1]
checking: str | None = None  # the name of the check function that is running


class CheckFailed(AssertionError):
    """An exercise is not right yet.

    Parameters
    ----------
    observed : str
        What the student's code did, with numbers and shapes.
    expected : str
        What was expected, and why.
    look : str
        Where to look for the mistake.
    """

    def __init__(self, observed: str, expected: str, look: str):
        self.observed, self.expected, self.look = observed, expected, look
        super().__init__(
            f"\n  seen:     {observed}\n  expected: {expected}\n  look at:  {look}"
        )

    def _render_traceback_(self) -> list[str]:
        """Show only the message: the lines of the pack do not help a student.

        IPython calls this instead of printing a traceback.
        """
        return [f"CheckFailed: not right yet{self}"]


def kind(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def check(exercise: str) -> Callable:
    """Turn a function that raises :class:`CheckFailed` into an exercise's check.

    Parameters
    ----------
    exercise : str
        What the printed line of a pass calls the exercise.

    Returns
    -------
    callable
        A decorator. The decorated check prints one line when it passes. A stub's
        ``NotImplementedError`` stays one; anything else that goes wrong
        in the student's code becomes a :class:`CheckFailed` that names their line.
    """

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(*args, **kwargs) -> None:
            global checking
            checking = function.__name__
            try:
                function(*args, **kwargs)
            except CheckFailed as failure:
                raise failure.with_traceback(None) from None
            except NotImplementedError as error:
                raise _not_written(exercise, error) from None
            except Exception as error:  # noqa: BLE001 (a student's code may raise any)
                raise _as_failure(exercise, error) from None
            finally:
                checking = None
            print(f"✓ {exercise}: right.")

        return run

    return decorate


def want_tensor(value: object, shape: tuple[int, ...], what: str, look: str) -> None:
    """Fail unless `value` is a finite tensor of that shape.

    Parameters
    ----------
    value : object
        What the student's code returned.
    shape : tuple of int
    what : str
        What to call it in the message.
    look : str
        Where to look if the shape is wrong.

    Raises
    ------
    CheckFailed
    """
    import torch

    if not isinstance(value, torch.Tensor):
        raise CheckFailed(
            f"{what} is {type(value).__name__}, not a tensor",
            f"a torch tensor of shape {shape}",
            "the return statement: is there one, and does it return the tensor?",
        )
    if tuple(value.shape) != shape:
        raise CheckFailed(
            f"{what} has shape {tuple(value.shape)}", f"shape {shape}", look
        )
    if not bool(torch.isfinite(value).all()):
        raise CheckFailed(
            f"{what} contains nan or inf",
            "finite numbers for ordinary inputs",
            "a log of zero, a division by zero, or exp() of a large number",
        )


def _not_written(exercise: str, stub: NotImplementedError) -> NotImplementedError:
    """A stub that is still a stub: the same error, without a stack trace."""
    *_, (frame, _) = traceback.walk_tb(stub.__traceback__)
    owner, _, method = frame.f_code.co_qualname.rpartition(".")
    # Of a class that has been begun, the method that is still to come.
    begun = owner and not owner.endswith("<locals>") and method != "__init__"
    missing = f"`{method}`" if begun else "this"
    message = (
        f"{exercise}: {missing} is not written yet. Fill in the cell above and run it."
    )
    error = NotImplementedError(message)
    error._render_traceback_ = lambda: [f"NotImplementedError: {message}"]
    return error


def _as_failure(exercise: str, error: Exception) -> CheckFailed:
    """Explain an exception that came out of the student's code."""
    where = "the code of this exercise"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        ours = PACK in path.parents
        library = STANDARD in path.parents or "site-packages" in path.parts
        source = path.suffix in ("", ".py") and not frame.filename.startswith("<frozen")
        if source and not ours and not library:
            line = frame.line or linecache.getline(frame.filename, frame.lineno)
            where = f"line {frame.lineno} of your cell, `{line.strip()}`"
            break
    return CheckFailed(
        f"{type(error).__name__}: {error}".strip(),
        f"{exercise} runs without an error on the small input of this check",
        where,
    )
