"""Right and wrong answers of train_model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from helpers import training
from helpers.checks import lesson01 as checks
from tests.checks.trial import trial

CHECK = checks.train_model
NAMES = ("train_model",)
x_train = np.random.default_rng(0).random((300, 784), dtype=np.float32)


def trainer(
    x=lambda train, validation: train.flat,
    y=lambda train, validation: train.flat,
    held_out=lambda train, validation: (validation.flat, validation.flat),
    adam=lambda rate: keras.optimizers.Adam(rate),
    loss_of=lambda loss: loss,
    returned=lambda model, history: history,
    prepare=lambda model: model,
    compiled=None,
    **changed,
):
    """Make the reference, with one part exchanged."""

    def train_model(
        model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
    ):
        model = prepare(model)
        model.compile(
            optimizer=adam(learning_rate), loss=loss_of(loss), **(compiled or {})
        )
        options = {"epochs": epochs, "batch_size": batch_size, "verbose": 0}
        watched = held_out(train, validation)
        if watched is not None:
            options["validation_data"] = watched
        options |= changed
        options = {k: v for k, v in options.items() if v is not None}
        history = model.fit(x(train, validation), y(train, validation), **options)
        return returned(model, history)

    return train_model


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


def as_the_notebook_asks(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=learning_rate),
        loss=loss,
        steps_per_execution=20,
        jit_compile=True,
    )
    return model.fit(
        x=train.flat,
        y=train.flat,
        batch_size=batch_size,
        epochs=epochs,
        callbacks=[training.keras_progress(epochs)],
        validation_data=(validation.flat, validation.flat),
        verbose=0,
    )


def looking_around(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    print(model.name, model.count_params())
    model.summary()
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss=loss, metrics=["mae"])
    model.fit(
        train.flat,
        train.flat,
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(validation.flat, validation.flat),
    )
    print(float(model.optimizer.learning_rate), model.history.epoch)
    return model.history


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


def frozen_at_the_end(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    history = positional(
        model, train, validation, epochs, learning_rate, loss, batch_size
    )
    model.trainable = False
    return history


def darkened(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    train.images[...] *= 0.5
    return positional(model, train, validation, epochs, learning_rate, loss, batch_size)


def scaled_labels(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    train.labels[:] = 0
    return positional(model, train, validation, epochs, learning_rate, loss, batch_size)


def seeded(model, train, validation, epochs, learning_rate, loss="mse", batch_size=256):
    keras.utils.set_random_seed(0)
    return positional(model, train, validation, epochs, learning_rate, loss, batch_size)


def mixed_precision(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    keras.mixed_precision.set_global_policy("mixed_float16")
    return positional(model, train, validation, epochs, learning_rate, loss, batch_size)


def first_step_size_only(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    first = learning_rate(0) if callable(learning_rate) else learning_rate
    return positional(model, train, validation, epochs, float(first), loss, batch_size)


def from_one_shuffle(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    order = np.random.permutation(len(train.flat))
    model.compile(keras.optimizers.Adam(learning_rate), loss)
    return model.fit(
        train.flat[order],
        train.flat[order],
        batch_size,
        epochs,
        shuffle=False,
        validation_data=(validation.flat, validation.flat),
    )


def cloned(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def new_model(model):
    x = keras.Input((784,))
    z = layers.Dense(64, "relu")(x)
    return keras.Model(x, layers.Dense(784, "sigmoid")(z))


def trained_before(model):
    images = x_train[:17]
    model.compile("adam", "mse")
    model.fit(images, images)
    return model


def twice(model, train, validation, epochs, learning_rate, loss="mse", batch_size=256):
    positional(model, train, validation, 1, learning_rate, loss, batch_size)
    return positional(model, train, validation, epochs, learning_rate, loss, batch_size)


def pairs(images, batch_size, shuffled=0, again=True, drop=False):
    found = tf.data.Dataset.from_tensor_slices((images, images))
    if shuffled:
        found = found.shuffle(shuffled, reshuffle_each_iteration=again)
    return found.batch(batch_size, drop_remainder=drop)


def as_dataset(**options):
    def train_model(
        model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
    ):
        model.compile(keras.optimizers.Adam(learning_rate), loss)
        return model.fit(
            pairs(train.flat, batch_size, **options),
            epochs=epochs,
            validation_data=pairs(validation.flat, batch_size),
            verbose=0,
        )

    return train_model


class Batches(keras.utils.PyDataset):
    """Batches of pairs, in another order each epoch."""

    def __init__(self, images, batch_size):
        super().__init__()
        self.images, self.batch_size = images, batch_size
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, number):
        first = number * self.batch_size
        batch = self.images[self.order[first : first + self.batch_size]]
        return batch, batch

    def on_epoch_end(self):
        self.order = np.random.permutation(len(self.images))


def in_own_batches(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    model.compile(keras.optimizers.Adam(), loss)
    model.optimizer.learning_rate = learning_rate
    held_out = (validation.flat, validation.flat)
    batches = Batches(train.flat, batch_size)
    return model.fit(batches, epochs=epochs, validation_data=held_out)


def own_mse(y, x_hat):
    return ops.mean(ops.square(y - x_hat), axis=-1)


def number_or_default(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    rate = learning_rate if isinstance(learning_rate, float) else 0.001
    return positional(model, train, validation, epochs, rate, loss, batch_size)


def adam_with(adam=keras.optimizers.Adam, **settings):
    return trainer(adam=lambda rate: adam(rate, **settings))


class Patience(keras.callbacks.Callback):
    """Halves the step size when the validation loss has not fallen."""

    best = float("inf")

    def on_epoch_end(self, epoch, logs):
        if logs["val_loss"] >= self.best:
            self.model.optimizer.learning_rate = 0.5 * float(
                self.model.optimizer.learning_rate
            )
        self.best = min(self.best, logs["val_loss"])


class Watching(keras.callbacks.Callback):
    """Writes down the step size, and leaves it."""

    def on_train_begin(self, logs=None):
        self.rates = []

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


def halving_a_number(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    """A schedule cannot be changed."""
    callbacks = [] if callable(learning_rate) else [Patience()]
    again = trainer(callbacks=callbacks)
    return again(model, train, validation, epochs, learning_rate, loss, batch_size)


def watched(
    model, train, validation, epochs, learning_rate, loss="mse", batch_size=256
):
    again = trainer(callbacks=[Watching(), keras.callbacks.History()])
    return again(model, train, validation, epochs, learning_rate, loss, batch_size)


RIGHT = [
    positional,
    watched,
    trainer(),
    as_the_notebook_asks,
    looking_around,
    as_dataset(shuffled=5000),
    in_own_batches,
    trainer(
        x=lambda t, v: tf.convert_to_tensor(t.flat),
        y=lambda t, v: tf.convert_to_tensor(t.flat),
    ),
    trainer(
        loss_of=keras.losses.get,
        compiled={"jit_compile": True, "steps_per_execution": 32, "metrics": ["mse"]},
    ),
    trainer(
        adam=keras.optimizers.AdamW,
        loss_of=lambda loss: {
            "mse": keras.losses.MeanSquaredError(),
            "binary_crossentropy": keras.losses.BinaryCrossentropy(),
        }[loss],
        x=lambda t, v: t.images.reshape(-1, 784),
        validation_batch_size=97,
    ),
    trainer(
        loss_of=lambda loss: own_mse if loss == "mse" else loss,
        callbacks=[keras.callbacks.TerminateOnNaN()],
        verbose=2,
    ),
    trainer(
        x=lambda t, v: t.flat.astype("float64"),
        y=lambda t, v: t.flat.copy(),
        held_out=lambda t, v: [v.flat, v.flat],
        callbacks=keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: None),
    ),
    trainer(returned=lambda model, history: model.history, shuffle=True),
    adam_with(beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False),
    adam_with(keras.optimizers.AdamW, name="mine", weight_decay=0.004),
]
WRONG = [
    (evaluated_once, "a single evaluate"),
    (set_back, "set back at the end"),
    (frozen_at_the_end, "is frozen"),
    (darkened, "changed pixels"),
    (scaled_labels, "an assignment into it"),
    (seeded, "a seed that is set inside"),
    (mixed_precision, "set_dtype_policy"),
    (first_step_size_only, "Adam is given the argument as it is"),
    (from_one_shuffle, "one shuffle before all epochs"),
    (as_dataset(), "in the same order"),
    (as_dataset(shuffled=5000, again=False), "in the same order"),
    (as_dataset(shuffled=5000, drop=True), "drop_remainder"),
    (fit_in_a_loop, "fit inside a loop"),
    (twice, "a second fit"),
    (trainer(prepare=cloned), "do not build a new one"),
    (trainer(prepare=new_model), "was not trained"),
    (trainer(prepare=trained_before), "not those of the argument `train`"),
    (trainer(x=lambda t, v: t.images), "`.flat` in place of `.images`"),
    (trainer(y=lambda t, v: v.flat), "both come from `train`"),
    (
        trainer(x=lambda t, v: x_train, y=lambda t, v: x_train),
        "a variable of the notebook, such as x_train",
    ),
    (
        trainer(held_out=lambda t, v: (x_train, x_train)),
        "a variable of the notebook, such as x_validation",
    ),
    (
        trainer(x=lambda t, v: v.flat, y=lambda t, v: v.flat),
        "train and validation are exchanged",
    ),
    (trainer(epochs=10), "epochs and batch_size exchanged"),
    (trainer(epochs=1), "the argument epochs"),
    (trainer(initial_epoch=1), "the argument epochs"),
    (trainer(batch_size=None), "32 when it is missing"),
    (trainer(batch_size=250), "the argument `batch_size`"),
    (trainer(steps_per_epoch=2), ""),
    (trainer(callbacks=[keras.callbacks.EarlyStopping()]), "leave EarlyStopping out"),
    (
        trainer(callbacks=[keras.callbacks.ReduceLROnPlateau(patience=3)]),
        "the callback ReduceLROnPlateau | the step size that Adam is given",
    ),
    (
        trainer(callbacks=keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=0)),
        "leave ReduceLROnPlateau out",
    ),
    (
        trainer(
            callbacks=[
                keras.callbacks.LearningRateScheduler(
                    lambda epoch, rate: rate if epoch < 5 else 0.9 * rate
                )
            ]
        ),
        "leave LearningRateScheduler out",
    ),
    (halving_a_number, "no callback changes it"),
    (
        trainer(loss_of=lambda loss: keras.losses.get(loss), y=lambda t, v: t.labels),
        "needs no labels",
    ),
    (trainer(held_out=lambda t, v: (v.flat, v.labels)), "validated on labels"),
    (trainer(y=lambda t, v: np.eye(10)[t.labels]), "needs no labels: "),
    (trainer(y=lambda t, v: t.flat[::-1].copy()), "target is not the input"),
    (trainer(x=noisy), "not the input"),
    (trainer(y=lambda t, v: 1 - t.flat), "not the input"),
    (
        trainer(x=lambda t, v: 255 * t.flat, y=lambda t, v: 255 * t.flat),
        "extra * 255",
    ),
    (trainer(x=lambda t, v: t.flat / 255, y=lambda t, v: t.flat / 255), "or / 255"),
    (
        trainer(
            x=lambda t, v: np.concatenate([t.flat, v.flat]),
            y=lambda t, v: np.concatenate([t.flat, v.flat]),
        ),
        "validation images are among the training",
    ),
    (
        trainer(x=lambda t, v: 1 - t.flat, y=lambda t, v: 1 - t.flat),
        "not those of the argument `train`",
    ),
    (
        trainer(x=lambda t, v: t.flat[:1000], y=lambda t, v: t.flat[:1000]),
        "or a slice",
    ),
    (trainer(held_out=lambda t, v: None, validation_split=0.2), "validation_split"),
    (trainer(held_out=lambda t, v: None), "no validation loss"),
    (trainer(held_out=lambda t, v: (t.flat, t.flat)), "computed on training images"),
    (trainer(held_out=lambda t, v: (v.flat[:4], v.flat[:4])), "of `validation` are in"),
    (
        trainer(held_out=lambda t, v: (v.flat[:1000], v.flat[:1000])),
        "of `validation` are in",
    ),
    (trainer(validation_freq=2), "validation losses"),
    (trainer(shuffle=False), "shuffle=False"),
    (trainer(validation_steps=1), "of `validation` are in"),
    (trainer(adam=keras.optimizers.Nadam), "optimizer is Nadam"),
    (
        trainer(loss_of=lambda loss: "mean_squared_logarithmic_error"),
        "the first loss is",
    ),
    (trainer(returned=lambda model, history: (model, history)), "a tuple of 2"),
    (trainer(x=lambda t, v: t.flat[:-1], y=lambda t, v: t.flat[:-1]), "or a slice"),
    (trainer(adam=keras.optimizers.SGD), "optimizer is SGD"),
    (trainer(adam=keras.optimizers.RMSprop), "optimizer is RMSprop"),
    (trainer(adam=lambda rate: "adam"), "takes the default"),
    (trainer(adam=lambda rate: keras.optimizers.Adam(0.01)), "learning rate is"),
    (trainer(loss_of=lambda loss: "mse"), "that is the MSE, whatever"),
    (trainer(loss_of=lambda loss: "binary_crossentropy"), "that is the BCE, whatever"),
    (trainer(loss_of=lambda loss: "mae"), "mean absolute error"),
    (
        trainer(
            loss_of=lambda loss: (
                loss
                if loss == "mse"
                else keras.losses.BinaryCrossentropy(from_logits=True)
            )
        ),
        "ends in a sigmoid already",
    ),
    (
        trainer(loss_of=lambda loss: keras.losses.MeanSquaredError(reduction="sum")),
        "summed over the images",
    ),
    (
        trainer(loss_of=lambda loss: lambda y, p: ops.sum(ops.square(y - p), axis=-1)),
        "summed over the pixels",
    ),
    (trainer(compiled={"loss_weights": 2.0}), "2 times that: loss_weights"),
    (
        trainer(held_out=lambda t, v: (v.flat, v.flat[::-1].copy())),
        "in validation_data the target is not the input",
    ),
    (trainer(returned=lambda model, history: None), "return model.fit"),
    (trainer(returned=lambda model, history: history.history), "returned a dict"),
    (trainer(returned=lambda model, history: model), "History"),
    (trainer(returned=lambda model, history: history.history["loss"]), "a list of"),
    (trainer(x=lambda t, v: t.pixels), "of your cell"),
    (
        trainer(adam=lambda rate: keras.optimizers.Adam(rate, clipnorm=1e-3)),
        "clipnorm",
    ),
    (adam_with(beta_1=0.5), "Adam is given beta_1=0.5 | beta_1=0.9: Adam keeps"),
    (adam_with(beta_1=0.85), "beta_1"),
    (adam_with(beta_2=0.99), "beta_2=0.999"),
    (adam_with(epsilon=1e-3), "epsilon in keras.optimizers.Adam(...): leave it out"),
    (adam_with(amsgrad=True), "amsgrad"),
    (adam_with(weight_decay=0.1), "weight_decay=None"),
    (adam_with(keras.optimizers.AdamW, weight_decay=0.1), "weight_decay=0.004"),
    (adam_with(use_ema=True), "use_ema"),
    (adam_with(gradient_accumulation_steps=2), "gradient_accumulation_steps"),
    (number_or_default, "a schedule too, not only a number"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args, **kwargs):
    raise NotImplementedError


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        CHECK(stub)


def test_no_progress_bar_is_shown(capsys):
    CHECK(trainer(callbacks=[training.keras_progress(3)], verbose=1))
    seen = capsys.readouterr()
    assert "right" in seen.out
    assert "epoch" not in (seen.out + seen.err).lower()
