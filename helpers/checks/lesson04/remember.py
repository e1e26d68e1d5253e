"""Check the snapshot of the best model: it holds values, not references."""

from __future__ import annotations

import os
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson04._vae import Model, pictures
from helpers.checks.messages import kind

FROZEN = "decode.0.bias"


@check("remember")
def remember(function: Callable, draw: Draw) -> None:
    """Check what a snapshot holds, and that nothing but load_state_dict moves it."""
    for training in (True, False):
        model = Model(draw.integer(2, 8)).train(training)
        model.get_parameter(FROZEN).requires_grad_(False)
        model.scale = nn.Parameter(torch.ones(3))  # in no part of it
        if draw.pick(True, False):
            model.encode.body[2].train(not training)
        _require_snapshots(function, model)


def _require_snapshots(function: Callable, model: Model) -> None:
    x, kept, since = pictures(20), [], time.time() - 2  # files' clocks are coarse
    source = torch.Generator()
    source.seed()  # no other process has just these weights in its files
    with torch.no_grad():
        model.encode.mu.weight.normal_(generator=source)
    with torch.enable_grad():
        model(x)[0].sum().backward()
    look = "eval(), double(), a reset, an assignment or a step inside the function"
    for _ in range(3):
        values = _values(model)
        with stays(model, look=look):
            snapshot = function(model)
        _require_state(snapshot, values)
        _require_no_file(values, since)
        kept.append((snapshot, values))
        _train_on(model, x)
        for i, (earlier, then) in enumerate(kept):
            _require_unmoved(earlier, then, "" if i == len(kept) - 1 else " later")
    for snapshot, values in kept:
        model.load_state_dict(snapshot)
        _require_state(_values(model), values)


def _values(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _train_on(model: nn.Module, x: Tensor) -> None:
    """A bad epoch: all weights and running averages move."""
    modes = [module.training for module in model.modules()]
    model.train()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1.0)
        model(x)
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode


def _require_no_file(values: dict[str, Tensor], since: float) -> None:
    """Look for the weights in new files of the folder for temporary ones.

    What others write there meanwhile does not hold them. In the folder where the
    function runs any new file is found by :mod:`helpers.checks.leftovers`.
    """
    needle = values["encode.mu.weight"].numpy().tobytes()
    for path in _new_files(Path(tempfile.gettempdir()), since):
        try:
            found = needle in path.read_bytes()
        except OSError:  # another's, or gone
            continue
        if found:
            path.unlink(missing_ok=True)
            raise CheckFailed(
                f"after the call the weights lie in {path}",
                "no file is left behind",
                "what is saved, and where: io.BytesIO() is a file in memory, and "
                "tempfile.TemporaryDirectory() removes its files",
            )


def _new_files(folder: Path, since: float, deep: int = 9) -> Iterator[Path]:
    """Small files written after a moment, in a folder and in its new folders."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            about = entry.stat(follow_symlinks=False)
            if about.st_mtime < since or os.path.samefile(entry, os.curdir):
                continue
            if entry.is_file(follow_symlinks=False) and about.st_size < 2e6:
                yield Path(entry)
            elif deep and entry.is_dir(follow_symlinks=False):
                yield from _new_files(Path(entry), since, deep - 1)
        except OSError:
            continue


def _require_unmoved(snapshot: dict, values: dict[str, Tensor], when: str) -> None:
    for name, value in values.items():
        if not torch.equal(snapshot[name], value):
            if when:
                raise CheckFailed(
                    f"after another call the first snapshot's {name} has changed",
                    "two snapshots, each with values of its own",
                    "something is kept from call to call: a global variable?",
                )
            raise CheckFailed(
                f"after more training the snapshot's {name} has changed too",
                "the values as they were: the best epoch, not the last",
                "references: copy.deepcopy(...), or .clone() of every tensor, copies; "
                "state_dict(), dict(...), detach() and cpu() refer to the same numbers",
            )


def _few(names: list) -> str:
    """The first names of a list, and how many more there are."""
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(str, names[:3])) + rest


def _require_state(snapshot: object, values: dict[str, Tensor]) -> None:
    """A dict with the names, types and values of a state_dict."""
    if not hasattr(snapshot, "keys"):
        raise CheckFailed(
            f"remember returns {kind(snapshot)}",
            "a dict from names to tensors, as state_dict() gives",
            "the return statement",
        )
    if type(snapshot) not in (dict, OrderedDict):
        raise CheckFailed(  # what it holds may be other things than it answers with
            f"remember returns a {type(snapshot).__name__}, which is no plain dict",
            "a plain dict, as state_dict() gives, which torch.save writes as it is",
            "the class of what is returned: dict(...) makes a plain one",
        )
    missing = [name for name in values if name not in snapshot]
    extra = [name for name in snapshot if name not in values]
    if missing == [FROZEN] and not extra:
        raise CheckFailed(
            f"the snapshot lacks {FROZEN}, whose requires_grad is False",
            "everything in state_dict(): frozen weights belong to the state as well",
            "a condition such as `if p.requires_grad`: leave it out",
        )
    if missing and not extra:
        raise CheckFailed(
            f"the snapshot lacks {', '.join(missing)}",
            "everything in state_dict(), batch norm's running averages included",
            "parameters() leave out the buffers (running averages and their count), "
            "buffers() the parameters, children() what the model holds by itself",
        )
    if extra:
        raise CheckFailed(
            f"the snapshot has the names {_few(extra)}"
            + (f", and lacks {_few(missing)}" if missing else ", too"),
            f"those of state_dict(), for load_state_dict(): {_few(list(values))}",
            "nothing around it and nothing added, not even in front of a name",
        )
    for name, value in values.items():
        kept = snapshot[name]
        if not isinstance(kept, Tensor) or kept.dtype != value.dtype:
            is_tensor = isinstance(kept, Tensor)
            raise CheckFailed(
                f"the snapshot's {name} is {kind(kept)}",
                f"{kind(value)}, as in state_dict()",
                "what changes the type, such as double(), half(), float() or to(...): "
                "clone() and deepcopy keep it"
                if is_tensor
                else "what turns tensors into something else, such as numpy() or "
                "tolist(): clone() copies them",
            )
        if not torch.equal(kept, value):
            raise CheckFailed(
                f"the snapshot's {name} is not what the model has",
                "the model's own values at the time of the call",
                "what is copied into the snapshot; something kept from an earlier "
                "call, or values rounded or replaced?",
            )
