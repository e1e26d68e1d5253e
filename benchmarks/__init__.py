"""Side-by-side measurements: ``make bench``. Nothing else imports this package."""


class BenchError(Exception):
    """Something the user can put right; the message says what and how."""
