"""One call of a student's VAE loss: what came back, and what was decoded meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.checks.base import CheckFailed, want_tensor
from helpers.checks.leftovers import stays
from helpers.checks.lesson03._watched import WatchedVAE, decoded, heads, pictures
from helpers.checks.losses import bce_terms, kl_terms, loss_mistakes, loss_value
from helpers.checks.modules import explained
from helpers.checks.records import notes_of

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
        kl, x = kl_terms(self.mu, self.logvar), self.images
        each = torch.stack(
            [
                loss_value(bce_terms(logits, x), kl, self.weight)
                for _, logits in self.decoded
            ]
        )
        return torch.stack([each[0], each[-1], each.mean()])

    def mistakes(self, wanted: Tensor) -> dict[str, Tensor]:
        """What wrong losses would be, of the right one."""
        images, beta = self.images, self.weight
        logits = self.decoded[-1][1]
        found = loss_mistakes(logits, images, self.mu, self.logvar, beta)
        k = beta * kl_terms(self.mu, self.logvar).sum(1).mean()
        for size in WRITTEN_IN:
            why, times = f"a batch size written in, {size}", len(images) / size
            found[f"{why}: divide by len(x), or take the mean"] = wanted * times
            found[f"{why}, for the KL"] = wanted - k + k * times
            found[f"{why}, for the reconstruction"] = (wanted - k) * times + k
        return found


def call_of(
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
        mu, logvar = heads(right, x)
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
    with torch.no_grad():
        return [(codes, pictures(right, codes).double()) for codes in found]
