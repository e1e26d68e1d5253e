"""The data arrive whole, once, and split without leakage; or a stand-in says so."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest

from helpers import data
from helpers.data import originals

SHIPPED = originals.FILES  # tests may serve other files, with checksums of their own
LAST = "t10k-labels-idx1-ubyte.gz"


def root() -> Path:
    return Path(os.environ["COURSE_DATA"])


def stored(folder: Path | None = None) -> set[str]:
    """Everything under the data root, apart from locks."""
    found = (folder or root()).rglob("*")
    return {path.name for path in found if path.is_file() and path.suffix != ".lock"}


def fill_root(source: Path) -> Path:
    raw = root() / "MNIST/raw"
    raw.mkdir(parents=True)
    for file in originals.FILES["MNIST"]:
        shutil.copyfile(source / "MNIST/raw" / file, raw / file)
    return raw


def small(name: str = "MNIST") -> data.Dataset:
    return data.load(name, train_images=200, validation_images=100)


def start(program: str) -> subprocess.Popen:
    """Run a program in a fresh Python that knows the served files' checksums."""
    preamble = (
        f"from helpers.data import originals; originals.FILES = {originals.FILES!r}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", preamble + program],
        cwd=Path(__file__).resolve().parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


# Splits


@pytest.fixture(scope="module")
def mnist(source):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(source))
        return data.load("MNIST")


def test_shapes_types_and_ranges(mnist):
    sizes = {"train": 55_000, "validation": 5_000, "test": 10_000}
    for name, size in sizes.items():
        split = getattr(mnist, name)
        assert len(split) == size
        assert split.images.shape == (size, 28, 28)
        assert split.images.dtype == np.float32
        assert split.images.flags.c_contiguous
        assert (split.images.min(), split.images.max()) == (0, 1)
        assert split.labels.shape == (size,)
        assert split.labels.dtype == np.int64
        assert set(split.labels) == set(range(10))
        assert split.flat.shape == (size, 784)
        assert np.shares_memory(split.flat, split.images)
    assert mnist.class_names == tuple("0123456789")
    assert not mnist.synthetic
    assert not data.is_synthetic()


def test_no_image_of_one_split_in_another(mnist):
    splits = [mnist.train, mnist.validation, mnist.test]
    prints = [{image.tobytes() for image in split.images} for split in splits]
    assert len(prints[0] | prints[1] | prints[2]) == sum(map(len, prints))


def test_train_and_validation_are_the_files_training_images(mnist, source):
    raw = (source / "MNIST/raw/train-images-idx3-ubyte.gz").read_bytes()
    in_file = {image.tobytes() for image in originals.decode(raw)}
    loaded = set()
    for split in mnist.train, mnist.validation:
        for image in split.images:
            loaded.add(np.round(image * 255).astype(np.uint8).tobytes())
    assert loaded == in_file


def test_test_images_keep_their_order_and_labels_stay_with_images(mnist, source):
    blobs, _ = originals.checked(source, "MNIST")
    images = originals.decode(blobs["t10k-images-idx3-ubyte.gz"])
    assert np.array_equal(np.round(mnist.test.images * 255), images)
    assert np.array_equal(mnist.test.labels, originals.decode(blobs[LAST]))
    images = originals.decode(blobs["train-images-idx3-ubyte.gz"])
    labels = originals.decode(blobs["train-labels-idx1-ubyte.gz"])
    label_of = dict(zip(map(bytes, images), labels, strict=True))
    picked = np.round(mnist.validation.images * 255).astype(np.uint8)
    assert [label_of[bytes(image)] for image in picked] == list(mnist.validation.labels)


def test_fewer_training_images_are_the_first_ones(mnist, source, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(source))
    few = data.load("MNIST", train_images=1_000)
    assert np.array_equal(few.train.images, mnist.train.images[:1_000])
    assert np.array_equal(few.validation.labels, mnist.validation.labels)


def test_another_seed_holds_out_other_images(mnist, source, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(source))
    other = data.load("MNIST", train_images=1, seed=1)
    assert not np.array_equal(other.validation.images, mnist.validation.images)
    assert np.array_equal(other.test.images, mnist.test.images)


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"'mnist'.*'MNIST' or 'FashionMNIST'"):
        data.load("mnist")


@pytest.mark.parametrize("count", [0, -1, 55_001, 10.0, True, "10"])
def test_impossible_number_of_training_images_is_refused(count):
    with pytest.raises(ValueError, match="train_images must be a whole number from 1"):
        data.load("MNIST", train_images=count)


def test_impossible_number_of_validation_images_is_refused():
    with pytest.raises(ValueError, match="validation_images"):
        data.load("MNIST", validation_images=60_000)


# PyTorch


def test_arrays_feed_torch_without_a_warning(mnist):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = torch.from_numpy(mnist.test.flat)
    assert x.dtype == torch.float32


def test_loader_yields_every_image_once_with_its_label(mnist):
    import torch

    batches = data.loader(mnist.test, batch_size=97, shuffle=True, seed=3)
    assert isinstance(batches, torch.utils.data.DataLoader)
    assert (batches.batch_size, len(batches)) == (97, 104)
    x, y = zip(*batches, strict=True)
    assert [len(rows) for rows in x] == [97] * 103 + [9]
    x, y = torch.cat(x), torch.cat(y)
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    label_of = dict(zip(map(bytes, mnist.test.flat), mnist.test.labels, strict=True))
    assert len({bytes(row) for row in x.numpy()}) == 10_000
    assert [label_of[bytes(row)] for row in x.numpy()] == y.tolist()


def test_loader_keeps_the_order_and_the_picture_if_asked(mnist):
    batches = data.loader(mnist.validation, batch_size=97, flat=False)
    x, y = next(iter(batches))
    assert x.shape == (97, 1, 28, 28)
    assert np.array_equal(x[:, 0], mnist.validation.images[:97])
    assert np.array_equal(y, mnist.validation.labels[:97])


def test_order_depends_on_the_loaders_seed_alone(mnist):
    import torch

    def orders(seed, noise):
        torch.manual_seed(noise)
        batches = data.loader(mnist.test, batch_size=500, shuffle=True, seed=seed)
        return [torch.cat([y for _, y in batches]).tolist() for _ in range(2)]

    assert orders(5, noise=1) == orders(5, noise=2)
    assert orders(5, noise=1) != orders(6, noise=1)
    assert orders(5, noise=1)[0] != orders(5, noise=1)[1]
    assert orders(None, noise=1) == orders(None, noise=1)
    assert orders(None, noise=1) != orders(None, noise=2)


def test_a_seeded_loader_leaves_the_global_random_state_alone(mnist):
    import torch

    before = torch.get_rng_state()
    list(data.loader(mnist.test, batch_size=5_000, shuffle=True, seed=0))
    assert torch.equal(torch.get_rng_state(), before)


# Where the files come from


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
def test_checksums_and_mirrors_are_torchvisions(name):
    from torchvision import datasets

    original = getattr(datasets, name)
    assert dict(original.resources) == SHIPPED[name]
    assert tuple(original.mirrors) == originals.MIRRORS[name]


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


def test_a_truncated_download_is_not_kept(mirror, in_process, capsys):
    mirror.answers[LAST] = "truncated"
    assert small().synthetic
    assert "a file arrived incomplete or changed" in capsys.readouterr().out
    assert not stored()


@pytest.mark.parametrize("answer", [403, 503, "truncated"])
def test_the_next_source_delivers(mirror, in_process, monkeypatch, answer):
    monkeypatch.setenv("COURSE_DATA_MIRROR", f"{mirror.address}/broken")
    mirror.answers["broken"] = answer
    whole = ("http://127.0.0.1:9/", f"{mirror.address}/whole/")
    monkeypatch.setitem(originals.MIRRORS, "MNIST", whole)
    assert not small().synthetic
    assert not originals.checked(root(), "MNIST")[1]


@pytest.mark.parametrize("status", [403, 503])
def test_every_refusal_is_told_when_no_source_delivers(mirror, capsys, status):
    mirror.answers["MNIST"] = status
    assert small().synthetic
    said = capsys.readouterr().out
    assert f"{mirror.address}/MNIST/raw/: the server answered {status}" in said
    for address in originals.MIRRORS["MNIST"]:
        assert address in said
    assert not stored()


def test_four_notebooks_starting_at_once_download_once(mirror):
    program = """
from helpers import data
print(data.load("MNIST", train_images=100).synthetic)
"""
    started = [start(program) for _ in range(4)]
    said = [process.communicate()[0] for process in started]
    assert [text.split()[-1] for text in said] == ["False"] * 4
    assert sum("Fetching MNIST" in text for text in said) == 1
    # One download is up to three requests: is it there, where is it, the file.
    assert set(mirror.requests) == set(originals.FILES["MNIST"])
    assert max(mirror.requests.values()) <= 3
    assert stored() == set(originals.FILES["MNIST"])


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


def test_no_network_at_all(source, capsys):
    loaded = small()
    assert loaded.synthetic
    assert data.is_synthetic()
    assert loaded.train.images.shape == (200, 28, 28)
    assert loaded.validation.images.shape == (100, 28, 28)
    assert loaded.test.images.shape == (10_000, 28, 28)
    said = capsys.readouterr().out
    assert said.startswith("SYNTHETIC data")
    assert "COURSE_DATA_MIRROR" in said
    assert "Connection refused" in said or "10061" in said
    assert not stored()


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
        monkeypatch.setattr(originals, "_alone", fail_with(errno.EROFS))
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
