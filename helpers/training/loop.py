"""Training: device, seeds, progress bars, and the loop of the lessons after 02."""

from __future__ import annotations

import contextlib
import copy
import html
import io
import math
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from helpers.plots import is_watched, live_curves
from helpers.training import checkpoint as checkpoints

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader

PROGRESS_MIME = "application/vnd.course.progress+json"
BAR_FORMAT = "{desc} {n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}"
WORDS = "{desc} {n_fmt}/{total_fmt}, {elapsed} gone, {remaining} to go{postfix}"


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


def best_precision(device: torch.device) -> str:
    """Choose the number format for matrix products: the fast one of this device.

    Returns
    -------
    {"bfloat16", "float32"}
        bfloat16 on CUDA devices that have it, and on CPUs with instructions for it
        (AVX512-BF16 or AMX). Elsewhere it would be emulated, which is slower.
    """
    import torch

    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        if able.get("avx512_bf16") or able.get("amx_bf16"):
            return "bfloat16"
    return "float32"


class _NotebookBar(tqdm):
    """A tqdm bar that lives in one notebook output and is updated in place.

    Where someone watches, the figures given to `set_postfix` are drawn beside it. The
    same message tells `course run` how far the notebook is.
    """

    def __init__(self, *args, **kwargs):
        from IPython.display import display

        self._curves: dict[str, list[float]] | None = {} if is_watched() else None
        self._output = display(
            {"text/plain": kwargs.get("desc", "")}, raw=True, display_id=True
        )
        super().__init__(*args, file=io.StringIO(), **kwargs)

    def set_postfix(self, ordered_dict=None, refresh=True, **kwargs):
        super().set_postfix(ordered_dict, refresh=False, **kwargs)
        if self._curves is not None:
            for name, value in {**(ordered_dict or {}), **kwargs}.items():
                with contextlib.suppress(ValueError):  # a word is not drawn
                    if math.isfinite(value := float(value)):
                        self._curves.setdefault(name, []).append(value)
        if refresh:
            self.refresh()

    def display(self, msg=None, pos=None):
        state = {
            "description": self.desc.rstrip(": "),
            "n": self.n,
            "total": self.total,
            "text": self.postfix or "",
        }
        bundle = {"text/plain": msg or str(self), PROGRESS_MIME: state}
        if self._curves is not None:
            words = self.format_meter(**self.format_dict | {"bar_format": WORDS})
            bundle["text/html"] = (
                f'<progress value="{self.n}" max="{self.total}" '
                f'aria-label="{html.escape(state["description"])}"></progress> '
                f"{html.escape(words)}<br>"
                f"{live_curves(self._curves, self.total, self.initial + 1)}"
            )
        self._output.update(bundle, raw=True)


def progress(iterable: Iterable, description: str, **options) -> tqdm:
    """Wrap an iterable, usually ``range(epochs)``, in a progress bar.

    Parameters
    ----------
    iterable : iterable
        What the loop runs over.
    description : str
        A word or two in front of the bar.
    **options
        tqdm's own, such as ``initial`` and ``total``.

    Returns
    -------
    tqdm
        Iterate over it; ``bar.set_postfix(train=..., validation=...)`` adds figures
        (https://tqdm.github.io/docs/tqdm/). In a notebook the bar stays in one
        output, and where someone watches, the figures are drawn as curves beside it;
        elsewhere it is tqdm's ordinary bar.
    """
    from IPython import get_ipython

    in_notebook = hasattr(get_ipython(), "kernel")
    bar = _NotebookBar if in_notebook else tqdm
    return bar(
        iterable, desc=description, bar_format=BAR_FORMAT, mininterval=0.3, **options
    )


def keras_progress(epochs: int, description: str = "training"):
    """Make a Keras callback that drives the pack's progress bar.

    Interrupting the cell ends training with the epoch under way: `fit` returns, and
    the model can be used, or trained further by running the cell again.

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
            self.before = None
            if threading.current_thread() is threading.main_thread():
                self.before = signal.signal(signal.SIGINT, self.stop)

        def stop(self, *_):
            self.model.stop_training = True
            print("Stopped by hand: training ends with this epoch.")

        def on_epoch_end(self, epoch, logs=None):
            figures = {name: f"{value:.4f}" for name, value in (logs or {}).items()}
            self.bar.set_postfix(figures, refresh=False)
            self.bar.update()

        def on_train_end(self, logs=None):
            self.bar.close()
            if self.before is not None:
                signal.signal(signal.SIGINT, self.before)

    return Progress()


@dataclass(frozen=True)
class History:
    """What :func:`fit` saw.

    Attributes
    ----------
    train, validation : array, shape (epochs,)
        Mean loss per image; `train` is the average while the weights moved.
    elapsed : array, shape (epochs,)
        Seconds of training and validation up to the end of each epoch, without the
        time between an interruption and its resumption.
    best_epoch : int
        Counted from 1: the epoch whose weights the model has now. 0 if there is none.
    """

    train: np.ndarray
    validation: np.ndarray
    elapsed: np.ndarray
    best_epoch: int

    @property
    def seconds(self) -> float:
        """Wall time of all epochs."""
        return float(self.elapsed[-1]) if len(self.elapsed) else 0.0


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
    warmup: float = 0.0,
    description: str = "training",
    precision: str = "float32",
    checkpoint: str | Path | None = None,
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
    warmup : float
        Share of all steps, from 0 to below 1, over which the step size first rises
        from nearly 0. The first steps of a fresh network are its worst guesses.
    description : str
        A word or two in front of the bar.
    precision : {"float32", "bfloat16"}
        Of the products in training (torch.autocast); :func:`best_precision` says
        which is faster here. Weights, Adam and validation stay in float32.
    checkpoint : path, optional
        Where the state is kept, written after each epoch. If the same call finds the
        file, because the kernel died or the cell was interrupted, it goes on after the
        last finished epoch and ends with the same weights as if it had never stopped.
        After the last epoch the file is deleted, unless someone watches, as in
        JupyterLab: then the same call, in a new kernel, finds the finished training.

    Returns
    -------
    History
        Interrupting the cell ends training early: the model then has the best
        weights so far and the history covers the finished epochs.

    Raises
    ------
    ValueError
        If `schedule` or `precision` is none of those above, or `warmup` out of range.
    FloatingPointError
        If the loss stops being a number; names epoch, batch and likely cause. The
        model then has the best weights so far.
    CheckpointError
        If the checkpoint is damaged, or belongs to another model, loss, data set,
        seed or setting. The file is left as it is.
    """
    import torch

    if schedule not in ("constant", "cosine"):
        raise ValueError(f'schedule is "constant" or "cosine", not {schedule!r}.')
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f'precision is "float32" or "bfloat16", not {precision!r}.')
    if not 0 <= warmup < 1:
        raise ValueError(f"warmup is a share from 0 to below 1, not {warmup!r}.")
    device = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    steps = epochs * len(train)

    rising = warmup * steps

    def step_size(step: int) -> float:
        if step < rising:
            return (step + 1) / (rising + 1)
        if schedule == "constant":
            return 1.0
        return 0.5 + 0.5 * math.cos(math.pi * (step - rising) / (steps - rising))

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, step_size)
    autocast = torch.autocast(
        device.type, torch.bfloat16, enabled=precision == "bfloat16"
    )
    run = _Run(model, optimizer, scheduler, train, checkpoint)
    if checkpoint is not None:
        run.settings = {
            "epochs": epochs,
            "learning_rate": learning_rate,
            "schedule": schedule,
            "warmup": warmup,
            "precision": precision,
            "batch_size": train.batch_size,
            "training images": len(train.dataset),
            "device": device.type,
            **checkpoints.fingerprint(
                model, _first_loss(model, batch_loss, validation)
            ),
        }
        run.resume()
    done = len(run.train)
    started = time.perf_counter() - (run.elapsed[-1] if done else 0.0)
    bar = progress(range(done + 1, epochs + 1), description, initial=done, total=epochs)
    try:
        for epoch in bar:
            model.train()
            train_loss = _train_epoch(run, batch_loss, autocast, epoch)
            validation_loss = mean_loss(model, batch_loss, validation)
            if not math.isfinite(validation_loss):
                raise FloatingPointError(
                    f"The validation loss became {validation_loss} after epoch "
                    f"{epoch}; the training loss is {train_loss:.4g}. Likely cause: "
                    f"too high a learning rate (now {learning_rate:g}), or a layer "
                    f"such as batch norm that works differently in evaluation."
                )
            run.finish_epoch(train_loss, validation_loss, time.perf_counter() - started)
            bar.set_postfix(
                train=f"{train_loss:.2f}",
                validation=f"{validation_loss:.2f}",
                refresh=False,
            )
    except KeyboardInterrupt:
        print(f"Stopped by hand after {len(run.train)} of {epochs} epochs.")
    else:
        if not is_watched():
            run.forget()
    finally:
        bar.close()
        run.take_best()
    return History(
        np.array(run.train),
        np.array(run.validation),
        np.array(run.elapsed),
        run.best_epoch,
    )


def _train_epoch(run: _Run, batch_loss: Callable, autocast, epoch: int) -> float:
    """One pass over the training images; the mean loss per image while it lasts."""
    import torch

    device = next(run.model.parameters()).device
    # Looking at each loss would make a GPU wait for the CPU; there, look now and then.
    look_every = 1 if device.type == "cpu" else 50
    losses = torch.zeros(len(run.batches), device=device)
    sizes = torch.zeros(len(run.batches), device=device)
    for batch, (x, _) in enumerate(run.batches):
        with autocast:
            loss = batch_loss(run.model, x.to(device))
        losses[batch], sizes[batch] = loss.detach(), len(x)
        if batch % look_every == 0 or batch + 1 == len(run.batches):
            _require_numbers(losses[: batch + 1], x, run, epoch)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.scheduler.step()
    return (losses @ sizes / sizes.sum()).item()


def _require_numbers(losses, x, run: _Run, epoch: int) -> None:
    """Stop at the first loss that is not a number, and say where it came from."""
    import torch

    if torch.isfinite(losses[-1]):
        return
    first = int((~torch.isfinite(losses)).nonzero()[0])
    (rate,) = run.scheduler.get_last_lr()
    if not torch.isfinite(x).all():
        cause = "the images of this batch hold values that are not numbers"
    elif epoch == 1 and first == 0:
        cause = (
            "the loss itself, as no weight has moved yet: the logarithm of 0 or of a "
            "negative number, a division by 0, or exp() of a large number"
        )
    else:
        cause = (
            f"too high a learning rate (now {rate:.3g}), the logarithm of 0 in the "
            f"loss, or exp() of a large logvar"
        )
    raise FloatingPointError(
        f"The loss became {losses[first].item()} in epoch {epoch}, "
        f"batch {first + 1} of {len(run.batches)}. Likely cause: {cause}."
    )


def _first_loss(model, batch_loss: Callable, loader: DataLoader) -> float:
    """The loss on the loader's first images, with noise that is always the same."""
    import torch

    count = min(loader.batch_size or 1, len(loader.dataset))
    whole = torch.utils.data.DataLoader(
        torch.utils.data.Subset(loader.dataset, range(count)),
        batch_size=count,
        collate_fn=loader.collate_fn,
    )
    before = _random_states(model, None)
    torch.manual_seed(0)
    try:
        return mean_loss(model, batch_loss, whole)
    finally:
        _set_random_states(before, model, None)


def _random_states(model, generator) -> dict[str, torch.Tensor]:
    """Where the random numbers stand: on the CPU, on the device, of the batches."""
    import torch

    device = next(model.parameters()).device.type
    states = {"cpu": torch.get_rng_state()}
    if device != "cpu":
        states[device] = getattr(torch, device).get_rng_state()
    if generator is not None:
        states["batches"] = generator.get_state()
    return states


def _set_random_states(states: dict[str, torch.Tensor], model, generator) -> None:
    import torch

    device = next(model.parameters()).device.type
    torch.set_rng_state(states["cpu"])
    if device != "cpu":
        getattr(torch, device).set_rng_state(states[device])
    if generator is not None:
        generator.set_state(states["batches"])


class _Run:
    """A training under way: what has to be kept for it to go on after a stop."""

    def __init__(self, model, optimizer, scheduler, batches, path):
        self.model, self.optimizer, self.scheduler = model, optimizer, scheduler
        self.batches = batches
        self.path = None if path is None else Path(path)
        self.settings: dict = {}
        self.train: list[float] = []
        self.validation: list[float] = []
        self.elapsed: list[float] = []
        self.best_epoch, self.best_weights = 0, None

    def finish_epoch(self, train: float, validation: float, elapsed: float) -> None:
        """Note an epoch's losses, keep its weights if they are the best, and save."""
        if validation < min(self.validation, default=math.inf):
            self.best_epoch = len(self.validation) + 1
            self.best_weights = copy.deepcopy(self.model.state_dict())
        self.train.append(train)
        self.validation.append(validation)
        self.elapsed.append(elapsed)
        if self.path is not None:
            self._save()

    def take_best(self) -> None:
        """Give the model the weights of its best epoch, ready for use."""
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights)
        self.model.eval()

    def forget(self) -> None:
        """The training is complete: nothing is left to resume."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def resume(self) -> None:
        """Go back to where a checkpoint stopped, if there is one."""
        if not self.path.exists():
            return
        state = checkpoints.load(self.path, self.settings)
        if state is None:
            print(f"{self.path} holds another training, finished: this one is new.")
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        for name in ("train", "validation", "elapsed", "best_epoch", "best_weights"):
            setattr(self, name, state[name])
        _set_random_states(state["random"], self.model, self.batches.generator)
        if len(self.train) == self.settings["epochs"]:
            print(f"Already trained: taken from {self.path}. Delete it to train anew.")
        else:
            print(f"Resumed after epoch {len(self.train)} from {self.path}.")

    def _save(self) -> None:
        try:
            checkpoints.save(
                self.path,
                {
                    "settings": self.settings,
                    "model": self.model.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "scheduler": self.scheduler.state_dict(),
                    "train": self.train,
                    "validation": self.validation,
                    "elapsed": self.elapsed,
                    "best_epoch": self.best_epoch,
                    "best_weights": self.best_weights,
                    "random": _random_states(self.model, self.batches.generator),
                },
            )
        except OSError as error:
            print(
                f"The checkpoint {self.path} could not be written ({error}). Training "
                f"goes on, but could not be resumed."
            )
            self.path = None
