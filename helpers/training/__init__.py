"""Training: device, seeds, progress bars, and the loop of the lessons after 02."""

from helpers.training.checkpoint import CheckpointError
from helpers.training.loop import (
    PROGRESS_MIME,
    History,
    best_precision,
    fit,
    keras_progress,
    mean_loss,
    pick_device,
    progress,
    seed_everything,
)

__all__ = [
    "PROGRESS_MIME",
    "CheckpointError",
    "History",
    "best_precision",
    "fit",
    "keras_progress",
    "mean_loss",
    "pick_device",
    "progress",
    "seed_everything",
]
