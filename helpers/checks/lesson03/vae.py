"""Check of the model: what goes in and out of it. See `_inside` for its layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.gradients import require_gradients_of
from helpers.checks.leftovers import stays
from helpers.checks.lesson03._draws import check_draws
from helpers.checks.lesson03._inside import check_inside, check_layers, shaken
from helpers.checks.messages import is_sequence, kind
from helpers.checks.modules import (
    build,
    require_steady,
    require_true_copies,
    sides_of,
)


@check("VAE", uses=("reparameterize",))
def vae(model_class: Callable[[int], nn.Module], draw: Draw) -> None:
    """Check 784-512-(mu, logvar)-z-512-784: shapes, layers, randomness, gradients."""
    size, other = draw.integer(3, 9), draw.integer(20, 28)
    wide = build(model_class, other)
    _check_fixed(wide)
    wide = _ready(wide)
    model, twin = (_ready(build(model_class, size)) for _ in range(2))
    _check_shapes(wide, other, 128)
    for net, latent_dim, batch in (
        (model, size, 97),
        (model, size, 1),
        (wide, other, 130),
    ):
        _check_batch(net, latent_dim, batch)
    _check_shapes(twin.train(), size, 31)
    twin.eval()
    _check_found(model, twin, size)
    require_true_copies(model, torch.rand(9, 784))
    check_layers(model, size)
    model = shaken(model)
    check_inside(model, size)
    _check_alone(model, size)
    _check_forward(model)
    model = shaken(wide)
    for mode in (False, True):
        check_draws(model.train(mode), lambda: shaken(_ready(build(model_class, 1))))
    _check_training(model)
    _require_learning(twin.train())
    x, z = torch.rand(7, 784), torch.randn(7, size)
    require_steady(
        _ready(build(model_class, size)),
        lambda net: [*net.encode(x.clone()), net.decode(z.clone())],
        "encode's and decode's answers",
    )


def _check_fixed(model: nn.Module) -> None:
    """Fail if a model that was asked nothing yet holds a matrix that is no weight."""
    held = [value for part in model.modules() for value in vars(part).values()]
    held += [each for value in held if type(value) in (list, tuple) for each in value]
    for value in (*model.buffers(), *held):
        plain = isinstance(value, Tensor) and value.grad_fn is None
        if plain and len(sides_of(value.shape)) > 1:
            raise CheckFailed(
                f"a new model holds a matrix of {' x '.join(map(str, value.shape))} "
                "that is no weight",
                "five layers, all of which learn, and nothing between them but bends",
                "register_buffer, or a tensor stored on self, in `__init__`",
            )


def _ready(model: nn.Module) -> nn.Module:
    """A model in evaluation mode that has seen images: lazy layers are made."""
    with torch.no_grad():
        model.eval()(torch.rand(128, 784))
    return model


def _check_batch(model: nn.Module, latent_dim: int, batch: int) -> None:
    try:
        _check_shapes(model, latent_dim, batch)
    except RuntimeError as error:
        if isinstance(error, NotImplementedError):
            raise
        raise CheckFailed(
            f"a batch of 128 works, a batch of {batch} does not",
            "any batch size: the last batch of an epoch is a smaller one",
            "a batch size written into the model, as in view(128, ...)",
            below=f"{error}"[:200],
        ) from None


def _check_shapes(model: nn.Module, latent_dim: int, batch: int) -> None:
    x, z = torch.rand(batch, 784), torch.randn(batch, latent_dim)
    but = ("values",) if model.training else ()  # batch norm takes notes
    with stays(x, z), stays(model, but=but):
        codes, logits, outputs = model.encode(x), model.decode(z), model(x)
    codes = _several(codes, 2, "encode returns", "two tensors: mu, logvar", "encode")
    look = "the two heads: Linear(512, latent_dim) each; no batch size inside"
    want_tensor(codes[0], (batch, latent_dim), "mu from encode", look)
    want_tensor(codes[1], (batch, latent_dim), "logvar from encode", look)
    want_tensor(
        logits,
        (batch, 784),
        "what decode returns",
        "the decoder's last layer: Linear(512, 784)",
    )
    expected = "three tensors: logits, mu, logvar"
    outputs = _several(outputs, 3, "model(x) returns", expected, "forward")
    sizes = {"logits": 784, "mu": latent_dim, "logvar": latent_dim}
    for output, (name, width) in zip(outputs, sizes.items(), strict=True):
        want_tensor(
            output,
            (batch, width),
            f"{name} from model(x)",
            "the order of the return: logits, mu, logvar",
        )


def _require_learning(model: nn.Module) -> None:
    """Fail if a model itself, and not a copy of it, has weights that learn nothing."""
    seen, queue = set(), [model(torch.rand(2, 784))[0].grad_fn]
    while queue:
        node = queue.pop()
        if node is not None and node not in seen:
            seen.add(node)
            queue += [each for each, _ in node.next_functions]
    reached = {id(getattr(node, "variable", None)) for node in seen}
    idle = [name for name, p in model.named_parameters() if id(p) not in reached]
    if idle:
        raise _no_gradient(idle)


def _no_gradient(idle: list[str]) -> CheckFailed:
    return CheckFailed(
        f"no gradient from the pictures reaches these weights: {', '.join(idle)}",
        "every layer takes part in model(x), and learns through z",
        "forward and encode: detach(), no_grad() or .sample() around z, or a layer "
        "that is made and not used",
    )


def _several(value: Any, count: int, what: str, expected: str, where: str) -> Any:
    if is_sequence(value) and len(value) == count:
        return value
    raise CheckFailed(
        f"{what} {kind(value)}", expected, f"the return statement of {where}"
    )


def _check_found(model: nn.Module, twin: nn.Module, size: int) -> None:
    """A second model with the same state dict must be the same model."""
    x, z = torch.rand(9, 784), torch.randn(9, size)
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        answers = [(*net.encode(x), net.decode(z)) for net in (model, model, twin)]
    for name, first, again, loaded in zip(
        ("mu", "logvar", "logits"), *answers, strict=True
    ):
        if not torch.allclose(first, again, atol=1e-5):
            raise CheckFailed(
                f"the same input gives other {name} in a second call",
                "encode and decode without chance: z alone is random",
                "layers made inside encode or decode (make them in __init__), or "
                "noise in the wrong place: draw z in forward",
            )
        if not torch.allclose(first, loaded, atol=1e-5):
            raise CheckFailed(
                f"the weights that make {name} are not among the model's parameters",
                "layers stored on `self`, where the optimizer finds them",
                "layers in a plain Python list: use nn.ModuleList or nn.Sequential",
            )


@torch.no_grad()
def _check_alone(model: nn.Module, size: int) -> None:
    """An image, or a code, gives the same among others as by itself."""
    x, z = torch.rand(9, 784), torch.randn(9, size)
    among = (*model.encode(x), model.decode(z))
    alone = (*model.encode(x[4:5]), model.decode(z[4:5]))
    names = ("mu", "logvar", "the logits")
    for name, many, one in zip(names, among, alone, strict=True):
        if not torch.allclose(many[4:5], one, atol=1e-4, rtol=1e-4):
            if torch.allclose(model.encode(2 * x + 3)[0], among[0], atol=1e-3):
                raise CheckFailed(
                    f"{name} of images that are all made 2 x + 3 stays what it was",
                    "the pixels as they are, and each image by itself",
                    "images that are standardized over the batch, (x - mean) / std",
                )
            raise CheckFailed(
                f"{name} of an image among eight others is not {name} of it by itself",
                "the same: what belongs to one image depends on no other",
                "reshape, .T or a mean over dim 0 that mixes the images of a batch; "
                "chunk or split along dim=1",
            )


def _check_forward(model: nn.Module) -> None:
    x = torch.rand(97, 784)
    with torch.no_grad():
        logits, *outputs = model(x)
        again, codes = model(x)[0], model.encode(x)
    if torch.allclose(outputs[0], codes[1]) and torch.allclose(outputs[1], codes[0]):
        raise CheckFailed(
            "mu and logvar from model(x) have changed places with those from encode",
            "the same order everywhere: mu, then logvar",
            "the return of encode, where forward unpacks it, and the return of forward",
        )
    for name, output, code in zip(("mu", "logvar"), outputs, codes, strict=True):
        if not torch.allclose(output, code, atol=1e-4):
            raise CheckFailed(
                f"{name} from model(x) differs from {name} from encode(x)",
                f"the {name} that encode made: the KL needs it as it is",
                f"the return of forward: z or sigma in place of {name}?",
            )
    if torch.allclose(logits, again, atol=1e-5):
        raise CheckFailed(
            "in evaluation mode two passes over the same images give the same logits",
            "different ones: z is sampled on every call, in each mode",
            "forward: decode a z from reparameterize(mu, logvar), not mu; no seed, "
            "and no `if self.training`",
        )


def _check_training(model: nn.Module) -> None:
    """The pictures alone must reach every weight; mu and logvar, what makes them."""
    model.train()
    logits, *codes = model(torch.rand(97, 784))
    if logits.requires_grad:
        logits.square().mean().backward(retain_graph=True)
    idle = [
        name
        for name, p in model.named_parameters()
        if p.grad is None or not p.grad.any()
    ]
    if idle:
        raise _no_gradient(idle)
    first = [p for p in model.parameters() if sorted(p.squeeze().shape) == [512, 784]]
    for name, code in zip(("mu", "logvar"), codes, strict=True):
        found = (None,)
        if code.requires_grad:
            found = torch.autograd.grad(
                code.square().sum(), first, allow_unused=True, retain_graph=True
            )
        if all(gradient is None or not gradient.any() for gradient in found):
            raise CheckFailed(
                f"no gradient from {name} reaches the encoder's first layer",
                "the KL is computed from mu and logvar, and trains the encoder",
                f"detach(), .data or no_grad() on {name}, or on what it is made of",
            )
    require_gradients_of(
        model, _answers, x=torch.rand(5, 784), z=torch.randn(5, codes[0].shape[1])
    )


def _answers(model: nn.Module, x: Tensor, z: Tensor) -> dict[str, Tensor]:
    """All that a model gives, by what a message calls it."""
    names = ("mu", "logvar", "the logits")
    logits, mu, logvar = model(x)
    alone = dict(zip(names, (*model.encode(x), model.decode(z)), strict=True))
    together = zip(names, (mu, logvar, logits), strict=True)
    return alone | {f"{name} from model(x)": answer for name, answer in together}
