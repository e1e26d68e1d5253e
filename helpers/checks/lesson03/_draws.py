"""What is decoded of one image, many times: draws from N(mu, sigma^2), or what else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from helpers.checks.base import CheckFailed
from helpers.checks.noise import hang_together, tails

ROWS = 500  # draws of z for one image


@contextlib.contextmanager
def _watching_decode(model: nn.Module) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Note what `decode`, a method or a layer, is given and answers."""
    seen: list[tuple[Tensor, Tensor]] = []
    decode = model.decode
    if isinstance(decode, nn.Module):
        hook = decode.register_forward_hook(
            lambda _, given, answer: seen.append(
                (given[0].detach().clone(), answer.detach().clone())
            )
        )
        yield seen
        hook.remove()
        return

    def noted(z: Tensor) -> Tensor:
        answer = decode(z)
        seen.append((z.detach().clone(), answer.detach().clone()))
        return answer

    model.decode = noted
    yield seen
    del model.decode


@contextlib.contextmanager
def _given_codes(model: nn.Module) -> Iterator[list[Tensor]]:
    """Note what the layers that take a code are given."""
    given: list[Tensor] = []

    def note(_: nn.Module, args: tuple, options: dict) -> None:
        given.extend(each.detach().clone() for each in (*args, *options.values()))

    hooks = [
        layer.register_forward_pre_hook(note, with_kwargs=True)
        for layer in model.modules()
        if isinstance(layer, nn.Linear) and layer.in_features not in (512, 784)
    ]
    yield given
    for hook in hooks:
        hook.remove()


def check_draws(model: nn.Module, narrow: Callable[[], nn.Module]) -> None:
    """Look at what is decoded of one image, many times.

    Parameters
    ----------
    model : nn.Module
    narrow : callable
        Makes another of one latent dimension.

    Raises
    ------
    CheckFailed
    """
    gradients = torch.set_grad_enabled(model.training)  # as where it is used
    with gradients, _watching_decode(model) as seen, _given_codes(model) as given:
        outputs = model(torch.rand(1, 784).repeat(ROWS, 1))
    logits, mu, logvar = (each.detach() for each in outputs)
    mode = "training" if model.training else "evaluation"
    of = {"mu": [mu], "logvar": [logvar], "the logits": [logits], "z": given}
    for name, values in of.items() if model.training else ():
        for share in (each.eq(0).double().mean() for each in values):
            if share > 0.02:
                raise CheckFailed(
                    f"in training mode {share:.0%} of the numbers of {name} are 0",
                    f"{name} as it comes: dropout is for pixels and the 512 units",
                    f"a dropout on {name}",
                )
    if torch.allclose(logits[0], logits[1], atol=1e-4):
        raise CheckFailed(
            f"in {mode} mode all images of a batch get the same noise, or none",
            "fresh noise for each image",
            "the shape of the noise in forward: that of mu; no `if self.training`",
        )
    if len(seen) == 1 and len(seen[0][0]) == ROWS:
        codes = seen
    elif not seen and len(given) == 1 and given[0].shape == mu.shape:
        # The decoder's layers were called by themselves; a dropout would draw anew.
        with torch.no_grad():
            answer = logits if model.training else model.decode(given[0])
        codes = [(given[0], answer)]
    else:
        codes = []
    if codes:
        z, answer = codes[0]

        def drawn(mean: Tensor, scale: Tensor) -> bool:
            return _is_normal((z - mean) / scale)

        one = (z - mu) / torch.exp(logvar / 2)
        shared = bool((one - one[:, :1]).abs().max() < 0.01)
    else:  # what is decoded is not seen: compare pictures with draws of our own
        answer, noise = logits, torch.randn_like(mu)

        def drawn(mean: Tensor, scale: Tensor) -> bool:
            with torch.no_grad():
                return _alike(logits, model.decode(mean + scale * noise))

        with torch.no_grad():
            z = mu + torch.exp(logvar / 2) * noise[:, :1]
            shared = _alike(logits, model.decode(z))
    if not torch.allclose(logits, answer, atol=1e-4) or (
        logits.min() >= 0 and logits.max() <= 1
    ):
        raise CheckFailed(
            f"the first answer of model(x) goes from {logits.min():.2f} to "
            f"{logits.max():.2f}, and is not what decode returns",
            "the logits, as decode gives them: reconstruction_loss applies the sigmoid",
            "the return of forward: a sigmoid or anything else after decode",
        )
    sigma = torch.exp(logvar / 2)
    if not shared and drawn(mu, sigma):
        if not codes:
            _check_shape(narrow().train(model.training))
        return
    wrong = {
        "exp(logvar) is the variance, and was used as sigma": (mu, sigma**2),
        "the noise is not scaled by sigma = exp(logvar / 2)": (mu, 0 * mu + 1),
        "mu and logvar are swapped in reparameterize(mu, logvar)": (
            logvar,
            torch.exp(mu / 2),
        ),
        "pure noise is decoded; mu and sigma are not used": (0 * mu, 0 * mu + 1),
        "logvar is used as sigma, without exp": (mu, logvar),
        "the sign of logvar: sigma = exp(logvar / 2)": (mu, 1 / sigma),
        "mu is not added": (0 * mu, sigma),
    }
    named = [why for why, (mean, scale) in wrong.items() if drawn(mean, scale)]
    if shared:
        named = [
            "one number of noise serves all dimensions: randn_like(mu) gives each "
            "its own"
        ]
    raise CheckFailed(
        f"what model(x) decodes in {mode} mode does not look like draws from "
        "N(mu, sigma^2)",
        "z = reparameterize(mu, logvar), decoded",
        "; or ".join(named[:2]) or "forward: how z is made from mu and logvar",
    )


@torch.no_grad()
def _check_shape(model: nn.Module) -> None:
    """Read the noise off the pictures of a model with one latent dimension."""
    for part in model.children():
        part.eval()  # a dropout would draw as well
    logits, mu, logvar = model(torch.rand(1, 784).expand(3 * ROWS, -1))
    steps = torch.linspace(-6, 6, 601)[:, None]
    codes = mu[:1] + torch.exp(logvar[:1] / 2) * steps
    curve = model.decode(codes)
    if not torch.equal(curve, model.decode(codes)):
        return  # as one in `decode` itself does
    away = torch.cdist(
        logits[:, ::28], curve[:, ::28], compute_mode="donot_use_mm_for_euclid_dist"
    )
    fourth = tails(steps[away.argmin(1)])
    if not 2.35 < fourth < 4.4:  # of draws from N(0, 1), each in 10 million
        raise CheckFailed(
            "what model(x) decodes has the mean and the spread of draws from "
            f"N(mu, sigma^2), but a fourth moment of {fourth:.1f}",
            "3, as a normal distribution has: z = reparameterize(mu, logvar), decoded",
            "how the noise is drawn: torch.randn_like(mu)",
        )


def _is_normal(noise: Tensor) -> bool:
    """Whether numbers look like draws from N(0, 1), each by itself."""
    count = noise.numel()
    room = 6 / count**0.5
    return bool(
        noise.mean().abs() < room
        and (noise.std() - 1).abs() < room / 2**0.5
        and abs(tails(noise) - 3) < 1.4 * room * 24**0.5
        and not hang_together(noise)
        and len(noise.abs().flatten().unique()) > 0.9 * count
    )


def _alike(a: Tensor, b: Tensor) -> bool:
    """Whether two sets of pictures have the same mean and spread, by pixel."""
    shift = ((a.mean(0) - b.mean(0)) / b.std(0)).abs().mean().item()
    spread = (a.std(0) / b.std(0)).log().abs().mean().item()
    return shift < 0.12 and spread < 0.12
