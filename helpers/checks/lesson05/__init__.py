"""Checks of lesson 05, the number of latent dimensions."""

from helpers.checks.lending import lender
from helpers.checks.lesson05.active_units import active_units
from helpers.checks.lesson05.kl_per_dimension import kl_per_dimension
from helpers.checks.lesson05.latent_grid import latent_grid
from helpers.checks.lesson05.linear_probe import linear_probe
from helpers.checks.lesson05.normal_quantiles import normal_quantiles
from helpers.checks.lesson05.start_at_mean_image import start_at_mean_image

lend = lender("05")

__all__ = [
    "active_units",
    "kl_per_dimension",
    "latent_grid",
    "lend",
    "linear_probe",
    "normal_quantiles",
    "start_at_mean_image",
]
