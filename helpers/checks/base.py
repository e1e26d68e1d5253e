"""What all checks share: how they run, how they fail and pass, whose line was wrong."""

from __future__ import annotations

import functools
import linecache
import re
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from helpers.checks import standins
from helpers.checks.anew import require_computed_anew
from helpers.checks.draws import VISIBLE, Draw, seeded
from helpers.checks.failure import CheckFailed, judging, passed
from helpers.checks.leftovers import bare, one_by_one, surroundings_stay
from helpers.checks.messages import kind, shorten
from helpers.checks.printed import kept_from_stderr
from helpers.checks.reach import may_ask_for

__all__ = ["CheckFailed", "check", "kind", "want_tensor"]

STANDARD = Path(sysconfig.get_paths()["stdlib"])
PACK = Path(__file__).resolve().parents[1]
checking: str | None = None  # the name of the check function that is running


def check(exercise: str, uses: Sequence[str] = ()) -> Callable:
    """Turn a function that raises :class:`CheckFailed` into an exercise's check.

    Parameters
    ----------
    exercise : str
        What the printed line of a pass calls the exercise.
    uses : sequence of str
        Names of earlier answers that this exercise may call. Where it fails with the
        notebook's, it is tried with the pack's own: it is judged by itself.

    Returns
    -------
    callable
        A decorator for ``function(*answers, draw)``. The decorated check takes the
        answers and, by name, ``draws``: the numbers of the :class:`Draw` that it is
        run on one after the other, in a hidden test others than in the notebook. It
        prints one line when it passes. A stub's ``NotImplementedError`` stays one;
        anything else that goes wrong in the student's code becomes a
        :class:`CheckFailed` that names their line. What their code writes to stderr
        is printed as a note.
    """

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(*answers, draws: Iterable[int] | None = None) -> None:
            global checking
            numbers = VISIBLE if draws is None else tuple(draws)
            trial = functools.partial(_trial, function, exercise, answers, numbers)
            checking = function.__name__
            try:
                with kept_from_stderr() as printed:
                    failure, helped = _judge(trial, answers, function, uses)
            finally:
                checking = None
            for note in printed.notes():
                print(note)
            if failure is not None:
                raise failure.with_traceback(None) from None
            passed()
            if helped:
                print(f"✓ {exercise}: right, {_with_the_packs(helped)}")
            elif draws is None:
                print(f"✓ {exercise}: right.")

        return run

    return decorate


def _judge(
    trial: Callable, answers: tuple, function: Callable, uses: Sequence[str]
) -> tuple[Exception | None, list[str]]:
    """Try answers as the notebook has them, then with the pack's earlier answers.

    Returns why they fail, or None, and which of the pack's answers that took.
    """
    failure = trial()
    if failure is None or not uses:
        return failure, []
    lesson = standins.lesson_of(function)
    others = [name for name in uses if standins.has(lesson, name)]
    if not others or not may_ask_for(answers, others):  # it would fail as before
        return failure, []
    with standins.in_place(lesson, others, answers):
        with_all = trial()
    if with_all is not None:
        return with_all, []
    for name in others if len(others) > 1 else ():
        with standins.in_place(lesson, [name], answers):
            if trial() is None:
                return None, [name]
    return None, others


def _trial(
    function: Callable, exercise: str, answers: tuple, numbers: Sequence[int]
) -> Exception | None:
    """Run a check on every draw; return what was wrong first, or None."""
    answers = tuple(map(one_by_one, answers))
    for number in numbers:
        ended = False
        try:
            with seeded(number), surroundings_stay():
                function(*answers, Draw(number))
                for answer in answers:
                    if function_itself := bare(answer):
                        require_computed_anew(answer, function_itself)
                judging()
                ended = True
        except CheckFailed as failure:
            return failure
        except NotImplementedError as error:
            if _is_theirs(error.__traceback__):
                return _not_written(exercise, error)
            return _as_failure(exercise, error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a student's code may raise any)
            return _as_failure(exercise, error)
        if not ended:  # something let the failure vanish
            return CheckFailed(
                "the check did not come to its end",
                f"{exercise}: a function that leaves Python's own as they are",
                "what the cells above put in the place of a library's function",
            )
    return None


def _with_the_packs(names: Sequence[str]) -> str:
    """What a pass says that took the pack's version of earlier answers."""
    listed = " and ".join(f"`{name}`" for name in names)
    verb = "is" if len(names) == 1 else "are"
    return f"with the pack's {listed}: yours {verb} not right yet."


def want_tensor(value: object, shape: tuple[int, ...], what: str, look: str) -> Any:
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

    Returns
    -------
    Tensor
        A copy without a gradient: nothing that runs later can change it.

    Raises
    ------
    CheckFailed
    """
    import torch

    judging()
    if not isinstance(value, torch.Tensor):
        raise CheckFailed(
            f"{what} is {type(value).__name__}, not a tensor",
            f"a torch tensor of shape {shape}",
            "the return statement: is there one, and does it return the tensor?",
        )
    if type(value) not in (torch.Tensor, torch.nn.Parameter) or vars(value):
        raise CheckFailed(  # it might answer for itself how it compares
            f"{what} is a {type(value).__name__}, a tensor of a kind of its own",
            "an ordinary torch tensor",
            "the class of what is returned; as_subclass(torch.Tensor) makes it one",
        )
    if value.is_complex() or value.layout != torch.strided:
        raise CheckFailed(
            f"{what} holds numbers of type {value.dtype}"
            + f", {value.layout}" * (value.layout != torch.strided),
            "an ordinary tensor of real numbers",
            "the return statement: .real of a complex one, to_dense() of a sparse one",
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
    return value.detach().clone()


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


def _is_theirs(tb: TracebackType | None) -> bool:
    """Whether the line that raised stands in a student's own code.

    PyTorch raises NotImplementedError too, of a module without `forward`.
    """
    *_, last = traceback.extract_tb(tb)
    return _students(last)


def _students(frame: traceback.FrameSummary) -> bool:
    path = Path(frame.filename)
    library = STANDARD in path.parents or "site-packages" in path.parts
    source = path.suffix in ("", ".py") and not frame.filename.startswith("<frozen")
    return source and PACK not in path.parents and not library


def _as_failure(exercise: str, error: BaseException) -> CheckFailed:
    """Explain an exception that came out of the student's code."""
    where = "the code of this exercise"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _students(frame):
            line = frame.line or linecache.getline(frame.filename, frame.lineno or 0)
            where = f"line {frame.lineno} of your cell, `{line.strip()}`"
            break
    said = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")
    return CheckFailed(
        shorten(said),
        f"{exercise}: no error on the small input of this check",
        where,
    )
