"""Checks of lesson 03, the variational autoencoder."""

from helpers.checks.lending import lender
from helpers.checks.lesson03.kl_divergence import kl_divergence
from helpers.checks.lesson03.reconstruction_loss import reconstruction_loss
from helpers.checks.lesson03.reparameterize import reparameterize
from helpers.checks.lesson03.sample import sample
from helpers.checks.lesson03.vae import vae
from helpers.checks.lesson03.vae_loss import vae_loss

lend = lender("03")

__all__ = [
    "kl_divergence",
    "lend",
    "reconstruction_loss",
    "reparameterize",
    "sample",
    "vae",
    "vae_loss",
]
