"""Training: device, seeds, progress bars, and the loop of the lessons after 02."""

from __future__ import annotations

import copy
import io
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader

PROGRESS_MIME = "application/vnd.course.progress+json"
BAR_FORMAT = "{desc} {n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}"


def seed_everything(seed: int) -> None:
    """Seed torch (every device), NumPy and Python."""
    import random

    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device() -> torch.device:
    """Choose where to compute: CUDA, then Apple's MPS, then the CPU."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


class _NotebookBar(tqdm):
    """A tqdm bar that lives in one notebook output and is updated in place.

    The same message tells `course run` how far the notebook is.
    """

    def __init__(self, *args, **kwargs):
        from IPython.display import display

        self._output = display(
            {"text/plain": kwargs.get("desc", "")}, raw=True, display_id=True
        )
        super().__init__(*args, file=io.StringIO(), **kwargs)

    def display(self, msg=None, pos=None):
        state = {
            "description": self.desc.rstrip(": "),
            "n": self.n,
            "total": self.total,
            "text": self.postfix or "",
        }
        bundle = {"text/plain": msg or str(self), PROGRESS_MIME: state}
        self._output.update(bundle, raw=True)


def progress(iterable: Iterable, description: str) -> tqdm:
    """Wrap an iterable, usually ``range(epochs)``, in a progress bar.

    Parameters
    ----------
    iterable : iterable
        What the loop runs over.
    description : str
        A word or two in front of the bar.

    Returns
    -------
    tqdm
        Iterate over it; ``bar.set_postfix(train=..., validation=...)`` adds figures
        (https://tqdm.github.io/docs/tqdm/). In a notebook the bar stays in one
        output; elsewhere it is tqdm's ordinary bar.
    """
    from IPython import get_ipython

    in_notebook = hasattr(get_ipython(), "kernel")
    bar = _NotebookBar if in_notebook else tqdm
    return bar(iterable, desc=description, bar_format=BAR_FORMAT, mininterval=0.3)


def keras_progress(epochs: int, description: str = "training"):
    """Make a Keras callback that drives the pack's progress bar.

    Parameters
    ----------
    epochs : int
        As given to ``model.fit``, together with ``verbose=0``.
    description : str
        A word or two in front of the bar.

    Returns
    -------
    keras.callbacks.Callback
    """
    import keras

    class Progress(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.bar = progress(range(epochs), description)

        def on_epoch_end(self, epoch, logs=None):
            figures = {name: f"{value:.4f}" for name, value in (logs or {}).items()}
            self.bar.set_postfix(figures, refresh=False)
            self.bar.update()

        def on_train_end(self, logs=None):
            self.bar.close()

    return Progress()


@dataclass(frozen=True)
class History:
    """What :func:`fit` saw.

    Attributes
    ----------
    train, validation : array, shape (epochs,)
        Mean loss per image; `train` is the average while the weights moved.
    best_epoch : int
        Counted from 1: the epoch whose weights the model has now.
    seconds : float
        Wall time of training and validation.
    """

    train: np.ndarray
    validation: np.ndarray
    best_epoch: int
    seconds: float


def mean_loss(
    model: torch.nn.Module,
    batch_loss: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor],
    loader: DataLoader,
) -> float:
    """Mean loss per image, in evaluation mode and without gradients.

    Parameters
    ----------
    model : torch.nn.Module
    batch_loss : callable (model, x) -> scalar tensor
        Mean over the images of the batch.
    loader : DataLoader
        Yields ``(x, y)``; the labels are not used.

    Returns
    -------
    float
        The mean over images, whatever the size of the last batch.
    """
    import torch

    device = next(model.parameters()).device
    model.eval()
    total, images = torch.zeros((), device=device), 0
    with torch.no_grad():
        for x, _ in loader:
            total += batch_loss(model, x.to(device)) * len(x)
            images += len(x)
    return total.item() / images


def fit(
    model: torch.nn.Module,
    batch_loss: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor],
    train: DataLoader,
    validation: DataLoader,
    epochs: int,
    learning_rate: float = 1e-3,
    schedule: str = "constant",
    description: str = "training",
) -> History:
    """Train with Adam, validate after each epoch, keep the best epoch's weights.

    Parameters
    ----------
    model : torch.nn.Module
        Already on its device. Changed in place.
    batch_loss : callable (model, x) -> scalar tensor
        Mean over the images of the batch, in nats or any other unit.
    train, validation : DataLoader
        Yield ``(x, y)``; the labels are not used.
    epochs : int
        Passes over `train`.
    learning_rate : float
        Adam's step size; with ``"cosine"`` the first and largest one.
    schedule : {"constant", "cosine"}
        ``"cosine"`` lets the step size fall to zero over the run, half a cosine
        wave (Loshchilov and Hutter 2017, arXiv:1608.03983).
    description : str
        A word or two in front of the bar.

    Returns
    -------
    History
        Interrupting the cell ends training early: the model then has the best
        weights so far and the history covers the finished epochs.

    Raises
    ------
    FloatingPointError
        If the loss stops being a number; names the epoch.
    """
    import torch

    if schedule not in ("constant", "cosine"):
        raise ValueError(f'schedule is "constant" or "cosine", not {schedule!r}.')
    device = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    steps = epochs * len(train)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            1.0
            if schedule == "constant"
            else 0.5 + 0.5 * math.cos(math.pi * step / steps)
        ),
    )
    train_losses, validation_losses = [], []
    best_loss, best_epoch, best_weights = math.inf, 0, None
    started = time.perf_counter()
    bar = progress(range(1, epochs + 1), description)
    try:
        for epoch in bar:
            model.train()
            total, images = torch.zeros((), device=device), 0
            for x, _ in train:
                loss = batch_loss(model, x.to(device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
                total += loss.detach() * len(x)
                images += len(x)
            train_loss = total.item() / images
            if not math.isfinite(train_loss):
                raise FloatingPointError(
                    f"The training loss became {train_loss} in epoch {epoch}. Likely "
                    f"causes: too high a learning rate (now {learning_rate:g}), log(0) "
                    f"in the loss, or exp() of a large logvar."
                )
            validation_loss = mean_loss(model, batch_loss, validation)
            train_losses.append(train_loss)
            validation_losses.append(validation_loss)
            if validation_loss < best_loss:
                best_loss, best_epoch = validation_loss, epoch
                best_weights = copy.deepcopy(model.state_dict())
            bar.set_postfix(
                train=f"{train_loss:.2f}",
                validation=f"{validation_loss:.2f}",
                refresh=False,
            )
    except KeyboardInterrupt:
        print(f"Stopped by hand after {len(train_losses)} of {epochs} epochs.")
    finally:
        bar.close()
    if best_weights is not None:
        model.load_state_dict(best_weights)
    model.eval()
    return History(
        np.array(train_losses),
        np.array(validation_losses),
        best_epoch,
        time.perf_counter() - started,
    )
