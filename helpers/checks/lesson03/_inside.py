"""What lies between the ends of lesson 03's model: its matrices and its bends.

Layers are found by the shapes of their weights and probed by scaling those, so that it
does not matter how a model is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.base import CheckFailed
from helpers.checks.modules import (
    copied,
    is_linear,
    require_different_units,
    require_free_numbers,
    sides_of,
    with_plain_weights,
)

T = TypeVar("T")
LIMITS = {  # what a head must reach, and what the contract says of it
    "mu": (-100, 100, "any real number: mu has no limits"),
    "logvar": (
        -9.99,
        1.99,
        "any number from -10 to 2; limits lie further out",
    ),
}


def check_layers(model: nn.Module, size: int) -> None:
    """Check the layers of a new model: their widths, and that their units differ.

    Parameters
    ----------
    model : nn.Module
    size : int
        Its latent dimension.

    Raises
    ------
    CheckFailed
    """
    _check_matrices(model, size)
    require_different_units(model)


def check_inside(model: nn.Module, size: int) -> None:
    """Check what a model's layers do: heads, bends, nothing after the last.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, with weights from :func:`shaken`.
    size : int
        Its latent dimension.

    Raises
    ------
    CheckFailed
    """
    _check_heads(model, size)
    _check_decoder(model, size)
    _check_apart(model, size)
    _check_first(model)


def shaken(model: nn.Module) -> nn.Module:
    """A copy with random weights of our own, so that no first values matter."""
    model = with_plain_weights(model)
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=2 / 512**0.5 if len(sides_of(p.shape)) > 1 else 0.5)
            if p.numel() == 1:  # PReLU's slope, say: near 1 it would be no bend
                p.uniform_(0.1, 0.4)
    return model


@torch.no_grad()
def _scaled(
    model: nn.Module, f: Callable[[nn.Module], T], *sides: tuple[int, ...], by: float
) -> T:
    """What f gives while the weights of these sides are so many times as large."""
    mine = [p for p in model.parameters() if sides_of(p.shape) in sides]
    starts = [p.clone() for p in mine]
    for p in mine:
        p.mul_(by)
    try:
        answers = f(model)
    finally:
        for p, start in zip(mine, starts, strict=True):
            p.copy_(start)
    for each in answers if isinstance(answers, tuple | list) else [answers]:
        if each.isnan().any():
            raise CheckFailed(
                "with other weights encode or decode gives nan",
                "numbers, whatever the weights",
                "a log of zero, a division by zero, or exp() of a large number",
            )
    return answers


def _same(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= 1e-3 * other.abs().max() + 1e-6)


def _is_plain(
    model: nn.Module, f: Callable[[nn.Module], Tensor], *sides: tuple[int, ...]
) -> bool:
    """Whether what comes out grows in proportion to the weights of a layer.

    So it does after a last linear layer, in each mode, and not after a bend or batch
    norm.
    """
    other = copied(model)  # in training mode a norm takes notes

    def answer(net: nn.Module) -> Tensor:
        with torch.random.fork_rng(devices=[]):  # the same dropout each time
            torch.default_generator.manual_seed(0)
            return f(net)

    for mode in (False, True):
        other.train(mode)
        values = [_scaled(other, answer, *sides, by=factor) for factor in (-3, 0, 6)]
        low, middle, high = values
        if not _same(high - middle, 2 * (middle - low)):
            return False
    return True


@torch.no_grad()
def _check_heads(model: nn.Module, size: int) -> None:
    heads = ((size, 512), (2 * size, 512), (size,), (2 * size,))
    x = torch.rand(24, 784)

    def encoded(net: nn.Module) -> tuple[Tensor, Tensor]:
        return net.encode(x)

    # With weights of both signs, so that no common part of the 512 units matters.
    both = [_scaled(model, encoded, *heads, by=factor) for factor in (600, -600)]
    mu, logvar = (torch.cat(parts) for parts in zip(*both, strict=True))
    if torch.allclose(mu, logvar):
        raise CheckFailed(
            "mu and logvar are the same numbers",
            "two heads with weights of their own, both on top of the 512 units",
            "encode: is one layer used twice?",
        )
    for name, head in (("mu", mu), ("logvar", logvar)):
        low, high = head.min().item(), head.max().item()
        if low == high:
            raise CheckFailed(
                f"{name} is {low:g} for every image and dimension",
                f"any real number, made by a layer of its own: the {name} head",
                f"a constant in place of {name}, or a clamp to a single value",
            )
        if low >= 0 or high <= 0:
            raise CheckFailed(
                f"{name} has one sign for every image and dimension",
                f"any real number: {name} may be negative and positive",
                f"an activation (ReLU, GELU, softplus, exp) or a clamp after the "
                f"{name} layer",
            )
        least, most, free = LIMITS[name]
        if low > least or high < most:
            raise CheckFailed(
                f"{name} stays between {low:.3g} and {high:.3g}, even for huge weights",
                free,
                f"an activation (tanh, ELU, GELU) or a clamp after the {name} layer",
            )
    for index, name in enumerate(("mu", "logvar")):
        require_free_numbers(
            model.encode(x)[index], name, f"after the {name} layer: leave it out"
        )
        if is_linear(
            lambda a, index=index: model.encode(a)[index], x / 2, x.flip(0) / 2
        ):
            raise CheckFailed(
                "the encoder is linear: its two layers act as a single one",
                "a bend between them, such as ReLU",
                "the activation after the 512-wide layer of the encoder",
            )
    for index, name in enumerate(("mu", "logvar")):
        # Small enough for a limit far out, which is allowed, to play no part.
        most = model.encode(x)[index].abs().max().clamp(min=1).item()
        once, less, turned = (
            _scaled(model, encoded, *heads, by=factor / most)[index]
            for factor in (1, 0.5, -1)
        )
        # A limit far out, or softplus and a logarithm, are no such bend.
        bent = _same(2 * less, once) and not _same(-turned, once)
        if bent or (
            name == "mu"
            and not _is_plain(model, lambda net: net.encode(x)[0], *heads[:2])
        ):
            raise CheckFailed(
                f"{name} does not grow in proportion to the weights of its layer",
                f"a plain linear layer: {name} may be any real number",
                f"an activation or batch norm after the {name} layer",
            )
    if torch.allclose(model.encode(x)[0], model.encode(x.round())[0], atol=1e-4):
        raise CheckFailed(
            "gray images have the same code as images rounded to black and white",
            "the pixels as they are",
            "round() or a comparison at the beginning of encode",
        )


@torch.no_grad()
def _check_decoder(model: nn.Module, size: int) -> None:
    z = torch.randn(24, size)
    decoded = _scaled(model, lambda net: net.decode(z), (512, 784), by=1e4)
    low, high = decoded.min().item(), decoded.max().item()
    if low >= 0 and high <= 1:
        raise CheckFailed(
            "decode returns numbers between 0 and 1 only",
            "logits, any real number: reconstruction_loss applies the sigmoid",
            "a sigmoid at the end of the decoder: leave it out here",
        )
    if low >= -1 - 1e-4:
        raise CheckFailed(
            f"decode returns {low:.2g} to {high:.2g}, even for huge weights",
            "logits, any real number: half of them should start below 0",
            "an activation (ReLU, tanh, ...) after the decoder's last layer: leave it "
            "out",
        )
    if low > -100 or high < 100:
        raise CheckFailed(
            f"decode returns {low:.3g} to {high:.3g}, even for huge weights",
            "logits, any real number: they have no limits",
            "a clamp or an activation after the decoder's last layer: leave it out",
        )
    if torch.allclose(model.decode(z), model.decode(-z)):
        raise CheckFailed(
            "decode gives the same picture for every code",
            "pictures that depend on z",
            "decode: is z used?",
        )
    if torch.allclose(model.decode(z), model.decode(z + 1), atol=1e-4):
        raise CheckFailed(
            "decode gives the same picture for z and z + 1",
            "pictures that depend on each number of z",
            "a mean or a norm taken off z before the first layer of decode",
        )
    if is_linear(model.decode, z, torch.randn(24, size)):
        raise CheckFailed(
            "the decoder is linear: its two layers act as a single one",
            "a bend between them, such as ReLU",
            "the activation after the 512-wide layer of the decoder",
        )
    if not _is_plain(model, lambda net: net.decode(z), (512, 784)):
        raise CheckFailed(
            "the logits do not grow in proportion to the weights of the last layer",
            "a plain linear layer at the end of decode: logits of any value",
            "an activation or batch norm after the decoder's last layer: leave it out",
        )
    turned = _scaled(model, lambda net: net.decode(-2 * z), (size, 512), by=-0.5)
    if not _same(turned, model.decode(z)):
        raise CheckFailed(
            "decode(z) is not what it is for -2 z with weights of its first layer that "
            "are -1/2 times as large",
            "the same: the first thing that happens to z is a linear layer",
            "an activation (ReLU, tanh, ...) or a limit on z before the first "
            "layer of decode: a code may be negative",
        )


def _check_matrices(model: nn.Module, size: int) -> None:
    """Five layers: every matrix among the weights has one of these shapes."""
    found = Counter(
        sides_of(p.shape) for p in model.parameters() if len(sides_of(p.shape)) == 2
    )
    up, head, both = (512, 784), (size, 512), tuple(sorted((2 * size, 512)))
    if found in (Counter({up: 2, head: 3}), Counter({up: 2, head: 1, both: 1})):
        return
    looks = {
        (size, size): "one head is made from the other: both start from the 512 units",
        (
            size,
            784,
        ): "a layer between picture and code: the heads start from the 512 "
        "units, and so does the last layer of decode",
        (512, 512): "one hidden layer too many",
    }
    named = [why for sides, why in looks.items() if found[sides]]
    if not named and found[up] == 1 and found.total() == 4:
        named = ["one matrix for encoder and decoder"]
    if not named and found[up] == 2 and found[head] == 2 and not found[both]:
        named = ["one head for both mu and logvar"]
    shapes = (f"{wide} x {narrow}" for narrow, wide in found.elements())
    raise CheckFailed(
        f"at latent_dim = {size} the weights are matrices of {', '.join(shapes)}",
        f"784 to 512, 512 to mu and to logvar ({size} each), {size} to 512, 512 to 784",
        "; and ".join(named)
        or "the widths of the layers, and whether there is one too many or too few",
    )


@torch.no_grad()
def _check_apart(model: nn.Module, size: int) -> None:
    """No layer of 512 to d serves both mu and logvar."""
    x = torch.rand(9, 784)
    before = model.encode(x)
    for p in model.parameters():
        if sides_of(p.shape) != (size, 512):
            continue
        p.mul_(-1)
        after = model.encode(x)
        p.mul_(-1)
        if not any(map(torch.allclose, before, after)):
            raise CheckFailed(
                "mu and logvar change together with one layer",
                "two heads with weights of their own, both on top of the 512 units",
                "encode: is one of them made from the other?",
            )


def _check_first(model: nn.Module) -> None:
    """The gradient of one image's mu is, for the first weights, a multiple of it."""
    x = torch.rand(1, 784)
    first = [p for p in model.parameters() if sides_of(p.shape) == (512, 784)]
    gradients = torch.autograd.grad(model.encode(x)[0].sum(), first, allow_unused=True)
    for gradient in gradients:
        if gradient is None or not gradient.any():
            continue
        rows = gradient.squeeze()
        rows = rows if rows.shape[1] == 784 else rows.T
        row = rows[rows.abs().sum(1).argmax()][None]
        if F.cosine_similarity(row, x).abs() < 1 - 1e-4:
            raise CheckFailed(
                "the first layer of the encoder is given other numbers than the pixels",
                "the pixels as they are",
                "what is done to x before the first layer: a mean taken off, a norm, "
                "a rounding",
            )
