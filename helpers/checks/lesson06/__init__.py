"""Checks of lesson 06, how tight the bound is."""

from helpers.checks.lending import lender
from helpers.checks.lesson06.bound import bound
from helpers.checks.lesson06.effective_sample_size import effective_sample_size
from helpers.checks.lesson06.log_normal import log_normal
from helpers.checks.lesson06.log_weights import log_weights
from helpers.checks.lesson06.running_bound import running_bound
from helpers.checks.lesson06.signal_to_noise import signal_to_noise

lend = lender("06")

__all__ = [
    "bound",
    "effective_sample_size",
    "lend",
    "log_normal",
    "log_weights",
    "running_bound",
    "signal_to_noise",
]
