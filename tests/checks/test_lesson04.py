"""Lesson 04's checks catch what goes wrong, by name, and accept what is right."""

import copy

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
}
SIZES_WRONG = {
    "a float": (lambda n, k, s, p: (n + 2 * p - k) / s + 1, transposed, "//"),
    "one padding": (lambda n, k, s, p: (n + p - k) // s + 1, transposed, "conv_size"),
    "no plus one": (lambda n, k, s, p: (n + 2 * p - k) // s, transposed, "conv_size"),
    "twice the side": (conv, lambda n, k, s, p: n * s, "transposed_size"),
    "swapped": (transposed, conv, "conv_size"),
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
}
ENCODER_WRONG = {
    "no batch norm": (encoder_with(None, norm=False), "batch norm"),
    "no stride": (encoder_with(None, stride=1), "stride"),
    "only mu": (
        encoder_with(lambda self, x: self.mu(self.body(x))),
        "two tensors",
    ),
    "relu on mu": (encoder_with(relu_heads), "no activation"),
    "one head for both": (encoder_with(shared_head), "two heads"),
    "batch norm on a head": (NormedHead, "none at the output"),
    "batch norm moved to a head": (NormMoved, "none at the output"),
    "no activation": (encoder_with(None, act=nn.Identity), "ReLU"),
    "other channels": (encoder_with(None, thin=4), "channel counts"),
    "fixed batch": (
        encoder_with(
            lambda self, x: tuple(t.expand(128, -1) for t in Encoder.forward(self, x))
        ),
        "RuntimeError|shape",
    ),
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
    "two sigmoids": (decoder_with(end=TwoSigmoids), "black|twice"),
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
    "an encoder": (Encoder, "ConvTranspose2d"),
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


LOSS_RIGHT = {"per image": loss, "sums": loss_by_sums, "formula": loss_by_formula}
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

REMEMBER_RIGHT = {
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


@torch.inference_mode()
def evaluate_by_lists(model, loader):
    model.train(False)
    parts = [terms(model, x) for x, _ in loader]
    return tuple(torch.cat(column).mean() for column in zip(*parts, strict=True))


def evaluate_over_dataset(model, loader):
    model.eval()
    total = torch.zeros(2)
    with torch.no_grad():
        for x, _ in loader:
            total += torch.stack([part.sum() for part in terms(model, x)])
    return (total / len(loader.dataset)).tolist()


def in_train_mode(model, loader):
    with torch.no_grad():
        parts = [terms(model, x) for x, _ in loader]
    return tuple(torch.cat(column).mean() for column in zip(*parts, strict=True))


def with_gradients(model, loader):
    model.eval()
    parts = [terms(model, x) for x, _ in loader]
    return tuple(torch.cat(c).mean().item() for c in zip(*parts, strict=True))


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
    return tuple(torch.cat(column).mean() for column in zip(*parts, strict=True))


def changed_answer(change):
    return lambda model, loader: change(*evaluate(model, loader))


EVALUATE_RIGHT = {
    "sums": evaluate,
    "lists": evaluate_by_lists,
    "over the data set": evaluate_over_dataset,
}
EVALUATE_WRONG = {
    "train mode": (in_train_mode, "eval"),
    "gradients": (with_gradients, "no_grad"),
    "mean of means": (mean_of_means, "last batch"),
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
def test_a_stub_stays_a_stub(exercise):
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=f"{exercise}.*not written yet"):
        EXERCISES[exercise][0](stub)
