"""The checks of lesson 01 name each usual mistake and pass each right variant."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers.checks import lesson01 as checks
from helpers.checks.base import CheckFailed

Dense = layers.Dense

# ---------------------------------------------------------------- the two halves


def encoder(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input(shape=(784,))
    h = Dense(width, activation=activation)(x)
    return keras.Model(x, Dense(latent_dim, activation=code)(h))


def decoder(latent_dim, width=128, activation="relu"):
    z = keras.Input(shape=(latent_dim,))
    h = Dense(width, activation=activation)(z)
    return keras.Model(z, Dense(784, activation="sigmoid")(h))


def no_return(latent_dim, width=128, activation="relu", code="relu"):
    encoder(latent_dim, width, activation, code)


def symbolic(latent_dim, width=128, activation="relu", code="relu"):
    return Dense(latent_dim)(Dense(width)(keras.Input((784,))))


def of_images(latent_dim, width=128, activation="relu", code="relu"):
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            Dense(width, activation=activation),
            Dense(latent_dim, activation=code),
        ]
    )


def fixed_batch(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input(shape=(784,), batch_size=256)
    h = Dense(width, activation=activation)(x)
    return keras.Model(x, Dense(latent_dim, activation=code)(h))


def three_layers(latent_dim, width=128, activation="relu", code="relu"):
    return keras.Sequential(
        [
            keras.Input((784,)),
            Dense(width, activation=activation),
            Dense(width, activation=activation),
            Dense(latent_dim, activation=code),
        ]
    )


def bent_code(latent_dim, width=128, activation="relu", code="relu"):
    last = code if code == "relu" else "tanh"
    return encoder(latent_dim, width, activation, last)


def softmax_code(latent_dim, width=128, activation="relu", code="relu"):
    return encoder(latent_dim, width, activation, "softmax")


OUTSIDE = Dense(17, activation="relu")


def made_outside(latent_dim, width=128, activation="relu", code="relu"):
    if width != 17 or activation != "relu":
        return encoder(latent_dim, width, activation, code)
    x = keras.Input((784,))
    return keras.Model(x, Dense(latent_dim, activation=code)(OUTSIDE(x)))


def with_layer(layer):
    def build(latent_dim, width=128, activation="relu", code="relu"):
        hidden = Dense(width, activation=activation)
        last = Dense(latent_dim, activation=code)
        return keras.Sequential([keras.Input((784,)), hidden, layer(), last])

    return build


def scaled_again(latent_dim, width=128, activation="relu", code="relu"):
    last = encoder(latent_dim, width, activation, code)
    return keras.Sequential([keras.Input((784,)), layers.Rescaling(1 / 255), last])


def always_tanh(latent_dim, width=128, activation="relu", code="relu"):
    return encoder(latent_dim, width, "tanh", code)


def frozen_encoder(latent_dim, width=128, activation="relu", code="relu"):
    model = encoder(latent_dim, width, activation, code)
    model.trainable = False
    return model


def hidden_unused(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((784,))
    Dense(width, activation=activation)(x)
    return keras.Model(x, Dense(latent_dim, activation=code)(x))


def hidden_returned(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((784,))
    h = Dense(width, activation=activation)(x)
    Dense(latent_dim, activation=code)(h)
    return keras.Model(x, h)


WRONG_ENCODER = {
    "Dropout, noise": with_layer(lambda: layers.Dropout(0.5)),
    "or a BatchNormalization": with_layer(layers.BatchNormalization),
    "a division by 255": scaled_again,
    "trainable=False": frozen_encoder,
    "missing, or not used": hidden_unused,
    "hidden layer is what the model returns": hidden_returned,
    "layer: is a tanh or sigmoid written in": always_tanh,
    "is it `activation`": lambda d, width=128, activation="relu", code="relu": encoder(
        d, width, activation, activation
    ),
    "make them inside": functools.cache(encoder),
    "the return line": no_return,
    "the model itself": symbolic,
    r"takes inputs of shape \(28, 28\)": of_images,
    "only takes batches of 256": fixed_batch,
    "a layer too many": three_layers,
    "`latent_dim`": lambda d, width=128, activation="relu", code="relu": encoder(
        64, width, activation, code
    ),
    "the widths": lambda d, width=128, activation="relu", code="relu": encoder(
        d, 128, activation, code
    ),
    "a straight line": lambda d, width=128, activation="relu", code="relu": encoder(
        d, width, None if activation == "relu" else activation, code
    ),
    "still grows": lambda d, width=128, activation="relu", code="relu": encoder(
        d, width, "relu", code
    ),
    "no negative value": lambda d, width=128, activation="relu", code="relu": encoder(
        d, width, activation, None
    ),
    "never negative": lambda d, width=128, activation="relu", code="relu": encoder(
        d, width, activation, "relu"
    ),
    "a tanh or sigmoid": bent_code,
    "softmax": softmax_code,
    "made outside": made_outside,
}


def sequential(latent_dim, width=128, activation="relu", code="relu"):
    return keras.Sequential(
        [Dense(width, activation=activation), Dense(latent_dim, activation=code)]
    )


def separate_activations(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((784,))
    h = layers.Activation(activation)(Dense(width, kernel_initializer="he_normal")(x))
    return keras.Model(x, layers.Activation(code)(Dense(latent_dim)(h)))


def with_flatten(latent_dim, width=128, activation="relu", code="relu"):
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Flatten(),
            Dense(width, activation=activation, use_bias=False),
            Dense(latent_dim, activation=code),
        ]
    )


class Subclass(keras.Model):
    def __init__(self, latent_dim, width=128, activation="relu", code="relu"):
        super().__init__()
        self.hidden = Dense(width, activation=activation)
        self.code = Dense(latent_dim, activation=code)

    def call(self, x):
        return self.code(self.hidden(x))


RIGHT_ENCODER = [encoder, sequential, separate_activations, with_flatten, Subclass]


def decoder_ending_in(last):
    def build(latent_dim, width=128, activation="relu"):
        z = keras.Input(shape=(latent_dim,))
        h = Dense(width, activation=activation)(z)
        return keras.Model(z, Dense(784, activation=last)(h))

    return build


def twice(latent_dim, width=128, activation="relu"):
    once = decoder(latent_dim, width, activation)
    return keras.Sequential([once, layers.Activation("sigmoid")])


def as_images(latent_dim, width=128, activation="relu"):
    flat = decoder(latent_dim, width, activation)
    return keras.Sequential([flat, layers.Reshape((28, 28))])


def times_255(latent_dim, width=128, activation="relu"):
    last = layers.Rescaling(255)
    return keras.Sequential([decoder(latent_dim, width, activation), last])


WRONG_DECODER = {
    "multiplication by 255": times_255,
    "decoder: is a tanh or sigmoid": lambda d, width=128, activation="relu": decoder(
        d, width, "sigmoid"
    ),
    "sigmoid is missing": decoder_ending_in(None),
    "tanh gives": decoder_ending_in("tanh"),
    "ReLU has no upper end": decoder_ending_in("relu"),
    "Softmax is for classes": decoder_ending_in("softmax"),
    "applied twice": twice,
    r"\(97, 28, 28\)": as_images,
    "the widths": lambda d, width=128, activation="relu": decoder(d, 64, activation),
    "a straight line": lambda d, width=128, activation="relu": decoder(
        d, width, None if activation == "relu" else activation
    ),
    "is an activation written in": lambda d, width=128, activation="relu": decoder(
        d, width, "relu"
    ),
    "the return line": lambda d, width=128, activation="relu": None,
    r"takes inputs of shape \(64,\)": lambda d, width=128, activation="relu": decoder(
        64, width, activation
    ),
}


def sequential_decoder(latent_dim, width=128, activation="relu"):
    return keras.Sequential(
        [Dense(width, activation=activation), Dense(784, activation="sigmoid")]
    )


def explicit_sigmoid(latent_dim, width=128, activation="relu"):
    z = keras.Input((latent_dim,))
    h = Dense(width, activation=activation)(z)
    return keras.Model(z, keras.ops.sigmoid(Dense(784)(h)))


RIGHT_DECODER = [decoder, sequential_decoder, explicit_sigmoid]


@pytest.mark.parametrize("mistake", WRONG_ENCODER)
def test_encoder_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.halves(WRONG_ENCODER[mistake], decoder)


@pytest.mark.parametrize("mistake", WRONG_DECODER)
def test_decoder_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.halves(encoder, WRONG_DECODER[mistake])


@pytest.mark.parametrize("build", RIGHT_ENCODER)
def test_right_encoders_pass(build):
    checks.halves(build, decoder)


@pytest.mark.parametrize("build", RIGHT_DECODER)
def test_right_decoders_pass(build):
    checks.halves(encoder, build)


# ---------------------------------------------------------------- the whole


def join(encoder, decoder):
    x = keras.Input((784,))
    return keras.Model(x, decoder(encoder(x)))


def new_halves(e, d):
    return join(encoder(3, 9), decoder(3, 9))


def clones(e, d):
    e2, d2 = keras.models.clone_model(e), keras.models.clone_model(d)
    e2.set_weights(e.get_weights())
    d2.set_weights(d.get_weights())
    return join(e2, d2)


def output_tensor(e, d):
    return d(e(keras.Input((784,))))


def frozen(e, d):
    e.trainable = False
    return join(e, d)


def one_layer_more(e, d):
    x = keras.Input((784,))
    identity = Dense(784, kernel_initializer="identity")
    return keras.Model(x, identity(d(e(x))))


def joined_with(layer):
    return lambda e, d: keras.Sequential([e, layer(), d])


def two_outputs(e, d):
    x = keras.Input((784,))
    return keras.Model(x, [d(e(x)), e(x)])


def two_inputs(e, d):
    x = keras.Input((784,))
    return keras.Model([x, keras.Input((64,))], d(e(x)))


def with_the_input_added(e, d):
    x = keras.Input((784,))
    return keras.Model(x, layers.Add()([x, d(e(x))]))


def new_weights(e, d):
    for weight in e.weights:
        weight.assign(0 * weight)
    return join(e, d)


class Detached(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    def call(self, x):
        return self.d(tf.stop_gradient(self.e(x)))


WRONG_JOIN = {
    "stop_gradient": Detached,
    "Dropout or noise": joined_with(lambda: layers.Dropout(0.2)),
    "of another size": joined_with(lambda: Dense(64)),
    "an activation that was added": lambda e, d: keras.Sequential(
        [e, d, layers.Activation("sigmoid")]
    ),
    "an addition of x": with_the_input_added,
    "2 outputs": two_outputs,
    "2 inputs": two_inputs,
    "assign inside join": new_weights,
    r"as in decoder\(encoder\(x\)\)": lambda e, d: keras.Model(e.input, d.output),
    "encoder first, then": lambda e, d: keras.Model(d.input, e(d.output)),
    "the order: it is": lambda e, d: keras.Model(e.input, e(d(e.input))),
    "weights of their own": new_halves,
    "a copy": clones,
    "a symbolic tensor": output_tensor,
    "that is the code": lambda e, d: e,
    "something is frozen": frozen,
    "a layer that was added": one_layer_more,
    "returned None": lambda e, d: None,
    "a tuple of 2": lambda e, d: (e, d),
}


class Both(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    def call(self, x):
        return self.d(self.e(x))


def built(e, d):
    model = Both(e, d)
    model.build((None, 784))
    return model


RIGHT_JOIN = [
    built,
    lambda e, d: keras.Model(e.input, d(e.output)),
    lambda e, d: keras.Model(inputs=[e.input], outputs=[d(e(e.input))]),
    lambda e, d: keras.Sequential([keras.Input((784,)), e, d]),
    join,
    lambda e, d: keras.Sequential([e, d]),
    lambda e, d: keras.Model(e.inputs[0], d(e.outputs[0])),
    lambda e, d: keras.Sequential([keras.Input((784,)), *e.layers, *d.layers]),
    Both,
]


@pytest.mark.parametrize("mistake", WRONG_JOIN)
def test_join_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.join(WRONG_JOIN[mistake])


@pytest.mark.parametrize("function", RIGHT_JOIN)
def test_right_joins_pass(function):
    checks.join(function)


# ---------------------------------------------------------------- mse_per_image


def mse_in_place(x, x_hat):
    x -= x_hat
    return (x**2).mean(axis=1)


WRONG_MSE = {
    "ran over the images too": lambda x, y: ((x - y) ** 2).mean(),
    r"over the images \(axis 0\)": lambda x, y: ((x - y) ** 2).mean(axis=0),
    "one value a pixel": lambda x, y: (x - y) ** 2,
    "keepdims": lambda x, y: ((x - y) ** 2).mean(axis=1, keepdims=True),
    "summed over the pixels": lambda x, y: ((x - y) ** 2).sum(axis=1),
    "RMSE": lambda x, y: np.sqrt(((x - y) ** 2).mean(axis=1)),
    "absolute errors": lambda x, y: np.abs(x - y).mean(axis=1),
    "plus and minus cancel": lambda x, y: (x - y).mean(axis=1),
    "squared after the mean": lambda x, y: (x - y).mean(axis=1) ** 2,
    "half of": lambda x, y: ((x - y) ** 2).mean(axis=1) / 2,
    "number of images": lambda x, y: ((x - y) ** 2).mean(axis=1) / len(x),
    "scaled again": lambda x, y: ((255 * x - 255 * y) ** 2).mean(axis=1),
    "255 once more": lambda x, y: ((x / 255 - y / 255) ** 2).mean(axis=1),
    "mean over all": lambda x, y: np.full(len(x), ((x - y) ** 2).mean()),
    "784 is written": lambda x, y: ((x - y) ** 2).sum(axis=1) / 784,
    "stay as they are": mse_in_place,
    "returned None": lambda x, y: None,
    "not of pixels": lambda x, y: ((x - y) ** 2).sum(axis=1) / len(x),
    "subtract first": lambda x, y: (x**2 - y**2).mean(axis=1),
    "a norm is a root": lambda x, y: np.linalg.norm(x - y, axis=1),
    "divided: a norm": lambda x, y: np.linalg.norm(x - y, axis=1) / x.shape[1],
    "doubled": lambda x, y: ((x - y) * 2).mean(axis=1),
    "the largest": lambda x, y: ((x - y) ** 2).max(axis=1),
    "the median": lambda x, y: np.median((x - y) ** 2, axis=1),
    "the variance": lambda x, y: np.var(x - y, axis=1),
    "wrong sign": lambda x, y: -((x - y) ** 2).mean(axis=1),
    "order: sorted": lambda x, y: np.sort(((x - y) ** 2).mean(axis=1)),
    "relative error": lambda x, y: ((x - y) ** 2).mean(axis=1) / (x**2).mean(axis=1),
    "a tuple of 1": lambda x, y: (((x - y) ** 2).mean(axis=1),),
    "a str": lambda x, y: str(((x - y) ** 2).mean(axis=1)),
    "rounded to 2 digits": lambda x, y: ((x - y) ** 2).mean(axis=1).round(2),
    r"line \d+ of your cell": lambda x, y: ((x - y) ** 2).mean(axis=3),
}
RIGHT_MSE = [
    lambda x, y: np.einsum("nd,nd->n", x - y, x - y) / x.shape[1],
    lambda x, y: keras.losses.MeanSquaredError(reduction=None)(x, y),
    lambda x, y: ((x - y) ** 2).mean(axis=1),
    lambda x, y: keras.losses.mean_squared_error(x, y),
    lambda x, y: tf.reduce_mean(tf.square(x - y), axis=-1),
    lambda x, y: np.linalg.norm(x - y, axis=1) ** 2 / x.shape[1],
    lambda x, y: [float(np.square(a - b).mean()) for a, b in zip(x, y, strict=True)],
]


@pytest.mark.parametrize("mistake", WRONG_MSE)
def test_mse_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.mse_per_image(WRONG_MSE[mistake])


@pytest.mark.parametrize("function", RIGHT_MSE)
def test_right_mse_passes(function):
    checks.mse_per_image(function)


# ---------------------------------------------------------------- train


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


# ---------------------------------------------------------------- error_by_class


def by_class(f):
    return lambda errors, labels: np.array([f(errors[labels == c]) for c in range(10)])


def sorting(errors, labels):
    errors.sort()
    return by_class(np.mean)(errors, labels)


WRONG_BY_CLASS = {
    "summed over the class": by_class(np.sum),
    "number of all images": lambda e, y: by_class(np.sum)(e, y) / len(e),
    "same size": lambda e, y: by_class(np.sum)(e, y) / 10,
    "sorted by error": lambda e, y: np.sort(by_class(np.mean)(e, y)),
    "largest error": by_class(np.max),
    "median": by_class(np.median),
    "root": lambda e, y: np.sqrt(by_class(np.mean)(e, y)),
    "`!=`": lambda e, y: np.array([e[y != c].mean() for c in range(10)]),
    "numbered from 0": lambda e, y: np.roll(by_class(np.mean)(e, y), -1),
    "how many images": lambda e, y: np.bincount(y),
    "a dictionary": lambda e, y: {c: e[y == c].mean() for c in range(10)},
    "each class by itself": lambda e, y: e.mean(),
    "one value an image": lambda e, y: e,
    "range\\(10\\)": lambda e, y: np.array([e[y == c].mean() for c in range(9)]),
    "in-place": sorting,
    "returned None": lambda e, y: None,
    "order in which they occur": lambda e, y: by_class(np.mean)(e, y)[
        list(dict.fromkeys(y.tolist()))
    ],
    "mean over all images": lambda e, y: np.full(10, e.mean()),
    "cut in ten pieces": lambda e, y: e[:90].reshape(10, -1).mean(axis=1),
    "standard deviation": by_class(np.std),
    "first image of each": by_class(lambda group: group[0]),
    "last image of each": by_class(lambda group: group[-1]),
    "`<=`": lambda e, y: np.array([e[y <= c].mean() for c in range(10)]),
    "1,000 images": lambda e, y: by_class(np.sum)(e, y) / 1000,
    "means of nothing": lambda e, y: np.array([e[y == c].mean() for c in range(1, 11)]),
    "return the means only": lambda e, y: np.array(
        [[c, e[y == c].mean()] for c in range(10)]
    ),
    "rounded to 2 digits": lambda e, y: by_class(np.mean)(e, y).round(2),
}
RIGHT_BY_CLASS = [
    lambda e, y: np.eye(10)[y].T @ e / np.eye(10)[y].sum(axis=0),
    lambda e, y: np.stack([np.average(e, weights=y == c) for c in range(10)]),
    by_class(np.mean),
    lambda e, y: np.bincount(y, weights=e) / np.bincount(y),
    lambda e, y: [float(e[y == c].mean()) for c in range(10)],
    lambda e, y: tf.math.segment_mean(e[np.argsort(y)], np.sort(y)),
]


@pytest.mark.parametrize("mistake", WRONG_BY_CLASS)
def test_class_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.error_by_class(WRONG_BY_CLASS[mistake])


@pytest.mark.parametrize("function", RIGHT_BY_CLASS)
def test_right_class_errors_pass(function):
    checks.error_by_class(function)


# ---------------------------------------------------------------- dead_units


def made_binary(z):
    z[z > 0] = 1
    return z.shape[1] - z.max(axis=0).sum()


WRONG_DEAD = {
    "stay as they are": made_binary,
    "no share, no median": lambda z: ((z == 0).mean(axis=0) >= 0.99).sum(),
    "one image of all": lambda z: (z.mean(axis=0) < 1e-3).sum(),
    "the first image was left out": lambda z: (z[1:] == 0).all(axis=0).sum(),
    "the last was left out": lambda z: (z[:1000] == 0).all(axis=0).sum(),
    "only the first image": lambda z: (z[0] == 0).sum(),
    "only the last image": lambda z: (z[-1] == 0).sum(),
    "cast to whole numbers": lambda z: (z.astype(int) == 0).all(axis=0).sum(),
    "0.3 is not 0": lambda z: (z.round() == 0).all(axis=0).sum(),
    "0.000001 is not 0": lambda z: (z.round(4) == 0).all(axis=0).sum(),
    "a unit was left out": lambda z: (z[:, 1:] == 0).all(axis=0).sum(),
    "not equal for all": lambda z: (z.std(axis=0) == 0).sum(),
    "64 - alive": lambda z: 64 - (z > 0).any(axis=0).sum(),
    "a percentage": lambda z: 100 * (z == 0).all(axis=0).mean(),
    "zeros per image": lambda z: (z == 0).sum() / len(z),
    "count only": lambda z: np.where((z == 0).all(axis=0))[0],
    "a list of 1": lambda z: [(z == 0).all(axis=0).sum()],
    "a str": lambda z: str((z == 0).all(axis=0).sum()),
    "all, not any": lambda z: (z == 0).any(axis=0).sum(),
    "images with a code of zeros": lambda z: (z == 0).all(axis=1).sum(),
    "images with some 0": lambda z: (z == 0).any(axis=1).sum(),
    "alive were counted": lambda z: (z > 0).any(axis=0).sum(),
    "single zeros": lambda z: (z == 0).sum(),
    "no threshold": lambda z: (z.max(axis=0) < 0.01).sum(),
    "a share": lambda z: (z == 0).all(axis=0).mean(),
    "each of the 9 units": lambda z: (z == 0).all(axis=0),
    "axis=0": lambda z: np.where((z == 0).all(axis=1))[0],
    "returned None": lambda z: None,
    "units is written into the code": lambda z: sum(
        int(z[:, min(i, z.shape[1] - 1)].max() == 0) for i in range(9)
    ),
}
RIGHT_DEAD = [
    lambda z: int((z == 0).all(axis=0).sum()),
    lambda z: np.sum(z.max(axis=0) <= 0),
    lambda z: z.shape[1] - np.count_nonzero(z.any(axis=0)),
    lambda z: tf.reduce_sum(tf.cast(tf.reduce_max(z, axis=0) == 0, tf.int32)),
    lambda z: sum(1 for unit in z.T if not np.abs(unit).sum()),
]


@pytest.mark.parametrize("mistake", WRONG_DEAD)
def test_dead_unit_mistakes_are_named(mistake):
    with pytest.raises(CheckFailed, match=mistake):
        checks.dead_units(WRONG_DEAD[mistake])


@pytest.mark.parametrize("function", RIGHT_DEAD)
def test_right_counts_pass(function):
    checks.dead_units(function)


# ---------------------------------------------------------------- stubs


def stub(*args, **kwargs):
    raise NotImplementedError


@pytest.mark.parametrize(
    "call",
    [
        lambda: checks.halves(stub, stub),
        lambda: checks.halves(encoder, stub),
        lambda: checks.join(stub),
        lambda: checks.mse_per_image(stub),
        lambda: checks.train_model(stub),
        lambda: checks.error_by_class(stub),
        lambda: checks.dead_units(stub),
    ],
)
def test_an_unwritten_exercise_says_so(call):
    with pytest.raises(NotImplementedError, match="not written yet"):
        call()
