"""Checks of lesson 05, the number of latent dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lending import lender
from helpers.checks.modules import undisturbed

lend = lender("05")


@check("normal_quantiles")
@undisturbed
def normal_quantiles(function: Callable) -> None:
    """Check that the positions are the middles of equal shares of N(0, 1)."""
    for count in (7, 1, 2, 30):
        q = function(count)
        if isinstance(q, torch.Tensor) and not bool(torch.isfinite(q).all()):
            raise CheckFailed(
                f"normal_quantiles({count}) contains inf or nan",
                "the middles of the shares; at their edges 0 and 1 Phi^-1 is "
                "infinite, and beyond them it does not exist",
                "the half: the middles are 0.5 / count, 1.5 / count, ...",
            )
        want_tensor(
            q,
            (count,),
            f"normal_quantiles({count})",
            "the number of positions: one for each share",
        )
        q = q.double()
        shares = torch.special.ndtr(q)  # where they stand, from 0 to 1
        places = torch.arange(count, dtype=torch.float64)
        middles = (places + 0.5) / count
        if torch.allclose(shares, middles, atol=1e-4):
            continue
        right = torch.special.ndtri(middles)
        known = {
            "these are the shares themselves; torch.special.ndtri turns them": middles,
            "ndtr is Phi itself; its inverse is ndtri": torch.special.ndtr(middles),
            "the order: rising, from the left end to the right end": right.flip(0),
            "these are edges between count + 1 shares, (1, 2, ...) / (count + 1); the "
            "middles are wanted": torch.special.ndtri((places + 1) / (count + 1)),
            "erfinv needs a factor of sqrt(2)": right / math.sqrt(2),
            "logit is another distribution's inverse; ndtri is the normal one's": (
                torch.logit(middles)
            ),
        }
        look = "the shares (0.5, 1.5, 2.5, ...) / count; then ndtri"
        for mistake, values in known.items():
            if torch.allclose(q, values, atol=1e-4):
                look = mistake
        steps = q.diff()
        if count > 2 and torch.allclose(steps, steps.mean(), atol=1e-4):
            even = torch.allclose(q, middles, atol=1e-4)
            look = look if even else "the steps are equal in z, not in share"
        raise CheckFailed(
            f"normal_quantiles({count}) stands at the shares "
            f"{_short(shares)} of N(0, 1)",
            f"the middles of {count} equal shares, {_short(middles)}",
            look,
        )


@check("latent_grid")
@undisturbed
def latent_grid(function: Callable) -> None:
    """Check the order and the spacing of a square grid of codes."""
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
        look = "the order: row by row, z_1 changes from tile to tile, z_2 after a row"
        places = z.float().flatten().unique()
        if len(places) != count or not torch.allclose(places, q, atol=1e-4):
            look = "the positions on each axis: normal_quantiles(count)"
    raise CheckFailed(
        f"the first tile is at {_short(z[0])}, the last of the first row at "
        f"{_short(z[count - 1])}, the last of all at {_short(z[-1])}",
        f"{_short([q[0], q[-1]])} at the top left, {_short([q[-1], q[-1]])} at the top "
        f"right, {_short([q[-1], q[0]])} at the bottom right",
        look,
    )


@check("kl_per_dimension")
@undisturbed
def kl_per_dimension(function: Callable) -> None:
    """Check the mean KL of each dimension against closed forms."""
    from torch.distributions import Normal
    from torch.distributions import kl_divergence as exact

    mu, logvar = torch.randn(97, 5) + 1, torch.randn(97, 5)
    mu[:, 4] = logvar[:, 4] = 0.0  # a collapsed dimension
    before = mu.clone(), logvar.clone()
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
    if not torch.equal(mu, before[0]) or not torch.equal(logvar, before[1]):
        raise CheckFailed(
            "mu or logvar was changed",
            "both as they were: they are used again",
            "functions that end in _ and assignments with += work in place",
        )

    def terms(mu, logvar):
        return exact(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0))

    def close(values):
        return torch.allclose(kl.to(values.dtype), values, rtol=1e-3, atol=1e-4)

    want = terms(mu, logvar).mean(0)
    if close(want):
        return
    known = {
        "a sum over the images, where the mean is wanted": 97 * want,
        "the sign is flipped: KL is never negative": -want,
        "the factor 1/2 is missing": 2 * want,
        "the mean over the dimensions was taken as well": want / 5,
        "a sum over the images, divided by the number of dimensions": 97 * want / 5,
        "divided by N - 1; the mean divides by N": 97 * want / 96,
        "the KL of the mean code; take each image's KL first, then the mean": (
            terms(mu.mean(0), logvar.mean(0))
        ),
        "mu and logvar are swapped": terms(logvar, mu).mean(0),
        "exp(logvar) is the variance already, not the standard deviation": (
            terms(mu, 2 * logvar).mean(0)
        ),
        "logvar takes no part": 0.5 * mu.square().mean(0),
        "mu takes no part": terms(0 * mu, logvar).mean(0),
        "mu is not squared": terms(0 * mu, logvar).mean(0) + 0.5 * mu.mean(0),
        "exp() of logvar is missing": 0.5 * (mu.square() - 1).mean(0),
        "the - 1 is missing: a collapsed dimension costs 0": want + 0.5,
        "the KL is the wrong way round: from the code to the prior": (
            exact(Normal(0.0, 1.0), Normal(mu, torch.exp(logvar / 2))).mean(0)
        ),
        "bits; in nats nothing is divided by log 2": want / math.log(2),
        "the dimensions are sorted; keep their order": want.sort(descending=True)[0],
        "one image alone; average over all of them": terms(mu[0], logvar[0]),
    }
    look = "the terms: mu^2 + exp(logvar) - 1 - logvar, halved"
    for mistake, values in known.items():
        if close(values):
            look = mistake
    raise CheckFailed(
        f"for random mu and logvar the KL of the dimensions is {_short(kl)}",
        f"{_short(want)}",
        look,
    )


@check("active_units")
@undisturbed
def active_units(function: Callable) -> None:
    """Check that dimensions count as active by the variance of their means."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(400, 5, generator=generator)
    noise = (noise - noise.mean(0)) / noise.std(0)
    spread = torch.tensor([3.0, 0.0, 0.2, 0.05, 0.0])  # variances 9, 0, 0.04, 0.0025, 0
    centre = torch.tensor([0.0, 0.0, -3.0, 0.0, 2.0])
    mu = centre + spread * noise
    before = mu.clone()
    active = function(mu)
    if not torch.equal(mu, before):
        raise CheckFailed(
            "mu was changed",
            "mu as it was: it is used again",
            "functions that end in _ and assignments with -= work in place",
        )
    if isinstance(active, torch.Tensor) and active.ndim == 0:
        raise CheckFailed(
            f"active_units returns one number, {active.item()}",
            "a tensor of bool, one for each dimension",
            "count later; here, keep the dimensions apart",
        )
    if isinstance(active, torch.Tensor) and active.dtype != torch.bool:
        raise CheckFailed(
            f"the result has the type {active.dtype}",
            "torch.bool, so that it can pick dimensions: True or False each",
            "the comparison with the threshold, and nothing after it (no indices)",
        )
    want_tensor(
        active,
        (5,),
        "active_units for mu of shape (400, 5)",
        "the axis of the variance: dim=0 runs over the images",
    )
    got, want = active.tolist(), [True, False, True, False, False]
    if got != want:
        look = "variance over the images, compared with the threshold"
        if function(mu, threshold=0.01).tolist() == want:
            look = "the default of the argument: threshold=0.01"
        elif got == [not value for value in want]:
            look = "the comparison: active means above the threshold"
        elif got[4]:
            look = (
                "a mean that is always 2 says nothing about the image: take the "
                "variance of mu, not its size or its square"
            )
        elif got == [True, False, True, True, False]:
            look = (
                "the variance, a mean of squares (0.05 squared is 0.0025), not the "
                "standard deviation, the range or a sum"
            )
        raise CheckFailed(
            f"for variances 9, 0, 0.04, 0.0025, 0 (the last mean always 2): {got}",
            f"{want} at the threshold 0.01",
            look,
        )
    raised = function(mu, threshold=0.1).tolist()
    if raised != [True, False, False, False, False]:
        raise CheckFailed(
            f"at threshold 0.1: {raised}",
            "the variance 0.04 is below 0.1: not active there",
            "is 0.01 written into the function instead of `threshold`?",
        )


@check("linear_probe")
@undisturbed
def linear_probe(function: Callable) -> None:
    """Check that the probe is linear, learns, and is judged on the test codes."""
    rng = np.random.default_rng(0)

    def near(centres):
        return centres + 0.3 * rng.standard_normal(centres.shape)

    turn = 2 * np.pi * np.arange(5) / 5
    corners = 4 * np.column_stack([np.cos(turn), np.sin(turn)])  # one for each class
    labels, test_labels = np.arange(300) % 5, rng.integers(0, 5, 97)
    codes, test_codes = near(corners[labels]), near(corners[test_labels])
    easy = _share(function(codes, labels, test_codes, test_labels))
    if easy < 0.95:
        look = "is the classifier trained on codes, labels and scored on the test pair?"
        if easy < 0.05:
            look = "that is the share of errors; count what is right"
        raise CheckFailed(
            f"five separate clouds are read with accuracy {easy:.2f}",
            "about 1.00: a linear classifier separates them",
            look,
        )
    apart = 4 * np.eye(5)  # five classes in five dimensions
    few, few_labels = near(apart[labels[:100]]), labels[:100]
    told = rng.integers(0, 3, 400)  # three of the five classes, and class 0 misnamed
    mixed = _share(
        function(few, few_labels, near(apart[told]), np.where(told == 0, 1, told))
    )
    share = np.mean(told > 0)
    if abs(mixed - share) > 0.07:
        look = "the share of test_labels that are predicted; codes and labels train"
        if mixed > 0.95:
            look = (
                "test_codes and test_labels are to be scored, never trained on; codes "
                "and labels are trained on, never scored"
            )
        raise CheckFailed(
            f"where a third of the test labels are wrong the accuracy is {mixed:.2f}",
            f"{share:.2f}: the classifier has not seen these labels and misses them",
            look,
        )
    alone = _share(function(codes, labels, near(corners[told * 0 + 2]), told * 0 + 2))
    if alone < 0.95:
        raise CheckFailed(
            f"when all test codes are of one class the accuracy is {alone:.2f}",
            "about 1.00, as for the same codes among others",
            "are the test codes scaled by their own mean and spread? Use the training "
            "codes' for both",
        )
    signs = rng.integers(0, 2, (600, 2))
    angle = 2 * np.pi * rng.random(600)
    circle = 3 * np.column_stack([np.cos(angle), np.sin(angle)])
    ring = signs[:, 0]
    shapes = {
        "four clouds with opposite corners in a class": (
            4 * signs - 2,
            signs.sum(1) % 2,
        ),
        "a cloud and a ring around it": (circle * ring[:, None], ring),
    }
    for shape, (centres, classes) in shapes.items():
        points = near(centres)
        bent = _share(
            function(points[:400], classes[:400], points[400:], classes[400:])
        )
        if bent > 0.85:
            raise CheckFailed(
                f"{shape} are read with accuracy {bent:.2f}",
                "about 0.50 to 0.75: no straight line separates them",
                "the classifier is not linear (neighbours, a tree, a network, a "
                "kernel, a variance for each class?)",
            )


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


def _share(value: object) -> float:
    """The probe's answer as a float, or a failure that says what it was."""
    try:
        share = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        raise CheckFailed(
            f"linear_probe returns {type(value).__name__}",
            "one number, the share that is right",
            "the return statement",
        ) from None
    if not 0 <= share <= 1 or math.isnan(share):
        raise CheckFailed(
            f"linear_probe returns {value!r}",
            "a share from 0 to 1",
            "percent, or a count, instead of a share?",
        )
    return share


def _short(values) -> str:
    """A few numbers for a message."""
    numbers = [f"{float(value):.2f}" for value in list(values)[:4]]
    return f"({', '.join(numbers)}{', ...' if len(values) > 4 else ''})"
