"""Check of exercise train_step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson02._models import PIXELS, Small, movement, random_images
from helpers.checks.lesson02._numbers import compare_number, scalar
from helpers.checks.modules import explained, kind, undisturbed
from helpers.training import pick_device


class _Watched(torch.optim.SGD):
    """Plain gradient descent that notes the order of events."""

    def __init__(self, model: nn.Module, lr: float):
        super().__init__(model.parameters(), lr=lr)
        self.events: list[str] = []
        for p in model.parameters():
            p.register_hook(lambda gradient: self.events.append("backward"))

    def zero_grad(self, *args, **kwargs):
        self.events.append("zero_grad")
        super().zero_grad(*args, **kwargs)

    def step(self, *args, **kwargs):
        self.events.append("step")
        return super().step(*args, **kwargs)


@check("train_step")
@undisturbed
def train_step(step: Callable) -> None:
    """Check ``train_step(model, optimizer, x, target)``: one step, detached loss."""
    device, rate = pick_device(), 10.0
    model = Small().to(device)
    x, target = (
        random_images(37, 1).to(device),
        random_images(37, 2, high=0.4).to(device),
    )
    optimizer = _Watched(model, rate)
    before = copy.deepcopy(model.state_dict())

    twin = copy.deepcopy(model)
    right = F.mse_loss(twin(x), target)
    right.backward()
    wanted = torch.cat([rate * p.grad.flatten() for p in twin.parameters()])

    reasons = {
        "does not require grad": (
            "a loss that knows how it was computed: backward() found no gradient",
            "no_grad() around the training step, or detach() / item() before "
            "backward()",
        ),
        "only for scalar outputs": (
            "one number to call backward() on",
            "the loss: average over the pixels and over the images",
        ),
    }
    with explained(reasons):
        result = step(model, optimizer, x.clone(), target.clone())
    moved = movement(before, model)
    events = [
        e for i, e in enumerate(optimizer.events) if [e] != optimizer.events[:i][-1:]
    ]
    if not moved.any():
        raise _no_movement(events)
    value = scalar(result, "train_step()")
    if not isinstance(result, Tensor):
        raise CheckFailed(
            f"train_step() returned {kind(result)}",
            "a tensor with one number and no gradient: the loop adds them up on the "
            "device, and calls `.item()` only once in a while",
            "`return loss.detach()`, without item(), float() or numpy()",
        )
    with torch.no_grad():
        x_hat = _load(twin, before)(x)
        back = twin(target)
        late = F.mse_loss(_load(twin, model.state_dict())(x), target)
    compare_number(
        value,
        right.item(),
        {
            "compared with the input x; `target` is what the answer should be": (
                F.mse_loss(x_hat, x)
            ),
            "x and target are swapped: the model is given the target": (
                F.mse_loss(back, x)
            ),
            "the model is given the target; it must be given x": (
                F.mse_loss(back, target)
            ),
            "x is compared with target; the model's answer is left out": (
                F.mse_loss(x, target)
            ),
            "summed over pixels and images, not averaged": right.detach() * x.numel(),
            "summed over the pixels; average over them too": right.detach() * PIXELS,
            "averaged over pixels but summed over the images": right.detach() * len(x),
            "the absolute error; square it": F.l1_loss(x_hat, target),
            "the root of the squared error": right.detach().sqrt(),
            "binary cross-entropy; this lesson asks for the squared error": (
                F.binary_cross_entropy(x_hat, target)
            ),
            "the loss after the step; return the one that the step was made from": late,
            "half the squared error; leave the factor 1/2 out": right.detach() / 2,
            "divided by the number of images once more; the mean does that already": (
                right.detach() / len(x)
            ),
            "averaged before it was squared; square each difference first": (
                (x_hat - target).mean() ** 2
            ),
        },
        "train_step() returned",
        "the squared error of model(x) against target, averaged over pixels and images",
    )
    if not _close(moved, wanted):
        wrong = {
            x.numel(): "backward() is called on a sum; call it on the mean you return",
            PIXELS: "backward() is called on a sum over the pixels; average them too",
            len(x): "backward() is called on a sum over the images; average them",
            1 / len(x): "backward() is called on a loss divided by the batch size",
            0.5: "backward() is called on half the loss",
        }
        named = [why for k, why in wrong.items() if _close(moved, k * wanted)]
        raise CheckFailed(
            f"the weights moved {moved.norm() / wanted.norm():.3g} times as far as one "
            f"step of the optimizer, or in another direction",
            "one `backward` and one `optimizer.step()` with the optimizer handed in",
            *(
                named
                or [
                    "several steps in one call, an optimizer made inside, or gradients "
                    "changed by hand"
                ]
            ),
        )
    _check_second_step(step, model, optimizer, before, x, target, moved)
    if isinstance(result, Tensor) and result.requires_grad:
        raise CheckFailed(
            "the loss that came back still carries its gradient",
            "a loss without one: summing such losses keeps every batch in memory",
            "`return loss.detach()`",
        )
    if not all(training for training, _ in model.modes):
        raise CheckFailed(
            "the model was in evaluation mode during the training step",
            "the mode it was handed in, here training",
            "eval() inside train_step()",
        )


def _no_movement(events: list[str]) -> CheckFailed:
    seen = f"no weight changed; what happened: {', '.join(events) or 'nothing'}"
    if "backward" not in events:
        return CheckFailed(
            seen,
            "gradients for the weights, before the step",
            "`loss.backward()` is missing, or the model's answer was cut off from the "
            "weights with detach() or .data",
        )
    if "step" not in events:
        return CheckFailed(
            seen, "weights that move", "`optimizer.step()` is missing, or without ()"
        )
    if events.index("step") < events.index("backward"):
        return CheckFailed(
            seen,
            "the gradient first, then the step that uses it",
            "the order: `optimizer.step()` comes after `loss.backward()`",
        )
    return CheckFailed(
        seen,
        "clear, forward, loss, backward, step, in this order",
        "`optimizer.zero_grad()` between backward and step wipes the gradient out",
    )


def _check_second_step(
    step: Callable,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    before: Mapping[str, Tensor],
    x: Tensor,
    target: Tensor,
    moved: Tensor,
) -> None:
    """The same step from the same weights must be the same."""
    _load(model, before)
    step(model, optimizer, x.clone(), target.clone())
    again = movement(before, model)
    if not _close(again, moved):
        times = (again.norm() / moved.norm()).item()
        raise CheckFailed(
            f"the same step from the same weights went {times:.2g} times as far the "
            f"second time",
            "the same step: backward() adds to the gradients that are there, so they "
            "must be cleared",
            "`optimizer.zero_grad()`: is it called, before `backward()`?",
        )


def _load(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    model.load_state_dict(state)
    return model


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).norm() <= 0.02 * b.norm())
