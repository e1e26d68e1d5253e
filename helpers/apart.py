"""Call a function in a new Python process: where two frameworks do not share one."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

ARRAY = "array of numpy"  # the key, in an answer's text, of an array's bytes
# The child: standard output is for the answer alone, whatever a library prints.
CHILD = """
import os, sys
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
import pickle
sys.path[:] = pickle.load(sys.stdin.buffer)
function, arguments = pickle.load(sys.stdin.buffer)
from helpers import apart
answers.write(apart.written(function(*arguments)))
answers.close()
"""


class ApartError(RuntimeError):
    """The other process ended without an answer; the message holds its last words."""


def call(function: Callable, *arguments: Any, backend: str = "tensorflow") -> Any:
    """Call a function in a new Python process, and wait for what it returns.

    TensorFlow and PyTorch may crash each other in one process, and a new process
    knows nothing of a notebook's variables: both are reasons to ask one.

    Parameters
    ----------
    function : callable
        It travels with the functions, classes and variables of the notebook that it
        uses, and should import what it needs of a framework by itself.
    *arguments
        Arrays, numbers, texts, and lists or dicts of them; no tensors.
    backend : {"tensorflow", "torch"}
        What Keras computes with there.

    Returns
    -------
    object
        What the function returns: of the same kinds as the arguments; tuples come
        back as lists, and the keys of dicts are texts.

    Raises
    ------
    ApartError
        If the function fails, or its process does.

    Notes
    -----
    Code and values travel by cloudpickle (https://github.com/cloudpipe/cloudpickle).
    The answer is text, which cannot run anything here, whoever has written it.
    """
    import cloudpickle

    sent = cloudpickle.dumps(sys.path) + cloudpickle.dumps((function, arguments))
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=sent,
        capture_output=True,
        env=environment | {"KERAS_BACKEND": backend},
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise ApartError(
            f"{getattr(function, '__name__', 'the function')} failed in its own "
            f"process, which ended with {done.returncode}. Its last words:\n"
            + textwrap.indent("\n".join(said.splitlines()[-8:]), "  ")
        )
    return json.loads(done.stdout, object_hook=_read)


def written(answer: Any) -> bytes:
    """Write an answer as JSON, with arrays in NumPy's own format."""
    return json.dumps(answer, default=_packed).encode()


def _packed(thing: Any) -> Any:
    """What stands in the text for an array, or for a number of NumPy's."""
    if not isinstance(thing, np.ndarray | np.generic):
        raise TypeError(
            f"{type(thing).__name__} cannot come back: arrays, numbers, texts, and "
            "lists or dicts of them can"
        )
    held = io.BytesIO()
    np.save(held, thing, allow_pickle=False)
    return {ARRAY: base64.b64encode(held.getvalue()).decode()}


def _read(part: dict[str, Any]) -> Any:
    """An array out of its text; any other dict as it is."""
    if part.keys() != {ARRAY}:
        return part
    held = io.BytesIO(base64.b64decode(part[ARRAY]))
    return np.load(held, allow_pickle=False)[()]
