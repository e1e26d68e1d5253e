"""What the checks of numbers share: near enough or not, and what was returned."""

from __future__ import annotations

from helpers.checks.base import CheckFailed


def compare(
    value: float,
    right: float,
    what: str,
    formula: str,
    reasons: dict[float, str],
    other: str = "each term, and what it is summed or averaged over",
) -> None:
    """Fail unless the two agree to 1 in 1000; name the reason if one fits."""
    if abs(value - right) <= 1e-3 * abs(right) + 1e-4:
        return
    near = min(reasons, key=lambda known: abs(known - value))
    fits = abs(near - value) <= 2e-3 * abs(near) + 1e-3
    raise CheckFailed(
        f"{what}: {value:.5g}",
        f"{formula} = {right:.5g}",
        reasons[near] if fits else other,
    )


def describe(value: object) -> str:
    """What a function returned, in a few words."""
    if isinstance(value, tuple | list):
        kinds = ", ".join(type(part).__name__ for part in value)
        return f"{len(value)} values ({kinds})"
    return "nothing (None)" if value is None else f"one {type(value).__name__}"
