"""The doctor finds each thing that is broken, and says what mends it."""

import collections
import shutil
import sys
import types

import pytest

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


def test_a_torch_that_does_not_work(monkeypatch):
    def broken(*_):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(doctor, "gigaflops", broken)
    found = doctor.device()
    assert not found.fine
    assert "nms" in found.text
