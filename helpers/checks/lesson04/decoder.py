"""Check the decoder, which mirrors the encoder."""

from __future__ import annotations

import math

import torch
from torch import nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson04._models import (
    UNITS,
    build,
    names,
    require_gradients,
    require_layers,
    require_own_input,
    require_width,
    run,
)
from helpers.checks.modules import undisturbed


@check("Decoder")
@undisturbed
def decoder(model_class: type[nn.Module]) -> None:
    """Check shapes, layers, probabilities, and that the code matters."""
    net = build(model_class)
    z = 3 * torch.randn(97, 5)
    _want_pictures(run(net, z), 97)
    back, dense = nn.ConvTranspose2d, nn.Linear
    calls = require_layers(net, z, back, [dense, dense, back], "the decoder")
    end = [layer for layer, *_ in calls[6:]]
    if len(end) != 1 or type(end[0]) is not back:
        raise CheckFailed(
            f"after the third batch norm come {names(end)}",
            "the last transposed convolution alone, batch norm none at the output",
            "a picture's brightness must not depend on the pictures beside it",
        )
    require_width(calls[0][0], 5, UNITS)
    require_width(calls[2][0], UNITS, 32 * 7 * 7)
    for count in (97, 1):
        _want_pictures(net.eval()(z[:count]), count)
    require_own_input(net, z)
    with torch.no_grad():
        pictures = net(z)
    if pictures.std(dim=0).max() < 1e-6:
        raise CheckFailed(
            "97 codes give 97 times the same picture",
            "a picture for each code",
            "does forward use z itself?",
        )
    _require_sigmoid(net, end[0], z)
    net.train()
    require_gradients(net, net(z).square().sum(), "the decoder")


def _want_pictures(answer: object, count: int) -> None:
    want_tensor(
        answer,
        (count, 1, 28, 28),
        f"x_hat for {count} codes",
        "7 -> 14 -> 28: window 4, stride 2, padding 1, no output_padding; one channel "
        "at the end, no flattening and no squeeze",
    )


def _require_sigmoid(net: nn.Module, last: nn.Module, z: torch.Tensor) -> None:
    """Put the same number into all of the last layer's output, and see what comes."""
    answers = []
    for value in (-4.0, 0.0, 4.0):
        put = last.register_forward_hook(
            lambda layer, given, out, value=value: torch.full_like(out, value)
        )
        with torch.no_grad():
            answers.append(net(z[:8]).mean().item())
        put.remove()
    low, middle, high = answers[0], answers[1], answers[2]
    low, high = min(low, high), max(low, high)
    if 0 < low < 0.05 and 0.95 < high < 1:
        return
    look = "what follows the last layer: one sigmoid, and nothing else"
    if low < 0 or high > 1:
        look = "the sigmoid after the last layer: is it there, and not a tanh or ReLU?"
    elif low == 0 and high == 1:
        look = "clamp or rounding cuts the numbers off, and no gradient passes there"
    elif abs(high - low) < 1e-3 or any(math.isnan(answer) for answer in answers):
        look = "softmax or a division by the maximum ties the pixels together"
    elif low > 0.49:
        look = (
            "no pixel can become black: a ReLU before the sigmoid, or the sigmoid twice"
        )
    raise CheckFailed(
        "where the last layer gives -4, 0 and 4 the pixels of x_hat are "
        + ", ".join(f"{answer:.3g}" for answer in (answers[0], middle, answers[2])),
        "probabilities from 0 to 1, as a sigmoid gives: 0.018, 0.5, 0.98",
        look,
    )
