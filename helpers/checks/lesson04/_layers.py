"""Hold the layers of encoder and decoder to the contract."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.checks import modules
from helpers.checks.failure import CheckFailed
from helpers.checks.lesson04._watch import HELD, LAYERS, Call, watched
from helpers.checks.messages import shorten

RELATIVES = "ReLU or a relative that lets large numbers through (LeakyReLU, ELU, GELU)"


def build(model_class: type[nn.Module], latent_dim: int) -> nn.Module:
    """Make a student's model; fail if it has no forward."""
    net = modules.build(model_class, latent_dim)
    if type(net).forward is nn.Module.forward:
        raise CheckFailed(
            "the class has no forward",
            "a method forward(self, ...) beside __init__",
            "its name, and whether it is indented like __init__",
        )
    return net


def run(net: nn.Module, inputs: Tensor) -> object:
    """The answer for some inputs; tell if only another number of them is accepted."""
    try:
        return net(inputs)
    except (RuntimeError, ValueError) as error:
        for count in (128, 100, 64, 32, 16):
            try:
                net(inputs[:1].expand(count, *inputs.shape[1:]).clone())
            except (RuntimeError, ValueError):
                continue
            raise CheckFailed(
                f"forward takes {count} inputs, but not {len(inputs)}",
                "any number: an epoch's last batch is smaller",
                "a batch size is written into the code: x.size(0), -1 or flatten(1)",
                shorten(f"PyTorch says: {error}"),
            ) from None
        raise


def require_layers(
    net: nn.Module,
    inputs: Tensor,
    wanted: list[tuple[str, tuple]],
    require_end: Callable[[list[Call]], None],
    where: str,
) -> list[Call]:
    """Hold the layers to the contract: sizes, order, batch norms, activations.

    Parameters
    ----------
    net : nn.Module
    inputs : Tensor
        A few, more than one.
    wanted : list of (name, shape)
        The layers before the three batch norms, and the shapes of their weights.
    require_end : callable
        Fails unless the layers after the last batch norm are the right ones.
    where : str
        "the encoder" or "the decoder".

    Returns
    -------
    list of Call
        What runs after the last batch norm.

    Raises
    ------
    CheckFailed
    """
    for mode in (True, False):
        net.train(mode)
        found, _ = watched(net, inputs)
        _require_convolutions(found, wanted, where)
        _require_order(found, wanted, where)
        _require_registered(net, found, where)
        require_end(found[6:])
        if not torch.equal(found[0].given, inputs):
            raise CheckFailed(
                f"the first layer of {where} is given other numbers than forward is",
                "what comes in, as it comes",
                "what stands before the first layer",
            )
        if mode:
            _require_notes(
                net, inputs, [call for call in found[:6] if call.average is not None]
            )
        nexts = ([2], [4], range(6, len(found)))
        for i, following in enumerate(nexts):
            layer, norm = found[2 * i : 2 * i + 2]
            if not _alike(layer.out, norm.given):
                raise CheckFailed(
                    f"batch norm {i + 1} is not given the numbers of layer {i + 1}",
                    "a layer, its batch norm, its activation, in this order",
                    "what stands between them: an activation comes after batch norm",
                )
            for after in following:
                _require_activation(net, inputs, i + 1, norm.key, after)
            maps = norm.out.shape if norm.out.dim() == 4 else None
            if maps == found[min(following)].given.shape:
                _require_places(net, inputs[:2], i + 1, norm, min(following))
    return found[6:]


def _require_convolutions(found: list[Call], wanted: list, where: str) -> None:
    name = next(name for name, _ in wanted if name != "linear")
    layers = [call for call in found if call.name.startswith("conv")]
    if [c.name for c in layers] == [name] * 2 and all(
        c.options["stride"] == 2 for c in layers
    ):
        return
    large = max(math.prod(shape) for kind, shape in wanted if kind == "linear")
    others = [c for c in layers if c.weight.numel() != large]
    what = "transposed" if "transpose" in name else "strided"
    seen = [f"{LAYERS[c.name][0]} with stride {c.options['stride']}" for c in layers]
    raise CheckFailed(
        f"{where} runs {' and '.join(seen) or 'no convolution'}",
        f"two {what} convolutions, each with stride 2",
        "a convolution in place of the large dense layer: nn.Linear"
        if len(others) == 2 < len(layers)
        else "pooling, Upsample and dense layers do not replace them",
    )


def _require_order(found: list[Call], wanted: list, where: str) -> None:
    """Each of three layers with its batch norm, and something after them."""
    order = ", ".join(LAYERS[name][0] for name, _ in wanted)
    for i, (name, shape) in enumerate(wanted):
        layer, norm = (*found[2 * i : 2 * i + 2], None, None)[:2]
        is_layer = layer is not None and layer.name == name
        if not is_layer or norm is None or norm.name != "batch_norm":
            raise CheckFailed(
                f"forward runs {names_of(found)}",
                f"{order}, each followed by a batch norm, and none at the output",
                f"batch norm after layer {i + 1}: made in __init__, used in forward, "
                "in its place; InstanceNorm, LayerNorm and GroupNorm are other norms"
                if is_layer
                else f"what follows layer {i}: one batch norm, then the next layer"
                if i and layer is not None and layer.name.endswith("norm")
                else f"layer {i + 1} and the order of the layers",
            )
        require_sizes(layer, shape, f"layer {i + 1} of {where}")
        if norm.average is None:
            raise CheckFailed(
                f"batch norm {i + 1} keeps no running averages",
                "running averages: eval() uses them in place of the batch's own",
                "track_running_stats=False, or F.batch_norm that is given no averages",
            )
        if norm.weight is None:
            raise CheckFailed(
                f"batch norm {i + 1} has no weights",
                "a learned scale and shift for each channel",
                "affine=False",
            )
        if norm.runs != layer.runs:
            raise CheckFailed(
                f"layer {i + 1} runs {layer.runs} times, its batch norm {norm.runs}",
                "one batch norm after each layer: its averages are of that layer alone",
                "forward: does one batch norm stand in two places?",
            )
        means, channels = norm.weight.numel(), layer.out.shape[1]
        if layer.out.dim() == 4 and means != channels:
            raise CheckFailed(
                f"batch norm {i + 1} has {means} means, one for each place of a map",
                f"{channels}, one for each channel: over the batch and all places",
                "BatchNorm1d on maps that are flat already: BatchNorm2d before that",
            )
    if len(found) < 7:
        raise CheckFailed(
            f"forward runs {names_of(found)}",
            f"one more layer with weights at the end of {where}",
            "the heads, or the last layer: is it used?",
        )


def require_sizes(call: Call, shape: tuple, name: str) -> None:
    """Fail unless a layer's weights have that shape, its window moves by 2, and so on.

    Raises
    ------
    CheckFailed
    """
    options = call.options
    if "groups" in options and options["groups"] != 1:
        options = {"groups": options["groups"]}  # the shape follows from it
    elif tuple(call.weight.shape) != shape:
        seen, want = _sizes(call.name, call.weight.shape), _sizes(call.name, shape)
        raise CheckFailed(
            f"{name}, {LAYERS[call.name][0]}, has {seen}",
            f"{want}, as the docstring says, so that losses can be compared",
            "the numbers in the line that makes it",
        )
    for option, seen in options.items():
        if seen != HELD[option]:
            raise CheckFailed(
                f"{name}, {LAYERS[call.name][0]}, has {option} {seen}",
                f"{option} {HELD[option]}, as the docstring says",
                "the numbers in the line that makes it"
                + "; a padding_mode other than zeros" * (option == "padding"),
            )


def _sizes(name: str, shape: tuple) -> str:
    if name == "linear":
        return f"{shape[1]} inputs and {shape[0]} units"
    first, second = shape[:2] if "transpose" in name else (shape[1], shape[0])
    window = " x ".join(str(side) for side in shape[2:])
    return f"a window of {window} and channels {first} -> {second}"


def _require_registered(net: nn.Module, found: list[Call], where: str) -> None:
    known = {id(weight) for weight in net.parameters()}
    for i, call in enumerate(found):
        if id(call.weight) not in known:
            raise CheckFailed(
                f"call {i + 1} of forward, {LAYERS[call.name][0]}, has weights that "
                "model.parameters() does not know: the optimizer would never see them",
                f"all layers of {where} made in __init__ and assigned to self",
                "layers in a plain list (nn.Sequential and nn.ModuleList tell the "
                "model of theirs), or made in forward",
            )


def _require_notes(net: nn.Module, inputs: Tensor, norms: list[Call]) -> None:
    """In training mode each batch moves the running averages."""
    before = [norm.average.clone() for norm in norms]
    watched(net, inputs[: len(inputs) // 2])
    for i, (norm, then) in enumerate(zip(norms, before, strict=True)):
        if torch.equal(norm.average, then):
            raise CheckFailed(
                f"in training mode the running averages of batch norm {i + 1} stay as "
                "they are",
                "averages that move with each batch: eval() uses them",
                "momentum=0, or eval() inside the class",
            )


def _require_activation(
    net: nn.Module, inputs: Tensor, place: int, norm: int, after: int
) -> None:
    """See what a later layer is given where a batch norm gives one number only."""
    curve = {}
    for value in (-8.0, -4.0, 4.0, 8.0):
        seen = watched(net, inputs, {norm: value})[0][after].given.flatten()
        if not seen.max() - seen.min() <= 1e-4:
            mode = "training" if net.training else "evaluation"
            raise CheckFailed(
                f"where batch norm {place} gives {value:.0f} everywhere, the next "
                f"layer is given {seen.min():.3g} to {seen.max():.3g} in {mode} mode",
                "one number: an activation treats each number by itself",
                f"what stands after batch norm {place}: a dropout or a draw, a "
                "softmax, or is the next layer given something else?",
            )
        curve[value] = seen[0].item()
    rises, falls = curve[8.0] - curve[4.0], curve[-4.0] - curve[-8.0]
    passes = abs(rises - 4) < 0.5
    if passes and abs(falls) < 2.5 and abs(curve[-8.0]) < 4.5:
        return
    look = f"what stands after batch norm {place}"
    if passes and abs(falls - 4) < 0.5:
        look = (
            f"the ReLU after batch norm {place}: is it there, and is its result used?"
        )
    elif rises < 3.5:
        look += ": it cuts large numbers off, as tanh and sigmoid do"
    raise CheckFailed(
        f"where batch norm {place} gives {', '.join(f'{v:.0f}' for v in curve)}, the "
        f"next layer is given {', '.join(f'{v:.3g}' for v in curve.values())}",
        f"0, 0, 4, 8, or nearly so: {RELATIVES}",
        look,
    )


def _require_places(
    net: nn.Module, inputs: Tensor, place: int, norm: Call, after: int
) -> None:
    """Fail if the next layer is given a batch norm's maps in other places."""
    own = 4 + 4 * torch.rand(norm.out[: len(inputs)].shape)  # where activations rise
    given = watched(net, inputs, {norm.key: own})[0][after].given
    if (off := given - own).max() - off.min() > 0.6:
        raise CheckFailed(
            f"after batch norm {place} the pixels change places",
            "each stays where it is: a convolution looks at neighbors",
            f"what stands after batch norm {place}: a flip, a roll, a transposition or "
            "a reshape",
        )


def _alike(a: Tensor, b: Tensor) -> bool:
    """The same numbers, in another shape in whatever order."""
    if a.shape == b.shape:
        return torch.equal(a, b)
    a, b = a.flatten(1).sort().values, b.flatten(1).sort().values
    return a.shape == b.shape and torch.equal(a, b)


def require_own_input(net: nn.Module, inputs: Tensor) -> None:
    """In eval mode a result depends on its own input alone, and on no draw."""
    net.eval()
    with torch.no_grad():
        alone, again, among = (
            _first(net(inputs[:count].clone()))[:1] for count in (1, 1, len(inputs))
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
            "in eval mode the result for one input changes with its neighbors",
            "the same result, alone or in a batch",
            "a mean, a norm or a reshape that mixes the images of a batch",
        )


def _first(answer):
    return answer[0] if isinstance(answer, tuple | list) else answer


def moved(net: nn.Module) -> nn.Module:
    """A copy in training mode, none of whose weights is 0."""
    net = modules.copied(net).train()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return net


def require_gradients(net: nn.Module, loss: Tensor, where: str) -> None:
    """Fail unless a gradient reaches each parameter."""
    if loss.requires_grad:
        net.zero_grad()
        loss.backward()
    for name, weight in net.named_parameters():
        # Of biases before a batch norm the gradient is 0.
        if weight.grad is None or (weight.dim() > 1 and not weight.grad.any()):
            raise CheckFailed(
                f"no gradient reaches {name}",
                f"every layer of {where} takes part",
                "is the layer used in forward, without detach(), no_grad() or round(), "
                "and does it learn (requires_grad)?",
            )


def names_of(found: list[Call]) -> str:
    """The layers in words."""
    return ", ".join(LAYERS[call.name][0] for call in found) or "no layers"
