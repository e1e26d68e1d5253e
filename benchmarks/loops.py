"""Two ways to train the same model on the same images: a textbook's, and ours."""

import contextlib
import gzip
import io
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset

from benchmarks import BenchError
from benchmarks.models import textbook_loss
from helpers import training
from helpers.data import POOL, originals


def textbook_images(train_images: int | None = None) -> tuple[Subset, Subset]:
    """MNIST as torchvision gives it, split as `helpers.data.load` splits it.

    Parameters
    ----------
    train_images : int, optional
        As for `helpers.data.load`.

    Returns
    -------
    train, validation : torch.utils.data.Subset
        Yield ``(x, y)`` image by image; `x` float32 (1, 28, 28) in [0, 1], made from
        bytes by ToTensor each time.

    Raises
    ------
    BenchError
        If there is no way to the real files.
    """
    from torchvision import datasets  # two seconds
    from torchvision.transforms import ToTensor

    try:
        files = originals.original_files("MNIST")
    except originals.UnreachableError as error:
        raise BenchError(need_real_data("MNIST")) from error
    # torchvision wants unpacked files; the data root keeps them packed.
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "MNIST", "raw")
        raw.mkdir(parents=True)
        for name, packed in files.items():
            (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(packed))
        mnist = datasets.MNIST(folder, transform=ToTensor())
    order = np.random.default_rng(0).permutation(POOL)
    train, validation = order[5_000:][:train_images], order[:5_000]
    return Subset(mnist, train.tolist()), Subset(mnist, validation.tolist())


def need_real_data(name: str) -> str:
    """Say that the bench makes no sense on the stand-in, and what to do."""
    return (
        f"the bench needs the real {name} files; connect to the network, or set "
        f"COURSE_DATA_MIRROR to a folder or address that holds {name}/raw/"
    )


def textbook_loop(
    model: nn.Module,
    train: Iterable,
    validation: Iterable,
    epochs: int,
) -> list[float]:
    """Train as tutorials do, after the `vae` of pytorch/examples.

    Parameters
    ----------
    model : nn.Module
        On its device; trained in place.
    train, validation : DataLoader
        Yield ``(x, y)``, `x` (B, 1, 28, 28).
    epochs : int

    Returns
    -------
    list of float
        The mean validation loss per image after each epoch.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(epochs):
        model.train()
        train_loss = 0.0
        for x, _ in train:
            x = x.view(-1, 784).to(device)  # (B, 784)
            optimizer.zero_grad()
            loss = textbook_loss(model, x)
            loss.backward()
            train_loss += loss.item() * len(x)
            optimizer.step()

        model.eval()
        total, images = 0.0, 0
        with torch.no_grad():
            for x, _ in validation:
                x = x.view(-1, 784).to(device)  # (B, 784)
                total += textbook_loss(model, x).item() * len(x)
                images += len(x)
        losses.append(total / images)
    return losses


def our_loop(
    model: nn.Module,
    batch_loss: Callable,
    train: DataLoader,
    validation: DataLoader,
    epochs: int,
    precision: str,
    learning_rate: float = 1e-3,
) -> training.History:
    """Train with `helpers.training.fit`, its progress bar out of sight.

    Raises
    ------
    KeyboardInterrupt
        If training was interrupted: `fit` would end early and return, which is right
        in a notebook and would be a wrong measurement here.
    """
    hidden = io.StringIO()
    with contextlib.redirect_stderr(hidden), contextlib.redirect_stdout(hidden):
        history = training.fit(
            model, batch_loss, train, validation, epochs, learning_rate,
            precision=precision,
        )  # fmt: skip
    if len(history.train) < epochs:
        raise KeyboardInterrupt
    return history
