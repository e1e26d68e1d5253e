"""The lesson with PyTorch below Keras: right answers pass there, too.

That the numbers agree, the notebook itself shows: tests/test_notebooks.py runs it so.
"""

import importlib

from helpers import apart


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


def test_right_answers_pass():
    assert apart.call(failures_of_right_answers, backend="torch") == []
