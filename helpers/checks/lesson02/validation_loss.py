"""Check of exercise validation_loss."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson02._models import PIXELS, Small, movement, random_images
from helpers.checks.lesson02._numbers import compare_number, scalar
from helpers.checks.modules import kind, undisturbed
from helpers.training import pick_device


@check("validation_loss")
@undisturbed
def validation_loss(function: Callable) -> None:
    """Check ``validation_loss(model, loader, make_pair) -> float``."""
    from torch.utils.data import DataLoader, TensorDataset

    device = pick_device()
    model = Small(dropout=0.5).to(device).train()
    before = copy.deepcopy(model.state_dict())
    # The last batch is smaller and much brighter than the first.
    images = torch.cat([random_images(64, 1, high=0.3), random_images(33, 2, low=0.6)])
    loader = DataLoader(TensorDataset(images, torch.zeros(97)), batch_size=64)

    def make_pair(x: Tensor) -> tuple[Tensor, Tensor]:
        return 1 - x, x**2

    result = function(model, loader, make_pair)
    modes = list(model.modes)
    value = scalar(result, "validation_loss()")
    if not torch.is_grad_enabled():
        raise CheckFailed(
            "gradients stay switched off after validation_loss() is done",
            "off during the validation only: the next epoch needs them",
            "torch.set_grad_enabled(False); take `with torch.no_grad():`",
        )
    if not all(p.requires_grad for p in model.parameters()):
        raise CheckFailed(
            "the weights are frozen after validation_loss()",
            "weights that train on in the next epoch",
            "requires_grad_(False); take `with torch.no_grad():`",
        )
    if movement(before, model).any():
        raise CheckFailed(
            "the model's weights changed",
            "validation looks and does not touch: no backward, no step",
            "training inside validation_loss()",
        )
    if any(training for training, _ in modes):
        raise CheckFailed(
            "the model answered in training mode, with its dropout on",
            "evaluation mode: the same answer each time",
            "`model.eval()` before the loop",
        )
    if any(gradients for _, gradients in modes):
        raise CheckFailed(
            "gradients were switched on while the model answered",
            "no gradients: they cost time and memory and nobody uses them",
            "`with torch.no_grad():` around the loop",
        )
    if not isinstance(result, numbers.Real):
        raise CheckFailed(
            f"validation_loss() returned {kind(result)}",
            "a plain number, to be printed and plotted",
            "`float(...)` or `.item()` around what you return",
        )
    model.eval()
    images = images.to(device)
    errors = _errors(model, *make_pair(images))
    first, last = errors[:64].mean(), errors[64:].mean()
    compare_number(
        value,
        errors.mean().item(),
        {
            "the mean of the batch means; the last batch is smaller, so weight each "
            "batch by its size": (first + last) / 2,
            "make_pair is not used": _errors(model, images, images).mean(),
            "the answer is compared with the input, not with make_pair's target": (
                _errors(model, 1 - images, 1 - images).mean()
            ),
            "the answer is compared with the loader's image, not with make_pair's "
            "target": _errors(model, 1 - images, images).mean(),
            "the model is given the loader's image, not make_pair's input": (
                _errors(model, images, images**2).mean()
            ),
            "make_pair gives (input, target); here they are swapped": (
                _errors(model, images**2, 1 - images).mean()
            ),
            "only the first batch counts: a `return` inside the loop, or the smaller "
            "last batch left out": first,
            "only the last batch counts: is the total overwritten?": last,
            "a sum over the batches: divide by the number of images": first + last,
            "a sum over the images: divide by their number": errors.sum(),
            "a sum over images, divided by the number of batches": errors.sum() / 2,
            "batch means divided by the number of images": (first + last) / 97,
            "summed over the pixels; average over them too": errors.mean() * PIXELS,
            "a number of images written into the function": errors.sum() / 5000,
            "the root of the squared error": errors.mean().sqrt(),
        },
        "for batches of 64 and 33 images validation_loss() returned",
        "the squared error per pixel, averaged over all 97 images",
    )


def _errors(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    with torch.no_grad():
        return (model(x) - target).square().mean(dim=1)
