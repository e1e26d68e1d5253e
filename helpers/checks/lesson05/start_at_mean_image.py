"""Lesson 05, exercise 6: a decoder that starts at the mean image."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson05._arrays import named
from helpers.checks.messages import apart, kind
from helpers.checks.modules import explained

LOW, HIGH = 0.003, 0.997
ERRORS = {
    "leaf": (
        "a change that no gradient is asked of",
        "with torch.no_grad(): around the change of layer.bias",
    ),
    "has no attribute": (
        "any module with a trainable bias will do: section 9's PixelBias has nothing "
        "else",
        "what is asked of the layer besides layer.bias",
    ),
}


class PixelBias(nn.Module):
    """As in the lesson: adds one trainable number to each of the 784 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(784))

    def forward(self, logits: Tensor) -> Tensor:
        return logits + self.bias


class ScaledBias(PixelBias):
    """One with a second row of 784 numbers, which are to stay."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(1 + 0.1 * torch.randn(784))

    def forward(self, logits: Tensor) -> Tensor:
        return super().forward(self.scale * logits)


@check("start_at_mean_image")
def start_at_mean_image(function: Callable, draw: Draw) -> None:
    """Check that a decoder's last layer answers with the mean image at first."""
    width = draw.integer(2, 40)
    layers = [nn.Linear(width, 784), PixelBias(), ScaledBias(), nn.Linear(width, 784)]
    with torch.no_grad():
        for layer in layers[1:3]:
            layer.bias.add_(torch.randn(784))
    first = _mean_image()
    for number, layer in enumerate(layers):  # the last one again with the first image
        mean_image = _mean_image() if number in (1, 2) else first
        _starts(function, layer, mean_image, first)
    if layers[0].bias.data_ptr() == layers[-1].bias.data_ptr():
        raise CheckFailed(
            "two layers share the memory of their bias",
            "each its own numbers: training one may not change the other",
            "a tensor that is kept between calls: layer.bias.copy_(...) copies it",
        )
    for layer in layers:
        _trains(layer)


def _mean_image() -> Tensor:
    """Pixels from 0 to 1: grey ones, the border, and some that hardly ever change."""
    mean_image = torch.rand(784) * 0.9 + 0.05
    mean_image[:100] = 0.0
    mean_image[100:120] = 1.0
    mean_image[120:140] = torch.rand(20) * 0.0025 + 0.0001
    mean_image[140:160] = 1 - mean_image[120:140]
    mean_image[160:170] = 0.0035
    return mean_image


def _starts(
    function: Callable, layer: nn.Module, mean_image: Tensor, earlier: Tensor
) -> None:
    """Call it on a layer; look at the bias, and at what has to stay."""
    old, start = layer.bias, layer.bias.detach().clone()
    others = {k: v.clone() for k, v in layer.state_dict().items() if k != "bias"}
    with (
        stays(mean_image, look="clamp, not clamp_: others use the mean image too"),
        stays(layer, but={"values", "requires_grad"}),
        explained(ERRORS),
    ):
        function(layer, mean_image)
        _same_parameter(layer, old)
    bias = layer.bias
    for name, value in layer.state_dict().items():
        if name != "bias" and not torch.equal(value, others.get(name, start)):
            zero = not value.any()
            raise CheckFailed(
                f"the {name} of a layer of the kind {type(layer).__name__} is "
                + ("0 after the call" if zero else "another after the call"),
                "it stays as it was: only the bias is set"
                + ("; with the weight at 0 no gradient would reach z" if zero else ""),
                f"what changes {name}: an assignment, an init function, or a loop over "
                "all parameters",
            )
    for name, parameter in layer.named_parameters():
        if not parameter.requires_grad:
            raise CheckFailed(
                f"the {name} is not trainable any more",
                "weight and bias both stay trainable",
                "requires_grad of the whole layer",
            )
    if torch.equal(bias, start):
        raise CheckFailed(
            f"the bias of a layer of the kind {type(layer).__name__} has not changed",
            "the logit of the mean image in it",
            "what is changed: a copy, a local name or a returned value is not "
            "layer.bias; and is it done for one kind of layer only?",
        )
    _at_the_mean(
        bias.detach().double(),
        start.double(),
        mean_image.double(),
        earlier.double().clamp(LOW, HIGH),
    )


def _same_parameter(layer: nn.Module, old: nn.Parameter) -> None:
    """Fail unless the bias is the parameter that it was."""
    bias = layer.bias
    if not isinstance(bias, nn.Parameter) or not bias.requires_grad:
        raise CheckFailed(
            "the bias is not a trainable parameter any more",
            "it only starts at the mean image; training goes on from there",
            "change it in place, layer.bias.copy_(...), inside torch.no_grad()",
        )
    if bias is not old:
        raise CheckFailed(
            "layer.bias is a new tensor",
            "the same parameter with new values: an optimizer knows only the old one",
            "an assignment to layer.bias; layer.bias.copy_(...) changes it in place",
        )
    if bias.shape != (784,) or bias.dtype != torch.float32:
        raise CheckFailed(
            f"the bias is {kind(bias)}",
            "shape (784,) and type float32, as before",
            "copy_ keeps both; an assignment to .data does not",
        )


def _at_the_mean(bias: Tensor, start: Tensor, mean: Tensor, earlier: Tensor) -> None:
    """Compare the bias with the logit of the mean that is kept within its bounds."""
    kept = mean.clamp(LOW, HIGH)
    want = torch.logit(kept)
    off = (bias - want).abs().nan_to_num(nan=torch.inf)
    if bool((off <= 5e-4).all()):
        return
    grey = (mean > 0.04) & (mean < 0.96)
    black, white = (~grey & (mean < 0.5)), (~grey & (mean > 0.5))
    if not bool(torch.isfinite(bias).all()) and bool((off[grey] <= 5e-4).all()):
        ends = {"black": black, "white": white}
        infinite = [name for name, at in ends.items() if bias[at].isinf().any()]
        one = {"black": " (its lower bound)", "white": " (its upper bound)"}
        raise CheckFailed(
            f"pixels that are always {' or '.join(infinite) or 'black'} got an "
            "infinite bias, or none",
            "the mean kept within 0.003 and 0.997 before its logit is taken",
            "clamp, and its order: before torch.logit"
            if len(infinite) != 1
            else f"clamp{one[infinite[0]]}: before torch.logit, and at both ends",
        )
    # Where it is worst: in the grey part if that is wrong, or else at an end.
    inside = grey if bool((off[grey] > 5e-4).any()) else ~grey
    i = int(torch.where(inside, off, -1.0).argmax())
    seen, expected = apart(bias[i].sigmoid(), kept[i])
    m = mean[i].item()
    known = {
        "the bias is the mean itself; the sigmoid comes after: use its logit": kept,
        "that is sigmoid(mean); its inverse is wanted, torch.logit": mean.sigmoid(),
        "the logit is added to the old bias; it has to replace it": start + want,
        "the sign is flipped: log(mean / (1 - mean))": -want,
        "log(mean) alone; the logit is log(mean / (1 - mean))": kept.log(),
        "log(mean) / log(1 - mean): the logarithm of a quotient is a difference": (
            kept.log() / (1 - kept).log()
        ),
        "the mean is squeezed; torch.logit(mean.clamp(...)) leaves it as it is between "
        "0.003 and 0.997": torch.logit(LOW + (HIGH - LOW) * mean),
        "log2 or a division by log(2): the natural logarithm": want / math.log(2),
        "log10 or a division by log(10): the natural logarithm": want / math.log(10),
        "the mean image of an earlier call, which is kept": torch.logit(earlier),
        "the whole image's mean in every pixel": torch.logit(mean.mean()).expand(784),
    }

    def close(values: Tensor) -> bool:
        return torch.allclose(bias[grey], values[grey], atol=2e-3)

    if not bool(torch.isfinite(bias[grey]).any()):
        look = "the brackets: log(mean / (1 - mean)); mean / 1 - mean is 0"
    elif bool(inside[grey].any()):
        look = named(
            known,
            close,
            "torch.logit(mean) = log(mean / (1 - mean)), the inverse of the sigmoid",
        )
    else:
        low, high = (bool((off[at] > 5e-4).any()) for at in (black, white))
        which = "bounds" if low and high else "lower bound" if low else "upper bound"
        look = f"the {which} of the clamp: the mean is kept within 0.003 and 0.997"
        ends = bias[black | white].unique()
        if len(ends) == 2 and torch.equal(ends, ends.round()):
            look += ", before its logit is taken; here the logits are clamped"
    raise CheckFailed(
        f"a code of zeros decodes to {seen} where the mean image has {m:.4g}",
        f"{expected}",
        look,
    )


def _trains(layer: nn.Module) -> None:
    """Take a step of training with an optimizer that knew the layer before."""
    if not torch.is_grad_enabled():  # they are looked at after the check
        return
    start = layer.bias.detach().clone()
    width = layer.in_features if isinstance(layer, nn.Linear) else 784
    reasons = {
        "nference tensor": (
            "a bias that training can go on with",
            "torch.inference_mode(): use torch.no_grad()",
        )
    }
    with explained(reasons):
        layer(torch.randn(3, width)).square().sum().backward()
        torch.optim.SGD(layer.parameters(), lr=0.01).step()
    layer.zero_grad()
    if torch.equal(layer.bias, start):
        raise CheckFailed(
            "a step of training leaves the bias where it is",
            "the bias only starts at the mean image; training goes on from there",
            "detach(), inference_mode() or a hook",
        )
