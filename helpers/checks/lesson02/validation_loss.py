"""Check of exercise validation_loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.checks.arrays import is_real
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson02._models import PIXELS, Call, Small, pictures
from helpers.checks.lesson02._numbers import compare, scalar
from helpers.checks.messages import apart, kind
from helpers.checks.records import notes_of, twin
from helpers.data import Split, loader
from helpers.training import pick_device


@check("validation_loss")
def validation_loss(function: Callable, draw: Draw) -> None:
    """Check ``validation_loss(model, loader, make_pair) -> float``."""
    uneven = draw.integer(70, 120)
    plans = [  # images, batch size
        (2 * uneven + draw.integer(20, 60), uneven),
        (3 * 32, 32),
        (draw.integer(1_030, 1_100), 2),  # more than five hundred batches
        (4, 1),
        (draw.integer(1030, 1200), draw.integer(200, 257)),
        (draw.integer(10, 99), 1000),
        (129, 128),
        (draw.integer(5_300, 5_500), draw.integer(1_010, 1_050)),
        (uneven, 64),
    ]
    for number, (count, batch) in enumerate(plans):
        model = Small(dropout=0.5).to(pick_device()).train(number % 2 == 0)
        make_pair = _copy if number == len(plans) - 1 else _negative_and_square
        _check_one(function, model, count, batch, make_pair)
    _check_pairs(function, 23)
    _check_later(function, draw.integer(30, 60))


def _negative_and_square(x: Tensor) -> tuple[Tensor, Tensor]:
    return 1 - x, x**2


def _copy(x: Tensor) -> tuple[Tensor, Tensor]:
    return x, x


def _check_one(
    function: Callable, model: Small, count: int, batch: int, make_pair: Callable
) -> None:
    # Later batches are brighter, so that no batch can stand for another.
    bright = torch.linspace(0.2, 1, count)[:, None]
    x = pictures(count) * bright
    split = Split(x.reshape(-1, 28, 28).numpy(), np.arange(count) % 10)
    batches = loader(split, batch)
    reference = twin(model).eval()
    # The contract leaves the mode afterwards free: the loop sets its own.
    with stays(model, but=("modes",)), stays(x):
        result = function(model, batches, make_pair)
    value = scalar(result, "validation_loss()")
    _check_calls(model, count, (x, *make_pair(x)))
    if not is_real(result):
        raise CheckFailed(
            f"validation_loss() returned {kind(result)}",
            "a plain number, to be printed and plotted",
            "`float(...)` or `.item()` around what you return",
        )
    x = x.to(next(model.parameters()).device)
    right = _errors(reference, *make_pair(x)).mean().item()
    compare(
        value,
        right,
        _mistakes(reference, x, batch, make_pair),
        f"for {count} images in batches of {batch} validation_loss() returned",
        f"the squared error per pixel, averaged over all {count} images",
        "what is added up for each batch (`total +=`, not `total =`), whether it is "
        "weighted by the batch's size, and what the sum is divided by at the end",
    )


def _check_pairs(function: Callable, count: int) -> None:
    """Input and target belong together: make_pair may draw a mask for both."""
    model, given = Small().to(pick_device()), []

    def masked(x: Tensor) -> tuple[Tensor, Tensor]:
        x = x * torch.randint(2, x.shape, device=x.device)
        given.append(x.detach().reshape(-1, PIXELS).clone())
        return x, x.clone()

    split = Split(pictures(count).reshape(-1, 28, 28).numpy(), np.arange(count) % 10)
    value = scalar(function(model, loader(split, 16), masked), "validation_loss()")
    one, other = torch.cat(given[::2]), torch.cat([*given[1::2], given[0][:0]])
    for pair in ((one, other), (other, one)) if len(one) == len(other) else ():
        if abs(_errors(model.eval(), *pair).mean().item() - value) < 1e-4 * value:
            raise CheckFailed(
                "the input comes from one call of make_pair, the target from another",
                "both from one call: make_pair may draw at random, as a mask",
                "`x, target = make_pair(x)`: a single call for each batch",
            )


def _check_later(function: Callable, count: int) -> None:
    """The same model is asked after each epoch."""
    model, x = Small().to(pick_device()), pictures(count)
    split = Split(x.reshape(-1, 28, 28).numpy(), np.arange(count) % 10)
    batches = loader(split, 16)
    first = scalar(function(model, batches, _copy), "validation_loss()")
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.5 * torch.randn_like(p))
    x = x.to(next(model.parameters()).device)
    right = _errors(twin(model).eval(), x, x).mean().item()
    seen = scalar(function(model, batches, _copy), "validation_loss()")
    if not abs(seen - right) <= 1e-3 * right:
        texts = apart(seen, right)
        raise CheckFailed(
            f"once the model's weights have changed its loss is {texts[0]}; before, it "
            f"was {first:.3g}",
            f"{texts[1]}: measured anew in every call",
            "a number kept from an earlier call: a cache, a global variable",
        )


def _check_calls(model: Small, count: int, known: tuple[Tensor, ...]) -> None:
    """What the notes of the model say: how often, on how much, in which mode."""
    calls: list[Call] = notes_of(model)
    if not calls:
        raise CheckFailed(
            "the model that was handed in was never called",
            "its answers to all images of the loader",
            "`model(x)`: is it the argument, and does the loop run at all?",
        )
    modes = [call.training for call in calls]
    if any(modes):
        raise CheckFailed(
            "the model, or a layer of it, answered in training mode, with its dropout "
            "on",
            "evaluation mode: the same answer each time",
            "`model.eval()` before the loop, and no `model.train()` before its end"
            if modes[0]
            else "`model.train()` inside the loop: it comes after the loop, if at all",
        )
    if any(call.gradients for call in calls):
        raise CheckFailed(
            "gradients were switched on while the model answered",
            "no gradients: they cost time and memory and nobody uses them",
            "`with torch.no_grad():` around the loop",
        )
    first = calls[0].x.reshape(-1, PIXELS)[0].cpu()
    places = [torch.isclose(images, first, atol=1e-5).all(1) for images in known]
    if not any(place.any() for place in places):
        raise CheckFailed(
            "the model was called, but not on images of the loader that is handed in",
            "its answers to all images of that loader",
            "the loop: `for x, _ in loader`, with the argument and not with a loader "
            "of the notebook; and x, which goes in as it comes out of make_pair",
        )
    rows = [len(call.x) if call.x.dim() > 1 else 1 for call in calls]
    if sum(rows) < count:
        look = "a `return` or `break` in the loop, so that only the first batch counts"
        if len(rows) > 1:
            look = "a smaller last batch left out, or a loop that ends early"
        if not any(place[0] for place in places):
            look = "a batch at the start that is left out: `if i:`, or next(...) before"
        raise CheckFailed(
            f"the model saw {sum(rows)} images, of the {count} of the loader",
            "all of them",
            look,
        )


def _mistakes(
    model: nn.Module, x: Tensor, batch: int, make_pair: Callable
) -> Iterator[tuple[str, Any]]:
    """What mistakes are called, and what they give on these images."""
    given, target = make_pair(x)
    errors = _errors(model, given, target)
    yield from {
        "make_pair is not used": _errors(model, x, x).mean(),
        "the answer is compared with the input, not with make_pair's target": (
            _errors(model, given, given).mean()
        ),
        "the answer is compared with the loader's image, not with make_pair's target": (
            _errors(model, given, x).mean()
        ),
        "the model is given the loader's image, not make_pair's input": (
            _errors(model, x, target).mean()
        ),
        "make_pair gives (input, target); here they are swapped": (
            _errors(model, target, given).mean()
        ),
        "make_pair's input is compared with its target; the model's answer is left "
        "out": (given - target).square().mean(),
        "the root of the squared error": errors.mean().sqrt(),
        "half the squared error": errors.mean() / 2,
        "the absolute error; square it": _errors(model, given, target, power=1).mean(),
    }.items()
    parts = errors.split(batch)
    yield from _averages(
        torch.stack([part.mean() for part in parts]).double(),
        torch.tensor([len(part) for part in parts]).double(),
    )


def _averages(means: Tensor, sizes: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Every wrong way to add up the batches and to divide by something."""
    whole = float(sizes.sum())
    sums = {
        "the means of the batches": means,
        "the sums over the images": means * sizes,
        "the sums over images and pixels": means * sizes * PIXELS,
    }
    takes = {
        "added up": torch.sum,
        "of which only the last batch counts (is the total overwritten?)": (
            lambda values: values[-1]
        ),
        "of which only the first batch counts": lambda values: values[0],
    }
    divisors = {
        "not divided by anything": 1,
        "divided by the number of batches": len(sizes),
        "divided by the number of images": whole,
        "divided by the number of images and pixels": whole * PIXELS,
        "divided by the number of pixels": PIXELS,
        "divided by the batch size": float(sizes[0]),
        "divided by the size of the last batch": float(sizes[-1]),
        "divided by the batches times the first one's size": float(
            sizes[0] * len(sizes)
        ),
        "divided by the batches times the last one's size": float(
            sizes[-1] * len(sizes)
        ),
        "divided by 5000, the images of one loader of the notebook": 5000,
    }
    right = float((means * sizes).sum() / whole)
    yield (
        "the mean of the batch means: the last batch is smaller, so weight each batch "
        "by its size",
        means.mean(),
    )
    for what, values in sums.items():
        for how, take in takes.items():
            for divided, by in divisors.items():
                result = float(take(values)) / by
                if abs(result - right) > 2e-4 * right:
                    yield f"{what}, {how}, {divided}", result


def _errors(model: nn.Module, x: Tensor, target: Tensor, power: int = 2) -> Tensor:
    """The error of each image, averaged over its pixels."""
    with torch.no_grad():
        return (model(x) - target).abs().pow(power).mean(dim=1)
