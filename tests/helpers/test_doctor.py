"""The doctor finds each thing that is broken, and says what mends it."""

import collections
import shutil
import sys
import types

import pytest
import torch

from helpers import doctor
from helpers.data import originals


@pytest.fixture
def lock(tmp_path):
    def write(text):
        path = tmp_path / "requirements.lock"
        path.write_text(text)
        return path

    return write


def test_an_ordinary_machine_is_fine(capsys):
    findings = {each.what: each for each in doctor.examine()}
    assert list(findings) == [
        *("Python", "kernel", "packages", "MNIST", "Fashion-MNIST"),
        *("disk", "memory", "device"),
    ]
    for what in ("Python", "packages", "disk", "memory", "device"):
        assert findings[what].fine, findings[what]
    assert doctor.report() is all(each.fine for each in findings.values())
    assert "GFLOP/s" in capsys.readouterr().out


@pytest.mark.parametrize("version", [(3, 10, 2), (3, 14, 0), (2, 7, 18)])
def test_another_python(version):
    found = doctor.python(version)
    assert not found.fine
    assert "3.11 to 3.13" in found.text
    assert "make setup" in found.remedy


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 9)])
def test_a_python_that_the_pack_runs_on(version):
    found = doctor.python(version)
    assert found.fine
    assert found.text.startswith(f"3.{version[1]}.{version[2]} on ")


def test_a_report_ends_with_what_is_to_be_done(monkeypatch, capsys):
    findings = [
        doctor.Finding("disk", False, "0.1 GiB free", "free some space"),
        doctor.Finding("memory", True, "9.0 GiB free"),
    ]
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    assert doctor.report() is False
    assert capsys.readouterr().out.splitlines() == [
        "PROBLEM  disk: 0.1 GiB free",
        "         do this: free some space",
        "ok       memory: 9.0 GiB free",
        "Please fix the problems first.",
    ]
    monkeypatch.setattr(doctor, "examine", lambda: findings[1:])
    assert doctor.report() is True
    assert capsys.readouterr().out.splitlines()[-1] == "Everything is ready."


def test_another_kernel(tmp_path):
    (tmp_path / ".venv").mkdir()
    assert doctor.kernel(str(tmp_path / ".venv"), tmp_path).fine
    found = doctor.kernel("/usr", tmp_path)
    assert not found.fine
    assert "make lab" in found.remedy
    assert doctor.kernel("/usr", tmp_path / "installed by pip").fine


def test_packages_that_differ_or_are_gone(lock):
    assert doctor.packages(
        lock("# a comment\npytest==0.1 ; python_version < '3'\n")
    ).fine
    other = doctor.packages(lock("pytest==0.1\n"))
    assert not other.fine
    assert "instead of 0.1" in other.text
    gone = doctor.packages(lock("no-such-package==1.0\nnvidia-nothing==1.0\n"))
    assert gone.text == "missing: no-such-package"
    assert "make setup" in gone.remedy


def test_packages_as_the_lock_has_them(lock, monkeypatch, tmp_path):
    has = {"torch": "2.14.1+cpu", "numpy": "2.1", "keras": "3.0"}

    def version(name):
        if name not in has:
            raise doctor.importlib.metadata.PackageNotFoundError
        return has[name]

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    locked = lock(
        "--index-url x\n\ntorch==2.14.1  # a comment\nnumpy==2.1\ntriton==3\n"
    )
    found = doctor.packages(locked)
    assert (found.fine, found.text) == (True, "3, as in requirements.lock")
    many = "".join(f"gone{number}==1\n" for number in range(7))
    found = doctor.packages(lock(f"{many}keras==3.1\n"))
    assert found.text == (
        "missing: gone0, gone1, gone2, gone3, gone4; "
        "other versions: keras 3.0 instead of 3.1"
    )
    assert doctor.packages(tmp_path / "none").text == "installed without the lock"


def test_data_that_is_to_come_or_damaged(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    found = doctor.data("MNIST")
    assert found.fine, "the first lesson fetches it"
    assert "COURSE_DATA_MIRROR" in found.text
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / next(iter(originals.FILES["MNIST"]))).write_bytes(b"cut short")
    found = doctor.data("MNIST")
    assert not found.fine
    assert "damaged" in found.text
    assert "data.load('MNIST')" in found.remedy


def test_a_full_disk(tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10, 10, 0))
    found = doctor.disk(tmp_path / "not" / "made" / "yet")
    assert not found.fine
    assert "COURSE_DATA" in found.remedy


def test_room_for_what_is_needed_is_enough(tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    free = int(doctor.NEEDED_DISK * 2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(1, 1, free))
    assert doctor.disk(tmp_path).fine
    assert doctor.disk(tmp_path).text == "1.0 GiB free"
    assert doctor.memory(available=doctor.NEEDED_MEMORY).fine
    assert doctor.device(speed=doctor.SLOW).fine


def test_speed_is_the_best_of_a_few_products(monkeypatch):
    times = iter([0, 0.5, 1, 1.25, 2, 3, 4, 5, 6, 7])
    monkeypatch.setattr(doctor.time, "perf_counter", lambda: next(times))

    class Torch:
        @staticmethod
        def full(shape, value, device):
            assert (shape, device) == ((1024, 1024), "cpu")
            return torch.full((2, 2), value)

    assert doctor.gigaflops(Torch, "cpu") == pytest.approx(2 * 1024**3 / 0.25 / 1e9)


def test_little_memory():
    found = doctor.memory(available=1.0)
    assert not found.fine
    assert "shut down other kernels" in found.remedy


def test_a_slow_device():
    assert doctor.device(speed=50.0).fine
    found = doctor.device(speed=1.0)
    assert not found.fine
    assert "COURSE_FAST=1" in found.remedy


def test_torch_is_not_brought_into_a_kernel_with_tensorflow(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", types.ModuleType("tensorflow"))
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would fail
    found = doctor.device()
    assert found.fine
    assert "`course doctor` in a terminal" in found.text


def test_keras_on_pytorch_is_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as quiet_start leaves it
    assert "not measured" not in doctor.device(speed=50.0).text


def test_a_torch_that_does_not_work(monkeypatch):
    def broken(*_):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(doctor, "gigaflops", broken)
    found = doctor.device()
    assert not found.fine
    assert "nms" in found.text
