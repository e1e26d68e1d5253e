"""Start TensorFlow without its messages in the notebook."""

import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def quiet_start() -> Generator[None]:
    """Keep out of the notebook what TensorFlow's C++ side prints while it loads.

    Some of it ("Could not find cuda drivers ...") goes to the process's error
    stream before TensorFlow reads its own log level, so the stream itself is turned
    away for the time of the import. Python's errors and warnings are not touched.

    >>> with quiet_start():
    ...     import keras
    """
    # 3: only what ends the process. Errors reach the reader as Python exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if os.environ["KERAS_BACKEND"] == "torch":
        # Keras would look for TensorFlow when it saves a model, and the two crash each
        # other in one process. None stands for "not installed".
        sys.modules.setdefault("tensorflow", None)  # ty: ignore[no-matching-overload]
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
        # Where a notebook makes many small models, it warns of each new graph.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
