"""Lesson 06, exercise 5: the bound of many draws, a batch at a time."""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef

from helpers.checks.base import CheckFailed, check, want_tensor
from helpers.checks.draws import Draw
from helpers.checks.leftovers import stays
from helpers.checks.lesson06.bound import mistakes
from helpers.checks.modules import explained
from helpers.checks.tensors import compare, fits
from helpers.memory import allocated

BATCHES = 40
ONCE = {
    "NoneType": (
        "one pass over the batches: they come from a generator",
        "a second loop over `batches`, or a len(): when the first is through, none are "
        "left",
    ),
    "object of type 'generator' has no len()": (
        "one pass over the batches: they come from a generator, which has no length",
        "len(batches): count the draws in the loop",
    ),
}


@check("running_bound")
def running_bound(function: Callable, draw: Draw) -> None:
    """Check the log mean weight of all batches, and what is kept meanwhile."""
    some = draw.integer(3, 9)
    cases = [
        _batches((5, 9, some, 1, 20), 97, -95.0),
        _batches((7,), 5, -95.0),
        _batches((1,) * 11, 3, -95.0),
        _batches((some, some, some), 3, -1500.0),
        _batches((50,) * 12 + (13,), 1, -20.0),
        _batches((2, 131, 2), 4, 300.0),
        _batches((some, 3 * some), 4, -3.0),
    ]
    falling = _batches((6, 6, 6, 6), 5, -95.0)
    for number, batch in enumerate(falling):
        batch -= 30.0 * number  # the first outweighs all others
    cases += [falling, falling[::-1]]
    _compare(function, cases[0])
    _compare(function, _batches((3, some), 97, -90.0), earlier=cases[0])
    for number, batches in enumerate(cases[1:]):
        _compare(function, batches, as_list=number in (0, 5))
    _check_memory(function)


def _batches(sizes: Sequence[int], images: int, level: float) -> list[Tensor]:
    shift = 5 * torch.randn(images)
    return [level + shift + 3 * torch.randn(size, images) for size in sizes]


def _compare(
    function: Callable,
    batches: list[Tensor],
    as_list: bool = False,
    earlier: Sequence[Tensor] = (),
) -> None:
    handed = batches if as_list else (batch.clone() for batch in batches)
    with stays(*batches), explained(ONCE):
        value = function(handed)
    images = batches[0].shape[1]
    sizes = ", ".join(str(len(batch)) for batch in batches[:5])
    what = f"running_bound of batches of {sizes}{' ...' if len(batches) > 5 else ''}"
    if isinstance(value, Tensor) and value.shape == (images,):
        _want_finite(value, batches)
    look = "one number for each image: within a batch dim=0 holds the draws"
    if getattr(value, "shape", None) == ():
        look += "; or the batches are gone through a second time, when none are left"
    value = want_tensor(value, (images,), f"{what} draws for {images} images", look)
    together = torch.cat(batches).double()
    right = torch.logsumexp(together, 0) - math.log(len(together))
    known = mistakes(together) | _mistakes(batches)
    if earlier:
        every = torch.cat([*earlier, *batches]).double()
        known[
            "the draws of an earlier call are kept, in a global variable or in a "
            "default value of an argument"
        ] = torch.logsumexp(every, 0) - math.log(len(every))
    compare(
        value,
        right,
        {why: given for why, given in known.items() if fits(value, given)},
        f"{what} draws",
        "the bound of all draws together, each counting alike",
        "the running logsumexp (torch.logaddexp of the old one and the batch's), the "
        "number of all draws, and one log of it at the end",
        tolerance=5e-6,
    )


def _want_finite(value: Tensor, batches: list[Tensor]) -> None:
    odd = value[~value.isfinite()]
    if not len(odd):
        return
    raise CheckFailed(
        f"running_bound is {odd[0].item()} for log weights near "
        f"{batches[0].median():.0f}",
        "a finite number, about as large as the largest log weight",
        "exp() of the log weights themselves (below -103 it is 0, above 88 inf); or "
        "-inf - -inf, which is nan; or the batches are gone through a second time, "
        "when there are none left",
    )


def _mistakes(batches: list[Tensor]) -> dict[str, Tensor]:
    batches = [batch.double() for batch in batches]
    sums = torch.stack([torch.logsumexp(batch, 0) for batch in batches])
    images = batches[0].shape[1]
    sizes = torch.tensor([float(len(batch)) for batch in batches]).double()
    bounds, total = sums - sizes.log()[:, None], torch.logsumexp(sums, 0)
    count = len(batches)
    first = {
        f"a first value of {start} counts as a draw of its own: begin with -inf": (
            torch.logaddexp(total, torch.tensor(float(start)).double())
            - sizes.sum().log()
        )
        for start in (0, -100, -500, -1000)
    }
    full = sizes >= sizes[0]
    return first | {
        "batches smaller than the first one are left out": (
            torch.logsumexp(sums[full], 0) - sizes[full].sum().log()
        ),
        "the batches' logsumexps are added; torch.logaddexp adds what they stand for": (
            sums.sum(0) - sizes.sum().log()
        ),
        "the images are counted; the draws are wanted, len(log_w)": (
            total - math.log(count * images)
        ),
        "the mean of the batches' bounds: average weights, not their logarithms": (
            bounds.mean(0)
        ),
        "the mean of the batches' bounds, weighted by their sizes: average weights, "
        "not their logarithms": (bounds * sizes[:, None]).sum(0) / sizes.sum(),
        "the batches count alike, though they differ in size; each draw counts alike": (
            torch.logsumexp(bounds, 0) - math.log(count)
        ),
        "log of the number of batches; of all draws is wanted": total - math.log(count),
        "log of the number of batches times the last one's size; count the draws": (
            total - math.log(count * sizes[-1])
        ),
        "log of the number of batches times the first one's size; count the draws": (
            total - math.log(count * sizes[0])
        ),
        "the first batch counts twice: of a list, unlike a generator, next(iter(...)) "
        "takes nothing away": (
            torch.logaddexp(total, sums[0]) - (sizes.sum() + sizes[0]).log()
        ),
        "the first batch is left out": torch.logsumexp(sums[1:], 0)
        - sizes[1:].sum().clamp(min=1).log(),
        "the last batch is left out": torch.logsumexp(sums[:-1], 0)
        - sizes[:-1].sum().clamp(min=1).log(),
        "the last batch alone": bounds[-1],
        "the first batch alone": bounds[0],
        "the largest of the batches' bounds": bounds.amax(0),
    }


def _check_memory(function: Callable) -> None:
    """What is kept must not grow with the number of draws."""
    draws, images = 64, 101
    alive: list[StorageWeakRef] = []
    seen: list[tuple[int, int, int]] = []
    most = 0

    def handed() -> Iterator[Tensor]:
        nonlocal most
        for number in range(BATCHES):
            # The first may stay: some take it apart, and it has a name of its own.
            if sum(not ref.expired() for ref in alive[1:]) > 1:
                gc.collect()
                most = max(most, sum(not ref.expired() for ref in alive[1:]))
            if number in (BATCHES // 2, 3 * BATCHES // 4, BATCHES - 1):
                gc.collect()  # what is merely not cleared away yet does not count
                waiting = sum(not ref.expired() for ref in alive)
                seen.append((waiting, _bytes_alive(), allocated()))
            batch = -95 + torch.randn(draws, images)
            alive.append(StorageWeakRef(batch.untyped_storage()))
            yield batch
            del batch

    gc.freeze()  # what is there already is neither looked through nor counted
    traced = tracemalloc.is_tracing()
    tracemalloc.start()  # Python's own memory and NumPy's
    try:
        function(handed())
    finally:
        if not traced:
            tracemalloc.stop()
        gc.unfreeze()
    if len(seen) < 3:
        raise CheckFailed(
            f"of {BATCHES} batches {len(alive)} were taken",
            "all of them",
            "a loop over `batches` to its end, without a limit",
        )
    (_, before, first), (_, _, second), (waiting, after, last) = seen
    # What any library holds, such as one for pictures: if the batches are in it, it
    # grows all the time.
    steadily = 2 * min(second - first, last - second)
    more = max(after - before, steadily) / (4 * draws * images)
    if waiting > 8 or more > 8:
        kept = max(waiting, round(more * BATCHES / (BATCHES - BATCHES // 2)))
        kept = min(kept, BATCHES)  # which may take more room than they came in
        raise CheckFailed(
            f"when the last of {BATCHES} batches is drawn, about {kept} are still kept",
            "one at a time: thousands of draws do not fit into memory together",
            "list(batches), torch.cat, or a list that every batch is added to: keep "
            "the logsumexp of what has been, (B,), and the number of draws",
        )
    if most > 1:
        raise CheckFailed(
            f"when a batch is drawn, up to {most} earlier ones are still there",
            "one at most: thousands of draws do not fit into memory together",
            "batches that are gathered, even a few at a time: keep the logsumexp of "
            "what has been, (B,), and the number of draws",
        )


def _bytes_alive() -> int:
    """Of all memory that tensors hold, however small they are made to look."""
    held = {}
    for each in gc.get_objects():
        if type(each) in (Tensor, nn.Parameter):
            if each.layout != torch.strided:  # such as a sparse one
                held[id(each)] = each.numel() * each.element_size()
                continue
            each = each.untyped_storage()
        if type(each) is torch.UntypedStorage:
            held[each.data_ptr()] = each.nbytes()
    return tracemalloc.get_traced_memory()[0] + sum(held.values())
