"""Check the loss of a VAE, reconstruction + beta * KL, on models whose terms are known.

Lessons 03 and 04 ask for the same loss, of logits and of probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.checks.base import CheckFailed, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.losses import bce_terms, kl_terms, loss_mistakes, loss_value
from helpers.checks.messages import apart
from helpers.checks.modules import explained
from helpers.checks.records import notes_of, twin
from helpers.checks.tensors import TOLERANCE, fits
from helpers.checks.watched import WatchedVAE, decoded

WRITTEN_IN = (32, 50, 64, 100, 128, 200, 256, 512, 1000)  # batch sizes of habit


@dataclass
class Call:
    """One call of a student's loss, and what its model decoded meanwhile."""

    images: Tensor
    beta: float | None
    right: WatchedVAE  # as the model was when it was handed in
    loss: Tensor  # with its gradient
    seen: Tensor  # what it was when it came back
    mu: Tensor
    logvar: Tensor
    decoded: list[tuple[Tensor, Tensor]]  # (codes, logits) of all images

    @property
    def weight(self) -> float:
        """The beta that counts."""
        return 1.0 if self.beta is None else self.beta

    @property
    def options(self) -> Tensor:
        """What the loss may be: of the first draw, of the last, or their mean."""
        kl, x = kl_terms(self.mu, self.logvar), self.images.flatten(1)
        each = torch.stack(
            [
                loss_value(bce_terms(logits, x), kl, self.weight)
                for _, logits in self.decoded
            ]
        )
        return torch.stack([each[0], each[-1], each.mean()])

    def mistakes(self, wanted: Tensor) -> dict[str, Tensor]:
        """What wrong losses would be, of the right one."""
        images, beta = self.images.flatten(1), self.weight
        logits = self.decoded[-1][1]
        found = loss_mistakes(logits, images, self.mu, self.logvar, beta)
        k = beta * kl_terms(self.mu, self.logvar).sum(1).mean()
        for size in WRITTEN_IN:
            why, times = f"a batch size written in, {size}", len(images) / size
            found[f"{why}: divide by len(x), or take the mean"] = wanted * times
            found[f"{why}, for the KL"] = wanted - k + k * times
            found[f"{why}, for the reconstruction"] = (wanted - k) * times + k
        return found


def check_vae_loss(
    function: Callable,
    draw: Draw,
    shape: Sequence[int] = (784,),
    probabilities: bool = False,
) -> None:
    """Check mean over images of reconstruction + beta * KL, and its gradients.

    Parameters
    ----------
    function : callable
        ``(model, x, beta=1.0)``
    draw : Draw
    shape : sequence of int
        Of an image.
    probabilities : bool
        Whether the model answers with probabilities, or with logits.

    Raises
    ------
    CheckFailed
    """
    size = draw.integer(3, 9)
    model = WatchedVAE(size, shape, probabilities)
    flat = WatchedVAE(size, shape, probabilities, spread=0.05)
    faint = WatchedVAE(size, shape, probabilities, spread=0.01)
    far = _far_out(WatchedVAE(24, shape, probabilities))
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
        x = torch.rand(images, *shape)
        x[5::9] = 0  # images without ink count as any others
        calls.append(_call(function, net, twins[net], x, beta))
    seen = torch.stack([call.seen.double().reshape(()) for call in calls])
    wanted = _wanted(calls, seen)
    wrong = ~((seen - wanted).abs() <= TOLERANCE * wanted.abs())  # nan is wrong
    if wrong.any():
        raise _not_right(calls, seen, wanted, wrong)
    _check_codes(calls[-1])
    _check_gradients(function, model, twins[model], torch.rand(17, *shape), high)


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


def _call(
    function: Callable,
    model: WatchedVAE,
    right: WatchedVAE,
    x: Tensor,
    beta: float | None,
) -> Call:
    order = (
        "pictures of one shape, the model's and the images",
        "the order of what model(x) returns: the pictures, then mu, then logvar",
    )
    reasons = dict.fromkeys(
        ("must be the same as input size", "must match the size", "the same size"),
        order,
    )
    options = {} if beta is None else {"beta": beta}
    notes_of(model).clear()
    right.train(model.training)
    with stays(x, model), explained(reasons):
        loss = function(model, x, **options)
    seen = want_tensor(
        loss,
        (1,) if getattr(loss, "shape", ()) == (1,) else (),
        f"the loss of {len(x)} images",
        "the mean over the images at the end: backward() needs one number",
    )
    with torch.no_grad():
        mu, logvar = right.heads(x)
    return Call(x, beta, right, loss, seen, mu, logvar, _decoded(model, right, len(x)))


def _decoded(
    model: WatchedVAE, right: WatchedVAE, images: int
) -> list[tuple[Tensor, Tensor]]:
    """Codes and logits of all images, as often as they were decoded."""
    seen = decoded(model)
    if not seen:
        raise CheckFailed(
            "the model was never called: nothing was decoded",
            "the loss of this model on these images",
            "model(x): it gives the pictures, mu and logvar",
        )
    if any(each.training != right.training for each in seen):
        raise CheckFailed(
            "inside the function the model is in another mode than it was handed in",
            "the mode it has: who trains or evaluates decides that",
            "model.train() or model.eval() inside the loss: leave it out",
        )
    found = [each.codes for each in seen]
    if sum(map(len, found)) == images:  # in parts
        found = [torch.cat(found)]
    found = [codes for codes in found if len(codes) == images]
    if not found:
        raise CheckFailed(
            f"of {images} images {len(seen[-1].codes)} were decoded",
            "all of them",
            "what is handed to the model: all of x",
        )
    return [(codes, _logits(right, codes)) for codes in found]


@torch.no_grad()
def _logits(model: WatchedVAE, codes: Tensor) -> Tensor:
    flat = model.pictures(codes).flatten(1).double()
    return torch.logit(flat) if model.probabilities else flat


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
    call = _call(function, model, right, x, beta)
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
    mu, logvar = model.heads(x)
    with torch.no_grad():
        noise = (codes - mu) / torch.exp(logvar / 2)
    answers = model.pictures(mu + torch.exp(logvar / 2) * noise).flatten(1)
    cost = (
        F.binary_cross_entropy
        if model.probabilities
        else F.binary_cross_entropy_with_logits
    )
    kl = (mu**2 + logvar.exp() - 1 - logvar).sum() / 2
    loss = (cost(answers, x.flatten(1), reduction="sum") + beta * kl) / len(x)
    names, weights = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, weights), strict=True))


def _off(found: dict[str, Tensor | None], right: dict[str, Tensor]) -> list[str]:
    """Names of weights whose gradient is missing or another."""
    return [
        name
        for name, wanted in right.items()
        if found[name] is None or not fits(found[name], wanted, 2e-3)
    ]
