"""Seeds, devices and number formats."""

import numpy as np
import torch

from helpers import training


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


def test_a_graphics_card_is_taken_and_asked_for_its_fast_format(monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", None)  # it is the card that computes
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for cuda, mps, expected in [(1, 1, "cuda"), (0, 1, "mps")]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: bool(cuda))
        monkeypatch.setattr(
            torch.backends.mps, "is_available", lambda mps=mps: bool(mps)
        )
        assert training.pick_device() == torch.device(expected)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    for able, expected in [(True, "bfloat16"), (False, "float32")]:
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda able=able: able)
        assert training.best_precision(torch.device("cuda")) == expected


def test_seeding_makes_draws_repeat():
    training.seed_everything(5)
    first = torch.randn(3), np.random.rand(3)
    training.seed_everything(5)
    second = torch.randn(3), np.random.rand(3)
    assert torch.equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert training.pick_device().type in ("cuda", "mps", "cpu")


def test_on_a_cpu_half_of_the_cores_are_left_to_others(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    seen = []
    monkeypatch.setattr(torch, "set_num_threads", seen.append)
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    training.pick_device()
    monkeypatch.delenv("OMP_NUM_THREADS")
    training.pick_device()
    monkeypatch.setattr("os.cpu_count", lambda: None)  # where nobody knows
    training.pick_device()
    assert seen == [4, 1]
