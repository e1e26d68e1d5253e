"""What a notebook's code asks of Python while it runs.

The reading (:mod:`course.grading.suspicion`) sees words; harmless ones can come to the
same thing as harmful ones. Python's audit events (PEP 578) tell what was asked for in
the end, and a hook that hears them cannot be taken out again. What it hears goes into a
pipe whose other end the warm parent holds: a kernel can add to it, and nothing else.
Whenever a cell begins, and whenever a check says so, it also compares what stands in
the modules that judge (:mod:`course.sandbox.inventory`). What it rests on itself are
copies (:mod:`course.sandbox.sealed`) and tables that cannot be changed.
"""

from __future__ import annotations

import _thread
import inspect
import json
import os
import select
import sys
import sysconfig
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import _bootstrap, _bootstrap_external
from os import fsdecode
from types import CodeType, FrameType
from typing import Any

from course import pack_root
from course.sandbox import inventory
from course.sandbox.events import (
    ANYHOW,
    BY_ITSELF,
    CALLING,
    FILES,
    FRAMES,
    HARMLESS,
    LISTERS,
    LISTING,
    LOOKING,
    OF_ALL,
    OF_CHECKS,
    OF_OBJECTS,
    OWN_CODE,
    REPLACED,
    RUNNING,
    SAVING,
    SETTING,
    STARTED,
    TEXT,
    THREAD,
    THREADS,
    TO_WRITE,
    UNPICKLED,
    WRITERS,
    WRITING,
)
from course.sandbox.sealed import sealed
from helpers.checks import standins
from helpers.checks.base import check
from helpers.checks.failure import JUDGING, LENT, PASSED, STANDING, passed

MOST_BYTES = 65_536
IMPORTING = (vars(_bootstrap), vars(_bootstrap_external))


def attend(pipe: int) -> None:
    """Hear what this process asks of Python, from now until it ends.

    Parameters
    ----------
    pipe : int
        Where to write it: a line of JSON for each event and line of code.
    """
    sealed(sys.modules[__name__])["_attend"](pipe, sealed(inventory)["take"]())


def _heard_threads() -> None:
    """Before 3.12 Python says nothing of a new thread: have it said."""
    start, say = _thread.start_new_thread, sys.audit

    def start_new_thread(function: Callable, *given: Any) -> int:
        say(THREAD, function, *given)
        return start(function, *given)

    for module, name in (
        (_thread, "start_new_thread"),
        (_thread, "start_new"),
        (threading, "_start_new_thread"),
    ):
        setattr(module, name, start_new_thread)


def _attend(
    pipe: int, others: Callable[..., list[tuple[str, CodeType | None]]]
) -> None:
    if sys.version_info < (3, 12):
        _heard_threads()
    os.set_blocking(pipe, False)  # a full pipe must not hold anybody up
    library = (*{sysconfig.get_path(kind) for kind in ("stdlib", "purelib")},)
    library += ("<frozen ",)
    pack = tuple(str(pack_root() / room) for room in ("helpers", "course"))
    frame_of: Callable[[int], FrameType] = sys._getframe
    # By names of its own, which nobody can reach from outside, and which run no code
    # of Python's that could be another's by then.
    write, quoted = os.write, json.encoder.encode_basestring_ascii
    due, matters, asker_of, ordinary = _is_due, _matters, _asker, _is_ordinary
    hands_in = _hands_in
    runs = check("")(print).__code__
    who_passed, (is_lent, behind) = _who_passed(runs), _lending(runs, library, pack)
    # All other events, such as one for every id(), are let go at once.
    heeded = {"pickle.find_class", SETTING} | ANYHOW | BY_ITSELF | TEXT | OF_OBJECTS
    heeded = frozenset(heeded | OF_CHECKS | FILES | STARTED)
    heard: set[tuple[str, str, int]] = set()
    busy = False

    def say(event: str, file: str, line: int) -> None:
        said = (event, file, line)
        if said not in heard:
            heard.add(said)
            stem = file[file.rfind("/") + 1 :].removesuffix(".py")
            told = (quoted(event).encode(), quoted(stem).encode(), line)
            write(pipe, b'{"event": %b, "file": %b, "line": %d}\n' % told)

    def hook(event: str, args: tuple) -> None:
        nonlocal busy
        if event not in heeded or busy:
            return
        busy = True
        try:
            if due(event, args):
                for name, code in others(inside=event == PASSED):
                    file, line = ("", 0)
                    if code is not None:
                        file, line = code.co_filename, code.co_firstlineno
                    say(f"{REPLACED}{name}", file, line)
            if not matters(event, args):
                return
            if event == PASSED:
                caller, by_a_check = who_passed(frame_of(1))
                by = "" if by_a_check else " by hand"
                say(event + by, caller.f_code.co_filename, caller.f_lineno)
                return
            if event in (STANDING, LENT):
                if not is_lent(event, args, frame_of(1)):
                    say(event, *behind(frame_of(1)))
                return
            asks = frame_of(1)
            if event in STARTED and asks.f_code.co_filename.startswith(pack):
                asks = asks.f_back  # it is ours, and called by who asks
            found = asker_of(asks, library, pack)
            if found is not None and not ordinary(event, args, found[1]):
                asker = found[0]
                if event in FILES and not hands_in(asker, runs):
                    return
                said = THREAD if event in STARTED else event
                say(said, asker.f_code.co_filename, asker.f_lineno)
        except BaseException:  # noqa: BLE001 (it must never disturb what it watches)
            with suppress(OSError):  # a full pipe tells enough
                write(pipe, b"\nThe witness could not look.\n")
        finally:
            busy = False

    sys.addaudithook(hook)


def _who_passed(
    check_run: CodeType,
) -> Callable[[FrameType], tuple[FrameType, bool]]:
    """What tells who says that a check has passed, and whether it was that check."""
    says = passed.__code__

    def who_passed(frame: FrameType) -> tuple[FrameType, bool]:
        above = frame.f_back if frame.f_code is says else frame
        assert above is not None  # whoever called it
        if above.f_code is check_run and above.f_back is not None:
            return above.f_back, True
        return above, False

    return who_passed


def _lending(
    check_run: CodeType, library: tuple[str, ...], pack: tuple[str, ...]
) -> tuple[Callable[..., bool], Callable[[FrameType], tuple[str, int]]]:
    """What tells whether the pack hands out its own answers, and who else does."""
    stands = inspect.unwrap(standins.pack_answers).__code__
    within = (*library, standins.__file__)
    standing: list[str] = []

    def asks(frame: FrameType | None) -> FrameType | None:
        while frame is not None and frame.f_code.co_filename.startswith(within):
            frame = frame.f_back
        return frame

    def is_lent(event: str, args: tuple, frame: FrameType) -> bool:
        if event == LENT:
            return args[0] in standing
        asker = asks(frame)
        if frame.f_code is not stands or asker is None:
            return False
        checks = []  # that run: one, which no answer has called, and of the pack
        while asker is not None:
            if asker.f_code is check_run:
                checks.append(asker.f_locals["function"].__code__.co_filename)
            elif not (checks or asker.f_code.co_filename.startswith(pack + library)):
                return False
            asker = asker.f_back
        if len(checks) != 1 or not checks[0].startswith(pack):
            return False
        for name in args[0]:
            (standing.append if args[1] else standing.remove)(name)
        return True

    def behind(frame: FrameType) -> tuple[str, int]:
        asker = asks(frame)
        if asker is None or asker.f_code.co_filename.startswith(pack):
            return "", 0  # a check calls it as if it were the student's
        return asker.f_code.co_filename, asker.f_lineno

    return is_lent, behind


def _hands_in(frame: FrameType | None, check_run: CodeType) -> bool:
    """Whether a check runs, and of an exercise that has no need of files."""
    while frame is not None:
        if frame.f_code is check_run:
            check = frame.f_locals["function"].__code__.co_filename
            return not check.endswith(SAVING)
        frame = frame.f_back
    return False


def _is_due(event: str, args: tuple) -> bool:
    """Whether a cell begins, or a check is about to believe what it sees, or has."""
    if event in (JUDGING, PASSED):
        return True
    return event == "exec" and "ipykernel_" in getattr(args[0], "co_filename", "")


def _matters(event: str, args: tuple) -> bool:
    """Whether an event is one of ours, before anybody's frames are looked at."""
    if event in ANYHOW or event in TEXT or event in OF_CHECKS:
        return event != JUDGING
    if event == "pickle.find_class":
        module, name = str(args[0]), str(args[1])
        inside = "." in name or name in sys.modules  # what a module holds besides
        return inside or module.partition(".")[0] not in UNPICKLED
    if event == "open":
        place, _, flags = args
        name = "/dev/null" if isinstance(place, int) else fsdecode(place)
        shared = name[:1] != "/" or "/../" in name or name.startswith(OF_ALL)
        return name != "/dev/null" and (shared or bool(flags & TO_WRITE))
    if event in FILES or event in STARTED:
        return True
    if event == SETTING:
        return HARMLESS.fullmatch(fsdecode(args[0])) is None
    if event in OF_OBJECTS:
        return args[1] in OWN_CODE
    return event in BY_ITSELF


def _asker(
    frame: FrameType | None, library: tuple[str, ...], pack: tuple[str, ...]
) -> tuple[FrameType, list[list[str]]] | None:
    """The notebook's code that asks, and the files of libraries that do it for it.

    A file is the parts of its path: pathlib's own methods could be another's by then.

    None if it is the pack's own code, or a module that is just being imported. Code can
    name any file as its own: it is believed if its globals are those of that file.
    """
    through = []
    while frame is not None:
        file, around = frame.f_code.co_filename, frame.f_globals
        if any(around is each for each in IMPORTING):
            return None
        own = file in (around.get("__file__"), f"<frozen {around.get('__name__')}>")
        if file.startswith(library):
            through += [file.split("/")] * own
        elif file.startswith(pack):
            if own:
                return None
        elif not file.startswith("<"):
            return frame, through
        frame = frame.f_back
    return None


def _is_ordinary(event: str, args: tuple, through: list[list[str]]) -> bool:
    """Whether a library does this of its own accord."""
    if event in LISTING:
        return any(not LISTERS.isdisjoint(parts) for parts in through)
    if not through or event in FILES or (event in OF_OBJECTS and args[1] in FRAMES):
        return False
    first = through[0]
    if event == "sys._getframe" and all(parts[-1] == "inspect.py" for parts in through):
        return False  # stack() or currentframe(), called by the notebook itself
    if event.startswith("ctypes."):  # torch asks for a card, scikit-learn for threads
        asks = any(
            parts[-3:-1] == ["torch", "cuda"] or parts[-1] == "threadpoolctl.py"
            for parts in through[:2]
        )
        return asks and "ctypes" in first
    if event in STARTED:
        return any(not THREADS.isdisjoint(parts) for parts in through)
    writes = not WRITERS.isdisjoint(first[-2:])  # such as a namedtuple
    if event in TEXT:
        if event == "compile" and first[-1] == "typing.py":
            return True  # List["Node"], which is text for now
        # Whoever runs it, not whoever called that: torch calls what it is handed.
        by = through[1] if first[-1] in RUNNING and len(through) > 1 else first
        return writes or not (WRITING.isdisjoint(by) or by[-1] in CALLING)
    if event in OF_OBJECTS:
        return writes or (event in BY_ITSELF and not LOOKING.isdisjoint(first))
    return event in BY_ITSELF


def listen(pipe: int, heard: bytearray) -> bool:
    """Take what has arrived; False once nothing more can come.

    Parameters
    ----------
    pipe : int
    heard : bytearray
        Grows, up to `MOST_BYTES`; what is beyond is read and dropped.
    """
    while select.select([pipe], [], [], 0)[0]:
        got = os.read(pipe, 65_536)
        if not got:
            return False
        heard += got[: MOST_BYTES - len(heard)]
    return True


def events_in(heard: bytes) -> list[dict[str, Any]]:
    """Read what was heard; what is no line of ours counts as a line of nobody's."""
    found = []
    for line in filter(None, heard.decode(errors="replace").splitlines()):
        try:
            said = json.loads(line)
            found.append(
                {
                    "event": str(said["event"])[:60],
                    "file": str(said["file"])[:60],
                    "line": int(said["line"]),
                }
            )
        except (ValueError, TypeError, KeyError):
            found.append({"event": "a pipe of the sandbox", "file": "", "line": 0})
    return found
