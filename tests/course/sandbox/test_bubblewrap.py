"""What a command inside sees of this machine, and what it can change: nothing."""

import itertools
import subprocess

import pytest

from course.sandbox.bubblewrap import (
    CAPABILITIES,
    available,
    data_places,
    remedy,
    wrapped,
)
from tests.course.handed_in import LIMITS, NO_SANDBOX, ROOT

needs_sandbox = pytest.mark.skipif(not available(), reason=NO_SANDBOX)


@needs_sandbox
def test_nothing_but_its_scratch_can_be_written(tmp_path):
    """Not even by the user whom bubblewrap's own folders belong to."""
    (tmp_path / "ipc").mkdir()
    scratch = tmp_path / "scratch"
    look = f"for place in / /tmp /dev {ROOT} {scratch} /dev/shm; do " + (
        "touch $place/left 2>/dev/null && echo $place; done; "
        "df --output=size -B1 /dev/shm | tail -1"
    )
    environment = {"PATH": "/usr/bin:/bin"}
    command = wrapped(["sh", "-c", look], tmp_path, LIMITS, environment)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *written, size = done.stdout.split()
    assert written == [str(scratch), "/dev/shm"]
    assert int(size) == LIMITS.scratch_bytes


@pytest.mark.parametrize("user", [0, 1000])
def test_root_keeps_what_is_needed_to_become_another_user(user, tmp_path, monkeypatch):
    monkeypatch.setattr("course.sandbox.bubblewrap.os.geteuid", lambda: user)
    command = wrapped(["true"], tmp_path, LIMITS, {})
    kept = [b for a, b in itertools.pairwise(command) if a == "--cap-add"]
    assert kept == (list(CAPABILITIES) if user == 0 else [])


def inside(folder, *command, environment=None):
    (folder / "ipc").mkdir()
    given = {"PATH": "/usr/bin:/bin"} | (environment or {})
    done = subprocess.run(
        wrapped([*command], folder, LIMITS, given), capture_output=True, text=True
    )
    return done.stdout.split()


@needs_sandbox
def test_nothing_is_inherited_but_what_is_handed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_HOST", "only the instructor may read this")
    seen = inside(tmp_path, "env", environment={"GIVEN": "1"})
    names = {line.partition("=")[0] for line in seen}
    assert names == {"PATH", "GIVEN", "COURSE_DATA", "PWD"}


@needs_sandbox
def test_the_pack_is_there_without_its_answers(tmp_path):
    assert set(inside(tmp_path, "ls", str(ROOT))) - {"data"} == {"course", "helpers"}


@needs_sandbox
def test_no_other_process_and_no_network_is_in_reach(tmp_path):
    look = "ls /proc | grep -c '^[0-9]'; cat /proc/net/dev"
    processes, *network = inside(tmp_path, "sh", "-c", look)
    assert int(processes) <= 5
    assert [word for word in network if word.endswith(":")] in ([], ["lo:"])


def test_without_bubblewrap_it_is_not_available(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert available() is False
    assert "apt-get install bubblewrap" in remedy()


def install(folder, monkeypatch, script):
    """Let a script be the only bubblewrap there is."""
    (folder / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_bubblewrap_that_works_is_available(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "exit 0")
    assert available() is True


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo setting up uid map: denied >&2; exit 1", "setting up uid map: denied"),
        ("exit 7", "it ended with 7"),
        ("echo first. >&2; echo '  then more.' >&2; exit 1", "first. then more"),
    ],
)
def test_a_bubblewrap_that_the_system_forbids_is_not_available(
    tmp_path, monkeypatch, script, said
):
    install(tmp_path, monkeypatch, script)
    assert available() is False
    assert f"forbids what it does: {said}. Allow it" in remedy()
    assert "apt-get" not in remedy()


def test_data_that_links_lead_to_is_shown(tmp_path):
    root, elsewhere = tmp_path / "data", tmp_path / "disk" / "MNIST"
    (elsewhere / "raw").mkdir(parents=True)
    (root / "FashionMNIST" / "raw").mkdir(parents=True)
    assert data_places(root) == set()
    (root / "MNIST").symlink_to(elsewhere)
    file = tmp_path / "other" / "train-images-idx3-ubyte.gz"
    file.parent.mkdir()
    file.touch()
    (root / "FashionMNIST" / "raw" / file.name).symlink_to(file)
    assert data_places(root) == {
        *map(str, (elsewhere, elsewhere / "raw", file.parent)),
    }
