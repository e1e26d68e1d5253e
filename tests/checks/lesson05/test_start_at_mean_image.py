"""Right and wrong answers to `start_at_mean_image`, lesson 05."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from helpers.checks import lesson05 as checks
from tests.checks.lesson05 import _tries


def set_bias(layer, mean):
    with torch.no_grad():
        layer.bias.copy_(torch.logit(mean.clamp(0.003, 0.997)))


def set_data(layer, mean):
    m = mean.clip(3e-3, 1 - 3e-3)
    layer.bias.data = torch.log(m / (1 - m))


def new_parameter(layer, mean):
    layer.bias = nn.Parameter(torch.logit(mean, eps=0.003))


def frozen(layer, mean):
    layer.bias = nn.Parameter(torch.logit(mean, eps=0.003), requires_grad=False)


def in_place(layer, mean):
    set_bias(layer, mean.clamp_(0.003, 0.997))


def weightless(layer, mean):
    set_bias(layer, mean)
    nn.init.zeros_(layer.weight)


def setter(values):
    def function(layer, mean):
        with torch.no_grad():
            layer.bias.copy_(values(mean))

    return function


def by_loop(layer, mean):
    with torch.no_grad():
        for i, m in enumerate(mean.tolist()):
            m = min(max(m, 0.003), 0.997)
            layer.bias[i] = np.log(m / (1 - m))


def by_state(layer, mean):
    bias = torch.special.logit(mean, eps=0.003)
    layer.load_state_dict({"weight": layer.weight, "bias": bias})


def without_no_grad(layer, mean):
    layer.bias.copy_(torch.logit(mean, eps=0.003))


def added(layer, mean):
    layer.bias.data += torch.logit(mean, eps=0.003)


def weight_frozen(layer, mean):
    set_bias(layer, mean)
    layer.weight.requires_grad_(False)


def as_a_row(layer, mean):
    layer.bias.data = torch.logit(mean, eps=0.003)[None]


RIGHT = {
    "copy_": set_bias,
    "data": set_data,
    "one by one": by_loop,
    "load_state_dict": by_state,
}
WRONG = {
    "no clamp": (setter(torch.logit), "clamp"),
    "the mean": (setter(lambda m: m.clamp(0.003, 0.997)), "use its logit"),
    "sigmoid": (setter(torch.sigmoid), "inverse"),
    "sign": (setter(lambda m: -torch.logit(m, eps=0.003)), "sign is flipped"),
    "clamp too tight": (setter(lambda m: torch.logit(m, eps=0.04)), "bounds"),
    "frozen": (frozen, "trainable"),
    "weight frozen": (weight_frozen, "weight is not trainable"),
    "a new parameter": (new_parameter, "new tensor"),
    "no no_grad": (without_no_grad, "with torch.no_grad"),
    "added": (added, "added to the old bias"),
    "a row": (as_a_row, "shape"),
    "clamp too wide": (setter(lambda m: torch.logit(m, eps=1e-6)), "bounds"),
    "a copy": (lambda layer, mean: set_bias(copy.deepcopy(layer), mean), "a copy"),
    "in place": (in_place, "clamp_"),
    "weight": (weightless, "weight was changed"),
    "nothing": (lambda layer, mean: None, "has not changed"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    _tries.passes_always(checks.start_at_mean_image, RIGHT[variant], capsys)


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    _tries.is_named(checks.start_at_mean_image, *WRONG[variant])


def test_random_numbers_stay_where_they_were():
    _tries.leaves_random_numbers(checks.start_at_mean_image, next(iter(RIGHT.values())))


def test_a_stub_stays_a_stub():
    _tries.is_a_stub(checks.start_at_mean_image)
