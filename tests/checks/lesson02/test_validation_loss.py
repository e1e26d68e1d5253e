"""Validations, right and wrong, and what their check says."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson02 as checks
from tests.checks.lesson02.shared import fails, stub


def device_of(model):
    return next(model.parameters()).device


def validate(model, loader, make_pair):
    model.eval()
    total, images = 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target) * len(x)
            images += len(x)
    return float(total / images)


@torch.no_grad()
def validate_decorated(model, loader, make_pair):
    model.eval()
    total = 0
    for x, _ in loader:
        x, target = make_pair(x.to(device_of(model)))
        total += ((model(x) - target) ** 2).mean(1).sum().item()
    return total / len(loader.dataset)


def validate_by_pixels(model, loader, make_pair):
    model.train(False)
    total, pixels = 0, 0
    with torch.inference_mode():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target, reduction="sum").item()
            pixels += x.numel()
    model.train()
    return np.float64(total / pixels)


def validate_all_at_once(model, loader, make_pair):
    was = model.training
    model.eval()
    x = torch.cat([x for x, _ in loader]).to(device_of(model))
    with torch.no_grad():
        x, target = make_pair(x)
        loss = nn.MSELoss()(model(x), target)
    model.train(was)
    return loss.item()


@pytest.mark.parametrize(
    "answer", [validate, validate_decorated, validate_by_pixels, validate_all_at_once]
)
def test_right_validations_pass(answer):
    checks.validation_loss(answer)


def validation(error=None, mean=None, eval_mode=True, gradients=False):
    """A validation with one thing changed; `error` gives a batch's mean."""

    def standard(model, x, make_pair):
        x, target = make_pair(x)
        return F.mse_loss(model(x), target)

    error = error or standard
    mean = mean or (lambda e, n: sum(a * b for a, b in zip(e, n, strict=True)) / sum(n))

    def answer(model, loader, make_pair):
        if eval_mode:
            model.eval()
        errors, sizes = [], []
        with torch.set_grad_enabled(gradients):
            for x, _ in loader:
                x = x.to(device_of(model))
                errors.append(error(model, x, make_pair).item())
                sizes.append(len(x))
        return mean(errors, sizes)

    return answer


def validate_and_train(model, loader, make_pair):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model.eval()
    for x, _ in loader:
        x, target = make_pair(x.to(device_of(model)))
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), target)
        loss.backward()
        optimizer.step()
    return loss.detach()


def validate_returning_early(model, loader, make_pair):
    model.eval()
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            return F.mse_loss(model(x), target).item()


def validate_as_tensor(model, loader, make_pair):
    return torch.tensor(validate(model, loader, make_pair))


def validate_without_gradients_for_good(model, loader, make_pair):
    torch.set_grad_enabled(False)
    return validate(model, loader, make_pair)


def validate_and_freeze(model, loader, make_pair):
    return validate(model.requires_grad_(False), loader, make_pair)


def validate_no_return(model, loader, make_pair):
    validate(model, loader, make_pair)


def input_as_target(model, x, make_pair):
    x, _ = make_pair(x)
    return F.mse_loss(model(x), x)


def swapped(model, x, make_pair):
    target, x = make_pair(x)
    return F.mse_loss(model(x), target)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (validation(eval_mode=False), "training mode | model.eval()"),
        (validation(gradients=True), "gradients were switched on | no_grad()"),
        (validation(mean=lambda e, n: sum(e) / len(e)), "the mean of the batch means"),
        (
            validation(mean=lambda e, n: sum(e)),
            "a sum over the batches",
        ),
        (
            validation(mean=lambda e, n: sum(e) / sum(n)),
            "batch means divided by the number of images",
        ),
        (validation(mean=lambda e, n: e[-1]), "only the last batch"),
        (validate_returning_early, "only the first batch"),
        (
            validation(error=lambda m, x, p: F.mse_loss(m(x), x)),
            "make_pair is not used",
        ),
        (validation(error=input_as_target), "compared with the input"),
        (
            validation(error=lambda m, x, p: F.mse_loss(m(p(x)[0]), x)),
            "compared with the loader's image",
        ),
        (validation(error=swapped), "swapped"),
        (
            validation(
                mean=lambda e, n: sum(a * b for a, b in zip(e, n, strict=True)) / 5000
            ),
            "a number of images written into the function",
        ),
        (validate_and_train, "training inside validation_loss()"),
        (validate_no_return, "returned None"),
        (validate_as_tensor, "a plain number | .item()"),
        (validate_without_gradients_for_good, "stay switched off"),
        (validate_and_freeze, "requires_grad_(False)"),
        (
            validation(mean=lambda e, n: e[0]),
            "the smaller last batch left out",
        ),
        (
            validation(mean=lambda e, n: np.average(e, weights=n) ** 0.5),
            "the root of the squared error",
        ),
    ],
)
def test_wrong_validations_fail_by_name(answer, says):
    fails(checks.validation_loss, answer, says=says)


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.validation_loss(stub)
