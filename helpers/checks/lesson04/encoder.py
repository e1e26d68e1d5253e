"""Check the convolutional encoder."""

from __future__ import annotations

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
from helpers.checks.lesson04._values import describe
from helpers.checks.modules import undisturbed


@check("Encoder")
@undisturbed
def encoder(model_class: type[nn.Module]) -> None:
    """Check shapes, layers, batch norm, and that both heads are free and alive."""
    net = build(model_class)
    x = torch.rand(97, 1, 28, 28)
    _want_pair(run(net, x), 97)
    conv, dense = nn.Conv2d, nn.Linear
    calls = require_layers(net, x, conv, [conv, conv, dense], "the encoder")
    heads = [layer for layer, *_ in calls[6:]]
    if not all(type(head) is dense for head in heads):
        raise CheckFailed(
            f"after the dense layer come {names(heads)}",
            "only the heads, nn.Linear, none at the output of any other type",
            "no batch norm and no further layer after the heads: each code would "
            "depend on the other images",
        )
    require_width(calls[4][0], 32 * 7 * 7, UNITS)
    for count in (97, 1):
        _want_pair(net.eval()(x[:count]), count)
    require_own_input(net, x)
    net.train()
    loss = sum(value.square().sum() for value in net(x))
    require_gradients(net, loss, "the encoder")
    with torch.no_grad():
        for head in heads:  # large weights show the whole range
            head.weight.normal_()
        mu, logvar = net(x)
    for name, value in (("mu", mu), ("logvar", logvar)):
        low, high = value.min().item(), value.max().item()
        if low > -1.5 or high < 1.5:
            raise CheckFailed(
                f"{name} stays between {low:.2f} and {high:.2f}, however large the "
                "weights of its head",
                "any real number: the heads have no activation",
                f"what follows the head of {name}: ReLU, sigmoid, tanh, softplus, exp "
                "and clamp all cut numbers off",
            )
    if torch.allclose(mu, logvar):
        raise CheckFailed(
            "mu and logvar are the same numbers",
            "two heads with weights of their own",
            "is one layer used for both?",
        )


def _want_pair(answer: object, count: int) -> None:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise CheckFailed(
            f"forward returns {describe(answer)}",
            "two tensors: mu, logvar",
            "the return statement of forward",
        )
    for name, value in zip(("mu", "logvar"), answer, strict=True):
        want_tensor(
            value,
            (count, 5),
            f"{name} for {count} images and latent_dim 5",
            "the heads (128 -> latent_dim), a batch size written into the code, or a "
            "squeeze() that drops an axis",
        )
