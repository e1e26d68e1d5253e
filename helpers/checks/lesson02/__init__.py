"""Checks of lesson 02: an autoencoder, its training loop, noise, interpolation."""

from helpers.checks.lending import lender
from helpers.checks.lesson02.autoencoder import autoencoder
from helpers.checks.lesson02.denoising_pair import denoising_pair
from helpers.checks.lesson02.interpolate import interpolate
from helpers.checks.lesson02.train_step import train_step
from helpers.checks.lesson02.validation_loss import validation_loss
from helpers.checks.lesson02.weights import weights

lend = lender("02")

__all__ = [
    "autoencoder",
    "denoising_pair",
    "interpolate",
    "lend",
    "train_step",
    "validation_loss",
    "weights",
]
