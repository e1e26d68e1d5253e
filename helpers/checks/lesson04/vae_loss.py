"""Check the loss of a batch: both terms, their sums and their mean, and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from helpers.checks import losses, tensors
from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson04._vae import (
    Drawing,
    Model,
    divided_by_a_size,
    pictures,
    require_losses_of_draws,
    shapes_explained,
    terms,
)
from helpers.checks.messages import apart, number
from helpers.checks.records import notes_of, twin

LOOK = (
    "each term, what it is summed over, the mean over the images, and a clamp of x_hat "
    "or a number added in the logarithm (more than 1e-7 shows)"
)


@check("vae_loss")
def vae_loss(function: Callable, draw: Draw) -> None:
    """Check values, in both modes, at odd batch sizes, and gradients."""
    model = Model(draw.integer(2, 12))
    small, large = 0.3 + 0.5 * draw.rng.random(), 20 + 20 * draw.rng.random()
    model(pictures(5))[0].sum().backward()  # gradients that have to stay
    _require_values(function, model, (small, large))
    _require_values(function, model, (0.0,))
    sure = Model(draw.integer(2, 12))
    with torch.no_grad():
        sure.encode.logvar.bias.sub_(7)  # beyond a limit on logvar
    _require_values(function, sure, (small,))
    drawing = Drawing(draw.integer(2, 12)).eval()
    require_losses_of_draws(
        drawing, lambda x: function(drawing, x, beta=0.0).item(), "at beta = 0 the loss"
    )
    _require_default(function, model.eval(), pictures(97))
    _require_small_kl(function, draw)
    _require_large_kl(function, small)
    _require_black(function, model.eval(), small)
    _require_confident(function, model, small)
    _require_gradients(function, model.train(), pictures(97), large)


def _require_values(function: Callable, model: Model, betas: tuple) -> None:
    """Several batches and betas together, so that no two mistakes look alike."""
    seen, right, known = [], [], []
    for training, count in ((False, 97), (True, 131), (False, 1), (False, 300)):
        x = pictures(count)
        model.train(training)
        parts = terms(twin(model), x)
        each = losses.bce_terms(*parts[:2]), losses.kl_terms(*parts[2:4])
        for beta in betas:
            seen.append(_ask(function, model, x, beta).double())
            right.append(losses.loss_value(*each, beta))
            known.append((parts, beta, right[-1]))
    seen, right = torch.stack(seen), torch.stack(right)
    if tensors.fits(seen, right):
        return
    wrong = [_mistakes(*case) for case in known]
    parts, beta, _ = known[(seen - right).abs().argmax()]
    tensors.compare(
        seen,
        right,
        {why: torch.stack([each[why] for each in wrong]) for why in wrong[0]},
        f"at beta = {beta:.3g} the loss of {_images(len(parts[0]))}",
        "the mean over images of reconstruction + beta * KL, each summed",
        LOOK,
    )


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _mistakes(parts: tuple, beta: float, right: Tensor) -> dict[str, Tensor]:
    """What wrong losses of a batch would be."""
    logits, x, mu, logvar, decoded_mu = parts
    if beta == 0:  # what is wrong at other numbers was told before
        why = "0 is taken for no beta at all: `beta or ...`, `if beta:`"
        return {why: right + losses.kl_terms(mu, logvar).sum(1).mean()}
    kl = beta * losses.kl_terms(mu, logvar).sum(1).mean()
    swapped = binary_cross_entropy(x.double(), logits.sigmoid(), reduction="none")
    return {
        **losses.loss_mistakes(logits, x, mu, logvar, beta),
        **divided_by_a_size(len(x) * right),
        "mu is decoded; z is drawn: model(x)": (
            losses.bce_terms(decoded_mu, x).sum(1).mean() + kl
        ),
        "x_hat and x are swapped: the prediction comes first": (
            swapped.sum(1).mean() + kl
        ),
    }


def _ask(function: Callable, model: Model, x: Tensor, beta: float | None) -> Tensor:
    """The loss as the student's function has it; nothing else changes."""
    options = {} if beta is None else {"beta": beta}
    weights = [weight.detach().clone() for weight in model.parameters()]
    may = {"values"} if model.training else ()  # batch norm takes notes
    notes_of(model).clear()
    with stays(x, model, but=may), shapes_explained():
        loss = function(model, x, **options)
    mode = [module.training for module in model.modules()]
    if any(seen != mode for seen, _ in notes_of(model)):
        modes = {True: "training", False: "evaluation"}
        raise CheckFailed(
            f"the model, or a part of it, ran in {modes[not model.training]} mode",
            f"{modes[model.training]} mode, in which it was handed in",
            "eval() or train() inside the function: leave it out",
        )
    if isinstance(loss, torch.Tensor) and loss.numel() == 1:
        loss = loss.reshape(())
    seen = want_tensor(
        loss,
        (),
        "the loss of a batch",
        "one number: the mean over the images, at the end",
    )
    if not torch.is_grad_enabled():
        raise CheckFailed(
            "after the call gradients are switched off",
            "they stay on: training goes on with this loss",
            "torch.set_grad_enabled(False): use `with torch.no_grad():`, not here",
        )
    if not all(map(torch.equal, weights, model.parameters())):
        raise CheckFailed(
            "the weights have changed after the call",
            "the loss alone: the training loop takes the steps",
            "an optimizer, or an operation in place, inside the function",
        )
    return seen


def _require_default(function: Callable, model: Model, x: Tensor) -> None:
    given, standard = (_ask(function, model, x, beta).item() for beta in (1.0, None))
    if not abs(given - standard) <= 1e-5 * abs(given):
        raise CheckFailed(
            f"without beta the loss is {standard:.6g}, with beta=1.0 {given:.6g}",
            "the same: 1 is beta's default",
            "the first line of the function: beta=1.0",
        )


def _require_small_kl(function: Callable, draw: Draw) -> None:
    """A large beta shows a small KL: it counts as it is, however small."""
    model = Model(draw.integer(2, 12), loud=0.05).eval()
    with torch.no_grad():
        model.encode.mu.bias.mul_(0.1)
        model.encode.logvar.bias.mul_(0.1)
    _require_kl(
        function,
        model,
        1000.0,
        "however small, and so does beta",
        "a clamp or a lower bound of the KL, or a bound on beta",
    )


def _require_large_kl(function: Callable, beta: float) -> None:
    """Codes far from the prior: their KL has no upper limit."""
    model = Model(20).eval()
    with torch.no_grad():
        bias = model.encode.mu.bias
        bias.copy_(14 * (torch.randint(0, 2, bias.shape) * 2 - 1))
        model.decode[0].weight.mul_(0.1)  # ordinary pictures
    _require_kl(
        function, model, beta, "however large", "a clamp or an upper bound of the KL"
    )


def _require_kl(
    function: Callable, model: Model, beta: float, however: str, look: str
) -> None:
    x = pictures(97)
    parts = terms(model, x)
    kl = losses.kl_terms(*parts[2:4])
    right = losses.loss_value(losses.bce_terms(*parts[:2]), kl, beta)
    loss = _ask(function, model, x, beta)
    if not tensors.fits(loss, right, tolerance=1e-4):
        seen, expected = apart(loss.item(), right.item())
        raise CheckFailed(
            f"with a KL of {kl.sum(1).mean():.3g} and beta = {number(beta, 3)} the "
            f"loss is {seen}",
            f"{expected}: the KL counts as it is, {however}",
            look,
        )


def _require_black(function: Callable, model: Model, beta: float) -> None:
    x = pictures(33)
    x[5::9] = 0
    logits, _, mu, logvar, _ = terms(twin(model), x)
    each = losses.bce_terms(logits, x.flatten(1)), losses.kl_terms(mu, logvar)
    seen, right = _ask(function, model, x, beta), losses.loss_value(*each, beta)
    if not tensors.fits(seen, right):
        texts = apart(seen.item(), right.item())
        raise CheckFailed(
            f"where four of 33 images are black the loss is {texts[0]}",
            f"{texts[1]}, the mean over all of them",
            "images that are left out, or weighted",
        )


def _want_finite_gradients(
    loss: Tensor, model: Model, grey: float, brightness: float
) -> None:
    if not loss.requires_grad or not loss.isfinite().all():
        return
    found = torch.autograd.grad(loss.sum(), [*model.parameters()], allow_unused=True)
    if not all(each is None or each.isfinite().all() for each in found):
        raise CheckFailed(
            f"where x_hat is {grey:.9g} and x {brightness:.0f} the loss is finite, and "
            "its gradient is nan",
            "a finite gradient: a single nan would spoil all weights",
            "a clamp after the logarithm of 0: its slope is 0 times infinity. Clamp "
            "x_hat before it, or take F.binary_cross_entropy",
        )


def _require_confident(function: Callable, model: Model, beta: float) -> None:
    """Where x_hat is nearly, or exactly, 0 or 1."""
    model = twin(model)  # of which copies are handed in
    final, white = model.decode[0], torch.ones(5, 1, 28, 28)
    for logit in (-15.0, 15.0, -200.0, 200.0):
        with torch.no_grad():
            final.weight.zero_()
            final.bias.fill_(logit)
            grey = model(white)[0][0, 0, 0, 0].item()
        for brightness in (0.0, 1.0):  # images all black or all white
            x = brightness * white
            mu, logvar = model.encode(x)
            kl = beta * losses.kl_terms(mu, logvar).sum(1).mean()
            handed = twin(model)
            loss = function(handed, x.clone(), beta=beta)
            _want_finite_gradients(loss, handed, grey, brightness)
            answer = loss.item() - kl
            alike = abs(grey - brightness) < 0.5
            what = (
                f"where x_hat is {grey:.9g} and x {brightness:.0f} the reconstruction"
            )
            if alike and not abs(answer) < 0.01:
                raise CheckFailed(
                    f"{what} costs {answer:.4g}",
                    "nearly 0: x_hat is right there",
                    "the log of 0: F.binary_cross_entropy cuts it off, your formula "
                    "has to clamp x_hat to 1e-7 and 1 - 1e-7; or the order of the "
                    "arguments, x_hat first",
                )
            if alike:
                continue
            # Exactly 0 or 1: PyTorch takes 100 for the log, a clamp to 1e-7 takes 16.
            least = -784 * math.log(abs(1 - brightness - grey) or 1e-7)
            near = (
                0.999 < answer / least < 1.001
                if 0 < grey < 1
                else answer > 0.97 * least
            )
            if not near or not math.isfinite(answer):
                raise CheckFailed(
                    f"{what} costs {answer:.5g}",
                    f"{'' if 0 < grey < 1 else 'at least '}{least:.5g}, a finite "
                    "number: x_hat is quite wrong",
                    "what is done to x_hat before the log: a clamp, or a number added, "
                    "that is wider than 1e-7",
                )


def _require_gradients(
    function: Callable, model: Model, x: Tensor, beta: float
) -> None:
    """Each weight's gradient is the loss's own; a detach() anywhere shows."""
    model.zero_grad()
    right = twin(model)
    loss = function(model, x.clone(), beta=beta)
    if not loss.requires_grad:
        raise CheckFailed(
            "no gradient flows from the loss",
            "backward() must reach encoder and decoder",
            "detach(), .item() or no_grad() inside the function",
        )
    loss.sum().backward()
    seen = [weight.grad for weight in model.parameters()]
    x_hat, mu, logvar = right(x)
    r = binary_cross_entropy(x_hat, x, reduction="sum") / len(x)
    still, stop = mu.detach(), logvar.detach()
    k, only_logvar, only_mu = (
        beta * ((m**2 + s.exp() - 1 - s) / 2).sum(1).mean()
        for m, s in ((mu, logvar), (still, logvar), (mu, stop))
    )
    wanted = _gradients(r + k, right)
    if _near(seen, wanted):
        return
    wrong = {
        "the KL passes no gradient": r,
        "x_hat passes no gradient": k,
        "no gradient reaches mu from the KL": r + only_logvar,
        "no gradient reaches logvar from the KL": r + only_mu,
    }
    found = [
        why for why, value in wrong.items() if _near(seen, _gradients(value, right))
    ]
    raise CheckFailed(
        found[0] if found else "the loss is right, but not its gradient",
        "the gradient of reconstruction + beta * KL, to x_hat, mu and logvar",
        "detach(), .data, no_grad() or .item() between what the model returns and the "
        "loss",
    )


def _gradients(loss: Tensor, model: Model) -> list[Tensor | None]:
    weights = list(model.parameters())
    return list(
        torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
    )


def _near(seen: list[Tensor | None], right: list[Tensor | None]) -> bool:
    largest = max(grad.norm() for grad in right if grad is not None)
    for one, other in zip(seen, right, strict=True):
        one, other = (torch.zeros(()) if g is None else g for g in (one, other))
        if not (one - other).norm() <= 1e-3 * other.norm() + 1e-5 * largest:
            return False
    return True
