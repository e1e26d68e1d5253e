"""What the autoencoder gives, looked at by numbers: codes, pictures, bends."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed
from helpers.checks.leftovers import stays
from helpers.checks.lesson02._layers import (
    ends_linear,
    scaled,
)
from helpers.checks.lesson02._models import PIXELS, pictures
from helpers.checks.modules import (
    copied,
    is_linear,
    require_free_numbers,
)

HIDDEN = 392
BATCH = 97


def codes(count: int, size: int, spread: float = 3.0) -> Tensor:
    return spread * torch.randn(count, size)


def check_output(model: nn.Module, size: int) -> None:
    """What the first weights give; a hint is better here than with random ones."""
    with torch.no_grad():
        usual = model(pictures(BATCH))
        extreme = model.decode(codes(BATCH, size, 1000.0))
    low, high = extreme.min().item(), extreme.max().item()
    if not (low >= -1e-6 and high <= 1 + 1e-6):
        raise CheckFailed(
            f"decode() gives values from {low:.3g} to {high:.3g}",
            "pixels between 0 and 1, whatever the code",
            "the sigmoid at the end of the decoder",
        )
    if torch.allclose(usual.sum(dim=1), torch.ones(BATCH), atol=1e-3):
        raise CheckFailed(
            "the 784 pixels of each picture sum to 1",
            "each pixel between 0 and 1 on its own",
            "a softmax where a sigmoid belongs",
        )


@torch.no_grad()
def check_answers(model: nn.Module, size: int) -> None:
    x, z = pictures(257), codes(257, size)
    with stays(model):
        first = model(x)
    if not torch.allclose(first, model(x), atol=1e-6):
        raise CheckFailed(
            "the same images gave two different answers in evaluation mode",
            "one answer: nothing in the model is drawn anew in a call",
            "layers made inside encode() or decode() have new random weights each "
            "time: make them in __init__(); or F.dropout or noise that goes on in "
            "evaluation mode: take nn.Dropout, ask `if self.training`",
        )
    if not torch.allclose(first, model.decode(model.encode(x)), atol=1e-6):
        raise CheckFailed(
            "model(x) differs from model.decode(model.encode(x))",
            "the same: forward() is encode, then decode",
            "forward()",
        )
    before, turned = model.decode(z), model.decode(-z)
    model.encode(pictures(257))
    changed = not torch.allclose(before, model.decode(z), atol=1e-6)
    if changed and not torch.allclose(before, turned, atol=1e-6):
        raise CheckFailed(
            "decode(z) gives other pictures for the same z after encode() was given "
            "other images",
            "pictures made from z alone: all that the decoder knows of an image",
            "something that encode() keeps, as self.hidden, and decode() uses: nothing "
            "goes around the bottleneck",
        )
    for j in range(size):
        few, other = z[:3], z[:3].clone()
        other[:, j] += 2.0
        if torch.allclose(model.decode(few), model.decode(other), atol=1e-6):
            raise CheckFailed(
                "decode(z) gives the same pictures for different codes",
                "pictures made from all numbers of z",
                "decode(): is its argument used?",
            )
    if torch.allclose(model.decode(z), model.decode(z + 1), atol=1e-6):
        raise CheckFailed(
            "decode(z) and decode(z + 1) are the same pictures",
            "pictures made from each number of z",
            "a mean or a norm taken off the code at the start of decode()",
        )
    for f, given in ((model.encode, x), (model.decode, z)):
        if not torch.allclose(f(given[-1:]), f(given)[-1:], atol=1e-4):
            raise CheckFailed(
                "an image alone gets another answer than the same image in a batch",
                "each image is coded on its own, whatever stands next to it",
                "a mean, standard deviation or softmax over the images (dim=0), or a "
                "reshape that mixes them",
            )


@torch.no_grad()
def check_picture(model: nn.Module, size: int) -> None:
    """Before the sigmoid stands a plain layer; after it, nothing."""
    z = codes(BATCH, size, 1.0)
    ends = (HIDDEN, PIXELS)

    def logits(other: nn.Module) -> Tensor:
        return torch.logit(other.decode(z).double(), eps=1e-12)

    # Small enough that no pixel comes near 0 or 1.
    largest = logits(model).abs().max().item()
    modest = scaled(model, ends, min(1.0, 3 / max(largest, 1e-3)))
    if ends_linear(modest, ends, logits):
        return
    usual, loud = modest.decode(z), scaled(model, ends, 30.0).decode(z)
    low, high = loud.min().item(), loud.max().item()
    stuck = ((usual == 0) | (usual == 1)).float().mean().item()
    seen = f"pixels run from {low:.2f} to {high:.2f} if the last weights are large"
    if stuck > 0.2:
        seen = f"{stuck:.0%} of the pixels are exactly 0 or 1"
        look = "a clamp, a ReLU or a round() after the last layer or the sigmoid: it "
        look += "lets no gradient pass"
    elif low > 0.49:
        look = "two sigmoids in a row" + ", or a ReLU before the sigmoid" * (high > 0.8)
    else:
        if low < 0.01 and high > 0.99:
            seen = "between 0 and 1 the pixels do not rise as a sigmoid does"
        look = (
            "in this order: something between the last layer and the sigmoid, such as "
            "an activation; another function than the sigmoid; something after it"
        )
    raise CheckFailed(
        seen,
        "a plain linear layer and then a sigmoid: all of 0 to 1, black and white as "
        "well",
        f"the end of the decoder: {look}",
    )


@torch.no_grad()
def check_code(model: nn.Module, size: int) -> None:
    """The code is what a linear layer gives, and goes into a linear layer."""
    x, widths = pictures(BATCH), (HIDDEN, size)
    if not ends_linear(model, widths, lambda other: other.encode(x)):
        code = model.encode(x)
        zeros = (code == 0).float().mean().item()
        largest = scaled(model, widths, 1e4).encode(x).abs().max().item()
        seen = "the code does not grow in proportion to the weights of the last layer"
        look = "an activation (GELU, leaky ReLU, ...), a norm or a sort after the "
        look += "encoder's last layer"
        lengths = code.norm(dim=1)
        if size > 1 and lengths.std() < 1e-3 * lengths.mean():
            seen = (
                f"all codes have one length, {lengths.mean():.3g}, whatever the image"
            )
            look = "a norm after the encoder's last layer: F.normalize, layer_norm"
        elif zeros > 0.1:
            seen = f"{zeros:.0%} of the code's numbers are exactly 0"
            look = "a ReLU after the encoder's last layer"
        elif largest <= 1 + 1e-4:
            seen = f"no code number exceeds {largest:.3g}, even with huge weights"
            look = "a sigmoid or tanh after the encoder's last layer"
        raise CheckFailed(
            seen,
            "a plain linear layer at the end of the encoder: codes of any value",
            look,
        )
    require_free_numbers(
        model.encode(x), "the code", "after the encoder's last layer: leave it out"
    )
    training = copied(model).train()
    if not ends_linear(training, widths, lambda other: other.encode(x)):
        raise CheckFailed(
            "in training mode the code does not grow in proportion to the weights of "
            "the last layer",
            "a plain linear layer at the end of the encoder, in both modes",
            "a batch norm after the encoder's last layer",
        )
    z = codes(BATCH, size)
    turned = scaled(model, widths, -2.0).decode(-z / 2)
    if not (turned - model.decode(z)).abs().max() <= 0.01:
        raise CheckFailed(
            "minus twice the weights with minus half the code give another picture",
            "the same: z goes into the decoder's first linear layer as it is",
            "a ReLU on z at the start of decode(), or another activation or a norm",
        )


def check_bends(model: nn.Module, size: int) -> None:
    def logits(z: Tensor) -> Tensor:
        return torch.logit(model.decode(z).double(), eps=1e-9)

    for name, f, a, b in (
        ("encoder", model.encode, pictures(BATCH, 0, 0.5), pictures(BATCH, 0, 0.5)),
        ("decoder", logits, codes(BATCH, size, 1.0), codes(BATCH, size, 1.0)),
    ):
        if is_linear(f, a, b):
            raise CheckFailed(
                f"the {name} is linear: its two layers act as a single one",
                "a bend between them, such as GELU or ReLU",
                f"the activation after the 392-wide layer of the {name}",
            )


def alike(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, atol=1e-5)
