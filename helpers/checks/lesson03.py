"""Checks of lesson 03, the variational autoencoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from helpers.checks.base import CheckFailed, check, want_tensor

if TYPE_CHECKING:
    import torch


@check("reparameterize")
def reparameterize(function: Callable) -> None:
    """Check ``z = mu + sigma * eps``: moments, independence, gradients."""
    import torch

    mu, logvar = torch.randn(97, 5), torch.randn(97, 5)
    want_tensor(
        function(mu, logvar),
        (97, 5),
        "z for mu and logvar of shape (97, 5)",
        "the shape of the noise: it needs one number for each element of mu",
    )
    n = 20_000
    z = function(torch.full((n, 2), 3.0), torch.full((n, 2), 2.0)).detach()
    mean, std, right = z.mean().item(), z.std().item(), math.exp(1.0)
    if std < 1e-3:
        raise CheckFailed(
            f"20,000 draws at mu = 3, logvar = 2 are all the same number, {mean:.2f}",
            "random draws: z = mu + sigma * eps with fresh eps from N(0, 1)",
            "the noise: is it drawn, and is it used?",
        )
    if abs(std - right) > 0.05 * right:
        names = {
            math.exp(2): "that is exp(logvar), the variance",
            2.0: "that is logvar itself",
            1.0: "the noise is not scaled at all",
            math.exp(0.5): "that is exp(logvar / 4), the root was taken twice",
            math.exp(-1): "that is exp(-logvar / 2), the sign is flipped",
            math.exp(1) / math.sqrt(12): "the noise looks uniform (rand), not normal",
        }
        near = min(names, key=lambda value: abs(value - std))
        hint = f"; {names[near]}" if abs(near - std) < 0.05 * near else ""
        raise CheckFailed(
            f"at logvar = 2 the draws have standard deviation {std:.2f}{hint}",
            f"sigma = exp(logvar / 2) = {right:.2f}, since logvar is log(sigma^2)",
            "how sigma is computed from logvar",
        )
    if abs(mean - 3.0) > 0.15:
        raise CheckFailed(
            f"at mu = 3, logvar = 2 the draws have mean {mean:.2f}",
            "mean mu = 3: noise with mean 0, added to mu",
            "the noise (randn has mean 0, rand has mean 0.5) and how mu enters",
        )
    if torch.allclose(z[:, 0], z[:, 1]) or torch.allclose(z[:1].expand_as(z), z):
        raise CheckFailed(
            "the same noise is used for several elements of z",
            "fresh noise for every image and every latent dimension",
            "the shape you draw eps with: torch.randn_like(mu) has the right one",
        )
    mu, logvar = torch.zeros(64, 3, requires_grad=True), torch.zeros(64, 3)
    logvar.requires_grad_()
    z = function(mu, logvar)
    if not z.requires_grad:
        raise CheckFailed(
            "no gradient flows through z: the encoder would never learn",
            "gradients reach both mu and logvar, since only eps is random",
            "detach(), no_grad() or .sample(); draw eps, then compute with mu and "
            "sigma (Normal has .rsample() for that)",
        )
    (z**2).sum().backward()
    for name, leaf in (("mu", mu), ("logvar", logvar)):
        if leaf.grad is None or not bool(leaf.grad.abs().sum() > 0):
            raise CheckFailed(
                f"no gradient reaches {name}",
                "gradients reach both mu and logvar, since only eps is random",
                f"detach(), .data, no_grad() or .item() on the way from {name} to z",
            )


@check("kl_divergence")
def kl_divergence(function: Callable) -> None:
    """Check KL(N(mu, sigma^2) || N(0, 1)) per image against closed forms."""
    import torch
    from torch.distributions import Normal
    from torch.distributions import kl_divergence as exact

    mu, logvar = torch.randn(97, 5), torch.randn(97, 5)
    kl = function(mu, logvar)
    shape = tuple(getattr(kl, "shape", ()))
    look = "the axis of the sum: dim=1 (or -1) runs over the latent dimensions"
    if shape == (5,):
        look = "you summed over the batch (dim=0); each image needs its own KL: dim=1"
    elif shape == () and isinstance(kl, torch.Tensor):
        look = "you reduced over everything; sum over dim=1 only, one value an image"
    elif shape == (97, 5):
        look = "the sum over the latent dimensions (dim=1) is missing"
    want_tensor(kl, (97,), "KL for mu and logvar of shape (97, 5)", look)
    zero = function(torch.zeros(3, 4), torch.zeros(3, 4))
    if not torch.allclose(zero, torch.zeros_like(zero), atol=1e-5):
        raise CheckFailed(
            f"KL at mu = 0, logvar = 0 is {zero[0].item():.3g}",
            "0: there the code's distribution is N(0, 1) itself",
            "the constant terms: 1 + logvar - mu^2 - exp(logvar) is 0 at that point",
        )
    two = function(torch.full((3, 4), 2.0), torch.zeros(3, 4))[0].item()
    if abs(two - 8.0) > 1e-3:
        reasons = {
            -8.0: "the sign is flipped: training would push it to minus infinity",
            16.0: "the factor 1/2 is missing",
            -16.0: "the sign is flipped and the factor 1/2 is missing",
            2.0: "that is the mean over the 4 dimensions, where the sum is wanted",
            4.0: "mu is not squared",
        }
        near = min(reasons, key=lambda value: abs(value - two))
        why = reasons[near] if abs(near - two) < 1e-2 else "check each term"
        raise CheckFailed(
            f"KL at mu = 2, logvar = 0 in 4 dimensions is {two:.3g}",
            "mu^2 / 2 = 2 in each dimension, 8 in all",
            why,
        )
    want = exact(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0)).sum(1)
    if not torch.allclose(kl.to(want.dtype), want, rtol=1e-3, atol=1e-3):
        i = int((kl - want).abs().argmax())
        raise CheckFailed(
            f"for random mu and logvar one image has KL {kl[i].item():.3f} "
            f"(lowest over the batch: {kl.min().item():.3f})",
            f"{want[i].item():.3f}; KL is never negative",
            "how logvar enters: sigma^2 = exp(logvar), and log(sigma^2) = logvar "
            "(no further exp, log or square)",
        )
    mu, logvar = torch.ones(4, 2, requires_grad=True), torch.ones(4, 2)
    logvar.requires_grad_()
    kl = function(mu, logvar)
    if kl.requires_grad:
        kl.sum().backward()
    if mu.grad is None or logvar.grad is None:
        raise CheckFailed(
            "no gradient flows from the KL to both mu and logvar",
            "the KL term trains the encoder, so gradients must reach it",
            "detach(), .item(), no_grad() or a detour through NumPy",
        )


@check("reconstruction_loss")
def reconstruction_loss(function: Callable) -> None:
    """Check the summed binary cross-entropy of logits, one value an image."""
    import torch

    x, logits = torch.rand(97, 784), torch.randn(97, 784)
    loss = function(logits, x)
    shape = tuple(getattr(loss, "shape", ()))
    look = "the reduction: sum over the pixels (dim=1), keep the images apart"
    if shape == (97, 784):
        look = "the sum over the pixels (dim=1) is missing"
    elif shape == (784,):
        look = "you summed over the batch (dim=0); sum over the pixels: dim=1"
    elif shape == ():
        look = (
            "reduction='sum' or 'mean' also runs over the images; take "
            "reduction='none', then sum over dim=1"
        )
    want_tensor(loss, (97,), "the loss for 97 images of 784 pixels", look)
    half = function(torch.zeros(2, 784), torch.full((2, 784), 0.25))[0].item()
    right = 784 * math.log(2)
    if abs(half - right) > 0.5:
        reasons = {
            math.log(2): "that is the mean over the pixels; the sum is wanted, or the "
            "KL term will outweigh it 784 times",
            49.0: "that is a squared error, not a cross-entropy",
            0.0625: "that is a mean squared error, not a cross-entropy",
            -right: "the sign is flipped",
            665.7: "the logits went through two sigmoids: once by you, once by the "
            "_with_logits function",
            647.6: "images and logits are swapped: the prediction comes first",
        }
        near = min(reasons, key=lambda value: abs(value - half))
        close = abs(near - half) < 0.02 * max(1.0, abs(near))
        why = reasons[near] if close else "logits are not probabilities yet"
        raise CheckFailed(
            f"at logits = 0 (probability 1/2 everywhere) the loss is {half:.4g} "
            f"an image",
            f"784 * log 2 = {right:.1f}, whatever the image",
            why,
        )
    black = function(torch.full((2, 784), -30.0), torch.zeros(2, 784))[0].item()
    if not abs(black) < 1.0:
        raise CheckFailed(
            f"a confident, right black image costs {black:.1f}",
            "nearly 0: every pixel is predicted black, and is black",
            "sigmoid is applied twice (once by you, once by the _with_logits "
            "function), or images and logits are swapped",
        )
    wrong = function(torch.full((2, 784), 6.0), torch.zeros(2, 784))[0].item()
    if not wrong > 784:
        raise CheckFailed(
            f"a confident, wrong white image costs only {wrong:.1f}",
            f"about 6 a pixel, {6 * 784} in all: being sure and wrong costs most",
            "the order of the arguments: binary cross-entropy takes the prediction "
            "first, the target second",
        )
    twice = function(logits.repeat(1, 2), x.repeat(1, 2))
    if not torch.allclose(twice, 2 * loss, rtol=1e-3):
        raise CheckFailed(
            "an image with twice the pixels does not cost twice as much",
            "a sum over the pixels",
            "a mean, or a number such as 784 written into the function",
        )
    with torch.no_grad():
        want = -(
            x * torch.nn.functional.logsigmoid(logits)
            + (1 - x) * torch.nn.functional.logsigmoid(-logits)
        ).sum(1)
    if not torch.allclose(loss.detach().to(want.dtype), want, rtol=1e-3):
        raise CheckFailed(
            f"for random logits and grey images the first image costs "
            f"{loss[0].item():.2f}",
            f"{want[0].item():.2f}, from -[x log p + (1 - x) log(1 - p)], "
            f"p = sigmoid(logits)",
            "whether the pixels are used as they are (grey, not rounded), and both "
            "terms of the formula",
        )
    logits = logits.requires_grad_()
    loss = function(logits, x)
    if not loss.requires_grad:
        raise CheckFailed(
            "no gradient flows from the loss to the logits",
            "the loss trains the decoder, so gradients must reach it",
            "detach(), .item(), no_grad() or a detour through NumPy",
        )


@check("VAE")
def vae(model_class: type[torch.nn.Module]) -> None:
    """Check the 784-512-(mu, logvar) model: shapes, heads, randomness, gradients."""
    import torch

    model = model_class(7)
    if not isinstance(model, torch.nn.Module):
        raise CheckFailed(
            f"VAE(7) is a {type(model).__name__}",
            "a torch.nn.Module, so that its weights can be trained and saved",
            "the first line: class VAE(nn.Module), and super().__init__()",
        )
    for latent_dim, batch in ((7, 97), (3, 1), (3, 128)):
        model = model_class(latent_dim)
        x = torch.rand(batch, 784)
        codes = model.encode(x)
        if not isinstance(codes, tuple | list) or len(codes) != 2:
            raise CheckFailed(
                f"encode returns {type(codes).__name__}",
                "two tensors: mu, logvar",
                "the return statement of encode",
            )
        look = "the two heads: Linear(512, latent_dim) each; no batch size inside"
        want_tensor(codes[0], (batch, latent_dim), "mu from encode", look)
        want_tensor(codes[1], (batch, latent_dim), "logvar from encode", look)
        want_tensor(
            model.decode(codes[0]),
            (batch, 784),
            "what decode returns",
            "the decoder's last layer: Linear(512, 784)",
        )
        outputs = model(x)
        if not isinstance(outputs, tuple | list) or len(outputs) != 3:
            raise CheckFailed(
                f"model(x) returns {type(outputs).__name__}",
                "three tensors: logits, mu, logvar",
                "the return statement of forward",
            )
        for output, size, name in zip(
            outputs,
            (784, latent_dim, latent_dim),
            ("logits", "mu", "logvar"),
            strict=True,
        ):
            want_tensor(
                output,
                (batch, size),
                f"{name} from model(x)",
                "the order of the return: logits, mu, logvar",
            )
    model = model_class(6).train()
    x = torch.rand(256, 784)
    mu, logvar = model.encode(x)
    if torch.allclose(mu, logvar):
        raise CheckFailed(
            "mu and logvar are the same numbers",
            "two heads with weights of their own, both on top of the 512 units",
            "encode: is one layer used twice?",
        )
    # Far inputs, so that also a softplus standard deviation shows both signs.
    mu, logvar = model.encode(30 * torch.randn(256, 784))
    for name, head in (("mu", mu), ("logvar", logvar)):
        if bool((head >= 0).all()) or bool((head <= 0).all()):
            raise CheckFailed(
                f"{name} has one sign for every image and dimension",
                f"any real number: {name} may be negative and positive",
                f"an activation (ReLU, softplus, exp, sigmoid) after the {name} layer",
            )
    decoded = model.decode(100.0 * torch.randn(256, 6))
    if bool((decoded >= 0).all()) and bool((decoded <= 1).all()):
        raise CheckFailed(
            "decode returns numbers between 0 and 1 only",
            "logits, any real number: reconstruction_loss applies the sigmoid",
            "a sigmoid at the end of the decoder: leave it out here",
        )
    if bool((decoded >= 0).all()):
        raise CheckFailed(
            "decode never returns a negative number",
            "logits, any real number: half of them should start below 0",
            "an activation after the decoder's last layer: leave it out",
        )
    small, large = model.decode(torch.randn(9, 6)), model.decode(torch.randn(9, 6))
    if torch.allclose(small, large):
        raise CheckFailed(
            "decode gives the same picture for every code",
            "pictures that depend on z",
            "decode: is z used?",
        )
    first, second = model(x)[0], model(x)[0]
    if torch.allclose(first, second):
        raise CheckFailed(
            "two passes over the same images give the same logits",
            "different ones: z is sampled on each pass",
            "forward: decode a z from reparameterize(mu, logvar), not mu",
        )
    logits, mu, logvar = model(x)
    (logits.square().mean() + mu.square().mean() + logvar.square().mean()).backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None]
    if idle:
        raise CheckFailed(
            f"these weights take no part in model(x): {', '.join(idle)}",
            "every layer is used, or not made",
            "forward and encode: is a layer forgotten, or a tensor detached?",
        )
    count = sum(p.numel() for p in model.parameters())
    right = 784 * 512 + 512 + 2 * (512 * 6 + 6) + 6 * 512 + 512 + 512 * 784 + 784
    if abs(count - right) > 0.03 * right:
        raise CheckFailed(
            f"the model has {count:,} weights at latent_dim = 6",
            f"about {right:,}: 784 to 512, 512 to mu and logvar, 6 to 512, 512 to 784",
            "the widths of the layers, and whether there is one too many or too few",
        )


@check("vae_loss")
def vae_loss(function: Callable) -> None:
    """Check mean over images of reconstruction + beta * KL, on a stand-in model."""
    import torch

    scale = torch.nn.Parameter(torch.ones(()))

    def model(x):
        batch = len(x)
        logits = scale * torch.zeros(batch, 784)
        return logits, scale * torch.full((batch, 4), 2.0), torch.zeros(batch, 4)

    right = 784 * math.log(2)
    losses = {}
    for batch in (1, 97):
        for beta in (0.0, 1.0, 3.0):
            losses[batch, beta] = function(model, torch.rand(batch, 784), beta)
    loss = losses[97, 1.0]
    want_tensor(
        loss,
        (),
        "the loss of a batch",
        "the mean over the images at the end: backward() needs one number",
    )
    values = {key: value.item() for key, value in losses.items()}
    if abs(values[97, 1.0] - 97 * (right + 8)) < 10:
        raise CheckFailed(
            f"97 images cost {values[97, 1.0]:.0f}",
            f"{right + 8:.1f}: the mean over the images, so that the learning rate "
            f"does not depend on the batch size",
            "the last step: .mean(), not .sum(), over the images",
        )
    if abs(values[97, 0.0] - right) > 0.5:
        raise CheckFailed(
            f"with beta = 0 the loss is {values[97, 0.0]:.2f}",
            f"the reconstruction loss alone, {right:.1f} for this model",
            "how beta enters: reconstruction + beta * KL",
        )
    slope = (values[97, 3.0] - values[97, 0.0]) / 3
    if abs(slope - 8.0) > 0.1:
        raise CheckFailed(
            f"raising beta by 1 raises the loss by {slope:.2f}",
            "by the KL, which is 8 for this model (mu = 2, logvar = 0, 4 dimensions)",
            "how beta enters (it multiplies the KL alone, and must be used), the sign "
            "of the KL, and that both terms are averaged over the same thing",
        )
    if abs(values[1, 1.0] - values[97, 1.0]) > 0.5:
        raise CheckFailed(
            f"1 image costs {values[1, 1.0]:.1f}, 97 like it {values[97, 1.0]:.1f}",
            "the same: a mean over the images of the batch",
            "a batch size written into the function",
        )
    if not loss.requires_grad:
        raise CheckFailed(
            "no gradient flows from the loss to the model",
            "backward() must reach every weight",
            "detach(), .item() or no_grad() inside vae_loss",
        )


@check("sample")
def sample(function: Callable) -> None:
    """Check that pictures come from codes drawn from the prior N(0, I)."""
    import torch

    class Recorder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.codes = []

        def encode(self, x):
            raise CheckFailed(
                "sample calls encode",
                "no image is needed: codes are drawn from the prior N(0, I)",
                "where z comes from: torch.randn(count, latent_dim)",
            )

        def decode(self, z):
            self.codes.append(z.detach())
            return 8 * torch.tanh(z.sum(1, keepdim=True)).expand(-1, 784) + self.weight

        def forward(self, x):
            return self.encode(x)

    model = Recorder()
    images = function(model, 97, 3)
    want_tensor(
        images,
        (97, 784),
        "what sample(model, 97, 3) returns",
        "the number of codes: one for each picture, (count, latent_dim)",
    )
    if bool((images < 0).any()) or bool((images > 1).any()):
        raise CheckFailed(
            f"the pictures range from {images.min():.1f} to {images.max():.1f}",
            "probabilities between 0 and 1, ready to be drawn",
            "the sigmoid: decode returns logits",
        )
    if images.requires_grad:
        raise CheckFailed(
            "the pictures carry a gradient graph",
            "plain numbers: nothing is trained here",
            "with torch.no_grad(): around the decoding",
        )
    model.codes.clear()
    function(model, 20_000, 3)
    z = torch.cat([code.reshape(-1, 3) for code in model.codes])
    mean, std = z.mean().item(), z.std().item()
    if abs(mean) > 0.1 or abs(std - 1) > 0.1:
        raise CheckFailed(
            f"the codes have mean {mean:.2f} and standard deviation {std:.2f}",
            "0 and 1: the prior is N(0, I), which the KL term pulled the codes to",
            "how z is drawn: torch.randn (normal), not torch.rand (uniform) or zeros",
        )
    if float((z.abs() < 3).all(1).float().mean()) == 1.0:
        raise CheckFailed(
            "none of 60,000 numbers in the codes is beyond 3",
            "a normal distribution, which has about 160 there",
            "how z is drawn: torch.randn, not a scaled uniform",
        )
    if bool((images > 0.49).all()) and bool((images < 0.75).all()):
        raise CheckFailed(
            f"all pixels lie between {images.min():.2f} and {images.max():.2f}, grey",
            "nearly black and nearly white pixels, as the decoder is sure here",
            "sigmoid applied twice",
        )
