"""What of torch is set for all that is computed, and what is said of a change."""

from __future__ import annotations

import sys
from typing import Any

SETTINGS = (
    (
        "torch.is_inference_mode_enabled() is",
        "torch.inference_mode without its end: use `with torch.inference_mode():`",
    ),
    (
        "torch.is_grad_enabled() is",
        "torch.set_grad_enabled(False) without its end: use `with torch.no_grad():`",
    ),
    ("torch's default type is", "torch.set_default_dtype: leave it out"),
    (
        "torch's seed is",
        "a seed set inside the function: every later draw of the notebook would follow "
        "from it",
    ),
    ("torch's default device is", "torch.set_default_device: leave it out"),
    (
        "that torch looks for anomalies is",
        "torch.autograd.set_detect_anomaly(True), which slows everything down: use it "
        "as `with torch.autograd.detect_anomaly():`, and not here",
    ),
    (
        "that torch is deterministic is",
        "torch.use_deterministic_algorithms: leave it out",
    ),
    ("torch's number of threads is", "torch.set_num_threads: leave it out"),
    ("that torch.autocast is at work is", "`with torch.autocast(...):`, to its end"),
    ("the type of torch.autocast is", "torch.set_autocast_dtype: leave it out"),
    (
        "the precision of products of matrices is",
        "torch.set_float32_matmul_precision: leave it out",
    ),
    (
        "that numbers below 1e-308 are taken for 0 is",
        "torch.set_flush_denormal: leave it out",
    ),
)
LEAST = sys.float_info.min  # half of it is 0 where torch.set_flush_denormal is on


def settings(torch: Any) -> tuple:
    """What they are now, in the order of `SETTINGS`."""
    if torch is None:
        return (None,) * len(SETTINGS)
    return (
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.initial_seed(),
        torch.get_default_device(),
        torch.is_anomaly_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_num_threads(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        torch.get_float32_matmul_precision(),
        LEAST / 2 == 0,
    )


def restore(torch: Any, settings: tuple) -> None:
    """Set back what later exercises would suffer from."""
    _, _, dtype, _, device, anomalies, deterministic, threads, autocast, *rest = (
        settings
    )
    autocast_dtype, precision, flush = rest
    torch.set_default_dtype(dtype)
    if torch.get_default_device() != device:
        # Not "cpu", which torch would then look up in every call.
        torch.set_default_device(None if device.type == "cpu" else device)
    torch.autograd.set_detect_anomaly(anomalies)
    torch.use_deterministic_algorithms(deterministic)
    torch.set_num_threads(threads)
    torch.set_autocast_enabled("cpu", autocast)
    torch.set_autocast_dtype("cpu", autocast_dtype)
    torch.set_float32_matmul_precision(precision)
    torch.set_flush_denormal(flush)
