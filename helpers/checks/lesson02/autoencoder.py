"""Check of exercise MLP4LayerAutoencoder."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson02._models import PIXELS, random_images
from helpers.checks.modules import build, ends_linear, is_linear, kind, undisturbed

HIDDEN = 392


@check("MLP4LayerAutoencoder")
@undisturbed
def autoencoder(make: Callable[[int], nn.Module]) -> None:
    """Check a class: 784 - 392 - bottleneck - 392 - 784, sigmoid at the end."""
    model = build(make, 8).eval()
    _check_shapes(model, 8)
    _check_shapes(build(make, 5).eval(), 5)
    _check_layers(model)
    _check_repeatable(model)
    _check_output(model)
    _check_code(model)
    _check_bends(model)
    _check_gradients(model)


def _check_shapes(model: nn.Module, bottleneck: int) -> None:
    for batch in (128, 97, 1):
        z = torch.zeros(batch, bottleneck)
        for what, f, x, size in (
            ("encode(x)", model.encode, random_images(batch), bottleneck),
            ("decode(z)", model.decode, z, PIXELS),
        ):
            try:
                value = f(x)
            except NotImplementedError:
                raise
            except RuntimeError as error:
                raise _does_not_run(what, model, batch, bottleneck, error) from None
            _check_shape(what, value, batch, size, bottleneck)


def _does_not_run(
    what: str, model: nn.Module, batch: int, bottleneck: int, error: Exception
) -> Exception:
    if batch != 128:
        return CheckFailed(
            f"a batch of 128 works, a batch of {batch} does not: {error}",
            "any batch size: the last batch of an epoch is a smaller one",
            "a batch size written into the model, as in view(128, ...)",
        )
    if "shapes cannot be multiplied" not in str(error):
        return error
    return CheckFailed(
        f"with bottleneck = {bottleneck}, {what} stops: {error}; the layers are "
        f"{_sizes(model)}",
        "layers that fit: each takes as many numbers as the one before gives",
        "the sizes of the linear layers, and whether a number stands where the "
        "argument `bottleneck` belongs",
    )


def _sizes(model: nn.Module) -> str:
    shapes = [p.shape for p in model.parameters() if p.dim() == 2]
    return ", ".join(f"{shape[1]} to {shape[0]}" for shape in shapes) or "none"


def _check_shape(what: str, value: Any, batch: int, size: int, bottleneck: int) -> None:
    if not isinstance(value, Tensor):
        raise CheckFailed(
            f"{what} gives {kind(value)}",
            f"a tensor of shape ({batch}, {size})",
            "the `return` line",
        )
    shape = tuple(value.shape)
    if shape == (batch, size):
        return
    look = "the sizes of the linear layers"
    if shape[:1] != (batch,) or len(shape) == 1:
        look = "a batch size written into the model, or a squeeze() or reshape"
    elif what == "encode(x)":
        look = (
            "the bottleneck: the last layer of the encoder must be as narrow as "
            "the argument `bottleneck` says"
        )
    raise CheckFailed(
        f"with bottleneck = {bottleneck} and {batch} images, {what} has shape {shape}",
        f"shape ({batch}, {size})",
        look,
    )


def _check_layers(model: nn.Module) -> None:
    matrices = [tuple(p.shape) for p in model.parameters() if p.dim() == 2]
    if not matrices:
        raise CheckFailed(
            "the model has no weights that PyTorch can find",
            "four linear layers stored on `self`",
            "layers in a plain Python list (use nn.Sequential or nn.ModuleList), or "
            "layers made anew in each call",
        )
    wanted = Counter({(HIDDEN, PIXELS): 2, (8, HIDDEN): 2})
    if Counter(tuple(sorted(shape)) for shape in matrices) != wanted:
        raise CheckFailed(
            f"{len(matrices)} weight matrices: {_sizes(model)}",
            "four: 784 to 392, 392 to 8, 8 to 392, 392 to 784",
            "the number and the sizes of the linear layers; those in a plain Python "
            "list, or made outside `__init__`, are not found",
        )


def _check_repeatable(model: nn.Module) -> None:
    x = random_images(97)
    first = model(x)
    if not torch.allclose(first, model(x), atol=1e-6):
        raise CheckFailed(
            "the same images gave two different answers in evaluation mode",
            "one answer: nothing in the model is drawn anew in a call",
            "layers made inside encode() or decode() have new random weights each "
            "time; make them in __init__()",
        )
    if not torch.allclose(first, model.decode(model.encode(x)), atol=1e-6):
        raise CheckFailed(
            "model(x) differs from model.decode(model.encode(x))",
            "the same: forward() is encode, then decode",
            "forward()",
        )
    if not torch.allclose(model(x[3:4]), first[3:4], atol=1e-4):
        raise CheckFailed(
            "an image alone gets another answer than the same image in a batch",
            "each image is coded on its own, whatever stands next to it",
            "a mean, standard deviation or softmax over the images (dim=0), or a "
            "reshape that mixes them",
        )
    z = 10 * random_images(97)[:, :16] - 5
    if torch.allclose(model.decode(z[:, :8]), model.decode(z[:, 8:]), atol=1e-6):
        raise CheckFailed(
            "decode(z) gives the same pictures for different codes",
            "pictures made from z",
            "decode(): is its argument used?",
        )


def _check_output(model: nn.Module) -> None:
    with torch.no_grad():
        usual = model(random_images(97))
        extreme = model.decode(1000 * (random_images(97)[:, :8] - 0.5))
    low, high = extreme.min().item(), extreme.max().item()
    if low < -1e-6 or high > 1 + 1e-6:
        raise CheckFailed(
            f"decode() gives values from {low:.3g} to {high:.3g}",
            "pixels between 0 and 1, whatever the code",
            "the sigmoid at the end of the decoder",
        )
    if torch.allclose(usual.sum(dim=1), torch.ones(97), atol=1e-3):
        raise CheckFailed(
            "the 784 pixels of each picture sum to 1",
            "each pixel between 0 and 1 on its own",
            "a softmax where a sigmoid belongs",
        )
    stuck = ((usual == 0) | (usual == 1)).float().mean().item()
    if stuck > 0.2:
        raise CheckFailed(
            f"{stuck:.0%} of an untrained network's pixels are exactly 0 or 1",
            "values in between: where the output is cut off no gradient passes",
            "a clamp or a ReLU where a sigmoid belongs",
        )
    with torch.no_grad():
        loud = _loud(model).decode(10 * (random_images(97)[:, :8] - 0.5))
    low, high = loud.min().item(), loud.max().item()
    if low > 0.1 or high < 0.9:
        why = "something that limits the numbers before the sigmoid"
        if low > 0.49:
            why = "a ReLU before the sigmoid" if high > 0.9 else "two sigmoids in a row"
        raise CheckFailed(
            f"even huge weights give pixels from {low:.2f} to {high:.2f} only",
            "all of 0 to 1, black and white as well",
            f"the end of the decoder: {why}",
        )


def _loud(model: nn.Module) -> nn.Module:
    """A copy with large random weights, whatever the first ones were."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(2 * torch.randn_like(p))
    return model


def _check_code(model: nn.Module) -> None:
    x = random_images(97)
    with torch.no_grad():
        zeros = (model.encode(x) == 0).float().mean().item()
        largest = _loud(model).encode(x).abs().max().item()
    if zeros > 0.1:
        raise CheckFailed(
            f"{zeros:.0%} of the code's numbers are exactly 0",
            "codes of any value, also below zero",
            "a ReLU after the encoder's last layer",
        )
    if largest <= 1 + 1e-4:
        raise CheckFailed(
            f"no code number exceeds {largest:.3g}, even with huge weights",
            "codes of any value",
            "a sigmoid or tanh after the encoder's last layer",
        )
    if not ends_linear(model, lambda m: m.encode(x), HIDDEN, 8):
        raise CheckFailed(
            "the code does not grow in proportion to the weights of the last layer",
            "a plain linear layer at the end of the encoder: codes of any value",
            "an activation (GELU, leaky ReLU, ...) after the encoder's last layer",
        )


def _check_bends(model: nn.Module) -> None:
    def logits(z: Tensor) -> Tensor:
        return torch.logit(model.decode(z).double(), eps=1e-9)

    halves = (("encoder", model.encode, PIXELS, 10), ("decoder", logits, 8, 5))
    for name, f, width, size in halves:
        a = size * (random_images(97, seed=2)[:, :width] - 0.5)
        b = size * (random_images(97, seed=3)[:, :width] - 0.5)
        if is_linear(f, a, b):
            raise CheckFailed(
                f"the {name} is linear: its two layers act as a single one",
                "a bend between them, such as GELU or ReLU",
                f"the activation after the 392-wide layer of the {name}",
            )


def _check_gradients(model: nn.Module) -> None:
    model.train()
    loss = F.mse_loss(model(random_images(97)), random_images(97))
    if loss.requires_grad:
        loss.backward()
    stuck = [
        name
        for name, p in model.named_parameters()
        if p.grad is None or not p.grad.any()
    ]
    if stuck:
        raise CheckFailed(
            f"no gradient reaches {', '.join(stuck)}",
            "every weight takes part in training",
            "detach() or no_grad() inside the model, or a layer that is not used",
        )
