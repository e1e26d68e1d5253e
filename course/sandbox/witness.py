"""What a notebook's code asks of Python while it runs.

The reading (:mod:`course.grading.suspicion`) sees words; harmless ones can come to the
same thing as harmful ones. Python's audit events (PEP 578) tell what was asked for in
the end, and a hook that hears them cannot be taken out again. What it hears goes into a
pipe whose other end the warm parent holds: a kernel can add to it, and nothing else.
Whenever a cell begins, and whenever a check says so, it also compares what stands in
the modules that judge (:mod:`course.sandbox.inventory`).
"""

from __future__ import annotations

import json
import os
import select
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePath
from types import FrameType
from typing import Any

from course import pack_root
from course.sandbox import inventory
from helpers.checks.failure import JUDGING, PASSED, passed

MOST_BYTES = 65_536
# Whoever asks for these, through whatever library, looks for what is not handed to it.
ANYHOW = {
    *("gc.get_objects", "gc.get_referrers", "gc.get_referents"),
    *("sys.settrace", "sys.setprofile", "sys.addaudithook", "sys._current_frames"),
    *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system", "os.kill"),
    *("ctypes.dlopen", "ctypes.addressof", "ctypes.cdata", "ctypes.string_at"),
    *("subprocess.Popen", "code.__new__"),
}
# Libraries ask for these all the time, for reasons of their own.
BY_ITSELF = {"sys._getframe", "function.__new__", "object.__getattr__"}
# Text that becomes code. These libraries make some of their own.
TEXT = {"compile", "exec"}
OF_OBJECTS = {"object.__getattr__", "object.__setattr__"}
WRITERS = {"dataclasses.py", "ast.py", "collections", "enum.py"}
WRITING = {"IPython", "ipykernel", "torch", "keras", "tensorflow", "matplotlib"}
UNPICKLED = ("torch", "numpy", "collections", "_codecs", "keras", "sklearn", "__main__")
REPLACED = "replaced "  # and the name of what another thing has taken the place of
OWN_CODE = {"__code__", "__closure__", "__globals__", "f_back", "tb_frame", "gi_frame"}
OWN_CODE |= {"__defaults__", "__kwdefaults__"}
# They look at code and frames for reasons of their own; others do so for an answer.
LOOKING = {"traceback.py", "inspect.py", "functools.py", "contextlib.py", "typing.py"}
LOOKING |= {"dataclasses.py", "warnings.py", "logging", "linecache.py", "abc.py"}
LOOKING |= {"torch", "keras", "tensorflow", "matplotlib", "IPython", "ipykernel"}
LOOKING |= {"numpy", "sklearn", "scipy", "traitlets", "executing", "stack_data"}


def attend(pipe: int) -> None:
    """Hear what this process asks of Python, from now until it ends.

    Parameters
    ----------
    pipe : int
        Where to write it: a line of JSON for each event and line of code.
    """
    os.set_blocking(pipe, False)  # a full pipe must not hold anybody up
    library = (*{sysconfig.get_path(kind) for kind in ("stdlib", "purelib")},)
    library += ("<frozen ",)
    pack = tuple(str(pack_root() / room) for room in ("helpers", "course"))
    frame_of: Callable[[int], FrameType] = sys._getframe
    # By names of its own, which nobody can reach from outside, and which run no code
    # of Python's that could be another's by then.
    write, quoted = os.write, json.encoder.encode_basestring_ascii
    due, matters, asker_of, ordinary = _is_due, _matters, _asker, _is_ordinary
    others, who_passed = inventory.take(), _who_passed()
    # All other events, such as one for every id(), are let go at once.
    heeded = frozenset(
        {JUDGING, PASSED, "pickle.find_class"} | ANYHOW | BY_ITSELF | TEXT | OF_OBJECTS
    )
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
                for name, code in others():
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
            found = asker_of(frame_of(1), library, pack)
            if found is not None and not ordinary(event, found[1]):
                asker = found[0]
                say(event, asker.f_code.co_filename, asker.f_lineno)
        except BaseException:  # noqa: BLE001 (it must never disturb what it watches)
            with suppress(OSError):  # a full pipe tells enough
                write(pipe, b"\nThe witness could not look.\n")
        finally:
            busy = False

    sys.addaudithook(hook)


def _who_passed() -> Callable[[FrameType], tuple[FrameType, bool]]:
    """What tells who says that a check has passed, and whether it was that check."""
    from helpers.checks.base import check

    says, check_run = passed.__code__, check("")(print).__code__

    def who_passed(frame: FrameType) -> tuple[FrameType, bool]:
        above = frame.f_back if frame.f_code is says else frame
        assert above is not None  # whoever called it
        if above.f_code is check_run and above.f_back is not None:
            return above.f_back, True
        return above, False

    return who_passed


def _is_due(event: str, args: tuple) -> bool:
    """Whether a cell begins, or a check is about to believe what it sees."""
    if event == JUDGING:
        return True
    return event == "exec" and "ipykernel_" in getattr(args[0], "co_filename", "")


def _matters(event: str, args: tuple) -> bool:
    """Whether an event is one of ours, before anybody's frames are looked at."""
    if event in ANYHOW or event in TEXT or event == PASSED:
        return True
    if event == "pickle.find_class":
        return str(args[0]).partition(".")[0] not in UNPICKLED
    if event in OF_OBJECTS:
        return args[1] in OWN_CODE
    return event in BY_ITSELF


def _asker(
    frame: FrameType | None, library: tuple[str, ...], pack: tuple[str, ...]
) -> tuple[FrameType, list[PurePath]] | None:
    """The notebook's code that asks, and the files of libraries that do it for it.

    None if it is the pack's own code, or a module that is just being imported.
    """
    through = []
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib"):
            return None
        if file.startswith(library):
            through.append(PurePath(file))
        elif file.startswith(pack):
            return None
        elif not file.startswith("<"):
            return frame, through
        frame = frame.f_back
    return None


def _is_ordinary(event: str, through: list[PurePath]) -> bool:
    """Whether a library does this of its own accord."""
    if not through:
        return False
    if event.startswith("ctypes."):  # torch asks whether there is a card
        asks = any(path.parts[-3:-1] == ("torch", "cuda") for path in through[:2])
        return asks and "ctypes" in through[0].parts
    if event in TEXT:
        writer = through[0]
        parts = {part for path in through for part in path.parts}
        return bool({writer.name, writer.parent.name} & WRITERS or parts & WRITING)
    if event in OF_OBJECTS:
        writes = {through[0].name, through[0].parent.name} & WRITERS  # a namedtuple
        looks = event in BY_ITSELF and not LOOKING.isdisjoint(through[0].parts)
        return bool(writes) or looks
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
