"""Check of exercise save_weights and load_weights."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import itertools
import os
import pickle
import pickletools
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.checks import standins
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw, seeded
from helpers.checks.kept import Kept
from helpers.checks.leftovers import stays
from helpers.checks.messages import kind, shorten
from helpers.checks.modules import build, explained

CLASS = "MLP4LayerAutoencoder"
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
UNTOUCHED = (
    "half(), double(), eval() or an operation in place inside save_weights(): weights "
    "are written to the file, and the model stays as it is"
)
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


@check("save_weights and load_weights", uses=[CLASS])
def weights(
    save: Callable, load: Callable, make: Callable[[int], nn.Module], draw: Draw
) -> None:
    """Check that weights survive a file, alone and untouched."""
    make = _class_in_place(load, make)
    sizes = draw.integer(5, 12), draw.integer(2, 4)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        paths = [str(place / name) for name in ("one.pth", "two.bin")]
        models = [build(make, size) for size in sizes]
        answers = [_use(model, size) for model, size in zip(models, sizes, strict=True)]
        kept = [copy.deepcopy(model.state_dict()) for model in models]
        before = Kept(save, load)
        # One as it is after training, one ready for use, its weights frozen.
        models[0].train()
        models[1].eval().requires_grad_(False)
        for model, path in zip(models, paths, strict=True):
            with explained(SAVING), _in_place(model), stays(model, look=UNTOUCHED):
                save(model, path)
        _check_files(place, paths)
        _check_sizes(models, paths)
        with torch.no_grad():
            for p in models[0].parameters():
                p.add_(1.0)
        loaded = []
        for path, size, state, model in zip(paths, sizes, kept, models, strict=True):
            with explained(LOADING):
                loaded.append(load(path, size))
            _check_loaded(loaded[-1], state, model)
        for model, size, answer in zip(loaded, sizes, answers, strict=True):
            _check_answers(model, size, answer)
        _check_second(load, loaded[0], paths[0], sizes[0])
        _check_alone(load, loaded[0], paths[0], sizes[0], before)
        _check_replaced(save, load, models[0], paths[0], sizes[0])
        _check_traps(load, place, sizes[0])


@contextlib.contextmanager
def _in_place(model: nn.Module) -> Iterator[None]:
    """Fail if a model is moved and left there: here any device is the one it is on.

    Who moves it twice has brought it back.
    """
    moves, move = [], nn.Module._apply

    def noted(module: nn.Module, *args: Any, **options: Any) -> nn.Module:
        moves.extend([module] * (module is model))
        return move(module, *args, **options)

    nn.Module._apply = noted
    try:
        yield
    finally:
        nn.Module._apply = move
    if len(moves) == 1:
        raise CheckFailed(
            "save_weights() moves the model itself, by cpu() or to(...)",
            "the model stays where it is: what computes on a GPU goes on there",
            "`model.cpu()`: state_dict() can be saved from any device, for "
            'load_weights() reads it with map_location="cpu"; or cpu() each tensor',
        )


def _class_in_place(load: Callable, make: Callable) -> Callable:
    """The pack's class, where load_weights is being tried with it, else `make`."""
    if not standins.has("02", CLASS):
        return make
    names = getattr(inspect.unwrap(load), "__globals__", {})
    with standins.pack_answers("02", [CLASS]) as ours:
        return ours[CLASS] if names.get(CLASS) is ours[CLASS] else make


def _use(model: nn.Module, size: int) -> list[Tensor]:
    """What a model answers; layers that find their size by use have found it."""
    model.eval()
    model(torch.rand(3, 784)).sum().backward()  # and its gradients are to stay
    return _answers(model, size)


@torch.no_grad()
def _answers(model: nn.Module, size: int) -> list[Tensor]:
    with seeded(0):
        x, z = torch.rand(5, 784), torch.randn(5, size)
        answers = [model(x)]
        if hasattr(model, "encode") and hasattr(model, "decode"):
            answers += [model.encode(x), model.decode(z)]
        return answers


def _check_answers(model: nn.Module, size: int, wanted: list[Tensor]) -> None:
    answers = []
    with contextlib.suppress(NotImplementedError):  # a module without a forward
        answers = _answers(model, size)
    if len(answers) < len(wanted) or not all(map(torch.allclose, answers, wanted)):
        raise CheckFailed(
            "with the same weights the loaded model answers otherwise than the saved",
            f"an {CLASS}: the same codes and the same pictures",
            f"the class of the model: `{CLASS}(bottleneck)` in load_weights()",
        )


def _check_files(folder: Path, paths: list[str]) -> None:
    if not all(Path(path).exists() for path in paths):
        found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        look = "the file name in save_weights(): use the argument, just as it is"
        if found == "nothing":
            look = f"whether save_weights() writes a file at all; and {look}"
        raise CheckFailed(
            f"in the folder of `path` there is: {found}",
            f"the files that `path` names: {', '.join(Path(p).name for p in paths)}",
            look,
        )
    # First its words: of a file that is none of torch's own, torch.load may take
    # minutes to say what is wrong.
    if "_modules" not in _words_in(paths[0]):  # as each pickled nn.Module names its own
        return
    try:
        torch.load(paths[0], weights_only=True)
    except Exception:  # noqa: BLE001 (torch raises many kinds; any means "not safe")
        raise CheckFailed(
            "the file holds a model as a whole object",
            "weights alone: a file of objects can run any program when it is "
            "opened, and breaks when the class is renamed",
            "`torch.save(model.state_dict(), path)`",
        ) from None


def _check_sizes(models: list[nn.Module], paths: list[str]) -> None:
    for model, path in zip(models, paths, strict=True):
        count, size = sum(map(Tensor.numel, model.parameters())), os.stat(path).st_size
        if size < count:
            raise CheckFailed(
                f"the file has {size:,} bytes, the model {count:,} weights",
                "every weight in the file: nothing else is there tomorrow",
                "what save_weights() writes, and what it keeps elsewhere",
            )


def _words_in(path: str) -> set[str]:
    """Texts in a file of torch.save or of pickle, of which nothing is run."""
    content = Path(path).read_bytes()
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        inside = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        content = archive.read(inside[0]) if inside else b""
    words, rest = set(), io.BytesIO(content)
    # Torch's older files are several pickles, one behind the other.
    every = (pickletools.genops(rest) for _ in itertools.count())
    steps = itertools.islice(itertools.chain.from_iterable(every), 20_000)
    with contextlib.suppress(Exception):  # at its end, or where it is no pickle
        words.update(each for _, each, _ in steps if isinstance(each, str))
    return words


def _check_loaded(loaded: Any, kept: dict[str, Tensor], model: nn.Module) -> None:
    if not isinstance(loaded, nn.Module):
        raise CheckFailed(
            f"load_weights() gave {kind(loaded)}",
            "a model with the weights in it",
            "the `return` line; `load_state_dict` fills a model in place and returns "
            "only a report",
        )
    if loaded is model:
        raise CheckFailed(
            "load_weights() gave the very model that was saved",
            "a new one: in another notebook the old one does not exist",
            "make an MLP4LayerAutoencoder(bottleneck) inside load_weights()",
        )
    got = loaded.state_dict()
    if _differ(got, kept):
        if not _differ(got, model.state_dict()):
            raise CheckFailed(
                "the model was trained on after saving, and the loaded one has the "
                "new weights",
                "the weights as they were when saved",
                "weights kept by reference: state_dict() shares memory with the "
                "model; write it to the file at once",
            )
        for short in (torch.float16, torch.bfloat16):
            rounded = {name: v.to(short).to(v.dtype) for name, v in kept.items()}
            if not _differ(got, rounded):
                raise CheckFailed(
                    f"the loaded weights are the saved ones, rounded to {short}",
                    "the weights as they are, digit by digit",
                    f"half() or to({short}), in save_weights() or load_weights()",
                )
        raise CheckFailed(
            f"in the loaded model {_differ(got, kept)}",
            "the weights of the file that `path` names",
            "`load_state_dict`: is it called, on the model that is returned, with "
            "what is in the file `path`? Without it, or where strict=False skips "
            "them, weights are random",
        )
    if any(module.training for module in loaded.modules()):
        raise CheckFailed(
            "the loaded model, or a part of it, is in training mode",
            "evaluation mode, ready to be used",
            "`model.eval()` before the return",
        )
    if any(p.device.type != "cpu" for p in loaded.parameters()):
        raise CheckFailed(
            "the loaded model is not on the CPU",
            "on the CPU, wherever it was saved",
            '`map_location="cpu"`, and no `.to(device)`',
        )
    if any(p.is_inference() for p in loaded.parameters()):
        raise CheckFailed(
            "the loaded weights are tensors of inference mode",
            "ordinary ones, which can be trained further",
            "torch.inference_mode(): loading needs none",
        )


def _differ(got: dict[str, Tensor], kept: dict[str, Tensor]) -> str:
    """What differs between two dictionaries of tensors, in words; "" if nothing."""
    if got.keys() != kept.keys():
        return "the names of the weights differ from those in the saved one"
    for name, value in kept.items():
        other = got[name]
        if other.shape != value.shape or other.dtype != value.dtype:
            return (
                f"{name} is {kind(other)}, in the saved one {kind(value)} (half() and "
                f"double() change weights)"
            )
        if not torch.equal(other.cpu(), value.cpu()):
            return f"{name} has other numbers than in the saved one"
    return ""


def _check_second(load: Callable, loaded: nn.Module, path: str, size: int) -> None:
    second = load(path, size)
    with torch.no_grad():
        for p in second.parameters():
            p.sub_(2.0)
    if not _differ(second.state_dict(), loaded.state_dict()):
        raise CheckFailed(
            "two calls of load_weights() gave models that share their weights",
            "a new model in each call",
            "make the MLP4LayerAutoencoder(bottleneck) inside load_weights()",
        )


def _check_alone(
    load: Callable, loaded: nn.Module, path: str, size: int, before: Kept
) -> None:
    """All is in the file: a friend gets it under another name, and nothing else."""
    elsewhere = str(Path(path).with_name("sent-to-a-friend.pth"))
    shutil.copyfile(path, elsewhere)
    changed, found = before.put_back(), None
    try:
        found = load(elsewhere, size).state_dict()
    except Exception as error:
        if not changed:
            raise
        gives = f"is no model: {type(error).__name__}"
    else:
        if not _differ(found, loaded.state_dict()):
            return
        gives = "has other weights"
    if changed:
        raise CheckFailed(
            "with the notebook's variables as they were before save_weights(), what "
            f"load_weights() gives {gives}",
            "the weights, from the file alone: a friend has no more than that",
            "what save_weights() keeps in a variable, a default value or a class, and "
            "load_weights() looks up there: write it to the file",
        )
    raise CheckFailed(
        "a copy of the file, under another name, gives other weights",
        "the same ones: all that is needed is in the file",
        "what is kept outside the file, in a variable or under a name of its own",
    )


def _check_replaced(
    save: Callable, load: Callable, model: nn.Module, path: str, size: int
) -> None:
    save(model, path)
    if _differ(load(path, size).state_dict(), model.state_dict()):
        raise CheckFailed(
            "saving to the same path once more did not replace what was there",
            "the weights that were saved last",
            "the file that is written, and the one that is read: both are `path`",
        )


class _Trap:
    """An object whose unpickling runs a function."""

    def __init__(self, marker: Path):
        self.marker = str(marker)

    def __reduce__(self):
        return _spring, (self.marker,)


def _spring(marker: str) -> dict:
    Path(marker).touch()
    return {}


def _check_traps(load: Callable, folder: Path, size: int) -> None:
    """A program hidden in a file must not run, whatever the format."""
    marker = folder / "sprung"
    trap = _Trap(marker)
    writers = (
        lambda path: torch.save(trap, path),
        lambda path: torch.save(trap, path, _use_new_zipfile_serialization=False),
        lambda path: Path(path).write_bytes(pickle.dumps(trap, protocol=2)),
        lambda path: _save_array(path, trap),
    )
    for number, write in enumerate(writers):
        path = str(folder / f"trap{number}.pth")
        write(path)
        message = ""
        try:
            load(path, size)
        except Exception as error:  # noqa: BLE001 (any refusal is right)
            message = shorten(f"{type(error).__name__}: {error}", 150)
        if marker.exists():
            raise CheckFailed(
                "load_weights() ran a program that was hidden in a file",
                "a refusal: only tensors are read",
                "`weights_only=True` in torch.load; pickle and joblib run what they "
                "read",
                message,
            )


def _save_array(path: str, trap: _Trap) -> None:
    with open(path, "wb") as file:
        np.save(file, np.array(trap, dtype=object), allow_pickle=True)
