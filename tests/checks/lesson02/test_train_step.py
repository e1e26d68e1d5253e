"""Training steps, right and wrong, and what their check says."""

import logging
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson02 as checks
from tests.checks.trial import trial

CHECK = checks.train_step
NAMES = ("train_step",)


def step(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def step_by_formula(model, optimizer, x, target):
    model.zero_grad()
    loss = (model(x) - target).pow(2).mean()
    loss.backward()
    optimizer.step()
    return torch.tensor(loss.item())


def step_module_loss(model, optimizer, x, target):
    model.train()
    loss = nn.MSELoss()(model.decode(model.encode(x)), target)
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    optimizer.step()
    return loss.data


def step_clearing_last(model, optimizer, x, target):
    loss = ((target - model(x)) ** 2).mean(dim=1).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach().cpu().clone()


def step_with_autograd(model, optimizer, x, target):
    loss = F.mse_loss(model(x), target)
    weights = list(model.parameters())
    for p, g in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        p.grad = g
    optimizer.step()
    return loss.detach()


def step_with_closure(model, optimizer, x, target):
    def closure():
        for p in model.parameters():
            p.grad = None
        loss = F.mse_loss(model(x), target, reduction="sum") / target.numel()
        loss.backward()
        return loss

    return optimizer.step(closure).detach()


def step_warning(model, optimizer, x, target):
    warnings.warn("one more step", stacklevel=1)
    logging.basicConfig(level=logging.INFO)
    logging.info("a step")
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target, size_average=True)
    loss.backward()
    optimizer.step()
    return torch.tensor(loss.detach())


def step_clearing_parameters(model, optimizer, x, target):
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None
    model.train()
    difference = model(x) - target
    loss = torch.mean(difference * difference)
    loss.backward()
    optimizer.step()
    return loss.clone().detach()


def step_on_its_device(model, optimizer, x, target):
    device = next(model.parameters()).device
    x, target = x.to(device), target.to(device)
    with torch.enable_grad():
        optimizer.zero_grad(set_to_none=True)
        loss = F.mse_loss(input=model.forward(x), target=target)
        loss.backward()
    torch.nn.utils.clip_grad_value_(model.parameters(), 1e6)
    optimizer.step()
    return loss.detach().requires_grad_(False)


def clipped(most):
    """With a limit on the gradients."""

    def function(model, optimizer, x, target):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), most)
        optimizer.step()
        return loss.detach()

    return function


def collecting(put_together):
    """Losses of all calls, in a list that is kept."""
    kept = []

    def function(model, optimizer, x, target):
        if not optimizer.state:  # another training begins
            kept.clear()
        kept.append(step(model, optimizer, x, target))
        return put_together(kept)

    return function


def only_where(condition):
    """A step that is taken where the loss is such, and otherwise not."""

    def answer(model, optimizer, x, target):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), target)
        if condition(loss):
            loss.backward()
            optimizer.step()
        return loss.detach()

    return answer


def of_a_thousand(model, optimizer, x, target):
    x, target = x[:1000], target[:1000]
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def with_a_round_loss(around):
    """The right step, and a loss of fewer digits."""
    return lambda *given: torch.tensor(around(step(*given).item()))


def in_three_means(model, optimizer, x, target):
    optimizer.zero_grad()
    x_hat = model(x)
    loss = x_hat.square().mean() - 2 * (x_hat * target).mean() + target.square().mean()
    loss.backward()
    optimizer.step()
    return loss.detach()


def image_by_image(model, optimizer, x, target):
    optimizer.zero_grad()
    x_hat = model(x)
    losses = [F.mse_loss(*pair) for pair in zip(x_hat, target, strict=True)]
    (sum(losses) / len(losses)).backward()
    optimizer.step()
    return torch.tensor(sum(loss.item() for loss in losses) / len(losses))


def with_a_hook(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    optimizer.register_step_post_hook(lambda *args: None)
    return loss.detach()


def step_by_hand_with_momentum(model, optimizer, x, target):
    weights = [*model.parameters()]
    loss = F.mse_loss(model(x), target)
    group = optimizer.param_groups[0]
    with torch.no_grad():
        for p, g in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            kept = optimizer.state[p]
            rest = group["momentum"] * kept.get("momentum_buffer", 0)
            kept["momentum_buffer"] = rest + g
            p -= group["lr"] * kept["momentum_buffer"]
    if hasattr(optimizer, "events"):
        optimizer.events.append("step")
    return loss.detach()


RIGHT = [
    step,
    step_by_formula,
    step_module_loss,
    step_clearing_last,
    step_with_autograd,
    step_with_closure,
    step_warning,
    step_clearing_parameters,
    step_on_its_device,
    in_three_means,
    image_by_image,
    lambda *given: step(*given).double(),
]


def step_by_hand_with_a_rate(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.001 * p.grad
    return loss.detach()


def step_uphill(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    (-loss).backward()
    optimizer.step()
    return loss.detach()


def step_with_turned_gradients(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    for p in model.parameters():
        p.grad.neg_()
    optimizer.step()
    return loss.detach()


def loss_times_zero(model, x, target):
    x_hat = model(x)
    return (x_hat.detach() - target).pow(2).mean() + 0 * x_hat.mean()


def variant(zero=True, backward=True, take=True, loss=None, keep=False, order="zbs"):
    """A training step with one thing changed."""
    loss = loss or (lambda model, x, target: F.mse_loss(model(x), target))

    def answer(model, optimizer, x, target):
        value = loss(model, x, target)
        for part in order:
            if part == "z" and zero:
                optimizer.zero_grad()
            if part == "b" and backward:
                value.backward()
            if part == "s" and take:
                optimizer.step()
        return value if keep else value.detach()

    return answer


def step_without_gradients(model, optimizer, x, target):
    with torch.no_grad():
        loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss


def step_detached_too_soon(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x).detach(), target)
    loss.backward()
    optimizer.step()
    return loss


def step_in_eval(model, optimizer, x, target):
    model.eval()
    return step(model, optimizer, x, target)


def step_twice(model, optimizer, x, target):
    first = step(model, optimizer, x, target)
    step(model, optimizer, x, target)
    return first


def step_own_optimizer(model, optimizer, x, target):
    return step(model, torch.optim.Adam(model.parameters()), x, target)


def step_no_return(model, optimizer, x, target):
    step(model, optimizer, x, target)


def step_not_called(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step  # noqa: B018 (the mistake: no parentheses)
    return loss.detach()


def step_on_the_sum(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target, reduction="sum")
    loss.backward()
    optimizer.step()
    return loss.detach() / x.numel()


def step_cut_off(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x).detach().requires_grad_(), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def late_loss(model, optimizer, x, target):
    step(model, optimizer, x, target)
    with torch.no_grad():
        return F.mse_loss(model(x), target)


def step_without_model(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(x, target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def step_by_hand(model, optimizer, x, target):
    loss = F.mse_loss(model(x), target)
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= optimizer.param_groups[0]["lr"] * p.grad
    return loss.detach()


def step_leaving_eval(model, optimizer, x, target):
    loss = step(model, optimizer, x, target)
    model.eval()
    return loss


def step_seeding(model, optimizer, x, target):
    torch.manual_seed(0)
    return step(model, optimizer, x, target)


def step_clipping(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
    optimizer.step()
    return loss.detach()


def step_gradients_off(model, optimizer, x, target):
    loss = step(model, optimizer, x, target)
    torch.set_grad_enabled(False)
    return loss


def step_freezing(model, optimizer, x, target):
    loss = step(model, optimizer, x, target)
    for p in model.parameters():
        p.requires_grad_(False)
    return loss


def step_rounding_in_place(model, optimizer, x, target):
    loss = step(model, optimizer, x, target)
    x.round_()
    return loss


def step_clearing_once(model, optimizer, x, target):
    if not getattr(model, "seen", False):
        optimizer.zero_grad()
    model.seen = True
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def step_slower(model, optimizer, x, target):
    loss = step(model, optimizer, x, target)
    for group in optimizer.param_groups:
        group["lr"] *= 0.9
    return loss


def step_in_eval_and_no_record(model, optimizer, x, target):
    """Whatever list the model keeps is empty afterwards."""
    loss = step(model.eval(), optimizer, x, target)
    for each in list(vars(model.train()).values()):
        if isinstance(each, list):
            each.clear()
    return loss


def step_to_nan(model, optimizer, x, target):
    """Where the gradient is large no weight is a number afterwards."""
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    if nn.utils.clip_grad_norm_(model.parameters(), 1.0) > 1:
        for p in model.parameters():
            p.grad.fill_(torch.nan)
    optimizer.step()
    return loss.detach()


def clears_one_group(model, optimizer, x, target):
    for p in optimizer.param_groups[0]["params"]:
        p.grad = None
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


WRONG = [
    (clears_one_group, "look at"),
    (step_by_hand_with_momentum, "took no step | a step made by hand"),
    (with_a_round_loss(lambda loss: round(loss, 4)), "look at:  rounded"),
    (with_a_round_loss(lambda loss: round(loss, 5)), "with all its digits | round()"),
    (with_a_round_loss(lambda loss: round(loss, 6)), "with all its digits | round()"),
    (with_a_round_loss(lambda loss: float(f"{loss:.4g}")), "returned"),
    (lambda *given: step(*given).half().float(), "of half precision"),
    (with_a_hook, "or a hook, after the call"),
    (
        only_where(lambda loss: loss > 1e-3),
        "the weights stay | a condition on the loss",
    ),
    (only_where(lambda loss: loss < 0.5), "the weights stay | a condition on the loss"),
    (of_a_thousand, "a part of the batch that is left out"),
    (step_to_nan, "moves as if it were nan"),
    (step_in_eval_and_no_record, "evaluation mode"),
    (variant(zero=False), "step 2 | zero_grad()"),
    (variant(backward=False), "`loss.backward()` is missing"),
    (variant(take=False), "`optimizer.step()` is missing"),
    (step_not_called, "without ()"),
    (variant(order="bzs"), "wipes the gradient out"),
    (variant(order="zsb"), "comes after `loss.backward()`"),
    (variant(keep=True), "still carries its gradient | detach()"),
    (step_without_gradients, "no_grad() around the training step"),
    (step_detached_too_soon, "detach()"),
    (step_in_eval, "evaluation mode"),
    (step_twice, "several steps in one call"),
    (step_own_optimizer, "an optimizer made inside"),
    (step_no_return, "returned None"),
    (late_loss, "the loss after the step"),
    (step_on_the_sum, "backward() is called on a sum"),
    (step_cut_off, "cut off from the weights with detach()"),
    (lambda *given: step(*given).item(), "a float | without item()"),
    (lambda *given: step(*given).numpy(), "a NumPy array | numpy()"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(x), t) / 2), "factor 1/2"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(x), t) / len(x)), "once more"),
    (variant(loss=lambda m, x, t: (m(x) - t).mean() ** 2), "before it was squared"),
    (
        variant(loss=lambda m, x, t: (m(x) - t).square().mean(1)),
        "average over the pixels and over the images",
    ),
    (variant(loss=lambda m, x, t: F.mse_loss(m(x), x)), "compared with the input"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(t), x)), "swapped"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(t), t)), "must be given x"),
    (
        variant(loss=lambda m, x, t: F.mse_loss(m(x), t, reduction="sum")),
        "summed over pixels and images",
    ),
    (
        variant(loss=lambda m, x, t: (m(x) - t).square().sum(1).mean()),
        "summed over the pixels",
    ),
    (variant(loss=lambda m, x, t: F.l1_loss(m(x), t)), "absolute error"),
    (
        variant(loss=lambda m, x, t: F.binary_cross_entropy(m(x), t)),
        "cross-entropy",
    ),
    (step_without_model, "the model was not called"),
    (step_by_hand, "`optimizer.step()`"),
    (step_by_hand_with_a_rate, "took no step | a step made by hand"),
    (step_uphill, "in the opposite direction: the loss grows | called on -loss"),
    (step_with_turned_gradients, "the gradients are turned"),
    (variant(loss=loss_times_zero), "cut off (detach(), .data) or times 0"),
    (step_leaving_eval, "evaluation mode"),
    (step_seeding, "torch's seed"),
    (step_clipping, "gradients changed by hand"),
    (step_gradients_off, "set_grad_enabled(False)"),
    (step_freezing, "requires_grad_()"),
    (step_rounding_in_place, "in place"),
    (step_clearing_once, "other attributes"),
    (step_slower, "the optimizer has other settings | a learning rate that is changed"),
    (variant(loss=lambda m, x, t: F.smooth_l1_loss(m(x), t)), "smooth_l1_loss"),
    (variant(loss=lambda m, x, t: F.huber_loss(m(x), t)), "huber_loss"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(x), t).sqrt()), "the root"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(x), t) / 784), "the number of pixels"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(x)[:16], t[:16])), "the loss: what"),
    (variant(loss=lambda m, x, t: F.mse_loss(m(x), t.round())), "the loss: what"),
    (
        variant(loss=lambda m, x, t: F.mse_loss(m(x), t) + 1e-3 * m(x).abs().mean()),
        "the loss: what",
    ),
    (variant(loss=lambda m, x, t: (m(x) - t).square().sum() / 784), "over the images"),
    (clipped(1.0), "clip_grad_norm_"),
    (collecting(list), "a list in which numbers are collected"),
    (collecting(torch.stack), "in which the losses are collected"),
    (collecting(lambda kept: torch.stack(kept).mean()), "mean of the losses of all"),
    (collecting(sum), "sum of the losses of all"),
    (lambda *a: step(*a).half(), "float16"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args):
    raise NotImplementedError()


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.train_step(stub)
