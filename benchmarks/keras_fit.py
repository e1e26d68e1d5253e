"""Time Keras: lesson 01's settings against ``model.fit`` with its defaults.

Started by `benchmarks.keras_table` as a process of its own, because TensorFlow and
torch crash each other in one process. Each measurement is printed as a line of JSON.
"""

import json
import sys
import time

import numpy as np

from benchmarks import BenchError
from helpers import data
from helpers.keras_start import quiet_start

with quiet_start():
    import keras
from keras import layers

BATCH = 250  # these three as in lesson 01
PEAK_RATE = 0.008
WARM_UP = 0.1


class EpochTimes(keras.callbacks.Callback):
    """Notes how long each epoch takes, its validation included."""

    def __init__(self):
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stop it."""
        self.seconds.append(time.perf_counter() - self.started)


def build(seed: int) -> keras.Model:
    """Make the assignment's autoencoder, 784-128-64-128-784."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input(shape=(784,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(784, activation="sigmoid"),
        ]
    )


def default_options(images: int, epochs: int) -> tuple[dict, dict]:
    """Options of compile and fit when one leaves them alone."""
    return {"optimizer": "adam", "loss": "mse"}, {}


def lesson_options(images: int, epochs: int) -> tuple[dict, dict]:
    """Options of compile and fit in the long run of lesson 01."""
    steps = epochs * -(-images // BATCH)
    rising = int(WARM_UP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - rising, warmup_target=PEAK_RATE, warmup_steps=rising
    )
    compiling = {
        "optimizer": keras.optimizers.Adam(rate),
        "loss": "mse",
        "steps_per_execution": min(20, steps // epochs),
        "jit_compile": True,
    }
    return compiling, {"batch_size": BATCH}


COMPETITORS = {"defaults": default_options, "lesson 01": lesson_options}


def measure(name: str, fashion: data.Dataset, epochs: int, seed: int) -> dict:
    """Train one competitor; return the seconds of each epoch and the test MSE."""
    compiling, fitting = COMPETITORS[name](len(fashion.train), epochs)
    model, times = build(seed), EpochTimes()
    model.compile(**compiling)
    x, x_validation = fashion.train.flat, fashion.validation.flat
    model.fit(
        *(x, x),
        epochs=epochs,
        validation_data=(x_validation, x_validation),
        verbose=0,
        callbacks=[times],
        **fitting,
    )
    x_test = fashion.test.flat
    x_hat = np.asarray(model(x_test))  # (10000, 784)
    keras.backend.clear_session()
    return {
        "competitor": name,
        "repeat": seed,
        "epoch_seconds": times.seconds,
        "test_mse": float(np.mean((x_test - x_hat) ** 2)),
    }


def main(epochs: int, repeats: int, train_images: int | None) -> None:
    """Let the competitors take turns, and print what each turn gave."""
    fashion = data.load("FashionMNIST", train_images=train_images)
    if fashion.synthetic:
        raise BenchError("bench: there was no way to the real Fashion-MNIST.")
    for repeat in range(repeats):
        for name in COMPETITORS:
            result = measure(name, fashion, epochs, seed=repeat)
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    try:
        main(**json.loads(sys.argv[1]))
    except (BenchError, KeyboardInterrupt) as error:
        sys.exit(str(error))
