"""What several exercises of lesson 05 share."""

from __future__ import annotations


def short(values) -> str:
    """A few numbers for a message."""
    numbers = [f"{float(value):.2f}" for value in list(values)[:4]]
    return f"({', '.join(numbers)}{', ...' if len(values) > 4 else ''})"
