"""Right and wrong encoders and decoders."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers.checks import lesson01 as checks
from tests.checks.trial import trial

CHECK = checks.halves
NAMES = ("build_encoder", "build_decoder")
Dense = layers.Dense


def encoder(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input(shape=(784,))
    h = Dense(width, activation=activation)(x)
    return keras.Model(x, Dense(latent_dim, activation=code)(h))


def decoder(latent_dim, width=128, activation="relu"):
    z = keras.Input(shape=(latent_dim,))
    h = Dense(width, activation=activation)(z)
    return keras.Model(z, Dense(784, activation="sigmoid")(h))


def encoder_of(parts):
    """Make an encoder of the layers that `parts` gives."""

    def build(latent_dim, width=128, activation="relu", code="relu"):
        chain = parts(latent_dim, width, activation, code)
        return keras.Sequential([keras.Input((784,)), *chain])

    return build


def decoder_of(parts):
    """Make a decoder of the layers that `parts` gives."""

    def build(latent_dim, width=128, activation="relu"):
        chain = parts(latent_dim, width, activation)
        return keras.Sequential([keras.Input((latent_dim,)), *chain])

    return build


def decoder_ending_in(last):
    return decoder_of(lambda d, w, a: [Dense(w, a), Dense(784, last)])


def no_return(latent_dim, width=128, activation="relu", code="relu"):
    encoder(latent_dim, width, activation, code)


def symbolic(latent_dim, width=128, activation="relu", code="relu"):
    return Dense(latent_dim)(Dense(width)(keras.Input((784,))))


def of_images(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((28, 28))
    h = Dense(width, activation=activation)(layers.Flatten()(x))
    return keras.Model(x, Dense(latent_dim, activation=code)(h))


def fixed_batch(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input(shape=(784,), batch_size=256)
    h = Dense(width, activation=activation)(x)
    return keras.Model(x, Dense(latent_dim, activation=code)(h))


OUTSIDE = Dense(128, activation="relu")


def made_outside(latent_dim, width=128, activation="relu", code="relu"):
    if width != 128 or activation != "relu":
        return encoder(latent_dim, width, activation, code)
    x = keras.Input((784,))
    return keras.Model(x, Dense(latent_dim, activation=code)(OUTSIDE(x)))


def made_outside_of_the_default(latent_dim, width=128, activation="relu"):
    return kept_decoder(latent_dim, width, activation)


kept_decoder = functools.cache(decoder)


def frozen_encoder(latent_dim, width=128, activation="relu", code="relu"):
    model = encoder(latent_dim, width, activation, code)
    model.trainable = False
    return model


def frozen_layer(latent_dim, width=128, activation="relu"):
    model = decoder(latent_dim, width, activation)
    model.layers[1].trainable = False
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


def two_heads(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((784,))
    h = Dense(width, activation=activation)(x)
    return keras.Model(x, [Dense(latent_dim, activation=code)(h), h])


def with_its_picture(latent_dim, width=128, activation="relu"):
    z = keras.Input((latent_dim,))
    h = Dense(width, activation=activation)(z)
    x_hat = Dense(784, activation="sigmoid")(h)
    return keras.Model(z, ops.clip(x_hat * 1.1, 0, 1))


def seeded(latent_dim, width=128, activation="relu", code="relu"):
    keras.utils.set_random_seed(0)
    return encoder(latent_dim, width, activation, code)


def whole(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((784,))
    h = Dense(width, activation=activation)(x)
    z = Dense(latent_dim, activation=code)(h)
    h = Dense(width, activation=activation)(z)
    return keras.Model(x, Dense(784, activation="sigmoid")(h))


def squashed(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((784,))
    h = Dense(width, activation=activation)(x)
    return keras.Model(x, Dense(latent_dim, activation=code)(h) / 10)


def skipping(latent_dim, width=128, activation="relu"):
    z = keras.Input((latent_dim,))
    h = Dense(width, activation=activation)(z)
    h = h + ops.mean(z, axis=1, keepdims=True)
    return keras.Model(z, Dense(784, activation="sigmoid")(h))


class Subclass(keras.Model):
    def __init__(self, latent_dim, width=128, activation="relu", code="relu"):
        super().__init__()
        self.hidden = Dense(width, activation=activation)
        self.code = Dense(latent_dim, activation=code)

    def call(self, x):
        return self.code(self.hidden(x))


def sequential(latent_dim, width=128, activation="relu", code="relu"):
    return keras.Sequential(
        [Dense(width, activation=activation), Dense(latent_dim, activation=code)]
    )


def added(latent_dim, width=128, activation="relu"):
    model = keras.Sequential(name="drawing")
    model.add(keras.Input((latent_dim,)))
    model.add(Dense(units=width, activation=activation))
    model.add(Dense(units=784, activation=keras.activations.sigmoid))
    return model


def explicit_sigmoid(latent_dim, width=128, activation="relu"):
    z = keras.Input((latent_dim,))
    h = Dense(width, activation=activation)(z)
    return keras.Model(z, ops.sigmoid(Dense(784)(h)))


def own_activations(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input((784,), dtype="float32", name="image")
    h = keras.activations.get(activation)(Dense(width)(x))
    return keras.Model(
        inputs=[x], outputs=keras.activations.get(code)(Dense(latent_dim)(h))
    )


def as_two_steps(latent_dim, width=128, activation="relu"):
    front = keras.Sequential([keras.Input((latent_dim,)), Dense(width, activation)])
    back = keras.Sequential([keras.Input((width,)), Dense(784, "sigmoid")])
    return keras.Model(front.inputs, back(front.outputs[0]))


def warned_of(latent_dim, width=128, activation="relu", code="relu"):
    return keras.Sequential(
        [
            Dense(width, activation=activation, input_shape=(784,)),
            Dense(latent_dim, activation=code),
        ]
    )


class Own(layers.Layer):
    """A dense layer with a matrix the other way round."""

    def __init__(self, units, activation):
        super().__init__()
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, shape):
        self.matrix = self.add_weight(
            shape=(self.units, shape[-1]), initializer="glorot_uniform"
        )
        self.shift = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x):
        return self.activation(ops.matmul(x, ops.transpose(self.matrix)) + self.shift)


def rounded(latent_dim, width=128, activation="relu"):
    z = keras.Input((latent_dim,))
    y = Dense(784, "sigmoid")(Dense(width, activation)(z))
    return keras.Model(z, ops.round(255 * y) / 255)


class OfAHundred(keras.Model):
    def __init__(self, latent_dim, width=128, activation="relu", code="relu"):
        super().__init__()
        self.h, self.z = Dense(width, activation), Dense(latent_dim, code)

    def call(self, x):
        return self.z(self.h(x[:100]))


def linear_code_by_default(latent_dim, width=128, activation="relu", code="linear"):
    return encoder(latent_dim, width, activation, code)


def tanh_by_default(latent_dim, width=128, activation="tanh"):
    return decoder(latent_dim, width, activation)


RIGHT = [
    (encoder, decoder),
    (sequential, added),
    (Subclass, explicit_sigmoid),
    (warned_of, decoder_ending_in(lambda t: (ops.tanh(t / 2) + 1) / 2)),
    (own_activations, as_two_steps),
    (
        encoder_of(
            lambda d, w, a, c: [
                Dense(w, kernel_initializer="he_normal"),
                layers.Activation(a),
                Dense(d),
                layers.Activation(c),
            ]
        ),
        decoder_of(
            lambda d, w, a: [
                Dense(w, a, use_bias=False),
                Dense(784, "sigmoid", use_bias=False),
            ]
        ),
    ),
    (
        encoder_of(
            lambda d, w, a, c: [
                layers.Flatten(),
                Dense(w, a, use_bias=False),
                Dense(d, c, bias_initializer="ones"),
            ]
        ),
        decoder_of(
            lambda d, w, a: [
                Dense(w, a, name="hidden"),
                Dense(784, name="pixels"),
                layers.Activation("sigmoid"),
            ]
        ),
    ),
    (
        encoder_of(lambda d, w, a, c: [Own(w, a), Own(d, c)]),
        decoder_of(lambda d, w, a: [Own(w, a), Own(784, "sigmoid")]),
    ),
    (
        encoder_of(
            lambda d, w, a, c: [
                layers.EinsumDense("bi,ij->bj", w, bias_axes="j", activation=a),
                Dense(d, c, kernel_initializer="random_normal"),
            ]
        ),
        decoder_of(
            lambda d, w, a: [
                Dense(w, a),
                Dense(784, keras.activations.sigmoid, bias_initializer="random_normal"),
            ]
        ),
    ),
]
WRONG = [
    (
        (linear_code_by_default, decoder),
        '`code` passed | default is "relu" (the first line',
    ),
    (
        (encoder, tanh_by_default),
        '`activation` passed | default is "relu" (the first line',
    ),
    (
        (
            encoder_of(lambda d, w, a, c: [Dense(w, "relu"), Dense(w, a), Dense(d, c)]),
            decoder,
        ),
        "a layer too many",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [
                    Dense(w, a),
                    layers.LayerNormalization(),
                    Dense(d, c),
                ]
            ),
            decoder,
        ),
        "LayerNormalization",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [Dense(w, "relu"), layers.Activation(a), Dense(d, c)]
            ),
            decoder,
        ),
        "an activation too many",
    ),
    (
        (
            encoder,
            decoder_of(
                lambda d, w, a: [layers.ReLU(), Dense(w, a), Dense(784, "sigmoid")]
            ),
        ),
        "what stands before",
    ),
    (
        (encoder, decoder_ending_in(lambda t: 0.98 * ops.sigmoid(t) + 0.01)),
        "off by up to",
    ),
    ((encoder, decoder_ending_in(lambda t: (ops.tanh(t) + 1) / 2)), "off by up to"),
    ((no_return, decoder), "build_encoder returned None | the return line"),
    ((symbolic, decoder), "symbolic tensor | the model itself"),
    ((of_images, decoder), "takes inputs of shape (28, 28)"),
    ((fixed_batch, decoder), "only takes batches of 256"),
    ((whole, decoder), "images again"),
    ((two_heads, decoder), "2 outputs"),
    ((hidden_unused, decoder), "missing, or not used"),
    ((hidden_returned, decoder), "hidden layer is what the model returns"),
    ((frozen_encoder, decoder), "trainable=False"),
    ((made_outside, decoder), "made outside"),
    ((functools.cache(encoder), decoder), ""),
    ((seeded, decoder), "a seed that is set inside"),
    ((squashed, decoder), "numbers are off by up to"),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(64, c)]), decoder),
        "latent_dim",
    ),
    ((encoder_of(lambda d, w, a, c: [Dense(128, a), Dense(d, c)]), decoder), "widths"),
    ((encoder_of(lambda d, w, a, c: [Dense(d, a), Dense(w, c)]), decoder), "exchanged"),
    (
        (
            encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(w, a), Dense(d, c)]),
            decoder,
        ),
        "3 layer(s) | a layer too many",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(2 * d, c)]), decoder),
        "latent_dim",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w), Dense(d, c)]), decoder),
        "no activation in the hidden layer | no more than one",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, "relu"), Dense(d, c)]), decoder),
        '"tanh" | relu in the hidden layer | written in',
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, "elu"), Dense(d, c)]), decoder),
        "elu in the hidden layer",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, "tanh"), Dense(d, c)]), decoder),
        "tanh in the hidden layer",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [Dense(w, "elu" if a == "relu" else a), Dense(d, c)]
            ),
            decoder,
        ),
        "elu in the hidden layer",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(d)]), decoder),
        "no activation in the last layer | `code`",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(d, "relu")]), decoder),
        'code="linear" | relu in the last layer | means none',
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(d, a)]), decoder),
        "is it `activation`, in place of",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, c), Dense(d, a)]), decoder),
        "`activation` and `code` are exchanged",
    ),
    (
        (encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(d, "softmax")]), decoder),
        "softmax in the last layer",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [Dense(w, a), Dense(d, c if c == "relu" else "tanh")]
            ),
            decoder,
        ),
        "tanh in the last layer",
    ),
    (
        (
            encoder_of(lambda d, w, a, c: [Dense(w, a), Dense(d, c), layers.ReLU()]),
            decoder,
        ),
        "relu in the last layer",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [layers.Rescaling(1 / 255), Dense(w, a), Dense(d, c)]
            ),
            decoder,
        ),
        "a division by 255",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [Dense(w, a), layers.Dropout(0.5), Dense(d, c)]
            ),
            decoder,
        ),
        "a Dropout, noise",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [
                    layers.GaussianNoise(0.1),
                    Dense(w, a),
                    Dense(d, c),
                ]
            ),
            decoder,
        ),
        "a Dropout, noise",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [
                    Dense(w, a),
                    layers.BatchNormalization(),
                    Dense(d, c),
                ]
            ),
            decoder,
        ),
        "BatchNormalization",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [
                    Dense(w, a),
                    layers.UnitNormalization(),
                    Dense(d, c),
                ]
            ),
            decoder,
        ),
        "what stands before, between or after",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [Dense(w, a), Dense(d, c, activity_regularizer="l1")]
            ),
            decoder,
        ),
        "a regularizer",
    ),
    (
        (
            encoder_of(
                lambda d, w, a, c: [
                    Dense(w, a, kernel_initializer="zeros"),
                    Dense(d, c, kernel_initializer="zeros"),
                ]
            ),
            decoder,
        ),
        "kernel_initializer",
    ),
    (
        (encoder, lambda latent_dim, width=128, activation="relu": None),
        "the return line",
    ),
    ((encoder, made_outside_of_the_default), "share their weights"),
    ((encoder, frozen_layer), "trainable=False"),
    ((encoder, with_its_picture), "numbers are off by up to"),
    ((encoder, skipping), "what stands before, between or after"),
    ((encoder, decoder_ending_in(None)), "sigmoid is missing"),
    ((encoder, decoder_ending_in("tanh")), "tanh gives -1 to 1"),
    ((encoder, decoder_ending_in("relu")), "ReLU has no upper end"),
    ((encoder, decoder_ending_in("softmax")), "Softmax is for classes"),
    ((encoder, decoder_ending_in("hard_sigmoid")), "ends in hard_sigmoid"),
    ((encoder, decoder_ending_in("softplus")), "ends in softplus"),
    (
        (encoder, decoder_ending_in(lambda t: ops.clip(t, 0, 1))),
        "a cut at 0 and 1 | one sigmoid",
    ),
    (
        (encoder, decoder_ending_in(lambda t: ops.sigmoid(ops.sigmoid(t)))),
        "a sigmoid twice",
    ),
    (
        (encoder, decoder_ending_in(lambda t: ops.sigmoid(ops.relu(t)))),
        "a sigmoid after a ReLU",
    ),
    (
        (encoder, decoder_ending_in(lambda t: 255 * ops.sigmoid(t))),
        "a multiplication by 255",
    ),
    (
        (
            encoder,
            decoder_of(
                lambda d, w, a: [
                    Dense(w, a),
                    Dense(784, "sigmoid"),
                    layers.Reshape((28, 28)),
                ]
            ),
        ),
        "28, 28)",
    ),
    (
        (encoder, decoder_of(lambda d, w, a: [Dense(64, a), Dense(784, "sigmoid")])),
        "the widths",
    ),
    (
        (encoder, decoder_of(lambda d, w, a: [Dense(w), Dense(784, "sigmoid")])),
        "no activation in the hidden layer",
    ),
    (
        (
            encoder,
            decoder_of(lambda d, w, a: [Dense(w, "relu"), Dense(784, "sigmoid")]),
        ),
        "is an activation written in",
    ),
    (
        (
            encoder,
            decoder_of(lambda d, w, a: [Dense(w, "sigmoid"), Dense(784, "sigmoid")]),
        ),
        "sigmoid in the hidden layer",
    ),
    (
        (
            encoder,
            lambda latent_dim, width=128, activation="relu": decoder(
                64, width, activation
            ),
        ),
        "takes inputs of shape (64,)",
    ),
    ((encoder, rounded), "values only | round()"),
    ((OfAHundred, decoder), "shape (100,"),
    (
        (
            encoder,
            decoder_of(
                lambda d, w, a: [
                    Dense(w, a, kernel_constraint="unit_norm"),
                    Dense(784, "sigmoid"),
                ]
            ),
        ),
        "kernel_constraint",
    ),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args, **kwargs):
    raise NotImplementedError


@pytest.mark.parametrize("build", [stub, encoder])
def test_an_unwritten_exercise_says_so(build):
    with pytest.raises(NotImplementedError, match="not written yet"):
        CHECK(build, stub)


def test_what_the_notebook_draws_next_does_not_change():
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    CHECK(encoder, decoder)
    assert np.random.random() == expected
