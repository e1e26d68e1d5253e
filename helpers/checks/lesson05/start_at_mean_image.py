"""Lesson 05, exercise 6: a decoder that starts at the mean image."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.modules import undisturbed


@check("start_at_mean_image")
@undisturbed
def start_at_mean_image(function: Callable) -> None:
    """Check that a decoder's last layer answers with the mean image at first."""
    mean_image = torch.rand(784) * 0.9 + 0.05
    mean_image[:100] = 0.0  # the border
    mean_image[100] = 1.0
    layer = nn.Linear(32, 784)
    weight = layer.weight.detach().clone()
    old, start = layer.bias, layer.bias.detach().clone()
    before = mean_image.clone()
    try:
        function(layer, mean_image)
    except RuntimeError as error:
        if "leaf" not in str(error):
            raise
        raise CheckFailed(
            f"RuntimeError: {error}",
            "a change that no gradient is asked of",
            "with torch.no_grad(): around the change of layer.bias",
        ) from None
    if not isinstance(layer.bias, nn.Parameter) or not layer.bias.requires_grad:
        raise CheckFailed(
            "the bias is not a trainable parameter any more",
            "it only starts at the mean image; training goes on from there",
            "change it in place, layer.bias.copy_(...), inside torch.no_grad()",
        )
    if layer.bias is not old:
        raise CheckFailed(
            "layer.bias is a new tensor",
            "the same parameter with new values: an optimizer knows only the old one",
            "an assignment to layer.bias; layer.bias.copy_(...) changes it in place",
        )
    if layer.bias.shape != (784,) or layer.bias.dtype != torch.float32:
        raise CheckFailed(
            f"the bias has shape {tuple(layer.bias.shape)} and type {layer.bias.dtype}",
            "shape (784,) and type torch.float32, as before",
            "copy_ keeps both; an assignment to .data does not",
        )
    if not torch.equal(mean_image, before):
        raise CheckFailed(
            "the mean image itself was changed",
            "it is left as it is: others use it too",
            "clamp, not clamp_",
        )
    if not torch.equal(layer.weight.detach(), weight):
        raise CheckFailed(
            "the weight was changed",
            "only the bias is set; with the weight at 0 no gradient would reach z",
            "what you assign to",
        )
    if not layer.weight.requires_grad:
        raise CheckFailed(
            "the weight is not trainable any more",
            "weight and bias both stay trainable",
            "requires_grad of the whole layer",
        )
    if torch.equal(layer.bias, start):
        raise CheckFailed(
            "the layer's bias has not changed",
            "the logit of the mean image in it",
            "what is changed: a copy, a local name or a returned value is not "
            "layer.bias",
        )
    with torch.no_grad():
        logits = layer(torch.zeros(3, 32))
    if not bool(torch.isfinite(logits).all()):
        raise CheckFailed(
            "pixels that are always black or white got an infinite bias",
            "the mean kept within 0.003 and 0.997 before its logit is taken",
            "clamp, and its order: before torch.logit",
        )
    p = torch.sigmoid(logits[0])
    grey = slice(101, None)
    if not torch.allclose(p[grey], mean_image[grey], atol=1e-3):
        look = "torch.logit(mean) = log(mean / (1 - mean)), the inverse of the sigmoid"
        if torch.allclose(logits[0][grey], mean_image[grey], atol=1e-3):
            look = "the bias is the mean itself; the sigmoid comes after: use its logit"
        elif torch.allclose(
            logits[0][grey], torch.sigmoid(mean_image[grey]), atol=1e-3
        ):
            look = "that is sigmoid(mean); its inverse is wanted, torch.logit"
        elif torch.allclose(
            logits[0][grey] - start[grey], torch.logit(mean_image[grey]), atol=1e-3
        ):
            look = "the logit is added to the old bias; it has to replace it"
        elif torch.allclose(p[grey], 1 - mean_image[grey], atol=1e-3):
            look = "the sign is flipped: log(mean / (1 - mean))"
        i = int((p[grey] - mean_image[grey]).abs().argmax()) + 101
        raise CheckFailed(
            f"a code of zeros decodes to {p[i]:.3f} where the mean image has "
            f"{mean_image[i]:.3f}",
            "the mean image",
            look,
        )
    black, white = p[:100].max().item(), p[100].item()
    if not (0.002 < black < 0.004 and 0.996 < white < 0.998):
        raise CheckFailed(
            f"an always black pixel starts at {black:.3g}, an always white one at "
            f"{white:.6g}",
            "0.003 and 0.997",
            "the bounds of the clamp",
        )
