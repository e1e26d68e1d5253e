"""Batches for small trainings of Keras models."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock


@contextlib.contextmanager
def batches_by_numpy() -> Iterator[None]:
    """Let Keras on TensorFlow cut batches with NumPy, as on its other backends.

    The batches are the same, and their sizes are known even in a graph. A tf.data
    pipeline takes longer to set up than a small eager training itself.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    try:
        from keras.src.backend.tensorflow import trainer

        theirs, plain = trainer.TFEpochIterator, trainer.EpochIterator
        _ = theirs._get_iterator, plain._get_iterator
    except (ImportError, AttributeError):  # a Keras that is arranged in another way
        yield
        return

    def as_tensors(batch: Any) -> Any:
        return keras.tree.map_structure(
            lambda x: None if x is None else keras.ops.convert_to_tensor(x), batch
        )

    class Batches(theirs):
        def __init__(self, *args, distribute_strategy=None, **options):
            plain.__init__(self, *args, **options)

        def _get_iterator(self):
            return map(as_tensors, self.data_adapter.get_numpy_iterator())

    with mock.patch.object(trainer, "TFEpochIterator", Batches):
        yield
