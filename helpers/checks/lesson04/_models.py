"""What the checks of the encoder and of the decoder share."""

from __future__ import annotations

import torch
from torch import nn

from helpers.checks.base import CheckFailed

CHANNELS, UNITS = (8, 32), 128  # of the lesson's encoder; the decoder mirrors them
WEIGHTED = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
NORMS = nn.BatchNorm1d | nn.BatchNorm2d


def build(model_class: type[nn.Module]) -> nn.Module:
    """The student's model with latent_dim 5, always from the same random numbers."""
    torch.default_generator.manual_seed(0)
    try:
        net = model_class(5)
    except AttributeError as error:
        if "__init__() call" not in str(error):
            raise
        raise CheckFailed(
            "a layer is assigned before nn.Module is ready for it",
            "super().__init__() as the first line of __init__",
            "the beginning of __init__",
        ) from None
    if type(net).forward is nn.Module.forward:
        raise CheckFailed(
            "the class has no forward",
            "a method forward(self, ...) beside __init__",
            "its name, and whether it is indented like __init__",
        )
    return net.train()


def run(net: nn.Module, inputs: torch.Tensor):
    """The answer for 97 inputs; tell if only some other number is accepted."""
    try:
        return net(inputs)
    except (RuntimeError, ValueError):
        for count in (128, 100, 64, 32, 16):
            try:
                net(inputs[:1].expand(count, *inputs.shape[1:]))
            except (RuntimeError, ValueError):
                continue
            raise CheckFailed(
                f"forward takes {count} inputs, but not 97",
                "any number: an epoch's last batch is smaller",
                "a batch size is written into the code: x.size(0), -1 or flatten(1)",
            ) from None
        raise


def _calls(net: nn.Module, inputs: torch.Tensor) -> list[tuple]:
    """(layer, input, output) of all weighted layers and batch norms, as they run.

    Of a layer that runs twice only the first time counts.
    """
    calls = []

    def note(layer, given, answer):
        if all(layer is not known for known, *_ in calls):
            # copies: a ReLU may work in place
            calls.append((layer, given[0].clone(), answer.clone()))

    layers = [m for m in net.modules() if isinstance(m, WEIGHTED | NORMS)]
    handles = [layer.register_forward_hook(note) for layer in layers]
    with torch.no_grad():
        net(inputs)
    for handle in handles:
        handle.remove()
    return calls


def require_layers(net, inputs, kind: type, order: list[type], where: str) -> list:
    """The layers in their order, a batch norm and an activation after each of three.

    Returns the calls of :func:`_calls`.
    """
    calls = _calls(net.eval(), inputs)  # in train mode a dropout changes numbers too
    layers = [layer for layer, *_ in calls]
    strided = [m for m in layers if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    strides = [tuple(layer.stride) for layer in strided]
    if [type(m) for m in strided] != [kind, kind] or strides != [(2, 2), (2, 2)]:
        what = "transposed" if kind is nn.ConvTranspose2d else "strided"
        found = [f"{type(m).__name__} with stride {m.stride[0]}" for m in strided]
        raise CheckFailed(
            f"{where} runs {', '.join(found) or 'no convolution of its own'}",
            f"two {what} convolutions, nn.{kind.__name__}, each with stride 2",
            "pooling, Upsample and dense layers do not replace them; they have to be "
            "assigned to self in __init__ (or stand in nn.Sequential or nn.ModuleList: "
            "a plain list hides them)",
        )
    channels = [strided[0].in_channels, *(layer.out_channels for layer in strided)]
    want = [1, *CHANNELS] if kind is nn.Conv2d else [*reversed(CHANNELS), 1]
    if channels != want:
        raise CheckFailed(
            f"the convolutions of {where} have {channels} channels",
            f"{want}, so that losses can be compared",
            "the channel counts of the two convolutions",
        )
    norms = [m for m in layers if isinstance(m, NORMS)]
    wanted = ", ".join(expected.__name__ for expected in order)
    for i, expected in enumerate(order):
        layer, norm = (*layers[2 * i : 2 * i + 2], None, None)[:2]
        if type(layer) is not expected or not isinstance(norm, NORMS):
            raise CheckFailed(
                f"forward runs {names(layers)}",
                f"{wanted}, each followed by a batch norm, and none at the output",
                f"batch norm after layer {i + 1}: made in __init__, used in forward, "
                "in its place"
                if len(norms) < 3 or isinstance(layer, expected)
                else f"layer {i + 1} and the order of the layers",
            )
        if norm.running_mean is None:
            raise CheckFailed(
                f"batch norm {i + 1} keeps no running averages",
                "running averages: eval() uses them in place of the batch's own",
                "track_running_stats=False",
            )
    if len(calls) < 7:
        raise CheckFailed(
            f"forward runs {names(layers)}",
            f"one more layer with weights at the end of {where}",
            "the heads, or the last layer: is it used?",
        )
    for i in range(3):
        (_, _, out), (_, given, normed), (_, after, _) = calls[2 * i : 2 * i + 3]
        if _alike(out, given) and _alike(normed, after):
            raise CheckFailed(
                f"layer {i + 1} and its batch norm are followed by no activation",
                "a network that bends: without ReLU two layers make one linear map",
                f"the ReLU after batch norm {i + 1}: is it there, and is its result "
                "used?",
            )
    return calls


def _alike(a: torch.Tensor, b: torch.Tensor) -> bool:
    """The same numbers, in whatever shape and order."""
    a, b = a.flatten(1).sort().values, b.flatten(1).sort().values
    return a.shape == b.shape and torch.equal(a, b)


def require_width(layer: nn.Linear, inputs: int, units: int) -> None:
    if (layer.in_features, layer.out_features) != (inputs, units):
        raise CheckFailed(
            f"a dense layer goes from {layer.in_features} to {layer.out_features}",
            f"from {inputs} to {units} units, so that losses can be compared",
            "the widths of the dense layers",
        )


def require_own_input(net: nn.Module, inputs: torch.Tensor) -> None:
    """In eval mode a result depends on its own input alone, and on no draw."""
    net.eval()
    with torch.no_grad():
        alone, again, among = (
            _first(net(inputs[:count]))[:1] for count in (1, 1, len(inputs))
        )
    if not torch.allclose(alone, again, atol=1e-5):
        raise CheckFailed(
            "in eval mode the same input gives two different answers",
            "the same answer: nothing is drawn at random here",
            "randn, or a dropout that does not follow eval() (F.dropout, or nn.Dropout "
            "made in forward)",
        )
    if not torch.allclose(alone, among, atol=1e-4):
        raise CheckFailed(
            "in eval mode the result for one input changes with its neighbours",
            "the same result, alone or in a batch",
            "a mean, a norm or a reshape that mixes the images of a batch",
        )


def _first(answer):
    return answer[0] if isinstance(answer, tuple | list) else answer


def require_gradients(net: nn.Module, loss: torch.Tensor, where: str) -> None:
    if loss.requires_grad:
        net.zero_grad()
        loss.backward()
    for name, weight in net.named_parameters():
        if weight.grad is None:
            raise CheckFailed(
                f"no gradient reaches {name}",
                f"every layer of {where} takes part",
                "is the layer used in forward, without detach() or no_grad()?",
            )


def names(layers: list) -> str:
    found = ", ".join(type(layer).__name__ for layer in layers)
    return found or "no layers"
