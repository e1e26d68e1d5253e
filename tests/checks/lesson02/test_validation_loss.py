"""Validations, right and wrong, and what their check says."""

import copy
import functools
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from helpers.checks import lesson02 as checks
from tests.checks.trial import trial

CHECK = checks.validation_loss
NAMES = ("validation_loss",)


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


def validate_on_a_copy(model, loader, make_pair):
    twin = copy.deepcopy(model).eval()
    errors = []
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            errors.extend((twin(x) - target).square().mean(dim=1).tolist())
    return sum(errors) / len(errors)


def validate_on_a_frozen_copy(model, loader, make_pair):
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    total, images = 0.0, 0
    for x, _ in loader:
        x, target = make_pair(x.to(device_of(model)))
        total += F.mse_loss(twin(x), target).item() * len(x)
        images += len(x)
    return total / images


def validate_module_by_module(model, loader, make_pair):
    for module in model.modules():
        module.training = False
    weighted, count = torch.zeros((), dtype=torch.float64), 0
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    for images, labels in loader:
        inputs, targets = make_pair(images)
        weighted += torch.nn.functional.mse_loss(
            model(inputs), targets, reduction="none"
        ).sum()
        count += labels.size(0)
    torch.set_grad_enabled(before)
    return weighted.item() / count / 784


def validate_with_a_bar(model, loader, make_pair):
    model.eval()
    errors, sizes = [], []
    with torch.inference_mode():
        for x, _ in tqdm(loader, desc="validation", total=len(loader)):
            x, target = make_pair(x)
            errors.append(F.mse_loss(model(x), target, reduce=True).item())
            sizes.append(x.size(0))
    assert sum(sizes) <= len(loader) * loader.batch_size
    return float(np.average(errors, weights=sizes))


def validate_image_by_image(model, loader, make_pair):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, _ in loader:
            inputs, targets = make_pair(x)
            for one, wanted in zip(inputs, targets, strict=True):
                total += F.mse_loss(model(one[None])[0], wanted).item()
    return total / len(loader.dataset)


def enough_after_five_thousand(model, loader, make_pair):
    model.eval()
    total, images = 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target).item() * len(x)
            images += len(x)
            if images >= 5_000:
                break
    return total / images


RIGHT = [
    validate,
    validate_decorated,
    validate_by_pixels,
    validate_all_at_once,
    validate_on_a_copy,
    validate_on_a_frozen_copy,
    validate_module_by_module,
    validate_with_a_bar,
    validate_image_by_image,
]


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


def trains_in_the_loop(model, loader, make_pair):
    model.eval()
    total = 0.0
    for x, _ in loader:
        x, target = make_pair(x.to(device_of(model)))
        with torch.no_grad():
            total += F.mse_loss(model(x), target).item() * len(x)
        model.train()
    return total / len(loader.dataset)


def trains_first_in_the_loop(model, loader, make_pair):
    model.eval()
    for _ in loader:
        model.train()
        break
    with torch.no_grad():
        pairs = [make_pair(x.to(device_of(model))) for x, _ in loader]
        errors = [F.mse_loss(model(x), t, reduction="sum") for x, t in pairs]
    return float(sum(errors)) / len(loader.dataset) / 784


def skips_the_first_batch(model, loader, make_pair):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for i, (x, _) in enumerate(loader):
            if i:
                x, target = make_pair(x.to(device_of(model)))
                total += F.mse_loss(model(x), target).item() * len(x)
                count += len(x)
    return total / max(count, 1)


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


def pair_twice(model, x, make_pair):
    return F.mse_loss(model(make_pair(x)[0]), make_pair(x)[1])


def swapped(model, x, make_pair):
    target, x = make_pair(x)
    return F.mse_loss(model(x), target)


validation_loader = [(torch.rand(50, 784), torch.zeros(50))] * 3


def validate_global_loader(model, loader, make_pair):
    return validate(model, validation_loader, make_pair)


def validate_overwriting(model, loader, make_pair):
    model.eval()
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total = F.mse_loss(model(x), target) * len(x)
    return float(total / len(loader.dataset))


def validate_top_only(model, loader, make_pair):
    model.training = False
    with torch.no_grad():
        return validation(eval_mode=False)(model, loader, make_pair)


def validate_first_thousand(model, loader, make_pair):
    model.eval()
    x = torch.cat([x for x, _ in loader])[:1000].to(device_of(model))
    with torch.no_grad():
        x, target = make_pair(x)
        return F.mse_loss(model(x), target).item()


def validate_drop_last(model, loader, make_pair):
    model.eval()
    total, images = 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            if len(x) < loader.batch_size and len(loader) > 1:
                break
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target).item() * len(x)
            images += len(x)
    return total / images


def validate_by_batch_size(model, loader, make_pair):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target).item() * loader.batch_size
    return total / len(loader.dataset)


def validate_eval_late(model, loader, make_pair):
    total, images = 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target).item() * len(x)
            images += len(x)
            model.eval()
    return total / images


def validate_without_model(model, loader, make_pair):
    total, images = 0.0, 0
    for x, _ in loader:
        x, target = make_pair(x)
        total += F.mse_loss(x, target).item() * len(x)
        images += len(x)
    return total / images


def validate_clearing(model, loader, make_pair):
    loss = validate(model, loader, make_pair)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    return loss


def validate_rounded(model, loader, make_pair):
    return round(validate(model, loader, make_pair), 3)


def validate_list(model, loader, make_pair):
    return [validate(model, loader, make_pair)]


def absolute(model, x, make_pair):
    x, target = make_pair(x)
    return F.l1_loss(model(x), target)


def half(model, x, make_pair):
    x, target = make_pair(x)
    return F.mse_loss(model(x), target) / 2


def summed_pixels(model, x, make_pair):
    x, target = make_pair(x)
    return F.mse_loss(model(x), target, reduction="sum")


def validate_with_gradients_and_no_record(model, loader, make_pair):
    """Whatever list the model keeps is empty afterwards."""
    value = validation(gradients=True)(model, loader, make_pair)
    for each in list(vars(model).values()):
        if isinstance(each, list):
            each[1:] = []
            each[0].gradients = False
    return value


WRONG = [
    (functools.lru_cache(validate), "kept from an earlier call"),
    (
        lambda model, loader, make_pair: validate(
            model, itertools.islice(loader, 400), make_pair
        ),
        "a loop that ends early",
    ),
    (enough_after_five_thousand, "images"),
    (validate_with_gradients_and_no_record, "gradients were switched on | no_grad()"),
    (trains_in_the_loop, "`model.train()` inside the loop"),
    (trains_first_in_the_loop, "`model.eval()` before the loop, and no"),
    (skips_the_first_batch, "a batch at the start that is left out"),
    (validation(eval_mode=False), "training mode | model.eval()"),
    (validation(gradients=True), "gradients were switched on | no_grad()"),
    (validation(mean=lambda e, n: sum(e) / len(e)), "the mean of the batch means"),
    (
        validation(mean=lambda e, n: sum(e)),
        "the means of the batches, added up, not divided by anything",
    ),
    (
        validation(mean=lambda e, n: sum(e) / sum(n)),
        "the means of the batches, added up, divided by the number of images",
    ),
    (
        validation(mean=lambda e, n: np.dot(e, n) / (len(n) * n[-1])),
        "divided by the batches times the last one's size",
    ),
    (
        validation(mean=lambda e, n: np.dot(e, n) / (len(n) * n[0])),
        "divided by the batches times the first one's size",
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
    (validation(error=pair_twice), "a single call for each batch"),
    (
        validation(
            mean=lambda e, n: sum(a * b for a, b in zip(e, n, strict=True)) / 5000
        ),
        "divided by 5000",
    ),
    (validate_and_train, "backward()"),
    (validate_no_return, "returned None"),
    (validate_as_tensor, "a plain number | .item()"),
    (validate_without_gradients_for_good, "set_grad_enabled(False)"),
    (validate_and_freeze, "requires_grad_()"),
    (
        validation(mean=lambda e, n: e[0]),
        "only the first batch counts",
    ),
    (
        validation(mean=lambda e, n: np.average(e, weights=n) ** 0.5),
        "the root of the squared error",
    ),
    (validate_global_loader, "a loader of the notebook"),
    (validate_overwriting, "is the total overwritten?"),
    (validate_top_only, "training mode | model.eval()"),
    (validate_first_thousand, "the model saw 1000 images"),
    (validate_drop_last, "a smaller last batch left out"),
    (validate_by_batch_size, "what is added up for each batch"),
    (validate_eval_late, "training mode"),
    (validate_without_model, "never called"),
    (validate_clearing, "the model's gradients"),
    (validate_rounded, "averaged over all"),
    (validate_list, "a list of 1"),
    (validation(error=absolute), "the absolute error"),
    (validation(error=half), "half the squared error"),
    (
        validation(error=summed_pixels, mean=lambda e, n: sum(e) / sum(n)),
        "images and pixels",
    ),
    (validation(mean=lambda e, n: float(np.median(e))), "what is added up"),
    (validation(mean=lambda e, n: max(e)), "only the first batch counts"),
    (validation(mean=lambda e, n: sum(e) / 5000), "divided by 5000"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args):
    raise NotImplementedError()


def test_a_stub_stays_a_stub():
    with pytest.raises(NotImplementedError):
        checks.validation_loss(stub)
