"""What is no checkpoint of this training is refused, unread and untouched."""

import pytest
import torch

from helpers.training import CheckpointError
from tests.helpers.training.small_models import (
    Noisy,
    noisy_fit,
    squared,
)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"epochs": 7}, "epochs was 6, is now 7"),
        ({"learning_rate": 0.1}, "learning_rate was 0.001, is now 0.1"),
        ({"schedule": "constant"}, "schedule was cosine, is now constant"),
        ({"precision": "bfloat16"}, "precision was float32"),
        ({"batch_size": 32}, "batch_size was 16, is now 32"),
        ({"seed": 1}, "weights before training"),
        ({"model": Noisy(width=9)}, "the model was different"),
        ({"loss": lambda m, x: 2 * squared(m, x)}, "loss before training was"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_kept(
    change, named, tmp_path, capsys
):
    path = tmp_path / "run.ckpt"
    noisy_fit(path, stop_at=3)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=named) as refusal:
        noisy_fit(path, **change)
    assert "Delete it" in str(refusal.value)
    assert path.read_bytes() == before


class Bomb:
    """Pickled, this would run code when it is loaded."""

    def __reduce__(self):
        return print, ("the code in the checkpoint was executed",)


@pytest.mark.parametrize("content", ["bomb", "cut", "empty", "text", "other"])
def test_what_is_no_checkpoint_is_refused_without_running_it(content, tmp_path, capsys):
    path = tmp_path / "run.ckpt"
    noisy_fit(path, stop_at=3)
    if content == "bomb":
        torch.save({"format": Bomb()}, path)
    elif content == "other":
        torch.save(Noisy().state_dict(), path)
    else:
        whole = path.read_bytes()
        wrong = {"cut": whole[: len(whole) // 2], "empty": b"", "text": b"notes"}
        path.write_bytes(wrong[content])
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="Delete it"):
        noisy_fit(path)
    assert "was executed" not in capsys.readouterr().out
    assert path.read_bytes() == before


def test_an_interrupted_write_leaves_the_checkpoint_before(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "run.ckpt"
    noisy_fit(path, stop_at=3)
    before = path.read_bytes()
    save = torch.save

    def half(state, file):
        save(state, file)
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    noisy_fit(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
