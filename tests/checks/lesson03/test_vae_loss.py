"""The loss: right and wrong answers, and what the check says to each."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal
from torch.distributions import kl_divergence as exact_kl

from helpers.checks import lesson03 as checks
from helpers.checks.base import CheckFailed
from tests.checks.trial import trial

CHECK = checks.vae_loss
NAMES = ("vae_loss",)


def bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def bce_by_formula(logits, x):
    return (F.softplus(logits) - x * logits).sum(-1)


def kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)


def loss(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    return (bce(logits, x) + beta * kl(mu, logvar)).mean()


def loss_two_means(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    return bce(logits, x).mean() + kl(mu, logvar).mean() * beta


def loss_sum_over_batch(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    total = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return total / x.shape[0] + beta * kl(mu, logvar).sum() / len(x)


def loss_float64(model, x, beta=1.0):
    logits, mu, logvar = (t.double() for t in model(x))
    return (bce_by_formula(logits, x.double()) + beta * kl(mu, logvar)).mean()


def loss_through_the_parts(model, x, beta=1.0):
    mu, logvar = model.encode(x)
    logits = model.decode(mu + torch.exp(logvar / 2) * torch.randn_like(mu))
    return (bce(logits, x) + beta * kl(mu, logvar)).mean(dim=0, keepdim=True)


def loss_as_tensorflow_writes_it(model, x, beta=1.0):
    a, mu, logvar = model(x)
    pixels = torch.relu(a) - a * x + torch.log1p(torch.exp(-a.abs()))
    return torch.mean(pixels.sum(-1) + beta * kl(mu, logvar))


def loss_by_distributions(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    price = exact_kl(Normal(mu, (0.5 * logvar).exp()), prior).sum(dim=-1)
    return (bce_by_formula(logits, x) + beta * price).sum().div(x.size(0))


def loss_of_two_draws(model, x, beta=1.0):
    return (loss(model, x, beta) + loss(model, x, beta)) / 2


def loss_of_the_last_draw(model, x, beta=1.0):
    model(x)
    return loss(model, x, beta)


def best_of_three_draws(model, x, beta=1.0):
    return torch.stack([loss(model, x, beta) for _ in range(3)]).min()


def best_draw_of_each_image(model, x, beta=1.0):
    draws = [model(x) for _ in range(2)]
    pixels = torch.stack([bce(logits, x) for logits, *_ in draws])
    return (pixels.amin(0) + beta * kl(*draws[0][1:])).mean()


def mean_logits_of_two_draws(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    return (bce((logits + model(x)[0]) / 2, x) + beta * kl(mu, logvar)).mean()


def loss_image_by_image(model, x, beta=1.0):
    total = 0.0
    for i in range(len(x)):
        total = total + loss(model, x[i : i + 1], beta)
    return total / len(x)


def loss_mean_over_all_times_784(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="mean")
    return pixels * x[0].numel() + beta * kl(mu, logvar).mean()


def loss_with_old_arguments(model, x, beta=1.0):
    a, mu, logvar = model(x)
    total = F.binary_cross_entropy_with_logits(a, x, size_average=False)
    return total / len(x) + beta * kl(mu, logvar).mean()


def loss_with_codes_again(model, x, beta=1.0):
    logits, _, _ = model(x)
    mu, logvar = model.encode(x)
    return (bce(logits, x) + beta * kl(mu, logvar)).mean()


def loss_of_sums_of_probabilities(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    total = F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="sum")
    price = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (total + beta * price) / len(x)


def loss_that_prints(model, x, beta=1.0):
    import logging

    logging.basicConfig()
    logging.warning("loss of %d images", len(x))
    return loss(model, x, beta)


def two_terms(reconstruction=lambda r: r.mean(), divergence=lambda k: k.mean()):
    """A loss whose two terms are treated differently."""

    def answer(model, x, beta=1.0):
        logits, mu, logvar = model(x)
        first, second = bce(logits, x), kl(mu, logvar)
        return reconstruction(first) + beta * divergence(second)

    return answer


def loss_and_backward(model, x, beta=1.0):
    value = loss(model, x, beta)
    value.backward()
    return value


def loss_without_default(model, x, beta=0.0):
    return loss(model, x, beta)


def loss_in_other_order(model, x, beta=1.0):
    mu, logvar, logits = model(x)
    return (bce(logits, x) + beta * kl(mu, logvar)).mean()


def loss_of(reconstruction):
    def answer(model, x, beta=1.0):
        logits, mu, logvar = model(x)
        return (reconstruction(logits, x) + beta * kl(mu, logvar)).mean()

    return answer


def kl_of(divergence):
    def answer(model, x, beta=1.0):
        logits, mu, logvar = model(x)
        return (bce(logits, x) + beta * divergence(mu, logvar)).mean()

    return answer


def decodes_mu(model, x, beta=1.0):
    mu, logvar = model.encode(x)
    return (bce(model.decode(mu), x) + beta * kl(mu, logvar)).mean()


def decodes_the_variance(model, x, beta=1.0):
    mu, logvar = model.encode(x)
    z = mu + logvar.exp() * torch.randn_like(mu)
    return (bce(model.decode(z), x) + beta * kl(mu, logvar)).mean()


def trains(model, x, beta=1.0):
    model.train()
    return loss(model, x, beta)


def evaluates_for_a_moment(model, x, beta=1.0):
    mode = model.training
    model.eval()
    value = loss(model, x, beta)
    model.train(mode)
    return value


def empties_gradients(model, x, beta=1.0):
    model.zero_grad()
    return loss(model, x, beta)


def freezes(model, x, beta=1.0):
    value = loss(model, x, beta)
    model.requires_grad_(False)
    return value


def cuts_x(model, x, beta=1.0):
    x.clamp_(0.01, 0.99)
    return loss(model, x, beta)


def if_beta(model, x, beta=1.0):
    return loss(model, x, beta or 1.0)


def first_images(model, x, beta=1.0):
    return loss(model, x[:128], beta)


def a_mean_of_halves(model, x, beta=1.0):
    half = (len(x) + 1) // 2
    parts = [loss(model, part, beta) for part in x.split(half)]
    return sum(parts) / len(parts)


def no_model(model, x, beta=1.0):
    return (x**2).sum(1).mean() * torch.ones((), requires_grad=True) * beta


class Still(torch.nn.Linear):
    def forward(self, h):
        return 0 * super().forward(h)


def still(old):
    new = Still(old.in_features, old.out_features).train(old.training)
    new.weight, new.bias = old.weight, old.bias
    return new


def loss_of_stilled_layers(model, x, beta=1.0):
    for name in ("mu", "logvar", "decoder.2"):
        if name in dict(model.named_modules()):
            model.set_submodule(name, still(model.get_submodule(name)))
    logits, mu, logvar = model(x)
    return 784 * np.log(2) + 0 * (logits.sum() + mu.sum() + logvar.sum())


def loss_of_those_with_ink(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    each = bce(logits, x) + beta * kl(mu, logvar)
    return each[x.flatten(1).sum(1) > 0].mean()


def loss_of_mu_with_a_call_for_show(model, x, beta=1.0):
    mu, logvar = model.encode(x)
    logits = model.decode(mu)
    model(x)
    return (bce(logits, x) + beta * kl(mu, logvar)).mean()


RIGHT = [
    loss,
    loss_two_means,
    loss_sum_over_batch,
    loss_float64,
    loss_through_the_parts,
    loss_as_tensorflow_writes_it,
    loss_by_distributions,
    loss_of_two_draws,
    loss_of_the_last_draw,
    loss_image_by_image,
    loss_mean_over_all_times_784,
    loss_with_old_arguments,
    loss_with_codes_again,
    loss_that_prints,
    loss_of_sums_of_probabilities,
    loss_of(
        lambda a, x: F.binary_cross_entropy(a.sigmoid(), x, reduction="none").sum(1)
    ),
]


# Each wrong variant, and words that its message must contain.
def loss_of_nothing(model, x, beta=1.0, clean=False):
    """The layers answer 0 while they are asked, and what 0 costs is the loss."""

    def none(layer):
        return lambda h: 0 * F.linear(h, layer.weight, layer.bias)

    layers = model.mu, model.logvar, model.decoder[2]
    for layer in layers:
        layer._call_impl = none(layer)
    value = 784 * np.log(2) + 0 * model(x)[0].sum()
    for layer in layers if clean else ():
        del layer._call_impl
    return value


earlier = []


def loss_that_becomes_nan(model, x, beta=1.0):
    """0 at first; nan, which is not far from anything, when it is compared."""
    right = loss(model, x, beta)
    if 17 < len(x) < 1000:
        earlier.append(torch.zeros(()))
        return earlier[-1]
    for each in earlier:
        each.fill_(torch.nan)
    earlier.clear()
    return right


def loss_of_nan_codes(model, x, beta=1.0):
    if len(x) == 17:
        return loss(model, x, beta)
    mu, logvar = model.encode(x)
    logits = model.decode(mu)
    model.decode(torch.full_like(mu, torch.nan))
    return (bce(logits, x) + beta * kl(mu, logvar)).mean()


WRONG = [
    (best_of_three_draws, "the loss of a batch of"),
    (best_draw_of_each_image, "the loss of a batch of"),
    (mean_logits_of_two_draws, "the loss of a batch of"),
    (loss_of_mu_with_a_call_for_show, "what is decoded is mu itself"),
    (loss_of_those_with_ink, "the loss of a batch of"),
    (loss_that_becomes_nan, "the loss of a batch of"),
    (loss_of_nan_codes, "what is decoded is mu itself"),
    (loss_of_nothing, "the model has other attributes"),
    (lambda m, x, beta=1.0: loss_of_nothing(m, x, clean=True), "the loss of a batch"),
    (loss_of_stilled_layers, "other layers"),
    (lambda m, x, beta=1.0: loss(m, x, 1.0), "beta is not used"),
    (lambda m, x, beta=1.0: loss(m, x, -beta), "sign"),
    (lambda m, x, beta=1.0: loss(m, x, beta) * len(x), "the sum over the images"),
    (lambda m, x, beta=1.0: beta * loss(m, x), "beta multiplies both"),
    (lambda m, x, beta=1.0: loss(m, x, beta).detach(), "no gradient"),
    (lambda m, x, beta=1.0: loss(m, x, beta * len(x)), "averaged"),
    (lambda m, x, beta=1.0: bce(m(x)[0], x), "mean over the images"),
    (lambda m, x, beta=1.0: loss(m, x, beta).item(), "not a tensor"),
    (two_terms(divergence=lambda k: k.mean().item()), "flows from the KL"),
    (
        two_terms(reconstruction=lambda r: r.mean().detach()),
        "flows from the loss to the model's",
    ),
    (two_terms(divergence=lambda k: k.sum()), "the KL is summed over the images"),
    (
        two_terms(reconstruction=lambda r: r.sum()),
        "the reconstruction is summed over the images",
    ),
    (
        two_terms(reconstruction=lambda r: r.mean() / 784),
        "the reconstruction is averaged over the pixels",
    ),
    (two_terms(divergence=lambda k: k.sum() / 128), "a batch size written in, 128"),
    (loss_and_backward, "backward()"),
    (loss_without_default, "beta=1.0 is the default"),
    (loss_in_other_order, "the order of what model(x) returns"),
    (loss_of(lambda a, x: bce(a.sigmoid(), x)), "two sigmoids"),
    (loss_of(lambda a, x: bce(x, a)), "swapped"),
    (lambda m, x, beta=1.0: loss(m, x, beta**2), "squared"),
    (lambda m, x, beta=1.0: -loss(m, x, beta), "the sign"),
    # Another reconstruction.
    (loss_of(F.mse_loss), "averaged over the pixels: that is a squared error"),
    (loss_of(lambda a, x: F.mse_loss(a.sigmoid(), x)), "squared error"),
    (loss_of(lambda a, x: ((a - x) ** 2).sum(1)), "squared error of the logits"),
    (loss_of(lambda a, x: ((a.sigmoid() - x) ** 2).sum(1)), "squared error"),
    (loss_of(lambda a, x: (a.sigmoid() - x).abs().sum(1)), "absolute error"),
    (loss_of(F.binary_cross_entropy_with_logits), "averaged over the pixels"),
    (loss_of(lambda a, x: bce(-a, x)), "sign of the logits"),
    (loss_of(lambda a, x: bce(a, x.round())), "rounded"),
    (loss_of(lambda a, x: F.cross_entropy(a, x)), "softmax"),
    (loss_of(lambda a, x: bce(a[:, :-1], x[:, :-1])), "each term by itself"),
    (loss_of(lambda a, x: bce(a.clamp(-1, 1), x)), "each term by itself"),
    # Another KL.
    (kl_of(lambda m, s: kl(s, m)), "mu and logvar are swapped"),
    (kl_of(lambda m, s: kl(m, s).mean() / m.shape[1]), "averaged over the latent"),
    (kl_of(lambda m, s: kl(m, s) / 2), "taken twice"),
    (kl_of(lambda m, s: 2 * kl(m, s)), "1/2 is missing"),
    (kl_of(lambda m, s: kl(m, s) / 784), "averaged over the pixels"),
    (kl_of(lambda m, s: 0.5 * (m**2).sum(1)), "logvar takes no part"),
    (kl_of(lambda m, s: kl(m, s).clamp(min=1)), "lower limit"),
    (
        kl_of(lambda m, s: (0.5 * (m**2 + s.exp() - 1 - s)).clamp(min=0.1).sum(1)),
        "each term by itself",
    ),
    (kl_of(lambda m, s: (kl(m, s) - 2).abs()), "each term by itself"),
    (kl_of(lambda m, s: kl(m, s).clamp(max=100)), "a large KL, or a large recon"),
    (kl_of(lambda m, s: kl(m, s).clamp(max=2000)), "no upper limit"),
    (kl_of(lambda m, s: kl(m, s).clamp(max=5)), "a lower or an upper limit"),
    (loss_of(lambda a, x: bce(a, x).clamp(max=1500)), "no upper limit"),
    (two_terms(divergence=lambda k: k.mean().clamp(max=500)), "no upper limit"),
    # Another sum of the two.
    (lambda m, x, beta=1.0: loss(m, x, 0.0), "the KL is missing"),
    (lambda m, x, beta=1.0: (beta * kl(*m(x)[1:])).mean(), "reconstruction is missing"),
    (lambda m, x, beta=1.0: loss(m, x, 1 - beta), "look at"),
    (if_beta, "beta = 0 is a weight"),
    (lambda m, x, beta=1.0: loss(m, x, min(beta, 1.0)), "look at"),
    (lambda m, x, beta=1.0: loss(m, x, beta) / 784, "both terms"),
    (lambda m, x, beta=1.0: loss(m, x, beta) * len(x) / 100, "written in, 100"),
    (lambda m, x, beta=1.0: loss(m, x, beta) * 0.99, "look at"),
    (lambda m, x, beta=1.0: loss(m, x, beta) + 0.1, "look at"),
    (kl_of(lambda m, s: kl(m.detach(), s)), "flows from the KL"),
    (kl_of(lambda m, s: kl(m, s).max()), "each term by itself"),
    (lambda m, x, beta=1.0: loss(m, x + 0.1 * torch.randn_like(x), beta), "look at"),
    (lambda m, x, beta=1.0: (loss(m, x, beta), beta), "not a tensor"),
    # What is decoded.
    (decodes_mu, "what is decoded is mu itself"),
    (decodes_the_variance, "(z - mu) / sigma has mean"),
    (first_images, "of 1031 images 128 were decoded"),
    (a_mean_of_halves, "images"),
    (no_model, "the model was never called"),
    # What is left behind, or cut.
    (trains, "training mode"),
    (evaluates_for_a_moment, "another mode"),
    (empties_gradients, "gradients"),
    (freezes, "frozen"),
    (cuts_x, "other numbers after the call"),
    (lambda m, x, beta=1.0: torch.tensor(float(loss(m, x, beta))), "float()"),
    (torch.no_grad()(loss), "no gradient"),
    (lambda m, x, beta=1.0: torch.stack([loss(m, x, beta)] * 2), "backward() needs"),
    (lambda m, x, beta=1.0: loss(m, x, min(beta, 10)), "beta has a limit"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


kl_divergence = kl


def reconstruction_loss(logits, x):
    return -bce(logits, x)


def loss_of_earlier_answers(model, x, beta=1.0):
    logits, mu, logvar = model(x)
    return (reconstruction_loss(logits, x) + beta * kl_divergence(mu, logvar)).mean()


def test_it_is_judged_by_itself(capsys, monkeypatch):
    CHECK(loss_of_earlier_answers)
    said = "right, with the pack's `reconstruction_loss`: yours is not right yet."
    assert said in capsys.readouterr().out
    monkeypatch.setitem(globals(), "kl_divergence", lambda mu, logvar: mu)
    CHECK(loss_of_earlier_answers)
    assert "`kl_divergence` and `reconstruction_loss`" in capsys.readouterr().out


def test_its_own_mistake_is_named_over_wrong_earlier_answers():
    with pytest.raises(CheckFailed, match="beta is not used"):
        CHECK(lambda model, x, beta=1.0: loss_of_earlier_answers(model, x))


def test_random_numbers_of_the_notebook_stay():
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    CHECK(loss)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()
