"""What an answer leaves behind is seen: modes, gradients, hooks, values, files."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from helpers.checks.base import CheckFailed, check
from helpers.checks.leftovers import in_a_row, stays


@check("tidy")
def tidy(function, draw):
    function()


kept = []


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: torch.set_grad_enabled(False), "torch.no_grad()"),
        (lambda: torch.set_default_dtype(torch.float64), "set_default_dtype"),
        (lambda: torch.manual_seed(3), "a seed set inside"),
        (lambda: torch.set_default_device("meta"), "set_default_device"),
        (lambda: torch.autograd.set_detect_anomaly(True), "set_detect_anomaly"),
        (lambda: torch.use_deterministic_algorithms(True), "deterministic_algorithms"),
        (lambda: torch.set_num_threads(3), "set_num_threads"),
        (lambda: torch.set_autocast_enabled("cpu", True), "torch.autocast"),
        (
            lambda: torch.set_autocast_dtype("cpu", torch.float16),
            "set_autocast_dtype",
        ),
        (
            lambda: kept.append(torch.inference_mode()) or kept[-1].__enter__(),
            "torch.inference_mode",
        ),
        (lambda: torch.set_float32_matmul_precision("medium"), "matmul_precision"),
        (lambda: torch.set_flush_denormal(True), "set_flush_denormal"),
        (lambda: Path("left.txt").write_text("x"), "left.txt"),
    ],
)
def test_what_a_notebook_rests_on_stays(function, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckFailed, match=re.escape(words)):
        tidy(function)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert torch.get_default_dtype() is torch.float32
    assert not list(tmp_path.iterdir())
    tidy(lambda: None)


def model():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout())


def one_layer_to_evaluation(net):
    net[1].eval()


CHANGES = {
    "modes": [lambda net: net.eval(), one_layer_to_evaluation],
    "requires_grad": [lambda net: net.requires_grad_(False)],
    "hooks": [
        lambda net: net[0].register_forward_hook(lambda *_: None),
        lambda net: net.register_load_state_dict_pre_hook(lambda *_: None),
        lambda net: net[0].weight.register_post_accumulate_grad_hook(lambda _: None),
    ],
    "gradients": [lambda net: net(torch.ones(4, 2)).sum().backward()],
    "values": [
        lambda net: net(torch.ones(4, 2)),  # batch norm takes notes
        lambda net: net[0].weight.data.add_(1),
    ],
    "layers": [lambda net: net.append(nn.ReLU())],
}
ALL = [(part, change) for part, changes in CHANGES.items() for change in changes]


@pytest.mark.parametrize(("part", "change"), ALL)
def test_a_model_stays(part, change):
    net = model()
    with pytest.raises(CheckFailed), stays(net):
        change(net)


def test_what_may_change_may():
    net = model()
    with stays(net, but={"gradients", "values"}):
        net(torch.ones(4, 2)).sum().backward()
    with stays(net):
        net.state_dict()


@pytest.mark.parametrize(
    ("thing", "change"),
    [
        (np.zeros(3), lambda x: x.__iadd__(1)),
        (torch.zeros(3), lambda x: x.add_(1)),
        (torch.zeros(3), lambda x: x.requires_grad_()),
        (torch.zeros(3), lambda x: setattr(x, "double", lambda: x)),
    ],
)
def test_an_input_stays(thing, change):
    with pytest.raises(CheckFailed), stays(thing):
        change(thing)
    with stays(thing):
        pass
    getattr(thing, "__dict__", {}).clear()  # other tests look at it, too


def test_nan_stays_nan():
    with stays(torch.tensor([float("nan")]), np.array([np.nan])):
        pass


def test_what_was_handed_in_is_looked_at_before_the_next_call():
    @check("twice")
    def twice(function, draw):
        for x in (torch.ones(2), torch.zeros(2)):
            with stays(x):
                function(x)
        function(None)

    kept = []

    def zero_and_back(x):
        kept.append(x)
        if len(kept) > 1:
            kept[0].fill_(x is None)

    def stores_on_the_first(x):
        kept.append(x)
        if len(kept) > 1:
            kept[0].double = lambda: x

    with pytest.raises(CheckFailed, match="an earlier call"):
        twice(zero_and_back)
    kept = []
    with pytest.raises(CheckFailed, match="an earlier call"):
        twice(stores_on_the_first)
    twice(lambda x: None)


def test_before_many_calls_in_a_row_earlier_inputs_are_looked_at_once():
    looked = []

    @check("rows")
    def rows(function, draw):
        x = torch.ones(2)
        with stays(x):
            function(x)
        assert in_a_row(function, 3, 5) == [5, 5, 5]
        looked.append(x.sum().item())
        function(None)

    rows(lambda x: x, draws=[1, 2])
    assert looked == [2, 2]
    kept = []

    def spoils(x):
        kept.append(x)
        if len(kept) == 3:  # within the row
            kept[0].zero_()
        return x

    with pytest.raises(CheckFailed, match="an earlier call"):
        rows(spoils)
