"""Read the figures that a notebook recorded, and hold them against their bands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from helpers.metrics import METRIC_MIME

IN_BAND = "in band"
OUT_OF_BAND = "OUT OF BAND"
NO_BAND = "no band"
BLANK = {"name": "figure", "unit": "", "facts": {}}


def recorded(notebook) -> list[dict[str, Any]]:
    """Collect the figures of an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode or None
        With its outputs.

    Returns
    -------
    list of dict
        As ``helpers.metrics.record`` wrote them, in order; `value` is a float, NaN
        when it was no finite number, and `expected` a pair of floats or None.
    """
    found = []
    for output in outputs(notebook):
        bundle = output.get("data", {}).get(METRIC_MIME)
        if bundle is not None:
            found.append(BLANK | dict(bundle) | _numbers(bundle))
    return found


def _numbers(bundle: Mapping[str, Any]) -> dict[str, Any]:
    value = _number(bundle.get("value"))
    expected = bundle.get("expected")
    if expected is not None:
        expected = [_number(bound) for bound in expected]
    return {"value": value, "expected": expected}


def _number(value: Any) -> float:
    # JSON has no NaN or infinity: they arrive as null, or as text from the kernel.
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):  # JSON's integers have no end
        return math.nan


def outputs(notebook) -> Iterator:
    """Go through all outputs of a notebook's code cells."""
    for cell in notebook.cells if notebook else []:
        yield from cell.get("outputs", [])


def data_kind(notebook) -> str | None:
    """Say what a notebook computed on: "real", "SYNTHETIC", or None if it is silent."""
    kinds = {figure.get("data") for figure in recorded(notebook)}
    stamped = any(
        str(out.get("data", {}).get("text/plain", "")).startswith("SYNTHETIC")
        for out in outputs(notebook)
    )
    if stamped or "SYNTHETIC" in kinds:
        return "SYNTHETIC"
    return "real" if "real" in kinds else None


def verdict(
    figure: Mapping[str, Any], fast: bool, synthetic: bool, changed: bool
) -> str:
    """Hold one figure against its band.

    Parameters
    ----------
    figure : mapping
        One of :func:`recorded`.
    fast, synthetic, changed : bool
        Whether the run was small, on stand-in data, or with parameters given: then
        the band is shown and not enforced.

    Returns
    -------
    str
        `IN_BAND`, `OUT_OF_BAND`, `NO_BAND`, or why the band is not enforced.
    """
    if figure["expected"] is None:
        return NO_BAND
    reasons = []
    if fast:
        reasons.append("fast")
    if synthetic or figure.get("data") == "SYNTHETIC":
        reasons.append("SYNTHETIC")
    if changed:
        reasons.append("parameters")
    if not reasons and not figure.get("enforced", True):
        reasons.append("by the lesson")
    if reasons:
        return f"not enforced: {', '.join(reasons)}"
    low, high = figure["expected"]
    # Written so that NaN, which compares false with everything, is outside.
    return IN_BAND if low <= figure["value"] <= high else OUT_OF_BAND


def show_value(figure: Mapping[str, Any]) -> str:
    """The measured figure as text, with its unit."""
    value = figure["value"]
    text = "not a number" if math.isnan(value) else f"{value:.4g}"
    return f"{text} {figure['unit'] or ''}".strip()


def show_band(figure: Mapping[str, Any]) -> str:
    """The expected band as text."""
    if figure["expected"] is None:
        return "-"
    low, high = figure["expected"]
    return f"{low:.4g} to {high:.4g}"
