"""KL, cross-entropy and their sum: what is right, and what each mistake would give.

References are computed in float64. A mistake is named only if its value, at the drawn
numbers, is the one that was seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


def kl_terms(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL( N(mu, sigma^2) || N(0, 1) ) of each image and dimension, (B, d), float64."""
    mu, logvar = mu.detach().double(), logvar.detach().double()
    return (mu**2 + logvar.exp() - 1 - logvar) / 2


def kl_parts(mu: Tensor, logvar: Tensor) -> Tensor:
    """How large the numbers are that a KL is the small difference of: (B,), float64.

    Entropy and cross-entropy, log(2 pi) and all, is one way to write it.
    """
    mu, logvar = mu.detach().double(), logvar.detach().double()
    return (mu**2 + logvar.exp() + 1 + logvar.abs()).sum(1) / 2 + (
        mu.shape[1] * math.log(2 * math.pi)
    )


def kl_mistakes(mu: Tensor, logvar: Tensor) -> dict[str, Tensor]:
    """What wrong formulas give for each image and dimension: name -> (B, d)."""
    right = kl_terms(mu, logvar)
    m, s = mu.detach().double(), logvar.detach().double()
    var, sigma = s.exp(), (s / 2).exp()
    return {
        "the sign is flipped: training would push the KL to minus infinity": -right,
        "the sign is flipped and the factor 1/2 is missing": -2 * right,
        "the factor 1/2 is missing": 2 * right,
        "half of it: the factor 1/2 is taken twice": right / 2,
        "the factor 1/2 is missing in front of mu^2": right + m**2 / 2,
        "the sign of mu^2 is flipped": right - m**2,
        "mu is not squared": right + (m - m**2) / 2,
        "the absolute value of mu stands where mu^2 belongs": (
            right + (m.abs() - m**2) / 2
        ),
        "mu^2 does not enter": kl_terms(0 * m, s),
        "logvar takes no part": m**2 / 2,
        "mu and logvar are swapped": kl_terms(s, m),
        "exp(logvar) is missing where sigma^2 stands": (m**2 - 1) / 2,
        "logvar, the logarithm of sigma^2, is missing": right + s / 2,
        "log(sigma) stands where log(sigma^2) = logvar belongs": right + s / 4,
        "the sign of logvar is flipped": right + s,
        "the sign of exp(logvar) is flipped": right - var,
        "the sign of both terms with logvar is flipped": (m**2 + 1 + s - var) / 2,
        "the constant 1 is missing: at mu = 0, logvar = 0 the KL is 0": right + 0.5,
        "the constant 1 has the wrong sign: at mu = 0, logvar = 0 the KL is 0": (
            right + 1
        ),
        "exp(logvar) is the variance, and was used as the standard deviation": (
            kl_terms(m, 2 * s)
        ),
        "exp(logvar / 2) stands where sigma^2 = exp(logvar) belongs": (
            right + (sigma - var) / 2
        ),
        "logvar^2 stands where sigma^2 = exp(logvar) belongs": right + (s**2 - var) / 2,
        "KL the wrong way round: KL(prior || code) where KL(code || prior) is wanted": (
            (s + (1 + m**2) / var - 1) / 2
        ),
        "these are bits: no log2 and no division by log(2)": right / math.log(2),
    }


def kl_limits(mu: Tensor, logvar: Tensor) -> dict[str, Tensor]:
    """What limits on mu or logvar give: name -> (B, d)."""
    return {
        f"{name} is kept {where}{limit}; there is no limit": kl_terms(*kept)
        for limit in range(1, 21)
        for name, where, kept in (
            ("logvar", "below ", (mu, logvar.clamp(max=limit))),
            ("logvar", "above -", (mu, logvar.clamp(min=-limit))),
            ("logvar", "within +-", (mu, logvar.clamp(-limit, limit))),
            ("mu", "within +-", (mu.clamp(-limit, limit), logvar)),
        )
    }


def summed(terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same wrong formulas for each image: name -> (B,)."""
    return {why: value.flatten(1).sum(1) for why, value in terms.items()}


def per_image_mistakes(terms: Tensor, over: str) -> dict[str, Tensor]:
    """Right terms, (B, n), put together in a wrong way: name -> (B,) or ().

    Parameters
    ----------
    terms : Tensor
    over : str
        What the terms of an image are; "latent dimensions".
    """
    each, (images, count) = terms.sum(1), terms.shape
    total = each.sum()
    one = "each image has a value of its own, and this is one for all: "
    return {
        f"the mean over the {over} ({count} here), where the sum is wanted": each
        / count,
        "divided by the number of images: each image has a value of its own": (
            each / images
        ),
        f"{one}the mean over the images": total / images,
        f"{one}the sum over the images": total,
        f"{one}the mean over everything": total / images / count,
        f"{one}the median over the images": each.median(),
        f"{one}the first image's": each[0],
        "a running sum over the images: each image has a value of its own": (
            each.cumsum(0)
        ),
        "the largest of the terms, where their sum is wanted": terms.amax(1),
        "the root of the sum of squares, where the sum is wanted": terms.norm(dim=1),
        f"the first of the {over} alone, where the sum over all is wanted": terms[:, 0],
    }


def bce_terms(logits: Tensor, x: Tensor) -> Tensor:
    """Binary cross-entropy in nats of each image and pixel, float64."""
    logits, x = logits.detach().double(), x.detach().double()
    return F.softplus(logits) - x * logits


def bce_mistakes(logits: Tensor, x: Tensor) -> dict[str, Tensor]:
    """What wrong formulas give for each image and pixel: name -> (B, D).

    Parameters
    ----------
    logits : Tensor, shape (B, D)
        Where a model answers with probabilities, `torch.logit` of them.
    x : Tensor, shape (B, D)
        Pixels in [0, 1].
    """
    a, x = logits.detach().double(), x.detach().double()
    p, right = a.sigmoid(), bce_terms(a, x)
    white, black = -x * F.logsigmoid(a), (1 - x) * F.softplus(a)
    return {
        "the sign is flipped": -right,
        "the logits went through two sigmoids: the _with_logits function applies one "
        "already, binary_cross_entropy none": bce_terms(p, x),
        "prediction and images are swapped: the prediction comes first": (
            bce_terms(x, a)
        ),
        "prediction and images are swapped: the prediction comes first, the images "
        "second": -(p * x.clamp(1e-9).log() + (1 - p) * (1 - x).clamp(1e-9).log()),
        "the sign of the logits is flipped": bce_terms(-a, x),
        "the pixels are inverted: x and 1 - x are swapped": bce_terms(a, 1 - x),
        "the term (1 - x) log(1 - p) is missing": white,
        "the term x log p is missing": black,
        "the sign of one of the two terms is flipped": white - black,
        "the sign of one of the two terms is flipped, x log p it is": black - white,
        "these are bits: no log2 and no division by log(2)": right / math.log(2),
        "that is a squared error, not a cross-entropy": (p - x) ** 2,
        "that is half a squared error, not a cross-entropy": (p - x) ** 2 / 2,
        "that is a squared error of the logits, not a cross-entropy": (a - x) ** 2,
        "that is half a squared error of the logits, not a cross-entropy": (
            (a - x) ** 2 / 2
        ),
        "that is an absolute error, not a cross-entropy": (p - x).abs(),
        "that is an absolute error of the logits, not a cross-entropy": (a - x).abs(),
        "that is a smooth absolute error, not a cross-entropy": (
            F.smooth_l1_loss(p, x, reduction="none")
        ),
        "the pixels are rounded; they are gray, and used as they are": (
            bce_terms(a, x.round())
        ),
        "pixels are cut to black and white; they are gray, and used as they are": (
            bce_terms(a, (x > 0).double())
        ),
        "softmax over the pixels: cross_entropy is for classes, take the binary one": (
            -x * F.log_softmax(a, -1)
        ),
        "the KL between pixels, not the cross-entropy: the entropy of x is taken off": (
            right - bce_terms(torch.logit(x, eps=1e-12), x)
        ),
    }


def loss_value(reconstruction: Tensor, kl: Tensor, beta: float) -> Tensor:
    """Mean over images of their summed terms, reconstruction + beta * KL: ()."""
    return reconstruction.sum(1).mean() + beta * kl.sum(1).mean()


def loss_mistakes(
    logits: Tensor, x: Tensor, mu: Tensor, logvar: Tensor, beta: float
) -> dict[str, Tensor]:
    """What wrong losses of a batch give: name -> ().

    Parameters
    ----------
    logits, x : Tensor, shape (B, D)
    mu, logvar : Tensor, shape (B, d)
    beta : float
        Neither 0 nor 1, where some mistakes cannot be told apart.
    """
    bce, kl = bce_terms(logits, x), kl_terms(mu, logvar)
    images, pixels, dimensions = len(bce), bce.shape[1], kl.shape[1]
    r, k = bce.sum(1).mean(), kl.sum(1).mean()
    right = r + beta * k
    found = {
        "beta is not used: reconstruction + beta * KL": r + k,
        "the KL is missing: reconstruction + beta * KL": r,
        "the reconstruction is missing: reconstruction + beta * KL": beta * k,
        "beta multiplies the reconstruction; it belongs to the KL alone": beta * r + k,
        "beta multiplies both terms; it belongs to the KL alone": beta * (r + k),
        "beta is used more than once, or squared": r + beta**2 * k,
        "beta divides the KL; it multiplies": r + k / beta,
        "the two weights beta and 1 - beta; it is reconstruction + beta * KL": (
            (1 - beta) * r + beta * k
        ),
        "beta is added, not multiplied": r + beta + k,
        "the sign of the KL: it is added": r - beta * k,
        "the sign: the loss is reconstruction + beta * KL, to be made small": -right,
        "the sign of the reconstruction: it is added": beta * k - r,
        "the sum over the images; the mean is wanted": images * right,
        "the KL is summed over the images; both terms must be averaged": (
            r + beta * images * k
        ),
        "the reconstruction is summed over the images; both terms must be averaged": (
            images * r + beta * k
        ),
        "the reconstruction is averaged over the pixels; sum over them, or the KL "
        f"outweighs it {pixels} times": r / pixels + beta * k,
        "the KL is averaged over the latent dimensions; sum over them": (
            r + beta * k / dimensions
        ),
        "both terms are averaged where they must be summed: the pixels and the latent "
        "dimensions": r / pixels + beta * k / dimensions,
        "the KL is averaged over the pixels as well": r + beta * k / pixels,
        "the mean over pixels and images of both terms": right / pixels,
        "the KL is divided by the number of images twice": r + beta * k / images,
        "the reconstruction is divided by the number of images twice": (
            r / images + beta * k
        ),
        "both terms are divided by the number of images twice": right / images,
        "half the reconstruction": r / 2 + beta * k,
    }
    alone = {}
    for why, terms in bce_mistakes(logits, x).items():
        total = terms.sum()
        found[f"the reconstruction: {why}"] = total / images + beta * k
        found[f"the reconstruction, averaged over the pixels: {why}"] = (
            total / terms.numel() + beta * k
        )
        for over, value in (
            ("", total / images),
            (", averaged over everything", total / terms.numel()),
            (", summed over everything", total),
        ):
            alone[f"the KL is missing, and the reconstruction{over}: {why}"] = value
    for why, terms in kl_mistakes(mu, logvar).items():
        found.setdefault(f"the KL: {why}", r + beta * terms.sum(1).mean())
    return found | alone
