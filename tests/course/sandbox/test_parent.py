"""How the grader speaks with the warm parent; here a small process stands for it."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from course import CourseError, pack_root
from course.sandbox import parent
from course.sandbox.limits import Limits
from course.sandbox.parent import WarmParent, short_folder
from helpers.data import originals

READY = "read answers; echo '{\"ready\": true}'; exec cat"


@pytest.fixture
def start(tmp_path):
    """A function that lets a shell's script be the warm parent."""
    started = []

    def begin(script):
        warm = WarmParent.__new__(WarmParent)
        warm.folder = tmp_path / "folder"
        (warm.folder / "deep").mkdir(parents=True)
        warm.own_user = 0
        pipe = subprocess.PIPE
        warm.process = subprocess.Popen(
            ["sh", "-c", script], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0
        )
        started.append(warm)
        return warm

    yield begin
    for warm in started:
        warm.close()
        assert not warm.runs()


def heard_within(warm, seconds=10):
    end = time.monotonic() + seconds
    while not warm.has_spoken() and time.monotonic() < end:
        time.sleep(0.01)
    return warm.has_spoken()


def test_what_is_sent_is_heard_line_by_line(start):
    warm = start("exec cat")
    assert warm.runs() is True
    assert warm.has_spoken() is False
    assert warm.hear(0) == {}
    for number in (1, 2):
        warm.send({"number": number, "text": "ä\n"})
    assert heard_within(warm) is True
    assert warm.hear(5) == {"number": 1, "text": "ä\n"}
    assert warm.hear(5) == {"number": 2, "text": "ä\n"}
    assert warm.has_spoken() is False


def test_one_that_has_ended_has_spoken_and_says_nothing(start):
    warm = start("exit 3")
    assert heard_within(warm) is True
    assert warm.hear(5) == {}
    warm.process.wait(5)
    assert warm.runs() is False


def test_it_is_warm_once_it_says_so(start):
    warm = start(READY)
    assert warm._wait_until_warm() is None
    warm.send({"still": "there"})
    assert warm.hear(5) == {"still": "there"}


def test_it_is_told_the_answers_and_the_user_of_its_own(start, tmp_path):
    warm = start(f"head -n 1 > {tmp_path}/told; echo '{{\"ready\": true}}'")
    warm.own_user = 100_007
    warm._wait_until_warm()
    told = (tmp_path / "told").read_text()
    assert told.startswith('{"answers": ')
    assert told.endswith(', "uid": 100007}\n')


def test_what_its_user_may_not_read_is_named(start):
    warm = start('read answers; echo \'{"trouble": "/pack/x"}\'; exec cat')
    with pytest.raises(CourseError, match=r"who may not read /pack/x\. Make it read"):
        warm._wait_until_warm()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no namespace here >&2; exit 1", "did not start: no namespace here$"),
        ("exit 1", "did not start: no message$"),
        ("head -c 600 /dev/zero | tr '\\0' x >&2; exit 1", "did not start: x{500}$"),
        ('read answers; echo odd >&2; echo "{}"; exec cat', "did not start: odd$"),
    ],
)
def test_one_that_does_not_start_says_why(start, script, said):
    warm = start(script)
    with pytest.raises(CourseError, match=said):
        warm._wait_until_warm()
    warm.process.wait(5)
    assert not warm.runs(), "it is not left behind"


def test_closed_it_ends_by_itself_and_its_folder_goes(start):
    warm = start("cat; exit 7")
    warm.close()
    assert warm.process.returncode == 7, "it was asked, not killed"
    assert not warm.folder.exists()


def test_one_that_does_not_end_is_killed(start, monkeypatch):
    warm = start("trap '' TERM; exec 0<&-; while :; do sleep 0.1; done")
    wait = warm.process.wait
    monkeypatch.setattr(
        warm.process, "wait", lambda seconds=None: wait(seconds and seconds / 30)
    )
    warm.close()
    assert warm.process.returncode == -signal.SIGKILL


# How it is started: a program of ours in the place of Python


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A function that lets a script stand for Python; it notes what it was given."""
    monkeypatch.delenv("COURSE_DEBUG", raising=False)
    fetched = []
    monkeypatch.setattr(parent, "fetch_data", lambda: fetched.append(True))
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    monkeypatch.setattr(parent, "short_folder", lambda: folder)

    def write(script):
        path = tmp_path / "python"
        note = f"echo $* in $PWD as $NBGRADER_EXECUTION > {tmp_path}/note"
        path.write_text(f"#!/bin/sh\n{note}\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        return folder

    yield write
    assert fetched == [True]
    assert not folder.exists()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("own_user", "entered"), [(0, 0o700), (100_007, 0o733)])
def test_its_folders_are_made_and_only_its_user_may_list_them(
    program, tmp_path, monkeypatch, own_user, entered
):
    monkeypatch.setattr(parent, "_own_user", lambda *_: own_user)
    folder = program(READY)
    warm = WarmParent("keras", Limits(), unsafe=True)
    try:
        assert (warm.folder, warm.ipc) == (folder, folder / "ipc")
        assert (mode(folder), mode(warm.ipc)) == (0o711, entered)
        assert warm.scratch.is_dir()
        given = f"-m course.sandbox.warm keras {folder}/scratch in {pack_root()}"
        assert (tmp_path / "note").read_text() == f"{given} as autograde\n"
        assert os.getsid(warm.process.pid) == warm.process.pid, "a session of its own"
    finally:
        warm.close()


def test_with_a_sandbox_it_is_wrapped_in_one(program, monkeypatch):
    wrapped = []

    def wrap(command, *more):
        wrapped.append((command, *more))
        return command

    monkeypatch.setattr(parent, "wrapped", wrap)
    folder, limits = program(READY), Limits(seconds=7)
    warm = WarmParent("torch", limits, unsafe=False)
    scratch = folder / "scratch"
    try:
        command = [sys.executable, "-m", "course.sandbox.warm", "torch", str(scratch)]
        environment = parent._environment(scratch, unsafe=False)
        assert wrapped == [(command, folder, limits, environment)]
        assert not scratch.exists(), "it is memory, inside"
    finally:
        warm.close()


def test_where_it_does_not_start_nothing_is_left(program):
    program("echo no memory >&2; exit 1")
    with pytest.raises(CourseError, match="did not start: no memory"):
        WarmParent("torch", Limits(), unsafe=True)


# Where it runs


def test_a_folder_for_sockets_has_a_short_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 20)))
    os.mkdir(tempfile.gettempdir())
    folder = short_folder()
    try:
        assert folder.parent == Path("/tmp")
        assert folder.name.startswith("course-")
    finally:
        folder.rmdir()
    assert os.listdir(tempfile.gettempdir()) == [], "the long one is gone"


@pytest.mark.parametrize("length", [60, 61])
def test_a_name_of_sixty_bytes_is_short_enough(tmp_path, monkeypatch, length):
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: made.pop())
    long, other = tmp_path / "ä", tmp_path / "other"
    long = tmp_path.with_name("l" * (length - len(os.fsencode(tmp_path.parent)) - 1))
    made = [str(other), str(long)]
    long.mkdir()
    assert short_folder() == (long if length == 60 else other)
    assert long.exists() == (length == 60)


def test_where_no_short_name_can_be_had_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 20)))
    os.mkdir(tempfile.gettempdir())
    make = tempfile.mkdtemp

    def full(prefix, dir=None):
        if dir:
            raise OSError(28, "No space left on device")
        return make(prefix=prefix)

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    told = r"long, has too long a name .* used \(No space left on device\)\. Set TMPDIR"
    with pytest.raises(CourseError, match=told):
        short_folder()


def test_kernels_have_a_user_of_their_own_where_one_can_be_given(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    user = parent._own_user(Path("/tmp/course-a"), unsafe=False)
    assert 100_000 <= user < 160_000
    assert user == parent._own_user(Path("/tmp/course-a"), unsafe=False)
    assert parent._own_user(Path("/tmp/course-a"), unsafe=True) == 0
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert parent._own_user(Path("/tmp/course-a"), unsafe=False) == 0


def test_a_kernel_knows_nothing_of_who_grades(tmp_path, monkeypatch):
    for name in ("HOME", "USER", "SECRET_TOKEN"):
        monkeypatch.setenv(name, "the instructor's")
    monkeypatch.setenv("LANG", "C.UTF-8")
    known = parent._environment(tmp_path, unsafe=False)
    assert "the instructor's" not in known.values()
    assert "SECRET_TOKEN" not in known
    assert {known[name] for name in ("HOME", "TMPDIR", "MPLCONFIGDIR")} == {
        str(tmp_path)
    }
    assert known["USER"] == "student"
    assert known["COURSE_SANDBOX"] == "1"
    assert known["COURSE_FAST"] == "1"
    assert known["NBGRADER_EXECUTION"] == "autograde"
    assert known["PYTHONDONTWRITEBYTECODE"] == "1"
    assert known["PYTHONPATH"] == str(pack_root())
    assert known["LANG"] == "C.UTF-8"
    assert known["PATH"] == f"{Path(sys.executable).parent}:/usr/bin:/bin"
    threads = {name: each for name, each in known.items() if "_THREADS" in name}
    assert threads["OMP_NUM_THREADS"] == "1"
    assert set(threads.values()) == {"1"}


def test_without_a_sandbox_a_kernel_inherits_what_any_program_does(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SOME_SETTING", "kept")
    known = parent._environment(tmp_path, unsafe=True)
    assert known["SOME_SETTING"] == "kept"
    assert known["OMP_NUM_THREADS"] == "1", "two kernels with two threads each crawl"
    assert known["NBGRADER_EXECUTION"] == "autograde"
    assert "COURSE_SANDBOX" not in known


def test_all_data_is_fetched_before_and_what_cannot_be_is_no_trouble(monkeypatch):
    asked = []

    def fetch(name):
        asked.append(name)
        raise originals.UnreachableError if len(asked) == 1 else originals.DataError

    monkeypatch.setattr(originals, "original_files", fetch)
    parent.fetch_data()
    assert asked == list(originals.FILES)
