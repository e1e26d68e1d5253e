"""The training loop of the lessons after 02."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.plots import is_watched
from helpers.training import checkpoint as checkpoints
from helpers.training.bars import progress
from helpers.training.run import Run, random_states, set_random_states

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader


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
        raise ValueError(f"warmup is a fraction from 0 to below 1, not {warmup!r}.")
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
    run = Run(model, optimizer, scheduler, train, checkpoint)
    if checkpoint is not None:
        run.settings = {
            "epochs": epochs,
            "learning_rate": learning_rate,
            "schedule": schedule,
            "warmup": warmup,
            "precision": precision,
            "batch_size": train.batch_size,
            # A map-style data set has a length; torch does not say so in its types.
            "training images": len(train.dataset),  # ty: ignore[invalid-argument-type]
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


def _train_epoch(run: Run, batch_loss: Callable, autocast, epoch: int) -> float:
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


def _require_numbers(losses, x, run: Run, epoch: int) -> None:
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

    images = len(loader.dataset)  # ty: ignore[invalid-argument-type] (as above)
    count = min(loader.batch_size or 1, images)
    whole = torch.utils.data.DataLoader(
        torch.utils.data.Subset(loader.dataset, range(count)),
        batch_size=count,
        collate_fn=loader.collate_fn,
    )
    before = random_states(model, None)
    torch.manual_seed(0)
    try:
        return mean_loss(model, batch_loss, whole)
    finally:
        set_random_states(before, model, None)
