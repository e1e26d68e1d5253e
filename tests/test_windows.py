"""Windows, where nobody here can run it: what the code itself can be asked."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course import pack_root

ROOT = pack_root()
# Kernels that are forked, limited, killed: on Windows Sandbox says what to do instead.
LINUX_ONLY = ROOT / "course" / "sandbox"
MODULES = [
    path
    for folder in ("helpers", "course")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if LINUX_ONLY not in path.parents
]
MISSING_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
MISSING_NAMES = {
    "os": {"chown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid",
           "getuid", "killpg", "mkfifo", "nice", "openpty", "setsid", "uname",
           "sched_getaffinity", "sysconf", "WNOHANG"},
    "signal": {"SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "alarm"},
    "time": {"tzset"},
}  # fmt: skip


def troubles(source):
    """What Windows lacks, unless the code tries it or asks for it first."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names = [node.module] if isinstance(node, ast.ImportFrom) else names
            tried = isinstance(getattr(node, "parent", None), ast.Try)
            for name in names:
                if name in MISSING_MODULES and not tried:
                    yield f"line {node.lineno}: import {name}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of, name = node.value.id, node.attr
            asked = re.search(rf"hasattr\({of}, \"{name}\"\)", source)
            if name in MISSING_NAMES.get(of, ()) and not asked:
                yield f"line {node.lineno}: {of}.{name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_is_used_that_windows_lacks(path):
    assert list(troubles(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("import os\nos.fork()", ["line 2: os.fork"]),
        ("import resource", ["line 1: import resource"]),
        ("try:\n    import fcntl\nexcept ImportError:\n    pass", []),
        ('import os\nif hasattr(os, "fork"):\n    os.fork()', []),
    ],
)
def test_what_windows_lacks_is_seen(source, seen):
    assert list(troubles(source)) == seen


def test_text_is_utf_8_there_too():
    """Without an encoding, Windows takes its own."""
    ruff = [Path(sys.executable).parent / "ruff", "check", "--isolated", "--preview"]
    rule = ["--select", "PLW1514", "helpers", "course", "benchmarks"]
    done = subprocess.run([*ruff, *rule], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_grading_there_says_what_to_do(monkeypatch):
    from course import CourseError
    from course.sandbox.limits import Limits
    from course.sandbox.sandbox import Sandbox

    monkeypatch.delattr("os.fork")
    for unsafe in (True, False):
        with pytest.raises(CourseError, match=r"On Windows use its Linux .*/wsl\)"):
            Sandbox("torch", Limits(), unsafe)
