"""What the warm parent imports, counts and clears away."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from course.sandbox import warm


def test_checks_of_a_new_lesson_are_known(tmp_path, monkeypatch):
    of_keras = [name[-2:] for name in warm.checks_of("keras")]
    assert of_keras == ["01", "07"]
    known = warm.checks_of("torch")
    assert [name[-2:] for name in known] == ["00", "02", "03", "04", "05", "06"]
    monkeypatch.setattr(warm, "pack_root", lambda: tmp_path / "new")
    (tmp_path / "new/helpers/checks").mkdir(parents=True)
    (tmp_path / "new/helpers/checks/lesson06.py").write_text("import torch")
    (tmp_path / "new/helpers/checks/lesson07.py").write_text("import keras")
    for name, file in (("lesson08", "loss.py"), ("lesson09", "__init__.py")):
        (tmp_path / "new/helpers/checks" / name).mkdir()
        (tmp_path / "new/helpers/checks" / name / "__init__.py").write_text("")
        (tmp_path / "new/helpers/checks" / name / file).write_text("import keras")
    (tmp_path / "new/helpers/checks/lesson10/__pycache__").mkdir(parents=True)
    assert warm.checks_of("torch") == ["helpers.checks.lesson06"]
    assert warm.checks_of("keras") == [
        f"helpers.checks.{name}" for name in ("lesson07", "lesson08", "lesson09")
    ]


@pytest.fixture
def connection(tmp_path):
    """A kernel's file of addresses and its five sockets, as they should be."""
    file = tmp_path / "kernel.json"
    file.write_text("{}")
    listening = []
    for number in range(5):
        listening.append(socket.socket(socket.AF_UNIX))
        listening[-1].bind(str(tmp_path / f"kernel-{number}"))
    yield file
    for each in listening:
        each.close()


def test_five_sockets_and_their_addresses_are_in_order(connection):
    assert not warm.holds_more_than_sockets(connection)


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.write_text("x" * (warm.CONNECTION_BYTES + 1)),
        lambda file: (file.parent / "more").mkdir(),
        lambda file: (file.parent / "more").write_text("x"),
        lambda file: (
            (file.parent / "kernel-4").unlink()
            or (file.parent / "kernel-4").write_text("x")
        ),
        lambda file: (
            (file.parent / "kernel-4").unlink()
            or (file.parent / "kernel-4").symlink_to("/etc")
        ),
        lambda file: shutil.rmtree(file.parent),
    ],
)
def test_whatever_else_lies_there_is_seen(connection, write):
    write(connection)
    assert warm.holds_more_than_sockets(connection)


def test_a_sixth_socket_is_one_too_many(connection):
    with socket.socket(socket.AF_UNIX) as sixth:
        sixth.bind(str(connection.parent / "kernel-5"))
        assert warm.holds_more_than_sockets(connection)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "it ended its own kernel (exit status 0)"),
        (3, "it ended its own kernel (exit status 3)"),
        (-signal.SIGXFSZ, "it wrote too large a file"),
        (-signal.SIGSEGV, "its kernel was ended by SIGSEGV"),
    ],
)
def test_how_a_kernel_ended_is_said_in_words(code, words):
    assert warm.describe(code) == words


def test_memory_is_counted_and_what_has_ended_holds_none():
    mine = warm.resident(os.getpid())
    assert mine > 2**20
    assert 0 < warm.proportional(os.getpid()) <= mine + 2**20
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert warm.resident(gone.pid) == warm.proportional(gone.pid) == 0


def test_children_and_their_children_are_counted(monkeypatch):
    monkeypatch.delenv("COURSE_SANDBOX", raising=False)
    family = subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while len(warm.descendants()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        count, used = warm.census(2**40)
        assert count >= 2
        assert used > 0
        assert family.pid in warm.descendants()
    finally:
        os.killpg(family.pid, signal.SIGKILL)
        family.wait()


def test_nothing_is_left_in_the_scratch_folder(tmp_path):
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "file").write_text("x")
    outside = tmp_path.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("stays")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "file").write_text("x")
    warm.empty(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert (outside / "file").read_text() == "stays"


@pytest.mark.parametrize("own_user", [True, False])
def test_limits_are_the_processs_own(own_user):
    wanted = {
        "address_space": 64 * 2**30,
        "file_bytes": 2**20,
        "seconds": 7,
        "processes": 5,
        "own_user": own_user,
    }
    code = (
        "import resource\nfrom course.sandbox import warm\n"
        "before = resource.getrlimit(resource.RLIMIT_NPROC)\n"
        f"warm.set_limits({wanted})\n"
        "for name in ('AS', 'FSIZE', 'CPU', 'NOFILE', 'CORE', 'NPROC'):\n"
        "    print(*resource.getrlimit(getattr(resource, f'RLIMIT_{name}')))\n"
        "print(*before)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    *limits, processes, before = [line.split() for line in said.splitlines()]
    for (soft, hard), most in zip(limits, (2**36, 2**20, 14, 512, 0), strict=True):
        assert soft == hard
        assert int(soft) == most
    assert processes == (["20", "20"] if own_user else before)


def watched(monkeypatch, censuses, said=b""):
    """What is said of a kernel, a process that sleeps, by what each census finds."""
    sleeper = subprocess.Popen(["sleep", "60"])
    hears, tells = os.pipe()
    asked, asks = os.pipe()
    monkeypatch.setattr(warm, "census", lambda most: censuses.pop(0))
    monkeypatch.setattr(warm, "holds_more_than_sockets", lambda connection: False)
    limits = {"seconds": 60, "memory": 2 * warm.GIB, "processes": 4}
    if said:
        os.write(asks, said)
    try:
        with os.fdopen(asked, "rb", 0) as requests:
            request = {"limits": limits, "connection": "/nowhere/k.json"}
            return warm.watch(sleeper.pid, request, requests, hears, bytearray())
    finally:
        for end in (hears, tells, asks):
            os.close(end)
        sleeper.kill()
        sleeper.wait()


def test_the_most_memory_is_told_in_mb(monkeypatch):
    found = [(1, 7 * 2**20), (1, 5 * 2**20), (9, 2**20)]
    done = watched(monkeypatch, found)
    assert done == {"reason": "it started more than 4 processes", "peak_mb": 7}
    done = watched(monkeypatch, [(4, 2 * warm.GIB), (1, 2 * warm.GIB + 2**20)])
    assert done["reason"] == "it took more than 2 GiB of memory"
    assert done["peak_mb"] == 2_049
    assert watched(monkeypatch, [], b"{}\n") == {"reason": None, "peak_mb": 0}


def test_pages_that_forks_share_count_in_parts(monkeypatch):
    lines = "00400000-ff000 [rollup]\nRss:  900 kB\nPss:  123 kB\nPss_Anon:  7 kB\n"
    monkeypatch.setattr(warm.Path, "read_text", lambda path, code: lines)
    assert warm.proportional(1) == 123 * 1024


def test_each_kernel_draws_numbers_of_its_own(tmp_path):
    """Python's generator is a copy of the parent's in each fork."""
    code = f"""
import os, random
from course.sandbox import warm
warm.serve_kernel = lambda connection: print(random.random(), flush=True)
limits = {{"address_space": 2**40, "file_bytes": 2**20, "seconds": 60, "own_user": 0}}
request = {{"limits": limits, "uid": None, "cwd": {str(tmp_path)!r}, "connection": ""}}
random.seed(5)
for _ in range(2):
    hears, tells = os.pipe()
    if os.fork() == 0:
        warm.become_kernel(request, tells)
    os.wait()
print(random.random())
"""
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(set(said)) == 3
