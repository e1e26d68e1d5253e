"""Check the decoder, which mirrors the encoder."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.gradients import require_gradients_of
from helpers.checks.leftovers import stays
from helpers.checks.lesson04._layers import (
    build,
    moved,
    names_of,
    require_gradients,
    require_layers,
    require_own_input,
    require_sizes,
    run,
)
from helpers.checks.lesson04._watch import Call, watched
from helpers.checks.messages import number
from helpers.checks.modules import require_different_units, require_steady


@check("Decoder")
def decoder(model_class: type[nn.Module], draw: Draw) -> None:
    """Check shapes, layers, probabilities, and that the code matters."""
    d = draw.integer(2, 24)
    net = build(model_class, d).train()
    z = 2 * torch.randn(131, d)
    with stays(z):
        _want_pictures(run(net, z), len(z))
    for count in (97, 2):
        _want_pictures(net(z[:count].clone()), count)
    body = [
        ("linear", (128, d)),
        ("linear", (32 * 7 * 7, 128)),
        ("conv_transpose2d", (32, 8, 4, 4)),
    ]
    require_different_units(net, *itertools.pairwise(shape for _, shape in body))
    (last,) = require_layers(net, z[:8], body, _require_end, "the decoder")
    for mode in (True, False):
        _require_sigmoid(net.train(mode), z[:8], last)
    net.eval()
    for count in (131, 1):
        with stays(net):
            _want_pictures(net(z[:count].clone()), count)
    require_own_input(net, z)
    require_steady(net, lambda net: [net(z[:8].clone())], "the pictures")
    _want_pictures(build(model_class, 1).eval()(z[:3, :1]), 3)
    code = z[:8].clone().requires_grad_()
    net = moved(net)
    require_gradients(net, net(code).square().sum(), "the decoder")
    if code.grad is None or not code.grad.any():
        raise CheckFailed(
            "no gradient reaches the code z",
            "the pictures' loss trains the encoder through z",
            "detach(), .data or no_grad() on z",
        )
    require_gradients_of(net, lambda net, z: {"x_hat": net(z)}, z=z[:8])


def _want_pictures(answer: object, count: int) -> None:
    want_tensor(
        answer,
        (count, 1, 28, 28),
        f"x_hat for {count} codes",
        "7 -> 14 -> 28: window 4, stride 2, padding 1, no output_padding; one channel "
        "at the end, no flattening and no squeeze",
    )


def _require_end(end: list[Call]) -> None:
    """One last layer, and no batch norm."""
    if len(end) != 1 or end[0].name != "conv_transpose2d":
        raise CheckFailed(
            f"after the third batch norm come {names_of(end)}",
            "the last transposed convolution alone, batch norm none at the output",
            "a picture's brightness must not depend on the pictures beside it",
        )
    require_sizes(end[0], (8, 1, 4, 4), "the last layer of the decoder")


def _require_sigmoid(net: nn.Module, z: Tensor, last: Call) -> None:
    """Give other numbers in the last layer's place, and see what comes."""
    mode = "training" if net.training else "evaluation"

    def given(logits: float | Tensor) -> Tensor:
        return watched(net, z, {last.key: logits})[1]

    # Far out first: there a limit shows, where all else is nearly right.
    for logit, seen in _ends(given):
        right = torch.tensor(logit).sigmoid()
        raise CheckFailed(
            f"in {mode} mode, where the last layer gives {logit:.0f}, the pixels of "
            f"x_hat are {number(seen, 3)}",
            f"{number(right, 3)}, as the sigmoid gives: all of 0 to 1",
            "a clamp or a scaling before or after the sigmoid; F.binary_cross_entropy "
            "needs none",
        )
    logits = 3 * torch.randn(last.out.shape)
    if (given(logits) - logits.sigmoid()).abs().max() <= 1e-4:
        return
    answers = [given(value).mean().item() for value in (-4.0, 0.0, 4.0)]
    right = "0.018, 0.5, 0.982"
    seen = ", ".join(f"{answer:.3g}" for answer in answers)
    raise CheckFailed(
        f"in {mode} mode, where the last layer gives -4, 0 and 4, the pixels of x_hat "
        f"are {seen}" + ("; other numbers become others" if seen == right else ""),
        f"probabilities from 0 to 1, as a sigmoid gives: {right}",
        _what_follows(*answers),
    )


def _ends(given: Callable[[float], Tensor]) -> list[tuple[float, float]]:
    """Where x_hat comes near to 0 and 1, and not near enough: logit, pixel."""
    seen = {logit: given(logit) for logit in (-30.0, 30.0)}
    off = {at: (x - torch.tensor(at).sigmoid()).abs().max() for at, x in seen.items()}
    if not max(off.values()) < 0.1:
        return []
    return [(at, seen[at].mean().item()) for at in seen if not off[at] <= 2e-7]


def _what_follows(low: float, middle: float, high: float) -> str:
    low, high = min(low, high), max(low, high)
    if (low, high) == (-4, 4):
        return "the sigmoid after the last layer: is it there, in both modes?"
    if low < 0 or high > 1:
        return "the sigmoid after the last layer: is it there, and not a tanh or ReLU?"
    if low == 0 and high == 1:
        return "clamp or rounding cuts the numbers off, and no gradient passes there"
    if abs(high - low) < 1e-3 or middle != middle:
        return "softmax or a division by the maximum ties the pixels together"
    if low > 0.49:
        return (
            "no pixel can become black: a ReLU before the sigmoid, or the sigmoid twice"
        )
    return "what follows the last layer: one sigmoid, and nothing else"
