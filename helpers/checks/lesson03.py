"""Checks of lesson 03, the variational autoencoder."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal
from torch.distributions import kl_divergence as exact_kl

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lending import lender
from helpers.checks.modules import (
    build,
    ends_linear,
    explained,
    is_linear,
    kind,
    tails,
    undisturbed,
)

lend = lender("03")

PIXELS = 784
HALF = PIXELS * math.log(2)  # the cost of an image at probability 1/2 everywhere


def _near(value: float, wanted: float, tolerance: float = 0.01) -> bool:
    return abs(value - wanted) <= tolerance * max(1.0, abs(wanted))


def _named(
    value: float,
    reasons: Mapping[str, float],
    otherwise: str,
    tolerance: float = 0.01,
) -> str:
    """The mistake that would give this value."""
    close = [why for why, wrong in reasons.items() if _near(value, wrong, tolerance)]
    return close[0] if close else otherwise


def _gradients(function: Callable, *inputs: Tensor) -> list[Tensor | None]:
    """The gradient of the sum of what comes out, for each input."""
    leaves = [x.clone().requires_grad_() for x in inputs]
    result = function(*leaves)
    if not result.requires_grad:
        return [None] * len(leaves)
    return list(torch.autograd.grad(result.sum(), leaves, allow_unused=True))


# Drawing a code


@check("reparameterize")
@undisturbed
def reparameterize(function: Callable) -> None:
    """Check ``z = mu + sigma * eps``: moments, independence, gradients."""
    mu, logvar = torch.randn(97, 5), torch.randn(97, 5)
    z, before = function(mu, logvar), (mu.clone(), logvar.clone())
    want_tensor(
        z,
        (97, 5),
        "z for mu and logvar of shape (97, 5)",
        "the shape of the noise: it needs one number for each element of mu",
    )
    if z.dtype != mu.dtype:
        raise CheckFailed(
            f"z is {z.dtype}, mu is {mu.dtype}",
            "the same type: the decoder's weights have it too",
            "NumPy's noise is float64: use torch.randn_like(mu)",
        )
    function(mu, logvar)
    if not (mu.equal(before[0]) and logvar.equal(before[1])):
        raise CheckFailed(
            "mu or logvar has other values after the call",
            "both stay as they are: the KL is computed from them",
            "an in-place operation such as `mu += ...`, add_ or mul_",
        )
    _check_noise(function)
    _check_moments(function)
    mu, logvar = torch.zeros(97, 5), torch.full((97, 5), 2.0)
    gradients = _gradients(function, mu, logvar)
    if gradients == [None, None]:
        raise CheckFailed(
            "no gradient flows through z: the encoder would never learn",
            "gradients reach both mu and logvar, since only eps is random",
            "detach(), no_grad() or .sample(); draw eps, then compute with mu and "
            "sigma (Normal has .rsample() for that)",
        )
    for name, gradient in zip(("mu", "logvar"), gradients, strict=True):
        if gradient is None or not gradient.any():
            raise CheckFailed(
                f"no gradient reaches {name}",
                "gradients reach both mu and logvar, since only eps is random",
                f"detach(), .data, no_grad() or .item() on the way from {name} to z",
            )
    if not torch.allclose(gradients[0], torch.ones(97, 5), atol=1e-4):
        raise CheckFailed(
            "when mu grows by 1, z does not",
            "z = mu + sigma * eps: mu shifts z and does nothing else",
            "how mu enters z",
        )


def _check_noise(function: Callable) -> None:
    one = torch.ones(97, 5)
    z, again = function(one, one), function(one, one)
    pairs = {
        "the same number is drawn for all elements of z": z - z[0, 0],
        "all images get the same noise": z - z[:1],
        "all latent dimensions get the same noise": z - z[:, :1],
    }
    same = [what for what, difference in pairs.items() if difference.abs().max() < 1e-4]
    if torch.allclose(z, again):
        if same and "number" in same[0]:
            raise CheckFailed(
                f"all draws at mu = 1, logvar = 1 are the same number, {z[0, 0]:.2f}",
                "random draws: z = mu + sigma * eps with fresh eps from N(0, 1)",
                "the noise: is it drawn, and is it used?",
            )
        raise CheckFailed(
            "two calls give exactly the same draws",
            "fresh noise on every call",
            "a seed or generator inside the function, or noise drawn once outside",
        )
    if same:
        raise CheckFailed(
            f"the same noise is used for several elements of z: {same[0]}",
            "fresh noise for every image and every latent dimension",
            "the shape you draw eps with: torch.randn_like(mu) has the right one",
        )


def _check_moments(function: Callable) -> None:
    for at_mu, at_logvar in ((3.0, 2.0), (1.0, -4.0)):
        shape = (2_000, 5)
        z = function(torch.full(shape, at_mu), torch.full(shape, at_logvar)).detach()
        mean, std, right = z.mean().item(), z.std().item(), math.exp(at_logvar / 2)
        if abs(mean - at_mu) < 0.05 * right and abs(std - right) < 0.03 * right:
            continue
        wrong = {  # (mean, standard deviation): what gives them
            (at_mu, right**2): "exp(logvar) is the variance; sigma is its square root",
            (at_mu, abs(at_logvar)): "that is logvar itself, without exp",
            (at_mu, 1.0): "the noise is not scaled at all, or logvar is kept "
            "above a limit",
            (
                at_mu,
                right**0.5,
            ): "that is exp(logvar / 4): the root was taken twice, or "
            "logvar is kept below a limit",
            (at_mu, 1 / right): "that is exp(-logvar / 2): the sign is flipped",
            (at_mu, math.log1p(math.exp(at_logvar))): "that is softplus(logvar)",
            (at_mu + right / 2, right / 12**0.5): "uniform noise (rand): use randn",
            (at_mu, right / 12**0.5): "uniform noise (rand): use randn",
            (at_mu + 0.798 * right, 0.603 * right): "the noise is never negative: abs",
            (0.0, right): "mu is not added: the mean must be mu",
            (at_logvar, math.exp(at_mu / 2)): "mu and logvar are swapped",
            (right, at_mu): "the noise multiplies mu; it must multiply sigma",
        }
        names = [
            why
            for (m, s), why in wrong.items()
            if abs(m - mean) < 0.05 * max(s, 0.1) and abs(s - std) < 0.04 * s
        ]
        raise CheckFailed(
            f"at mu = {at_mu:g}, logvar = {at_logvar:g} the draws have mean {mean:.2f} "
            f"and standard deviation {std:.2f}",
            f"mean {at_mu:g} and sigma = exp(logvar / 2) = {right:.2f}, since logvar "
            f"is log(sigma^2)",
            *(names[:1] or ["how sigma comes from logvar (no clamp), and the noise"]),
        )
    fourth = tails(z)
    if abs(fourth - 3) > 0.4:
        raise CheckFailed(
            f"the draws have the right mean and spread, but the fourth moment of the "
            f"noise is {fourth:.1f}",
            "3, as a normal distribution has",
            "uniform noise (rand; 1.8) or another distribution: use randn",
        )


# The two terms of the loss


@check("kl_divergence")
@undisturbed
def kl_divergence(function: Callable) -> None:
    """Check KL(N(mu, sigma^2) || N(0, 1)) per image against closed forms."""
    mu, logvar = torch.randn(97, 5), torch.randn(97, 5)
    kl = function(mu, logvar)
    looks = {
        (5,): "you summed over the batch (dim=0); each image needs its own KL: dim=1",
        (): "you reduced over everything; sum over dim=1 only, one value an image",
        (97, 5): "the sum over the latent dimensions (dim=1) is missing",
        (97, 1): "keepdim=True: leave it out",
    }
    look = "the axis of the sum: dim=1 (or -1) runs over the latent dimensions"
    want_tensor(
        kl,
        (97,),
        "KL for mu and logvar of shape (97, 5)",
        looks.get(tuple(getattr(kl, "shape", (0,))), look),
    )
    if not torch.allclose(kl, function(mu, logvar)):
        raise CheckFailed(
            "two calls with the same mu and logvar give different numbers",
            "the closed form, which needs no random draw",
            "noise inside kl_divergence",
        )
    _check_kl_points(function)
    want = exact_kl(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0)).sum(1)
    if not torch.allclose(kl.to(want.dtype), want, rtol=1e-3, atol=1e-3):
        i = int((kl - want).abs().argmax())
        raise CheckFailed(
            f"for random mu and logvar one image has KL {kl[i].item():.3f} "
            f"(lowest over the batch: {kl.min().item():.3f})",
            f"{want[i].item():.3f}; KL is never negative",
            _kl_mistake(kl, mu, logvar),
        )
    gradients = _gradients(function, mu, logvar)
    right = {"mu": mu, "logvar": (logvar.exp() - 1) / 2}
    for gradient, (name, wanted) in zip(gradients, right.items(), strict=True):
        if gradient is None or not torch.allclose(gradient, wanted, atol=1e-3):
            what = "no gradient flows" if gradient is None else "a wrong gradient flows"
            raise CheckFailed(
                f"{what} from the KL to {name}",
                "the KL term trains the encoder, so each part of it needs its gradient",
                "detach(), .data, .item(), no_grad() or a detour through NumPy",
            )


def _check_kl_points(function: Callable) -> None:
    def at(mu: float, logvar: float) -> float:
        point = torch.full((3, 4), mu), torch.full((3, 4), logvar)
        return function(*point)[0].item() + 0.0

    if not _near(at(0, 0), 0.0, 1e-4):
        raise CheckFailed(
            f"KL at mu = 0, logvar = 0 is {at(0, 0):.3g}",
            "0: there the code's distribution is N(0, 1) itself",
            "the constant terms: 1 + logvar - mu^2 - exp(logvar) is 0 at that point, "
            "and each image counts (no lower limit)",
        )
    two, narrow = at(2, 0), at(0, -2)
    if _near(two, 8.0, 1e-3):
        return
    right = 2 * (math.exp(-2) + 1)
    wrong = {
        (-8.0, -right): "the sign is flipped: training would push it to minus infinity",
        (-8.0, right): "the sign of mu^2 is flipped",
        (16.0, 2 * right): "the factor 1/2 is missing",
        (16.0, right): "the factor 1/2 is missing in front of mu^2",
        (-16.0, -2 * right): "the sign is flipped and the factor 1/2 is missing",
        (2.0, right / 4): "the mean over the 4 dimensions, where the sum is wanted",
        (4.0, right): "mu is not squared",
        (0.0, right): "mu^2 does not enter",
        (0.0, 0.0): "the formula is cut off at 0: is its sign flipped?",
        (8 / 3, right / 3): "divided by the number of images: each needs its own KL",
        (8 / math.log(2), right / math.log(2)): "these are bits: use log, not log2",
        (2 * (math.exp(2) - 3), 8.0): "mu and logvar are swapped",
    }
    names = [
        why
        for (a, b), why in wrong.items()
        if _near(two, a, 1e-3) and _near(narrow, b, 1e-3)
    ]
    raise CheckFailed(
        f"KL at mu = 2, logvar = 0 in 4 dimensions is {two:.3g}",
        "mu^2 / 2 = 2 in each dimension, 8 in all",
        *(names or ["the term mu^2, the sign and the factor 1/2 of the formula"]),
    )


def _kl_mistake(kl: Tensor, mu: Tensor, logvar: Tensor) -> str:
    prior, sigma = Normal(0.0, 1.0), torch.exp(logvar / 2)
    terms = 1 + logvar - mu**2
    wrong = {
        "KL the wrong way round: KL(prior || code) where KL(code || prior) is wanted": (
            exact_kl(prior, Normal(mu, sigma))
        ),
        "exp(logvar) is the variance, and was used as the standard deviation": (
            exact_kl(Normal(mu, sigma**2), prior)
        ),
        "exp(logvar / 2) stands where sigma^2 = exp(logvar) belongs": (
            -0.5 * (terms - sigma)
        ),
        "the sign of logvar is flipped": -0.5 * (terms - 2 * logvar - sigma**2),
        "the sign of both terms with logvar is flipped": (
            -0.5 * (-1 - logvar - mu**2 + sigma**2)
        ),
    }
    for why, each in wrong.items():
        if torch.allclose(kl.to(each.dtype), each.sum(1), rtol=1e-3, atol=1e-3):
            return why
    return (
        "how logvar enters: sigma^2 = exp(logvar), and log(sigma^2) = logvar "
        "(no further exp, log, square or limit)"
    )


@check("reconstruction_loss")
@undisturbed
def reconstruction_loss(function: Callable) -> None:
    """Check the summed binary cross-entropy of logits, one value an image."""
    x, logits = torch.rand(97, PIXELS), torch.randn(97, PIXELS)
    reasons = {
        "should be between 0 and 1": (
            "a cross-entropy that is made for logits",
            "binary_cross_entropy wants probabilities: take "
            "binary_cross_entropy_with_logits, or apply the sigmoid first",
        ),
        "within the support": (
            "a cross-entropy for grey pixels too",
            "Bernoulli takes only 0 and 1: `validate_args=False`, or "
            "binary_cross_entropy_with_logits",
        ),
    }
    with explained(reasons):
        loss = function(logits, x)
    looks = {
        (97, PIXELS): "the sum over the pixels (dim=1) is missing",
        (PIXELS,): "you summed over the batch (dim=0); sum over the pixels: dim=1",
        (): "reduction='sum' or 'mean' also runs over the images; take "
        "reduction='none', then sum over dim=1",
        (97, 1): "keepdim=True: leave it out",
    }
    look = "the reduction: sum over the pixels (dim=1), keep the images apart"
    if isinstance(loss, Tensor) and loss.shape == (97,) and not loss.isfinite().all():
        raise _not_finite("for random logits")
    want_tensor(
        loss,
        (97,),
        "the loss for 97 images of 784 pixels",
        looks.get(tuple(getattr(loss, "shape", (0,))), look),
    )
    _check_bce_points(function)
    twice = function(logits.repeat(1, 2), x.repeat(1, 2))
    if not torch.allclose(twice, 2 * loss, rtol=1e-3):
        raise CheckFailed(
            "an image with twice the pixels does not cost twice as much",
            "a sum over the pixels",
            "a mean, or a number such as 784 written into the function",
        )
    want = (F.softplus(logits) - x * logits).sum(1)
    if not torch.allclose(loss.detach().to(want.dtype), want, rtol=1e-3):
        raise CheckFailed(
            f"for random logits and grey images the first image costs "
            f"{loss[0].item():.2f}",
            f"{want[0].item():.2f}, from -[x log p + (1 - x) log(1 - p)], "
            f"p = sigmoid(logits)",
            "whether the pixels are used as they are (grey, not rounded), and both "
            "terms of the formula",
        )
    [gradient] = _gradients(lambda a: function(a, x), logits)
    if gradient is None or not torch.allclose(
        gradient, logits.sigmoid() - x, atol=0.01
    ):
        what = "no gradient flows" if gradient is None else "a wrong gradient flows"
        raise CheckFailed(
            f"{what} from the loss to the logits",
            "the loss trains the decoder, so gradients must reach it",
            "detach(), .data, .item(), no_grad() or a detour through NumPy",
        )


def _not_finite(where: str) -> CheckFailed:
    return CheckFailed(
        f"{where} the loss is nan or infinite",
        "a finite number, whatever the logits",
        "log(sigmoid(...)): far out the sigmoid is exactly 0 or 1; "
        "binary_cross_entropy_with_logits takes care of that",
    )


def _check_bce_points(function: Callable) -> None:
    def at(logit: float, pixel: float) -> float:
        shape = (2, PIXELS)
        return function(torch.full(shape, logit), torch.full(shape, pixel))[0].item()

    half = at(0.0, 0.25)
    if abs(half - HALF) > 0.5:
        reasons = {
            "that is the mean over the pixels; the sum is wanted, or the KL term will "
            "outweigh it 784 times": math.log(2),
            "that is a squared error, not a cross-entropy": PIXELS / 16,
            "that is a mean squared error, not a cross-entropy": 1 / 16,
            "that is an absolute error, not a cross-entropy": PIXELS / 4,
            "the sign is flipped": -HALF,
            "the logits went through two sigmoids: once by you, once by the "
            "_with_logits function": PIXELS * (math.log1p(math.exp(0.5)) - 0.125),
            "images and logits are swapped: the prediction comes first": (
                PIXELS * math.log1p(math.exp(0.25))
            ),
            "the term (1 - x) log(1 - p) is missing": HALF / 4,
            "the term x log p is missing": 0.75 * HALF,
            "divided by the number of images: each needs its own loss": HALF / 2,
            "these are bits: use log, not log2": PIXELS,
            "softmax over the pixels: cross_entropy is for classes, take the binary "
            "one": PIXELS / 4 * math.log(PIXELS),
            "logits are used as probabilities: the sigmoid is missing": PIXELS * 25,
        }
        raise CheckFailed(
            f"at logits = 0 (probability 1/2 everywhere) the loss is {half:.4g} "
            f"an image",
            f"784 * log 2 = {HALF:.1f}, whatever the image",
            _named(
                half,
                reasons,
                "the formula: -[x log p + (1 - x) log(1 - p)], p = sigmoid(logits), "
                "summed over the pixels",
                tolerance=0.004,
            ),
        )
    for logit in (30.0, 200.0):
        black, wrong = at(-logit, 0.0), at(logit, 0.0)
        if not (math.isfinite(black) and math.isfinite(wrong)):
            raise _not_finite(f"at logits of {logit:g} and -{logit:g}")
        if abs(black) > 1.0:
            raise CheckFailed(
                f"a confident, right black image costs {black:.1f}",
                "nearly 0: every pixel is predicted black, and is black",
                _named(
                    black,
                    {
                        "the sign of the logits is flipped": logit * PIXELS,
                        "sigmoid is applied twice (once by you, once by the "
                        "_with_logits function)": HALF,
                    },
                    "a limit on the logits, or the order of the arguments",
                ),
            )
        if not wrong > 10 * PIXELS:
            raise CheckFailed(
                f"at logits of {logit:g} a wrong white image costs only {wrong:.1f}",
                f"about {logit:g} a pixel: being sure and wrong costs most",
                "a limit on the logits or probabilities, or the order of the "
                "arguments: the prediction comes first, the target second",
            )


# The model


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


# The loss, and pictures from nothing


class _Fixed(nn.Module):
    """A stand-in model with known terms: 784 log 2, and a KL of 8."""

    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(PIXELS))
        self.mu = nn.Parameter(torch.full((4,), 2.0))
        self.logvar = nn.Parameter(torch.zeros(4))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.mu.repeat(len(x), 1), self.logvar.repeat(len(x), 1)

    def decode(self, z: Tensor) -> Tensor:
        return self.logits.repeat(len(z), 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.decode(x), *self.encode(x)


@check("vae_loss")
@undisturbed
def vae_loss(function: Callable) -> None:
    """Check mean over images of reconstruction + beta * KL, on a stand-in model."""
    model = _Fixed()
    reasons = {
        "must be the same as input size": (
            "logits and images of the same shape, (B, 784)",
            "the order of what model(x) returns: logits, mu, logvar",
        ),
    }

    def value(batch: int, **beta: float) -> float:
        with explained(reasons):
            loss = function(model, torch.full((batch, PIXELS), 0.25), **beta)
        shape = (1,) if getattr(loss, "shape", ()) == (1,) else ()
        want_tensor(
            loss,
            shape,
            "the loss of a batch",
            "the mean over the images at the end: backward() needs one number",
        )
        return loss.item()

    at_0, at_1, at_3 = (value(97, beta=beta) for beta in (0.0, 1.0, 3.0))
    if any(p.grad is not None for p in model.parameters()):
        raise CheckFailed(
            "the model has gradients after the call",
            "the loss is only computed here: the training loop calls backward()",
            "backward() inside vae_loss: leave it out",
        )
    single = value(1, beta=1.0)
    if _near(at_1, 97 * (HALF + 8)):
        raise CheckFailed(
            f"97 images cost {at_1:.0f}",
            f"{HALF + 8:.1f}: the mean over the images, so that the learning rate "
            f"does not depend on the batch size",
            "the last step: .mean(), not .sum(), over the images",
        )
    same = (
        "how beta enters: reconstruction + beta * KL, both averaged over the images"
        if _near(at_1, single)
        else f"the mean over the images: 1 image costs {single:.1f}, 97 like it "
        f"{at_1:.1f}; is a batch size written into the function?"
    )
    if abs(at_0 - HALF) > 0.5:
        raise CheckFailed(
            f"with beta = 0 the loss is {at_0:.2f}",
            f"the reconstruction loss alone, {HALF:.1f} for this model",
            _named(at_0, _reconstruction_mistakes(), same, tolerance=0.004),
        )
    first, second = at_1 - at_0, (at_3 - at_1) / 2
    if abs(first - 8.0) > 0.1 or abs(second - 8.0) > 0.1:
        reasons_kl = {
            "beta and the KL do not enter: reconstruction + beta * KL": 0.0,
            "the sign of the KL: it is added": -8.0,
            "the KL is summed over the images; both terms must be averaged": 8.0 * 97,
            "the KL is averaged over the latent dimensions; sum over them": 2.0,
            "half the KL: the factor 1/2 is in kl_divergence already": 4.0,
            "twice the KL: the factor 1/2 is missing": 16.0,
            "mu and logvar are swapped: model(x) gives logits, mu, logvar": (
                2 * (math.exp(2) - 3)
            ),
            "beta also enters the reconstruction; it multiplies the KL alone": (
                8.0 - HALF
            ),
            "the KL is averaged over the 784 pixels as well": 8.0 / PIXELS,
        }
        look = f"{same}, and the sign of the KL"
        if not _near(first, second):
            look = "beta is used more than once, or squared"
        raise CheckFailed(
            f"raising beta from 0 to 1 raises the loss by {first:.2f}, from 1 to 3 by "
            f"twice {second:.2f}",
            "by the KL, which is 8 for this model (mu = 2, logvar = 0, 4 dimensions)",
            _named(first, reasons_kl, look) if _near(first, second) else look,
        )
    if not _near(at_1, single):
        raise CheckFailed(
            f"1 image costs {single:.1f}, 97 like it {at_1:.1f}",
            "the same: a mean over the images of the batch",
            "a batch size written into the function",
        )
    if not _near(value(97), at_1):
        raise CheckFailed(
            f"without the argument beta the loss is {value(97):.1f}",
            f"that of beta = 1, {at_1:.1f}",
            "the first line: beta=1.0 is the default",
        )
    _check_loss_gradients(function)


def _reconstruction_mistakes() -> dict[str, float]:
    """What the loss would be at beta = 0, for pixels of 1/4."""
    return {
        "beta multiplies the reconstruction; it belongs to the KL alone": 8.0,
        "beta multiplies both terms; it belongs to the KL alone": 0.0,
        "beta is not used: reconstruction + beta * KL": HALF + 8,
        "the sign: the loss is reconstruction + beta * KL, to be made small": -HALF,
        "the reconstruction is averaged over the pixels; sum over them": math.log(2),
        "the reconstruction is summed over the images; both terms must be averaged": (
            97 * HALF
        ),
        "sigmoid is applied twice: reconstruction_loss takes the logits": (
            PIXELS * (math.log1p(math.exp(0.5)) - 0.125)
        ),
        "logits and x are swapped in reconstruction_loss(logits, x)": (
            PIXELS * math.log1p(math.exp(0.25))
        ),
        "a squared error; use reconstruction_loss": PIXELS / 16,
    }


def _check_loss_gradients(function: Callable) -> None:
    model, twin, x = _Fixed(), _Fixed(), torch.full((97, PIXELS), 0.25)
    loss = function(model, x, beta=1.0)
    if loss.requires_grad:
        loss.sum().backward()
    pixels = F.binary_cross_entropy_with_logits(twin.logits, x[0], reduction="sum")
    terms = twin.mu**2 + twin.logvar.exp() - 1 - twin.logvar
    (pixels + terms.sum() / 2).backward()
    missing = [
        name
        for (name, p), right in zip(
            model.named_parameters(), twin.parameters(), strict=True
        )
        if not torch.allclose(
            torch.zeros_like(p) if p.grad is None else p.grad, right.grad, atol=1e-3
        )
    ]
    if missing:
        whose = {"logits": "reconstruction", "mu": "KL", "logvar": "KL"}[missing[0]]
        raise CheckFailed(
            "no gradient flows from the loss to the model"
            if len(missing) > 1 and "logits" in missing
            else f"no gradient, or a wrong one, flows from the {whose} to the model's "
            f"{missing[0]}",
            "backward() must reach every weight, through both terms",
            "detach(), .item(), .data or no_grad() inside vae_loss",
        )


class _Recorder(nn.Module):
    """A decoder that remembers which codes it was given, and what it answered."""

    def __init__(self, latent_dim: int):
        super().__init__()
        self.weight = nn.Parameter(3 * torch.randn(latent_dim, PIXELS))
        self.codes: list[Tensor] = []
        self.logits: list[Tensor] = []

    def encode(self, x: Tensor) -> Tensor:
        raise CheckFailed(
            "sample calls encode",
            "no image is needed: codes are drawn from the prior N(0, I)",
            "where z comes from: torch.randn(count, latent_dim)",
        )

    def decode(self, z: Tensor) -> Tensor:
        width = len(self.weight)
        if not isinstance(z, Tensor) or z.shape[-1] != width or z.dim() > 2:
            raise CheckFailed(
                f"for latent_dim = {width} decode was given {kind(z)}",
                f"codes of {width} numbers each, shape (count, {width})",
                "the shape of z: torch.randn(count, latent_dim)",
            )
        if z.dtype != self.weight.dtype:
            raise CheckFailed(
                f"the codes are {z.dtype}, the model's weights {self.weight.dtype}",
                "codes of the type that the model works with",
                "NumPy's numbers are float64: use torch.randn",
            )
        logits = z @ self.weight
        self.codes.append(z.detach().reshape(-1, width))
        self.logits.append(logits.detach().reshape(-1, PIXELS))
        return logits

    def forward(self, x: Tensor) -> Tensor:
        return self.encode(x)


@check("sample")
@undisturbed
def sample(function: Callable) -> None:
    """Check that pictures come from codes drawn from the prior N(0, I)."""
    model = _Recorder(3).eval()
    images = function(model, 97, 3)
    want_tensor(
        images,
        (97, PIXELS),
        "what sample(model, 97, 3) returns",
        "the number of codes: one for each picture, (count, latent_dim); and the "
        "pictures stay as decode gives them, (count, 784)",
    )
    _check_pictures(images, torch.cat(model.logits))
    if images.requires_grad:
        raise CheckFailed(
            "the pictures carry a gradient graph",
            "plain numbers: nothing is trained here",
            "with torch.no_grad(): around the decoding",
        )
    if model.training:
        raise CheckFailed(
            "the model is in training mode afterwards",
            "the mode it was handed in: evaluation",
            "train() inside sample",
        )
    first = torch.cat(model.codes)
    if not first.any():
        raise CheckFailed(
            "all codes are 0",
            "codes drawn from the prior N(0, I)",
            "how z is drawn: torch.randn (normal), not zeros",
        )
    model.codes.clear()
    if torch.allclose(images, function(model, 97, 3)):
        raise CheckFailed(
            "two calls give the same pictures",
            "new codes in each call",
            "a seed or generator inside the function, or codes drawn once outside",
        )
    if torch.allclose(first, first[:1].expand_as(first)):
        raise CheckFailed(
            "all pictures come from the same code",
            "a code of its own for each picture",
            "the shape of the draw: torch.randn(count, latent_dim)",
        )
    if torch.allclose(first, first[:, :1].expand_as(first)):
        raise CheckFailed(
            "the numbers of a code are all the same",
            "each latent dimension is drawn on its own",
            "the shape of the draw: torch.randn(count, latent_dim)",
        )
    _check_prior(function)


def _check_prior(function: Callable) -> None:
    model = _Recorder(3).eval()
    function(model, 4_000, 3)
    z = torch.cat(model.codes)
    mean, std = z.mean().item(), z.std().item()
    if abs(mean) > 0.1 or abs(std - 1) > 0.1:
        raise CheckFailed(
            f"the codes have mean {mean:.2f} and standard deviation {std:.2f}",
            "0 and 1: the prior is N(0, I), which the KL term pulled the codes to",
            "how z is drawn: torch.randn (normal), unscaled; not torch.rand (uniform)",
        )
    fourth = tails(z)
    if abs(fourth - 3) > 0.4:
        raise CheckFailed(
            f"the codes have mean 0 and standard deviation 1, but a fourth moment of "
            f"{fourth:.1f}",
            "3, as a normal distribution has",
            "how z is drawn: torch.randn, not a scaled uniform (1.8)",
        )


def _check_pictures(images: Tensor, logits: Tensor) -> None:
    right = torch.sigmoid(logits)
    if logits.shape == images.shape and torch.allclose(images, right, atol=1e-4):
        return
    wrong = {
        "the sigmoid is missing: decode returns logits": logits,
        "sigmoid applied twice": torch.sigmoid(right),
        "a clamp where the sigmoid belongs": logits.clamp(0, 1),
        "softmax over the pixels: each pixel has a probability of its own, sigmoid": (
            logits.softmax(-1)
        ),
        "tanh where the sigmoid belongs": torch.tanh(logits),
        "tanh, shifted: sigmoid(a) is (tanh(a / 2) + 1) / 2": (
            (torch.tanh(logits) + 1) / 2
        ),
    }
    look = "the sigmoid of what decode returns, and nothing after it"
    if bool(((images == 0) | (images == 1)).all()):
        look = "pixels are rounded or drawn (bernoulli); return the probabilities"
    for why, pictures in wrong.items():
        if pictures.shape == images.shape and torch.allclose(
            images, pictures, atol=1e-4
        ):
            look = why
    raise CheckFailed(
        f"the pictures, from {images.min():.2f} to {images.max():.2f}, are not the "
        f"sigmoid of the logits that decode gave",
        "probabilities between 0 and 1, ready to be drawn",
        look,
    )
