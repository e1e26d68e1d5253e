"""The training loop: best weights, schedules, and what it says when it blows up."""

import math

import numpy as np
import pytest
import torch

from helpers import training
from tests.helpers.training.small_models import Line, batches, noisy_fit, squared


def test_mean_loss_weighs_images_not_batches():
    loader = batches([0.0, 0.0, 0.0, 0.0, 10.0])
    assert training.mean_loss(Line(0.0), squared, loader) == pytest.approx(20.0)


def test_the_training_loss_weighs_images_too(capsys):
    loader = batches([0.0, 0.0, 0.0, 0.0, 10.0])
    history = training.fit(Line(0.0), squared, loader, loader, 1, learning_rate=1e-9)
    assert history.train == pytest.approx([20.0])


def test_the_first_steps_rise_to_the_largest(capsys):
    """Adam moves by its step size as long as the slope stays the same."""
    positions = []

    def loss(model, x):
        positions.append(model.w.item())
        return 1_000 * model.w + 0 * x.mean()

    loader = batches([1.0] * 40)
    training.fit(Line(0.0), loss, loader, loader, 1, learning_rate=1.0, warmup=0.4)
    steps = -np.diff(positions[:10])
    assert steps[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8], rel=1e-3)
    assert steps[4:] == pytest.approx(np.ones(5), rel=1e-3)


@pytest.mark.parametrize("warmup", [-0.1, 1.0])
def test_a_warmup_is_a_fraction(warmup, capsys):
    loader = batches([1.0])
    with pytest.raises(ValueError, match="from 0 to below 1"):
        training.fit(Line(), squared, loader, loader, 1, warmup=warmup)


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


def test_bfloat16_trains_about_as_well_and_keeps_float32_weights(capsys):
    _, full = noisy_fit(learning_rate=0.01)
    mixed, half = noisy_fit(learning_rate=0.01, precision="bfloat16")
    assert half.validation[-1] == pytest.approx(full.validation[-1], rel=0.02)
    assert not np.array_equal(half.train, full.train)
    assert {p.dtype for p in mixed.parameters()} == {torch.float32}
    with pytest.raises(ValueError, match="float16"):
        noisy_fit(precision="float16")


def test_a_history_knows_how_long_it_took():
    none, some = np.empty(0), np.array([1.5, 4.0])
    assert training.History(none, none, none, 0).seconds == 0
    assert training.History(some, some, some, 2).seconds == 4
