"""Lesson 02's checks catch what goes wrong, by name, and accept what is right."""

import copy
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import lesson02 as checks
from helpers.checks.base import CheckFailed


@pytest.fixture(autouse=True)
def _the_random_state_stays():
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    yield
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()
    assert torch.is_grad_enabled()


def fails(check, *answers, says):
    """The check fails and its message names the mistake."""
    with pytest.raises(CheckFailed) as failure:
        check(*answers)
    message = str(failure.value)
    for words in says.split(" | "):
        assert words in message, message


# The model


class Right(nn.Module):
    """The reference; the variants below change one thing each."""

    bend = nn.GELU

    def __init__(self, bottleneck=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 392), self.bend(), nn.Linear(392, bottleneck)
        )
        self.decoder = nn.Sequential(
            nn.Linear(bottleneck, 392), self.bend(), nn.Linear(392, 784), nn.Sigmoid()
        )

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x):
        return self.decode(self.encode(x))


class WithELU(Right):
    bend = nn.ELU


class WithReLU(Right):
    bend = nn.ReLU


class WithTanh(Right):
    bend = nn.Tanh


class WithLeakyReLU(Right):
    bend = nn.LeakyReLU


class ExplicitLayers(nn.Module):
    def __init__(self, bottleneck):
        super().__init__()
        self.l1, self.l2 = nn.Linear(784, 392), nn.Linear(392, bottleneck)
        self.l3, self.l4 = nn.Linear(bottleneck, 392), nn.Linear(392, 784)

    def encode(self, x):
        return self.l2(F.silu(self.l1(x.view(x.shape[0], -1))))

    def decode(self, z):
        return torch.sigmoid(self.l4(F.silu(self.l3(z))))

    def forward(self, x):
        return self.decode(self.encode(x))


class Flattening(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder = nn.Sequential(nn.Flatten(), *self.encoder)


class HalfTanh(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.decoder = self.decoder[:3]

    def decode(self, z):
        return (torch.tanh(self.decoder(z)) + 1) / 2


class NormAndDropout(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        first, bend, last = self.encoder
        self.encoder = nn.Sequential(
            first, nn.BatchNorm1d(392), bend, nn.Dropout(0.1), last
        )


class OwnParameters(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        sizes = [784, 392, bottleneck, 392, 784]
        self.w = nn.ParameterList(
            nn.Parameter(torch.randn(i, o) / i**0.5)
            for i, o in itertools.pairwise(sizes)
        )

    def encode(self, x):
        return F.gelu(x @ self.w[0]) @ self.w[1]

    def decode(self, z):
        return torch.sigmoid(F.gelu(z @ self.w[2]) @ self.w[3])

    def forward(self, x):
        return self.decode(self.encode(x))


class SmallFirstWeights(Right):
    bend = nn.PReLU

    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        for p in self.parameters():
            nn.init.normal_(p, std=0.01) if p.dim() > 1 else nn.init.zeros_(p)


@pytest.mark.parametrize(
    "make",
    [
        Right,
        WithELU,
        WithReLU,
        WithTanh,
        WithLeakyReLU,
        ExplicitLayers,
        Flattening,
        HalfTanh,
        NormAndDropout,
        OwnParameters,
        SmallFirstWeights,
    ],
)
def test_right_models_pass(make):
    checks.autoencoder(make)


class BatchWritten(Right):
    def encode(self, x):
        return self.encoder(x.view(128, 784))


class BatchFolded(Right):
    def decode(self, z):
        return self.decoder(z.reshape(-1, z.shape[-1])).reshape(-1, 784).squeeze()


class NotNarrow(Right):
    def __init__(self, bottleneck=8):
        super().__init__(32)


class IgnoresBottleneck(Right):
    def __init__(self, bottleneck=8):
        super().__init__(8)


class NoSigmoid(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.decoder = self.decoder[:3]


class TanhOut(NoSigmoid):
    def decode(self, z):
        return torch.tanh(self.decoder(z))


class Clamped(NoSigmoid):
    def decode(self, z):
        return self.decoder(z).clamp(0, 1)


class Softmax(NoSigmoid):
    def decode(self, z):
        return self.decoder(z).softmax(dim=1)


class ReLUCode(Right):
    def encode(self, x):
        return torch.relu(self.encoder(x))


class SigmoidCode(Right):
    def encode(self, x):
        return torch.sigmoid(self.encoder(x))


class TanhCode(Right):
    def encode(self, x):
        return torch.tanh(self.encoder(x))


class GELUCode(Right):
    def encode(self, x):
        return F.gelu(self.encoder(x))


class LeakyCode(Right):
    def encode(self, x):
        return F.leaky_relu(self.encoder(x))


class BatchCode(Right):
    def encode(self, x):
        z = self.encoder(x)
        return z - z.mean(dim=0)


class SigmoidTwice(Right):
    def decode(self, z):
        return torch.sigmoid(self.decoder(z))


class ReLUBeforeSigmoid(NoSigmoid):
    def decode(self, z):
        return torch.sigmoid(torch.relu(self.decoder(z)))


class DecodesItsOwnCode(Right):
    def encode(self, x):
        self.z = self.encoder(x)
        return self.z

    def decode(self, z):
        return self.decoder(self.z[: len(z)])


class NoSuper(Right):
    def __init__(self, bottleneck=8):
        self.encoder = nn.Linear(784, bottleneck)


class WidthMisspelt(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.encoder[2] = nn.Linear(382, bottleneck)


class NoArgument(Right):
    def __init__(self):
        super().__init__(8)


class Linear(Right):
    bend = nn.Identity


class LinearDecoder(Right):
    def __init__(self, bottleneck=8):
        super().__init__(bottleneck)
        self.decoder[1] = nn.Identity()


class PlainList(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        self.parts = [Right(bottleneck)]

    def encode(self, x):
        return self.parts[0].encode(x)

    def decode(self, z):
        return self.parts[0].decode(z)

    def forward(self, x):
        return self.decode(self.encode(x))


class TwoLayers(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        self.a, self.b = nn.Linear(784, bottleneck), nn.Linear(bottleneck, 784)

    def encode(self, x):
        return self.a(x)

    def decode(self, z):
        return torch.sigmoid(self.b(z))

    def forward(self, x):
        return self.decode(self.encode(x))


class Detached(Right):
    def encode(self, x):
        return self.encoder(x).detach()


class NoGradInside(Right):
    def decode(self, z):
        with torch.no_grad():
            return self.decoder(z)


class MadeInCall(Right):
    def encode(self, x):
        width = self.encoder[2].out_features
        return nn.Linear(392, width)(self.encoder[:2](x))


class ForgetsReturn(Right):
    def decode(self, z):
        self.decoder(z)


class OnlyReconstructs(Right):
    def forward(self, x):
        return self.decoder(self.encoder(x) * 2)


def not_a_module(bottleneck):
    return lambda x: x


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (BatchWritten, "batch of 97 | a batch size written into the model"),
        (BatchFolded, "1 images | squeeze()"),
        (NotNarrow, "(128, 32) | the bottleneck"),
        (IgnoresBottleneck, "bottleneck = 5 | the bottleneck"),
        (NoArgument, "the arguments of `__init__`"),
        (NoSuper, "`super().__init__()` is missing"),
        (WidthMisspelt, "382 to 8 | sizes of the linear layers"),
        (GELUCode, "an activation (GELU"),
        (LeakyCode, "leaky ReLU"),
        (BatchCode, "an image alone | over the images"),
        (SigmoidTwice, "two sigmoids in a row"),
        (ReLUBeforeSigmoid, "a ReLU before the sigmoid"),
        (DecodesItsOwnCode, "is its argument used"),
        (NoSigmoid, "between 0 and 1 | the sigmoid at the end of the decoder"),
        (TanhOut, "values from -1 | the sigmoid"),
        (Clamped, "clamp"),
        (Softmax, "softmax where a sigmoid belongs"),
        (ReLUCode, "exactly 0 | a ReLU after the encoder's last layer"),
        (SigmoidCode, "a sigmoid or tanh after the encoder's last layer"),
        (TanhCode, "a sigmoid or tanh after the encoder's last layer"),
        (Linear, "the encoder is linear | activation"),
        (LinearDecoder, "the decoder is linear | activation"),
        (PlainList, "plain Python list"),
        (TwoLayers, "2 weight matrices | four"),
        (Detached, "no gradient reaches encoder | detach()"),
        (NoGradInside, "no gradient reaches | no_grad()"),
        (MadeInCall, "make them in __init__()"),
        (ForgetsReturn, "decode(z) gives None | return"),
        (OnlyReconstructs, "differs from model.decode(model.encode(x))"),
        (not_a_module, "an nn.Module"),
    ],
)
def test_wrong_models_fail_by_name(make, says):
    fails(checks.autoencoder, make, says=says)


# One step


def step(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def step_by_formula(model, optimizer, x, target):
    model.zero_grad()
    loss = (model(x) - target).pow(2).mean()
    loss.backward()
    optimizer.step()
    return torch.tensor(loss.item())


def step_module_loss(model, optimizer, x, target):
    model.train()
    loss = nn.MSELoss()(model.decode(model.encode(x)), target)
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    optimizer.step()
    return loss.data


def step_clearing_last(model, optimizer, x, target):
    loss = ((target - model(x)) ** 2).mean(dim=1).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach().cpu().clone()


def step_with_autograd(model, optimizer, x, target):
    loss = F.mse_loss(model(x), target)
    weights = list(model.parameters())
    for p, g in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        p.grad = g
    optimizer.step()
    return loss.detach()


def step_with_closure(model, optimizer, x, target):
    def closure():
        for p in model.parameters():
            p.grad = None
        loss = F.mse_loss(model(x), target, reduction="sum") / target.numel()
        loss.backward()
        return loss

    return optimizer.step(closure).detach()


@pytest.mark.parametrize(
    "answer",
    [
        step,
        step_by_formula,
        step_module_loss,
        step_clearing_last,
        step_with_autograd,
        step_with_closure,
    ],
)
def test_right_steps_pass(answer):
    checks.train_step(answer)


def variant(zero=True, backward=True, take=True, loss=None, keep=False, order="zbs"):
    """A training step with one thing changed."""
    loss = loss or (lambda model, x, target: F.mse_loss(model(x), target))

    def answer(model, optimizer, x, target):
        value = loss(model, x, target)
        for part in order:
            if part == "z" and zero:
                optimizer.zero_grad()
            if part == "b" and backward:
                value.backward()
            if part == "s" and take:
                optimizer.step()
        return value if keep else value.detach()

    return answer


def step_without_gradients(model, optimizer, x, target):
    with torch.no_grad():
        loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss


def step_detached_too_soon(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x).detach(), target)
    loss.backward()
    optimizer.step()
    return loss


def step_in_eval(model, optimizer, x, target):
    model.eval()
    return step(model, optimizer, x, target)


def step_twice(model, optimizer, x, target):
    first = step(model, optimizer, x, target)
    step(model, optimizer, x, target)
    return first


def step_own_optimizer(model, optimizer, x, target):
    return step(model, torch.optim.Adam(model.parameters()), x, target)


def step_no_return(model, optimizer, x, target):
    step(model, optimizer, x, target)


def step_not_called(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step  # noqa: B018 (the mistake: no parentheses)
    return loss.detach()


def step_on_the_sum(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target, reduction="sum")
    loss.backward()
    optimizer.step()
    return loss.detach() / x.numel()


def step_cut_off(model, optimizer, x, target):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x).detach().requires_grad_(), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def late_loss(model, optimizer, x, target):
    step(model, optimizer, x, target)
    with torch.no_grad():
        return F.mse_loss(model(x), target)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (variant(zero=False), "2 times as far | zero_grad()"),
        (variant(backward=False), "`loss.backward()` is missing"),
        (variant(take=False), "`optimizer.step()` is missing"),
        (step_not_called, "without ()"),
        (variant(order="bzs"), "wipes the gradient out"),
        (variant(order="zsb"), "comes after `loss.backward()`"),
        (variant(keep=True), "still carries its gradient | detach()"),
        (step_without_gradients, "no_grad() around the training step"),
        (step_detached_too_soon, "detach()"),
        (step_in_eval, "evaluation mode"),
        (step_twice, "several steps in one call"),
        (step_own_optimizer, "an optimizer made inside"),
        (step_no_return, "returned None"),
        (late_loss, "the loss after the step"),
        (step_on_the_sum, "backward() is called on a sum"),
        (step_cut_off, "cut off from the weights with detach()"),
        (lambda *given: step(*given).item(), "a float | without item()"),
        (lambda *given: step(*given).numpy(), "a NumPy array | numpy()"),
        (variant(loss=lambda m, x, t: F.mse_loss(m(x), t) / 2), "factor 1/2"),
        (variant(loss=lambda m, x, t: F.mse_loss(m(x), t) / len(x)), "once more"),
        (variant(loss=lambda m, x, t: (m(x) - t).mean() ** 2), "before it was squared"),
        (
            variant(loss=lambda m, x, t: (m(x) - t).square().mean(1)),
            "average over the pixels and over the images",
        ),
        (variant(loss=lambda m, x, t: F.mse_loss(m(x), x)), "compared with the input"),
        (variant(loss=lambda m, x, t: F.mse_loss(m(t), x)), "swapped"),
        (variant(loss=lambda m, x, t: F.mse_loss(m(t), t)), "must be given x"),
        (
            variant(loss=lambda m, x, t: F.mse_loss(m(x), t, reduction="sum")),
            "summed over pixels and images",
        ),
        (
            variant(loss=lambda m, x, t: (m(x) - t).square().sum(1).mean()),
            "summed over the pixels",
        ),
        (variant(loss=lambda m, x, t: F.l1_loss(m(x), t)), "absolute error"),
        (
            variant(loss=lambda m, x, t: F.binary_cross_entropy(m(x), t)),
            "cross-entropy",
        ),
    ],
)
def test_wrong_steps_fail_by_name(answer, says):
    fails(checks.train_step, answer, says=says)


# Validation


def device_of(model):
    return next(model.parameters()).device


def validate(model, loader, make_pair):
    model.eval()
    total, images = 0.0, 0
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target) * len(x)
            images += len(x)
    return float(total / images)


@torch.no_grad()
def validate_decorated(model, loader, make_pair):
    model.eval()
    total = 0
    for x, _ in loader:
        x, target = make_pair(x.to(device_of(model)))
        total += ((model(x) - target) ** 2).mean(1).sum().item()
    return total / len(loader.dataset)


def validate_by_pixels(model, loader, make_pair):
    model.train(False)
    total, pixels = 0, 0
    with torch.inference_mode():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            total += F.mse_loss(model(x), target, reduction="sum").item()
            pixels += x.numel()
    model.train()
    return np.float64(total / pixels)


def validate_all_at_once(model, loader, make_pair):
    was = model.training
    model.eval()
    x = torch.cat([x for x, _ in loader]).to(device_of(model))
    with torch.no_grad():
        x, target = make_pair(x)
        loss = nn.MSELoss()(model(x), target)
    model.train(was)
    return loss.item()


@pytest.mark.parametrize(
    "answer", [validate, validate_decorated, validate_by_pixels, validate_all_at_once]
)
def test_right_validations_pass(answer):
    checks.validation_loss(answer)


def validation(error=None, mean=None, eval_mode=True, gradients=False):
    """A validation with one thing changed; `error` gives a batch's mean."""

    def standard(model, x, make_pair):
        x, target = make_pair(x)
        return F.mse_loss(model(x), target)

    error = error or standard
    mean = mean or (lambda e, n: sum(a * b for a, b in zip(e, n, strict=True)) / sum(n))

    def answer(model, loader, make_pair):
        if eval_mode:
            model.eval()
        errors, sizes = [], []
        with torch.set_grad_enabled(gradients):
            for x, _ in loader:
                x = x.to(device_of(model))
                errors.append(error(model, x, make_pair).item())
                sizes.append(len(x))
        return mean(errors, sizes)

    return answer


def validate_and_train(model, loader, make_pair):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model.eval()
    for x, _ in loader:
        loss = step(model, optimizer, *make_pair(x.to(device_of(model))))
    return loss


def validate_returning_early(model, loader, make_pair):
    model.eval()
    with torch.no_grad():
        for x, _ in loader:
            x, target = make_pair(x.to(device_of(model)))
            return F.mse_loss(model(x), target).item()


def validate_as_tensor(model, loader, make_pair):
    return torch.tensor(validate(model, loader, make_pair))


def validate_without_gradients_for_good(model, loader, make_pair):
    torch.set_grad_enabled(False)
    return validate(model, loader, make_pair)


def validate_and_freeze(model, loader, make_pair):
    return validate(model.requires_grad_(False), loader, make_pair)


def validate_no_return(model, loader, make_pair):
    validate(model, loader, make_pair)


def input_as_target(model, x, make_pair):
    x, _ = make_pair(x)
    return F.mse_loss(model(x), x)


def swapped(model, x, make_pair):
    target, x = make_pair(x)
    return F.mse_loss(model(x), target)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (validation(eval_mode=False), "training mode | model.eval()"),
        (validation(gradients=True), "gradients were switched on | no_grad()"),
        (validation(mean=lambda e, n: sum(e) / len(e)), "the mean of the batch means"),
        (
            validation(mean=lambda e, n: sum(e)),
            "a sum over the batches",
        ),
        (
            validation(mean=lambda e, n: sum(e) / sum(n)),
            "batch means divided by the number of images",
        ),
        (validation(mean=lambda e, n: e[-1]), "only the last batch"),
        (validate_returning_early, "only the first batch"),
        (
            validation(error=lambda m, x, p: F.mse_loss(m(x), x)),
            "make_pair is not used",
        ),
        (validation(error=input_as_target), "compared with the input"),
        (
            validation(error=lambda m, x, p: F.mse_loss(m(p(x)[0]), x)),
            "compared with the loader's image",
        ),
        (validation(error=swapped), "swapped"),
        (
            validation(
                mean=lambda e, n: sum(a * b for a, b in zip(e, n, strict=True)) / 5000
            ),
            "a number of images written into the function",
        ),
        (validate_and_train, "training inside validation_loss()"),
        (validate_no_return, "returned None"),
        (validate_as_tensor, "a plain number | .item()"),
        (validate_without_gradients_for_good, "stay switched off"),
        (validate_and_freeze, "requires_grad_(False)"),
        (
            validation(mean=lambda e, n: e[0]),
            "the smaller last batch left out",
        ),
        (
            validation(mean=lambda e, n: np.average(e, weights=n) ** 0.5),
            "the root of the squared error",
        ),
    ],
)
def test_wrong_validations_fail_by_name(answer, says):
    fails(checks.validation_loss, answer, says=says)


# Weights


def save(model, path):
    torch.save(model.state_dict(), path)


def load(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()


def save_copy(model, path):
    state = {name: p.detach().clone().cpu() for name, p in model.state_dict().items()}
    with open(path, "wb") as file:
        torch.save(state, file)


def save_in_a_dictionary(model, path):
    torch.save({"weights": model.state_dict(), "bottleneck": 8}, path)


def load_from_a_dictionary(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True)["weights"])
    model.train(False)
    return model


def save_numpy(model, path):
    with open(path, "wb") as file:
        np.savez(file, **{k: v.numpy() for k, v in model.state_dict().items()})


def load_numpy(path, bottleneck):
    state = {k: torch.from_numpy(v) for k, v in np.load(path).items()}
    model = Right(bottleneck)
    model.load_state_dict(state)
    return model.eval()


def load_frozen(path, bottleneck):
    return load(path, bottleneck).requires_grad_(False)


@pytest.mark.parametrize(
    ("save", "load"),
    [
        (save, load),
        (save_copy, load),
        (save_in_a_dictionary, load_from_a_dictionary),
        (save_numpy, load_numpy),
        (save, load_frozen),
    ],
)
def test_right_files_pass(save, load):
    checks.weights(save, load, Right)


KEPT = {}


def save_by_reference(model, path):
    KEPT[str(path)] = model.state_dict()
    save(model, path)


def load_by_reference(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(KEPT[str(path)])
    return model.eval()


def save_whole(model, path):
    torch.save(model, path)


def load_whole(path, bottleneck):
    return torch.load(path, weights_only=False)


def load_trusting(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=False))
    return model.eval()


def load_random(path, bottleneck):
    torch.load(path, weights_only=True)
    return Right(bottleneck).eval()


def load_report(path, bottleneck):
    model = Right(bottleneck)
    return model.load_state_dict(torch.load(path, weights_only=True))


def load_in_training_mode(path, bottleneck):
    return load(path, bottleneck).train()


def save_elsewhere(model, path):
    torch.save(model.state_dict(), path.parent / "model.pth" if path else path)


def save_nothing(model, path):
    copy.deepcopy(model.state_dict())


def save_half(model, path):
    torch.save(model.half().state_dict(), path)


def save_method(model, path):
    torch.save(model.state_dict, path)


def save_swapped(model, path):
    torch.save(path, model.state_dict())


def save_list(model, path):
    torch.save(list(model.parameters()), path)


def save_renamed(model, path):
    torch.save({f"net.{k}": v for k, v in model.state_dict().items()}, path)


def load_loosely(path, bottleneck):
    model = Right(bottleneck)
    model.load_state_dict(torch.load(path, weights_only=True), strict=False)
    return model.eval()


def load_eight(path, bottleneck):
    return load(path, 8)


FIRST = []


def load_first_only(path, bottleneck):
    if not FIRST:
        FIRST.append(load(path, bottleneck))
    return FIRST[0]


LAST = []


def save_the_model_itself(model, path):
    LAST.append(model)
    save(model, path)


def load_the_model_itself(path, bottleneck):
    return LAST[0]


@pytest.mark.parametrize(
    ("save", "load", "says"),
    [
        (save_whole, load_whole, "a whole Right object | state_dict()"),
        (save_by_reference, load_by_reference, "weights kept by reference"),
        (save, load_trusting, "hidden in a file | weights_only=True"),
        (save, load_random, "load_state_dict | random"),
        (save, load_report, "returns only a report"),
        (save, load_in_training_mode, "training mode | model.eval()"),
        (save_half, load, "changed the model's own weights | half()"),
        (save_method, load, "state_dict()"),
        (save_swapped, load, "the order of the arguments"),
        (save_list, load, "save `model.state_dict()`"),
        (save_renamed, load, "the same names in the file"),
        (save_renamed, load_loosely, "strict=False"),
        (save, load_eight, "size mismatch | with the argument"),
        (save_nothing, load, "nothing | the file that `path` names"),
        (save, load_first_only, "the weights of the file that `path` names"),
        (save_the_model_itself, load_the_model_itself, "the very model that was saved"),
    ],
)
def test_wrong_files_fail_by_name(save, load, says):
    fails(checks.weights, save, load, Right, says=says)


def test_wrong_whole_model_of_a_class_that_pickle_cannot_find():
    class Local(Right):
        pass

    fails(checks.weights, save_whole, load_whole, Local, says="not the whole model")


# Noise


def pair(x, noise_std):
    return (x + noise_std * torch.randn_like(x)).clamp(0, 1), x


def pair_normal(x, noise_std):
    noise = torch.normal(0.0, noise_std, size=x.shape, device=x.device)
    return torch.clip(x + noise, min=0.0, max=1.0), x.clone()


def pair_distribution(x, noise_std):
    noisy = torch.distributions.Normal(x, noise_std).sample()
    return [noisy.clamp(min=0).clamp(max=1), x]


def pair_in_place_on_a_copy(x, noise_std):
    noisy = x.clone()
    noisy += torch.empty_like(x).normal_(std=noise_std)
    return noisy.clamp_(0, 1), x


def pair_subtracting(x, noise_std):
    noise = torch.randn(*x.shape, device=x.device) * noise_std
    return torch.minimum(torch.maximum(x - noise, x.new_zeros(())), x.new_ones(())), x


def pair_numpy(x, noise_std):
    noise = np.random.normal(0, noise_std, tuple(x.shape)).astype(np.float32)
    return F.hardtanh(x + torch.from_numpy(noise).to(x.device), 0, 1), x.detach()


def pair_image_by_image(x, noise_std):
    rows = [(row + noise_std * torch.randn_like(row)).clip(0, 1) for row in x]
    return torch.stack(rows), x


@pytest.mark.parametrize(
    "answer",
    [
        pair,
        pair_normal,
        pair_distribution,
        pair_in_place_on_a_copy,
        pair_subtracting,
        pair_numpy,
        pair_image_by_image,
    ],
)
def test_right_pairs_pass(answer):
    checks.denoising_pair(answer)


def noisy_with(noise):
    """A pair whose noise is the given function of x and noise_std."""
    return lambda x, std: ((x + noise(x, std)).clamp(0, 1), x)


def pair_in_place(x, noise_std):
    clean = x.clone()
    x += noise_std * torch.randn_like(x)
    return x.clamp_(0, 1), clean


def pair_to_noise(x, noise_std):
    noisy, _ = pair(x, noise_std)
    return noisy, noisy


def pair_two_noises(x, noise_std):
    return pair(x, noise_std)[0], pair(x, noise_std)[0]


def pair_noise_as_target(x, noise_std):
    noise = noise_std * torch.randn_like(x)
    return (x + noise).clamp(0, 1), noise


def seeded(x, noise_std):
    generator = torch.Generator().manual_seed(0)
    return noise_std * torch.randn(x.shape, generator=generator).to(x.device)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (pair_to_noise, "towards the noisy image learns to keep the noise"),
        (lambda x, s: pair(x, s)[::-1], "order in the `return` line"),
        (lambda x, s: pair(x, s)[0], "a pair: (input, target)"),
        (pair_two_noises, "noise on the target as well"),
        (pair_noise_as_target, "the noise itself as the target"),
        (pair_in_place, "in-place"),
        (lambda x, s: (x + s * torch.randn_like(x), x), ".clamp(0, 1)"),
        (
            lambda x, s: (x.clamp(0, 1) + s * torch.randn_like(x), x),
            "clip after adding the noise",
        ),
        (
            noisy_with(lambda x, s: s * torch.randn_like(x[0])),
            "the same for all images",
        ),
        (noisy_with(lambda x, s: s * torch.randn_like(x[:, :1])), "brighter or darker"),
        (
            noisy_with(lambda x, s: s * torch.randn_like(x[:1, :1])),
            "one number for the whole batch",
        ),
        (noisy_with(seeded), "a seed or generator inside the function"),
        (noisy_with(lambda x, s: s * torch.rand_like(x)), "brighter | randn"),
        (noisy_with(lambda x, s: s**2 * torch.randn_like(x)), "twice"),
        (noisy_with(lambda x, s: s**0.5 * torch.randn_like(x)), "square root"),
        (noisy_with(lambda x, s: s * x * torch.randn_like(x)), "it must be added"),
        (noisy_with(lambda x, s: s * (torch.rand_like(x) - 0.5)), "use randn"),
        (noisy_with(lambda x, s: 0.1 * torch.randn_like(x)), "it is not used"),
        (
            noisy_with(lambda x, s: 3 * s * torch.randn_like(x)),
            "is noise_std multiplied",
        ),
        (
            noisy_with(lambda x, s: 12**0.5 * s * (torch.rand_like(x) - 0.5)),
            "uniform noise",
        ),
        (noisy_with(lambda x, s: s * torch.randn_like(x).double()), "float64"),
        (lambda x, s: (pair(x, s)[0].cpu().numpy(), x), "NumPy"),
        (lambda x, s: (torch.sigmoid(x + s * torch.randn_like(x)), x), "a sigmoid"),
        (
            lambda x, s: ((x + s * torch.randn_like(x)).clamp(0.1, 0.9), x),
            "no other limits",
        ),
        (
            noisy_with(lambda x, s: (s * torch.randn_like(x)).clamp(0, 1)),
            "clipping the noise instead of the sum",
        ),
        (lambda x, s: (x, x), "target is the same picture as the input"),
    ],
)
def test_wrong_pairs_fail_by_name(answer, says):
    fails(checks.denoising_pair, answer, says=says)


# Interpolation


def strip(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    z_a, z_b = model.encode(torch.stack([a, b]))
    return model.decode((1 - t) * z_a + t * z_b)


def strip_lerp(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device).unsqueeze(1)
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def strip_one_by_one(model, a, b, frames):
    z_a, z_b = model.encode(a[None]), model.encode(b[None])
    pictures = []
    with torch.no_grad():
        for k in range(frames):
            pictures.append(model.decode(z_a + (z_b - z_a) * k / (frames - 1))[0])
    return torch.stack(pictures)


def strip_concatenated(model, a, b, frames):
    z_a, z_b = model.encode(a.view(1, -1)), model.encode(b.view(1, -1))
    steps = np.linspace(0.0, 1.0, frames).tolist()
    return torch.cat([model.decode(torch.lerp(z_a, z_b, t)) for t in steps])


@torch.inference_mode()
def strip_outer(model, a, b, frames):
    z_a, z_b = (model.encode(p.reshape(1, 784)).flatten() for p in (a, b))
    t = torch.arange(frames, device=a.device) / (frames - 1)
    return model.decode(torch.outer(1 - t, z_a) + torch.outer(t, z_b))


def strip_numpy(model, a, b, frames):
    z_a, z_b = (model.encode(p).detach().cpu().numpy() for p in (a, b))
    z = torch.from_numpy(np.linspace(z_a, z_b, frames)).float()
    return model.decode(z.to(a.device)).detach()


@pytest.mark.parametrize(
    "answer",
    [
        strip,
        strip_lerp,
        strip_one_by_one,
        strip_concatenated,
        strip_outer,
        strip_numpy,
    ],
)
def test_right_strips_pass(answer):
    checks.interpolate(answer)


def walk(at):
    """A strip through the codes, with other steps t."""

    def answer(model, a, b, frames):
        t = at(torch.linspace(0, 1, frames, device=a.device))[:, None]
        return model.decode(torch.lerp(model.encode(a), model.encode(b), t))

    return answer


def mixed_pixels(a, b, frames):
    return torch.lerp(a, b, torch.linspace(0, 1, frames, device=a.device)[:, None])


def crossfade_of_decodings(model, a, b, frames):
    return mixed_pixels(model(a), model(b), frames)


def codes_only(model, a, b, frames):
    return mixed_pixels(model.encode(a), model.encode(b), frames)


def last_missing(model, a, b, frames):
    t = torch.arange(frames, device=a.device)[:, None] / frames
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t))


def steps_in_a_row(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)
    return model.decode((1 - t) * model.encode(a[None]) + t * model.encode(b[None]))


def ends_as_they_are(model, a, b, frames):
    return torch.cat([a[None], strip(model, a, b, frames)[1:-1], b[None]])


def wrong_mixture(model, a, b, frames):
    t = torch.linspace(0, 1, frames, device=a.device)[:, None]
    return model.decode(model.encode(a) + t * model.encode(b))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (walk(lambda t: 1 - t), "backwards: the first frame is b's"),
        (lambda m, a, b, n: mixed_pixels(a, b, n), "a cross-fade"),
        (lambda m, a, b, n: mixed_pixels(b, a, n), "backwards, and a cross-fade"),
        (lambda m, a, b, n: m(mixed_pixels(a, b, n)), "mix the codes"),
        (crossfade_of_decodings, "a cross-fade of two decoded pictures"),
        (codes_only, "these are codes: decode them"),
        (last_missing, "the last frame, b's own, is missing"),
        (walk(lambda t: 0 * t), "all frames are a's"),
        (wrong_mixture, "(1 - t) a + t b"),
        (ends_as_they_are, "must be decoded from their codes"),
        (walk(lambda t: t**2), "frame 1 | equal steps"),
        (walk(lambda t: 2 * t - 1), "t at the first frame"),
        (walk(lambda t: 1.5 * t), "equal steps"),
        (steps_in_a_row, "the shape of t"),
        (lambda m, a, b, n: strip(m.train(), a, b, n), "training mode"),
        (lambda m, a, b, n: strip(m, a, b, n).detach().cpu().numpy(), "NumPy array"),
        (lambda m, a, b, n: strip(m, a, b, 10), "for frames = 7 | number of frames"),
        (lambda m, a, b, n: list(strip(m, a, b, n)), "torch.stack"),
        (lambda m, a, b, n: strip(m, a, b, n).T, "which axis counts them"),
        (lambda m, a, b, n: None, "None"),
    ],
)
def test_wrong_strips_fail_by_name(answer, says):
    fails(checks.interpolate, answer, says=says)


# All of them


EXERCISES = [
    (checks.train_step, 1),
    (checks.validation_loss, 1),
    (checks.denoising_pair, 1),
    (checks.interpolate, 1),
]


def stub(*args):
    raise NotImplementedError()


@pytest.mark.parametrize(("check", "answers"), EXERCISES)
def test_a_stub_stays_a_stub(check, answers):
    with pytest.raises(NotImplementedError):
        check(*[stub] * answers)


def test_a_stub_stays_a_stub_in_classes_and_files():
    with pytest.raises(NotImplementedError):
        checks.autoencoder(stub)
    with pytest.raises(NotImplementedError):
        checks.weights(stub, stub, Right)
