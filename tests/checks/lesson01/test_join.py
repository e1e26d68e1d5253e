"""The check of join names each usual mistake and passes each right variant."""

import keras
import pytest
import tensorflow as tf
from keras import layers

from helpers.checks import lesson01 as checks
from helpers.checks.base import CheckFailed
from tests.checks.lesson01.answers import Dense, decoder, encoder, join, stub


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


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        checks.join(stub)
