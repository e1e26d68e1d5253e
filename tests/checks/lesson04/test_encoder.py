"""Right and wrong encoders."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson04 as checks
from tests.checks.trial import trial

CHECK = checks.encoder
NAMES = ("Encoder",)


class Encoder(nn.Module):
    """The reference; the variants below change one thing each."""

    def __init__(self, d, act=nn.ReLU, bias=False, kernel=4, padding=1, thin=8):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, thin, kernel, 2, padding, bias=bias),
            nn.BatchNorm2d(thin),
            act(),
            nn.Conv2d(thin, 32, kernel, 2, padding, bias=bias),
            nn.BatchNorm2d(32),
            act(),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, 128, bias=bias),
            nn.BatchNorm1d(128),
            act(),
        )
        self.mu, self.logvar = nn.Linear(128, d), nn.Linear(128, d)

    def forward(self, x):
        h = self.body(x)
        return self.mu(h), self.logvar(h)


def with_options(**options):
    """The encoder with other arguments."""

    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d, **options)

    return Changed


def running(forward):
    """The encoder with another forward."""

    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d)

    Changed.forward = forward
    return Changed


def replaced(place, layer):
    """The encoder with another layer in one place."""

    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d)
            self.body[place] = layer()

    return Changed


def inserted(place, layer):
    """The encoder with one more layer."""

    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d)
            layers = list(self.body)
            self.body = nn.Sequential(*layers[:place], layer(), *layers[place:])

    return Changed


def swapped(place):
    """The encoder with two layers in each other's place."""

    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d)
            layers = list(self.body)
            layers[place : place + 2] = layers[place + 1], layers[place]
            self.body = nn.Sequential(*layers)

    return Changed


def on_heads(change):
    """The encoder with something done to mu and logvar."""

    class Changed(Encoder):
        def __init__(self, d):
            super().__init__(d)

        def forward(self, x):
            h = self.body(x)
            return change(self.mu(h), self.logvar(h))

    return Changed


class OneHead(Encoder):
    def __init__(self, d):
        super().__init__(d)
        del self.mu, self.logvar
        self.head = nn.Linear(128, 2 * d)

    def forward(self, x):
        return self.head(self.body(x)).chunk(2, dim=1)


class Explicit(nn.Module):
    """Functional style, with softplus for the standard deviation."""

    def __init__(self, d):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 8, 4, 2, 1), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 32, 4, 2, 1), nn.BatchNorm2d(32)
        self.dense, self.norm3 = nn.Linear(1568, 128), nn.BatchNorm1d(128)
        self.mu, self.std = nn.Linear(128, d), nn.Linear(128, d)

    def forward(self, x):
        h = F.relu(self.norm1(self.conv1(x)))
        h = F.relu(self.norm2(self.conv2(h)))
        h = F.relu(self.norm3(self.dense(h.view(h.size(0), -1))))
        return self.mu(h), 2 * torch.log(F.softplus(self.std(h)) + 1e-6)


class ByFunctions(nn.Module):
    """Weights of its own, and functions only."""

    def __init__(self, d):
        super().__init__()
        shapes = [(8, 1, 4, 4), (32, 8, 4, 4), (128, 1568), (d, 128), (d, 128)]
        self.w = nn.ParameterList(0.1 * torch.randn(shape) for shape in shapes)
        self.norms = nn.ModuleList(
            [nn.BatchNorm2d(8), nn.BatchNorm2d(32), nn.BatchNorm1d(128)]
        )

    def forward(self, x):
        h = self.norms[0](F.conv2d(x, self.w[0], stride=2, padding=1)).relu()
        h = self.norms[1](F.conv2d(h, self.w[1], stride=2, padding=1)).relu()
        h = self.norms[2](F.linear(h.flatten(1), self.w[2])).relu()
        return F.linear(h, self.w[3]), F.linear(h, self.w[4])


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


class Blocks(nn.Module):
    """A block for each step, as larger models have them."""

    def __init__(self, latent_dim):
        super().__init__()
        relu = nn.ReLU(inplace=True)
        self.first = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.BatchNorm2d(8), relu)
        self.second = nn.Sequential(nn.Conv2d(8, 32, 4, 2, 1), nn.BatchNorm2d(32), relu)
        self.dense = nn.Sequential(nn.Linear(1568, 128), nn.BatchNorm1d(128), relu)
        self.head = nn.Linear(128, 2 * latent_dim)
        self.latent_dim = latent_dim

    def forward(self, x):
        h = self.second(self.first(x))
        both = self.head(self.dense(h.reshape(len(x), -1)))
        return both[:, : self.latent_dim], both[:, self.latent_dim :]


class PaddedByHand(Encoder):
    def __init__(self, d):
        super().__init__(d, padding=0)
        self.body.insert(3, nn.ZeroPad2d(1))
        self.body.insert(0, nn.ZeroPad2d(1))


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


class NormedHead(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.mu = nn.Sequential(nn.Linear(128, d), nn.BatchNorm1d(d))


class NormMoved(NormedHead):
    """Three batch norms, one of them in the wrong place."""

    def __init__(self, d):
        super().__init__(d)
        self.body[1] = nn.Identity()


class HiddenBeforeHeads(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.hidden = nn.Linear(128, 128)

    def forward(self, x):
        h = self.hidden(self.body(x)).relu()
        return self.mu(h), self.logvar(h)


class HeadOfThePicture(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.logvar = nn.Linear(784, d)

    def forward(self, x):
        return self.mu(self.body(x)), self.logvar(x.flatten(1))


class LogvarOfMu(Encoder):
    def __init__(self, d):
        super().__init__(d)
        self.logvar = nn.Linear(d, d)

    def forward(self, x):
        mu = self.mu(self.body(x))
        return mu, self.logvar(mu)


class HeadBeforeTheReLU(Encoder):
    def forward(self, x):
        h = self.body[:-1](x)
        return self.mu(h.relu()), self.logvar(h)


class Pooling(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 32, 3, 1, 1), nn.BatchNorm2d(32), nn.ReLU()),
            *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1568, 128)),
            *(nn.BatchNorm1d(128), nn.ReLU()),
        )
        self.mu, self.logvar = nn.Linear(128, d), nn.Linear(128, d)

    forward = Encoder.forward


class Dense(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU())
        self.mu, self.logvar = nn.Linear(128, d), nn.Linear(128, d)

    forward = Encoder.forward


def relu_heads(self, x):
    h = self.body(x)
    return self.mu(h).relu(), self.logvar(h)


def shared_head(self, x):
    h = self.body(x)
    return self.mu(h), self.mu(h)


def body_twice(self, x):
    return self.mu(self.body(x)), self.logvar(self.body(x))


def detached(self, x):
    h = self.body(x).detach()
    return self.mu(h), self.logvar(h)


def mean_taken_off(self, x):
    return Encoder.forward(self, x - x.mean(0))


def turned_to_minus_one(self, x):
    return Encoder.forward(self, 2 * x - 1)


def without_gradient(self, x):
    with torch.no_grad():
        return Encoder.forward(self, x)


def norm_always_training(self, x):
    self.body[1].train()
    return Encoder.forward(self, x)


def float32_written_in(self, x):
    h = self.body(x.float())
    return self.mu(h).float(), self.logvar(h).to(torch.float32)


def logvar_of_a_detached_body(self, x):
    h = self.body(x)
    return self.mu(h), self.logvar(h.detach())


def mu_of_a_detached_body(self, x):
    h = self.body(x)
    return self.mu(h.data), self.logvar(h)


def half_detached_between_convolutions(self, x):
    h = self.body[:3](x)
    h = self.body[3:](0.5 * h + 0.5 * h.detach())
    return self.mu(h), self.logvar(h)


def detached_between_convolutions(self, x):
    h = self.body[3:](self.body[:3](x).detach())
    return self.mu(h), self.logvar(h)


def logvar_of_a_body_without_gradient(self, x):
    with torch.no_grad():
        h = self.body(x)
    return self.mu(self.body(x)), self.logvar(h)


def logvar_by_numpy(self, x):
    h = self.body(x)
    return self.mu(h), self.logvar(torch.from_numpy(h.detach().numpy()))


def norm_of_the_batch(self, x):
    """Batch norm by a function that is given no averages."""
    for layer in self.body:
        norm = isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
        x = F.batch_norm(x, None, None, training=True) if norm else layer(x)
    return self.mu(x), self.logvar(x)


class ListsItsOwn(Encoder):
    """Its heads lie in a plain list, and the model's listing is replaced."""

    def __init__(self, d):
        super().__init__(d)
        heads = [self.mu, self.logvar]
        known = self.parameters

        def with_heads(recurse=True):
            yield from known(recurse)
            for head in heads:
                yield from head.parameters()

        self.parameters = with_heads


def other_with_gradients(self, x):
    mu, logvar = Encoder.forward(self, x)
    return (mu.tanh() if torch.is_grad_enabled() else mu), logvar


def other_unless_watched(self, x):
    mu, logvar = Encoder.forward(self, x)
    return (mu if torch.overrides._get_current_function_mode() else mu.tanh()), logvar


class Turns(nn.Module):
    def forward(self, maps):
        return maps.transpose(2, 3) if maps.dim() == 4 else maps.flip(1)


class Rolls(nn.Module):
    def forward(self, maps):
        return maps.roll(1, dims=3)


class RightChannelsLast(Encoder):
    """Another order of the 1568 units, which learn their own weights."""

    def __init__(self, d):
        super().__init__(d)

    def forward(self, x):
        h = self.body[:6](x).permute(0, 2, 3, 1)
        h = self.body[6:](h)
        return self.mu(h), self.logvar(h)


RIGHT = [
    RightChannelsLast,
    on_heads(lambda m, v: (m, v.clamp(-10, 10))),
    on_heads(lambda m, v: (m, 2 * (F.softplus(v) + 1e-4).log())),
    Encoder,
    with_options(bias=True),
    with_options(act=nn.SiLU),
    OneHead,
    Explicit,
    ZeroStart,
    Lazy,
    running(body_twice),
    ByFunctions,
    Blocks,
    PaddedByHand,
    with_options(act=nn.ELU),
    with_options(act=nn.GELU),
    with_options(act=nn.LeakyReLU),
    with_options(act=nn.PReLU),
    on_heads(lambda m, v: (m, v.clamp(-10, 10))),
    on_heads(lambda m, v: (m, 2 * v)),
    on_heads(lambda m, v: [m, v]),
    on_heads(lambda m, v: (m, 0.1 * v)),
    replaced(4, lambda: nn.BatchNorm2d(32, momentum=None, eps=1e-3)),
    with_options(act=nn.Mish),
    with_options(act=lambda: nn.LeakyReLU(0.2)),
    running(float32_written_in),
]


class EqualKernels(Encoder):
    def __init__(self, d):
        super().__init__(d)
        for p in self.parameters():
            if p.dim() == 4:
                nn.init.constant_(p, 0.1)


class FromOneNumber(Encoder):
    def __init__(self, d):
        super().__init__(d)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.constant_(p, 0.01)


class DenseAsConvolution(Encoder):
    def __init__(self, d):
        super().__init__(d)
        dense = (nn.Conv2d(32, 128, 7), nn.BatchNorm2d(128), nn.ReLU(), nn.Flatten())
        self.body = nn.Sequential(*self.body[:6], *dense)


class NormOfPlaces(Encoder):
    def __init__(self, d):
        super().__init__(d)
        del self.body[6]
        self.body[4] = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(32 * 7 * 7))


WRONG = [
    (inserted(3, Rolls), "after batch norm 1 the pixels change places"),
    (inserted(2, Turns), "after batch norm 1 the pixels change places"),
    (inserted(1, Turns), "batch norm 1 is not given the numbers of layer 1"),
    (inserted(4, Rolls), "batch norm 2 is not given the numbers of layer 2"),
    (running(other_with_gradients), "are others with gradients"),
    (running(other_unless_watched), "are others while torch's functions are watched"),
    (ListsItsOwn, "defines parameters itself"),
    (running(norm_of_the_batch), "batch norm 1 keeps no running averages"),
    (replaced(4, lambda: nn.GroupNorm(4, 32)), "layer 2 | GroupNorm are other norms"),
    (
        replaced(0, lambda: nn.Conv2d(1, 8, 4, 2, 1, padding_mode="reflect")),
        "a padding_mode other than zeros",
    ),
    (NormOfPlaces, "batch norm 2 has 1568 means | one for each channel"),
    (DenseAsConvolution, "in place of the large dense layer: nn.Linear"),
    (on_heads(lambda m, v: (m.clamp(-10, 10), v)), "ReLU, sigmoid, tanh, clamp"),
    (EqualKernels, "all weights of 8 x 1 x 4 x 4 and 32 x 8 x 4 x 4 are 0.1"),
    (
        on_heads(lambda m, v: (m - m.mean(1, keepdim=True), v)),
        "mu as its head gives it",
    ),
    (FromOneNumber, "are 0.01 in a new model | units that begin alike stay alike"),
    (with_options(kernel=3), "a window of 3 x 3"),
    (with_options(kernel=2, padding=0), "a window of 2 x 2"),
    (with_options(kernel=5, padding=2), "a window of 5 x 5"),
    (with_options(thin=4), "channels 1 -> 4"),
    (with_options(act=nn.Identity), "ReLU"),
    (with_options(act=nn.Tanh), "tanh"),
    (with_options(act=nn.Sigmoid), "sigmoid"),
    (with_options(act=nn.ReLU6), "cuts large numbers off"),
    (with_options(act=nn.Dropout), "batch norm 1"),
    (replaced(0, lambda: nn.Conv2d(1, 8, 3, 1, 1)), "shapes cannot be multiplied"),
    (replaced(5, nn.Identity), "ReLU after batch norm 2"),
    (replaced(5, nn.Tanh), "after batch norm 2"),
    (replaced(9, nn.Dropout), "after batch norm 3"),
    (replaced(1, nn.Identity), "after layer 1"),
    (replaced(8, lambda: nn.LayerNorm(128)), "after layer 3"),
    (replaced(1, lambda: nn.InstanceNorm2d(8)), "after layer 1"),
    (
        replaced(8, lambda: nn.BatchNorm1d(128, track_running_stats=False)),
        "track_running_stats",
    ),
    (replaced(8, lambda: nn.BatchNorm1d(128, affine=False)), "affine"),
    (replaced(4, lambda: nn.BatchNorm2d(32, momentum=0.0)), "momentum"),
    (on_heads(lambda m, v: (m, v.detach())), "no gradient reaches logvar"),
    (on_heads(lambda m, v: (m, F.logsigmoid(v))), "no activation"),
    (on_heads(lambda m, v: {"mu": m, "logvar": v}), "two tensors"),
    (
        replaced(
            7,
            lambda: nn.Sequential(nn.Linear(1568, 500), nn.ReLU(), nn.Linear(500, 128)),
        ),
        "batch norm after layer 3",
    ),
    (
        replaced(0, lambda: nn.Conv2d(1, 8, 4, 2, 1, padding_mode="reflect")),
        "padding 1",
    ),
    (inserted(3, nn.Dropout), "dropout"),
    (inserted(10, lambda: nn.Dropout(0.1)), "dropout"),
    (inserted(10, lambda: nn.Linear(128, 128)), "a layer before the heads"),
    (inserted(3, lambda: nn.Conv2d(8, 8, 3, 1, 1)), "two strided convolutions"),
    (swapped(1), "an activation comes after batch norm"),
    (swapped(4), "an activation comes after batch norm"),
    (swapped(8), "an activation comes after batch norm"),
    (running(lambda self, x: self.mu(self.body(x))), "two tensors"),
    (running(relu_heads), "no activation"),
    (running(shared_head), "one head where two are needed"),
    (running(detached), "no gradient"),
    (running(without_gradient), "no gradient"),
    (running(mean_taken_off), "before the first layer"),
    (running(turned_to_minus_one), "before the first layer"),
    (running(norm_always_training), "mode"),
    (running(lambda self, x: self.body(x)[:, :10].chunk(2, dim=1)), "shape"),
    (on_heads(lambda m, v: (m + 0 * v, m + 0 * v)), "two heads"),
    (on_heads(lambda m, v: (m, v + m)), "two heads"),
    (on_heads(lambda m, v: (m, -m)), "two heads"),
    (on_heads(lambda m, v: (m.expand(128, -1), v.expand(128, -1))), "batch size"),
    (on_heads(lambda m, v: (m.tanh(), v)), "no activation"),
    (on_heads(lambda m, v: (m, v.exp())), "no activation"),
    (on_heads(lambda m, v: (m, v.tanh())), "no activation"),
    (on_heads(lambda m, v: (m, F.softplus(v))), "no activation"),
    (on_heads(lambda m, v: (m, v.clamp(-1, 1))), "clamp"),
    (on_heads(lambda m, v: (m, v.abs())), "no activation"),
    (on_heads(lambda m, v: (m, v, m)), "a tuple of 3"),
    (on_heads(lambda m, v: torch.cat([m, v], dim=1)), "two tensors"),
    (
        on_heads(lambda m, v: (m + torch.randn_like(m), v)),
        "what follows the head of mu",
    ),
    (on_heads(lambda m, v: (F.dropout(m), v)), "what follows the head of mu"),
    (on_heads(lambda m, v: (m.squeeze(), v.squeeze())), "squeeze"),
    (on_heads(lambda m, v: (m / m.norm(dim=1, keepdim=True), v)), "the head of mu"),
    (NormedHead, "none at the output"),
    (NormMoved, "after layer 1"),
    (NormsMadeInForward, "made in forward"),
    (PlainList, "plain list"),
    (NoSuper, "super"),
    (NoForward, "no forward"),
    (HiddenBeforeHeads, "a layer before the heads"),
    (HeadOfThePicture, "784"),
    (LogvarOfMu, "inputs"),
    (HeadBeforeTheReLU, "is its result used"),
    (Pooling, "pooling"),
    (Dense, "no convolution"),
    (on_heads(lambda m, v: (m, v.clamp(-5, 2))), "-10 to 10 can be reached"),
    (on_heads(lambda m, v: (m, v.clamp(-10, 2))), "-10 to 10 can be reached"),
    (on_heads(lambda m, v: (m, v.clamp(-5, 10))), "-10 to 10 can be reached"),
    (on_heads(lambda m, v: (m, 5 * torch.tanh(v / 5))), "-10 to 10 can be reached"),
    (running(logvar_of_a_detached_body), "no gradient from logvar reaches body.0"),
    (running(logvar_of_a_body_without_gradient), "no gradient from logvar reaches"),
    (running(logvar_by_numpy), "no gradient from logvar reaches body.0"),
    (running(mu_of_a_detached_body), "no gradient from mu reaches body.0"),
    (running(detached_between_convolutions), "no gradient reaches body.0"),
    (running(half_detached_between_convolutions), "a wrong gradient from mu"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_stub_stays_a_stub():
    class Begun(nn.Module):
        def __init__(self, latent_dim):
            super().__init__()

        def forward(self, x):
            raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"Encoder: `forward` is not written"):
        CHECK(Begun)
