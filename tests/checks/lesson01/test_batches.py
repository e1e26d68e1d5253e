"""Small trainings have the batches that Keras would cut, only sooner."""

import keras
import numpy as np
import pytest
from keras.src.backend.tensorflow import trainer

from helpers.checks.batches import batches_by_numpy


@pytest.fixture
def trained():
    """Sizes of batches, and the loss, of two epochs with a smaller last batch."""

    def fit():
        sizes = []

        class Model(keras.Model):
            def train_step(self, data):
                sizes.append(int(data[0].shape[0]))
                return super().train_step(data)

        keras.utils.set_random_seed(3)
        inputs = keras.Input((4,))
        model = Model(inputs, keras.layers.Dense(4)(inputs))
        model.compile(loss="mse", run_eagerly=True)
        x = np.random.default_rng(0).random((37, 4), np.float32)
        history = model.fit(x, x, 10, 2, verbose=0, shuffle=False)
        return sizes, history.history["loss"]

    return fit


def test_the_batches_are_those_of_keras(trained):
    usual, theirs = trained(), trainer.TFEpochIterator
    with batches_by_numpy():
        assert trainer.TFEpochIterator is not theirs
        sizes, losses = trained()
    assert trainer.TFEpochIterator is theirs
    assert sizes == usual[0] == [10, 10, 10, 7] * 2
    assert losses == pytest.approx(usual[1], rel=1e-5)


def test_a_keras_that_is_arranged_in_another_way_cuts_its_own(trained, monkeypatch):
    theirs = trainer.TFEpochIterator
    monkeypatch.setattr(trainer, "EpochIterator", object)
    with batches_by_numpy():
        assert trainer.TFEpochIterator is theirs
        assert trained()[0] == [10, 10, 10, 7] * 2
