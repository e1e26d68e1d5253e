"""A training that was stopped goes on as if it never had."""

import signal
import subprocess
import sys

import numpy as np
import torch

from tests.helpers.training.small_models import (
    assert_same_weights,
    noisy_fit,
    squared,
)


def test_a_run_that_was_stopped_ends_like_one_that_was_not(tmp_path, capsys):
    whole, expected = noisy_fit()
    path = tmp_path / "new" / "run.ckpt"
    stopped, first = noisy_fit(path, stop_at=3)
    assert not stopped.training, "ready for use"
    assert len(first.train) == 2
    assert path.exists()
    resumed, history = noisy_fit(path)
    assert "Resumed after epoch 2" in capsys.readouterr().out
    assert_same_weights(whole, resumed)
    assert np.array_equal(history.train, expected.train)
    assert np.array_equal(history.validation, expected.validation)
    assert history.best_epoch == expected.best_epoch
    assert len(history.elapsed) == 6
    assert np.all(np.diff(history.elapsed) > 0)
    assert history.seconds == history.elapsed[-1]


def test_a_checkpoint_does_not_change_the_result_and_goes_when_all_is_done(
    tmp_path, capsys
):
    without, _ = noisy_fit()
    with_one, _ = noisy_fit(tmp_path / "run.ckpt")
    assert_same_weights(without, with_one)
    assert list(tmp_path.iterdir()) == []


def test_where_someone_watches_a_finished_training_is_found_again(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("helpers.training.loop.is_watched", lambda: True)
    path = tmp_path / "run.ckpt"
    trained, expected = noisy_fit(path)

    def never(model, x):
        assert not model.training, "trained again"
        return squared(model, x)

    found, history = noisy_fit(path, loss=never)
    assert "Already trained" in capsys.readouterr().out
    assert_same_weights(trained, found)
    assert np.array_equal(history.validation, expected.validation)
    assert history.best_epoch == expected.best_epoch

    noisy_fit(path, learning_rate=0.1)
    assert "holds another training, finished" in capsys.readouterr().out
    noisy_fit(path, learning_rate=0.1)
    assert "Already trained" in capsys.readouterr().out, "the new one took its place"


def test_a_killed_kernel_resumes_too(tmp_path, capsys):
    """The real thing: another process, killed without warning in its third epoch."""
    path = tmp_path / "run.ckpt"
    code = f"""
import os, signal
from tests.helpers.training.small_models import noisy_fit, squared
steps = iter(range(1000))
def deadly(model, x):
    if next(steps) == 25:
        os.kill(os.getpid(), signal.SIGKILL)
    return squared(model, x)
noisy_fit({str(path)!r}, loss=deadly)
"""
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    resumed, history = noisy_fit(path)
    assert "Resumed" in capsys.readouterr().out
    assert len(history.train) == 6
    assert_same_weights(noisy_fit()[0], resumed)


def test_a_full_disk_does_not_end_the_training(tmp_path, monkeypatch, capsys):
    def full(state, file):
        raise OSError("No space left on device")

    monkeypatch.setattr(torch, "save", full)
    _, history = noisy_fit(tmp_path / "run.ckpt")
    assert len(history.train) == 6
    assert capsys.readouterr().out.count("No space left") == 1
