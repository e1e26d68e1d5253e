"""What an answer prints besides: kept from stderr, and repeated as an ordinary note.

nbgrader gives no points to a cell with anything on stderr, so that a deprecated
argument or a progress bar would cost a right answer its points.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any, TextIO

from helpers.checks.messages import shorten

MOST = 600  # characters of a note


class Printed:
    """What was caught; filled when the block of :func:`kept_from_stderr` ends."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.text = ""

    def notes(self) -> list[str]:
        """Say what was printed, in one line or a few for each kind; often none."""
        found = [
            f"note: your code printed a warning: {shorten(text, MOST)}"
            for text in dict.fromkeys(self.warnings)
        ]
        # A progress bar goes back to the start of its line; its last state is enough.
        lines = [line.rstrip().rpartition("\r")[2] for line in self.text.split("\n")]
        shown = "\n".join(dict.fromkeys(line for line in lines if line.strip()))
        if shown:
            found.append(f"note: your code printed: {shorten(shown, MOST)}")
        return found


@contextlib.contextmanager
def kept_from_stderr() -> Iterator[Printed]:
    """Catch stderr, warnings and logging of a block, child processes' too.

    Yields
    ------
    Printed
    """
    printed, buffer, old = Printed(), io.StringIO(), sys.stderr
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        caught = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("default")  # a notebook's "error" is not a wrong answer
        stack.enter_context(_descriptor(file.fileno()))
        stack.enter_context(_written_to(old, buffer))
        sys.stderr = buffer
        _point_handlers(old, buffer)
        try:
            yield printed
        finally:
            # Whatever the code has put in its place, the notebook gets its own back.
            sys.stderr = old
            _point_handlers(buffer, old)
            file.seek(0)
            printed.text = buffer.getvalue() + file.read().decode(errors="replace")
            printed.warnings = [
                f"{each.category.__name__}: {each.message}" for each in caught
            ]


@contextlib.contextmanager
def _descriptor(target: int) -> Iterator[None]:
    """Point file descriptor 2 elsewhere: C++ code and child processes write there."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    os.dup2(target, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _written_to(stream: TextIO, buffer: io.StringIO) -> Iterator[None]:
    """Catch also what is written by code that took hold of sys.stderr earlier."""
    held: Any = stream
    try:
        held.write = buffer.write
    except AttributeError:  # this kind of stream cannot be told
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(AttributeError):
            del held.write


def _point_handlers(old: TextIO, new: TextIO) -> None:
    """Have the handlers of logging that write to one stream write to another."""
    loggers = [logging.root, *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if getattr(handler, "stream", None) is old:
                handler.stream = new
