"""The lesson with PyTorch below Keras: right answers pass, and the numbers agree.

With TensorFlow below, the other tests here and the notebook itself show the same.
"""

import ast
import importlib
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from course import pack_root
from helpers import apart

LESSON = pack_root() / "solutions" / "07_one_vae_two_frameworks.ipynb"


def failures_of_right_answers():
    found = []
    for name in ("sampling", "loss_terms", "vae_model"):
        module = importlib.import_module(f"tests.checks.lesson07.test_{name}")
        for number, answer in enumerate(module.RIGHT):
            try:
                module.CHECK(answer, draws=[0])
            except AssertionError as failure:
                found.append(f"{name} {number}: {failure}")
    return found


def agreement(sources):
    """Run the lesson's own definitions, then its comparison with its asserts."""
    import keras
    from keras import layers, ops

    shown = []
    names = {
        "keras": keras,
        "layers": layers,
        "ops": ops,
        "np": np,
        "apart": apart,
        "latent_dim": 20,
        "seed": 0,
        "batch_size": 250,
        "backend": "torch",
        "plots": SimpleNamespace(curves=lambda *_, **__: shown.append("curves")),
        "x_train": np.random.default_rng(0).random((1280, 784)).astype("float32"),
        "x_validation": None,
    }
    defines = ast.FunctionDef | ast.ClassDef
    for source in sources:
        if all(isinstance(part, defines) for part in ast.parse(source).body):
            exec(source, names)
    begin = next(i for i, text in enumerate(sources) if text.startswith("rng = "))
    end = max(i for i, text in enumerate(sources) if "assert " in text)
    for source in sources[begin : end + 1]:
        if not source.startswith("checks."):
            exec(source, names)
    return shown, names["gaps"]["Keras and PyTorch"]


def all_of_it(sources):
    return {"failures": failures_of_right_answers(), "agreement": agreement(sources)}


@pytest.fixture(scope="module")
def there():
    """What a process with PyTorch below Keras finds; its start takes the longest."""
    cells = nbformat.read(LESSON, 4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    return apart.call(all_of_it, sources, backend="torch")


def test_right_answers_pass(there):
    assert there["failures"] == []


def test_three_ways_agree_there_too(there):
    shown, gap = there["agreement"]
    assert shown == ["curves"]
    # The two forms of Adam do not agree: that is what the comparison can see.
    assert gap[0] > 1e-4
