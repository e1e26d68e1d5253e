"""Check of the loss, reconstruction + beta * KL, on models whose terms are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import Draw
from helpers.checks.lesson03._calls import Call, call_of
from helpers.checks.lesson03._watched import WatchedVAE, heads, pictures
from helpers.checks.messages import apart
from helpers.checks.records import twin
from helpers.checks.tensors import TOLERANCE, fits


@check("vae_loss", uses=("reparameterize", "kl_divergence", "reconstruction_loss"))
def vae_loss(function: Callable, draw: Draw) -> None:
    """Check mean over images of reconstruction + beta * KL, and its gradients."""
    size = draw.integer(3, 9)
    model = WatchedVAE(size)
    flat = WatchedVAE(size, spread=0.05)
    faint = WatchedVAE(size, spread=0.01)
    far = _far_out(WatchedVAE(24))
    low, high = (float(draw.rng.uniform(*ends)) for ends in ((0.2, 0.8), (1.5, 4.0)))
    cases = (
        (model, 33, high),
        (model, 57, low),
        (model, 33, None),
        (model, 9, 0.0),
        (model, 1, high),
        (flat, 33, high),
        (faint, 33, 2000.0),
        (far, 33, low),
        (model, 1031, low),
    )
    twins = {net: twin(net) for net in (model, flat, faint, far)}
    for net in twins:
        for p in net.parameters():
            p.grad = torch.ones_like(p)  # who empties them is found out
    calls = []
    for number, (net, images, beta) in enumerate(cases):
        net.train(number % 2 == 0)
        x = torch.rand(images, 784)
        x[5::9] = 0  # images without ink count as any others
        calls.append(call_of(function, net, twins[net], x, beta))
    seen = torch.stack([call.seen.double().reshape(()) for call in calls])
    wanted = _wanted(calls, seen)
    wrong = ~((seen - wanted).abs() <= TOLERANCE * wanted.abs())  # nan is wrong
    if wrong.any():
        raise _not_right(calls, seen, wanted, wrong)
    _check_codes(calls[-1])
    _check_gradients(function, model, twins[model], torch.rand(17, 784), high)


def _wanted(calls: Sequence[Call], seen: Tensor) -> Tensor:
    """The losses that were meant, (len(calls),): in all calls of the same draws.

    Whoever takes another draw in each call takes the best.
    """
    options = torch.stack([call.options for call in calls])
    off = ((options - seen[:, None]) / options).abs().nan_to_num(torch.inf)
    return options[:, off.amax(0).argmin()]


@torch.no_grad()
def _far_out(model: WatchedVAE) -> WatchedVAE:
    """Codes so far from the prior, pictures so wrong, that a limit would show."""
    model.mu.weight.mul_(0.3)
    model.decoder[2].weight.mul_(4)
    model.mu.bias.copy_(17 * (torch.randint(0, 2, model.mu.bias.shape) * 2 - 1))
    return model


def _not_right(
    calls: Sequence[Call], seen: Tensor, wanted: Tensor, wrong: Tensor
) -> CheckFailed:
    """Say which loss is wrong first, and which mistake explains all of them."""
    each = [  # of the large batch it takes long
        call.mistakes(right)
        for call, right in zip(calls[:-1], wanted[:-1], strict=True)
    ]
    ratio, names = (seen / wanted)[:-1], []
    for why in each[0]:
        value = torch.stack([one[why] for one in each]) / wanted[:-1]
        if fits(ratio, value, 5e-5) and not fits(value, torch.ones_like(value)):
            names.append(why)
    first = calls[int(wrong.double().argmax())]
    if not names:
        names = [
            why for why, these in _only(calls).items() if torch.equal(wrong, these)
        ]
    texts = apart(seen[wrong][0].item(), wanted[wrong][0].item())
    beta = "without beta" if first.beta is None else f"at beta = {first.beta:.3g}"
    count = len(first.images)
    return CheckFailed(
        f"the loss of a batch of {count} {beta} is {texts[0]}",
        f"{texts[1]}: the mean over the images of reconstruction + beta * KL",
        "; or ".join(names[:3])
        or "each term by itself: the reconstruction is summed over the pixels, the KL "
        "over the latent dimensions; beta weighs the KL alone; the mean over images "
        "comes last, and no term has a lower or an upper limit",
    )


def _only(calls: Sequence[Call]) -> dict[str, Tensor]:
    """What it means if just these calls go wrong."""
    of = lambda test: torch.tensor([bool(test(call)) for call in calls])  # noqa: E731
    return {
        "beta=1.0 is the default: the first line of the function": of(
            lambda call: call.beta is None
        ),
        "beta = 0 is a weight like any other: no `if beta`, no `beta or 1`": of(
            lambda call: call.beta == 0
        ),
        "a single image is a batch, too: no squeeze, no len(x) - 1": of(
            lambda call: len(call.images) == 1
        ),
        "the last images of a large batch count, too": of(
            lambda call: len(call.images) > 1000
        ),
        "a small KL counts as it is: no lower limit": of(
            lambda call: call.mu.abs().max() < 0.5
        ),
        "a large KL, or a large reconstruction, counts as it is: no upper limit": of(
            lambda call: call.mu.abs().max() > 10
        ),
        "a small KL counts as it is, no lower limit; or beta has a limit": of(
            lambda call: call.weight > 1000
        ),
        "the mean over the images, of one image or of many: a batch size written into "
        "the function, or a sum": of(lambda call: len(call.images) != 33),
    }


def _check_codes(call: Call) -> None:
    """What was decoded must be draws from N(mu, sigma^2)."""
    sigma = torch.exp(call.logvar / 2)
    drawn = [(codes - call.mu) / sigma for codes, _ in call.decoded]
    noise = drawn[-1]
    if any(each.abs().max() < 1e-3 for each in drawn):
        raise CheckFailed(
            "what is decoded is mu itself",
            "a drawn z: the bound holds for that only, and training needs the noise",
            "model(x) draws z and decodes it",
        )
    mean, std = noise.mean(0), noise.std(0)  # of each dimension
    if not (mean.abs().max() <= 0.2 and (std - 1).abs().max() <= 0.14):
        worst = (std - 1).abs().argmax()
        raise CheckFailed(
            f"in what is decoded (z - mu) / sigma has mean {mean[worst]:.2f} and "
            f"standard deviation {std[worst]:.2f} in one dimension",
            "0 and 1",
            "where z comes from: model(x) draws it",
        )


def _check_gradients(
    function: Callable, model: WatchedVAE, right: WatchedVAE, x: Tensor, beta: float
) -> None:
    """Gradients of every weight against those of a reference with the same noise."""
    call = call_of(function, model, right, x, beta)
    if not call.loss.requires_grad:
        raise CheckFailed(
            "no gradient flows from the loss to the model",
            "backward() must reach every weight, through both terms",
            "float(), item(), detach(), .data, torch.tensor(...) or no_grad() inside "
            "the function",
        )
    model.zero_grad(set_to_none=True)
    call.loss.sum().backward()
    found = {name: p.grad for name, p in model.named_parameters()}
    references = [_reference(call.right, x, beta, codes) for codes, _ in call.decoded]
    references.append(
        {name: sum(g[name] for g in references) / len(references) for name in found}
    )
    off = min((_off(found, right) for right in references), key=len)
    if not off:
        return
    if all(name.startswith("decoder") for name in off):
        term = "reconstruction"
    elif any(name.startswith("decoder") for name in off):
        term = "loss"
    else:
        term = "KL, or through z,"
    raise CheckFailed(
        f"no gradient, or a wrong one, flows from the {term} to the model's "
        f"{', '.join(off)}",
        "backward() must reach every weight, through both terms",
        "detach(), .item(), .data or no_grad() on one of the terms",
    )


def _reference(
    model: WatchedVAE, x: Tensor, beta: float, codes: Tensor
) -> dict[str, Tensor]:
    """Gradients of the right loss where these codes are drawn."""
    mu, logvar = heads(model, x)
    with torch.no_grad():
        noise = (codes - mu) / torch.exp(logvar / 2)
    answers = pictures(model, mu + torch.exp(logvar / 2) * noise)
    kl = (mu**2 + logvar.exp() - 1 - logvar).sum() / 2
    pixels = F.binary_cross_entropy_with_logits(answers, x, reduction="sum")
    loss = (pixels + beta * kl) / len(x)
    names, weights = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, weights), strict=True))


def _off(found: dict[str, Tensor | None], right: dict[str, Tensor]) -> list[str]:
    """Names of weights whose gradient is missing or another."""
    return [
        name
        for name, wanted in right.items()
        if found[name] is None or not fits(found[name], wanted, 2e-3)
    ]
