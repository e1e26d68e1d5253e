"""Right answers that several exercises are tested with."""

import keras
from keras import layers

Dense = layers.Dense


def encoder(latent_dim, width=128, activation="relu", code="relu"):
    x = keras.Input(shape=(784,))
    h = Dense(width, activation=activation)(x)
    return keras.Model(x, Dense(latent_dim, activation=code)(h))


def decoder(latent_dim, width=128, activation="relu"):
    z = keras.Input(shape=(latent_dim,))
    h = Dense(width, activation=activation)(z)
    return keras.Model(z, Dense(784, activation="sigmoid")(h))


def join(encoder, decoder):
    x = keras.Input((784,))
    return keras.Model(x, decoder(encoder(x)))


def stub(*args, **kwargs):
    raise NotImplementedError
