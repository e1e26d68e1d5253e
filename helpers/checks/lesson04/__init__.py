"""Checks of lesson 04, the convolutional VAE."""

from helpers.checks.lending import lender
from helpers.checks.lesson04.decoder import decoder
from helpers.checks.lesson04.encoder import encoder
from helpers.checks.lesson04.evaluate import evaluate
from helpers.checks.lesson04.remember import remember
from helpers.checks.lesson04.sizes import sizes
from helpers.checks.lesson04.vae_loss import vae_loss

__all__ = ["decoder", "encoder", "evaluate", "lend", "remember", "sizes", "vae_loss"]

lend = lender("04")
