"""Check the snapshot of the best model."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.lesson04._values import describe
from helpers.checks.modules import undisturbed


@check("remember")
@undisturbed
def remember(function: Callable) -> None:
    """Check that a snapshot holds values: the model is changed on purpose after it."""
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).train()
    x = torch.rand(97, 4) + 5
    model(x)  # the running averages move
    before = {name: value.clone() for name, value in model.state_dict().items()}
    snapshot = function(model)
    _require_state(snapshot, before)
    if not model.training or not _same(model.state_dict(), before):
        raise CheckFailed(
            "the model is not the same after remember",
            "a look, no change: training goes on with weights and mode as they were",
            "eval(), a reset or an assignment inside the function",
        )
    with torch.no_grad():  # a bad epoch
        for weight in model.parameters():
            weight.add_(1.0)
        model(x)
    for name, value in before.items():
        if not torch.equal(snapshot[name], value):
            raise CheckFailed(
                f"after more training the snapshot's {name} has changed too",
                "the values as they were: the best epoch, not the last",
                "references: copy.deepcopy(...), or .clone() of every tensor, copies; "
                "state_dict(), dict(...), detach() and cpu() refer to the same numbers",
            )
    if not _same(function(model), model.state_dict()):
        raise CheckFailed(
            "a second snapshot, after more training, is still the first one",
            "the model's values at the time of the call",
            "something is kept from call to call: a global variable?",
        )
    model.load_state_dict(snapshot)


def _require_state(snapshot: object, before: dict) -> None:
    """A dict with the names, types and values of a state_dict."""
    if not hasattr(snapshot, "keys"):
        raise CheckFailed(
            f"remember returns {describe(snapshot)}",
            "a dict from names to tensors, as state_dict() gives",
            "the return statement",
        )
    missing = [name for name in before if name not in snapshot]
    extra = [name for name in snapshot if name not in before]
    if missing and not extra:
        raise CheckFailed(
            f"the snapshot lacks {', '.join(missing)}",
            "everything in state_dict(), batch norm's running averages included",
            "parameters() leave out the buffers (running averages and their count), "
            "buffers() the parameters",
        )
    if extra:
        raise CheckFailed(
            f"the snapshot has the names {', '.join(map(str, snapshot))}",
            f"those of state_dict(), for load_state_dict(): {', '.join(before)}",
            "nothing around it and nothing added",
        )
    for name, value in before.items():
        kept = snapshot[name]
        if not isinstance(kept, torch.Tensor) or kept.dtype != value.dtype:
            tensor = isinstance(kept, torch.Tensor)
            kind = kept.dtype if tensor else type(kept).__name__
            raise CheckFailed(
                f"the snapshot's {name} is of type {kind}",
                f"a tensor of type {value.dtype}, as in state_dict()",
                "what is done with the values: copy them, do not convert them",
            )
        if not torch.equal(kept, value):
            raise CheckFailed(
                f"the snapshot's {name} is not what the model has",
                "the model's own values at the time of the call",
                "what is copied into the snapshot",
            )


def _same(state: dict, other: dict) -> bool:
    return all(torch.equal(state[name], other[name]) for name in other)
