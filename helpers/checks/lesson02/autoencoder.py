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
from helpers.checks.gradients import require_gradients_of
from helpers.checks.leftovers import stays
from helpers.checks.lesson02._answers import (
    BATCH,
    HIDDEN,
    alike,
    check_answers,
    check_bends,
    check_code,
    check_output,
    check_picture,
    codes,
)
from helpers.checks.lesson02._layers import (
    matrices,
    with_random_weights,
)
from helpers.checks.lesson02._models import PIXELS, pictures
from helpers.checks.messages import kind, shorten
from helpers.checks.modules import (
    build,
    copied,
    require_different_units,
    require_steady,
    sides_of,
)


@check("MLP4LayerAutoencoder")
def autoencoder(make: Callable[[int], nn.Module], draw: Draw) -> None:
    """Check a class: 784 - 392 - bottleneck - 392 - 784, sigmoid at the end."""
    for size in (8, draw.integer(2, 20, but=[8])):
        model = build(make, size).eval()
        _check_shapes(model, size)
        _check_layers(model, size)
        require_different_units(model, [(HIDDEN, size)])
        check_output(model, size)
        trained = with_random_weights(model)
        check_answers(trained, size)
        check_picture(trained, size)
        check_code(trained, size)
        check_bends(trained, size)
        _check_training(trained, size)
        _check_apart(model, build(make, size))
        x, z = pictures(7), codes(7, size, 1.0)
        require_steady(
            build(make, size),
            lambda net, x=x, z=z: [net(x), net.encode(x), net.decode(z)],
            "the answers",
        )


def _check_shapes(model: nn.Module, bottleneck: int) -> None:
    for batch in (128, BATCH, 257, 1):
        x, z = pictures(batch), codes(batch, bottleneck, 1.0)
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


def _check_training(model: nn.Module, size: int) -> None:
    """In training mode the network is the same, but for dropout and batch norm."""
    x, z = pictures(BATCH), codes(BATCH, size)
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
    same = not plain or all(map(alike, trained, evaluated))
    if not (low >= 0 and high <= 1 and same):
        raise CheckFailed(
            f"in training mode the network gives something else: pixels from "
            f"{low:.3g} to {high:.3g}",
            "the same layers in both modes; only dropout and batch norm differ",
            "what depends on `self.training`",
        )
    x.requires_grad_()
    answer = model(x)
    if plain and not alike(answer, model.decode(model.encode(x))):
        raise CheckFailed(
            "in training mode model(x) differs from model.decode(model.encode(x))",
            "the same: forward() is encode, then decode, in both modes",
            "forward(): what depends on `self.training`, or on whether gradients are "
            "on",
        )
    loss = F.mse_loss(answer, pictures(BATCH))
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
        z=codes(5, size, 1.0),
    )


def _check_apart(model: nn.Module, second: nn.Module) -> None:
    first = {p.data_ptr() for p in model.parameters()}
    second.eval()(pictures(2))
    if first & {p.data_ptr() for p in second.parameters()}:
        raise CheckFailed(
            "two models share their weights: training one would change the other",
            "weights of its own for each model",
            "layers made outside __init__(), once for all models",
        )
