"""Checks of lesson 00: scaling, splitting, batching, measuring, PCA."""

from helpers.checks.lending import lender
from helpers.checks.lesson00.batches import batches
from helpers.checks.lesson00.bce_per_image import bce_per_image
from helpers.checks.lesson00.mse import mse
from helpers.checks.lesson00.pca_reconstruct import pca_reconstruct
from helpers.checks.lesson00.split_indices import split_indices
from helpers.checks.lesson00.to_unit_range import to_unit_range

__all__ = [
    "batches",
    "bce_per_image",
    "lend",
    "mse",
    "pca_reconstruct",
    "split_indices",
    "to_unit_range",
]

lend = lender("00")
