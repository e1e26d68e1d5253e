"""MNIST and Fashion-MNIST as arrays, split and scaled; batches for PyTorch.

>>> from helpers import data
>>> mnist = data.load("MNIST")
>>> mnist.train.images.shape, mnist.train.images.dtype
((55000, 28, 28), dtype('float32'))
"""

from helpers.data.batches import loader
from helpers.data.originals import DataError, data_root
from helpers.data.splits import (
    CLASS_NAMES,
    POOL,
    Dataset,
    Split,
    is_synthetic,
    load,
)

__all__ = [
    "CLASS_NAMES",
    "POOL",
    "DataError",
    "Dataset",
    "Split",
    "data_root",
    "is_synthetic",
    "load",
    "loader",
]
