"""Checks of lesson 02: an autoencoder, its training loop, noise, interpolation."""

from __future__ import annotations

import contextlib
import copy
import math
import numbers
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lending import lender
from helpers.checks.modules import (
    build,
    ends_linear,
    explained,
    is_linear,
    kind,
    tails,
    undisturbed,
)
from helpers.training import pick_device

lend = lender("02")

HIDDEN, PIXELS = 392, 784


def _images(count: int, seed: int = 0, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Random pictures (count, 784) that do not touch the notebook's random state."""
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(count, PIXELS, generator=generator)


class _Small(nn.Module):
    """A little autoencoder that remembers how it was called."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.w = nn.Parameter(0.1 * torch.randn(PIXELS, 3, generator=generator))
        self.v = nn.Parameter(1.0 * torch.randn(3, PIXELS, generator=generator))
        self.dropout = nn.Dropout(dropout)
        self.modes: list[tuple[bool, bool]] = []

    def encode(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.w)

    def decode(self, z: Tensor) -> Tensor:
        self.modes.append((self.training, torch.is_grad_enabled()))
        return torch.sigmoid(self.dropout(z) @ self.v)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


# The model


@check("MLP4LayerAutoencoder")
@undisturbed
def autoencoder(make: Callable[[int], nn.Module]) -> None:
    """Check a class: 784 - 392 - bottleneck - 392 - 784, sigmoid at the end."""
    model = build(make, 8).eval()
    _check_shapes(model, 8)
    _check_shapes(build(make, 5).eval(), 5)
    _check_layers(model)
    _check_repeatable(model)
    _check_output(model)
    _check_code(model)
    _check_bends(model)
    _check_gradients(model)


def _check_shapes(model: nn.Module, bottleneck: int) -> None:
    for batch in (128, 97, 1):
        z = torch.zeros(batch, bottleneck)
        for what, f, x, size in (
            ("encode(x)", model.encode, _images(batch), bottleneck),
            ("decode(z)", model.decode, z, PIXELS),
        ):
            try:
                value = f(x)
            except NotImplementedError:
                raise
            except RuntimeError as error:
                raise _does_not_run(what, model, batch, bottleneck, error) from None
            _check_shape(what, value, batch, size, bottleneck)


def _does_not_run(
    what: str, model: nn.Module, batch: int, bottleneck: int, error: Exception
) -> Exception:
    if batch != 128:
        return CheckFailed(
            f"a batch of 128 works, a batch of {batch} does not: {error}",
            "any batch size: the last batch of an epoch is a smaller one",
            "a batch size written into the model, as in view(128, ...)",
        )
    if "shapes cannot be multiplied" not in str(error):
        return error
    return CheckFailed(
        f"with bottleneck = {bottleneck}, {what} stops: {error}; the layers are "
        f"{_sizes(model)}",
        "layers that fit: each takes as many numbers as the one before gives",
        "the sizes of the linear layers, and whether a number stands where the "
        "argument `bottleneck` belongs",
    )


def _sizes(model: nn.Module) -> str:
    shapes = [p.shape for p in model.parameters() if p.dim() == 2]
    return ", ".join(f"{shape[1]} to {shape[0]}" for shape in shapes) or "none"


def _check_shape(what: str, value: Any, batch: int, size: int, bottleneck: int) -> None:
    if not isinstance(value, Tensor):
        raise CheckFailed(
            f"{what} gives {kind(value)}",
            f"a tensor of shape ({batch}, {size})",
            "the `return` line",
        )
    shape = tuple(value.shape)
    if shape == (batch, size):
        return
    look = "the sizes of the linear layers"
    if shape[:1] != (batch,) or len(shape) == 1:
        look = "a batch size written into the model, or a squeeze() or reshape"
    elif what == "encode(x)":
        look = (
            "the bottleneck: the last layer of the encoder must be as narrow as "
            "the argument `bottleneck` says"
        )
    raise CheckFailed(
        f"with bottleneck = {bottleneck} and {batch} images, {what} has shape {shape}",
        f"shape ({batch}, {size})",
        look,
    )


def _check_layers(model: nn.Module) -> None:
    matrices = [tuple(p.shape) for p in model.parameters() if p.dim() == 2]
    if not matrices:
        raise CheckFailed(
            "the model has no weights that PyTorch can find",
            "four linear layers stored on `self`",
            "layers in a plain Python list (use nn.Sequential or nn.ModuleList), or "
            "layers made anew in each call",
        )
    wanted = Counter({(HIDDEN, PIXELS): 2, (8, HIDDEN): 2})
    if Counter(tuple(sorted(shape)) for shape in matrices) != wanted:
        raise CheckFailed(
            f"{len(matrices)} weight matrices: {_sizes(model)}",
            "four: 784 to 392, 392 to 8, 8 to 392, 392 to 784",
            "the number and the sizes of the linear layers; those in a plain Python "
            "list, or made outside `__init__`, are not found",
        )


def _check_repeatable(model: nn.Module) -> None:
    x = _images(97)
    first = model(x)
    if not torch.allclose(first, model(x), atol=1e-6):
        raise CheckFailed(
            "the same images gave two different answers in evaluation mode",
            "one answer: nothing in the model is drawn anew in a call",
            "layers made inside encode() or decode() have new random weights each "
            "time; make them in __init__()",
        )
    if not torch.allclose(first, model.decode(model.encode(x)), atol=1e-6):
        raise CheckFailed(
            "model(x) differs from model.decode(model.encode(x))",
            "the same: forward() is encode, then decode",
            "forward()",
        )
    if not torch.allclose(model(x[3:4]), first[3:4], atol=1e-4):
        raise CheckFailed(
            "an image alone gets another answer than the same image in a batch",
            "each image is coded on its own, whatever stands next to it",
            "a mean, standard deviation or softmax over the images (dim=0), or a "
            "reshape that mixes them",
        )
    z = 10 * _images(97)[:, :16] - 5
    if torch.allclose(model.decode(z[:, :8]), model.decode(z[:, 8:]), atol=1e-6):
        raise CheckFailed(
            "decode(z) gives the same pictures for different codes",
            "pictures made from z",
            "decode(): is its argument used?",
        )


def _check_output(model: nn.Module) -> None:
    with torch.no_grad():
        usual = model(_images(97))
        extreme = model.decode(1000 * (_images(97)[:, :8] - 0.5))
    low, high = extreme.min().item(), extreme.max().item()
    if low < -1e-6 or high > 1 + 1e-6:
        raise CheckFailed(
            f"decode() gives values from {low:.3g} to {high:.3g}",
            "pixels between 0 and 1, whatever the code",
            "the sigmoid at the end of the decoder",
        )
    if torch.allclose(usual.sum(dim=1), torch.ones(97), atol=1e-3):
        raise CheckFailed(
            "the 784 pixels of each picture sum to 1",
            "each pixel between 0 and 1 on its own",
            "a softmax where a sigmoid belongs",
        )
    stuck = ((usual == 0) | (usual == 1)).float().mean().item()
    if stuck > 0.2:
        raise CheckFailed(
            f"{stuck:.0%} of an untrained network's pixels are exactly 0 or 1",
            "values in between: where the output is cut off no gradient passes",
            "a clamp or a ReLU where a sigmoid belongs",
        )
    with torch.no_grad():
        loud = _loud(model).decode(10 * (_images(97)[:, :8] - 0.5))
    low, high = loud.min().item(), loud.max().item()
    if low > 0.1 or high < 0.9:
        why = "something that limits the numbers before the sigmoid"
        if low > 0.49:
            why = "a ReLU before the sigmoid" if high > 0.9 else "two sigmoids in a row"
        raise CheckFailed(
            f"even huge weights give pixels from {low:.2f} to {high:.2f} only",
            "all of 0 to 1, black and white as well",
            f"the end of the decoder: {why}",
        )


def _loud(model: nn.Module) -> nn.Module:
    """A copy with large random weights, whatever the first ones were."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(2 * torch.randn_like(p))
    return model


def _check_code(model: nn.Module) -> None:
    x = _images(97)
    with torch.no_grad():
        zeros = (model.encode(x) == 0).float().mean().item()
        largest = _loud(model).encode(x).abs().max().item()
    if zeros > 0.1:
        raise CheckFailed(
            f"{zeros:.0%} of the code's numbers are exactly 0",
            "codes of any value, also below zero",
            "a ReLU after the encoder's last layer",
        )
    if largest <= 1 + 1e-4:
        raise CheckFailed(
            f"no code number exceeds {largest:.3g}, even with huge weights",
            "codes of any value",
            "a sigmoid or tanh after the encoder's last layer",
        )
    if not ends_linear(model, lambda m: m.encode(x), HIDDEN, 8):
        raise CheckFailed(
            "the code does not grow in proportion to the weights of the last layer",
            "a plain linear layer at the end of the encoder: codes of any value",
            "an activation (GELU, leaky ReLU, ...) after the encoder's last layer",
        )


def _check_bends(model: nn.Module) -> None:
    def logits(z: Tensor) -> Tensor:
        return torch.logit(model.decode(z).double(), eps=1e-9)

    halves = (("encoder", model.encode, PIXELS, 10), ("decoder", logits, 8, 5))
    for name, f, width, size in halves:
        a = size * (_images(97, seed=2)[:, :width] - 0.5)
        b = size * (_images(97, seed=3)[:, :width] - 0.5)
        if is_linear(f, a, b):
            raise CheckFailed(
                f"the {name} is linear: its two layers act as a single one",
                "a bend between them, such as GELU or ReLU",
                f"the activation after the 392-wide layer of the {name}",
            )


def _check_gradients(model: nn.Module) -> None:
    model.train()
    loss = F.mse_loss(model(_images(97)), _images(97))
    if loss.requires_grad:
        loss.backward()
    stuck = [
        name
        for name, p in model.named_parameters()
        if p.grad is None or not p.grad.any()
    ]
    if stuck:
        raise CheckFailed(
            f"no gradient reaches {', '.join(stuck)}",
            "every weight takes part in training",
            "detach() or no_grad() inside the model, or a layer that is not used",
        )


# Training and validation


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
    model = _Small().to(device)
    x, target = _images(37, 1).to(device), _images(37, 2, high=0.4).to(device)
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
    moved = _moved(before, model)
    events = [
        e for i, e in enumerate(optimizer.events) if [e] != optimizer.events[:i][-1:]
    ]
    if not moved.any():
        raise _no_movement(events)
    value = _scalar(result, "train_step()")
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
    _compare_number(
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
    again = _moved(before, model)
    if not _close(again, moved):
        times = (again.norm() / moved.norm()).item()
        raise CheckFailed(
            f"the same step from the same weights went {times:.2g} times as far the "
            f"second time",
            "the same step: backward() adds to the gradients that are there, so they "
            "must be cleared",
            "`optimizer.zero_grad()`: is it called, before `backward()`?",
        )


@check("validation_loss")
@undisturbed
def validation_loss(function: Callable) -> None:
    """Check ``validation_loss(model, loader, make_pair) -> float``."""
    from torch.utils.data import DataLoader, TensorDataset

    device = pick_device()
    model = _Small(dropout=0.5).to(device).train()
    before = copy.deepcopy(model.state_dict())
    # The last batch is smaller and much brighter than the first.
    images = torch.cat([_images(64, 1, high=0.3), _images(33, 2, low=0.6)])
    loader = DataLoader(TensorDataset(images, torch.zeros(97)), batch_size=64)

    def make_pair(x: Tensor) -> tuple[Tensor, Tensor]:
        return 1 - x, x**2

    result = function(model, loader, make_pair)
    modes = list(model.modes)
    value = _scalar(result, "validation_loss()")
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
    if _moved(before, model).any():
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
    _compare_number(
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


# Weights


SAVING = {
    "ickle": (
        "weights alone, which any program can read",
        "`torch.save(model.state_dict(), path)`: not the whole model, and with the "
        "() after state_dict",
    ),
    "file-like object": (
        "first what to save, then where",
        "the order of the arguments: `torch.save(model.state_dict(), path)`",
    ),
}
LOADING = {
    "size mismatch": (
        "a new model of the same size as the saved one",
        "`MLP4LayerAutoencoder(bottleneck)`: is it made anew, and with the argument?",
    ),
    "dict-like": (
        "the dictionary of tensors that state_dict() gave",
        "save `model.state_dict()`; give load_state_dict what torch.load returns",
    ),
    "(s) in state_dict": (
        "the same names in the file as in the model",
        "save the whole `model.state_dict()`, and load all of it",
    ),
    "eights only load failed": (
        "a file that holds tensors only",
        "`torch.save(model.state_dict(), path)`: not the whole model",
    ),
}


class _Trap:
    """An object whose unpickling runs a function."""

    def __init__(self, marker: Path):
        self.marker = str(marker)

    def __reduce__(self):
        return _spring, (self.marker,)


def _spring(marker: str) -> dict:
    Path(marker).touch()
    return {}


@check("save_weights and load_weights")
@undisturbed
def weights(save: Callable, load: Callable, make: Callable[[int], nn.Module]) -> None:
    """Check that weights survive a file, alone and untouched."""
    x = _images(5)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        one, two = Path(folder) / "one.pth", Path(folder) / "two.bin"
        model, other = build(make, 6).eval(), build(make, 4).eval()
        right, other_right = model(x), other(x)
        before = copy.deepcopy(model.state_dict())
        with explained(SAVING):
            save(model, one)
            save(other, str(two))
        after = model.state_dict()
        if any(before[k].dtype != v.dtype for k, v in after.items()) or any(
            not before[k].equal(v) for k, v in after.items()
        ):
            raise CheckFailed(
                "save_weights() changed the model's own weights",
                "they are written to the file, and stay as they are",
                "half(), double(), or an in-place operation on the weights",
            )
        if not one.exists() or not two.exists():
            found = ", ".join(path.name for path in Path(folder).iterdir()) or "nothing"
            raise CheckFailed(
                f"in the folder of `path` there is: {found}",
                "the file that `path` names",
                "the file name in save_weights(): use the argument, just as it is",
            )
        _check_file(one)
        for p in model.parameters():
            p.add_(1.0)
        with explained(LOADING):
            loaded = load(one, 6)
        if not isinstance(loaded, nn.Module):
            raise CheckFailed(
                f"load_weights() gave {kind(loaded)}",
                "a model with the weights in it",
                "the `return` line; `load_state_dict` fills a model in place and "
                "returns only a report",
            )
        if loaded is model:
            raise CheckFailed(
                "load_weights() gave the very model that was saved",
                "a new one: in another notebook the old one does not exist",
                "make an MLP4LayerAutoencoder(bottleneck) inside load_weights()",
            )
        got = copy.deepcopy(loaded).eval()(x)
        if torch.allclose(got, model(x), atol=1e-6):
            raise CheckFailed(
                "the model was trained on after saving, and the loaded one has the "
                "new weights",
                "the weights as they were when saved",
                "weights kept by reference: state_dict() shares memory with the "
                "model; write it to the file at once",
            )
        if not torch.allclose(got, right, atol=1e-6):
            raise CheckFailed(
                "the loaded model answers differently from the saved one",
                "the same pictures for the same input",
                "`load_state_dict`: is it called, on the model that is returned? "
                "Without it, or where strict=False skips them, weights are random",
            )
        with explained(LOADING):
            second = load(str(two), 4)
        if not torch.allclose(copy.deepcopy(second).eval()(x), other_right, atol=1e-6):
            raise CheckFailed(
                "a second file, of another model, did not give that model back",
                "the weights of the file that `path` names",
                "the arguments `path` and `bottleneck`: are they used?",
            )
        if loaded.training:
            raise CheckFailed(
                "the loaded model is in training mode",
                "evaluation mode, ready to be used",
                "`model.eval()` before the return",
            )
        _check_trap(load, Path(folder))


def _check_file(path: Path) -> None:
    """The file must hold tensors, not a pickled model."""
    try:
        torch.load(path, weights_only=True)
    except Exception:  # noqa: BLE001 (torch raises many kinds; any means "not safe")
        try:
            content = torch.load(path, weights_only=False)
        except Exception:  # noqa: BLE001 (not one of torch's files: not our concern)
            return
        raise CheckFailed(
            f"the file holds a whole {type(content).__name__} object",
            "weights alone: a file of objects can run any program when it is opened, "
            "and breaks when the class is renamed",
            "`torch.save(model.state_dict(), path)`",
        ) from None


def _check_trap(load: Callable, folder: Path) -> None:
    trap, marker = folder / "trap.pth", folder / "sprung"
    torch.save(_Trap(marker), trap)
    with contextlib.suppress(Exception):  # any refusal is right
        load(trap, 6)
    if marker.exists():
        raise CheckFailed(
            "load_weights() ran a program that was hidden in a file",
            "a refusal: only tensors are read",
            "`weights_only=True` in torch.load",
        )


# Noise


@check("denoising_pair")
@undisturbed
def denoising_pair(make_pair: Callable) -> None:
    """Check ``denoising_pair(x, noise_std) -> (noisy, clean)``."""
    device = pick_device()
    x = _images(97).to(device)
    original = x.clone()
    result = make_pair(x, 0.5)
    if not torch.equal(x, original):
        raise CheckFailed(
            "the images handed in have noise on them afterwards",
            "they stay as they are: these are the training data, and the noise would "
            "pile up from epoch to epoch",
            "an in-place operation, such as `x += ...` or `x.clamp_()`",
        )
    noisy, clean = _pair(result, x.shape)
    if torch.equal(noisy, x) and not torch.equal(clean, x):
        raise CheckFailed(
            "the input is the clean picture and the target the noisy one",
            "(input, target) = (noisy, clean)",
            "the order in the `return` line",
        )
    if torch.equal(clean, noisy):
        raise CheckFailed(
            "the target is the same picture as the input",
            "noise on the input, none on the target: a denoiser trained towards the "
            "noisy image learns to keep the noise",
            "return the clean images as the second of the pair",
        )
    if not torch.allclose(clean, x, atol=1e-6):
        raise CheckFailed(
            f"the target differs from the clean images by up to "
            f"{(clean - x).abs().max():.2g}",
            "the clean images themselves",
            "noise on the target as well, or the noise itself as the target",
        )
    low, high = noisy.min().item(), noisy.max().item()
    if low < 0 or high > 1:
        raise CheckFailed(
            f"noisy pixels run from {low:.2f} to {high:.2f}",
            "pixels between 0 and 1, like those of any picture",
            "clip after adding the noise: `.clamp(0, 1)`",
        )
    grey = torch.full_like(x, 0.5)
    _check_pattern(make_pair, grey)
    _check_noise(make_pair, grey)
    cut = [((noisy == end).float().mean().item(), end) for end in (0, 1)]
    if min(cut)[0] < 0.1:
        raise CheckFailed(
            f"at noise_std = 0.5 only {min(cut)[0]:.1%} of the pixels are exactly "
            f"{min(cut)[1]}",
            "about a fifth: pixels that leave [0, 1] are clipped to its ends",
            "`.clamp(0, 1)` of the sum; no sigmoid, no rescaling, no other limits",
        )


def _check_pattern(make_pair: Callable, grey: Tensor) -> None:
    """Each pixel, image and call has noise of its own."""
    noise = make_pair(grey, 0.1)[0] - grey
    if torch.allclose(noise[0], noise[1], atol=1e-6) and noise.abs().max() > 1e-4:
        same = torch.allclose(noise, noise[0, 0].expand_as(noise), atol=1e-6)
        what = "one number for the whole batch" if same else "the same for all images"
        raise CheckFailed(
            f"the noise is {what}",
            "fresh noise for each pixel of each image",
            "the shape of the noise: that of x, as randn_like(x) gives",
        )
    if noise.std() > 1e-4 and noise.std(dim=1).mean() < 0.1 * noise.std():
        raise CheckFailed(
            "all pixels of an image have the same noise: it only gets brighter or "
            "darker",
            "fresh noise for each pixel",
            "the shape of the noise: that of x, as randn_like(x) gives",
        )
    if torch.allclose(noise, make_pair(grey, 0.1)[0] - grey, atol=1e-6):
        raise CheckFailed(
            "two calls gave exactly the same noise (or none)",
            "fresh noise in each call, or the network learns that noise by heart",
            "a seed or generator inside the function; is noise_std used?",
        )


def _check_noise(make_pair: Callable, grey: Tensor) -> None:
    """On mid-grey, small noise is not clipped, so its moments can be measured."""
    weak, strong = (make_pair(grey, std)[0].std() for std in (0.05, 0.1))
    if torch.isclose(weak, strong, rtol=0.05):
        raise CheckFailed(
            f"the noise is equally strong, {strong:.2g}, for noise_std 0.05 and 0.1",
            "noise of standard deviation noise_std",
            "the argument noise_std: it is not used",
        )
    change = (make_pair(grey, 1e-6)[0] - grey).abs().max().item()
    if change > 0.01:
        raise CheckFailed(
            f"with hardly any noise (noise_std = 1e-6) pixels change by {change:.2g}",
            "nearly the clean picture: it is only clipped where it leaves [0, 1]",
            "a sigmoid or rescaling where `.clamp(0, 1)` belongs, or blanked pixels",
        )
    for wanted in (0.05, 0.1):
        noise = make_pair(grey, wanted)[0] - grey
        mean, std = noise.mean().item(), noise.std().item()
        if abs(mean) > 0.1 * wanted:
            raise CheckFailed(
                f"noise of mean {mean:.3f}: pictures get "
                f"{'brighter' if mean > 0 else 'darker'}",
                "mean 0: as often up as down",
                "uniform noise from rand (use randn), a shift, pixels blanked out, or "
                "clipping the noise instead of the sum",
            )
        _compare_number(
            std,
            wanted,
            {
                "noise_std used as the variance's square: the noise is multiplied by "
                "noise_std twice": wanted**2,
                "noise_std used as a variance: its square root was taken": (
                    math.sqrt(wanted)
                ),
                "noise multiplied by the picture; it must be added": wanted / 2,
                "uniform noise; use randn": wanted / math.sqrt(12),
            },
            f"for noise_std = {wanted} the noise has standard deviation",
            f"a standard deviation of {wanted}",
            tolerance=0.03,
            otherwise="is noise_std multiplied in, once, and nothing rescaled?",
        )
    fourth = tails(noise)
    if abs(fourth - 3) > 0.4:
        raise CheckFailed(
            f"the noise has mean 0 and the right spread, but its fourth moment is "
            f"{fourth:.1f}",
            "3, as normal noise has: many small numbers, few large ones",
            "uniform noise (rand; its fourth moment is 1.8) or another distribution: "
            "use randn",
        )


def _pair(result: Any, shape: torch.Size) -> tuple[Tensor, Tensor]:
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CheckFailed(
            f"denoising_pair() gave {kind(result)}",
            "a pair: (input, target)",
            "the `return` line",
        )
    for name, part in zip(("input", "target"), result, strict=True):
        if not isinstance(part, Tensor) or part.shape != shape:
            raise CheckFailed(
                f"the {name} is {kind(part)}",
                f"a tensor of shape {tuple(shape)}, like the images",
                "a reshape, noise of another shape, or NumPy where torch belongs",
            )
        if part.dtype != torch.float32:
            raise CheckFailed(
                f"the {name} is {part.dtype}, the images are torch.float32",
                "the type of the images: the network's weights have it too",
                "NumPy's noise is float64: use torch.randn_like, or .float()",
            )
    return result[0], result[1]


# Interpolation


class _Curved(_Small):
    """A decoder so bent that mixing codes and mixing pictures differ a lot."""

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(torch.sin(4 * z) @ self.v)


@check("interpolate")
@undisturbed
def interpolate(function: Callable) -> None:
    """Check ``interpolate(model, a, b, frames) -> (frames, 784)``."""
    device = pick_device()
    model = _Curved().to(device).eval()
    a, b = _images(1, 1)[0].to(device), _images(1, 7)[0].to(device)
    reasons = {
        "must match the size of tensor": (
            "a code (bottleneck,) times steps t (frames, 1) gives (frames, bottleneck)",
            "the shape of t: `torch.linspace(0, 1, frames)[:, None]`",
        )
    }
    for frames in (7, 2, 12):
        with explained(reasons):
            result = function(model, a, b, frames)
        _check_strip(result, model, a, b, frames)
    if model.training:
        raise CheckFailed(
            "the model is in training mode afterwards",
            "the mode it was handed in: evaluation",
            "train() inside interpolate()",
        )


def _check_strip(
    result: Any, model: nn.Module, a: Tensor, b: Tensor, frames: int
) -> None:
    if isinstance(result, tuple | list):
        raise CheckFailed(
            f"interpolate() gave {kind(result)}",
            f"one tensor of shape ({frames}, 784)",
            "put the frames together: `torch.stack`",
        )
    if not isinstance(result, Tensor) or result.shape != (frames, PIXELS):
        look = "the number of frames, and which axis counts them"
        if isinstance(result, Tensor) and result.shape[-1:] == (3,):
            look = "these are codes: decode them"
        elif not isinstance(result, Tensor):
            look = "the `return` line: is there one, and does it give a torch tensor?"
        raise CheckFailed(
            f"for frames = {frames} interpolate() gave {kind(result)}",
            f"a tensor of shape ({frames}, 784)",
            look,
        )
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    with torch.no_grad():
        z_a, z_b = model.encode(a), model.encode(b)
        first, last = model.decode(z_a), model.decode(z_b)
        pixels = torch.lerp(a, b, t)
        right = model.decode(torch.lerp(z_a, z_b, t))
        short = torch.arange(frames, device=a.device)[:, None] / frames
        inner = torch.arange(1, frames + 1, device=a.device)[:, None] / (frames + 1)
        wrong = {
            "backwards: the first frame is b's; t = 0 must give a": right.flip(0),
            "the pixels are mixed and the model is not used: a cross-fade": pixels,
            "backwards, and a cross-fade of pixels": pixels.flip(0),
            "the pixels are mixed, then sent through the model; mix the codes": (
                model(pixels)
            ),
            "a cross-fade of two decoded pictures; mix the codes, then decode": (
                torch.lerp(first, last, t)
            ),
            "the last frame, b's own, is missing: t must run from 0 to 1 inclusive": (
                model.decode(torch.lerp(z_a, z_b, short))
            ),
            "both ends are missing: t must run from 0 to 1 inclusive": (
                model.decode(torch.lerp(z_a, z_b, inner))
            ),
            "all frames are a's: is t used?": first.expand(frames, -1),
            "all frames are b's: is t used?": last.expand(frames, -1),
            "the frames are not between the codes: (1 - t) a + t b, not a + t b": (
                model.decode(z_a + t * z_b)
            ),
            "the ends are pictures a and b; they must be decoded from their codes": (
                torch.cat([a[None], right[1:-1], b[None]])
            ),
        }
    result = result.detach()
    if torch.allclose(result, right, atol=1e-4):
        return
    rule = "frame k decodes (1 - t) encode(a) + t encode(b), t from 0 to 1"
    for mistake, strip in wrong.items():
        if torch.allclose(result, strip, atol=1e-4):
            raise CheckFailed(f"{frames} frames, not the right ones", rule, mistake)
    off = (result - right).abs().amax(dim=1)
    k = int((off > 1e-4).nonzero()[0])
    look = "equal steps of t, and codes mixed in a straight line"
    if k == 0:
        look = "t at the first frame: it must be 0, so that a's code alone is decoded"
    elif k == frames - 1:
        look = "t at the last frame: it must be 1, so that b's code alone is decoded"
    raise CheckFailed(f"frame {k} of {frames} is off by up to {off[k]:.2g}", rule, look)


# What the checks share


def _load(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    model.load_state_dict(state)
    return model


def _moved(before: Mapping[str, Tensor], model: nn.Module) -> Tensor:
    """How far each weight has gone downhill."""
    after = model.state_dict()
    return torch.cat([(before[name] - after[name]).flatten() for name in before])


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).norm() <= 0.02 * b.norm())


def _scalar(value: Any, call: str) -> float:
    """A number from a float, a NumPy number or a tensor that holds one."""
    if value is None or not hasattr(value, "__float__"):
        raise CheckFailed(f"{call} returned {kind(value)}", "one number", "`return`")
    if isinstance(value, Tensor) and value.numel() != 1:
        raise CheckFailed(
            f"{call} returned {kind(value)}",
            "one number: the mean over pixels and images",
            "a mean over all axes",
        )
    return float(value.detach() if isinstance(value, Tensor) else value)


def _compare_number(
    got: float,
    right: float,
    wrong: Mapping[str, Tensor | float],
    what: str,
    rule: str,
    tolerance: float = 1e-3,
    otherwise: str = "the formula, term by term",
) -> None:
    """Fail unless `got` is `right`; name the known mistake that gives `got`."""
    if math.isclose(got, right, rel_tol=tolerance):
        return
    for mistake, value in wrong.items():
        if math.isclose(got, float(value), rel_tol=tolerance):
            raise CheckFailed(f"{what} {got:.4g}", f"{right:.4g}: {rule}", mistake)
    raise CheckFailed(f"{what} {got:.4g}", f"{right:.4g}: {rule}", otherwise)
