"""Training: device, seeds, progress bars, and the loop of the lessons after 02."""

from helpers.training.bars import PROGRESS_MIME, keras_progress, progress
from helpers.training.checkpoint import CheckpointError
from helpers.training.device import best_precision, pick_device, seed_everything
from helpers.training.loop import History, fit, mean_loss

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
