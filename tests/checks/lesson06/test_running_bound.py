"""Right and wrong answers to `running_bound`, lesson 06."""

import math
from functools import reduce

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial import cKDTree

from helpers.checks import lesson06 as checks
from helpers.checks.base import CheckFailed
from helpers.memory import allocated
from tests.checks.trial import trial

CHECK = checks.running_bound
NAMES = ("running_bound",)


def right(batches):
    total, count = torch.tensor(-math.inf), 0
    for log_w in batches:
        total = torch.logaddexp(total, torch.logsumexp(log_w, 0))
        count += len(log_w)
    return total - math.log(count)


def first_then_rest(batches):
    batches = iter(batches)
    log_w = next(batches)
    total, count = log_w.logsumexp(0), len(log_w)
    for log_w in batches:
        total = torch.stack([total, log_w.logsumexp(0)]).logsumexp(0)
        count += log_w.shape[0]
    return total - math.log(count)


def first_stays(batches):
    batches = iter(batches)
    first = next(batches)
    total, count = first.logsumexp(0), len(first)
    for log_w in batches:
        total = torch.logaddexp(total, log_w.logsumexp(0))
        count += len(log_w)
    return total - math.log(count)


def largest_and_sum(batches):
    top, total, count = None, None, 0
    for log_w in batches:
        if top is None:
            top = torch.full_like(log_w[0], -math.inf)
            total = torch.zeros_like(log_w[0])
        new = torch.maximum(top, log_w.amax(0))
        total = total * torch.exp(top - new) + torch.exp(log_w - new).sum(0)
        top, count = new, count + len(log_w)
    return top + torch.log(total / count)


def running_mean(batches):
    mean, count = None, 0
    for log_w in batches:
        k = len(log_w)
        part = log_w.logsumexp(0) - math.log(k)
        if mean is None:
            mean = part
        else:
            old = mean + math.log(count / (count + k))
            mean = torch.logaddexp(old, part + math.log(k / (count + k)))
        count += k
    return mean


def draw_by_draw(batches):
    total, count = None, 0
    for log_w in batches:
        for draw in log_w:
            total = draw.clone() if total is None else torch.logaddexp(total, draw)
            count += 1
    return total - np.log(count)


def sums_of_batches(batches):
    sums, count = [], 0
    for log_w in batches:
        sums.append(log_w.logsumexp(0))
        count += len(log_w)
    return torch.stack(sums).logsumexp(0) - math.log(count)


def in_double(batches):
    total, count = -math.inf, 0
    for log_w in batches:
        part = log_w.double().logsumexp(0)
        total = torch.logaddexp(torch.as_tensor(total).double(), part)
        count += len(log_w)
    return (total - math.log(count)).float()


def by_reduce(batches):
    def add(so_far, log_w):
        total, count = so_far
        return torch.logaddexp(total, log_w.logsumexp(0)), count + len(log_w)

    total, count = reduce(add, batches, (torch.tensor(-math.inf), 0))
    return total - math.log(count)


def all_at_once(batches):
    together = torch.cat(list(batches))
    return together.logsumexp(0) - math.log(len(together))


def growing(batches):
    kept = None
    for log_w in batches:
        kept = log_w if kept is None else torch.cat([kept, log_w])
    return kept.logsumexp(0) - math.log(len(kept))


def kept_in_a_list(batches):
    kept = []
    for log_w in batches:
        kept.append(log_w)
    return torch.cat(kept).logsumexp(0) - math.log(sum(map(len, kept)))


def mean_of_bounds(batches):
    bounds = [log_w.logsumexp(0) - math.log(len(log_w)) for log_w in batches]
    return torch.stack(bounds).mean(0)


def batches_alike(batches):
    bounds = [log_w.logsumexp(0) - math.log(len(log_w)) for log_w in batches]
    return torch.stack(bounds).logsumexp(0) - math.log(len(bounds))


def exponentiated(batches):
    total, count = 0.0, 0
    for log_w in batches:
        total = total + log_w.exp().sum(0)
        count += len(log_w)
    return torch.log(total / count)


def starting(value=-math.inf, count=len):
    """Begins with a value of its own, or counts something else than draws."""

    def answer(batches):
        total, number = torch.tensor(value), 0
        for log_w in batches:
            total = torch.logaddexp(total, log_w.logsumexp(0))
            number += count(log_w)
        return total - math.log(number)

    return answer


def last_size(batches):
    total, count = torch.tensor(-math.inf), 0
    for log_w in batches:
        total = torch.logaddexp(total, log_w.logsumexp(0))
        count += 1
    return total - math.log(count * len(log_w))


def no_count(batches):
    total = torch.tensor(-math.inf)
    for log_w in batches:
        total = torch.logaddexp(total, log_w.logsumexp(0))
    return total


def sum_of_logs(batches):
    total, count = 0.0, 0
    for log_w in batches:
        total = total + log_w.logsumexp(0)
        count += len(log_w)
    return total - math.log(count)


def mean_of_logs(batches):
    total, count = 0.0, 0
    for log_w in batches:
        total = total + log_w.sum(0)
        count += len(log_w)
    return total / count


def twice_through(batches):
    count = sum(len(log_w) for log_w in batches)
    total = torch.tensor(-math.inf)
    for log_w in batches:
        total = torch.logaddexp(total, log_w.logsumexp(0))
    return total - math.log(count)


def only_the_first(batches):
    log_w = next(iter(batches))
    return log_w.logsumexp(0) - math.log(len(log_w))


def without_the_first(batches):
    next(batches := iter(batches))
    total, count = torch.tensor(-math.inf), 1e-9
    for log_w in batches:
        total = torch.logaddexp(total, log_w.logsumexp(0))
        count += len(log_w)
    return total - math.log(count)


def over_images(batches):
    total, count = torch.tensor(-math.inf), 0
    for log_w in batches:
        total = torch.logaddexp(total, log_w.logsumexp(1).logsumexp(0))
        count += len(log_w)
    return total - math.log(count)


def the_largest(batches):
    return reduce(torch.maximum, (log_w.amax(0) for log_w in batches))


def in_place(batches):
    total, count = torch.tensor(-math.inf), 0
    for log_w in batches:
        log_w -= 1.0
        total = torch.logaddexp(total, log_w.logsumexp(0) + 1.0)
        count += len(log_w)
    return total - math.log(count)


def ten_at_most(batches):
    return right(log_w for _, log_w in zip(range(10), batches, strict=False))


def first_top(batches):
    """The first batch's largest weight is taken out, of all batches alike."""
    top, total, count = None, 0.0, 0
    for log_w in batches:
        top = log_w.amax(0) if top is None else top
        total = total + (log_w - top).exp().sum(0)
        count += len(log_w)
    return top + torch.log(total / count)


def kept_for_good(batches, earlier=[]):  # noqa: B006
    for log_w in batches:
        earlier.append(log_w.logsumexp(0))
        earlier.append(len(log_w))
    return torch.stack(earlier[::2]).logsumexp(0) - math.log(sum(earlier[1::2]))


def with_count(count):
    def answer(batches):
        total, sizes = None, []
        for log_w in batches:
            each = torch.logsumexp(log_w, 0)
            total = each if total is None else torch.logaddexp(total, each)
            sizes.append(len(log_w))
        return total - math.log(count(sizes))

    return answer


def leaves_out_smaller(batches):
    total, count, size = torch.tensor(-math.inf), 0, None
    for log_w in batches:
        size = size or len(log_w)
        if len(log_w) >= size:
            total = torch.logaddexp(total, log_w.logsumexp(0))
            count += len(log_w)
    return total - math.log(count)


def counts_first(batches):
    count = sum(len(log_w) for log_w in batches)
    total = None
    for log_w in batches:
        part = log_w.logsumexp(0)
        total = part if total is None else torch.logaddexp(total, part)
    return total - math.log(count)


def counts_batches(batches):
    total = torch.stack([log_w.logsumexp(0) for log_w in batches]).logsumexp(0)
    return total - math.log(len(batches))


def first_of_a_list_twice(batches):
    first = next(iter(batches))
    total, count = first.logsumexp(0), len(first)
    for log_w in batches:
        total = torch.logaddexp(total, log_w.logsumexp(0))
        count += len(log_w)
    return total - math.log(count)


def keeps_all_under_a_small_shape(batches):
    kept = []
    for log_w in batches:
        copy = log_w.clone()
        kept.append((copy.resize_(1, 1), log_w.shape))
    every = torch.cat([copy.resize_(shape) for copy, shape in kept])
    return torch.logsumexp(every, dim=0) - math.log(len(every))


RIGHT = [
    right,
    first_then_rest,
    first_stays,
    largest_and_sum,
    running_mean,
    draw_by_draw,
    sums_of_batches,
    in_double,
    by_reduce,
    lambda batches: right(iter(batches)),
]


def keeps_all_in_numpy(batches):
    kept = [batch.numpy().copy() for batch in batches]
    together = torch.from_numpy(np.concatenate(kept))
    return together.logsumexp(0) - math.log(len(together))


def keeps_bytes(batches):
    kept = [(bytes(memoryview(batch.numpy())), batch.shape) for batch in batches]
    parts = [np.frombuffer(each, np.float32).reshape(shape) for each, shape in kept]
    together = torch.from_numpy(np.concatenate(parts))
    return together.logsumexp(0) - math.log(len(together))


def keeps_storages(copied):
    """What lies under the batches, or copies of it."""

    def answer(batches):
        kept = []
        for batch in batches:
            storage = batch.untyped_storage()
            kept.append((storage.clone() if copied else storage, batch.shape))
        parts = [torch.empty(0).set_(s).view(shape) for s, shape in kept]
        together = torch.cat(parts)
        return together.logsumexp(0) - math.log(len(together))

    return answer


def gathers_three(batches):
    parts, waiting, count = [], [], 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch)
        if len(waiting) == 3:
            parts.append(torch.cat(waiting).logsumexp(0))
            waiting = []
    if waiting:
        parts.append(torch.cat(waiting).logsumexp(0))
    return torch.stack(parts).logsumexp(0) - math.log(count)


def keeps_all_in_a_sparse_tensor(batches):
    kept = torch.cat([log_w.to_sparse() for log_w in batches]).to_dense()
    return torch.logsumexp(kept, dim=0) - math.log(len(kept))


def keeps_all_for_another_library(batches):
    kept = torch.cat([each.to_dense() for each in [b.to_mkldnn() for b in batches]])
    return torch.logsumexp(kept, dim=0) - math.log(len(kept))


WRONG = [
    (keeps_all_in_a_sparse_tensor, "one at a time"),
    (keeps_all_for_another_library, "one at a time"),
    (keeps_all_under_a_small_shape, "one at a time"),
    (first_of_a_list_twice, "the first batch counts twice"),
    (leaves_out_smaller, "batches smaller than the first one are left out"),
    (counts_first, "NoneType | one pass over the batches | none are left"),
    (counts_batches, "which has no length"),
    (gathers_three, "earlier ones are still there | even a few at a time"),
    (keeps_all_in_numpy, "are still kept"),
    (keeps_bytes, "are still kept"),
    (keeps_storages(copied=False), "are still kept"),
    (keeps_storages(copied=True), "are still kept"),
    (
        with_count(lambda sizes: len(sizes) * sizes[-1]),
        "look at:  log of the number of batches times the last one's size",
    ),
    (
        with_count(lambda sizes: len(sizes) * sizes[0]),
        "look at:  log of the number of batches times the first one's size",
    ),
    (all_at_once, "are still kept"),
    (growing, "are still kept"),
    (kept_in_a_list, "are still kept"),
    (mean_of_bounds, "average weights, not their logarithms"),
    (batches_alike, "each draw counts alike"),
    (exponentiated, "exp() of the log weights"),
    (starting(0.0), "begin with -inf"),
    (starting(count=lambda log_w: 1), "log of the number of batches"),
    (last_size, "look at"),
    (no_count, "log(k) is missing"),
    (sum_of_logs, "logsumexps are added"),
    (starting(-1000.0), "first value of -1000"),
    (starting(count=lambda log_w: log_w.shape[1]), "the images are counted"),
    (kept_for_good, "of an earlier call are kept"),
    (mean_of_logs, "the mean of log w"),
    (twice_through, "a second time"),
    (only_the_first, "the first batch alone"),
    (without_the_first, "the first batch is left out"),
    (over_images, "one number for each image"),
    (the_largest, "the largest log w"),
    (in_place, "other numbers after the call"),
    (ten_at_most, "look at"),
    (first_top, "look at"),
    (lambda batches: right(batches).mean(), "one number for each image"),
    (lambda batches: -right(batches), "sign is flipped"),
    (lambda batches: right(batches).squeeze(), "one number for each image"),
    (lambda batches: right(batches).tolist(), "list"),
    (lambda batches: right(log_w[:10] for log_w in batches), "look at"),
    (lambda batches: right(batches[:]), "look at"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)


def keeps_pictures(batches):
    kept = [Image.fromarray(log_w.numpy()) for log_w in batches]
    together = torch.cat([torch.from_numpy(np.array(each)) for each in kept])
    return together.logsumexp(0) - math.log(len(together))


def keeps_bytes_in_pictures(batches):
    kept = []
    for log_w in batches:
        data = log_w.numpy().tobytes()
        kept.append((Image.frombytes("L", (len(data), 1), data), log_w.shape))
    parts = [
        torch.frombuffer(bytearray(each.tobytes()), dtype=torch.float32).view(shape)
        for each, shape in kept
    ]
    together = torch.cat(parts)
    return together.logsumexp(0) - math.log(len(together))


def keeps_trees(batches):
    kept = [cKDTree(log_w.numpy(), copy_data=True) for log_w in batches]
    together = torch.cat([torch.from_numpy(np.array(each.data)) for each in kept])
    return together.logsumexp(0) - math.log(len(together))


class Keep(torch.autograd.Function):
    @staticmethod
    def forward(ctx, chain, batch, found):
        ctx.save_for_backward(batch)
        ctx.found = found
        return chain.clone()

    @staticmethod
    def backward(ctx, gradient):
        ctx.found.append(ctx.saved_tensors[0])
        return gradient, None, None


def keeps_a_graph(batches):
    found = []
    start = chain = torch.zeros((), requires_grad=True)
    for log_w in batches:
        chain = Keep.apply(chain, log_w.clone(), found)
    torch.autograd.grad(chain, start)
    together = torch.cat(found)
    return together.logsumexp(0) - math.log(len(together))


@pytest.mark.parametrize(
    "answer", [keeps_pictures, keeps_bytes_in_pictures, keeps_trees, keeps_a_graph]
)
@pytest.mark.skipif(not allocated(), reason="the C library cannot tell")
def test_what_other_libraries_keep_is_counted(answer):
    for draw in range(3):
        with pytest.raises(CheckFailed, match="are still kept"):
            CHECK(answer, draws=[draw])


def test_what_is_allocated_once_is_not_taken_for_the_batches():
    def answer(batches):
        pictures = []

        def watched():
            for number, log_w in enumerate(batches):
                if number == 25:
                    pictures.append(Image.new("F", (1000, 1000)))
                yield log_w

        return right(watched())

    CHECK(answer)
