"""The state of an unfinished training, on disk: written whole, read without trust."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files import whole_file

if TYPE_CHECKING:
    import torch

FORMAT = "autoencoders-course checkpoint 1"


class CheckpointError(RuntimeError):
    """A checkpoint cannot be used; the message says why and what to do."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; the old one stays whole until the new one is complete.

    Parameters
    ----------
    path : Path
        Missing folders are made.
    state : dict
        Tensors, numbers, texts, and lists or dicts of them.

    Raises
    ------
    OSError
        If there is no room or no right to write. The old checkpoint is still there.
    """
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        torch.save({"format": FORMAT, **state}, file)


def load(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Read a checkpoint of a run with these settings.

    The file is read with ``weights_only=True``: whatever it holds, no code in it is
    executed (https://docs.pytorch.org/docs/stable/notes/serialization.html).

    Parameters
    ----------
    path : Path
    settings : dict
        What the run that goes on is set to; ``state["settings"]`` must agree.

    Returns
    -------
    dict or None
        What :func:`save` was given, on the CPU. None if it belongs to another run that
        was finished, so that nothing is lost when it is overwritten.

    Raises
    ------
    CheckpointError
        If the file is damaged, is something else, or belongs to another run that was
        not finished. It is left as it is.
    """
    import torch

    advice = "Delete it to train from the start, or give another `checkpoint` path."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"The checkpoint {path} cannot be read ({_first_line(error)}): it is "
            f"damaged, or no checkpoint. {advice}"
        ) from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"The file {path} is not a checkpoint of training.fit. {advice}"
        )
    differences = [
        _difference(name, state["settings"].get(name), now)
        for name, now in settings.items()
        if state["settings"].get(name) != now
    ]
    if differences and len(state["train"]) == state["settings"]["epochs"]:
        return None
    if differences:
        raise CheckpointError(
            f"The checkpoint {path} belongs to another training: "
            f"{'; '.join(differences)}. {advice}"
        )
    return state


def fingerprint(model: torch.nn.Module, first_loss: float) -> dict[str, str]:
    """What tells one training from another, apart from `fit`'s own arguments.

    Parameters
    ----------
    model : torch.nn.Module
        As it was before the first step.
    first_loss : float
        Its loss on a fixed batch with fixed noise.

    Returns
    -------
    dict
        The layers, a hash of the weights (so another seed is noticed), and the loss
        to five digits (so another loss function or other images are).
    """
    import torch

    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode())
        raw = tensor.detach().cpu().reshape(-1).view(torch.uint8)
        digest.update(raw.numpy())
    return {
        "model": " ".join(str(model).split()),
        "weights before training": digest.hexdigest()[:12],
        "loss before training": f"{first_loss:.5g}",
    }


def _difference(name: str, was: object, now: object) -> str:
    if len(f"{was}{now}") > 60:
        return f"the {name} was different"
    return f"{name} was {was}, is now {now}"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
