"""Check the convolutional encoder."""

from __future__ import annotations

import itertools

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
from helpers.checks.messages import is_sequence, kind
from helpers.checks.modules import require_different_units, require_steady

BODY = [
    ("conv2d", (8, 1, 4, 4)),
    ("conv2d", (32, 8, 4, 4)),
    ("linear", (128, 32 * 7 * 7)),
]


@check("Encoder")
def encoder(model_class: type[nn.Module], draw: Draw) -> None:
    """Check shapes, layers, batch norm, and that both heads are free and alive."""
    d = draw.integer(2, 24)
    net = build(model_class, d).train()
    x = torch.rand(131, 1, 28, 28)
    with stays(x):
        _want_pair(run(net, x), len(x), d)
    require_different_units(net, *itertools.pairwise(shape for _, shape in BODY))
    for count in (97, 2):
        _want_pair(net(x[:count]), count, d)
    where = "the encoder"
    heads = require_layers(net, x[:8], BODY, lambda end: _require_heads(end, d), where)
    for mode in (True, False):
        _require_free(net.train(mode), x[:8], heads, d)
    net.eval()
    for count in (131, 1):
        with stays(net):
            _want_pair(net(x[:count].clone()), count, d)
    require_own_input(net, x)
    require_steady(net, lambda net: net(x[:8].clone()), "mu and logvar")
    _want_pair(build(model_class, 1).eval()(x[:3]), 3, 1)
    net = moved(net)
    codes = net(x[:8].clone())
    loss = sum((value.square() + value).sum() for value in codes)
    require_gradients(net, loss, "the encoder")
    require_gradients_of(
        net,
        lambda net, x: dict(zip(("mu", "logvar"), net(x), strict=True)),
        x=x[:8],
    )


def _want_pair(answer: object, count: int, d: int) -> None:
    if not is_sequence(answer) or len(answer) != 2:
        raise CheckFailed(
            f"forward returns {kind(answer)}",
            "two tensors: mu, logvar",
            "the return statement of forward",
        )
    for name, value in zip(("mu", "logvar"), answer, strict=True):
        want_tensor(
            value,
            (count, d),
            f"{name} for {count} images and latent_dim {d}",
            "the heads (128 -> latent_dim), a batch size written into the code, or a "
            "squeeze() that drops an axis",
        )


def _require_heads(heads: list[Call], d: int) -> None:
    """Two heads of d numbers, or one of 2 d."""
    if not all(head.name == "linear" for head in heads):
        raise CheckFailed(
            f"after the dense layer's batch norm come {names_of(heads)}",
            "the heads alone, dense layers from 128 units, none at the output of any "
            "other type",
            "no batch norm and no other layer after them: each code would depend on "
            "the other images",
        )
    widths = [len(head.weight) for head in heads]
    if widths not in ([d, d], [2 * d]):
        seen = [f"{head.weight.shape[1]} -> {len(head.weight)}" for head in heads]
        raise CheckFailed(
            f"after the dense layer's batch norm come dense layers {', '.join(seen)}",
            f"two heads 128 -> {d}, for mu and logvar, or one 128 -> {2 * d}",
            "a layer before the heads, or one head where two are needed",
        )
    for head, width in zip(heads, widths, strict=True):
        require_sizes(head, (width, 128), "a head")


def _require_free(net: nn.Module, x: Tensor, heads: list[Call], d: int) -> None:
    """Give the heads' places other numbers; mu is some of them, logvar of the rest."""

    def answer(raw: Tensor) -> list[Tensor]:
        parts = raw.split([len(head.weight) for head in heads], dim=1)
        keys = [head.key for head in heads]
        return watched(net, x, dict(zip(keys, parts, strict=True)))[1]

    raw = 300 * torch.randn(len(x), 2 * d)
    mu, logvar = answer(raw)
    places = [_place(column, raw) for column in mu.T]
    if None in places or len(set(places)) < d:
        raise CheckFailed(
            f"its head gives {raw[0, 0]:.3g}, ..., and mu is {mu[0, 0]:.3g}, ...",
            "mu as its head gives it, any real number: the heads have no activation",
            "what follows the head of mu: ReLU, sigmoid, tanh, clamp, a factor, draw?",
        )
    changed = raw.clone()
    changed[:, places] = 300 * torch.randn(len(x), d)
    if not torch.equal(answer(changed)[1], logvar):
        raise CheckFailed(
            "logvar changes with the numbers that are mu",
            "two heads with weights of their own",
            "what logvar is made from: is one layer used for both?",
        )
    rest = [place for place in range(2 * d) if place not in places]
    reached = []
    for value in (-1e6, -100.0, 100.0, 1e6):
        changed[:, rest] = value
        reached.append(answer(changed)[1])
    low = min(seen.max().item() for seen in reached)
    high = max(seen.min().item() for seen in reached)
    if not (low <= -9.99 and high >= 9.99):
        raise CheckFailed(
            f"where its head gives -100 or less logvar is {low:.3g}, where it gives "
            f"100 or more {high:.3g}",
            "any number from -10 to 10 can be reached: the heads have no activation",
            "what follows the head of logvar: ReLU, sigmoid, tanh, softplus, exp and a "
            "narrow clamp all cut numbers off",
        )


def _place(column: Tensor, raw: Tensor) -> int | None:
    same = (raw == column[:, None]).all(dim=0).nonzero()
    return same[0].item() if len(same) else None
