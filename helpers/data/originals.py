"""Where the original files lie, and how they get there: once, whole and checked."""

import contextlib
import errno
import gzip
import hashlib
import os
import shutil
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np

from helpers.data.lock import alone
from helpers.data.mirrors import LONGEST, addresses, download, is_address, refusal

TITLES = {"MNIST": "MNIST", "FashionMNIST": "Fashion-MNIST"}
MEGABYTES = {"MNIST": 12, "FashionMNIST": 31}

# As in torchvision.datasets; a test compares the two. Kept here so that a start from
# files that are already there, or without a network, need not import torchvision.
FILES = {
    "MNIST": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
}
# The same files unpacked, as other tools keep them; MD5 of the originals' content.
UNPACKED = {
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}

GZIPPED = b"\x1f\x8b"
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class DataError(RuntimeError):
    """The data cannot be stored; the message says what to do about it."""


class UnreachableError(RuntimeError):
    """No source has the real data; the message lists what was tried, line by line."""


def data_root() -> Path:
    """Folder that keeps the data.

    Returns
    -------
    Path
        `$COURSE_DATA` if set (a relative path counts from the repository), else
        `data/` in the repository, else the user's cache folder. The original files
        lie in `<root>/MNIST/raw` and `<root>/FashionMNIST/raw`, as torchvision
        lays them out. The folder need not exist.
    """
    repository = _repository()
    named = os.environ.get("COURSE_DATA")
    if named:
        return ((repository or Path.cwd()) / Path(named).expanduser()).resolve()
    if repository:
        return repository / "data"
    import platformdirs

    return Path(platformdirs.user_cache_dir("autoencoders-course"))


def original_files(name: str) -> dict[str, bytes]:
    """Return the four original files of a data set, fetching them if need be.

    Parameters
    ----------
    name : {"MNIST", "FashionMNIST"}

    Returns
    -------
    dict
        The content of each file, its MD5 checked: gzipped, or unpacked where only
        that was there. :func:`decode` reads both.

    Raises
    ------
    UnreachableError
        If no source has them.
    DataError
        If they cannot be stored: disk full, data root not a folder, ...
    """
    root = data_root()
    good, bad = checked(root, name)
    if not bad:
        return good
    with contextlib.ExitStack() as stack:
        try:
            root.mkdir(parents=True, exist_ok=True)
            lock = root / f".{name}.lock"
            stack.enter_context(alone(lock, TITLES[name], LONGEST))
            good, bad = checked(root, name)  # another notebook may have been first
            if not bad:
                return good
            stage = stack.enter_context(_stage(root, name))
        except OSError as error:
            if error.errno not in READ_ONLY:
                raise DataError(_disk_advice(name, root, error)) from error
            stage = stack.enter_context(tempfile.TemporaryDirectory())
            stage, unwritable = Path(stage), error
        else:
            unwritable = None
        try:
            complete = _collect(name, stage, good, bad)
            if not unwritable:
                unwritable = _keep(name, stage, root, bad)
        except OSError as error:
            raise DataError(_disk_advice(name, stage.parent, error)) from error
    if unwritable:
        print(
            f"{TITLES[name]} could not be kept, since {root} cannot be written to "
            f"({unwritable.strerror}). This run works from memory; the next one has "
            "to fetch it again. Set COURSE_DATA to a folder you can write to."
        )
    return complete


def decode(blob: bytes) -> np.ndarray:
    """Read an IDX file of bytes, gzipped or not (LeCun et al. 1998).

    Parameters
    ----------
    blob : bytes
        The file's content.

    Returns
    -------
    ndarray of uint8
        With the shape that the file states: (N, 28, 28) or (N,).

    Raises
    ------
    ValueError
        If it is not an IDX file of bytes, or has the wrong length.
    """
    content = gzip.decompress(blob) if blob[:2] == GZIPPED else blob
    if content[:3] != b"\x00\x00\x08":
        raise ValueError("not an IDX file of bytes: it must start with 00 00 08")
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if values.size != shape.prod():
        raise ValueError(f"{values.size} values where the header says {shape}")
    return values.reshape(shape)


def _repository() -> Path | None:
    above = Path(__file__).resolve().parents[2]
    is_one = (above / "pyproject.toml").is_file() and (above / "notebooks").is_dir()
    return above if is_one else None


def checked(place: Path, name: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Files at `<place>/<name>/raw`: contents of good ones, problems of bad ones."""
    good, bad = {}, {}
    for file, md5 in FILES[name].items():
        try:
            blob = (place / name / "raw" / file).read_bytes()
        except FileNotFoundError:
            if blob := _unpacked(place, name, file):
                good[file] = blob
            else:
                bad[file] = "missing"
        except OSError as error:
            bad[file] = error.strerror or str(error)
        else:
            if hashlib.md5(blob, usedforsecurity=False).hexdigest() == md5:
                good[file] = blob
            else:
                bad[file] = "damaged or another data set's file (MD5 differs)"
    return good, bad


def _unpacked(place: Path, name: str, file: str) -> bytes | None:
    """A file that lies there unpacked, if it is the right one."""
    unpacked = file.removesuffix(".gz")
    try:
        blob = (place / name / "raw" / unpacked).read_bytes()
    except OSError:
        return None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return blob if digest == UNPACKED[name][unpacked] else None


@contextlib.contextmanager
def _stage(root: Path, name: str):
    """A folder in root to fetch into; what a killed process left behind goes."""
    for left_behind in root.glob(f".{name}-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    with tempfile.TemporaryDirectory(
        prefix=f".{name}-", dir=root, ignore_cleanup_errors=True
    ) as stage:
        yield Path(stage)


def _collect(
    name: str, stage: Path, good: dict[str, bytes], bad: dict[str, str]
) -> dict[str, bytes]:
    """Complete `good` from one source after the other, by way of the stage."""
    tried = [
        f"the data root, {name}/raw/{file}: {problem}"
        for file, problem in bad.items()
        if problem != "missing"
    ]
    for problem in tried:
        print(f"In {problem}; looking for a good copy.")
    good = dict(good)
    _write(name, stage, good)
    mirror = os.environ.get("COURSE_DATA_MIRROR", "").strip()
    if mirror and not is_address(mirror):
        found, problem = _copy(name, stage, mirror, set(FILES[name]) - set(good))
        good |= found
        tried.append(f"COURSE_DATA_MIRROR={mirror}: {problem}")
    for address in addresses(name, mirror):
        if len(good) == len(FILES[name]):
            break
        missing = next(file for file in FILES[name] if file not in good)
        problem = refusal(address + missing)
        if problem is None:
            print(
                f"Fetching {TITLES[name]} from {address} "
                f"(up to {MEGABYTES[name]} MB, once) ..."
            )
            problem = download(name, stage, address, FILES[name])
            good, _ = checked(stage, name)
        tried.append(f"{address}: {problem}")
    if len(good) < len(FILES[name]):
        raise UnreachableError("\n".join(tried))
    return good


def _write(name: str, place: Path, files: dict[str, bytes]) -> None:
    folder = place / name / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    for file, blob in files.items():
        kept_as = file if blob[:2] == GZIPPED else file.removesuffix(".gz")
        (folder / kept_as).write_bytes(blob)


def _copy(
    name: str, stage: Path, mirror: str, wanted: set[str]
) -> tuple[dict[str, bytes], str]:
    """Copy the wanted files from a folder; also say what it lacks."""
    if mirror.lower().startswith("file://"):
        mirror = urllib.request.url2pathname(urllib.parse.urlparse(mirror).path)
    named = Path(mirror).expanduser()
    places = [named.absolute(), (_repository() or Path.cwd()) / named]
    place = next((place for place in places if place.is_dir()), None)
    if place is None:
        return {}, "there is no such folder"
    good, bad = checked(place, name)
    found = {file: blob for file, blob in good.items() if file in wanted}
    if found:
        print(f"Copying {TITLES[name]} from the folder in COURSE_DATA_MIRROR.")
        _write(name, stage, found)
    return found, "; ".join(f"{name}/raw/{file} {why}" for file, why in bad.items())


def _keep(name: str, stage: Path, root: Path, bad: dict[str, str]) -> OSError | None:
    """Move what was missing into place, each file in one step.

    Returns the error if the folder cannot be written to.
    """
    source, target = stage / name / "raw", root / name / "raw"
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in bad:
            unpacked = file.removesuffix(".gz")
            kept_as = file if (source / file).exists() else unpacked
            os.replace(source / kept_as, target / kept_as)
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        return error
    return None


def _disk_advice(name: str, place: Path, error: OSError) -> str:
    return (
        f"{TITLES[name]} could not be stored in {place}: {error.strerror or error}. "
        f"It needs {MEGABYTES[name]} MB there, and about 60 MB more while it is being "
        "fetched. Free some space, or set COURSE_DATA to a folder on a disk that has "
        "it, and run this again. Nothing half written was left behind."
    )
