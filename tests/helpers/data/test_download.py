"""The download in a process of its own says in JSON what went wrong."""

import errno
import json
import shutil
import sys
from collections import namedtuple

import pytest

from helpers.data import download

Usage = namedtuple("Usage", "free")


@pytest.fixture
def failing(monkeypatch, tmp_path, capsys):
    """Call main() where fetching raises an error; return code and report."""

    def call(error, free=2**30):
        def fetch(*_):
            raise error

        monkeypatch.setattr(download, "fetch", fetch)
        monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(free))
        monkeypatch.setattr(
            sys, "argv", ["", "MNIST", str(tmp_path), "http://x/", "{}"]
        )
        code = download.main()
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_an_error_of_the_disk_is_told_by_its_number(failing, number):
    assert failing(OSError(number, "words"))[1]["disk"] == number


def test_an_error_of_the_network_is_none_of_the_disk(failing):
    code, report = failing(ConnectionResetError(errno.ECONNRESET, "reset by peer"))
    assert code == 1
    assert report["disk"] is None
    assert report["reason"].startswith("ConnectionResetError")
    assert "reset by peer" in report["reason"]


def test_a_disk_with_hardly_a_byte_left_is_full_whatever_the_error(failing):
    assert failing(RuntimeError("corrupted"), free=2**20)[1]["disk"] is None
    assert failing(RuntimeError("corrupted"), free=2**20 - 1)[1]["disk"] == errno.ENOSPC


def test_torchvision_is_given_the_pinned_files_and_this_mirror(monkeypatch):
    from torchvision import datasets

    seen = {}

    class Original:
        def __init__(self, root, download):
            seen.update(root=root, download=download, of=type(self))

    monkeypatch.setattr(datasets, "MNIST", Original)
    monkeypatch.setattr("socket.setdefaulttimeout", lambda s: seen.update(silence=s))
    download.fetch("MNIST", "stage", "http://here/", {"a.gz": "12ab"})
    assert (seen["root"], seen["download"]) == ("stage", True)
    assert seen["of"].__name__ == "MNIST"  # torchvision names the folder after it
    assert seen["of"].mirrors == ["http://here/"]
    assert seen["of"].resources == [("a.gz", "12ab")]
    assert seen["silence"] == 20
