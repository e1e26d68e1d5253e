"""Right and wrong losses of a batch."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson04 as checks
from tests.checks.trial import trial

CHECK = checks.vae_loss
NAMES = ("vae_loss",)


def kl(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)


def bce(x_hat, x):
    return F.binary_cross_entropy(x_hat, x, reduction="none")


def terms(model, x):
    x_hat, mu, logvar = model(x)
    return bce(x_hat, x).flatten(1).sum(1), kl(mu, logvar)


def loss(model, x, beta=1.0):
    reconstruction, price = terms(model, x)
    return (reconstruction + beta * price).mean()


def by_sums(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    pixels = F.binary_cross_entropy(x_hat, x, reduction="sum")
    return (pixels + beta * kl(mu, logvar).sum()) / x.size(0)


def by_formula(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    p = x_hat.clamp(1e-7, 1 - 1e-7)
    pixels = -(x * p.log() + (1 - x) * (1 - p).log()).sum(dim=(1, 2, 3))
    return torch.mean(pixels) + beta * torch.mean(kl(mu, logvar))


def by_distributions(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    code = torch.distributions.Normal(mu, (logvar / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    price = torch.distributions.kl_divergence(code, prior).sum(-1)
    return 784 * F.binary_cross_entropy(x_hat, x) + beta * price.mean()


def by_modules(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    pixels = torch.nn.BCELoss(reduction="none")(x_hat, x)
    price = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=-1)
    return torch.mean(pixels.view(len(x), -1).sum(-1) + beta * price, dim=0)


def with_old_argument(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    pixels = F.binary_cross_entropy(x_hat, x, size_average=False)
    return (pixels + beta * kl(mu, logvar).sum()) / len(x)


def by_xlogy(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    p = x_hat.clamp(min=1e-7, max=1 - 1e-7)
    pixels = torch.xlogy(x, p) + torch.special.xlog1py(1 - x, -p)
    return (beta * kl(mu, logvar) - pixels.sum((1, 2, 3))).mean()


def image_by_image(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    total = 0.0
    for i in range(len(x)):
        total = total + F.binary_cross_entropy(x_hat[i], x[i], reduction="sum")
        total = total + beta * kl(mu[i : i + 1], logvar[i : i + 1])[0]
    return total / len(x)


def of(formula):
    """Another way to put both terms of each image together."""
    return lambda model, x, beta=1.0: formula(beta, *terms(model, x))


def with_terms(pixels=bce, price=kl):
    """The loss with something else for the reconstruction or the KL."""

    def changed(model, x, beta=1.0):
        x_hat, mu, logvar = model(x)
        each = pixels(x_hat, x).flatten(1).sum(1) + beta * price(mu, logvar)
        return each.mean()

    return changed


def of_model(change):
    """The loss of a model whose answer is changed first."""

    def changed(model, x, beta=1.0):
        return loss(lambda images: change(*model(images)), x, beta)

    return changed


def cross_entropy(p, x):
    return -(x * p.log() + (1 - x) * (1 - p).log())


def log_and_a_bit(x_hat, x):
    return -(x * (x_hat + 1e-8).log() + (1 - x) * (1 - x_hat + 1e-8).log())


def clamped(eps):
    return lambda x_hat, x: cross_entropy(x_hat.clamp(eps, 1 - eps), x)


def free_bits(mu, logvar):
    each = 0.5 * (mu**2 + logvar.exp() - 1 - logvar)
    return each.clamp(min=0.05).sum(1)


def logits_expected(x_hat, x):
    return F.binary_cross_entropy_with_logits(x_hat, x, reduction="none")


def then(change):
    """The right loss, after something is done to the model."""

    def changed(model, x, beta=1.0):
        change(model)
        return loss(model, x, beta)

    return changed


def first(change):
    """The right loss, before something is done to the model."""

    def changed(model, x, beta=1.0):
        answer = loss(model, x, beta)
        change(model)
        return answer

    return changed


def with_backward(model, x, beta=1.0):
    answer = loss(model, x, beta)
    answer.backward(retain_graph=True)
    return answer


def with_a_step(model, x, beta=1.0):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    answer = loss(model, x, beta)
    grads = torch.autograd.grad(answer, list(model.parameters()), retain_graph=True)
    for weight, grad in zip(model.parameters(), grads, strict=True):
        weight.grad = grad
    optimizer.step()
    optimizer.zero_grad()
    return answer


def decodes_mu(model, x, beta=1.0):
    mu, logvar = model.encode(x)
    pixels = bce(model.decode(mu), x).flatten(1).sum(1)
    return (pixels + beta * kl(mu, logvar)).mean()


def gradients_off(model, x, beta=1.0):
    answer = loss(model, x, beta)
    torch.set_grad_enabled(False)
    return answer


def by_logits(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    logits = torch.logit(x_hat, eps=1e-7)
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return (pixels.flatten(1).sum(1) + beta * kl(mu, logvar)).mean()


def by_bernoulli(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    pixels = torch.distributions.Bernoulli(x_hat, validate_args=False).log_prob(x)
    return (beta * kl(mu, logvar) - pixels.sum(dim=[1, 2, 3])).mean()


def beta_without_default(model, x, beta):
    return loss(model, x, beta)


def falsy_beta(model, x, beta=1.0):
    return loss(model, x, beta or 1.0)


def of_those_with_ink(model, x, beta=1.0):
    reconstruction, price = terms(model, x)
    return (reconstruction + beta * price)[x.flatten(1).sum(1) > 0].mean()


def clamps_the_logarithms(model, x, beta=1.0):
    x_hat, mu, logvar = model(x)
    on, off = x_hat.log().clamp(min=-100), (1 - x_hat).log().clamp(min=-100)
    pixels = -(x * on + (1 - x) * off).flatten(1).sum(1)
    return (pixels + beta * kl(mu, logvar)).mean()


def in_eval_and_back(model, x, beta=1.0):
    training = model.training
    found = loss(model.eval(), x, beta)
    model.train(training)
    return found


def of_draws(count, put_together):
    """The loss by several draws: their pictures, or their losses."""

    def function(model, x, beta=1.0):
        answers = [model(x) for _ in range(count)]
        price = kl(*answers[-1][1:])
        return (put_together(answers, x) + beta * price).mean()

    return function


def mean_picture(answers, x):
    picture = torch.stack([x_hat for x_hat, _, _ in answers]).mean(0)
    return bce(picture, x).flatten(1).sum(1)


def losses_of(answers, x):
    return torch.stack([bce(p, x).flatten(1).sum(1) for p, _, _ in answers])


def better_of_two(model, x, beta=1.0):
    return min(loss(model, x, beta), loss(model, x, beta))


def side_by_side(model, x, beta=1.0):
    return loss(model, torch.cat([x, x]), beta)


RIGHT = [
    of_draws(3, lambda *given: losses_of(*given).mean(0)),
    of_draws(2, lambda *given: losses_of(*given)[0]),
    side_by_side,
    loss,
    by_sums,
    by_formula,
    by_distributions,
    with_terms(lambda x_hat, x: bce(x_hat.double(), x.double())),
    lambda m, x, beta=1.0: loss(m, x, beta).reshape(1),
    by_modules,
    with_old_argument,
    by_xlogy,
    image_by_image,
    lambda model, x, beta=1: loss(model, x, beta),
    with_terms(clamped(1e-7)),
    by_logits,
    by_bernoulli,
    of(lambda b, r, k: r.mean() + b * k.mean()),
    of(lambda b, r, k: torch.stack([r, b * k]).sum() / len(r)),
]
WRONG = [
    (of_draws(2, mean_picture), "draws z in each call | pictures of several draws"),
    (of_draws(10, mean_picture), "pictures of several draws that are averaged"),
    (of_draws(2, lambda *given: losses_of(*given).amin(0)), "the best of several"),
    (better_of_two, "the best of several"),
    (in_eval_and_back, "ran in evaluation mode | leave it out"),
    (of_those_with_ink, "where four of 33 images are black"),
    (clamps_the_logarithms, "its gradient is nan"),
    (falsy_beta, "0 is taken for no beta at all"),
    (of(lambda b, r, k: (r / 784 + b * k).mean()), "averaged over the pixels"),
    (of(lambda b, r, k: (r + b * k).sum()), "sum over the images"),
    (of(lambda b, r, k: (r - b * k).mean()), "sign of the KL"),
    (of(lambda b, r, k: r.mean()), "KL is missing"),
    (of(lambda b, r, k: k.mean()), "reconstruction"),
    (of(lambda b, r, k: (r + b * k).sum() / 128), "batch size"),
    (of(lambda b, r, k: (r + b * k).sum() / 64), "batch size"),
    (of(lambda b, r, k: (b * r + k).mean()), "multiplies the reconstruction"),
    (of(lambda b, r, k: b * (r + k).mean()), "both terms"),
    (lambda m, x, beta=4.0: loss(m, x, beta), "default"),
    (of(lambda b, r, k: (r + k).mean()), "beta is not used"),
    (of(lambda b, r, k: (r + k / b).mean()), "divides"),
    (of(lambda b, r, k: (r + b * b * k).mean()), "squared"),
    (of(lambda b, r, k: ((1 - b) * r + b * k).mean()), "1 - beta"),
    (of(lambda b, r, k: r.mean() + b * k.sum()), "averaged"),
    (of(lambda b, r, k: r + b * k), "one number"),
    (of(lambda b, r, k: (r + b * k).median()), "the mean over the images"),
    (of(lambda b, r, k: (r + b * k)[0]), "the mean over the images"),
    (of(lambda b, r, k: (r + b * k).max()), "the mean over the images"),
    (of(lambda b, r, k: r.mean() + b * k[:100].mean()), "each term"),
    (of(lambda b, r, k: (r + b * k)[:128].mean()), "each term"),
    (of(lambda b, r, k: (r + min(b, 5.0) * k).mean()), "each term"),
    (of(lambda b, r, k: (r + min(b, 50.0) * k).mean()), "beta = 1000"),
    (of(lambda b, r, k: (r + b * k).mean().item()), "float, not a tensor"),
    (of(lambda b, r, k: float((r + b * k).mean())), "float, not a tensor"),
    (of(lambda b, r, k: (r + b * k).mean().detach()), "no gradient"),
    (of(lambda b, r, k: (r + b * k.detach()).mean()), "the KL passes no gradient"),
    (of(lambda b, r, k: (r.detach() + b * k).mean()), "x_hat passes no gradient"),
    (of(lambda b, r, k: torch.tensor((r + b * k).mean().item())), "no gradient"),
    (of(lambda b, r, k: -(r + b * k).mean()), "the sign"),
    (with_terms(price=lambda m, v: kl(m, v) / m.shape[1]), "latent dimensions"),
    (with_terms(price=lambda m, v: kl(m, 2 * v)), "standard deviation"),
    (with_terms(price=lambda m, v: kl(v, m)), "mu and logvar are swapped"),
    (with_terms(price=lambda m, v: 0.5 * m.square().sum(1)), "logvar takes no part"),
    (with_terms(price=lambda m, v: 2 * kl(m, v)), "1/2 is missing"),
    (with_terms(price=lambda m, v: -kl(m, v)), "sign"),
    (with_terms(price=lambda m, v: kl(m, v).clamp(min=0.1)), "KL counts as it is"),
    (with_terms(price=free_bits), "KL"),
    (with_terms(price=lambda m, v: kl(m, v).clamp(max=100)), "however large | upper"),
    (with_terms(price=lambda m, v: kl(m, v).clamp(max=1000)), "an upper bound"),
    (with_terms(price=lambda m, v: kl(m, v).clamp(min=0.5)), "a lower bound"),
    (with_terms(price=lambda m, v: kl(m.detach(), v)), "mu from the KL"),
    (with_terms(price=lambda m, v: kl(m, v.detach())), "logvar from the KL"),
    (with_terms(price=lambda m, v: kl(m[:, 1:], v[:, 1:])), "each term"),
    (with_terms(cross_entropy), "clamp"),
    (with_terms(log_and_a_bit), "wider than 1e-7"),
    (with_terms(clamped(1e-6)), "wider than 1e-7"),
    (with_terms(clamped(1e-3)), "clamp"),
    (with_terms(lambda p, x: bce(p, x.round())), "rounded"),
    (with_terms(lambda p, x: bce(p, (x > 0.5).float())), "rounded"),
    (with_terms(lambda p, x: bce(p, (x > 0).float())), "black and white"),
    (with_terms(lambda p, x: -x * (p + 1e-7).log()), "(1 - x) log"),
    (with_terms(lambda p, x: bce(p, x) / math.log(2)), "bits"),
    (with_terms(lambda p, x: bce(x, p)), "swapped"),
    (with_terms(lambda p, x: bce(1 - p, x)), "reconstruction"),
    (with_terms(logits_expected), "two sigmoids"),
    (with_terms(lambda p, x: bce(p.sigmoid(), x)), "two sigmoids"),
    (with_terms(lambda p, x: (p - x) ** 2), "squared error"),
    (with_terms(lambda p, x: F.mse_loss(p, x, reduction="none")), "squared error"),
    (with_terms(lambda p, x: (p - x).abs()), "absolute error"),
    (with_terms(lambda p, x: bce(p.detach(), x)), "x_hat passes no gradient"),
    (with_terms(lambda p, x: bce(p, x)[..., :27]), "reconstruction + beta"),
    (with_terms(lambda p, x: bce(p, x) / 28), "reconstruction"),
    (lambda m, x, beta=1.0: F.mse_loss(m(x)[0], x), "squared error"),
    (
        lambda m, x, beta=1.0: F.binary_cross_entropy(m(x)[0], x, reduction="sum"),
        "each summed",
    ),
    (lambda m, x, beta=1.0: loss(m, x.clamp_(0.1, 0.9), beta), "in place"),
    (lambda m, x, beta=1.0: loss(m, x.flatten(1), beta), "before model(x)"),
    (lambda m, x, beta=1.0: loss(m, x.squeeze(1), beta), "before model(x)"),
    (then(lambda m: m.eval()), "evaluation mode"),
    (then(lambda m: m.train()), "training mode"),
    (first(lambda m: m.train()), "training mode"),
    (first(lambda m: m.eval()), "evaluation mode"),
    (with_a_step, "gradients"),
    (first(lambda m: m.requires_grad_(False)), "frozen"),
    (with_backward, "gradients"),
    (then(lambda m: m.zero_grad()), "gradients"),
    (beta_without_default, "beta"),
    (gradients_off, "torch.no_grad"),
    (decodes_mu, "mu is decoded"),
    (torch.no_grad()(loss), "no gradient"),
    (lambda m, x, beta=1.0: None, "not a tensor"),
    (lambda m, x, beta=1.0: np.float32(loss(m, x, beta).item()), "not a tensor"),
    (
        of(lambda b, r, k: (r + min(b, 10) * k).mean()),
        "the mean over images",
    ),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def test_a_warning_is_a_note(capfd):
    CHECK(with_old_argument)
    out, err = capfd.readouterr()
    assert "size_average" in out
    assert "right" in out
    assert not err


def test_a_stub_stays_a_stub():
    def stub(model, x, beta=1.0):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"vae_loss.*not written yet"):
        CHECK(stub)
