"""A file is the old one or the new one, whatever stops the writing."""

import os

import pytest

from helpers.files import whole_file


def test_the_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    path, seen = tmp_path / "state", []
    path.write_bytes(b"old")
    sync, replace = os.fsync, os.replace

    def watched_sync(descriptor):
        seen.append(("sync", os.fstat(descriptor).st_size, path.read_bytes()))
        sync(descriptor)

    def watched_replace(source, target):
        seen.append(("replace", os.stat(source).st_size, path.read_bytes()))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(os, "replace", watched_replace)
    with whole_file(path) as file:
        file.write(b"new content")
    assert seen == [("sync", 11, b"old"), ("replace", 11, b"old")]
    assert path.read_bytes() == b"new content"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, OSError])
def test_what_stops_the_writing_leaves_the_old_file_and_nothing_else(trouble, tmp_path):
    path = tmp_path / "state"
    path.write_bytes(b"old")

    def write():
        with whole_file(path) as file:
            file.write(b"half of the n")
            raise trouble

    with pytest.raises(trouble):
        write()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_may_write_at_once(tmp_path):
    path = tmp_path / "state"
    with whole_file(path) as one:
        one.write(b"first")
        with whole_file(path) as other:
            other.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
