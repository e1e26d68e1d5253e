"""Right and wrong answers to `start_at_mean_image`, lesson 05."""

import copy
import math

import numpy as np
import torch
from torch import nn

from helpers.checks import lesson05 as checks
from tests.checks.trial import trial

CHECK = checks.start_at_mean_image
NAMES = ("start_at_mean_image",)


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


def by_bare_state(layer, mean):
    bias = torch.special.logit(mean, eps=0.003)
    layer.load_state_dict({"bias": bias}, strict=False)


def by_difference(layer, mean):
    target = torch.logit(mean.clamp(0.003, 0.997))
    with torch.no_grad():
        layer.bias += target - layer.bias


def by_slice(layer, mean):
    m = torch.clip(mean, 0.003, 0.997)
    with torch.no_grad():
        layer.bias[:] = m.log() - (1 - m).log()
    return layer


def by_vector(layer, mean):
    nn.utils.vector_to_parameters(torch.logit(mean, eps=0.003), [layer.bias])


def by_where(layer, mean):
    m = torch.where(mean < 0.003, torch.tensor(0.003), mean)
    m = torch.where(m > 0.997, torch.tensor(0.997), m)
    layer.bias.data.copy_(torch.log(m / (1 - m)))


def by_numpy(layer, mean):
    m = np.clip(mean.numpy().astype(np.float64), 0.003, 0.997)
    layer.bias.data = torch.tensor(np.log(m / (1 - m)), dtype=torch.float32)


def clamped_logit(layer, mean):
    most = math.log(0.997 / 0.003)
    with torch.no_grad():
        layer.bias.copy_(torch.logit(mean).clamp(-most, most))


def by_detach(layer, mean):
    layer.bias.detach().copy_(torch.logit(mean, 0.003))


def turned_off_and_on(layer, mean):
    layer.bias.requires_grad_(False)
    layer.bias.copy_(torch.logit(mean, 0.003))
    layer.bias.requires_grad_(True)


def by_inference_mode(layer, mean):
    with torch.inference_mode():
        layer.bias.copy_(torch.logit(mean, 0.003))


def of_a_tensor(layer, mean):
    with torch.no_grad():
        layer.bias.copy_(torch.tensor(torch.logit(mean, 0.003)))  # PyTorch warns


def linear_only(layer, mean):
    if isinstance(layer, nn.Linear):
        set_bias(layer, mean)


def by_weight(layer, mean):
    width = layer.weight.shape[1]
    set_bias(layer, mean)
    assert width


def gradients_off(layer, mean):
    torch.set_grad_enabled(False)
    layer.bias.copy_(torch.logit(mean, eps=0.003))


def in_evaluation(layer, mean):
    layer.eval()
    set_bias(layer, mean)


def with_a_hook(layer, mean):
    set_bias(layer, mean)
    layer.register_forward_hook(lambda module, inputs, output: None)


def inference_data(layer, mean):
    with torch.inference_mode():
        bias = torch.logit(mean, 0.003)
    layer.bias = nn.Parameter(bias)


def half_precision(layer, mean):
    layer.bias.data = torch.logit(mean, 0.003).half()


def in_float64(layer, mean):
    layer.bias.data = torch.logit(mean.double(), 0.003)


def one_for_all():
    kept = []

    def function(layer, mean):
        if not kept:
            kept.append(torch.logit(mean, eps=0.003))
        layer.bias.data = kept[0]

    return function


def scaled_in(mean):
    return torch.logit(0.003 + 0.994 * mean)


def rounded(mean):
    return torch.logit(mean, eps=0.003).mul(100).round() / 100


def every_row(layer, mean):
    """Sets all parameters of one dimension."""
    with torch.no_grad():
        for parameter in layer.parameters():
            if parameter.shape == mean.shape:
                parameter.copy_(torch.logit(mean, eps=0.003))


def others_reset(layer, mean):
    set_bias(layer, mean)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if name != "bias" and parameter.dim() == 1:
                parameter.fill_(1.0)


def weight_made_small(layer, mean):
    set_bias(layer, mean)
    with torch.no_grad():
        for weight in [p for p in layer.parameters() if p.dim() == 2]:
            weight.mul_(0.01)


def sharing():
    """The same tensor for the same image."""
    kept = {}

    def function(layer, mean):
        values = kept.setdefault(mean.sum().item(), torch.logit(mean, eps=0.003))
        layer.bias.data = values

    return function


def first_image_kept():
    kept = []

    def answer(layer, mean):
        kept.append(torch.logit(mean.clamp(0.003, 0.997)))
        with torch.no_grad():
            layer.bias.copy_(kept[0])

    return answer


RIGHT = [
    set_bias,
    set_data,
    by_loop,
    by_bare_state,
    by_difference,
    by_slice,
    by_vector,
    by_where,
    by_numpy,
    clamped_logit,
    by_detach,
    turned_off_and_on,
    by_inference_mode,
    of_a_tensor,
]
WRONG = [
    (setter(lambda m: torch.logit(m).clamp(-3, 3)), "the logits are clamped"),
    (setter(lambda m: torch.logit(0.003 + 0.994 * m)), "squeezed"),
    (setter(lambda m: torch.logit(m.clamp(0.003, 0.997)) / math.log(10)), "log10"),
    (first_image_kept(), "of an earlier call"),
    (setter(torch.logit), "clamp"),
    (setter(lambda m: m.clamp(0.003, 0.997)), "use its logit"),
    (setter(lambda m: m), "use its logit"),
    (setter(torch.sigmoid), "inverse"),
    (setter(lambda m: -torch.logit(m, eps=0.003)), "sign is flipped"),
    (setter(lambda m: torch.log(m / 1 - m)), "brackets"),
    (setter(lambda m: m.clamp(0.003, 0.997).log()), "log(mean) alone"),
    (setter(lambda m: torch.logit(m, eps=0.04)), "bounds"),
    (setter(lambda m: torch.logit(m, eps=0.01)), "bounds"),
    (setter(lambda m: torch.logit(m, eps=1e-6)), "bounds"),
    (setter(lambda m: torch.logit(m, eps=0.001)), "bounds"),
    (setter(lambda m: torch.logit(m.clamp(min=0.003), eps=1e-6)), "upper bound"),
    (setter(lambda m: torch.logit(torch.where(m == 0, 0.003, m), 1e-4)), "bounds"),
    (setter(lambda m: torch.logit(m).clamp(-5, 5)), "bounds"),
    (setter(lambda m: torch.logit(m).nan_to_num(0, 5.8, -5.8)), "bounds"),
    (setter(scaled_in), "torch.logit"),
    (setter(rounded), "torch.logit"),
    (setter(lambda m: torch.logit(m.mean()).expand(784)), "mean in every pixel"),
    (setter(lambda m: torch.logit(m.round(), eps=0.003)), "torch.logit"),
    (setter(lambda m: torch.special.ndtri(m.clamp(0.003, 0.997))), "torch.logit"),
    (frozen, "trainable"),
    (weight_frozen, "weight is not trainable"),
    (new_parameter, "new tensor"),
    (inference_data, "inference tensor"),
    (without_no_grad, "with torch.no_grad"),
    (added, "added to the old bias"),
    (as_a_row, "shape"),
    (half_precision, "float16"),
    (in_float64, "float64"),
    (lambda layer, mean: set_bias(copy.deepcopy(layer), mean), "a copy"),
    (lambda layer, mean: torch.logit(mean, eps=0.003), "returned value"),
    (in_place, "clamp_"),
    (weightless, "the weight of a layer | is 0 after"),
    (linear_only, "one kind of layer"),
    (by_weight, "any module with a trainable bias"),
    (by_state, "any module with a trainable bias"),
    (gradients_off, "is_grad_enabled"),
    (in_evaluation, "mode"),
    (with_a_hook, "hooks"),
    (one_for_all(), "mean image has"),
    (lambda layer, mean: None, "has not changed"),
    (every_row, "scale of a layer | loop over all"),
    (others_reset, "scale of a layer | another after"),
    (weight_made_small, "the weight of a layer | another after"),
    (sharing(), "two layers share"),
    (setter(lambda m: torch.logit(m.clamp(min=0.003))), "white | upper bound"),
    (setter(lambda m: torch.logit(m.clamp(max=0.997))), "black | lower bound"),
    (setter(lambda m: torch.logit(m.clamp(0.003, 0.999))), "the upper bound"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)
