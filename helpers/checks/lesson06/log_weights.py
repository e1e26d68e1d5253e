"""Lesson 06, exercise 2: importance weights, in a world whose log p(x) is known."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson06._weights import check_gradients, compare_all, log_density
from helpers.checks.lesson06._world import World, heads, likelihood, log_p
from helpers.checks.messages import apart
from helpers.checks.modules import explained
from helpers.checks.noise import follows, hang_together, tails
from helpers.checks.records import notes_of, twin
from helpers.checks.tensors import fits

LIMIT = 6  # standard errors
AXES = {
    "too many values to unpack": (
        "images on any number of axes: x is (R, B, D) here, and mu (R, B, d)",
        "`B, d = mu.shape` and the like: *mu.shape takes all axes",
    )
}


@check("log_weights", uses=("log_normal",))
def log_weights(function: Callable, draw: Draw) -> None:
    """Check log p(x, z) - log q(z | x) of k draws for each image."""
    pixels, size = draw.integer(6, 9), draw.integer(2, 5)
    wrong = World(pixels, size)
    k = draw.integer(3, 7)
    cases = [(k, (97,)), (1, (5,)), (131, (3,)), (k, (1,)), (k, (3, 5))]
    narrow = World(pixels, 1)
    for each in wrong.parameters():  # as backward() has left them
        each.grad = torch.randn_like(each)
    calls = [_call(function, wrong, shape, count) for count, shape in cases]
    calls.append(_call(function, narrow, (4,), k))
    calls.append(_call(function, wrong.eval(), (7,), 7))
    sharp = World(60, 2, exact=True, noise=0.15)  # positive log weights
    calls.append(_call(function, sharp, (5,), k))
    _check_draws(function, wrong)
    compare_all(
        [each[0] for each in calls],
        [_parts(*each[1:])["right"] for each in calls],
        [_mistakes(*each[1:]) for each in calls],
        "the log weight of a draw",
        "log p(x | z) + log p(z) - log q(z | x) at this very z",
        "each of the three terms at the same z: model.log_likelihood(x, z); log_normal "
        "with mean 0 and logvar 0; log_normal with the encoder's mu and logvar",
        tolerance=4e-5,
    )
    _check_exact(function, World(pixels, size, exact=True), k)
    for shape in ((9,), (3, 4)):
        _check_gradients(function, wrong, shape, k)
    for level in (11.0, -20.0):
        _check_far(function, World(pixels, size), level, k)


def _check_far(function: Callable, model: World, level: float, k: int) -> None:
    """Where q is very wide, or very narrow: logvar has no limit."""
    with torch.no_grad():
        model.W.mul_(0.01)
        for each in (model.mu.weight, model.mu.bias, model.logvar.weight):
            each.zero_()
        model.logvar.bias.fill_(level)
    log_w, *rest = _call(function, model, (97,), k)
    noise = _noise(*rest).flatten()
    right = _parts(*rest)["right"]
    spread = abs(noise.std() - 1) < LIMIT / (2 * len(noise)) ** 0.5
    if spread and fits(log_w, right, 1e-6 if level > 0 else 4e-5):
        return
    worst = (log_w.detach().double() - right).abs().argmax()
    texts = apart(log_w.flatten()[worst].item(), right.flatten()[worst].item())
    raise CheckFailed(
        f"where the encoder's logvar is {level:.0f} a log weight is {texts[0]}"
        if spread
        else f"where the encoder's logvar is {level:.0f} (z - mu) / sigma has the "
        f"standard deviation {apart(noise.std(), 1)[0]}",
        f"{texts[1]}, from the same three terms" if spread else "1",
        "a limit on logvar or sigma (clamp), or a number added to sigma: leave it out",
    )


def _call(
    function: Callable,
    model: World,
    shape: tuple[int, ...],
    k: int,
    gradient: bool = False,
) -> tuple[Tensor, World, Tensor, Tensor]:
    """Weights, the model as it was handed in, images and the codes that were drawn."""
    x = model.images(*shape)
    notes_of(model).clear()
    right = twin(model)
    with stays(x, model), explained(AXES if len(shape) > 1 else {}):
        log_w = function(model, x, k)
    look = "the noise: its shape is (k, *mu.shape), with the draws on the first axis"
    if tuple(getattr(log_w, "shape", ())) == shape:
        look = f"one weight for each image, where k are wanted (no mean): {look}"
    seen = want_tensor(
        log_w,
        (k, *shape),
        f"log_weights(model, x, {k}) for x of shape {tuple(x.shape)}",
        look,
    )
    if not notes_of(model):
        raise CheckFailed(
            "log_likelihood is never called",
            "log p(x | z) is one of the three terms",
            "model.log_likelihood(x, z)",
        )
    size = model.W.shape[1]
    codes = torch.cat([each.reshape(-1, *shape, size) for each in _whole(model, shape)])
    if len(codes) != k:
        raise CheckFailed(
            f"log_likelihood was asked for {len(codes)} codes of each image",
            f"{k}, one for each weight",
            look,
        )
    return log_w if gradient else seen, right, x, codes


def _whole(model: World, shape: tuple[int, ...]) -> list[Tensor]:
    images = torch.Size(shape).numel() * model.W.shape[1]
    for each in notes_of(model):
        if each.numel() % images:
            raise CheckFailed(
                f"log_likelihood was given z of shape {tuple(each.shape)}",
                f"codes of all images, shape (k, {', '.join(map(str, shape))}, d)",
                "the shape of z: (k, *mu.shape)",
            )
    return notes_of(model)


def _parts(model: World, x: Tensor, z: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        mu, logvar = heads(model, x)
        of_x = likelihood(model, x, z).double()
    prior = log_density(z, torch.zeros(()), torch.zeros(()))
    q = log_density(z, mu, logvar)
    return {
        "right": of_x + prior - q,
        "likelihood": of_x,
        "prior": prior,
        "q": q,
    }


def _mistakes(model: World, x: Tensor, z: Tensor) -> dict[str, Tensor]:
    parts = _parts(model, x, z)
    likelihood, prior, q = parts["likelihood"], parts["prior"], parts["q"]
    with torch.no_grad():
        mu, logvar = heads(model, x)
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).double().sum(-1)
    return {
        "log q(z | x) is subtracted, not added": likelihood + prior + q,
        "log q(z | x) is missing": likelihood + prior,
        "the prior, log p(z), is missing": likelihood - q,
        "the prior, log p(z), is added, not subtracted": likelihood - prior - q,
        "the prior and q have changed places": likelihood - prior + q,
        "log p(x | z) alone: the prior and q are missing": likelihood,
        "log p(x | z) is missing": prior - q,
        "the sign of all: log p(x, z) - log q(z | x)": -parts["right"],
        "the closed form of the KL stands in; here each z counts as it was drawn": (
            likelihood - kl
        ),
        "the prior is N(0, I), at z; yours is taken at mu": likelihood
        + log_density(mu, torch.zeros(()), torch.zeros(()))
        - q,
        "q is taken at mu; it is wanted at z": likelihood
        + prior
        - log_density(mu, mu, logvar),
        "q has the variance exp(logvar), yours 1": likelihood
        + prior
        - log_density(z, mu, torch.zeros(())),
        "q's logvar is handed on twice as large: log_normal takes log(sigma^2)": (
            likelihood + prior - log_density(z, mu, 2 * logvar)
        ),
        "q's logvar is handed on halved: log_normal takes log(sigma^2)": (
            likelihood + prior - log_density(z, mu, logvar / 2)
        ),
        "q is handed on with exp(logvar): log_normal takes log(sigma^2)": (
            likelihood + prior - log_density(z, mu, logvar.exp())
        ),
        "q is handed on with exp(logvar / 2): log_normal takes log(sigma^2)": (
            likelihood + prior - log_density(z, mu, (logvar / 2).exp())
        ),
        "the prior's logvar is log(1) = 0; yours is 1": likelihood
        + log_density(z, torch.zeros(()), torch.ones(()))
        - q,
        "the prior's mean is 0; yours is 1": likelihood
        + log_density(z, torch.ones(()), torch.zeros(()))
        - q,
        "the weights themselves; their logarithms are wanted": parts["right"].exp(),
    }


def _noise(model: World, x: Tensor, z: Tensor) -> Tensor:
    with torch.no_grad():
        mu, logvar = heads(model, x)
    return (z - mu) / torch.exp(logvar / 2)


def _check_draws(function: Callable, model: World) -> None:
    """Codes must be independent draws from N(mu, sigma^2), new ones in each call."""
    _, *drawn = _call(function, model, (53,), 400)
    noise, z = _noise(*drawn), drawn[-1]  # (400, 53, d)
    if not noise.abs().max() >= 1e-3:
        raise CheckFailed(
            "z is mu itself, in every draw",
            "drawn codes, z = mu + sigma * epsilon",
            "the noise: torch.randn(k, *mu.shape)",
        )
    if torch.equal(z[:1].expand_as(z), z):
        raise CheckFailed(
            "all k draws are the same code",
            "k draws of their own for each image",
            "the shape of the noise: (k, *mu.shape)",
        )
    still = (noise.flatten(1).abs().amax(1) < 1e-3).nonzero().flatten().tolist()
    if still:
        raise CheckFailed(
            f"of {len(z)} draws number {still[0] + 1} is mu itself",
            "noise in each of the k draws",
            "a row of the noise that is set to 0, or mu put in front of the draws",
        )
    if abs(z.mean()) < 0.05 and abs(z.std() - 1) < 0.03 and _same_for_all(z):
        raise CheckFailed(
            "z is drawn from the prior N(0, I)",
            "from the encoder's N(mu, sigma^2), another one for each image",
            "z = mu + sigma * epsilon",
        )
    _independent(noise, "")
    _require_standard(noise, "")
    noise = _noise(*_call(function, model, (23, 29), 24)[1:])  # as section 6 does
    where = ", for x of shape (23, 29, ...)"
    _independent(noise, where)
    _require_standard(noise.flatten(1, 2), where)
    single = _noise(*_call(function, model, (53,), 1)[1:])
    if not single.abs().max() >= 1e-3:
        raise CheckFailed(
            "where k is 1 the only draw is mu itself",
            "noise in each of the k draws",
            "what is done where k is 1",
        )
    for shape in ((5,), (2, 3)):
        one, other = (_noise(*_call(function, model, shape, 3)[1:]) for _ in range(2))
        if not (one - other).abs().max() >= 1e-4:
            raise CheckFailed(
                "two calls draw the same noise",
                "new draws in each call",
                "a seed or generator inside the function",
            )
    if follows([_noise(*_call(function, model, (53,), 40)[1:]) for _ in range(3)]):
        raise CheckFailed(
            "the noise of a call is like, or opposite to, that of the call before",
            "new draws in each call",
            "noise that is kept from call to call",
        )


def _require_standard(noise: Tensor, where: str) -> None:
    """Fail unless noise (k, images, d) has the moments of a standard normal."""
    flat = noise.flatten(0, 1)  # each dimension by itself
    room = LIMIT / len(flat) ** 0.5
    off = torch.stack([flat.mean(0).abs(), (flat.std(0) - 1).abs()])
    if not (off <= room).all():
        worst = (flat.std(0) - 1).abs().argmax()
        raise CheckFailed(
            f"in the codes (z - mu) / sigma has mean {flat.mean(0)[worst]:.3f} and "
            f"standard deviation {apart(flat.std(0)[worst], 1)[0]} in one dimension"
            f"{where}",
            "0 and 1: z is drawn from N(mu, sigma^2)",
            "how z is drawn: sigma = exp(logvar / 2), noise from torch.randn (normal)",
        )
    fourth = tails(noise)
    if not abs(fourth - 3) <= LIMIT * (24 / noise.numel()) ** 0.5 * 1.3:
        raise CheckFailed(
            f"the noise in z has mean 0 and standard deviation 1, but a fourth moment "
            f"of {fourth:.2f}{where}",
            "3, as a normal distribution has",
            "how the noise is drawn: torch.randn",
        )


def _independent(noise: Tensor, where: str) -> None:
    """Fail if draws or images (k, ..., d) share noise."""
    axes = range(noise.dim() - 1)
    if any(hang_together(noise.transpose(0, axis).flatten(1)) for axis in axes):
        raise CheckFailed(
            f"the noise in z is not independent for each draw, image and dimension"
            f"{where}",
            "a normal number of its own for every entry of z",
            "the shape of the noise: (k, *mu.shape), one torch.randn for all, of which "
            "nothing is repeated or mirrored",
        )


def _same_for_all(z: Tensor) -> bool:
    """Whether the codes (k, B, d) of all images have one mean."""
    return bool((z.mean(0) * len(z) ** 0.5).abs().max() < LIMIT)


def _check_exact(function: Callable, model: World, k: int) -> None:
    """With the posterior as encoder every weight is p(x), wherever z fell."""
    log_w, right, x, _ = _call(function, model, (97,), k)
    wanted = log_p(right, x).expand(k, -1)
    if fits(log_w, wanted, 4e-5):
        return
    worst = (log_w.detach().double() - wanted).abs().flatten().argmax()
    texts = apart(log_w.flatten()[worst].item(), wanted.flatten()[worst].item())
    raise CheckFailed(
        f"with the exact posterior as encoder a log weight is {texts[0]}",
        f"{texts[1]}, which is log p(x), for every draw",
        "the three terms, each at the same z",
    )


def _check_gradients(
    function: Callable, model: World, shape: tuple[int, ...], k: int
) -> None:
    model.train()
    log_w, twin_of_it, x, z = _call(function, model, shape, k, gradient=True)
    why = "z, the likelihood, the prior and q all carry gradients to what made them"
    if not log_w.requires_grad:
        raise CheckFailed(
            "no gradient flows from the weights to the model",
            why,
            "detach(), .data, .item() or no_grad() inside the function",
        )
    names, parameters = zip(*model.named_parameters(), strict=True)
    toward = torch.randn_like(log_w)  # the sum alone would hide some mistakes
    found = torch.autograd.grad((toward * log_w).sum(), parameters, allow_unused=True)
    mu, logvar = heads(twin_of_it, x)
    redrawn = mu + torch.exp(logvar / 2) * _noise(twin_of_it, x, z)
    zero = torch.zeros(())
    value = (
        likelihood(twin_of_it, x, redrawn)
        + log_density(redrawn, zero, zero)
        - log_density(redrawn, mu, logvar)
    )
    right = torch.autograd.grad((toward * value).sum(), [*twin_of_it.parameters()])
    wanted = dict(zip(names, right, strict=True))
    check_gradients(found, wanted, "the weights", why, 2e-3)
