"""Models small enough to know what training does to them."""

import numpy as np
import torch
from torch import nn

from helpers import data, training
from helpers.data import Split


class Line(nn.Module):
    """A model whose loss on x is known: mean (w - x)^2."""

    def __init__(self, w=3.0):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, x):
        return self.w.expand_as(x)


def squared(model, x):
    return (model(x) - x).square().mean()


def batches(values, size=4):
    x = torch.tensor(values).reshape(-1, 1)
    pairs = torch.utils.data.TensorDataset(x, torch.zeros(len(x)))
    return torch.utils.data.DataLoader(pairs, batch_size=size)


class Noisy(nn.Module):
    """Noise and batch norm: all that a resumed run must restore."""

    def __init__(self, width=8):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(784, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, 784),
        )

    def forward(self, x):
        return self.net(x + 0.1 * torch.randn_like(x))


def noisy_fit(checkpoint=None, epochs=6, stop_at=None, loss=squared, **settings):
    """Train :class:`Noisy` from seed 0; stop by hand in epoch `stop_at` if given."""
    rng = np.random.default_rng(0)
    split = Split(rng.random((100, 28, 28), np.float32), rng.integers(0, 10, 100))
    training.seed_everything(settings.pop("seed", 0))
    model = settings.pop("model", None) or Noisy()
    train = data.loader(split, settings.pop("batch_size", 16), shuffle=True, seed=3)
    validation = data.loader(split, 50)
    counted = iter(range(100_000))

    def maybe_stop(net, x):
        if net.training and next(counted) == (stop_at or 0) * len(train) - 2 > 0:
            raise KeyboardInterrupt
        return loss(net, x)

    settings = {"schedule": "cosine"} | settings
    history = training.fit(
        model, maybe_stop, train, validation, epochs, checkpoint=checkpoint, **settings
    )
    return model, history


def assert_same_weights(one, other):
    for (name, a), b in zip(
        one.state_dict().items(), other.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b), name
