"""Call a function in a new Python process: where two frameworks do not share one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

# The child: standard output is for the answer alone, whatever a library prints.
CHILD = """
import os, sys
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
import pickle
sys.path[:] = pickle.load(sys.stdin.buffer)
function, arguments = pickle.load(sys.stdin.buffer)
answers.write(pickle.dumps(function(*arguments)))
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
        What the function returns: of the same kinds as the arguments.

    Raises
    ------
    ApartError
        If the function fails, or its process does.

    Notes
    -----
    Code and values travel by cloudpickle (https://github.com/cloudpipe/cloudpickle).
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
    return cloudpickle.loads(done.stdout)
