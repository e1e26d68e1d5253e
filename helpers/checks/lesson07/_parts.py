"""An encoder and a decoder of a few units, whose terms and gradients are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.checks.draws import Draw
from helpers.checks.lesson07._backend import tensor
from helpers.checks.lesson07.loss_terms import right_terms

TERMS = ("loss", "reconstruction", "kl")
TRACKERS = "compute_loss, and what the trackers are given; `fit` empties them"


class Parts:
    """Encoder, decoder and a constant in place of noise; all of it known."""

    def __init__(self, pixels: int, width: int, d: int, draw: Draw):
        import keras

        epsilon = draw.rng.choice([-1, 1], d) * draw.rng.uniform(0.5, 1.5, d)
        self.epsilon = epsilon.astype(np.float32)

        self.calls = {}

        def count(name: str) -> None:
            self.calls[name] = self.calls.get(name, 0) + 1

        class Counter(keras.layers.Layer):
            def __init__(layer, counts: str):
                super().__init__()
                layer.counts = counts

            def call(layer, inputs: Any) -> Any:
                count(layer.counts)
                return inputs

        class Constant(keras.layers.Layer):
            def call(layer, mu: Any, logvar: Any) -> Any:
                count("sampling")
                sigma = keras.ops.exp(0.5 * logvar)
                return mu + sigma * keras.ops.convert_to_tensor(self.epsilon)

        dense, x, z = keras.layers.Dense, keras.Input((pixels,)), keras.Input((d,))
        h = dense(width, "tanh")(Counter("encoder")(x))
        g = dense(width, "tanh")(Counter("decoder")(z))
        self.encoder = keras.Model(x, [dense(d)(h), dense(d)(h)])
        self.decoder = keras.Model(z, dense(pixels)(g))
        self.sampling = Constant()
        for weight in self.weights():
            spread = 1.5 / weight.shape[0] ** 0.5 if len(weight.shape) > 1 else 0.5
            weight.assign(draw.rng.normal(0, spread, weight.shape))

    def called(self, model: Any, x: np.ndarray) -> dict[str, int]:
        """How often a call of a model calls each of the three."""
        self.calls = dict.fromkeys(("encoder", "decoder", "sampling"), 0)
        model(tensor(x))
        return self.calls

    def weights(self) -> list:
        """Kernels and biases, of the encoder's three layers and the decoder's two."""
        return self.encoder.weights + self.decoder.weights

    def arrays(self) -> list[np.ndarray]:
        """Their numbers, in 64 bits."""
        arrays = self.encoder.get_weights() + self.decoder.get_weights()
        return [array.astype(np.float64) for array in arrays]

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """h, mu, logvar, z, g, logits."""
        w1, b1, wm, bm, wl, bl, w2, b2, w3, b3 = self.arrays()
        h = np.tanh(x @ w1 + b1)
        mu, logvar = h @ wm + bm, h @ wl + bl
        z = mu + np.exp(logvar / 2) * self.epsilon
        g = np.tanh(z @ w2 + b2)
        return h, mu, logvar, z, g, g @ w3 + b3

    def terms(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Loss, reconstruction and KL of each image."""
        _, mu, logvar, _, _, logits = self.forward(x)
        reconstruction, kl = right_terms(x, logits, mu, logvar)
        return {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def gradients(self, x: np.ndarray, beta: float = 1.0) -> list[np.ndarray]:
        """Of the mean of reconstruction + beta KL, for each of the weights."""
        h, mu, logvar, z, g, logits = self.forward(x)
        wm, wl, w2, w3 = self.arrays()[2::2]
        d_logits = (1 / (1 + np.exp(-logits)) - x) / len(x)
        d_g = (d_logits @ w3.T) * (1 - g**2)
        d_z = d_g @ w2.T
        d_mu = d_z + beta * mu / len(x)
        d_logvar = d_z * (z - mu) / 2 + beta * (np.exp(logvar) - 1) / 2 / len(x)
        d_h = (d_mu @ wm.T + d_logvar @ wl.T) * (1 - h**2)
        into = ((x, d_h), (h, d_mu), (h, d_logvar), (z, d_g), (g, d_logits))
        return [each for below, d in into for each in (below.T @ d, d.sum(axis=0))]


def images(n: int, pixels: int, draw: Draw) -> np.ndarray:
    """Grey images from dark to bright, some black: unequal batches differ."""
    bright = np.linspace(0.05, 1, n)[:, None]
    bright[5::9] = 0
    return (bright * draw.rng.random((n, pixels)).round(2)).astype(np.float32)
