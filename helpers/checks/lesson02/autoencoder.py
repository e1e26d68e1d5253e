"""Check of exercise MLP4LayerAutoencoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson02._layers import (
    ends_linear,
    matrices,
    scaled,
    with_random_weights,
)
from helpers.checks.lesson02._models import PIXELS, pictures
from helpers.checks.messages import kind, shorten
from helpers.checks.modules import (
    build,
    copied,
    is_linear,
    require_different_units,
    require_free_numbers,
    require_gradients_of,
    sides_of,
)

HIDDEN = 392
BATCH = 97


@check("MLP4LayerAutoencoder")
def autoencoder(make: Callable[[int], nn.Module], draw: Draw) -> None:
    """Check a class: 784 - 392 - bottleneck - 392 - 784, sigmoid at the end."""
    for size in (8, draw.integer(2, 20, but=[8])):
        model = build(make, size).eval()
        _check_shapes(model, size)
        _check_layers(model, size)
        require_different_units(model, [(HIDDEN, size)])
        _check_output(model, size)
        trained = with_random_weights(model)
        _check_answers(trained, size)
        _check_picture(trained, size)
        _check_code(trained, size)
        _check_bends(trained, size)
        _check_training(trained, size)
        _check_apart(model, build(make, size))


def _codes(count: int, size: int, spread: float = 3.0) -> Tensor:
    return spread * torch.randn(count, size)


def _check_shapes(model: nn.Module, bottleneck: int) -> None:
    for batch in (128, BATCH, 257, 1):
        x, z = pictures(batch), _codes(batch, bottleneck, 1.0)
        for what, f, given, size in (
            ("encode(x)", model.encode, x, bottleneck),
            ("decode(z)", model.decode, z, PIXELS),
            ("model(x)", model, x, PIXELS),
        ):
            try:
                with stays(given):
                    value = f(given)
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
            f"a batch of 128 works, a batch of {batch} does not",
            "any batch size: the last batch of an epoch is a smaller one",
            "a batch size written into the model, as in view(128, ...)",
            shorten(str(error)),
        )
    if "shapes cannot be multiplied" not in str(error):
        return error
    return CheckFailed(
        f"with bottleneck = {bottleneck}, {what} stops; the layers are {_sizes(model)}",
        "layers that fit: each takes as many numbers as the one before gives",
        "the sizes of the linear layers, and whether a number stands where the "
        "argument `bottleneck` belongs",
        shorten(str(error)),
    )


def _sizes(model: nn.Module) -> str:
    shapes = [[side for side in p.shape if side > 1] for p in matrices(model)]
    return ", ".join(f"{inputs} to {outputs}" for outputs, inputs in shapes) or "none"


def _check_shape(what: str, value: Any, batch: int, size: int, bottleneck: int) -> None:
    if not isinstance(value, Tensor):
        raise CheckFailed(
            f"{what} gives {kind(value)}",
            f"a tensor of shape ({batch}, {size})",
            "the `return` line",
        )
    shape = tuple(value.shape)
    if shape == (batch, size) and value.dtype == torch.float32:
        return
    look = "the sizes of the linear layers"
    if shape == (batch, size):
        look = "double(), half() and the like: pixels and weights are float32"
    elif shape[:1] != (batch,) or len(shape) == 1:
        look = "a batch size written into the model, or a squeeze() or reshape"
    elif what == "encode(x)":
        look = (
            "the bottleneck: the last layer of the encoder must be as narrow as "
            "the argument `bottleneck` says"
        )
    raise CheckFailed(
        f"with bottleneck = {bottleneck} and {batch} images, {what} is {kind(value)}",
        f"shape ({batch}, {size}), float32",
        look,
    )


def _check_layers(model: nn.Module, size: int) -> None:
    shapes = [sides_of(p.shape) for p in matrices(model)]
    if not shapes:
        raise CheckFailed(
            "the model has no weights that PyTorch can find",
            "four linear layers stored on `self`",
            "layers in a plain Python list (use nn.Sequential or nn.ModuleList), or "
            "layers made anew in each call",
        )
    found = Counter(shapes)
    wanted = Counter({(HIDDEN, PIXELS): 2, tuple(sorted((size, HIDDEN))): 2})
    if found != wanted:
        raise CheckFailed(
            f"{len(shapes)} weight matrices: {_sizes(model)}",
            f"four: 784 to 392, 392 to {size}, {size} to 392, 392 to 784",
            "the number and the sizes of the linear layers; those in a plain Python "
            "list, or made outside `__init__`, are not found",
        )


def _check_output(model: nn.Module, size: int) -> None:
    """What the first weights give; a hint is better here than with random ones."""
    with torch.no_grad():
        usual = model(pictures(BATCH))
        extreme = model.decode(_codes(BATCH, size, 1000.0))
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
def _check_answers(model: nn.Module, size: int) -> None:
    x, z = pictures(257), _codes(257, size)
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
def _check_picture(model: nn.Module, size: int) -> None:
    """Before the sigmoid stands a plain layer; after it, nothing."""
    z = _codes(BATCH, size, 1.0)
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
def _check_code(model: nn.Module, size: int) -> None:
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
    z = _codes(BATCH, size)
    turned = scaled(model, widths, -2.0).decode(-z / 2)
    if not (turned - model.decode(z)).abs().max() <= 0.01:
        raise CheckFailed(
            "minus twice the weights with minus half the code give another picture",
            "the same: z goes into the decoder's first linear layer as it is",
            "a ReLU on z at the start of decode(), or another activation or a norm",
        )


def _check_bends(model: nn.Module, size: int) -> None:
    def logits(z: Tensor) -> Tensor:
        return torch.logit(model.decode(z).double(), eps=1e-9)

    for name, f, a, b in (
        ("encoder", model.encode, pictures(BATCH, 0, 0.5), pictures(BATCH, 0, 0.5)),
        ("decoder", logits, _codes(BATCH, size, 1.0), _codes(BATCH, size, 1.0)),
    ):
        if is_linear(f, a, b):
            raise CheckFailed(
                f"the {name} is linear: its two layers act as a single one",
                "a bend between them, such as GELU or ReLU",
                f"the activation after the 392-wide layer of the {name}",
            )


def _check_training(model: nn.Module, size: int) -> None:
    """In training mode the network is the same, but for dropout and batch norm."""
    x, z = pictures(BATCH), _codes(BATCH, size)
    evaluated = model.encode(x).detach(), model.decode(z).detach()
    model = copied(model).train()
    trained = model.encode(x), model.decode(z)
    for what, value, width in zip(
        ("encode(x)", "decode(z)"), trained, (size, PIXELS), strict=True
    ):
        _check_shape(f"in training mode {what}", value, BATCH, width, size)
    again = model.encode(x).detach(), model.decode(z).detach()
    plain = all(map(torch.equal, trained, again)) and not [*model.buffers()]
    low, high = trained[1].min().item(), trained[1].max().item()
    same = not plain or all(map(_alike, trained, evaluated))
    if not (low >= 0 and high <= 1 and same):
        raise CheckFailed(
            f"in training mode the network gives something else: pixels from "
            f"{low:.3g} to {high:.3g}",
            "the same layers in both modes; only dropout and batch norm differ",
            "what depends on `self.training`",
        )
    x.requires_grad_()
    loss = F.mse_loss(model(x), pictures(BATCH))
    if loss.requires_grad:
        loss.backward()
    stuck = [
        name
        for name, p in model.named_parameters()
        if p.grad is None or not p.grad.any()
    ]
    if x.grad is None or not (x.grad != 0).float().mean() >= 0.5:
        stuck.append("the picture")
    if stuck:
        raise CheckFailed(
            f"no gradient reaches {shorten(', '.join(stuck), 120)}",
            "every weight takes part in training",
            "detach() or no_grad() inside the model, a layer that is not used, or "
            "rounded pixels",
        )
    require_gradients_of(
        model,
        lambda net, x, z: {
            "encode(x)": net.encode(x),
            "decode(z)": net.decode(z),
            "model(x)": net(x),
        },
        x=pictures(5),
        z=_codes(5, size, 1.0),
    )


def _alike(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, atol=1e-5)


def _check_apart(model: nn.Module, second: nn.Module) -> None:
    first = {p.data_ptr() for p in model.parameters()}
    second.eval()(pictures(2))
    if first & {p.data_ptr() for p in second.parameters()}:
        raise CheckFailed(
            "two models share their weights: training one would change the other",
            "weights of its own for each model",
            "layers made outside __init__(), once for all models",
        )
