"""Checks of lesson 05, the number of latent dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.checks.base import CheckFailed, check, want_tensor


@check("normal_quantiles")
def normal_quantiles(function: Callable) -> None:
    """Check that the positions are the middles of equal shares of N(0, 1)."""
    import torch

    for count in (1, 2, 7, 30):
        q = function(count)
        want_tensor(
            q,
            (count,),
            f"normal_quantiles({count})",
            "the number of positions: one for each share",
        )
        shares = torch.special.ndtr(q.double())  # where they stand, from 0 to 1
        middles = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        if torch.allclose(shares, middles, atol=1e-4):
            continue
        if torch.allclose(q.double(), middles, atol=1e-4):
            look = "these are the shares themselves; torch.special.ndtri turns them"
        elif torch.allclose(shares.flip(0), middles, atol=1e-4):
            look = "the order: rising, from the left end to the right end"
        elif count > 2 and torch.allclose(q.diff(), q.diff().mean(), atol=1e-4):
            look = "the steps are equal in z; they should be equal in share"
        else:
            look = "the shares: (0.5, 1.5, 2.5, ...) / count, then ndtri"
        raise CheckFailed(
            f"normal_quantiles({count}) stands at the shares "
            f"{_short(shares)} of N(0, 1)",
            f"the middles of {count} equal shares, {_short(middles)}",
            look,
        )


@check("latent_grid")
def latent_grid(function: Callable) -> None:
    """Check the order and the spacing of a square grid of codes."""
    import torch

    count = 5
    z = function(count)
    want_tensor(
        z,
        (count * count, 2),
        f"latent_grid({count})",
        "one row for each tile, (count * count, 2): stack and reshape",
    )
    q = torch.special.ndtri((torch.arange(count) + 0.5) / count)
    table = z.reshape(count, count, 2).float()
    z1, z2 = table[..., 0], table[..., 1]
    right = q.expand(count, count)  # rising along each row
    up = q.flip(0)[:, None].expand(count, count)  # largest in the first row
    if torch.allclose(z1, right, atol=1e-4) and torch.allclose(z2, up, atol=1e-4):
        return
    if torch.allclose(z1, right, atol=1e-4) and torch.allclose(
        z2, up.flip(0), atol=1e-4
    ):
        look = "z_2 rises downwards; the first row of a picture is its top: flip z_2"
    elif torch.allclose(z1, up, atol=1e-4) and torch.allclose(z2, right, atol=1e-4):
        look = "the two columns are swapped: z_1 comes first"
    elif torch.allclose(z1, right.T, atol=1e-4):
        look = "z_1 changes from row to row; it should change along a row"
    elif torch.allclose(z1, right.flip(1), atol=1e-4):
        look = "z_1 falls from left to right; it should rise"
    else:
        look = "the positions on each axis, normal_quantiles(count), and their order"
    raise CheckFailed(
        f"the first tile is at {_short(z[0])}, the last of the first row at "
        f"{_short(z[count - 1])}, the last of all at {_short(z[-1])}",
        f"{_short([q[0], q[-1]])} at the top left, {_short([q[-1], q[-1]])} at the top "
        f"right, {_short([q[-1], q[0]])} at the bottom right",
        look,
    )


@check("kl_per_dimension")
def kl_per_dimension(function: Callable) -> None:
    """Check the mean KL of each dimension against closed forms."""
    import torch
    from torch.distributions import Normal
    from torch.distributions import kl_divergence as exact

    mu, logvar = torch.randn(97, 5), torch.randn(97, 5)
    kl = function(mu, logvar)
    shape = tuple(getattr(kl, "shape", ()))
    look = "the axis of the mean: dim=0 runs over the images"
    if shape == (97,):
        look = "you reduced over the dimensions (dim=1); keep them, average over dim=0"
    elif shape == () and isinstance(kl, torch.Tensor):
        look = "you reduced over everything; average over the images only: dim=0"
    elif shape == (97, 5):
        look = "the mean over the images (dim=0) is missing"
    want_tensor(kl, (5,), "the KL for mu and logvar of shape (97, 5)", look)
    want = exact(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0)).mean(0)
    if torch.allclose(kl.to(want.dtype), want, rtol=1e-3, atol=1e-4):
        return
    ratio = float((kl / want).mean())
    steady = torch.allclose(kl / want, torch.full((5,), ratio).to(kl), rtol=1e-2)
    reasons = {
        97.0: "a sum over the images, where the mean is wanted",
        -1.0: "the sign is flipped: KL is never negative",
        2.0: "the factor 1/2 is missing",
        0.2: "the mean over the dimensions was taken as well",
    }
    near = min(reasons, key=lambda value: abs(value - ratio))
    told = steady and abs(near - ratio) < 0.05 * abs(near)
    raise CheckFailed(
        f"for random mu and logvar the KL of the dimensions is {_short(kl)}",
        f"{_short(want)}",
        reasons[near] if told else "the terms: mu^2 + exp(logvar) - 1 - logvar, halved",
    )


@check("active_units")
def active_units(function: Callable) -> None:
    """Check that dimensions count as active by the variance of their means."""
    import torch

    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(400, 5, generator=generator)
    noise = (noise - noise.mean(0)) / noise.std(0)
    spread = torch.tensor([1.0, 0.0, 0.2, 0.05, 0.0])  # variances 1, 0, 0.04, 0.0025, 0
    centre = torch.tensor([0.0, 0.0, -3.0, 0.0, 2.0])
    mu = centre + spread * noise
    active = function(mu)
    if isinstance(active, torch.Tensor) and active.ndim == 0:
        raise CheckFailed(
            f"active_units returns one number, {active.item()}",
            "a tensor of bool, one for each dimension",
            "count later; here, keep the dimensions apart",
        )
    want_tensor(
        active,
        (5,),
        "active_units for mu of shape (400, 5)",
        "the axis of the variance: dim=0 runs over the images",
    )
    if active.dtype != torch.bool:
        raise CheckFailed(
            f"the result has the type {active.dtype}",
            "torch.bool, so that it can pick dimensions: True or False each",
            "the comparison with the threshold",
        )
    got, want = active.tolist(), [True, False, True, False, False]
    if got != want:
        look = "variance over the images, compared with the threshold"
        if got == [not value for value in want]:
            look = "the comparison: active means above the threshold"
        elif got[4]:
            look = (
                "a mean that is always 2 says nothing about the image: take the "
                "variance of mu, not its size or its square"
            )
        elif got == [True, False, True, True, False]:
            look = "the variance (0.05 squared is 0.0025), not the standard deviation"
        raise CheckFailed(
            f"for variances 1, 0, 0.04, 0.0025, 0 (the last mean always 2): {got}",
            f"{want} at the threshold 0.01",
            look,
        )
    if function(mu, threshold=0.1).tolist() != [True, False, False, False, False]:
        raise CheckFailed(
            "the same result at threshold 0.1 as at 0.01",
            "the variance 0.04 is below 0.1: not active there",
            "is 0.01 written into the function instead of `threshold`?",
        )


@check("linear_probe")
def linear_probe(function: Callable) -> None:
    """Check that the probe is linear, learns, and is judged on the test codes."""
    rng = np.random.default_rng(0)
    centres = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 4.0]])
    labels, test_labels = rng.integers(0, 3, 300), rng.integers(0, 3, 97)
    codes = centres[labels] + 0.3 * rng.standard_normal((300, 2))
    test_codes = centres[test_labels] + 0.3 * rng.standard_normal((97, 2))
    easy = _share(function(codes, labels, test_codes, test_labels))
    if easy < 0.95:
        raise CheckFailed(
            f"three separate clouds are read with accuracy {easy:.2f}",
            "about 1.00: a linear classifier separates them",
            "is the classifier trained on codes, labels and scored on the test pair?",
        )
    wrong = _share(function(codes, labels, test_codes, (test_labels + 1) % 3))
    if wrong > 0.2:
        raise CheckFailed(
            f"with wrong test labels the accuracy is still {wrong:.2f}",
            "about 0.00: the test labels are what the answers are held against",
            "which codes and labels are scored: test_codes and test_labels",
        )
    few, blind = rng.standard_normal((40, 30)), rng.integers(0, 2, 40)
    lucky = _share(
        function(few, blind, rng.standard_normal((400, 30)), rng.integers(0, 2, 400))
    )
    if lucky > 0.7:
        raise CheckFailed(
            f"on labels that are pure chance the accuracy is {lucky:.2f}",
            "about 0.50: nothing can be read there",
            "the classifier is scored on images it was trained on",
        )
    corners = rng.integers(0, 2, (600, 2))
    crossed = corners.sum(1) % 2  # opposite corners belong together
    points = 2.0 * corners - 1 + 0.1 * rng.standard_normal((600, 2))
    bent = _share(function(points[:400], crossed[:400], points[400:], crossed[400:]))
    if bent > 0.8:
        raise CheckFailed(
            f"four clouds with opposite corners in a class are read with {bent:.2f}",
            "about 0.50 to 0.75: no straight line separates them",
            "the classifier is not linear (neighbours, a tree, a network, a kernel?)",
        )


@check("start_at_mean_image")
def start_at_mean_image(function: Callable) -> None:
    """Check that a decoder's last layer answers with the mean image at first."""
    import torch
    from torch import nn

    mean_image = torch.rand(784) * 0.9 + 0.05
    mean_image[:100] = 0.0  # the border
    mean_image[100] = 1.0
    layer = nn.Linear(32, 784)
    weight = layer.weight.detach().clone()
    before = mean_image.clone()
    function(layer, mean_image)
    if not isinstance(layer.bias, nn.Parameter) or not layer.bias.requires_grad:
        raise CheckFailed(
            "the bias is not a trainable parameter any more",
            "it only starts at the mean image; training goes on from there",
            "change it in place, layer.bias.copy_(...), inside torch.no_grad()",
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
    if black > 0.02 or white < 0.98:
        raise CheckFailed(
            f"an always black pixel starts at {black:.3f}, an always white one at "
            f"{white:.3f}",
            "0.003 and 0.997",
            "the bounds of the clamp",
        )


def _share(value: object) -> float:
    """The probe's answer as a float, or a failure that says what it was."""
    try:
        share = float(value)
    except (TypeError, ValueError):
        raise CheckFailed(
            f"linear_probe returns {type(value).__name__}",
            "one number, the share that is right",
            "the return statement",
        ) from None
    if not 0 <= share <= 1 or math.isnan(share):
        raise CheckFailed(
            f"linear_probe returns {share:.4g}",
            "a share from 0 to 1",
            "percent, or a count, instead of a share?",
        )
    return share


def _short(values) -> str:
    """A few numbers for a message."""
    numbers = [f"{float(value):.2f}" for value in list(values)[:4]]
    return f"({', '.join(numbers)}{', ...' if len(values) > 4 else ''})"
