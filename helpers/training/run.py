"""A training under way: what has to be kept for it to go on after a stop."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.training import checkpoint as checkpoints

if TYPE_CHECKING:
    import torch


class Run:
    """Losses, best weights and checkpoint of one call of `fit`."""

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
            self._save(self.path)

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
        if self.path is None or not self.path.exists():
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
        set_random_states(state["random"], self.model, self.batches.generator)
        if len(self.train) == self.settings["epochs"]:
            print(f"Already trained: taken from {self.path}. Delete it to train again.")
        else:
            print(f"Resumed after epoch {len(self.train)} from {self.path}.")

    def _save(self, path: Path) -> None:
        try:
            checkpoints.save(
                path,
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
                    "random": random_states(self.model, self.batches.generator),
                },
            )
        except OSError as error:
            print(
                f"The checkpoint {path} could not be written ({error}). Training "
                f"goes on, but could not be resumed."
            )
            self.path = None


def random_states(model, generator) -> dict[str, torch.Tensor]:
    """Where the random numbers stand: on the CPU, on the device, of the batches."""
    import torch

    device = next(model.parameters()).device.type
    states = {"cpu": torch.get_rng_state()}
    if device != "cpu":
        states[device] = getattr(torch, device).get_rng_state()
    if generator is not None:
        states["batches"] = generator.get_state()
    return states


def set_random_states(states: dict[str, torch.Tensor], model, generator) -> None:
    """Put the random numbers back to where :func:`random_states` found them."""
    import torch

    device = next(model.parameters()).device.type
    torch.set_rng_state(states["cpu"])
    if device != "cpu":
        getattr(torch, device).set_rng_state(states[device])
    if generator is not None:
        generator.set_state(states["batches"])
