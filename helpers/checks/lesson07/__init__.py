"""Checks of lesson 07: one VAE in Keras, on either backend, and its weights elsewhere.

Keras is imported inside the functions, and asked for whatever a backend does: nothing
here imports TensorFlow or torch unless Keras has done so.
"""

from helpers.checks.lending import lender
from helpers.checks.lesson07.adam_step import adam_step
from helpers.checks.lesson07.loss_terms import loss_terms
from helpers.checks.lesson07.sampling import sampling
from helpers.checks.lesson07.to_torch import to_torch
from helpers.checks.lesson07.vae_model import vae_model

lend = lender("07")

__all__ = ["adam_step", "lend", "loss_terms", "sampling", "to_torch", "vae_model"]
