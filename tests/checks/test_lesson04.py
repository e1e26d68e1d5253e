"""Lesson 04's checks catch what goes wrong, by name, and accept what is right."""

import copy
import io
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed


def conv(n, kernel, stride, padding):
    return (n + 2 * padding - kernel) // stride + 1


def transposed(n, kernel, stride, padding):
    return (n - 1) * stride - 2 * padding + kernel


def by_layer(layer):
    def size(n, kernel, stride, padding):
        return layer(1, 1, kernel, stride, padding)(torch.zeros(1, 1, n, n)).shape[-1]

    return size


SIZES_RIGHT = {
    "formulas": (conv, transposed),
    "int of a quotient": (lambda n, k, s, p: int((n + 2 * p - k) / s + 1), transposed),
    "asking the layers": (by_layer(nn.Conv2d), by_layer(nn.ConvTranspose2d)),
    "counting the places": (
        lambda n, k, s, p: len(range(0, n + 2 * p - k + 1, s)),
        transposed,
    ),
    "numpy's whole numbers": (
        lambda n, k, s, p: np.int64(conv(n, k, s, p)),
        lambda n, k, s, p: s * (n - 1) - 2 * p + (k - 1) + 1,
    ),
}
SIZES_WRONG = {
    "a float": (lambda n, k, s, p: (n + 2 * p - k) / s + 1, transposed, "//"),
    "one padding": (lambda n, k, s, p: (n + p - k) // s + 1, transposed, "both sides"),
    "no plus one": (lambda n, k, s, p: (n + 2 * p - k) // s, transposed, "the . 1"),
    "rounded up": (
        lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1,
        transposed,
        "round down",
    ),
    "rounded": (
        lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
        transposed,
        "conv_size",
    ),
    "no stride": (lambda n, k, s, p: n + 2 * p - k + 1, transposed, "the stride"),
    "kernel for stride": (
        lambda n, k, s, p: conv(n, s, k, p),
        transposed,
        "kernel and stride are swapped",
    ),
    "brackets": (lambda n, k, s, p: n + 2 * p - k // s + 1, transposed, "brackets"),
    "a pair": (lambda n, k, s, p: (conv(n, k, s, p),) * 2, transposed, "one number"),
    "twice the side": (conv, lambda n, k, s, p: n * s, "transposed_size"),
    "one padding back": (conv, lambda n, k, s, p: (n - 1) * s - p + k, "both edges"),
    "padding added back": (conv, lambda n, k, s, p: (n - 1) * s + 2 * p + k, "cut off"),
    "output_padding": (
        conv,
        lambda n, k, s, p: transposed(n, k, s, p) + s - 1,
        "output_padding",
    ),
    "n steps": (conv, lambda n, k, s, p: n * s - 2 * p + k, "n - 1"),
    "swapped": (transposed, conv, "the transposed convolution's size"),
    "nothing": (lambda n, k, s, p: None, transposed, "None"),
}


class Encoder(nn.Module):
    """The reference; the variants below change one thing each."""

    def __init__(self, d, act=nn.ReLU, bias=False, norm=True, stride=2, thin=8):
        super().__init__()
        padding = 1 if stride == 2 else "same"
        kernel = 4 if stride == 2 else 3
        side = 7 if stride == 2 else 28
        norms = (
            [nn.BatchNorm2d(thin), nn.BatchNorm2d(32)] if norm else [nn.Identity()] * 2
        )
        self.body = nn.Sequential(
            nn.Conv2d(1, thin, kernel, stride, padding, bias=bias),
            norms[0],
            act(),
            nn.Conv2d(thin, 32, kernel, stride, padding, bias=bias),
            norms[1],
            act(),
            nn.Flatten(),
            nn.Linear(32 * side * side, 128),
            nn.BatchNorm1d(128),
            act(),
        )
        self.mu, self.logvar = nn.Linear(128, d), nn.Linear(128, d)

    def forward(self, x):
        h = self.body(x)
        return self.mu(h), self.logvar(h)


class OneHead(Encoder):
    def __init__(self, d):
        super().__init__(d)
        del self.mu, self.logvar
        self.head = nn.Linear(128, 2 * d)

    def forward(self, x):
        return self.head(self.body(x)).chunk(2, dim=1)


class Explicit(nn.Module):
    """Functional style with window 3, as many tutorials write it."""

    def __init__(self, d):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 32, 3, 2, 1), nn.BatchNorm2d(32)
        self.dense, self.norm3 = nn.Linear(1568, 128), nn.BatchNorm1d(128)
        self.mu, self.std = nn.Linear(128, d), nn.Linear(128, d)

    def forward(self, x):
        h = F.relu(self.norm1(self.conv1(x)))
        h = F.relu(self.norm2(self.conv2(h)))
        h = F.relu(self.norm3(self.dense(h.view(h.size(0), -1))))
        return self.mu(h), 2 * torch.log(F.softplus(self.std(h)))


def encoder_with(forward, **options):
    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d, **options)

    Changed.forward = forward or Encoder.forward
    return Changed


class ZeroStart(Encoder):
    """logvar starts at 0 for every image, as some initializations have it."""

    def __init__(self, d):
        super().__init__(d)
        nn.init.zeros_(self.logvar.weight)
        nn.init.zeros_(self.logvar.bias)


class Lazy(nn.Module):
    """Layers that find out their input sizes themselves, and ReLUs in place."""

    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(
            *(nn.LazyConv2d(8, 4, 2, 1), nn.LazyBatchNorm2d(), nn.ReLU(True)),
            *(nn.LazyConv2d(32, 4, 2, 1), nn.LazyBatchNorm2d(), nn.ReLU(True)),
            *(nn.Flatten(), nn.LazyLinear(128), nn.LazyBatchNorm1d(), nn.ReLU(True)),
        )
        self.heads = nn.ModuleList([nn.LazyLinear(d), nn.LazyLinear(d)])

    def forward(self, x):
        h = self.body(x)
        return [head(h) for head in self.heads]


class PlainList(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.layers = list(self.body)
        del self.body

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.mu(x), self.logvar(x)


class NormsMadeInForward(Explicit):
    def forward(self, x):
        h = F.relu(nn.BatchNorm2d(8)(self.conv1(x)))
        h = F.relu(nn.BatchNorm2d(32)(self.conv2(h)))
        h = F.relu(self.norm3(self.dense(h.flatten(1))))
        return self.mu(h), self.std(h)


class NoSuper(nn.Module):
    def __init__(self, d):
        self.conv = nn.Conv2d(1, 8, 4, 2, 1)


class NoForward(Encoder):
    forward = nn.Module.forward


def replaced(model_class, place, layer):
    """The model with one layer of its body put in place of another."""

    class Changed(model_class):
        def __init__(self, d):
            super().__init__(d)
            self.body[place] = layer()

    return Changed


def on_heads(change):
    return encoder_with(lambda self, x: change(*Encoder.forward(self, x)))


class NormedHead(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.mu = nn.Sequential(nn.Linear(128, d), nn.BatchNorm1d(d))


class NormMoved(NormedHead):
    """Three batch norms, one of them in the wrong place."""

    def __init__(self, d):
        super().__init__(d)
        self.body[1] = nn.Identity()


def relu_heads(self, x):
    h = self.body(x)
    return self.mu(h).relu(), self.logvar(h)


def shared_head(self, x):
    h = self.body(x)
    return self.mu(h), self.mu(h)


ENCODER_RIGHT = {
    "reference": Encoder,
    "with biases": encoder_with(None, bias=True),
    "SiLU": encoder_with(None, act=nn.SiLU),
    "one head, split": OneHead,
    "layer by layer, softplus": Explicit,
    "logvar starts at 0": ZeroStart,
    "lazy layers, in place": Lazy,
    "body run twice": encoder_with(
        lambda self, x: (self.mu(self.body(x)), self.logvar(self.body(x)))
    ),
}
ENCODER_WRONG = {
    "no batch norm": (encoder_with(None, norm=False), "batch norm"),
    "no stride": (encoder_with(None, stride=1), "stride"),
    "only mu": (
        encoder_with(lambda self, x: self.mu(self.body(x))),
        "two tensors",
    ),
    "relu on mu": (encoder_with(relu_heads), "no activation"),
    "one head for both": (encoder_with(shared_head), "no gradient reaches logvar"),
    "the same numbers": (on_heads(lambda m, v: (m + 0 * v, m + 0 * v)), "two heads"),
    "batch norm on a head": (NormedHead, "none at the output"),
    "batch norm moved to a head": (NormMoved, "none at the output"),
    "no activation": (encoder_with(None, act=nn.Identity), "ReLU"),
    "other channels": (encoder_with(None, thin=4), "channel counts"),
    "fixed batch": (
        on_heads(lambda m, v: (m.expand(128, -1), v.expand(128, -1))),
        "batch size is written",
    ),
    "one ReLU missing": (replaced(Encoder, 5, nn.Identity), "ReLU after batch norm 2"),
    "one batch norm missing": (replaced(Encoder, 1, nn.Identity), "after layer 1"),
    "no running averages": (
        replaced(Encoder, 8, lambda: nn.BatchNorm1d(128, track_running_stats=False)),
        "track_running_stats",
    ),
    "no heads": (
        encoder_with(lambda self, x: self.body(x)[:, :10].chunk(2, dim=1)),
        "the heads",
    ),
    "dropout for a ReLU": (replaced(Encoder, 9, nn.Dropout), "ReLU after batch norm 3"),
    "layer norm": (replaced(Encoder, 8, lambda: nn.LayerNorm(128)), "after layer 3"),
    "norms made in forward": (NormsMadeInForward, "made in __init__"),
    "a plain list": (PlainList, "plain list"),
    "no super().__init__": (NoSuper, "super"),
    "no forward": (NoForward, "no forward"),
    "tanh on mu": (on_heads(lambda m, v: (m.tanh(), v)), "no activation"),
    "std for logvar": (on_heads(lambda m, v: (m, v.exp())), "no activation"),
    "three answers": (on_heads(lambda m, v: (m, m, v)), "3 values"),
    "a draw": (
        on_heads(lambda m, v: (m + torch.randn_like(m), v)),
        "two different answers",
    ),
    "dropout that never ends": (
        on_heads(lambda m, v: (F.dropout(m), v)),
        "dropout that does not follow",
    ),
    "squeeze": (on_heads(lambda m, v: (m.squeeze(), v.squeeze())), "squeeze"),
    "detached": (
        encoder_with(
            lambda self, x: (
                self.mu(self.body(x).detach()),
                self.logvar(self.body(x).detach()),
            )
        ),
        "no gradient",
    ),
    "mixes images": (
        encoder_with(lambda self, x: Encoder.forward(self, x - x.mean(0))),
        "neighbours",
    ),
}


class Decoder(nn.Module):
    def __init__(self, d, act=nn.ReLU, end=nn.Sigmoid, norm_at_end=False, kernel=4):
        super().__init__()
        more = {} if kernel == 4 else {"output_padding": 1}
        self.body = nn.Sequential(
            nn.Linear(d, 128),
            nn.BatchNorm1d(128),
            act(),
            nn.Linear(128, 1568),
            nn.BatchNorm1d(1568),
            act(),
            nn.Unflatten(1, (32, 7, 7)),
            nn.ConvTranspose2d(32, 8, kernel, 2, 1, **more),
            nn.BatchNorm2d(8),
            act(),
            nn.ConvTranspose2d(8, 1, kernel, 2, 1, **more),
            *([nn.BatchNorm2d(1)] if norm_at_end else []),
            end(),
        )

    def forward(self, z):
        return self.body(z)


def decoder_with(forward=None, **options):
    class Changed(Decoder):
        def __init__(self, d):
            super().__init__(d, **options)

    Changed.forward = forward or Decoder.forward
    return Changed


class LastLayerFirst(Decoder):
    """The output layer is made before the others."""

    def __init__(self, d):
        nn.Module.__init__(self)
        self.out = nn.ConvTranspose2d(8, 1, 4, 2, 1)
        self.body = Decoder(d).body[:-2]

    def forward(self, z):
        return torch.sigmoid(self.out(self.body(z)))


class NormMovedToPicture(Decoder):
    def __init__(self, d):
        super().__init__(d, norm_at_end=True)
        self.body[8] = nn.Identity()


class NormOnMaps(Decoder):
    """The norm after the dense layer comes after the unflattening."""

    def __init__(self, d):
        super().__init__(d)
        self.body[4], self.body[5] = nn.ReLU(), nn.Unflatten(1, (32, 7, 7))
        self.body[6] = nn.BatchNorm2d(32)


class Clamp(nn.Module):
    def forward(self, x):
        return x.clamp(0, 1)


class TwoSigmoids(nn.Module):
    def forward(self, x):
        return torch.sigmoid(torch.sigmoid(x))


DECODER_RIGHT = {
    "reference": Decoder,
    "LeakyReLU": decoder_with(act=nn.LeakyReLU),
    "window 3 with output padding": decoder_with(kernel=3),
    "last layer made first": LastLayerFirst,
    "batch norm on the maps": NormOnMaps,
    "functional sigmoid": decoder_with(
        lambda self, z: torch.sigmoid(self.body(z)), end=nn.Identity
    ),
}
DECODER_WRONG = {
    "logits": (decoder_with(end=nn.Identity), "sigmoid after the last"),
    "two sigmoids": (decoder_with(end=TwoSigmoids), "twice"),
    "softmax over pixels": (
        decoder_with(
            lambda self, z: self.body(z).flatten(1).softmax(1).view(-1, 1, 28, 28),
            end=nn.Identity,
        ),
        "softmax",
    ),
    "bytes": (decoder_with(lambda self, z: 255 * self.body(z)), "0 to 1"),
    "one ReLU missing": (replaced(Decoder, 9, nn.Identity), "ReLU after batch norm 3"),
    "one batch norm missing": (replaced(Decoder, 4, nn.Identity), "after layer 2"),
    "no running averages": (
        replaced(Decoder, 1, lambda: nn.BatchNorm1d(128, track_running_stats=False)),
        "track_running_stats",
    ),
    "upsampling": (
        replaced(
            Decoder,
            7,
            lambda: nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(32, 8, 3, padding=1)
            ),
        ),
        "Upsample",
    ),
    "z not used": (
        decoder_with(lambda self, z: self.body(torch.zeros_like(z))),
        "use z",
    ),
    "noise for z": (
        decoder_with(lambda self, z: self.body(torch.randn_like(z))),
        "two different answers",
    ),
    "batch size in the code": (
        decoder_with(lambda self, z: self.body(z).view(64, 1, 28, 28)),
        "batch size is written",
    ),
    "no channel": (decoder_with(lambda self, z: self.body(z).squeeze(1)), "squeeze"),
    "relu, then sigmoid": (
        decoder_with(lambda self, z: torch.sigmoid(self.body(z)), end=nn.ReLU),
        "black",
    ),
    "tanh": (decoder_with(end=nn.Tanh), "0 to 1"),
    "clamp": (decoder_with(end=Clamp), "clamp"),
    "no activation": (decoder_with(act=nn.Identity), "ReLU"),
    "batch norm moved to the picture": (NormMovedToPicture, "none at the output"),
    "batch norm at the end": (decoder_with(norm_at_end=True), "none at the output"),
    "flattened": (decoder_with(lambda self, z: self.body(z).flatten(1)), "shape"),
    "an encoder": (Encoder, "conv2d"),
    "detached": (decoder_with(lambda self, z: self.body(z).detach()), "grad"),
}


def kl(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)


def terms(model, x):
    x_hat, mu, logvar = model(x)
    pixels = F.binary_cross_entropy(x_hat, x, reduction="none")
    return pixels.flatten(1).sum(1), kl(mu, logvar)


def loss(model, x, beta=1.0):
    reconstruction, price = terms(model, x)
    return (reconstruction + beta * price).mean()


def loss_by_sums(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    pixels = F.binary_cross_entropy(x_hat, x, reduction="sum")
    return (pixels + beta * kl(mu, logvar).sum()) / x.size(0)


def loss_by_formula(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    p = x_hat.clamp(1e-7, 1 - 1e-7)
    pixels = -(x * p.log() + (1 - x) * (1 - p).log()).sum(dim=(1, 2, 3))
    return torch.mean(pixels) + beta * torch.mean(kl(mu, logvar))


def changed_loss(formula):
    return lambda model, x, beta=1.0: formula(model, x, beta, *terms(model, x))


def loss_by_distributions(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    code = torch.distributions.Normal(mu, (logvar / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    price = torch.distributions.kl_divergence(code, prior).sum(-1)
    return 784 * F.binary_cross_entropy(x_hat, x) + beta * price.mean()


def loss_of(change, kl=kl):
    """The loss with something else for the reconstruction or the KL."""

    def changed(model, x, beta=1.0):
        x_hat, mu, logvar = model(x)
        return (change(x_hat, x).flatten(1).sum(1) + beta * kl(mu, logvar)).mean()

    return changed


def bce(x_hat, x):
    return F.binary_cross_entropy(x_hat, x, reduction="none")


def log_of_zero(x_hat, x):
    return -(x * x_hat.log() + (1 - x) * (1 - x_hat).log())


def in_eval_mode(model, x, beta=1.0):
    model.eval()
    return loss(model, x, beta)


def with_backward(model, x, beta=1.0):
    answer = loss(model, x, beta)
    answer.backward()
    return answer


LOSS_RIGHT = {
    "per image": loss,
    "sums": loss_by_sums,
    "formula": loss_by_formula,
    "distributions": loss_by_distributions,
    "float64": loss_of(lambda x_hat, x: bce(x_hat.double(), x.double())),
    "shape (1,)": lambda m, x, beta=1.0: loss(m, x, beta).reshape(1),
}
LOSS_WRONG = {
    "mean over pixels": (
        changed_loss(lambda m, x, b, r, k: (r / 784 + b * k).mean()),
        "pix",
    ),
    "sum over images": (
        changed_loss(lambda m, x, b, r, k: (r + b * k).sum()),
        "images",
    ),
    "KL subtracted": (
        changed_loss(lambda m, x, b, r, k: (r - b * k).mean()),
        "subtract",
    ),
    "no KL": (changed_loss(lambda m, x, b, r, k: r.mean()), "KL is missing"),
    "batch size in the code": (
        changed_loss(lambda m, x, b, r, k: (r + b * k).sum() / 128),
        "batch size",
    ),
    "beta on the pixels": (
        changed_loss(lambda m, x, b, r, k: (b * r + k).mean()),
        "multiplies the reconstruction",
    ),
    "beta on both": (
        changed_loss(lambda m, x, b, r, k: b * (r + k).mean()),
        "both terms",
    ),
    "beta is 4": (lambda m, x, beta=4.0: loss(m, x, beta), "default"),
    "log of zero": (loss_of(log_of_zero), "clamp"),
    "black and white": (
        loss_of(lambda x_hat, x: bce(x_hat, (x > 0.5).float())),
        "rounded",
    ),
    "half of it": (loss_of(lambda x_hat, x: -x * (x_hat + 1e-7).log()), "half of the"),
    "std from logvar": (loss_of(bce, lambda m, v: kl(m, 2 * v)), "variance already"),
    "KL of swapped": (loss_of(bce, lambda m, v: kl(v, m)), "mu and logvar are swapped"),
    "eval": (in_eval_mode, "eval mode"),
    "backward inside": (with_backward, "backward"),
    "x changed": (
        lambda m, x, beta=1.0: loss(m, x.clamp_(0.1, 0.9), beta),
        "in place",
    ),
    "no beta": (changed_loss(lambda m, x, b, r, k: (r + k).mean()), "beta is not used"),
    "KL over d": (changed_loss(lambda m, x, b, r, k: (r + b * k / 3).mean()), "summed"),
    "KL summed": (
        changed_loss(lambda m, x, b, r, k: r.mean() + b * k.sum()),
        "averaged",
    ),
    "per image": (changed_loss(lambda m, x, b, r, k: r + b * k), "one number"),
    "with logits": (
        lambda m, x, beta=1.0: (
            F.binary_cross_entropy_with_logits(m(x)[0], x, reduction="sum") / len(x)
        ),
        "probability already",
    ),
    "swapped": (
        lambda m, x, beta=1.0: F.binary_cross_entropy(x, m(x)[0]) * 784,
        "swapped",
    ),
    "KL without logvar": (
        lambda m, x, beta=1.0: (
            terms(m, x)[0] + beta * 0.5 * m(x)[1].square().sum(1)
        ).mean(),
        "logvar takes no part",
    ),
    "logvar detached": (
        lambda m, x, beta=1.0: loss(lambda y: (*m(y)[:2], m(y)[2].detach()), x, beta),
        "reaches logvar",
    ),
    "detached": (lambda m, x, beta=1.0: loss(m, x, beta).detach(), "no gradient"),
    "mu detached": (
        changed_loss(lambda m, x, b, r, k: (r + b * k.detach()).mean()),
        "reaches mu",
    ),
    "squares": (
        lambda m, x, beta=1.0: ((m(x)[0] - x) ** 2).flatten(1).sum(1).mean(),
        "squared error",
    ),
}


def through_a_file(model):
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    return torch.load(buffer)


KEPT = {}


def kept_once(model):
    if not KEPT:
        KEPT.update(copy.deepcopy(model.state_dict()))
    return KEPT


def in_eval(model):
    return copy.deepcopy(model.eval().state_dict())


def state(change):
    """A snapshot with every value changed."""
    return lambda m: {name: change(v) for name, v in m.state_dict().items()}


REMEMBER_RIGHT = {
    "through a file": through_a_file,
    "deepcopy": lambda m: copy.deepcopy(m.state_dict()),
    "clone": lambda m: {k: v.clone() for k, v in m.state_dict().items()},
    "detach and clone": lambda m: {
        k: v.detach().cpu().clone() for k, v in m.state_dict().items()
    },
    "copied model": lambda m: copy.deepcopy(m).state_dict(),
}
REMEMBER_WRONG = {
    "reference": (lambda m: m.state_dict(), "deepcopy"),
    "shallow": (lambda m: dict(m.state_dict()), "deepcopy"),
    "copy.copy": (lambda m: copy.copy(m.state_dict()), "deepcopy"),
    "detach": (lambda m: {k: v.detach() for k, v in m.state_dict().items()}, "clone"),
    "parameters only": (
        lambda m: {k: v.clone() for k, v in m.named_parameters()},
        "running",
    ),
    "without counts": (
        lambda m: {k: v.clone() for k, v in m.state_dict().items() if v.dim()},
        "num_batches",
    ),
    "buffers by reference": (
        lambda m: {
            k: v if "run" in k else v.clone() for k, v in m.state_dict().items()
        },
        "running_mean has changed",
    ),
    "data": (state(lambda v: v.data), "references"),
    "cpu": (state(lambda v: v.cpu()), "references"),
    "numpy": (state(lambda v: v.numpy().copy()), "ndarray"),
    "half precision": (state(lambda v: v.clone().half()), "float16"),
    "zeros": (state(torch.zeros_like), "not what the model has"),
    "wrapped": (lambda m: {"model": copy.deepcopy(m.state_dict())}, "nothing around"),
    "eval": (in_eval, "mode"),
    "kept once": (kept_once, "second snapshot"),
    "the model": (lambda m: m, "dict"),
    "nothing": (lambda m: None, "dict"),
}


def evaluate(model, loader):
    model.eval()
    reconstruction, price, count = 0.0, 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            r, k = terms(model, x)
            reconstruction += r.sum().item()
            price += k.sum().item()
            count += len(x)
    return reconstruction / count, price / count


def averaged(parts):
    return tuple(torch.cat(column).mean().item() for column in zip(*parts, strict=True))


@torch.inference_mode()
def evaluate_by_lists(model, loader):
    model.train(False)
    return averaged([terms(model, x) for x, _ in loader])


@torch.no_grad()
def evaluate_by_running_means(model, loader):
    was = model.training
    model.eval()
    means, count = np.zeros(2), 0
    for x, _ in loader:
        count += len(x)
        new = np.array([part.mean().item() for part in terms(model, x)])
        means += (new - means) * len(x) / count
    model.train(was)
    return tuple(means)


@torch.no_grad()
def evaluate_one_by_one(model, loader):
    model.eval()
    return averaged(
        [terms(model, x[i, None]) for x, _ in loader for i in range(len(x))]
    )


def evaluate_over_dataset(model, loader):
    model.eval()
    total = torch.zeros(2)
    with torch.no_grad():
        for x, _ in loader:
            total += torch.stack([part.sum() for part in terms(model, x)])
    return (total / len(loader.dataset)).tolist()


@torch.no_grad()
def in_train_mode(model, loader):
    return averaged([terms(model, x) for x, _ in loader])


def with_gradients(model, loader):
    model.eval()
    return averaged([terms(model, x) for x, _ in loader])


def over(choose):
    """evaluate, but on some of the batches only."""

    @torch.no_grad()
    def function(model, loader):
        model.eval()
        return averaged([terms(model, x) for x, _ in choose(list(loader))])

    return function


@torch.no_grad()
def flattened(model, loader):
    model.eval()
    parts = []
    for x, _ in loader:
        x_hat, mu, logvar = model(x.flatten(1))
        parts.append((bce(x_hat, x.flatten(1)).sum(1), kl(mu, logvar)))
    return averaged(parts)


@torch.no_grad()
def mean_of_means(model, loader):
    model.eval()
    means = [[part.mean() for part in terms(model, x)] for x, _ in loader]
    return tuple(torch.tensor(means).mean(0).tolist())


@torch.no_grad()
def from_mu(model, loader):
    model.eval()
    parts = []
    for x, _ in loader:
        mu, logvar = model.encode(x)
        pixels = F.binary_cross_entropy(model.decode(mu), x, reduction="none")
        parts.append((pixels.flatten(1).sum(1), kl(mu, logvar)))
    return averaged(parts)


def changed_answer(change):
    return lambda model, loader: change(*evaluate(model, loader))


EVALUATE_RIGHT = {
    "sums": evaluate,
    "lists": evaluate_by_lists,
    "over the data set": evaluate_over_dataset,
    "running means": evaluate_by_running_means,
    "one image at a time": evaluate_one_by_one,
}
EVALUATE_WRONG = {
    "train mode": (in_train_mode, "eval"),
    "gradients": (with_gradients, "no_grad"),
    "mean of means": (mean_of_means, "last batch"),
    "last batch dropped": (over(lambda batches: batches[:-1]), "is left out"),
    "first batch": (over(lambda batches: batches[:1]), "return stand in"),
    "totals reset": (over(lambda batches: batches[-1:]), "only the last batch"),
    "flattened": (flattened, "before model"),
    "tensors": (
        changed_answer(lambda r, k: (torch.tensor(r), torch.tensor(k))),
        "item",
    ),
    "a dict": (changed_answer(lambda r, k: {"r": r, "k": k}), "one dict"),
    "total first": (changed_answer(lambda r, k: (r + k, k)), "sum of both"),
    "KL's sign": (changed_answer(lambda r, k: (r, -k)), "sign"),
    "KL over d": (changed_answer(lambda r, k: (r, k / 3)), "latent dimensions"),
    "per batch": (changed_answer(lambda r, k: (97 * r / 4, k)), "number of batches"),
    "four full batches": (
        changed_answer(lambda r, k: (97 * r / 128, 97 * k / 128)),
        "last is smaller",
    ),
    "mu decoded": (from_mu, "never called"),
    "one number": (changed_answer(lambda r, k: r + k), "two floats"),
    "swapped": (changed_answer(lambda r, k: (k, r)), "swapped"),
    "summed": (changed_answer(lambda r, k: (97 * r, 97 * k)), "their number"),
    "mean over pixels": (changed_answer(lambda r, k: (r / 784, k)), "pixels"),
}

EXERCISES = {
    "Encoder": (checks.encoder, ENCODER_RIGHT, ENCODER_WRONG),
    "Decoder": (checks.decoder, DECODER_RIGHT, DECODER_WRONG),
    "vae_loss": (checks.vae_loss, LOSS_RIGHT, LOSS_WRONG),
    "remember": (checks.remember, REMEMBER_RIGHT, REMEMBER_WRONG),
    "evaluate": (checks.evaluate, EVALUATE_RIGHT, EVALUATE_WRONG),
}
RIGHT = [(e, v) for e, (_, right, _) in EXERCISES.items() for v in right]
WRONG = [(e, v) for e, (_, _, wrong) in EXERCISES.items() for v in wrong]


@pytest.mark.parametrize("variant", SIZES_RIGHT)
def test_right_sizes(variant):
    checks.sizes(*SIZES_RIGHT[variant])


@pytest.mark.parametrize("variant", SIZES_WRONG)
def test_wrong_sizes(variant):
    *functions, named = SIZES_WRONG[variant]
    with pytest.raises(CheckFailed, match=named):
        checks.sizes(*functions)


@pytest.mark.parametrize(("exercise", "variant"), RIGHT)
def test_right_in_several_ways(exercise, variant, capsys):
    check, right, _ = EXERCISES[exercise]
    for _ in range(2):  # a check may not depend on luck
        check(right[variant])
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize(("exercise", "variant"), WRONG)
def test_wrong_is_named(exercise, variant):
    check, _, wrong = EXERCISES[exercise]
    answer, named = wrong[variant]
    with pytest.raises(CheckFailed, match=named):
        check(answer)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_random_numbers_stay_where_they_were(exercise):
    check, right, _ = EXERCISES[exercise]
    before = torch.get_rng_state()
    check(next(iter(right.values())))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_stub_stays_a_stub(exercise):
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=f"{exercise}.*not written yet"):
        EXERCISES[exercise][0](stub)
