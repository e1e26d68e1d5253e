"""The check of train_model names each usual mistake and passes each right variant."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.checks import lesson01 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson01.answers import decoder, encoder, join, stub


def trainer(
    x=lambda train, validation: train.flat,
    y=lambda train, validation: train.flat,
    held_out=lambda train, validation: (validation.flat, validation.flat),
    compiled=lambda rate, loss: {
        "optimizer": keras.optimizers.Adam(rate),
        "loss": loss,
    },
    returned=lambda model, history: history,
    prepare=lambda model: model,
    **changed,
):
    """The reference, with one part exchanged."""

    def train(
        model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
    ):
        model = prepare(model)
        model.compile(**compiled(learning_rate, loss))
        options = {"epochs": epochs, "batch_size": batch_size, "verbose": 0}
        watched = held_out(train, validation)
        if watched is not None:
            options["validation_data"] = watched
        options |= changed
        options = {k: v for k, v in options.items() if v is not None}
        history = model.fit(x(train, validation), y(train, validation), **options)
        return returned(model, history)

    return train


def fit_in_a_loop(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=loss)
    for _ in range(epochs):
        history = model.fit(
            train.flat,
            train.flat,
            batch_size=batch_size,
            validation_data=(validation.flat, validation.flat),
        )
    return history


def noisy(train, validation):
    return np.clip(train.flat + 0.1, 0, 1)


def positional(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    model.compile(keras.optimizers.Adam(learning_rate), loss)
    held_out = (validation.flat, validation.flat)
    return model.fit(
        train.flat, train.flat, batch_size, epochs, 0, validation_data=held_out
    )


def evaluated_once(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    model.compile(keras.optimizers.Adam(learning_rate), loss)
    history = model.fit(train.flat, train.flat, batch_size, epochs)
    history.history["val_loss"] = [model.evaluate(validation.flat, validation.flat)]
    return history


def set_back(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    start = model.get_weights()
    history = positional(
        model, train, validation, epochs, learning_rate, loss, batch_size
    )
    model.set_weights(start)
    return history


def darkened(model, train, *others, **named):
    train.flat[...] *= 0.5
    return positional(model, train, *others, **named)


def adam(loss):
    return lambda rate, _: {"optimizer": keras.optimizers.Adam(rate), "loss": loss}


def cloned(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def trained_before(model):
    train = np.random.default_rng(0).random((17, 28, 28), dtype=np.float32)
    model.compile("adam", "mse")
    model.fit(train.reshape(-1, 784), train.reshape(-1, 784))
    return model


WRONG_TRAIN = {
    "a single evaluate": evaluated_once,
    "set back at the end": set_back,
    "used again": darkened,
    "do not build a new one": trainer(prepare=cloned),
    "`.flat` in place of `.images`": trainer(x=lambda t, v: t.images),
    "both come from `train`": trainer(y=lambda t, v: v.flat),
    "train and validation are exchanged": trainer(
        x=lambda t, v: v.flat, y=lambda t, v: v.flat
    ),
    "epochs and batch_size exchanged": trainer(epochs=10),
    "a second fit": trainer(prepare=trained_before),
    "leave EarlyStopping out": trainer(callbacks=[keras.callbacks.EarlyStopping()]),
    "summed over the images": trainer(
        compiled=adam(keras.losses.MeanSquaredError(reduction="sum"))
    ),
    "needs no labels": trainer(y=lambda t, v: t.labels),
    "validated on labels": trainer(held_out=lambda t, v: (v.flat, v.labels)),
    "needs no labels: ": trainer(y=lambda t, v: np.eye(10)[t.labels]),
    "target is not the input": trainer(y=lambda t, v: t.flat[::-1].copy()),
    "not the input": trainer(x=noisy),
    r"extra \* 255": trainer(x=lambda t, v: 255 * t.flat, y=lambda t, v: 255 * t.flat),
    "or / 255": trainer(x=lambda t, v: t.flat / 255, y=lambda t, v: t.flat / 255),
    "validation images are among the training": trainer(
        x=lambda t, v: np.concatenate([t.flat, v.flat]),
        y=lambda t, v: np.concatenate([t.flat, v.flat]),
    ),
    "not in `train`": trainer(x=lambda t, v: 1 - t.flat, y=lambda t, v: 1 - t.flat),
    "validation_split": trainer(held_out=lambda t, v: None, validation_split=0.2),
    "the argument epochs": trainer(epochs=1),
    "32 when it is missing": trainer(batch_size=None),
    "shuffle=False": trainer(shuffle=False),
    "no validation loss": trainer(held_out=lambda t, v: None),
    "computed on training images": trainer(held_out=lambda t, v: (t.flat, t.flat)),
    "of `validation` are in": trainer(held_out=lambda t, v: (v.flat[:4], v.flat[:4])),
    "optimizer is SGD": trainer(
        compiled=lambda rate, loss: {
            "optimizer": keras.optimizers.SGD(rate),
            "loss": loss,
        }
    ),
    "takes the default": trainer(
        compiled=lambda rate, loss: {"optimizer": "adam", "loss": loss}
    ),
    "that is the MSE, whatever": trainer(
        compiled=lambda rate, loss: {
            "optimizer": keras.optimizers.Adam(rate),
            "loss": "mse",
        }
    ),
    "that is the BCE, whatever": trainer(
        compiled=lambda rate, loss: {
            "optimizer": keras.optimizers.Adam(rate),
            "loss": "binary_crossentropy",
        }
    ),
    "ends in a sigmoid already": trainer(
        compiled=lambda rate, loss: {
            "optimizer": keras.optimizers.Adam(rate),
            "loss": "mse"
            if loss == "mse"
            else keras.losses.BinaryCrossentropy(from_logits=True),
        }
    ),
    "mean absolute error": trainer(
        compiled=lambda rate, loss: {
            "optimizer": keras.optimizers.Adam(rate),
            "loss": "mae",
        }
    ),
    "return model.fit": trainer(returned=lambda model, history: None),
    "returned a dict": trainer(returned=lambda model, history: history.history),
    "fit inside a loop": fit_in_a_loop,
    "was not trained": trainer(prepare=lambda model: join(encoder(4), decoder(4))),
    r"line \d+ of your cell": trainer(x=lambda t, v: t.pixels),
}


def as_dataset(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    def pairs(split):
        return tf.data.Dataset.from_tensor_slices((split.flat, split.flat))

    model.compile(keras.optimizers.Adam(learning_rate), loss)
    return model.fit(
        pairs(train).shuffle(len(train)).batch(batch_size),
        epochs=epochs,
        validation_data=pairs(validation).batch(batch_size),
        verbose=0,
    )


RIGHT_TRAIN = [
    positional,
    trainer(
        x=lambda t, v: tf.convert_to_tensor(t.flat),
        y=lambda t, v: tf.convert_to_tensor(t.flat),
    ),
    trainer(),
    trainer(
        compiled=lambda rate, loss: {
            "optimizer": keras.optimizers.Adam(learning_rate=rate),
            "loss": keras.losses.get(loss),
            "jit_compile": True,
            "steps_per_execution": 32,
            "metrics": ["mse"],
        }
    ),
    trainer(
        compiled=lambda rate, loss: {
            "optimizer": keras.optimizers.AdamW(rate),
            "loss": {
                "mse": keras.losses.MeanSquaredError(),
                "binary_crossentropy": keras.losses.BinaryCrossentropy(),
            }[loss],
        },
        x=lambda t, v: t.images.reshape(-1, 784),
        validation_batch_size=4,
    ),
    as_dataset,
]


@pytest.mark.parametrize("mistake", WRONG_TRAIN)
def test_train_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.train_model(WRONG_TRAIN[mistake])


@pytest.mark.parametrize("function", RIGHT_TRAIN)
def test_right_training_passes(function):
    checks.train_model(function)


def test_train_shows_no_progress_bar(capsys):
    from helpers import training

    checks.train_model(trainer(callbacks=[training.keras_progress(3)], verbose=1))
    seen = capsys.readouterr()
    assert "right" in seen.out
    assert "epoch" not in (seen.out + seen.err).lower()


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        checks.train_model(stub)
