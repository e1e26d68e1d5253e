"""What earlier notebooks import; see :mod:`helpers.keras_start`."""

from helpers.keras_start import quiet_start

__all__ = ["quiet_start"]
