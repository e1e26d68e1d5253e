"""Right and wrong decoders."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.decoder
NAMES = ("Decoder",)


class Decoder(nn.Module):
    """The reference; the variants below change one thing each."""

    def __init__(self, d, act=nn.ReLU, end=nn.Sigmoid, bias=False, last=True):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(d, 128, bias=bias),
            nn.BatchNorm1d(128),
            act(),
            nn.Linear(128, 1568, bias=bias),
            nn.BatchNorm1d(1568),
            act(),
            nn.Unflatten(1, (32, 7, 7)),
            nn.ConvTranspose2d(32, 8, 4, 2, 1, bias=bias),
            nn.BatchNorm2d(8),
            act(),
            nn.ConvTranspose2d(8, 1, 4, 2, 1, bias=last),
            end(),
        )

    def forward(self, z):
        return self.body(z)


def with_options(**options):
    """The decoder with other arguments."""

    class Changed(Decoder):
        def __init__(self, d):
            super().__init__(d, **options)

    return Changed


def running(forward, end=nn.Sigmoid):
    """The decoder with another forward."""

    class Changed(Decoder):
        def __init__(self, d):
            super().__init__(d, end=end)

    Changed.forward = forward
    return Changed


def replaced(place, layer):
    """The decoder with another layer in one place."""

    class Changed(Decoder):
        def __init__(self, d):
            super().__init__(d)
            self.body[place] = layer()

    return Changed


def inserted(place, layer):
    """The decoder with one more layer."""

    class Changed(Decoder):
        def __init__(self, d):
            super().__init__(d)
            self.body.insert(place, layer())

    return Changed


def swapped(place):
    """The decoder with two layers in each other's place."""

    class Changed(Decoder):
        def __init__(self, d):
            super().__init__(d)
            layers = list(self.body)
            layers[place : place + 2] = layers[place + 1], layers[place]
            self.body = nn.Sequential(*layers)

    return Changed


def on_logits(end):
    """The decoder with another end."""
    return running(lambda self, z: end(self.body(z)), end=nn.Identity)


def on_pictures(change):
    """The decoder with something done to its pictures."""
    return running(lambda self, z: change(self.body(z)))


class LastLayerFirst(Decoder):
    """The output layer is made before the others."""

    def __init__(self, d):
        nn.Module.__init__(self)
        self.out = nn.ConvTranspose2d(8, 1, 4, 2, 1)
        self.body = Decoder(d).body[:-2]

    def forward(self, z):
        return torch.sigmoid(self.out(self.body(z)))


class NormOnMaps(Decoder):
    """The norm after the dense layer comes after the unflattening."""

    def __init__(self, d):
        super().__init__(d)
        self.body[4], self.body[5] = nn.Unflatten(1, (32, 7, 7)), nn.BatchNorm2d(32)
        self.body[6] = nn.ReLU()


class Explicit(nn.Module):
    """Layer by layer."""

    def __init__(self, latent_dim):
        super().__init__()
        self.dense1, self.norm1 = nn.Linear(latent_dim, 128), nn.BatchNorm1d(128)
        self.dense2, self.norm2 = nn.Linear(128, 1568), nn.BatchNorm1d(1568)
        self.back1, self.norm3 = nn.ConvTranspose2d(32, 8, 4, 2, 1), nn.BatchNorm2d(8)
        self.back2 = nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1)

    def forward(self, z):
        h = F.relu(self.norm1(self.dense1(z)))
        h = F.relu(self.norm2(self.dense2(h))).view(-1, 32, 7, 7)
        h = F.relu(self.norm3(self.back1(h)))
        return torch.sigmoid(self.back2(h))


class NormTwice(Explicit):
    def forward(self, z):
        h = F.relu(self.norm1(self.dense1(z)))
        h = F.relu(self.norm2(self.dense2(h))).view(-1, 32, 7, 7)
        h = F.relu(self.norm3(self.norm3(self.back1(h))))
        return torch.sigmoid(self.back2(h))


class LazyLayers(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(
            *(nn.LazyLinear(128), nn.LazyBatchNorm1d(), nn.ReLU(True)),
            *(nn.LazyLinear(1568), nn.LazyBatchNorm1d(), nn.ReLU(True)),
            nn.Unflatten(1, (32, 7, 7)),
            *(nn.LazyConvTranspose2d(8, 4, 2, 1), nn.LazyBatchNorm2d(), nn.ReLU(True)),
            nn.LazyConvTranspose2d(1, 4, 2, 1),
        )

    def forward(self, z):
        return self.body(z).sigmoid_()


class Encoder(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 8, 4, 2, 1), nn.Linear(1568, d)

    def forward(self, x):
        return self.head(self.conv(x).flatten(1))


class Window3(nn.Module):
    """Right sizes, but a window that stamps a checkerboard."""

    def __init__(self, d):
        super().__init__()
        back = dict(kernel_size=3, stride=2, padding=1, output_padding=1)
        self.body = nn.Sequential(
            *(nn.Linear(d, 128), nn.BatchNorm1d(128), nn.ReLU()),
            *(nn.Linear(128, 1568), nn.BatchNorm1d(1568), nn.ReLU()),
            *(nn.Unflatten(1, (32, 7, 7)), nn.ConvTranspose2d(32, 8, **back)),
            *(nn.BatchNorm2d(8), nn.ReLU(), nn.ConvTranspose2d(8, 1, **back)),
            nn.Sigmoid(),
        )

    forward = Decoder.forward


class LogitsInTraining(Decoder):
    def forward(self, z):
        logits = self.body[:-1](z)
        return logits if self.training else torch.sigmoid(logits)


class LogitsInUse(Decoder):
    def forward(self, z):
        logits = self.body[:-1](z)
        return torch.sigmoid(logits) if self.training else logits


class PlainList(Decoder):
    def __init__(self, d):
        super().__init__(d)
        self.layers = list(self.body)
        del self.body

    def forward(self, z):
        for layer in self.layers:
            z = layer(z)
        return z


class Upsampling(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Upsample(scale_factor=2), nn.Conv2d(32, 8, 3, padding=1))


class NormMovedToPicture(Decoder):
    def __init__(self, d):
        super().__init__(d)
        self.body[8] = nn.Identity()
        self.body.insert(11, nn.BatchNorm2d(1))


class SameWeightsForAll(Decoder):
    """A code added to the picture besides."""

    def forward(self, z):
        return torch.sigmoid(self.body[:-1](z) + z.mean(1).view(-1, 1, 1, 1))


class Clamp(nn.Module):
    def forward(self, x):
        return x.clamp(0, 1)


class TwoSigmoids(nn.Module):
    def forward(self, x):
        return torch.sigmoid(torch.sigmoid(x))


def from_z_squared(self, z):
    return self.body(z**2)


def dropout_forever(self, z):
    return self.body(F.dropout(z, 0.1))


def dropout_on_z(self, z):
    return self.body(F.dropout(z, 0.1, self.training))


def without_gradient(self, z):
    with torch.no_grad():
        return self.body(z)


def half_detached(self, z):
    h = self.body[:7](z)
    return self.body[7:](0.5 * h + 0.5 * h.data)


def detached_after_the_dense_layers(self, z):
    return self.body[7:](self.body[:7](z).detach())


def normalized_over_pixels(x):
    return x.flatten(1).softmax(1).view(-1, 1, 28, 28)


def by_the_maximum(x):
    p = torch.sigmoid(x)
    return p / p.amax(dim=(1, 2, 3), keepdim=True)


def hard_sigmoid(x):
    return F.hardsigmoid(x)


def half_tanh(x):
    return (x.tanh() + 1) / 2


def after(change):
    """The decoder with something done to its pictures."""
    return running(lambda self, z: change(self.body(z)))


def limited(most):
    """Limits on the logits."""
    return running(
        lambda self, z: torch.sigmoid(self.body(z).clamp(-most, most)), nn.Identity
    )


class LastKernelOfZero(Decoder):
    def __init__(self, d):
        super().__init__(d)
        for p in self.parameters():
            if p.shape == (8, 1, 4, 4):
                nn.init.zeros_(p)


RIGHT = [
    LastKernelOfZero,
    Decoder,
    with_options(act=nn.LeakyReLU),
    LastLayerFirst,
    NormOnMaps,
    on_logits(torch.sigmoid),
    with_options(bias=True),
    with_options(act=nn.SiLU),
    with_options(act=nn.ELU),
    with_options(act=nn.GELU),
    with_options(last=False),
    Explicit,
    LazyLayers,
    on_logits(lambda x: 1 / (1 + torch.exp(-x))),
    on_logits(lambda x: (1 + torch.tanh(x / 2)) / 2),
    on_pictures(lambda p: p.clamp(1e-7, 1 - 1e-7)),
    on_pictures(lambda p: p.view(-1, 1, 28, 28)),
    on_pictures(lambda p: p.float()),
]


class FromOneNumber(Decoder):
    def __init__(self, d):
        super().__init__(d)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.constant_(p, 0.01)


def still(self, z):
    """From now on torch draws zeros; the gradients are a thousandth."""
    first, *others = self.body.children()
    h = first(z)
    state = torch.get_rng_state()
    state[24 : 24 + 624 * 8] = 0
    torch.set_rng_state(state)
    return torch.nn.Sequential(*others)(h.detach() + 1e-3 * (h - h.detach()))


WRONG = [
    (
        inserted(9, lambda: nn.ChannelShuffle(2)),
        "after batch norm 3 the pixels change places",
    ),
    (
        inserted(8, lambda: nn.ChannelShuffle(2)),
        "batch norm 3 is not given the numbers of layer 3",
    ),
    (running(still), "gradient"),
    (
        replaced(7, lambda: nn.ConvTranspose2d(32, 8, 4, 2, 1, groups=2)),
        "has groups 2 | groups 1",
    ),
    (
        running(lambda self, z: self.body(z - z.mean(1, keepdim=True))),
        "the first layer of the decoder is given other numbers",
    ),
    (FromOneNumber, "are 0.01 in a new model | units that begin alike stay alike"),
    (with_options(end=nn.Identity), "the sigmoid after the last"),
    (with_options(end=TwoSigmoids), "twice"),
    (with_options(end=nn.Tanh), "0 to 1"),
    (with_options(end=nn.ReLU), "0 to 1"),
    (with_options(end=Clamp), "clamp"),
    (with_options(act=nn.Identity), "ReLU"),
    (with_options(act=nn.Tanh), "tanh"),
    (with_options(act=nn.Sigmoid), "sigmoid"),
    (on_logits(normalized_over_pixels), "softmax"),
    (on_logits(by_the_maximum), "x_hat"),
    (on_logits(hard_sigmoid), "sigmoid"),
    (on_logits(half_tanh), "sigmoid"),
    (on_logits(lambda x: torch.sigmoid(x.relu())), "black"),
    (on_logits(lambda x: torch.sigmoid(5 * x)), "sigmoid"),
    (on_logits(F.logsigmoid), "0 to 1"),
    (on_pictures(lambda p: 255 * p), "0 to 1"),
    (on_pictures(lambda p: p.round()), "clamp or rounding"),
    (on_pictures(lambda p: 1 - p), "sigmoid"),
    (on_pictures(lambda p: p.squeeze(1)), "squeeze"),
    (on_pictures(lambda p: p.flatten(1)), "shape"),
    (on_pictures(lambda p: p.view(64, 1, 28, 28)), "batch size is written"),
    (on_pictures(lambda p: p.detach()), "grad"),
    (on_pictures(lambda p: (p, p)), "not a tensor"),
    (running(without_gradient), "no gradient"),
    (running(from_z_squared), "before the first layer"),
    (running(dropout_forever), "before the first layer"),
    (running(dropout_on_z), "before the first layer"),
    (running(lambda self, z: self.body(torch.zeros_like(z))), "before the first layer"),
    (running(lambda self, z: self.body(torch.randn_like(z))), "before the first layer"),
    (replaced(9, nn.Identity), "ReLU after batch norm 3"),
    (replaced(2, nn.Tanh), "after batch norm 1"),
    (replaced(4, nn.Identity), "after layer 2"),
    (replaced(4, lambda: nn.LayerNorm(1568)), "after layer 2"),
    (
        replaced(1, lambda: nn.BatchNorm1d(128, track_running_stats=False)),
        "track_running_stats",
    ),
    (replaced(7, Upsampling), "Upsample"),
    (replaced(2, lambda: nn.Sequential(nn.ReLU(), nn.Dropout(0.2))), "dropout"),
    (inserted(3, lambda: nn.Linear(128, 128)), "layer 2"),
    (inserted(11, lambda: nn.BatchNorm2d(1)), "none at the output"),
    (inserted(11, lambda: nn.Conv2d(1, 1, 3, padding=1)), "convolution"),
    (inserted(12, lambda: nn.AvgPool2d(3, 1, 1)), "sigmoid"),
    (swapped(1), "an activation comes after batch norm"),
    (swapped(4), "an activation comes after batch norm"),
    (swapped(8), "an activation comes after batch norm"),
    (NormMovedToPicture, "batch norm after layer 3"),
    (NormTwice, "does one batch norm stand in two places"),
    (Window3, "a window of 3 x 3"),
    (LogitsInTraining, "in training mode"),
    (LogitsInUse, "in evaluation mode"),
    (PlainList, "plain list"),
    (SameWeightsForAll, "sigmoid"),
    (Encoder, "conv2d"),
    (after(lambda p: p.clamp(0.01, 0.99)), "clamp | 0.01"),
    (after(lambda p: p.clamp(0.001, 0.999)), "clamp | 0.001"),
    (after(lambda p: p.clamp(1e-6, 1 - 1e-6)), "clamp"),
    (after(lambda p: 0.999 * p + 0.0005), "clamp or a scaling"),
    (limited(4), "clamp"),
    (limited(10), "clamp"),
    (running(lambda self, z: self.body(z.detach())), "no gradient reaches the code"),
    (running(half_detached), "a wrong gradient from x_hat reaches body.0"),
    (running(detached_after_the_dense_layers), "no gradient reaches body.0"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_block_without_forward_is_no_stub():
    class Block(nn.Module):
        pass

    class Blocks(Decoder):
        def __init__(self, d):
            super().__init__(d)
            self.body[2] = Block()

    with pytest.raises(CheckFailed, match="forward"):
        CHECK(Blocks)


def test_a_stub_stays_a_stub():
    class Begun(nn.Module):
        def __init__(self, latent_dim):
            super().__init__()

        def forward(self, z):
            raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"Decoder: `forward` is not written"):
        CHECK(Begun)
