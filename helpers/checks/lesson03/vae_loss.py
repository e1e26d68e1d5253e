"""Check of the loss, reconstruction + beta * KL."""

from __future__ import annotations

from collections.abc import Callable

from helpers.checks.base import check
from helpers.checks.draws import Draw
from helpers.checks.elbo import check_vae_loss


@check("vae_loss", uses=("reparameterize", "kl_divergence", "reconstruction_loss"))
def vae_loss(function: Callable, draw: Draw) -> None:
    """Check mean over images of reconstruction + beta * KL, on whole models."""
    check_vae_loss(function, draw)
