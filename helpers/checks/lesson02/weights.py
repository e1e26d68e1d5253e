"""Check of exercise save_weights and load_weights."""

from __future__ import annotations

import contextlib
import copy
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson02._models import random_images
from helpers.checks.modules import build, explained, kind, undisturbed

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
    x = random_images(5)
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
