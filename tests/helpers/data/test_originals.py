"""The data arrive whole and once; or a stand-in says so."""

import contextlib
import errno
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from helpers import data
from helpers.data import mirrors, originals
from tests.helpers.data.loaded import LAST, fill_root, root, small, start, stored

SHIPPED = originals.FILES  # tests may serve other files, with checksums of their own


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
def test_checksums_are_torchvisions(name):
    from torchvision import datasets

    original = getattr(datasets, name)
    assert dict(original.resources) == SHIPPED[name]


def test_first_download(mirror, capsys):
    loaded = small()
    assert not loaded.synthetic
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert f"Fetching MNIST from {mirror.address}/MNIST/raw/" in said
    for file in originals.FILES["MNIST"]:
        served = (mirror.folder / "MNIST/raw" / file).read_bytes()
        assert (root() / "MNIST/raw" / file).read_bytes() == served
    assert stored() == set(originals.FILES["MNIST"])


def test_cached_start_asks_nobody_and_imports_no_framework(mirror):
    fill_root(mirror.folder)
    program = """
import json, sys
from helpers import data
assert not data.load("MNIST").synthetic
print(json.dumps(sorted({m.split(".")[0] for m in sys.modules})))
"""
    modules = json.loads(start(program).communicate()[0])
    assert "numpy" in modules
    assert not {"torch", "torchvision", "tensorflow", "keras"} & set(modules)
    assert not mirror.requests


def test_a_damaged_file_is_replaced_and_only_that_one(mirror, in_process, capsys):
    raw = fill_root(mirror.folder)
    whole = (raw / LAST).read_bytes()
    (raw / LAST).write_bytes(whole[:-9] + b"x" + whole[-8:])
    assert not small().synthetic
    assert (raw / LAST).read_bytes() == whole
    assert set(mirror.requests) == {LAST}
    assert f"{LAST}: damaged" in capsys.readouterr().out


def test_another_sets_file_of_the_same_name_is_not_believed(source, monkeypatch):
    raw = fill_root(source)
    shutil.copyfile(raw / LAST, raw / "train-labels-idx1-ubyte.gz")
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(source))
    assert not small().synthetic
    assert not originals.checked(root(), "MNIST")[1]


def test_a_folder_can_be_the_mirror(source, monkeypatch, capsys):
    place = os.path.relpath(source)
    monkeypatch.setenv("COURSE_DATA_MIRROR", place)
    assert not small().synthetic
    assert stored() == set(originals.FILES["MNIST"])
    assert "Copying MNIST" in capsys.readouterr().out


def test_a_mirror_that_does_not_exist_is_named(source, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA_MIRROR", "/no/such/folder")
    assert small().synthetic
    said = capsys.readouterr().out
    assert "COURSE_DATA_MIRROR=/no/such/folder: there is no such folder" in said


def test_what_a_killed_download_left_behind_goes(source, monkeypatch):
    left = root() / ".MNIST-abc/MNIST/raw"
    left.mkdir(parents=True)
    (left / LAST).write_bytes(b"half")
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(source))
    small()
    assert stored() == set(originals.FILES["MNIST"])


# Disks


@pytest.fixture
def mounted(request, monkeypatch):
    """A data root on a small disk of its own, or None where mounting is forbidden."""
    folder = tempfile.mkdtemp()
    size = request.param
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder]
    done = subprocess.run(mount, capture_output=True) if shutil.which("mount") else None
    if done and done.returncode == 0:
        monkeypatch.setenv("COURSE_DATA", folder)
        yield Path(folder)
        subprocess.run(["umount", "-l", folder], check=True)
    else:
        yield None
    shutil.rmtree(folder, ignore_errors=True)


def fail_with(number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("mounted", ["100k"], indirect=True)
def test_full_disk_while_downloading(mirror, in_process, mounted):
    if not mounted:
        import resource

        # Next best: the system itself refuses files beyond 20 kB, also to the child.
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(data.DataError) as caught:
            small()
    finally:
        if not mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    message = str(caught.value)
    assert "No space left" in message or "File too large" in message
    assert "\n" not in message
    assert "set COURSE_DATA to a folder on a disk that has it" in message
    assert not stored()


@pytest.mark.parametrize("mounted", ["100k"], indirect=True)
def test_full_disk_while_copying(source, mounted, monkeypatch):
    if not mounted:
        monkeypatch.setattr(Path, "write_bytes", fail_with(errno.ENOSPC))
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(source))
    with pytest.raises(data.DataError, match="No space left"):
        small()
    assert not stored()


@pytest.mark.parametrize("mounted", ["100m"], indirect=True)
@pytest.mark.parametrize("filled", [True, False])
def test_read_only_disk(source, mounted, filled, monkeypatch, capsys):
    if filled:
        fill_root(source)
    if mounted:
        subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    elif os.geteuid() == 0:
        monkeypatch.setattr(originals, "alone", fail_with(errno.EROFS))
    else:
        root().mkdir(exist_ok=True)
        root().chmod(0o555)
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(source))
    assert not small().synthetic
    said = capsys.readouterr().out
    assert ("cannot be written to" in said) != filled
    assert len(stored()) == 4 * filled


def test_data_root_that_is_a_file(source, monkeypatch):
    root().write_text("not a folder")
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(source))
    with pytest.raises(data.DataError, match="COURSE_DATA"):
        small()


# The data root


def test_data_root_follows_the_environment_and_the_repository(monkeypatch, tmp_path):
    assert data.data_root() == root()
    monkeypatch.setattr(originals, "_repository", lambda: tmp_path)
    monkeypatch.setenv("COURSE_DATA", "here")
    assert data.data_root() == tmp_path / "here"
    monkeypatch.delenv("COURSE_DATA")
    assert data.data_root() == tmp_path / "data"
    monkeypatch.setattr(originals, "_repository", lambda: None)
    assert data.data_root().is_absolute()
    assert tmp_path not in data.data_root().parents


def test_decode_refuses_what_is_not_idx():
    import gzip

    with pytest.raises(ValueError, match="not an IDX file"):
        originals.decode(gzip.compress(b"hello, world"))
    with pytest.raises(ValueError, match="header says"):
        originals.decode(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 9, 1, 2])))


@pytest.mark.parametrize("as_address", [False, True])
def test_a_mirror_may_be_a_folder_by_its_address(mirror, monkeypatch, as_address):
    folder = mirror.folder
    monkeypatch.setenv(
        "COURSE_DATA_MIRROR", folder.as_uri() if as_address else f"{folder}"
    )
    assert not small().synthetic
    assert stored() == set(originals.FILES["MNIST"])


def test_files_that_lie_there_unpacked_will_do(mirror, monkeypatch, tmp_path):
    """With MD5 of their own in this test: the files that it serves are small."""
    content = {
        file.removesuffix(".gz"): gzip.decompress(
            (mirror.folder / "MNIST/raw" / file).read_bytes()
        )
        for file in originals.FILES["MNIST"]
    }
    sums = {name: hashlib.md5(blob).hexdigest() for name, blob in content.items()}
    monkeypatch.setattr(originals, "UNPACKED", {"MNIST": sums})
    monkeypatch.delenv("COURSE_DATA_MIRROR", raising=False)
    folder = tmp_path / "unpacked" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, blob in content.items():
        (folder / name).write_bytes(blob)
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(folder.parents[1]))
    monkeypatch.setattr(mirrors, "MIRRORS", {"MNIST": ()})
    assert not small().synthetic
    assert stored() == set(content)
    monkeypatch.delenv("COURSE_DATA_MIRROR")
    assert not small().synthetic, "the next start finds them"
    damaged = root() / "MNIST/raw" / LAST.removesuffix(".gz")
    damaged.write_bytes(b"other")
    assert small().synthetic


def test_what_another_notebook_has_fetched_meanwhile_will_do(source, monkeypatch):
    @contextlib.contextmanager
    def waited(*_):
        fill_root(source)
        yield

    monkeypatch.setattr(originals, "alone", waited)
    monkeypatch.setenv("COURSE_DATA_MIRROR", "/no/such/folder")
    found = originals.original_files("MNIST")
    assert set(found) == set(originals.FILES["MNIST"])


# Small files, so that many ways to come by them are tried in no time


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with four small files that count as MNIST; no server has them."""
    raw = tmp_path / "mirror" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    sums = {}
    for file in SHIPPED["MNIST"]:
        blob = gzip.compress(file.encode())
        (raw / file).write_bytes(blob)
        sums[file] = hashlib.md5(blob).hexdigest()
    monkeypatch.setattr(originals, "FILES", {"MNIST": sums})
    monkeypatch.setattr(mirrors, "MIRRORS", {"MNIST": ()})
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(tmp_path / "mirror"))
    return raw


def test_what_is_there_and_what_a_folder_has_make_a_whole(tiny, capsys):
    mine = root() / "MNIST" / "raw"
    mine.mkdir(parents=True)
    (tiny / LAST).rename(mine / LAST)
    before = (mine / LAST).stat().st_ino
    found = originals.original_files("MNIST")
    assert {file: gzip.decompress(blob) for file, blob in found.items()} == {
        file: file.encode() for file in SHIPPED["MNIST"]
    }
    assert stored() == set(found)
    assert (mine / LAST).stat().st_ino == before, "left as it was"
    assert capsys.readouterr().out.count("\n") == 1


def test_what_a_folder_lacks_and_what_was_damaged_is_told(tiny):
    first, *_ = SHIPPED["MNIST"]
    mine = root() / "MNIST" / "raw"
    mine.mkdir(parents=True)
    (mine / first).write_bytes(b"damaged")
    (tiny / first).write_bytes(b"other")
    (tiny / LAST).unlink()
    with pytest.raises(originals.UnreachableError) as caught:
        originals.original_files("MNIST")
    damaged = "damaged or another data set's file (MD5 differs)"
    assert str(caught.value).splitlines() == [
        f"the data root, MNIST/raw/{first}: {damaged}",
        f"COURSE_DATA_MIRROR={tiny.parents[1]}: MNIST/raw/{first} {damaged}; "
        f"MNIST/raw/{LAST} missing",
    ]


@pytest.mark.parametrize("written", ["~/mirror", "mirror"])
def test_a_mirror_may_be_named_from_home_or_from_the_repository(
    tiny, tmp_path, monkeypatch, written
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setattr(originals, "_repository", lambda: tmp_path)
    monkeypatch.setenv("COURSE_DATA_MIRROR", f" {written} ")
    assert set(originals.original_files("MNIST")) == set(SHIPPED["MNIST"])


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_where_nothing_can_be_kept_the_run_works_from_memory(
    tiny, monkeypatch, capsys, number
):
    monkeypatch.setattr(os, "replace", fail_with(number))
    assert len(originals.original_files("MNIST")) == 4
    said = capsys.readouterr().out
    assert f"cannot be written to ({os.strerror(number)})" in said
    assert not stored()


def test_a_disk_that_fails_at_the_last_step_is_told(tiny, monkeypatch):
    monkeypatch.setattr(os, "replace", fail_with(errno.ENOSPC))
    with pytest.raises(data.DataError, match=r"No space left.*needs 12 MB there"):
        originals.original_files("MNIST")
    assert not stored()


def test_a_file_that_cannot_be_read_is_told(tiny):
    (root() / "MNIST" / "raw" / LAST).mkdir(parents=True)
    _, bad = originals.checked(root(), "MNIST")
    assert bad[LAST] == os.strerror(errno.EISDIR)
    assert set(bad) == set(SHIPPED["MNIST"])


def test_decode_reads_the_shape_that_the_file_states():
    header = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3])
    values = originals.decode(header + bytes(range(6)))
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert values.dtype == "uint8"
