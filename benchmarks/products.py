"""The matrix products of a training step with nothing around them.

No training in the same number format can be faster than these, so they say how much
of an epoch is arithmetic and how much is everything else.
"""

import time
from typing import NamedTuple

import torch
from torch import nn


class Product(NamedTuple):
    """One product, ready to be computed: ``out = left @ right``."""

    left: torch.Tensor
    right: torch.Tensor
    out: torch.Tensor


def step_products(
    model: nn.Module, batch: int, device: torch.device | str
) -> list[Product]:
    """List the products of one training step, in float32 and with memory of their own.

    Parameters
    ----------
    model : nn.Module
        Only the shapes of its ``nn.Linear`` layers are used. The first of them reads
        the images, which need no gradient.
    batch : int
        Images in the step.
    device : torch.device or str
        ``"meta"`` makes tensors that have shapes and no memory.

    Returns
    -------
    list of Product
        For each layer: forward, gradient of the weight, and, except for the first,
        gradient of the input. Factors are transposed as autograd transposes them.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    products = []
    for number, layer in enumerate(layers):
        n, m = layer.in_features, layer.out_features
        x = torch.randn(batch, n, device=device)
        weight = torch.randn(m, n, device=device)
        slope = torch.randn(batch, m, device=device)  # of the loss in the output
        products.append(Product(x, weight.t(), torch.empty_like(slope)))
        products.append(Product(slope.t(), x, torch.empty_like(weight)))
        if number > 0:
            products.append(Product(slope, weight, torch.empty_like(x)))
    return products


def operations(products: list[Product]) -> int:
    """Count multiplications and additions: 2 rows x inner x columns a product."""
    return sum(
        2 * left.shape[0] * left.shape[1] * right.shape[1]
        for left, right, _ in products
    )


def epoch_operations(model: nn.Module, images: int, batch: int) -> int:
    """Count the multiplications and additions of the products of an epoch."""
    return sum(
        steps * operations(step_products(model, size, "meta"))
        for size, steps in batches(images, batch)
    )


def batches(images: int, batch: int) -> list[tuple[int, int]]:
    """Say how many batches of which size an epoch has: (size, how many) pairs."""
    full, rest = divmod(images, batch)
    return [(batch, full)] * (full > 0) + [(rest, 1)] * (rest > 0)


def time_products(
    model: nn.Module, images: int, batch: int, device: torch.device
) -> float:
    """Seconds that the products of one epoch take.

    Parameters
    ----------
    model : nn.Module
        Not run; see :func:`step_products`.
    images, batch : int
        Images in the epoch and in a step. The last step has what is left over.
    device : torch.device

    Returns
    -------
    float
        Seconds, without making the tensors.
    """
    plan = [
        (step_products(model, size, device), steps)
        for size, steps in batches(images, batch)
    ]
    for products, _ in plan:
        _compute(products, 1)  # the first time is slower, in training as well
    _wait(device)
    started = time.perf_counter()
    for products, steps in plan:
        _compute(products, steps)
    _wait(device)
    return time.perf_counter() - started


def _compute(products: list[Product], steps: int) -> None:
    for _ in range(steps):
        for left, right, out in products:
            torch.mm(left, right, out=out)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
