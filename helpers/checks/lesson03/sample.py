"""Check of pictures from nothing."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.failure import judging
from helpers.checks.leftovers import in_a_row, stays
from helpers.checks.lesson03._watched import WatchedVAE, decoded, pictures
from helpers.checks.messages import kind
from helpers.checks.noise import cut_off, follows, tails
from helpers.checks.records import notes_of, twin

MANY = 2_500  # pictures whose codes are looked at
CALLS = 60  # of a few pictures each
LIMIT = 6  # standard errors


class _Decoder(WatchedVAE):
    """Says it better than PyTorch where a code is not one."""

    def decode(self, z: Tensor) -> Tensor:
        width = self.mu.out_features
        if not isinstance(z, Tensor) or z.shape[-1:] != (width,) or z.dim() > 2:
            raise CheckFailed(
                f"for latent_dim = {width} decode was given {kind(z)}",
                f"codes of {width} numbers each, shape (count, {width})",
                "the shape of z: torch.randn(count, latent_dim)",
            )
        if z.dtype != self.mu.weight.dtype:
            raise CheckFailed(
                f"the codes are {z.dtype}, the model's weights {self.mu.weight.dtype}",
                "codes of the type that the model works with",
                "NumPy's numbers are float64: use torch.randn",
            )
        return super().decode(z)


@check("sample")
def sample(function: Callable, draw: Draw) -> None:
    """Check that pictures come from codes drawn from the prior N(0, I)."""
    cases = ((97, draw.integer(2, 6)), (1, draw.integer(3, 20)), (131, 1), (1031, 2))
    cases += ((5, draw.integer(130, 300)),)  # more than anybody writes in
    for count, size in cases:
        model = _Decoder(size).eval()
        right = twin(model)
        codes, images = _sampled(function, model, right, count, size)
        others = _sampled(function, model, right, count, size)
        _check_different(codes, images, *others)
    few = _check_means(function)
    size = draw.integer(9, 14)
    model = _Decoder(size).eval()
    right = twin(model)
    calls = [_sampled(function, model, right, MANY, size)[0] for _ in range(3)]
    _check_prior(calls[0])
    spread = few.std().item()
    if not abs(spread - 1) <= LIMIT / (2 * few.numel()) ** 0.5:
        raise CheckFailed(
            f"where five pictures are asked for the codes' standard deviation is "
            f"{spread:.3f}",
            "1, however many are asked for: the prior is N(0, I)",
            "a factor that depends on count: torch.randn as it comes",
        )
    if follows(calls):
        raise CheckFailed(
            "the codes of a call are like, or opposite to, those of the call before",
            "new codes in each call",
            "codes that are kept from call to call",
        )


def _check_means(function: Callable) -> Tensor:
    """The mean of a few codes is near 0, never twice so; all codes (CALLS, 5, 3)."""
    few = _few_at_a_time(function, _Decoder(3).eval(), 5, 3)
    each, all_ = 5 * few.mean(1).var(), 15 * few.mean((1, 2)).var()
    if not (each >= 0.5 * few.var() and all_ >= 0.3 * few.var()):
        raise CheckFailed(
            "five codes have a mean of nearly 0 in every call",
            "numbers drawn each by itself",
            "codes whose mean is taken off, or that are standardized: torch.randn as "
            "it comes",
        )
    return few


def _few_at_a_time(
    function: Callable, model: WatchedVAE, count: int, size: int
) -> Tensor:
    """Codes of many calls, (CALLS, count, size)."""
    right = twin(model)
    images = in_a_row(function, CALLS, model, count, size)
    codes = [each.codes for each in decoded(model)]
    judging()
    if (
        all(type(each) is Tensor and each.shape == (count, 784) for each in images)
        and [each.shape for each in codes] == [(count, size)] * CALLS
    ):
        few, seen = torch.stack(codes), torch.stack(images)
        wanted = torch.sigmoid(pictures(right, few)).to(seen.dtype)
        if torch.allclose(seen, wanted, atol=1e-5):
            return few
    # More codes than pictures, or several at a time: told one call after the other.
    drawn = [_drawn(function, model, right, count, size) for _ in range(CALLS)]
    return torch.stack([codes for codes, _ in drawn])


def _sampled(
    function: Callable, model: WatchedVAE, right: WatchedVAE, count: int, size: int
) -> tuple[Tensor, Tensor]:
    """As `_drawn`, and the model stays as it was."""
    with stays(model):
        return _drawn(function, model, right, count, size)


def _drawn(
    function: Callable, model: WatchedVAE, right: WatchedVAE, count: int, size: int
) -> tuple[Tensor, Tensor]:
    """Codes and pictures of one call: what was decoded for what came back.

    What decoding gives is asked of `right`, the model as it was handed in.
    """
    notes_of(model).clear()
    images = function(model, count, size)
    seen = decoded(model)
    if len(seen) < len(notes_of(model)):
        raise CheckFailed(
            "sample calls encode",
            "no image is needed: codes are drawn from the prior N(0, I)",
            "where z comes from: torch.randn(count, latent_dim)",
        )
    if count == 1 and isinstance(images, Tensor) and images.isnan().any():
        raise CheckFailed(
            "a single picture is nan",
            "any number of pictures, also one",
            "codes from which their mean is taken off, or that are divided by their "
            "spread: of a single one there is none",
        )
    want_tensor(
        images,
        (count, 784),
        f"what sample(model, {count}, {size}) returns",
        "the number of codes: one for each picture, (count, latent_dim); and the "
        "pictures stay as decode gives them, (count, 784)",
    )
    if any(each.training for each in seen):
        raise CheckFailed(
            "the model decoded in training mode",
            "evaluation mode, as it was handed in",
            "model.train() inside the function: leave it out",
        )
    if not seen:
        raise CheckFailed(
            "decode is never called", "pictures that the model makes", "model.decode(z)"
        )
    if images.requires_grad:
        raise CheckFailed(
            "the pictures carry a gradient graph",
            "plain numbers: nothing is trained here",
            "with torch.no_grad(): around the decoding",
        )
    codes = torch.cat([each.codes.reshape(-1, size) for each in seen])
    with torch.no_grad():
        logits = torch.cat([pictures(right, each.codes) for each in seen])
    logits = logits.reshape(-1, 784)
    return codes[_rows(images, logits)], images.clone()


def _rows(images: Tensor, logits: Tensor) -> Tensor:
    """Which of the decoded rows the pictures are, as far as they are any."""
    right = torch.sigmoid(logits).to(images.dtype)
    count, made = len(images), len(logits)
    for first in {0, made - count} if made >= count else ():
        these = right[first : first + count]
        # Equal to the last bit most often, which is quicker to tell.
        if images.equal(these) or torch.allclose(images, these, atol=1e-5):
            return torch.arange(first, first + count)
    if made > count:
        rows = torch.cdist(images, right).argmin(1)
        if torch.allclose(images, right[rows], atol=1e-5):
            return rows
    raise _not_the_pictures(images, logits[:count])


def _not_the_pictures(images: Tensor, logits: Tensor) -> CheckFailed:
    logits = logits.to(images.dtype)
    right = torch.sigmoid(logits)
    wrong = {
        "the sigmoid is missing: decode returns logits": logits,
        "sigmoid applied twice": torch.sigmoid(right),
        "the sign of the logits": torch.sigmoid(-logits),
        "a clamp where the sigmoid belongs": logits.clamp(0, 1),
        "softmax over the pixels: each pixel has a probability of its own, sigmoid": (
            logits.softmax(-1)
        ),
        "exp where the sigmoid belongs": logits.exp(),
        "tanh where the sigmoid belongs": torch.tanh(logits),
        "tanh, shifted: sigmoid(a) is (tanh(a / 2) + 1) / 2": (
            (torch.tanh(logits) + 1) / 2
        ),
        "multiplied by 255: probabilities are wanted": 255 * right,
    }
    names = [
        why
        for why, pictures in wrong.items()
        if pictures.shape == images.shape
        and torch.allclose(images, pictures, rtol=1e-4, atol=1e-5)
    ]
    if bool(((images == 0) | (images == 1)).all()):
        names = ["pixels are rounded or drawn (bernoulli); return the probabilities"]
    return CheckFailed(
        f"the pictures, from {images.min():.2f} to {images.max():.2f}, are not the "
        "sigmoid of the logits that decode gave",
        "probabilities between 0 and 1, ready to be drawn",
        "; or ".join(names)
        or "the sigmoid of what decode returns, and nothing before or after it",
    )


def _check_different(
    codes: Tensor, images: Tensor, later: Tensor, others: Tensor
) -> None:
    """Each code is drawn by itself, within a call and between two."""
    if not codes.any():
        raise CheckFailed(
            "all codes are 0",
            "codes drawn from the prior N(0, I)",
            "how z is drawn: torch.randn (normal), not zeros",
        )
    if codes.equal(later) or images.equal(others):
        raise CheckFailed(
            "two calls give the same pictures",
            "new codes in each call",
            "a seed or generator inside the function, or codes drawn once outside",
        )
    count, size = codes.shape
    if limit := cut_off(codes):
        raise CheckFailed(
            f"{(codes.abs() == limit).double().mean():.0%} of the codes' numbers are "
            f"exactly {limit:.3g} or -{limit:.3g}, none is further from 0",
            "numbers of a normal distribution, which has no end",
            "a limit on the codes: a clamp",
        )
    sizes = codes.abs() if size > 1 else codes  # z and -z are one draw
    if count > 1 and len(sizes.unique(dim=0)) < 0.9 * count:
        raise CheckFailed(
            "all pictures come from the same code"
            if codes.equal(codes[:1].expand_as(codes))
            else f"{count} pictures come from {len(sizes.unique(dim=0))} codes"
            + ", up to the sign" * (size > 1),
            "a code of its own for each picture",
            "the shape of the draw, torch.randn(count, latent_dim), or numbers that "
            "are rounded, or scaled to one length",
        )
    if size > 1 and torch.allclose(codes, codes[:, :1].expand_as(codes)):
        raise CheckFailed(
            "the numbers of a code are all the same",
            "each latent dimension is drawn on its own",
            "the shape of the draw: torch.randn(count, latent_dim)",
        )


def _check_prior(codes: Tensor) -> None:
    z = codes.double()
    count = z.numel()
    room = LIMIT / count**0.5
    mean, std = z.mean().item(), z.std().item()
    if not (abs(mean) <= room and abs(std - 1) <= room / 2**0.5):
        raise CheckFailed(
            f"the codes have mean {mean:.3f} and standard deviation {std:.3f}",
            "0 and 1: the prior is N(0, I), which the KL term pulled the codes to",
            "how z is drawn: torch.randn (normal), unscaled and without limits; not "
            "torch.rand (uniform)",
        )
    each = LIMIT / len(z) ** 0.5
    off = torch.stack([z.mean(0).abs(), (z.std(0) - 1).abs() * 2**0.5])
    if not (off <= each).all():
        raise CheckFailed(
            "the latent dimensions have means or standard deviations of their own: "
            f"{z.mean(0).min():.2f} to {z.mean(0).max():.2f} and "
            f"{z.std(0).min():.2f} to {z.std(0).max():.2f}",
            "0 and 1 in each dimension: the prior is N(0, I)",
            "how z is drawn: torch.randn(count, latent_dim), nothing added or scaled",
        )
    mixed = (z.T @ z / len(z)).fill_diagonal_(0).abs().max()
    if not mixed <= each:
        raise CheckFailed(
            "the numbers of a code hang together",
            "each latent dimension is drawn on its own",
            "the shape of the draw: torch.randn(count, latent_dim)",
        )
    fourth = tails(z)
    near = abs(fourth - 3) <= 1.4 * LIMIT * (24 / count) ** 0.5
    if not (near and z.abs().max() >= 3.3):
        raise CheckFailed(
            f"the codes have mean 0 and standard deviation 1, but a fourth moment of "
            f"{fourth:.2f}, and reach out to {z.abs().max():.2f}",
            "3, as a normal distribution has, and beyond 3.3 here and there",
            "how z is drawn: torch.randn, not a scaled uniform (1.8), without limits",
        )
