"""How good are generated images? A small classifier's answer, in two numbers.

An eye judges ten pictures; a classifier judges thousands in the same way each time. It
is trained on real images in seconds and then asked, of images that a model made, how
many it is *sure* of, and how many *classes* they cover. Both numbers are to be read
beside those of real test images. They do not see everything: a model that copies its
training images is given full marks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers.budget import fast_mode
from helpers.plots import as_array

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    from helpers.data import Split

SURE = 0.7  # a probability that 86 % of real test digits and 18 % of mixtures reach


@dataclass(frozen=True)
class Quality:
    """What a classifier says of a set of images.

    Attributes
    ----------
    sure : float
        Share of images whose most probable class has a probability of at least
        :data:`SURE`, from 0 to 1.
    shares : array, shape (C,)
        Share of images for which each class is the most probable one; sums to 1.
    """

    sure: float
    shares: np.ndarray

    @property
    def classes(self) -> float:
        """How many classes the images cover, from 1 to C.

        The exponential of the entropy of `shares`: C if all classes are equally
        common, 1 if all images are of one class.
        """
        present = self.shares[self.shares > 0]
        return math.exp(-(present * np.log(present)).sum())


def train_classifier(
    train: Split, steps: int | None = None, seed: int = 0
) -> torch.nn.Module:
    """Train a classifier that is unsure of what is no image of one class.

    A network trained on whole digits alone is confident of almost everything. So each
    image is mixed, pixel by pixel, with another one, and so are their labels (mixup:
    Zhang, Cisse, Dauphin and Lopez-Paz 2018, arXiv:1710.09412), and every tenth is
    noise, with a label that is undecided. Takes a few seconds on a CPU; the global
    random state stays as it is.

    Parameters
    ----------
    train : Split
        Real images with their labels.
    steps : int, optional
        Of 250 images each; 600 by default, 100 in fast mode.
    seed : int
        For the weights, the batches, the mixing and the noise.

    Returns
    -------
    torch.nn.Module
        Flat images (B, 784) to logits (B, 10); on the CPU, in evaluation mode.
    """
    import torch
    from torch import nn
    from torch.nn import functional as F

    steps = steps or (100 if fast_mode() else 600)
    images = torch.from_numpy(train.flat)  # (N, 784)
    labels = F.one_hot(torch.from_numpy(train.labels), 10).float()  # (N, 10)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=6e-3, fused=True)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
        for _ in range(steps):
            one, other = torch.randint(len(images), (2, 250))
            share = torch.rand(250, 1)
            x = torch.lerp(images[one], images[other], share)  # (250, 784)
            y = torch.lerp(labels[one], labels[other], share)  # (250, 10)
            x[:25] = torch.rand(25, 1) * torch.rand(25, 784)  # dim to bright noise
            y[:25] = 0.1
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            scheduler.step()
    return model.eval().requires_grad_(False)


def quality(classifier: torch.nn.Module, images: ArrayLike) -> Quality:
    """Ask a classifier what it makes of some images.

    Parameters
    ----------
    classifier : torch.nn.Module
        As :func:`train_classifier` returns it.
    images : array or tensor, shape (N, 784), (N, 28, 28) or (N, 1, 28, 28)
        Values in [0, 1], on any device. A thousand of them give `sure` to about 0.03.

    Returns
    -------
    Quality

    Raises
    ------
    ValueError
        If there are no images.
    """
    import torch

    flat = np.asarray(as_array(images), np.float32)
    if not len(flat):
        raise ValueError("quality() got no images; give it a thousand or so.")
    logits = classifier(torch.from_numpy(flat.reshape(len(flat), -1)))  # (N, 10)
    best, found = logits.softmax(dim=1).max(dim=1)  # (N,) each
    shares = np.bincount(found.numpy(), minlength=logits.shape[1]) / len(flat)
    return Quality(float((best >= SURE).float().mean()), shares)
