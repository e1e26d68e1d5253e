"""Checks of lesson 04, the convolutional VAE."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real

import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.lending import lender
from helpers.checks.modules import undisturbed

lend = lender("04")

CHANNELS, UNITS = (8, 32), 128  # of the lesson's encoder; the decoder mirrors them
SIZES = [
    (28, 4, 2, 1),
    (14, 4, 2, 1),
    (28, 3, 2, 1),
    (7, 3, 1, 0),
    (9, 5, 3, 2),
    (6, 4, 3, 1),
]
WEIGHTED = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
NORMS = nn.BatchNorm1d | nn.BatchNorm2d


def _conv(n, k, s, p):
    return (n + 2 * p - k) // s + 1


def _transposed(n, k, s, p):
    return (n - 1) * s - 2 * p + k


CONV_MISTAKES = {
    "rounding: a window that does not fit whole is left out, so round down (//)": (
        lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1
    ),
    "padding: it is added on both sides, 2 * padding": (
        lambda n, k, s, p: (n + p - k) // s + 1
    ),
    "padding: it is added to n, not subtracted": (
        lambda n, k, s, p: (n - 2 * p - k) // s + 1
    ),
    "padding: it is left out": lambda n, k, s, p: (n - k) // s + 1,
    "the + 1: the window's first place counts too": (
        lambda n, k, s, p: (n + 2 * p - k) // s
    ),
    "the + 1: it comes after the division, outside the brackets": (
        lambda n, k, s, p: (n + 2 * p - k + 1) // s
    ),
    "the stride: it is left out": lambda n, k, s, p: n + 2 * p - k + 1,
    "kernel and stride are swapped": lambda n, k, s, p: (n + 2 * p - s) // k + 1,
    "stride and padding are swapped": lambda n, k, s, p: _conv(n, k, max(p, 1), s),
    "brackets: // binds more strongly than + and -": (
        lambda n, k, s, p: n + 2 * p - k // s + 1
    ),
    "that is the transposed convolution's size": _transposed,
}
TRANSPOSED_MISTAKES = {
    "padding: it is cut from both edges, 2 * padding": (
        lambda n, k, s, p: (n - 1) * s - p + k
    ),
    "padding: here it is cut off, not added": lambda n, k, s, p: (
        (n - 1) * s + 2 * p + k
    ),
    "padding: it is left out": lambda n, k, s, p: (n - 1) * s + k,
    "the kernel: it is left out": lambda n, k, s, p: (n - 1) * s - 2 * p,
    "the kernel: the last stamp is as wide as the whole window": (
        lambda n, k, s, p: (n - 1) * s - 2 * p + k - 1
    ),
    "n - 1: there is one step less than there are pixels": (
        lambda n, k, s, p: n * s - 2 * p + k
    ),
    "kernel and padding: stride times n is not all": lambda n, k, s, p: n * s,
    "the stride: it is left out": lambda n, k, s, p: n - 1 - 2 * p + k,
    "an output_padding of 1: there is none here": (
        lambda n, k, s, p: _transposed(n, k, s, p) + 1
    ),
    "an output_padding of stride - 1: there is none here": (
        lambda n, k, s, p: _transposed(n, k, s, p) + s - 1
    ),
    "kernel and stride are swapped": lambda n, k, s, p: _transposed(n, s, k, p),
    "stride and padding are swapped": lambda n, k, s, p: _transposed(n, k, p, s),
    "that is the strided convolution's size": _conv,
}


@check("sizes")
@undisturbed
def sizes(conv_size: Callable, transposed_size: Callable) -> None:
    """Check both formulas against PyTorch's own layers."""
    pairs = [
        (conv_size, nn.Conv2d, "conv_size", CONV_MISTAKES),
        (transposed_size, nn.ConvTranspose2d, "transposed_size", TRANSPOSED_MISTAKES),
    ]
    for function, layer, name, mistakes in pairs:
        answers = [function(*case) for case in SIZES]
        for case, got in zip(SIZES, answers, strict=True):
            n, *options = case
            want = layer(1, 1, *options)(torch.zeros(1, 1, n, n)).shape[-1]
            if isinstance(got, Integral) and not isinstance(got, bool) and got == want:
                continue
            look = f"each symbol of the formula for {name}: does it stand in its place?"
            for mistake, formula in mistakes.items():
                if all(a == formula(*c) for a, c in zip(answers, SIZES, strict=True)):
                    look = mistake
            if got is None:
                look = "is there a return statement?"
            elif isinstance(got, float | torch.Tensor) and math.floor(got) == want:
                look = "the division: // gives a whole number, / a float"
            elif isinstance(got, tuple | list):
                look = "one number: the maps are square"
            raise CheckFailed(
                f"{name}({', '.join(map(str, case))}) gives {got}, "
                f"of type {type(got).__name__}",
                f"the int {want}, as nn.{layer.__name__} does",
                look,
            )


@check("Encoder")
@undisturbed
def encoder(model_class: type[nn.Module]) -> None:
    """Check shapes, layers, batch norm, and that both heads are free and alive."""
    net = _build(model_class)
    x = torch.rand(97, 1, 28, 28)
    _want_pair(_run(net, x), 97)
    conv, dense = nn.Conv2d, nn.Linear
    calls = _require_layers(net, x, conv, [conv, conv, dense], "the encoder")
    heads = [layer for layer, *_ in calls[6:]]
    if not all(type(head) is dense for head in heads):
        raise CheckFailed(
            f"after the dense layer come {_names(heads)}",
            "only the heads, nn.Linear, none at the output of any other type",
            "no batch norm and no further layer after the heads: each code would "
            "depend on the other images",
        )
    _require_width(calls[4][0], 32 * 7 * 7, UNITS)
    for count in (97, 1):
        _want_pair(net.eval()(x[:count]), count)
    _require_own_input(net, x)
    net.train()
    loss = sum(value.square().sum() for value in net(x))
    _require_gradients(net, loss, "the encoder")
    with torch.no_grad():
        for head in heads:  # large weights show the whole range
            head.weight.normal_()
        mu, logvar = net(x)
    for name, value in (("mu", mu), ("logvar", logvar)):
        low, high = value.min().item(), value.max().item()
        if low > -1.5 or high < 1.5:
            raise CheckFailed(
                f"{name} stays between {low:.2f} and {high:.2f}, however large the "
                "weights of its head",
                "any real number: the heads have no activation",
                f"what follows the head of {name}: ReLU, sigmoid, tanh, softplus, exp "
                "and clamp all cut numbers off",
            )
    if torch.allclose(mu, logvar):
        raise CheckFailed(
            "mu and logvar are the same numbers",
            "two heads with weights of their own",
            "is one layer used for both?",
        )


@check("Decoder")
@undisturbed
def decoder(model_class: type[nn.Module]) -> None:
    """Check shapes, layers, probabilities, and that the code matters."""
    net = _build(model_class)
    z = 3 * torch.randn(97, 5)
    _want_pictures(_run(net, z), 97)
    back, dense = nn.ConvTranspose2d, nn.Linear
    calls = _require_layers(net, z, back, [dense, dense, back], "the decoder")
    end = [layer for layer, *_ in calls[6:]]
    if len(end) != 1 or type(end[0]) is not back:
        raise CheckFailed(
            f"after the third batch norm come {_names(end)}",
            "the last transposed convolution alone, batch norm none at the output",
            "a picture's brightness must not depend on the pictures beside it",
        )
    _require_width(calls[0][0], 5, UNITS)
    _require_width(calls[2][0], UNITS, 32 * 7 * 7)
    for count in (97, 1):
        _want_pictures(net.eval()(z[:count]), count)
    _require_own_input(net, z)
    with torch.no_grad():
        pictures = net(z)
    if pictures.std(dim=0).max() < 1e-6:
        raise CheckFailed(
            "97 codes give 97 times the same picture",
            "a picture for each code",
            "does forward use z itself?",
        )
    _require_sigmoid(net, end[0], z)
    net.train()
    _require_gradients(net, net(z).square().sum(), "the decoder")


class _Known(nn.Module):
    """Always answers with one grey, one mu and one logvar, in 3 dimensions."""

    def __init__(self, grey: float, mu: float, logvar: float = 0.0):
        super().__init__()
        self.grey = nn.Parameter(torch.tensor(grey))
        self.mu = nn.Parameter(torch.tensor(mu))
        self.logvar = nn.Parameter(torch.tensor(logvar))

    def forward(self, x):
        codes = len(x), 3
        grey = self.grey + torch.zeros_like(x)
        return grey, self.mu.expand(codes), self.logvar.expand(codes)


@check("vae_loss")
@undisturbed
def vae_loss(function: Callable) -> None:
    """Check both terms, their sums and their mean, on models with known answers."""
    x = torch.rand(97, 1, 28, 28)
    before = x.clone()
    loss = function(_Known(0.5, 0.0), x)
    if isinstance(loss, torch.Tensor) and loss.numel() == 1:
        loss = loss.reshape(())
    want_tensor(
        loss,
        (),
        "the loss of a batch",
        "one number: the mean over the images, at the end",
    )
    if not torch.equal(x, before):
        raise CheckFailed(
            "the function changed the images x",
            "x as it was: it comes again in the next epoch",
            "functions that end in _ work in place",
        )
    one = function(_Known(0.5, 0.0), x[:1]).item()
    if abs(one) > 1e-3 and abs(loss.item() / one - 1) > 0.5:
        raise CheckFailed(
            f"the loss of 1 image is {one:.5g}, of 97 images {loss.item():.5g}",
            "about the same: the mean over the images, however many come",
            "a sum over the images, or a batch size written into the code: divide by "
            "len(x)",
        )
    right, bright = 784 * math.log(2), x.mean().item()
    squares = 784 * (x - 0.5).square().mean().item()
    reasons = {
        0.0: "the reconstruction is missing (or multiplied by 0 at beta = 1)",
        math.log(2): "that is the mean over the pixels; it has to be their sum",
        28 * math.log(2): "the sum runs over one axis of the picture; flatten(1) first",
        -right: "the sign is flipped",
        784 * (math.log(1 + math.exp(0.5)) - 0.5 * bright): "x_hat is a "
        "probability already: binary_cross_entropy, without _with_logits or sigmoid",
        784 * F.binary_cross_entropy(x, torch.full_like(x, 0.5)).item(): "x_hat and x "
        "are swapped: the prediction comes first",
        squares: "that is a squared error",
        squares / 2: "that is half a squared error",
        784 * (x - 0.5).abs().mean().item(): "that is an absolute error",
        right * bright: "half of the cross-entropy is missing: (1 - x) log(1 - x_hat)",
    }
    _compare(
        loss.item(),
        right,
        "with x_hat = 0.5 everywhere and KL 0",
        "784 * log 2",
        reasons,
    )
    standard, given = (
        function(_Known(0.5, 2.0), x, **options).item() - right
        for options in ({}, {"beta": 1.0})
    )
    reasons = {
        -6.0: "the KL is subtracted, or its sign is flipped",
        2.0: "the KL is averaged over the latent dimensions; it has to be summed",
        12.0: "the factor 1/2 of the KL is missing",
        3.0: "mu is not squared in the KL",
        1.5 * (math.e**2 - 3): "mu and logvar are swapped",
        97 * 6.0: "the KL is summed over the images; it has to be averaged",
        6.0 / 784: "the KL is divided by the pixels",
        6.0 / 97: "the KL is divided by the number of images twice",
        0.0: "the KL is missing",
    }
    _compare(given, 6.0, "the KL of mu = 2 in 3 dimensions", "3 * 2^2 / 2", reasons)
    if abs(standard - given) > 0.01:
        raise CheckFailed(
            f"without beta the KL counts {standard:.5g}, with beta=1.0 {given:.5g}",
            "the same: 1 is beta's default",
            "the first line of the function: beta=1.0",
        )
    half = function(_Known(0.5, 2.0), x, beta=0.5).item() - right
    reasons = {
        6.0: "beta is not used",
        0.0: "the KL is missing",
        1.5: "beta is multiplied in twice",
        12.0: "beta divides the KL; it should multiply",
        6.0 - right / 2: "beta multiplies the reconstruction; it belongs to the KL",
        3.0 - right / 2: "beta multiplies both terms; it belongs to the KL alone",
        3.0 + right / 2: "beta changes the reconstruction; it belongs to the KL alone",
    }
    _compare(half, 3.0, "the same KL at beta = 0.5", "half of 6", reasons)
    black = function(_Known(1e-6, 0.0), torch.zeros(5, 1, 28, 28)).item()
    if abs(black) > 1:
        raise CheckFailed(
            f"a right, confident black image costs {black:.1f}",
            "nearly 0",
            "the order of the arguments (x_hat first, then x), and one sigmoid only",
        )
    for grey in (0.0, 1.0):  # rounding in 32 bits does make such pixels
        sure = function(_Known(grey, 0.0), torch.full((5, 1, 28, 28), grey)).item()
        if not abs(sure) < 1:
            raise CheckFailed(
                f"where x_hat and x are both exactly {grey:.0f} the loss is {sure}",
                "nearly 0: x_hat is right there",
                "the log of 0: F.binary_cross_entropy cuts it off, your formula has "
                "to clamp x_hat",
            )
    wrong = function(_Known(0.01, 0.0), torch.ones(5, 1, 28, 28)).item()
    _compare(
        wrong,
        784 * math.log(100),
        "a white image that was predicted almost black",
        "784 * log 100",
        {784 * 0.9801: "that is a squared error"},
    )
    grey = function(_Known(0.3, 0.0), torch.full((5, 1, 28, 28), 0.3)).item()
    _compare(
        grey,
        -784 * (0.3 * math.log(0.3) + 0.7 * math.log(0.7)),
        "a grey image, 0.3 everywhere, that was predicted rightly",
        "784 * 0.611",
        {-784 * math.log(0.7): "x is rounded to black and white; use it as it is"},
    )
    wide = function(_Known(0.5, 0.0, 1.0), x).item() - right
    _compare(
        wide,
        1.5 * (math.e - 2),
        "the KL of mu = 0, logvar = 1 in 3 dimensions",
        "3 * (e - 1 - 1) / 2",
        {
            0.0: "logvar takes no part in the KL",
            1.5 * (math.e**2 - 3): "exp(logvar) is the variance already, not the "
            "standard deviation",
            1.5 / math.e: "the KL is the wrong way round: from the code to the prior",
        },
    )
    model = _Known(0.4, 1.0, 1.0).train()
    loss = function(model, x)
    leaves = {"x_hat": model.grey, "mu": model.mu, "logvar": model.logvar}
    if any(weight.grad is not None for weight in leaves.values()):
        raise CheckFailed(
            "gradients are there before anybody asked for them",
            "the loss alone: the training loop calls backward()",
            "backward() inside the function",
        )
    if not model.training:
        raise CheckFailed(
            "the function put the model into eval mode",
            "the mode it came in: in training batch norm has to take notes",
            "model.eval() inside the loss",
        )
    if not loss.requires_grad:
        raise CheckFailed(
            "no gradient flows from the loss",
            "backward() must reach encoder and decoder",
            "detach(), .item() or no_grad() inside the function",
        )
    loss.backward()
    for name, weight in leaves.items():
        if weight.grad is None or not float(weight.grad.abs()) > 0:
            raise CheckFailed(
                f"no gradient reaches {name}",
                "gradients to x_hat, mu and logvar: both terms train the model",
                f"detach(), no_grad() or .item() between {name} and the loss",
            )


@check("remember")
@undisturbed
def remember(function: Callable) -> None:
    """Check that a snapshot holds values: the model is changed on purpose after it."""
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).train()
    x = torch.rand(97, 4) + 5
    model(x)  # the running averages move
    before = {name: value.clone() for name, value in model.state_dict().items()}
    snapshot = function(model)
    _require_state(snapshot, before)
    if not model.training or not _same(model.state_dict(), before):
        raise CheckFailed(
            "the model is not the same after remember",
            "a look, no change: training goes on with weights and mode as they were",
            "eval(), a reset or an assignment inside the function",
        )
    with torch.no_grad():  # a bad epoch
        for weight in model.parameters():
            weight.add_(1.0)
        model(x)
    for name, value in before.items():
        if not torch.equal(snapshot[name], value):
            raise CheckFailed(
                f"after more training the snapshot's {name} has changed too",
                "the values as they were: the best epoch, not the last",
                "references: copy.deepcopy(...), or .clone() of every tensor, copies; "
                "state_dict(), dict(...), detach() and cpu() refer to the same numbers",
            )
    if not _same(function(model), model.state_dict()):
        raise CheckFailed(
            "a second snapshot, after more training, is still the first one",
            "the model's values at the time of the call",
            "something is kept from call to call: a global variable?",
        )
    model.load_state_dict(snapshot)


@check("evaluate")
@undisturbed
def evaluate(function: Callable) -> None:
    """Check both means over uneven batches, in eval mode, without gradients."""
    from torch.utils.data import DataLoader, TensorDataset

    class Recorder(nn.Module):
        """Answers 0.8 everywhere; mu grows with the image; notes how it was called."""

        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(1)
            self.weight = nn.Parameter(torch.ones(1))
            self.calls = []

        def encode(self, x):
            mu = 4 * x.flatten(1)[:, :1].expand(-1, 3) * self.weight  # (B, 3)
            return mu, torch.zeros_like(mu)

        def decode(self, z):
            return torch.full((len(z), 1, 28, 28), 0.8)

        def forward(self, x):
            self.calls.append((self.training, torch.is_grad_enabled(), x.shape[1:]))
            mu, logvar = self.encode(x)
            return torch.full_like(x, 0.8), mu, logvar

    light = torch.arange(97) / 96  # one grey for each image; the last is alone
    x = light.reshape(-1, 1, 1, 1).expand(-1, 1, 28, 28)
    loader = DataLoader(TensorDataset(x, torch.zeros(97)), batch_size=32)
    model = Recorder().train()
    answer = function(model, loader)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise CheckFailed(
            f"evaluate returns {_describe(answer)}",
            "two floats: reconstruction, KL",
            "the return statement",
        )
    if not model.calls:
        raise CheckFailed(
            "the model was never called",
            "model(x), so that z is sampled as in training",
            "decoding mu flatters the loss; use the model's forward",
        )
    if any(training for training, *_ in model.calls):
        raise CheckFailed(
            "the model was in training mode",
            "evaluation mode: model.eval() first",
            "without it batch norm mixes the images of a batch",
        )
    if any(gradients for _, gradients, _ in model.calls):
        raise CheckFailed(
            "gradients were recorded while measuring",
            "none: they cost memory and time",
            "@torch.no_grad() above the function, or with torch.no_grad():",
        )
    shape = tuple(model.calls[0][2])
    if shape != (1, 28, 28):
        raise CheckFailed(
            f"the model was given images of shape {shape}",
            "(1, 28, 28) each, as they come: convolutions need the picture",
            "a flatten or view before model(x)",
        )
    for value in answer:
        if not isinstance(value, Real):
            raise CheckFailed(
                f"evaluate returns {_describe(answer)}",
                "two floats: plain numbers can be printed, compared and stored",
                ".item() or float() turns a tensor of one number into a float",
            )
    pixels = 784 * (light * math.log(0.2 / 0.8) - math.log(0.2))  # (97,)
    logits = 784 * (math.log(1 + math.exp(0.8)) - 0.8 * light)
    price = 24 * light**2  # (97,)
    _require_mean(
        *("reconstruction", answer[0], pixels, price),
        {
            logits.mean(): "x_hat is a probability already: binary_cross_entropy, "
            "without _with_logits",
            784 * (light - 0.8).square().mean(): "that is a squared error",
        },
    )
    _require_mean("KL", answer[1], price, pixels, {})


def _require_mean(
    name: str, value: float, images: torch.Tensor, other: torch.Tensor, more: dict
) -> None:
    """Fail unless the value is the mean of that term over all 97 images."""
    batches = images.split(32)
    means = torch.stack([batch.mean() for batch in batches])
    reasons = {
        other.mean(): "the two numbers are swapped",
        images.mean() + other.mean(): "that is the sum of both terms; keep them apart",
        -images.mean(): "the sign is flipped",
        images.mean() / 784: "that is the mean over the pixels; sum them",
        images.mean() / 3: "averaged over the latent dimensions; sum them",
        images.sum(): "the sum over the images is not divided by their number",
        images.sum() / 4: "divided by the number of batches, not of images",
        images.sum() / 32: "divided by the number of images of one batch",
        images.sum() / 128: "divided by batches times batch size; the last is smaller",
        means.mean(): "a mean of batch means: the last batch has one image, and each "
        "image counts the same",
        means.sum() / 97: "a batch's mean is added where its sum is wanted",
        batches[0].mean(): "only the first batch counts: does return stand in the "
        "loop?",
        batches[-1].mean(): "only the last batch counts: do the totals start again at "
        "0 in the loop?",
        batches[-1].sum() / 97: "each batch replaces the total: += adds",
        images[:96].mean(): "the last, smaller batch is left out",
        **more,
    }
    _compare(
        float(value),
        images.mean().item(),
        f"the mean {name} of 97 images in batches of 32, 32, 32 and 1",
        "what the model's answers cost",
        {wrong.item(): reason for wrong, reason in reasons.items()},
        "the sum over the images (which formula?) and what it is divided by (how many "
        "images came?)",
    )


def _compare(
    value: float,
    right: float,
    what: str,
    formula: str,
    reasons: dict[float, str],
    other: str = "each term, and what it is summed or averaged over",
) -> None:
    """Fail unless the two agree to 1 in 1000; name the reason if one fits."""
    if abs(value - right) <= 1e-3 * abs(right) + 1e-4:
        return
    near = min(reasons, key=lambda known: abs(known - value))
    fits = abs(near - value) <= 2e-3 * abs(near) + 1e-3
    raise CheckFailed(
        f"{what}: {value:.5g}",
        f"{formula} = {right:.5g}",
        reasons[near] if fits else other,
    )


def _describe(value: object) -> str:
    """What a function returned, in a few words."""
    if isinstance(value, tuple | list):
        kinds = ", ".join(type(part).__name__ for part in value)
        return f"{len(value)} values ({kinds})"
    return "nothing (None)" if value is None else f"one {type(value).__name__}"


def _names(layers: list) -> str:
    names = ", ".join(type(layer).__name__ for layer in layers)
    return names or "no layers"


def _same(state: dict, other: dict) -> bool:
    return all(torch.equal(state[name], other[name]) for name in other)


def _require_state(snapshot: object, before: dict) -> None:
    """A dict with the names, types and values of a state_dict."""
    if not hasattr(snapshot, "keys"):
        raise CheckFailed(
            f"remember returns {_describe(snapshot)}",
            "a dict from names to tensors, as state_dict() gives",
            "the return statement",
        )
    missing = [name for name in before if name not in snapshot]
    extra = [name for name in snapshot if name not in before]
    if missing and not extra:
        raise CheckFailed(
            f"the snapshot lacks {', '.join(missing)}",
            "everything in state_dict(), batch norm's running averages included",
            "parameters() leave out the buffers (running averages and their count), "
            "buffers() the parameters",
        )
    if extra:
        raise CheckFailed(
            f"the snapshot has the names {', '.join(map(str, snapshot))}",
            f"those of state_dict(), for load_state_dict(): {', '.join(before)}",
            "nothing around it and nothing added",
        )
    for name, value in before.items():
        kept = snapshot[name]
        if not isinstance(kept, torch.Tensor) or kept.dtype != value.dtype:
            tensor = isinstance(kept, torch.Tensor)
            kind = kept.dtype if tensor else type(kept).__name__
            raise CheckFailed(
                f"the snapshot's {name} is of type {kind}",
                f"a tensor of type {value.dtype}, as in state_dict()",
                "what is done with the values: copy them, do not convert them",
            )
        if not torch.equal(kept, value):
            raise CheckFailed(
                f"the snapshot's {name} is not what the model has",
                "the model's own values at the time of the call",
                "what is copied into the snapshot",
            )


def _build(model_class: type[nn.Module]) -> nn.Module:
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


def _run(net: nn.Module, inputs: torch.Tensor):
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


def _want_pair(answer: object, count: int) -> None:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise CheckFailed(
            f"forward returns {_describe(answer)}",
            "two tensors: mu, logvar",
            "the return statement of forward",
        )
    for name, value in zip(("mu", "logvar"), answer, strict=True):
        want_tensor(
            value,
            (count, 5),
            f"{name} for {count} images and latent_dim 5",
            "the heads (128 -> latent_dim), a batch size written into the code, or a "
            "squeeze() that drops an axis",
        )


def _want_pictures(answer: object, count: int) -> None:
    want_tensor(
        answer,
        (count, 1, 28, 28),
        f"x_hat for {count} codes",
        "7 -> 14 -> 28: window 4, stride 2, padding 1, no output_padding; one channel "
        "at the end, no flattening and no squeeze",
    )


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


def _require_layers(net, inputs, kind: type, order: list[type], where: str) -> list:
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
                f"forward runs {_names(layers)}",
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
            f"forward runs {_names(layers)}",
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


def _require_width(layer: nn.Linear, inputs: int, units: int) -> None:
    if (layer.in_features, layer.out_features) != (inputs, units):
        raise CheckFailed(
            f"a dense layer goes from {layer.in_features} to {layer.out_features}",
            f"from {inputs} to {units} units, so that losses can be compared",
            "the widths of the dense layers",
        )


def _require_own_input(net: nn.Module, inputs: torch.Tensor) -> None:
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


def _require_sigmoid(net: nn.Module, last: nn.Module, z: torch.Tensor) -> None:
    """Put the same number into all of the last layer's output, and see what comes."""
    answers = []
    for value in (-4.0, 0.0, 4.0):
        put = last.register_forward_hook(
            lambda layer, given, out, value=value: torch.full_like(out, value)
        )
        with torch.no_grad():
            answers.append(net(z[:8]).mean().item())
        put.remove()
    low, middle, high = answers[0], answers[1], answers[2]
    low, high = min(low, high), max(low, high)
    if 0 < low < 0.05 and 0.95 < high < 1:
        return
    look = "what follows the last layer: one sigmoid, and nothing else"
    if low < 0 or high > 1:
        look = "the sigmoid after the last layer: is it there, and not a tanh or ReLU?"
    elif low == 0 and high == 1:
        look = "clamp or rounding cuts the numbers off, and no gradient passes there"
    elif abs(high - low) < 1e-3 or any(math.isnan(answer) for answer in answers):
        look = "softmax or a division by the maximum ties the pixels together"
    elif low > 0.49:
        look = (
            "no pixel can become black: a ReLU before the sigmoid, or the sigmoid twice"
        )
    raise CheckFailed(
        "where the last layer gives -4, 0 and 4 the pixels of x_hat are "
        + ", ".join(f"{answer:.3g}" for answer in (answers[0], middle, answers[2])),
        "probabilities from 0 to 1, as a sigmoid gives: 0.018, 0.5, 0.98",
        look,
    )


def _require_gradients(net: nn.Module, loss: torch.Tensor, where: str) -> None:
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
