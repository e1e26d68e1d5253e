"""A data set in three splits that share no image, scaled to [0, 1]."""

from dataclasses import dataclass

import numpy as np

from helpers.budget import fast_mode
from helpers.data import originals

CLASS_NAMES = {
    "MNIST": tuple("0123456789"),
    "FashionMNIST": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
}
POOL = 60_000  # the files' training images: train and validation come out of these
TEST = 10_000
FEWEST = 1_000  # held-out images in fast mode: enough of each class

_stand_ins: set[str] = set()


@dataclass(frozen=True)
class Split:
    """Images with their labels.

    Attributes
    ----------
    images : ndarray of float32, shape (N, 28, 28)
        Grey values in [0, 1]; 0 is the background.
    labels : ndarray of int64, shape (N,)
        Classes 0 to 9.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    @property
    def flat(self) -> np.ndarray:
        """The same images as rows, shape (N, 784); a view, not a copy."""
        return self.images.reshape(len(self.images), -1)


@dataclass(frozen=True)
class Dataset:
    """A data set in three splits that share no image.

    Attributes
    ----------
    name : {"MNIST", "FashionMNIST"}
    class_names : tuple of 10 str
        `class_names[label]` is what an image shows.
    train, validation, test : Split
    synthetic : bool
        True if this is the built-in stand-in, not the real data.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    synthetic: bool


def load(
    name: str,
    train_images: int | None = None,
    validation_images: int = 5_000,
    seed: int = 0,
) -> Dataset:
    """Load a data set, fetching it the first time.

    The files come from the data root (see `data_root`). What is missing or damaged
    there is fetched from `$COURSE_DATA_MIRROR` (a folder or an http(s) address that
    holds `MNIST/raw/...`), then from torchvision's mirrors. If there is no way to
    the real data, a SYNTHETIC stand-in of the same shapes, types and classes is
    returned, and a notice says why.

    Parameters
    ----------
    name : {"MNIST", "FashionMNIST"}
    train_images : int, optional
        Use only this many training images. By default all that validation leaves:
        55,000.
    validation_images : int
        How many of the 60,000 training images to hold out.
    seed : int
        Decides which ones. Train and validation are in random order; the first
        images of `train` are the same for every `train_images`.

    Returns
    -------
    Dataset
        `train`, `validation` and `test` (the files' 10,000 test images, in the
        files' order). In fast mode the last two hold no more images than `train`,
        or 1,000 where that is more.

    Raises
    ------
    ValueError
        If the name is unknown or a number is out of range.
    DataError
        If the files cannot be stored, for instance on a full disk.

    Notes
    -----
    MNIST: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-based
    learning applied to document recognition; Y. LeCun, C. Cortes and C. Burges,
    CC BY-SA 3.0. Fashion-MNIST: H. Xiao, K. Rasul and R. Vollgraf (2017),
    Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms, arXiv:1708.07747; Zalando SE, MIT license.
    """
    if name not in CLASS_NAMES:
        known = " or ".join(repr(known) for known in CLASS_NAMES)
        raise ValueError(f"no data set is called {name!r}; choose {known}")
    _require_count("validation_images", validation_images, POOL - 1)
    rest = POOL - validation_images
    train_images = rest if train_images is None else train_images
    _require_count("train_images", train_images, rest)
    most = max(train_images, FEWEST) if fast_mode() else POOL

    synthetic = False
    try:
        files = originals.original_files(name)
    except originals.UnreachableError as error:
        print(_notice(name, error))
        _stand_ins.add(name)
        synthetic = True
        splits = _draw(name, train_images, validation_images, seed)
    else:
        splits = _split(files, train_images, validation_images, seed)
    parts = [Split(each.images[:most], each.labels[:most]) for each in splits]
    return Dataset(name, CLASS_NAMES[name], *parts, synthetic=synthetic)


def is_synthetic() -> bool:
    """Tell whether any stand-in was loaded in this process."""
    return bool(_stand_ins)


def _require_count(parameter: str, value: int, most: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not 1 <= value <= most:
        raise ValueError(
            f"{parameter} must be a whole number from 1 to {most:,}, not {value!r}"
        )


def _split(
    files: dict[str, bytes], train_images: int, validation_images: int, seed: int
) -> tuple[Split, Split, Split]:
    order = np.random.default_rng(seed).permutation(POOL)
    validation = order[:validation_images]
    train = order[validation_images:][:train_images]
    images = originals.decode(files["train-images-idx3-ubyte.gz"])
    labels = originals.decode(files["train-labels-idx1-ubyte.gz"])
    test = Split(
        _scaled(originals.decode(files["t10k-images-idx3-ubyte.gz"]), np.arange(TEST)),
        originals.decode(files["t10k-labels-idx1-ubyte.gz"]).astype(np.int64),
    )
    return (
        Split(_scaled(images, train), labels[train].astype(np.int64)),
        Split(_scaled(images, validation), labels[validation].astype(np.int64)),
        test,
    )


def _scaled(images: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The chosen images with bytes turned into [0, 1], a few at a time for speed."""
    scaled = np.empty((len(chosen), *images.shape[1:]), np.float32)
    for start in range(0, len(chosen), 500):
        part = slice(start, start + 500)
        np.divide(images[chosen[part]], np.float32(255), out=scaled[part])
    return scaled


def _draw(
    name: str, train_images: int, validation_images: int, seed: int
) -> list[Split]:
    from helpers.data import synthetic

    counts = {"train": train_images, "validation": validation_images, "test": TEST}
    return [
        Split(*synthetic.make(name, split, count, seed if split != "test" else 0))
        for split, count in counts.items()
    ]


def _notice(name: str, error: originals.UnreachableError) -> str:
    tried = "\n".join(f"  {line}" for line in str(error).splitlines())
    return (
        f"SYNTHETIC data: the real {originals.TITLES[name]} could not be reached, "
        "so drawings stand in for it. Figures and metrics say SYNTHETIC.\n"
        f"Tried:\n{tried}\n"
        "For the real data, connect to the network, or set COURSE_DATA_MIRROR to a "
        f"folder or address that holds {name}/raw/, and restart the kernel."
    )
