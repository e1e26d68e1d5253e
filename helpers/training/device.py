"""Where to compute, in which number format, and from which seed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def seed_everything(seed: int) -> None:
    """Seed torch (every device), NumPy and Python."""
    import random

    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device() -> torch.device:
    """Choose where to compute: CUDA, then Apple's MPS, then the CPU.

    On a CPU this process then computes with half of the cores, unless OMP_NUM_THREADS
    says otherwise: models of this size gain a tenth from a second thread, and two
    notebooks that each want every core are three times slower than side by side.
    """
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    return torch.device("cpu")


def best_precision(device: torch.device) -> str:
    """Choose the number format for matrix products: the fast one of this device.

    Returns
    -------
    {"bfloat16", "float32"}
        bfloat16 on CUDA devices that have it, and on CPUs with instructions for it
        (AVX512-BF16 or AMX). Elsewhere it would be emulated, which is slower.
    """
    import torch

    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        if able.get("avx512_bf16") or able.get("amx_bf16"):
            return "bfloat16"
    return "float32"
