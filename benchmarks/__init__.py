"""Side-by-side measurements: ``make bench``. Nothing else imports this package."""


class BenchError(Exception):
    """Something the user can fix; the message says what and how."""
