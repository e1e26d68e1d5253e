"""Check of the model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lesson03._numbers import PIXELS
from helpers.checks.modules import build, ends_linear, is_linear, kind, undisturbed


@check("VAE")
@undisturbed
def vae(model_class: Callable[[int], nn.Module]) -> None:
    """Check the 784-512-(mu, logvar) model: shapes, heads, randomness, gradients."""
    for latent_dim, batch in ((7, 128), (3, 97), (3, 1)):
        model = build(model_class, latent_dim).eval()
        try:
            _check_shapes(model, latent_dim, batch)
        except NotImplementedError:
            raise
        except RuntimeError as error:
            if batch == 128:
                raise
            raise CheckFailed(
                f"a batch of 128 works, a batch of {batch} does not: {error}",
                "any batch size: the last batch of an epoch is a smaller one",
                "a batch size written into the model, as in view(128, ...)",
            ) from None
    model = build(model_class, 6).eval()
    _check_found(model, build(model_class, 6).eval())
    shaken = _shaken(model)
    _check_heads(shaken)
    _check_logits(shaken)
    _check_forward(shaken)
    _check_draws(shaken)
    _check_training(shaken)
    count = sum(p.numel() for p in model.parameters())
    right = 784 * 512 + 512 + 2 * (512 * 6 + 6) + 6 * 512 + 512 + 512 * 784 + 784
    if abs(count - right) > 0.03 * right:
        raise CheckFailed(
            f"the model has {count:,} weights at latent_dim = 6",
            f"about {right:,}: 784 to 512, 512 to mu and logvar, 6 to 512, 512 to 784",
            "the widths of the layers, and whether there is one too many or too few",
        )


def _check_shapes(model: nn.Module, latent_dim: int, batch: int) -> None:
    x = torch.rand(batch, PIXELS)
    codes = _several(
        model.encode(x), 2, "encode returns", "two tensors: mu, logvar", "encode"
    )
    look = "the two heads: Linear(512, latent_dim) each; no batch size inside"
    want_tensor(codes[0], (batch, latent_dim), "mu from encode", look)
    want_tensor(codes[1], (batch, latent_dim), "logvar from encode", look)
    want_tensor(
        model.decode(codes[0]),
        (batch, PIXELS),
        "what decode returns",
        "the decoder's last layer: Linear(512, 784)",
    )
    outputs = _several(
        model(x), 3, "model(x) returns", "three tensors: logits, mu, logvar", "forward"
    )
    sizes = {"logits": PIXELS, "mu": latent_dim, "logvar": latent_dim}
    for output, (name, size) in zip(outputs, sizes.items(), strict=True):
        want_tensor(
            output,
            (batch, size),
            f"{name} from model(x)",
            "the order of the return: logits, mu, logvar",
        )


def _several(value: Any, count: int, what: str, expected: str, where: str) -> Any:
    if isinstance(value, tuple | list) and len(value) == count:
        return value
    raise CheckFailed(
        f"{what} {kind(value)}", expected, f"the return statement of {where}"
    )


def _check_found(model: nn.Module, other: nn.Module) -> None:
    """A second model with the same state dict must be the same model."""
    x, z = torch.rand(9, PIXELS), torch.randn(9, 6)
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        answers = [(*net.encode(x), net.decode(z)) for net in (model, model, other)]
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


def _shaken(model: nn.Module) -> nn.Module:
    """A copy with random weights of our own, so that no first values matter."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=2 / 512**0.5 if p.dim() > 1 else 0.5)
    return model


def _check_heads(model: nn.Module) -> None:
    with torch.no_grad():
        mu, logvar = model.encode(10 * torch.randn(256, PIXELS))
    if torch.allclose(mu, logvar):
        raise CheckFailed(
            "mu and logvar are the same numbers",
            "two heads with weights of their own, both on top of the 512 units",
            "encode: is one layer used twice?",
        )
    for name, head in (("mu", mu), ("logvar", logvar)):
        low, high = head.min().item(), head.max().item()
        if low == high:
            raise CheckFailed(
                f"{name} is {low:g} for every image and dimension",
                f"any real number, made by a layer of its own: the {name} head",
                f"a constant in place of {name}, or a clamp to a single value",
            )
        if low >= 0 or high <= 0:
            raise CheckFailed(
                f"{name} has one sign for every image and dimension",
                f"any real number: {name} may be negative and positive",
                f"an activation (ReLU, softplus, exp, sigmoid) or a clamp after the "
                f"{name} layer",
            )
        if low > -1 - 1e-4 or high < 1 + 1e-4:
            raise CheckFailed(
                f"{name} stays between {low:.2g} and {high:.2g}, even for huge inputs",
                f"any real number: {name} has no such limits",
                f"an activation (tanh, ELU, GELU) or a narrow clamp after the {name} "
                f"layer",
            )
    x = torch.rand(9, PIXELS)
    if is_linear(lambda a: model.encode(a)[0], x, torch.rand(9, PIXELS)):
        raise CheckFailed(
            "the encoder is linear: its two layers act as a single one",
            "a bend between them, such as ReLU",
            "the activation after the 512-wide layer of the encoder",
        )
    if not all(ends_linear(model, lambda m: m.encode(x)[0], 512, w) for w in (6, 12)):
        raise CheckFailed(
            "mu does not grow in proportion to the weights of its layer",
            "a plain linear layer: a mean may be any real number",
            "an activation after the mu layer",
        )


def _check_logits(model: nn.Module) -> None:
    z = 100 * torch.randn(256, 6)
    with torch.no_grad():
        decoded, other = model.decode(z), model.decode(-z)
    low, high = decoded.min().item(), decoded.max().item()
    if low >= 0 and high <= 1:
        raise CheckFailed(
            "decode returns numbers between 0 and 1 only",
            "logits, any real number: reconstruction_loss applies the sigmoid",
            "a sigmoid at the end of the decoder: leave it out here",
        )
    if low >= -1 - 1e-4:
        raise CheckFailed(
            f"decode returns numbers from {low:.2g} to {high:.2g}, even for huge codes",
            "logits, any real number: half of them should start below 0",
            "an activation (ReLU, tanh, ...) after the decoder's last layer: leave it "
            "out",
        )
    if torch.allclose(decoded, other):
        raise CheckFailed(
            "decode gives the same picture for every code",
            "pictures that depend on z",
            "decode: is z used?",
        )
    if is_linear(model.decode, z, torch.randn(256, 6)):
        raise CheckFailed(
            "the decoder is linear: its two layers act as a single one",
            "a bend between them, such as ReLU",
            "the activation after the 512-wide layer of the decoder",
        )
    if not ends_linear(model, lambda m: m.decode(z / 100), 512, PIXELS):
        raise CheckFailed(
            "the logits do not grow in proportion to the weights of the last layer",
            "a plain linear layer at the end of decode: logits of any value",
            "an activation after the decoder's last layer: leave it out",
        )


def _check_forward(model: nn.Module) -> None:
    x = torch.rand(97, PIXELS)
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


def _check_draws(model: nn.Module) -> None:
    """Compare the logits of one image, many times, with draws of our own."""
    rows = 2_000
    with torch.no_grad():
        x = torch.rand(1, PIXELS).repeat(rows, 1)
        logits, mu, logvar = model(x)
        sigma, noise = torch.exp(logvar / 2), torch.randn_like(mu)
        if torch.allclose(logits[0], logits[1], atol=1e-4):
            raise CheckFailed(
                "all images of a batch get the same noise",
                "fresh noise for each image",
                "the shape of the noise in forward: that of mu",
            )
        if _alike(logits, model.decode(mu + sigma * noise)):
            return
        wrong = {
            "exp(logvar) is the variance, and was used as sigma": mu + sigma**2 * noise,
            "the noise is not scaled by sigma = exp(logvar / 2)": mu + noise,
            "mu and logvar are swapped in reparameterize(mu, logvar)": logvar
            + torch.exp(mu / 2) * noise,
            "pure noise is decoded; mu and sigma are not used": noise,
            "logvar is used as sigma, without exp": mu + logvar * noise,
            "one number of noise serves all dimensions; randn_like(mu) gives each "
            "its own": mu + sigma * noise[:, :1],
            "mu is not added": sigma * noise,
        }
        named = [why for why, z in wrong.items() if _alike(logits, model.decode(z))]
    raise CheckFailed(
        "what model(x) decodes does not look like draws from N(mu, sigma^2)",
        "z = reparameterize(mu, logvar), decoded",
        *(named[:1] or ["forward: how z is made from mu and logvar"]),
    )


def _alike(a: Tensor, b: Tensor) -> bool:
    """Whether two sets of pictures have the same mean and spread, by pixel."""
    shift = ((a.mean(0) - b.mean(0)) / b.std(0)).abs().mean().item()
    spread = (a.std(0) / b.std(0)).log().abs().mean().item()
    return shift < 0.12 and spread < 0.12


def _check_training(model: nn.Module) -> None:
    """The pictures alone must reach every weight, those of both heads too."""
    model.train()
    logits = model(torch.rand(97, PIXELS))[0]
    if logits.requires_grad:
        logits.square().mean().backward()
    idle = [
        name
        for name, p in model.named_parameters()
        if p.grad is None or not p.grad.any()
    ]
    if idle:
        raise CheckFailed(
            f"no gradient from the pictures reaches these weights: {', '.join(idle)}",
            "every layer takes part in model(x), and learns through z",
            "forward and encode: detach(), no_grad() or .sample() around z, or a layer "
            "that is made and not used",
        )
