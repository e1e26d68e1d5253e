"""Check of exercise train_step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays, surroundings_stay
from helpers.checks.lesson02._loss import check_loss, check_result
from helpers.checks.lesson02._models import PIXELS, Small, pictures
from helpers.checks.lesson02._numbers import scalar
from helpers.checks.messages import apart, shorten
from helpers.checks.records import notes_of, twin
from helpers.training import pick_device

HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
STEP = "clear, forward, loss, backward, step"


class Loud(Small):
    """One whose gradient is large: a limit on it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(()))

    def decode(self, z: Tensor) -> Tensor:
        """Codes (..., 3) to images (..., 784)."""
        return torch.sigmoid(self.decoder(z) + 500 * self.shift)


class Watched(torch.optim.SGD):
    """Gradient descent with momentum that notes the order of events."""

    def __init__(self, model: nn.Module, lr: float):
        first, *others = model.parameters()
        groups = [{"params": [first]}, {"params": others}]
        super().__init__(groups, lr=lr, momentum=0.9)
        for p in model.parameters():
            p.register_hook(lambda gradient: self._note("backward"))

    def _note(self, event: str) -> None:
        if notes_of(self)[-1:] != [event]:
            notes_of(self).append(event)

    def zero_grad(self, *args, **kwargs):
        self._note("zero_grad")
        super().zero_grad(*args, **kwargs)

    def step(self, *args, **kwargs):
        self._note("step")
        return super().step(*args, **kwargs)


@check("train_step")
def train_step(step: Callable, draw: Draw) -> None:
    """Check ``train_step(model, optimizer, x, target)``: one step, detached loss.

    Several steps with momentum must go where the same steps of the pack go.
    """
    device, rate = pick_device(), 2.0 + draw.integer(0, 20) / 10
    model = Small().to(device).train()
    other = twin(model)
    optimizer = Watched(model, rate)
    reference = torch.optim.SGD(other.parameters(), lr=rate, momentum=0.9)
    earlier: list[float] = []
    sizes = (draw.integer(20, 60), 1, 128, draw.integer(2, 19))
    for number, size in enumerate(sizes):
        x, target = pictures(size).to(device), pictures(size, high=0.4).to(device)
        before = twin(other)
        loss = F.mse_loss(other(x), target)
        reference.zero_grad()
        loss.backward()
        reference.step()
        result = _call(step, model, optimizer, x, target)
        wanted, moved = _way(before, other), _way(before, model)
        if number == 0 and not moved.any():
            raise _no_movement(notes_of(optimizer))
        earlier.append(loss.item())
        check_loss(result, earlier, before, other, x, target)
        if not _close(moved, wanted) or "step" not in notes_of(optimizer):
            raise _wrong_way(moved, wanted, number, size, notes_of(optimizer))
        check_result(result)
        if not all(call.training for call in notes_of(model)):
            raise CheckFailed(
                "the model was in evaluation mode during the training step",
                "the mode it was handed in, here training",
                "eval() inside train_step()",
            )
    _check_large(step, device)
    for few in (True, False):
        _check_any_loss(step, device, few)


def _check_any_loss(step: Callable, device: torch.device, few: bool) -> None:
    """A few images that are nearly right, or a thousand that are all wrong."""
    model, count = Small().to(device).train(), 33 if few else 1_100
    x = pictures(count).to(device)
    with torch.no_grad():
        if not few:
            model.decoder.bias.copy_(3 * (torch.randint(0, 2, (PIXELS,)) * 2.0 - 1))
        answer = twin(model)(x)
        near = answer + 0.01 * torch.randn_like(answer)
        target = near.clamp(0, 1) if few else 1 - answer.round()
        # Such a loss has digits that any rounding changes, to 6 places or to 4 digits.
        digits, tolerance = (4.55e-5, 5e-3) if few else (0.61545, 4e-5)
        target = answer.lerp(target, (digits / F.mse_loss(answer, target)).sqrt())
    before, other = twin(model), twin(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    result = scalar(_call(step, model, optimizer, x, target), "train_step()")
    loss = F.mse_loss(other(x), target)
    if not math.isclose(result, loss.item(), rel_tol=tolerance):
        seen, right = apart(result, loss.item())
        raise CheckFailed(
            f"with {count} images train_step() returned {seen}",
            f"{right}: the loss with all its digits, of all images of the batch",
            "a round() or half(), a limit on the loss, or a part of the batch that is "
            "left out",
        )
    loss.backward()
    torch.optim.SGD(other.parameters(), lr=1.0).step()
    moved, wanted = _way(before, model), _way(before, other)
    if not _close(moved, wanted):
        raise CheckFailed(
            f"with {count} images and a loss of {loss:.2g} the weights "
            + ("move otherwise than their gradients say" if moved.any() else "stay"),
            f"{STEP}, whatever the loss, for all images of the batch",
            "a condition on the loss, a limit on it, or a part of the batch that is "
            "left out",
        )


def _check_large(step: Callable, device: torch.device) -> None:
    """A step goes as far as its gradient says, however large that is."""
    model = Loud().to(device).train()
    before = twin(model)
    x, target = pictures(33).to(device), pictures(33, high=0.2).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    [wanted] = torch.autograd.grad(F.mse_loss(before(x), target), [before.shift])
    _call(step, model, optimizer, x, target)
    moved = (before.shift - model.shift).item() / 1e-4
    if not abs(moved - wanted.item()) <= 1e-2 * abs(wanted.item()):
        seen, right = apart(moved, wanted.item())
        raise CheckFailed(
            f"a weight whose gradient is {right} moves as if it were {seen}",
            f"{STEP}, with the gradient as it is",
            "a limit on the gradients, such as clip_grad_norm_: leave it out",
        )


def _settings(optimizer: torch.optim.Optimizer) -> list:
    """Rates and such of an optimizer, and how many hooks it has."""
    groups = [
        {name: value for name, value in group.items() if name != "params"}
        for group in optimizer.param_groups
    ]
    hooks = [len(vars(optimizer).get(name, ())) for name in HOOKS]
    return [groups, hooks]


def _call(
    step: Callable, model: Small, optimizer: Watched, x: Tensor, target: Tensor
) -> Any:
    """Take the student's step; say what PyTorch's usual complaints mean."""
    try:
        with (
            surroundings_stay(),
            stays(model, but=("values", "gradients")),
            stays(x, target),
        ):
            before = _settings(optimizer)
            result = step(model, optimizer, x, target)
            if _settings(optimizer) != before:
                raise CheckFailed(
                    "the optimizer has other settings, or a hook, after the call",
                    "the optimizer as it was handed in, one step further",
                    "a learning rate that is changed, or a register_..._hook, inside "
                    "the function",
                )
            return result
    except RuntimeError as error:
        text = str(error)
        if "does not require grad" in text:
            raise _no_gradient(model, text) from None
        if "only for scalar outputs" in text or "scalar outputs" in text:
            raise CheckFailed(
                "backward() was called on more than one number",
                "one number to call backward() on",
                "the loss: average over the pixels and over the images",
                shorten(text),
            ) from None
        raise


def _no_gradient(model: Small, text: str) -> CheckFailed:
    """Why backward() found no gradient, from how the model was called."""
    if not notes_of(model):
        seen = "the model was not called, so the loss does not depend on its weights"
        look = "the loss: it compares model(x), the network's answer, with target"
    elif not any(call.gradients for call in notes_of(model)):
        seen = "gradients were switched off while the model answered"
        look = "no_grad() around the training step: leave it out"
    else:
        seen = "backward() found no gradient, though the model was called with them on"
        look = "detach(), item() or .data before backward()"
    return CheckFailed(
        seen, "a loss that knows how it was computed", look, shorten(text)
    )


def _no_movement(events: list[str]) -> CheckFailed:
    seen = f"no weight changed; what happened: {', '.join(events) or 'nothing'}"
    if "backward" not in events:
        look = (
            "`loss.backward()` is missing, or the model's answer was cut off from the "
            "weights with detach() or .data"
        )
        return CheckFailed(seen, "gradients for the weights, before the step", look)
    if "step" not in events:
        look = "`optimizer.step()` is missing, or without ()"
        return CheckFailed(seen, "weights that move", look)
    if events.index("step") < events.index("backward"):
        look = "the order: `optimizer.step()` comes after `loss.backward()`"
        return CheckFailed(seen, "the gradient first, then the step that uses it", look)
    wiped = events[events.index("backward") : events.index("step")]
    return CheckFailed(
        seen,
        f"{STEP}, in this order",
        "`optimizer.zero_grad()` between backward and step wipes the gradient out"
        if "zero_grad" in wiped
        else "what backward() is called on: model(x) enters it cut off (detach(), "
        ".data) or times 0; or weights or gradients that are set by hand",
    )


def _wrong_way(
    moved: Tensor, wanted: Tensor, number: int, size: int, events: list[str]
) -> CheckFailed:
    if "step" not in events:
        return CheckFailed(
            "the weights moved, and the optimizer that was handed in took no step",
            f"{STEP}: how far is the optimizer's business, which has a memory",
            "`optimizer.step()`, in place of a step made by hand or an optimizer "
            "made inside",
        )
    factors = {
        -1: "the sign: backward() is called on -loss, or the gradients are turned",
        size * PIXELS: "backward() is called on a sum; call it on the mean you return",
        PIXELS: "backward() is called on a sum over the pixels; average them too",
        size: "backward() is called on a sum over the images; average them",
        1 / size: "backward() is called on a loss divided by the batch size",
        1 / PIXELS: "backward() is called on a loss divided by the pixels",
        0.5: "backward() is called on half the loss",
    }
    named = [why for k, why in factors.items() if k != 1 and _close(moved, k * wanted)]
    far, right = apart(float(moved.norm()), float(wanted.norm()))
    along = float(moved @ wanted / (moved.norm() * wanted.norm()))
    way = "" if along > 0.999 else ", in another direction"
    if along < -0.999:
        way = ", in the opposite direction: the loss grows"
    if number:
        return CheckFailed(
            f"step {number + 1} moves the weights by {far}{way}",
            f"by {right}: {STEP}, with the gradient of this batch alone and with the "
            f"optimizer handed in",
            "`optimizer.zero_grad()`: is it called, before `backward()`? Else the "
            "gradients of all steps add up; or a step made by hand, without "
            "`optimizer.step()`",
        )
    return CheckFailed(
        f"the weights moved by {far}{way}",
        f"by {right}: one `backward` and one `optimizer.step()` with the optimizer "
        f"handed in",
        "; or: ".join(named)
        or "several steps in one call, an optimizer made inside, another loss than the "
        "one returned, or gradients changed by hand",
    )


def _way(before: nn.Module, model: nn.Module) -> Tensor:
    """How far each weight has gone."""
    pairs = zip(before.parameters(), model.parameters(), strict=True)
    with torch.no_grad():
        return torch.cat([(new - old).flatten() for old, new in pairs])


def _close(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).norm() <= 1e-3 * other.norm())
