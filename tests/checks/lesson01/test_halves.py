"""The check of encoder and decoder names usual mistakes and passes right variants."""

import functools

import keras
import pytest
from keras import layers

from helpers.checks import lesson01 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson01.answers import Dense, decoder, encoder, stub


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


@pytest.mark.parametrize("build", [stub, encoder])
def test_an_unwritten_exercise_says_so(build):
    with pytest.raises(NotImplementedError, match="not written yet"):
        checks.halves(build, stub)
