"""Right and wrong answers of join."""

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from helpers.checks import lesson01 as checks
from tests.checks.trial import trial

CHECK = checks.join
NAMES = ("join",)
Dense = layers.Dense


def join(encoder, decoder):
    x = keras.Input((784,))
    return keras.Model(x, decoder(encoder(x)))


def joined_by(parts):
    """Make a join that puts what `parts` makes of the two in a row."""
    return lambda encoder, decoder: keras.Sequential(parts(encoder, decoder))


def new_halves(e, d):
    size = e.output.shape[-1]
    encoder = keras.Sequential([keras.Input((784,)), Dense(9, "relu"), Dense(size)])
    decoder = keras.Sequential([keras.Input((size,)), Dense(9, "relu"), Dense(784)])
    return join(encoder, decoder)


def clones(e, d):
    e2, d2 = keras.models.clone_model(e), keras.models.clone_model(d)
    e2.set_weights(e.get_weights())
    d2.set_weights(d.get_weights())
    return join(e2, d2)


def clone_of_the_decoder(e, d):
    copy = keras.models.clone_model(d)
    copy.set_weights(d.get_weights())
    return join(e, copy)


def output_tensor(e, d):
    return d(e(keras.Input((784,))))


def frozen(e, d):
    e.trainable = False
    return join(e, d)


def frozen_decoder(e, d):
    d.trainable = False
    return join(e, d)


def one_layer_more(e, d):
    x = keras.Input((784,))
    identity = Dense(784, kernel_initializer="identity")
    return keras.Model(x, identity(d(e(x))))


def two_outputs(e, d):
    x = keras.Input((784,))
    z = e(x)
    return keras.Model(x, [d(z), z])


def two_inputs(e, d):
    x = keras.Input((784,))
    return keras.Model([x, keras.Input((64,))], d(e(x)))


def with_the_input_added(e, d):
    x = keras.Input((784,))
    return keras.Model(x, layers.Add()([x, d(e(x))]))


def mixed_with_the_input(e, d):
    x = keras.Input((784,))
    return keras.Model(x, 0.9 * d(e(x)) + 0.1 * x)


def two_rounds(e, d):
    x = keras.Input((784,))
    return keras.Model(x, d(e(d(e(x)))))


def new_weights(e, d):
    for weight in e.weights:
        weight.assign(0 * weight)
    return join(e, d)


def of_images(e, d):
    x = keras.Input((28, 28))
    return keras.Model(x, d(e(layers.Flatten()(x))))


def as_images(e, d):
    x = keras.Input((784,))
    return keras.Model(x, layers.Reshape((28, 28))(d(e(x))))


def fixed_batch(e, d):
    x = keras.Input((784,), batch_size=250)
    return keras.Model(x, d(e(x)))


def seeded(e, d):
    keras.utils.set_random_seed(1)
    return join(e, d)


def half_precision(e, d):
    keras.config.set_floatx("float16")
    return join(e, d)


class Detached(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    def call(self, x):
        return self.d(tf.stop_gradient(self.e(x)))


class DetachedEnd(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    def call(self, x):
        return ops.stop_gradient(self.d(self.e(x)))


class Hidden(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    @property
    def trainable_weights(self):
        return self.d.trainable_weights

    def call(self, x):
        return self.d(self.e(x))


class Noisy(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    def call(self, x, training=False):
        z = self.e(x)
        return self.d(z + keras.random.normal(ops.shape(z)) if training else z)


class Penalised(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    def call(self, x):
        z = self.e(x)
        self.add_loss(1e-4 * ops.mean(ops.abs(z)))
        return self.d(z)


class Both(keras.Model):
    def __init__(self, e, d):
        super().__init__()
        self.e, self.d = e, d

    def call(self, x):
        return self.d(self.e(x))


class WithTraining(keras.Model):
    def __init__(self, encoder, decoder):
        super().__init__(name="autoencoder")
        self.encoder, self.decoder = encoder, decoder

    def call(self, x, training=None):
        z = self.encoder(x, training=training)
        return self.decoder(z, training=training)


def built(e, d):
    model = Both(e, d)
    model.build((None, 784))
    return model


def added_one_by_one(e, d):
    model = keras.Sequential(name="autoencoder")
    model.add(e)
    model.add(d)
    return model


def of_the_sizes(e, d):
    x = keras.Input(shape=e.input_shape[1:])
    z = e(x)
    return keras.Model(inputs=x, outputs=d(z), name="autoencoder")


def compiled(e, d):
    model = join(e, d)
    model.compile(optimizer="adam", loss="mse")
    return model


def into_the_encoder(e, d):
    """Where it can be done: a functional model has no add."""
    if isinstance(e, keras.Sequential):
        e.add(d)
        return e
    return join(e, d)


def after(change):
    """A class of its own, with something done to the pictures."""

    class Autoencoder(keras.Model):
        def __init__(self, e, d):
            super().__init__()
            self.e, self.d = e, d

        def call(self, x):
            return change(x, self.d(self.e(x)))

    return Autoencoder


def the_first_one():
    kept = []

    def function(e, d):
        kept[:] = kept or [join(e, d)]
        return kept[0]

    return function


def renamed(e, d):
    e.name, d.name = "encoder_part", "decoder_part"
    return keras.Sequential([keras.Input((784,)), e, d])


def renamed_layers(e, d):
    for number, layer in enumerate([*e.layers, *d.layers]):
        layer.name = f"layer_{number}"
    return keras.Sequential([keras.Input((784,)), *e.layers, *d.layers])


def trainable_again(e, d):
    e.trainable = d.trainable = True
    return join(e, d)


def decoder_trainable(e, d):
    d.trainable = True
    return join(e, d)


def frozen_for_a_while(e, d):
    e.trainable = False
    model = join(e, d)
    e.trainable = True
    return model


def frozen_and_put_back(e, d):
    was = e.trainable
    e.trainable = False
    model = join(e, d)
    e.trainable = was
    return model


def named(e, d):
    model = keras.Sequential([keras.Input((784,)), e, d], name="autoencoder")
    model.name = f"{e.name}_{d.name}"
    return model


def encoder_compiled(e, d):
    e.compile(optimizer="adam", loss="mse")
    return join(e, d)


def both_compiled(e, d):
    for half in (e, d):
        half.compile()
    return join(e, d)


RIGHT = [
    join,
    named,
    frozen_and_put_back,
    built,
    Both,
    WithTraining,
    added_one_by_one,
    of_the_sizes,
    compiled,
    lambda e, d: keras.Model(e.input, d(e.output)),
    lambda e, d: keras.Model(inputs=[e.input], outputs=[d(e(e.input))]),
    lambda e, d: keras.Sequential([keras.Input((784,)), e, d]),
    lambda e, d: keras.Sequential([e, d]),
    lambda e, d: keras.Model(e.inputs[0], d(e.outputs[0])),
    lambda e, d: keras.Sequential([keras.Input((784,)), *e.layers, *d.layers]),
]
WRONG = [
    (renamed, "called encoder_part, | called encoder, | `encoder.name = ...`"),
    (renamed_layers, "its layers are called encoder, layer_0"),
    (trainable_again, "4 of its weight arrays can | 0 of its weight arrays can be"),
    (decoder_trainable, "4 of its weight arrays can be trained"),
    (frozen_for_a_while, "which holds for all layers inside"),
    (encoder_compiled, "compiled, with Adam | not compiled, as before"),
    (both_compiled, "compiled, with RMSprop | `encoder.compile(...)`"),
    (lambda e, d: None, "returned None"),
    (lambda e, d: (e, d), "a tuple of 2"),
    (output_tensor, "a symbolic tensor"),
    (lambda e, d: e, "that is the code"),
    (lambda e, d: d, "a code | the order"),
    (lambda e, d: keras.Model(e.input, d.output), "as in decoder(encoder(x))"),
    (lambda e, d: keras.Model(d.input, e(d.output)), "encoder first, then"),
    (lambda e, d: keras.Model(e.input, e(d(e.input))), "the order: it is"),
    (joined_by(lambda e, d: [d, e]), ""),
    (joined_by(lambda e, d: [e, layers.Dropout(0.2), d]), "Dropout, noise"),
    (joined_by(lambda e, d: [e, layers.Dense(64), d]), "of another size"),
    (joined_by(lambda e, d: [e, layers.ReLU(), d]), "an activation that was added"),
    (joined_by(lambda e, d: [e, layers.Activation("tanh"), d]), "activation that was"),
    (
        joined_by(lambda e, d: [e, d, layers.Activation("sigmoid")]),
        "activation that was",
    ),
    (joined_by(lambda e, d: [layers.Rescaling(1 / 255), e, d]), "added before"),
    (joined_by(lambda e, d: [e, layers.BatchNormalization(), d]), "a layer"),
    (joined_by(lambda e, d: [e, d, layers.GaussianNoise(0.1)]), "Dropout, noise"),
    (with_the_input_added, "an addition of x"),
    (mixed_with_the_input, "an addition of x"),
    (two_rounds, "a second round"),
    (two_outputs, "2 outputs"),
    (two_inputs, "2 inputs"),
    (into_the_encoder, "has other layers after join() | `encoder.add(...)`"),
    (lambda e, d: e.add(d) or e, "has other layers after join()"),
    (new_weights, "assign inside join"),
    (new_halves, "weights of their own"),
    (clones, "a copy"),
    (clone_of_the_decoder, "a copy"),
    (frozen, "0 of its weight arrays can be trained | `encoder.trainable = ...`"),
    (frozen_decoder, "0 of its weight arrays can be trained"),
    (Hidden, "something is frozen"),
    (one_layer_more, "a layer that was added"),
    (of_images, "takes inputs of shape (28, 28)"),
    (as_images, "28, 28)"),
    (fixed_batch, "only takes batches of 250"),
    (seeded, "a seed that is set inside"),
    (half_precision, "set_floatx"),
    (Detached, "reaches the encoder | stop_gradient"),
    (DetachedEnd, "stop_gradient"),
    (Noisy, "Dropout, noise"),
    (Penalised, "add_loss"),
    (after(lambda x, y: y[:256]), "(256, 784)"),
    (after(lambda x, y: x if x.shape[0] == 1 else y), "and that is all"),
    (after(lambda x, y: ops.clip(y, 0.05, 0.95)), "a limit"),
    (the_first_one(), "two other models | an earlier call"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def stub(*args, **kwargs):
    raise NotImplementedError


def test_an_unwritten_exercise_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        CHECK(stub)
