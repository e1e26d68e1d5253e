"""Errors are what they say, and figures are recorded with band and facts."""

import math

import numpy as np
import pytest
import torch

from helpers import data, metrics


def test_mse_is_per_pixel_and_refuses_to_broadcast():
    x = np.zeros((3, 784), np.float32)
    assert metrics.mse(x, x + 0.5) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="same shape"):
        metrics.mse(x, np.zeros(784, np.float32))


def test_pca_mse_is_zero_for_data_in_a_plane_and_falls_with_components():
    random = np.random.default_rng(0)
    flat = random.normal(size=(200, 2)) @ random.normal(size=(2, 30))
    assert metrics.pca_mse(flat, flat, 2) == pytest.approx(0, abs=1e-8)
    noise = random.normal(size=(200, 30))
    errors = [metrics.pca_mse(noise[:150], noise[150:], k) for k in (1, 5, 25)]
    assert errors[0] > errors[1] > errors[2]
    with pytest.raises(ValueError, match="train_images"):
        metrics.pca_mse(noise[:9], noise, 10)
    assert metrics.pca_mse(noise[:10], noise, 10) > 0
    assert metrics.pca_mse(noise, noise, 30) == pytest.approx(0, abs=1e-8)
    with pytest.raises(ValueError, match=r"images of 30 pixels.*Lower components"):
        metrics.pca_mse(noise, noise, 31)


def test_a_figure_is_recorded_with_its_band_and_facts(slow_mode, shown):
    metrics.record(
        "loss", np.float32(99.5), (98, 101), "nats", device=torch.device("cpu")
    )
    metrics.record("loss", 102.0, (98, 101), "nats")
    metrics.record("loss", math.nan, (98, 101))
    good, bad, nan = [message["data"] for message in shown]
    figure = good[metrics.METRIC_MIME]
    assert figure["value"] == pytest.approx(99.5)
    assert figure["expected"] == [98, 101]
    assert figure["facts"] == {"device": "cpu"}
    assert figure["enforced"]
    assert figure["data"] == "real"
    assert "yes" in good["text/plain"]
    assert "NOT inside" in bad["text/plain"]
    assert "NOT inside" in nan["text/plain"]
    assert nan[metrics.METRIC_MIME]["value"] is None


def test_bands_are_not_enforced_in_fast_mode_or_on_synthetic_data(
    slow_mode, shown, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setenv("COURSE_FAST", "1")
        metrics.record("loss", 500.0, (98, 101))
    monkeypatch.setattr(data, "is_synthetic", lambda: True)
    metrics.record("loss", 500.0, (98, 101))
    fast, synthetic = [message["data"] for message in shown]
    assert not fast[metrics.METRIC_MIME]["enforced"]
    assert fast[metrics.METRIC_MIME]["data"] == "real"
    assert not synthetic[metrics.METRIC_MIME]["enforced"]
    assert synthetic[metrics.METRIC_MIME]["data"] == "SYNTHETIC"
    band = "loss: 500   (expected 98 to 101 in a full run on the real images)"
    assert fast["text/plain"] == band
    assert synthetic["text/plain"] == f"SYNTHETIC data, {band}"


def test_a_figure_without_a_band_is_shown_and_never_enforced(slow_mode, shown):
    metrics.record("loss", 99.5, unit="nats", epochs=torch.tensor(3), name_of="run")
    (message,) = shown
    figure = message["data"][metrics.METRIC_MIME]
    assert message["data"]["text/plain"] == "loss: 99.5 nats"
    assert figure["expected"] is None
    assert not figure["enforced"]
    assert figure["unit"] == "nats"
    assert figure["facts"] == {"epochs": 3, "name_of": "run"}


@pytest.mark.parametrize(("value", "inside"), [(98, True), (101, True), (97.9, False)])
def test_the_ends_of_a_band_belong_to_it(value, inside, slow_mode, shown):
    metrics.record("loss", value, (98, 101))
    assert ("NOT inside" in shown[0]["data"]["text/plain"]) != inside
