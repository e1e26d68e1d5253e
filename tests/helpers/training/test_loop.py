"""The training loop: best weights, schedules, and going on after a stop."""

import math
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from helpers import data, training
from helpers.data import Split
from helpers.training.checkpoint import CheckpointError


class Line(nn.Module):
    """A model whose loss on x is known: mean (w - x)^2."""

    def __init__(self, w=3.0):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, x):
        return self.w.expand_as(x)


def squared(model, x):
    return (model(x) - x).square().mean()


def batches(values, size=4):
    x = torch.tensor(values).reshape(-1, 1)
    pairs = torch.utils.data.TensorDataset(x, torch.zeros(len(x)))
    return torch.utils.data.DataLoader(pairs, batch_size=size)


def test_mean_loss_weighs_images_not_batches():
    loader = batches([0.0, 0.0, 0.0, 0.0, 10.0])
    assert training.mean_loss(Line(0.0), squared, loader) == pytest.approx(20.0)


def test_fit_lowers_the_loss_and_keeps_a_history(capsys):
    model, loader = Line(), batches([1.0] * 10)
    history = training.fit(model, squared, loader, loader, 30, learning_rate=0.1)
    assert len(history.train) == len(history.validation) == 30
    assert history.validation[-1] < 0.05 < history.train[0]
    assert training.mean_loss(model, squared, loader) == history.validation.min()


def test_fit_keeps_the_best_epoch_by_value_when_the_last_is_worse(capsys):
    """Training pulls w to 0, validation wants 2: the best epoch is in between."""
    model = Line(3.0)
    history = training.fit(
        model, squared, batches([0.0] * 8), batches([2.0]), 40, learning_rate=0.1
    )
    assert 1 < history.best_epoch < 40
    assert history.validation[-1] > history.validation.min()
    kept = training.mean_loss(model, squared, batches([2.0]))
    assert kept == pytest.approx(history.validation.min())


def test_a_schedule_shapes_the_steps(capsys):
    def moves(schedule, warmup=0.0):
        """Step sizes of 50 batches, relative to the largest."""
        positions = []

        def loss(model, x):
            positions.append(model.w.item())
            return squared(model, x)

        loader = batches([100.0] * 40)
        training.fit(Line(), loss, loader, batches([100.0]), 5, 0.1, schedule, warmup)
        steps = np.abs(np.diff(positions))
        return steps / steps.max()

    assert moves("constant")[-3:].max() > 0.5
    assert moves("cosine")[-3:].max() < 0.05
    assert moves("cosine")[0] > 0.9
    slow = moves("cosine", warmup=0.2)
    assert slow[0] < 0.2
    assert slow[12] > 0.9
    with pytest.raises(ValueError, match="warmup"):
        moves("cosine", warmup=1.0)
    with pytest.raises(ValueError, match="cosine"):
        training.fit(
            Line(), squared, batches([1.0]), batches([1.0]), 1, schedule="step"
        )


def test_a_loss_without_a_value_from_the_start_is_put_down_to_the_loss(capsys):
    loader = batches([1.0] * 4)
    with pytest.raises(FloatingPointError, match=r"epoch 1, batch 1 of 1.*logarithm"):
        training.fit(Line(), lambda m, x: m(x).mean() * math.nan, loader, loader, 3)


def test_a_loss_that_blows_up_stops_and_names_the_batch_and_the_rate(capsys):
    """Adam moves w by about 1 a step, and log(4.5 - w) ends at 4.5."""
    loader = batches([1.0] * 40)
    with pytest.raises(
        FloatingPointError, match=r"epoch 1, batch [4-7] of 10.*now 1\)"
    ):
        training.fit(
            Line(0.0),
            lambda model, x: torch.log(4.5 - model(x)).mean(),
            loader,
            loader,
            3,
            learning_rate=1.0,
        )


def test_broken_images_are_named_as_the_cause(capsys):
    train = batches([1.0] * 4 + [math.nan])
    with pytest.raises(FloatingPointError, match=r"batch 2 of 2.*images of this batch"):
        training.fit(Line(), squared, train, batches([1.0]), 3)


@pytest.mark.parametrize(
    ("call", "place"), [(6, "epoch 4, batch 1"), (7, "validation")]
)
def test_after_a_blow_up_the_model_has_the_best_weights_so_far(call, place, capsys):
    """Training and validation take turns: call 6 is training in epoch 4, 7 is not."""
    calls = iter(range(1000))

    def loss(model, x):
        return squared(model, x) * (math.nan if next(calls) == call else 1.0)

    model, loader = Line(), batches([1.0] * 4)
    with pytest.raises(FloatingPointError, match=place):
        training.fit(model, loss, loader, loader, 10, learning_rate=0.1)
    assert model.w.item() == pytest.approx(2.7, abs=0.01)  # three steps of 0.1


def test_interrupting_keeps_what_was_reached(capsys):
    calls = iter(range(1000))

    def loss(model, x):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return squared(model, x)

    model, loader = Line(), batches([1.0] * 4)
    history = training.fit(model, loss, loader, loader, 10, learning_rate=0.1)
    assert len(history.validation) == 3
    assert "after 3 of 10" in capsys.readouterr().out
    assert training.mean_loss(model, squared, loader) == history.validation.min()


def test_seeding_makes_draws_repeat():
    training.seed_everything(5)
    first = torch.randn(3), np.random.rand(3)
    training.seed_everything(5)
    second = torch.randn(3), np.random.rand(3)
    assert torch.equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert training.pick_device().type in ("cuda", "mps", "cpu")


class Noisy(nn.Module):
    """Noise and batch norm: all that a resumed run must restore."""

    def __init__(self, width=8):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(784, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, 784),
        )

    def forward(self, x):
        return self.net(x + 0.1 * torch.randn_like(x))


def noisy_fit(checkpoint=None, epochs=6, stop_at=None, loss=squared, **settings):
    """Train :class:`Noisy` from seed 0; stop by hand in epoch `stop_at` if given."""
    rng = np.random.default_rng(0)
    split = Split(rng.random((100, 28, 28), np.float32), rng.integers(0, 10, 100))
    training.seed_everything(settings.pop("seed", 0))
    model = settings.pop("model", None) or Noisy()
    train = data.loader(split, settings.pop("batch_size", 16), shuffle=True, seed=3)
    validation = data.loader(split, 50)
    counted = iter(range(100_000))

    def maybe_stop(net, x):
        if net.training and next(counted) == (stop_at or 0) * len(train) - 2 > 0:
            raise KeyboardInterrupt
        return loss(net, x)

    settings = {"schedule": "cosine"} | settings
    history = training.fit(
        model, maybe_stop, train, validation, epochs, checkpoint=checkpoint, **settings
    )
    return model, history


def assert_same_weights(one, other):
    for (name, a), b in zip(
        one.state_dict().items(), other.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b), name


def test_a_run_that_was_stopped_ends_like_one_that_was_not(tmp_path, capsys):
    whole, expected = noisy_fit()
    path = tmp_path / "new" / "run.ckpt"
    _, first = noisy_fit(path, stop_at=3)
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
from tests.helpers.training.test_loop import noisy_fit, squared
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


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"epochs": 7}, "epochs was 6, is now 7"),
        ({"learning_rate": 0.1}, "learning_rate was 0.001, is now 0.1"),
        ({"schedule": "constant"}, "schedule was cosine, is now constant"),
        ({"precision": "bfloat16"}, "precision was float32"),
        ({"batch_size": 32}, "batch_size was 16, is now 32"),
        ({"seed": 1}, "weights before training"),
        ({"model": Noisy(width=9)}, "the model was another"),
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


def test_a_full_disk_does_not_end_the_training(tmp_path, monkeypatch, capsys):
    def full(state, file):
        raise OSError("No space left on device")

    monkeypatch.setattr(torch, "save", full)
    _, history = noisy_fit(tmp_path / "run.ckpt")
    assert len(history.train) == 6
    assert capsys.readouterr().out.count("No space left") == 1


def test_bfloat16_trains_about_as_well_and_keeps_float32_weights(capsys):
    _, full = noisy_fit(learning_rate=0.01)
    mixed, half = noisy_fit(learning_rate=0.01, precision="bfloat16")
    assert half.validation[-1] == pytest.approx(full.validation[-1], rel=0.02)
    assert not np.array_equal(half.train, full.train)
    assert {p.dtype for p in mixed.parameters()} == {torch.float32}
    with pytest.raises(ValueError, match="float16"):
        noisy_fit(precision="float16")


def test_the_fast_precision_follows_the_device(monkeypatch):
    cpu = torch.device("cpu")
    for able, expected in [
        ({}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
    ]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert training.best_precision(cpu) == expected
    assert training.best_precision(torch.device("mps")) == "float32"
