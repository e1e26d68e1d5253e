"""Stop a student's loop that never ends, before it fills the memory."""

from __future__ import annotations

import contextlib
import sys
import sysconfig
from collections.abc import Iterator
from types import FrameType
from typing import Any

from helpers.checks.failure import CheckFailed

LIBRARIES = tuple(
    sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")
)


@contextlib.contextmanager
def lines_at_most(most: int, what: str, expected: str) -> Iterator[None]:
    """Fail once the code in this block has run so many lines; libraries' do not count.

    A clock would not do: an endless loop that collects arrays takes gigabytes within
    seconds, and a slow machine is no mistake.

    Parameters
    ----------
    most : int
    what, expected : str
        For the message.

    Raises
    ------
    CheckFailed
    """
    left, before = most, sys.gettrace()

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if event == "call" and frame.f_code.co_filename.startswith(LIBRARIES):
            return None
        left -= event == "line"
        if left < 0:
            raise CheckFailed(
                f"{what}: after {most:,} lines of your code there was no end",
                expected,
                "the condition that ends the loop, and the step in it",
            )
        return count

    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)
