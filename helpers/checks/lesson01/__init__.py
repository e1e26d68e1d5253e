"""Checks of lesson 01: a dense autoencoder in Keras.

Keras is imported inside the functions: `from helpers.checks import lesson01` stays
cheap. Nothing here depends on a seed or on the order in which Keras shuffles.
"""

from helpers.checks.lending import lender
from helpers.checks.lesson01.dead_units import dead_units
from helpers.checks.lesson01.error_by_class import error_by_class
from helpers.checks.lesson01.halves import halves
from helpers.checks.lesson01.join import join
from helpers.checks.lesson01.mse_per_image import mse_per_image
from helpers.checks.lesson01.train_model import train_model

lend = lender("01")

__all__ = [
    "dead_units",
    "error_by_class",
    "halves",
    "join",
    "lend",
    "mse_per_image",
    "train_model",
]
