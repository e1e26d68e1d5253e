"""Check both terms of the loss, measured over all images of a loader."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from helpers import data
from helpers.checks import losses, tensors
from helpers.checks.arrays import is_real
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson04._vae import (
    Drawing,
    Model,
    divided_by_a_size,
    pictures,
    require_losses_of_draws,
    shapes_explained,
    terms,
)
from helpers.checks.messages import apart, is_sequence, kind
from helpers.checks.records import notes_of
from helpers.training import pick_device

RIGHT = "the mean over all images"
LOOK = (
    "the sum over the images (which formula?) and what it is divided by (how many "
    "images came?)"
)
ROUNDED = "the numbers look rounded: leave out round() or int()"


class Case(NamedTuple):
    """What evaluate answered about a loader, and what it was about."""

    answer: tuple[float, ...]
    parts: tuple
    batch_size: int


@check("evaluate", uses=("vae_loss",))
def evaluate(function: Callable, draw: Draw) -> None:
    """Check both means over uneven batches, the model's mode, and gradients."""
    small, d = draw.integer(5, 12), draw.integer(2, 12)
    cases = [
        _ask(function, Model(d).train(), 3 * small + 1, small),  # one image is last
        _ask(function, Model(d).eval(), 290, 131),
    ]
    _require_means(cases)
    _require_means([_ask(function, Model(d).train(), small, 97)])
    _require_means([_ask(function, Model(d).eval(), 613, 2)])  # three hundred batches
    _require_means([_ask(function, _sure(Model(d)), 205, 97)])
    _require_new_means(function, Model(d).to(pick_device()).eval())
    model = Drawing(d).to(pick_device()).eval()

    def measure(x: Tensor) -> float:
        return _floats(function(model, data.loader(_split(x), 4, flat=False)))[0]

    require_losses_of_draws(model, measure, "the mean reconstruction loss")


def _require_new_means(function: Callable, model: Model) -> None:
    """The same model is asked after each epoch."""
    x = pictures(40)
    loader = data.loader(_split(x), 16, flat=False)
    before = _floats(function(model, loader))
    with torch.no_grad():
        model.decode[0].bias.add_(0.7)  # brighter pictures
    costs, _ = _both(Case((), terms(model.eval(), x), 16))
    right = costs.sum(1).mean().item()
    seen = _floats(function(model, loader))
    if not abs(seen[0] - right) <= 1e-3 * right:
        texts = apart(seen[0], right)
        raise CheckFailed(
            "once the model's weights have changed its mean reconstruction loss is "
            f"{texts[0]}; before, it was {before[0]:.4g}",
            f"{texts[1]}: measured anew in every call",
            "a number kept from an earlier call: a cache, a global variable",
        )


@torch.no_grad()
def _sure(model: Model) -> Model:
    """Pictures that are nearly black, or white, everywhere: a limit shows."""
    model.decode[0].weight.mul_(0.1)
    model.decode[0].bias.copy_(12 * (torch.randint(0, 2, (784,)) * 2.0 - 1))
    return model


def _ask(function: Callable, model: Model, count: int, batch_size: int) -> Case:
    """Have some images measured; nothing but the model's mode may change."""
    # As in the notebook the model is on the device, and the loader's images are not.
    model, training, x = model.to(pick_device()), model.training, pictures(count)
    split = _split(x)
    loader = data.loader(split, batch_size, flat=False)
    parts = terms(model.eval(), x)
    model.train(training)
    with stays(model, but={"modes"}), shapes_explained():
        answer = function(model, loader)
        _require_calls(model, training)
    if not np.array_equal(split.images, x[:, 0].numpy()):
        raise CheckFailed(
            "the loader's images have changed after the call",
            "they stay: they come again",
            "an operation in place (`clamp_`, `round_`, `+=`): use the one without _",
        )
    return Case(_floats(answer), parts, batch_size)


def _split(x: Tensor) -> data.Split:
    return data.Split(x[:, 0].numpy().copy(), np.arange(len(x)) % 10)


def _floats(answer: object) -> tuple[float, ...]:
    if not is_sequence(answer) or len(answer) != 2:
        raise CheckFailed(
            f"evaluate returns {kind(answer)}",
            "two floats: reconstruction, KL",
            "the return statement",
        )
    values = tuple(answer)
    if not all(map(is_real, values)):
        raise CheckFailed(
            f"evaluate returns {' and '.join(map(kind, answer))}",
            "two floats: plain numbers can be printed, compared and stored",
            ".item() or float() turns a tensor of one number into a float",
        )
    return tuple(map(float, values))


def _require_calls(model: Model, training: bool) -> None:
    if not notes_of(model):
        raise CheckFailed(
            "the model was never called",
            "model(x), so that z is sampled as in training",
            "decoding mu flatters the loss; use the forward of the argument `model`, "
            "not of another model (a global name, a shallow copy?)",
        )
    if any(any(modes) for modes, _ in notes_of(model)):
        late = training and not any(module.training for module in model.modules())
        raise CheckFailed(
            "the model, or a part of it, was in training mode",
            "evaluation mode: model.eval() first",
            "a call in training mode before eval(): it stands before the loop"
            if late
            else "without it batch norm mixes the images of a batch",
        )
    if any(gradients for _, gradients in notes_of(model)):
        raise CheckFailed(
            "gradients were recorded while measuring",
            "none: they cost memory and time",
            "@torch.no_grad() above the function, or with torch.no_grad():",
        )
    modes = {module.training for module in model.modules()}
    if modes - {training, False} or len(modes) > 1:
        raise CheckFailed(
            "the model was in evaluation mode, and after the call it, or a part of it, "
            "is in training mode",
            "evaluation mode, or the mode it came in",
            "train() at the end of the function",
        )


def _require_means(cases: list[Case]) -> None:
    """Compare the means of several loaders together: no two mistakes look alike."""
    for i, name in enumerate(("reconstruction loss", "KL")):
        both = [_both(case) for case in cases]
        seen = torch.tensor([case.answer[i] for case in cases]).double()
        right = torch.stack([terms_of[i].sum(1).mean() for terms_of in both])
        # A KL may be the difference of two losses, with and without it.
        parts = torch.stack([terms_of[0].sum(1).mean() for terms_of in both])
        if tensors.fits(seen, right, parts=parts if i else 0.0):
            continue
        wrong = [_mistakes(case, i) for case in cases]
        worst = (seen - right).abs().nan_to_num(torch.inf).argmax()
        count, batch_size = len(cases[worst].parts[0]), cases[worst].batch_size
        tensors.compare(
            seen,
            right,
            {
                why: torch.stack([each[why] for each in wrong])
                for why in wrong[0]
                if all(why in each for each in wrong)
            },
            f"the mean {name} of {count} images in batches of {batch_size}",
            RIGHT,
            ROUNDED if _are_rounded(seen, right) else LOOK,
        )


def _are_rounded(seen: Tensor, right: Tensor) -> bool:
    """Whether numbers are right but for their last digits, which are missing."""
    return any(
        torch.equal(seen.float(), seen.float().round(decimals=digits))
        and bool(((seen - right).abs() < 10.0**-digits).all())
        for digits in range(4)
    )


def _both(case: Case) -> tuple[Tensor, Tensor]:
    logits, x, mu, logvar, _ = case.parts
    return losses.bce_terms(logits, x), losses.kl_terms(mu, logvar)


def _mistakes(case: Case, i: int) -> dict[str, Tensor]:
    """What wrong ways to take the mean, and wrong formulas, would give."""
    logits, x, mu, logvar, decoded_mu = case.parts
    right, other = _both(case)[i], _both(case)[1 - i]
    images, count, size = right.sum(1), len(right), case.batch_size
    batches, total = images.split(size), images.sum()
    found = {
        "the two numbers are swapped": other.sum(1).mean(),
        "that is the sum of both terms; keep them apart": (
            images.mean() + other.sum(1).mean()
        ),
        "a mean over the numbers of each image; sum them": right.mean(),
        "the sum over the images is not divided by their number": total,
        "divided by the number of batches, not of images": total / len(batches),
        "divided by the number of images of one batch": total / size,
        "divided by batches times batch size; the last is smaller": (
            total / size / len(batches)
        ),
        "divided by batches times the last batch's size: add up len(x) in the loop": (
            total / len(batches[-1]) / len(batches)
        ),
        "a mean of batch means: the last batch is smaller, and each image counts the "
        "same": torch.stack([batch.mean() for batch in batches]).mean(),
        "a batch's mean is added where its sum is wanted": (
            sum(batch.mean() for batch in batches) / count
        ),
        "only the first batch counts: does return stand in the loop?": (
            batches[0].mean()
        ),
        "only the last batch counts: do the totals start again at 0 in the loop?": (
            batches[-1].mean()
        ),
        "each batch replaces the total: += adds": batches[-1].sum() / count,
        **divided_by_a_size(total),
    }
    if len(batches) > 1:
        part = torch.cat(batches[:-1])
        found["the last, smaller batch is left out"] = part.mean()
        found["the last, smaller batch is not added"] = part.sum() / count
    formulas = losses.kl_mistakes(mu, logvar)
    if i == 0:
        formulas = losses.bce_mistakes(logits, x)
        formulas["mu is decoded; z is drawn: model(x)"] = losses.bce_terms(
            decoded_mu, x
        )
    return found | {why: each.sum(1).mean() for why, each in formulas.items()}
