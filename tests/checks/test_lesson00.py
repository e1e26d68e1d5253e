"""The checks of lesson 00 name each usual mistake and pass each right variant."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.model_selection import train_test_split

from helpers.checks import lesson00 as checks
from helpers.checks.base import CheckFailed

# ---------------------------------------------------------------- to_unit_range


def in_place(pixels):
    x = pixels.astype(np.float32) / 255
    pixels[...] = 0
    return x


WRONG_SCALE = {
    "largest value of the batch": lambda p: p.astype(np.float32) / p.max(),
    "smallest and largest": lambda p: (
        (p - p.min()).astype(np.float32) / (p.max() - p.min())
    ),
    "integer division": lambda p: p // 255,
    "by integer division": lambda p: (p // 255).astype(np.float32),
    "divided by 256": lambda p: p.astype(np.float32) / 256,
    "float64": lambda p: p / 255,
    "nothing was divided": lambda p: p.astype(np.float32),
    r"\[-1, 1\]": lambda p: p.astype(np.float32) / 127.5 - 1,
    "standardised": lambda p: ((p - p.mean()) / p.std()).astype(np.float32),
    "cast to integers": lambda p: (p / 255).astype(np.uint8),
    "black and white": lambda p: (p > 127).astype(np.float32),
    "inverted": lambda p: (1 - p / 255).astype(np.float32),
    "float16": lambda p: (p / 255).astype(np.float16),
    "the same shape": lambda p: p.reshape(len(p), -1).astype(np.float32) / 255,
    "in-place": in_place,
    "torch tensor": lambda p: torch.from_numpy(p).float() / 255,
    "returned None": lambda p: None,
    "looks at the values": lambda p: p / np.float32(255 if p.max() > 1 else 1),
    r"\(byte - 33.33\) / 78.566": lambda p: ((p / 255 - 0.1307) / 0.3081).astype(
        np.float32
    ),
    r"\(byte - 0\) / 65025": lambda p: (p / 255 / 255).astype(np.float32),
    "each pixel position": lambda p: ((p - p.min(axis=0)) / np.ptp(p, axis=0)).astype(
        np.float32
    ),
    "int8 is too small": lambda p: p.astype(np.int8) / np.float32(255),
    "rounded": lambda p: np.round(p / 255, 2).astype(np.float32),
    "a tuple of 2": lambda p: (p / 255, 255),
    "a list of 4": lambda p: [image / 255 for image in p],
    "a str": lambda p: "p / 255",
}
RIGHT_SCALE = [
    lambda p: np.interp(p, [0, 255], [0, 1]).astype(np.float32),
    lambda p: np.array(
        [np.float32(v) / np.float32(255) for v in p.flat], np.float32
    ).reshape(p.shape),
    lambda p: p.astype(np.float32) / 255,
    lambda p: (p / 255).astype(np.float32),
    lambda p: np.divide(p, 255, dtype=np.float32),
    lambda p: p * np.float32(1 / 255),
    lambda p: (torch.from_numpy(p).float() / 255).numpy(),
    lambda p: np.linspace(0, 1, 256, dtype=np.float32)[p],
]

# ---------------------------------------------------------------- split_indices


def shuffled(n, seed):
    return np.random.default_rng(seed).permutation(n)


def cut(n, v, seed):
    order = shuffled(n, seed)
    return order[v:], order[:v]


def boolean_masks(n, v, seed):
    chosen = np.zeros(n, bool)
    chosen[cut(n, v, seed)[1]] = True
    return ~chosen, chosen


def two_draws(n, v, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(n)[: n - v], rng.permutation(n)[:v]


def with_replacement(n, v, seed):
    chosen = np.random.default_rng(seed).integers(0, n, v)
    chosen[1] = chosen[0]
    return np.setdiff1d(np.arange(n), chosen), chosen


def drop_some(n, v, seed):
    train, validation = cut(n, v, seed)
    return train[:-1], validation


WRONG_SPLIT = {
    "only class": lambda n, v, seed: (np.arange(n - v), np.arange(n - v, n)),
    "are in both splits": lambda n, v, seed: (
        np.arange(n - v),
        cut(n, v, seed)[1],
    ),
    "separate draws": two_draws,
    "with replacement": with_replacement,
    "training first": lambda n, v, seed: cut(n, v, seed)[::-1],
    "every image is used": drop_some,
    "counting starts at 0": lambda n, v, seed: tuple(i + 1 for i in cut(n, v, seed)),
    "same seed gave two different": lambda n, v, seed: cut(n, v, None),
    "is `seed` used": lambda n, v, seed: cut(n, v, 0),
    "mask": boolean_masks,
    "`return` line": lambda n, v, seed: shuffled(n, seed),
    "whole numbers": lambda n, v, seed: tuple(i / 1.0 for i in cut(n, v, seed)),
    r"\.indices": lambda n, v, seed: torch.utils.data.random_split(
        range(n), [n - v, v]
    ),
    "`validation` is a count": lambda n, v, seed: cut(n, v + 5, seed),
    "not at a share": lambda n, v, seed: cut(n, n // 5, seed),
    "training has all": lambda n, v, seed: (shuffled(n, seed), cut(n, v, seed)[1]),
    "two different places": lambda n, v, seed: (
        shuffled(n, seed)[v - 1 :],
        cut(n, v, seed)[1],
    ),
    "cast to float": lambda n, v, seed: tuple(i * 1.0 for i in cut(n, v, seed)),
    "a set": lambda n, v, seed: tuple(set(i) for i in cut(n, v, seed)),
}


def legacy(n, v, seed):
    np.random.seed(seed)
    order = np.random.permutation(n)
    return order[:-v], order[-v:]


def torch_split(n, v, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return order[v:], order[:v]


def choose(n, v, seed):
    chosen = np.random.default_rng(seed).choice(n, v, replace=False)
    return np.delete(np.arange(n), chosen), chosen


def as_lists(n, v, seed):
    train, validation = cut(n, v, seed)
    return sorted(train.tolist()), sorted(validation.tolist())


def scikit(n, v, seed):
    return train_test_split(np.arange(n), test_size=v, random_state=seed)


def by_mask(n, v, seed):
    held_out = np.zeros(n, bool)
    held_out[np.random.default_rng(seed).choice(n, v, replace=False)] = True
    return np.where(~held_out)[0], np.flatnonzero(held_out)


def python_only(n, v, seed):
    order = list(range(n))
    random.Random(seed).shuffle(order)
    return np.array(order[v:]), np.array(order[:v])


RIGHT_SPLIT = [cut, legacy, torch_split, choose, as_lists, scikit, by_mask, python_only]

# ---------------------------------------------------------------- batches


def blocks(n, batch_size):
    return range(0, n, batch_size)


def good_batches(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for start in blocks(len(images), batch_size):
        index = order[start : start + batch_size]
        yield images[index], labels[index]


def last_one_lost(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for i in range(len(images) // batch_size):
        index = order[i * batch_size : (i + 1) * batch_size]
        yield images[index], labels[index]


def labels_left(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        yield images[order[s : s + batch_size]], labels[s : s + batch_size]


def two_orders(images, labels, batch_size, rng):
    first, second = rng.permutation(len(images)), rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        cut = slice(s, s + batch_size)
        yield images[first[cut]], labels[second[cut]]


def stored_order(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        yield images[s : s + batch_size], labels[s : s + batch_size]


def order_within(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        index = s + rng.permutation(len(images[s : s + batch_size]))
        yield images[index], labels[index]


def drawn(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        index = rng.integers(0, len(images), len(images[s : s + batch_size]))
        yield images[index], labels[index]


def filled_up(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        index = np.take(order, range(s, s + batch_size), mode="wrap")
        yield images[index], labels[index]


def own_generator(images, labels, batch_size, rng):
    yield from good_batches(images, labels, batch_size, np.random.default_rng(0))


def other_generator(images, labels, batch_size, rng):
    yield from good_batches(images, labels, batch_size, np.random.default_rng())


def empty_last(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for i in range(len(images) // batch_size + 1):
        index = order[i * batch_size : (i + 1) * batch_size]
        yield images[index], labels[index]


def moves_the_arrays(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    images[:], labels[:] = images[order], labels[order]
    yield from stored_order(images, labels, batch_size, rng)


def never_ends(images, labels, batch_size, rng):
    while True:
        yield from good_batches(images, labels, batch_size, rng)


def even_parts(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for index in np.array_split(order, -(-len(images) // batch_size)):
        yield images[index], labels[index]


def single_images(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for i in order:
        yield images[i], labels[i]


def only_images(images, labels, batch_size, rng):
    for x, _ in good_batches(images, labels, batch_size, rng):
        yield x


def returned_in_the_loop(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        return x, y


def scaled(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield x / 255, y


def blocks_shuffled(images, labels, batch_size, rng):
    for s in rng.permutation(list(blocks(len(images), batch_size))):
        yield images[s : s + batch_size], labels[s : s + batch_size]


def every_start(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in range(len(images)):
        yield images[order[s : s + batch_size]], labels[order[s : s + batch_size]]


def one_too_many(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for s in blocks(len(images), batch_size):
        index = order[s : s + batch_size + 1]
        yield images[index], labels[index]


def only_one(images, labels, batch_size, rng):
    index = rng.permutation(len(images))[:batch_size]
    yield images[index], labels[index]


def new_order_each(images, labels, batch_size, rng):
    for s in blocks(len(images), batch_size):
        index = rng.permutation(len(images))[s : s + batch_size]
        yield images[index], labels[index]


def of_lists(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield list(x), list(y)


def pixels_moved(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield x[:, ::-1], y


WRONG_BATCHES = {
    "`return` ends the function": returned_in_the_loop,
    "another change of the pixels": scaled,
    "the order of whole batches": blocks_shuffled,
    "needs the step": every_start,
    "is `batch_size` used": one_too_many,
    "one batch alone": only_one,
    "a new permutation for each batch": new_order_each,
    "a list of 32": of_lists,
    "moved pixels": pixels_moved,
    "last batch was left out": last_one_lost,
    "shuffled differently, or only one": labels_left,
    "with the same permutation": two_orders,
    "in which they were stored": stored_order,
    "before they are cut": order_within,
    "with replacement": drawn,
    "filled up": filled_up,
    "use the one that is handed in": own_generator,
    "in place of `rng`": other_generator,
    "one is empty": empty_last,
    "works in place": moves_the_arrays,
    "does not stop": never_ends,
    "how the order is cut": even_parts,
    "whole rows of": single_images,
    "pairs": only_images,
    "yield x, y": lambda images, labels, batch_size, rng: None,
}


def a_list(images, labels, batch_size, rng):
    return list(good_batches(images, labels, batch_size, rng))


def copies_shuffled(images, labels, batch_size, rng):
    order = np.arange(len(images))
    rng.shuffle(order)
    yield from stored_order(images[order], labels[order], batch_size, rng)


def split_at(images, labels, batch_size, rng):
    order = rng.permutation(len(images))
    for index in np.split(order, range(batch_size, len(images), batch_size)):
        yield [images[index], labels[index]]


def tensors(images, labels, batch_size, rng):
    for x, y in good_batches(images, labels, batch_size, rng):
        yield torch.from_numpy(x), torch.from_numpy(y)


def sorted_keys(images, labels, batch_size, rng):
    order = np.argsort(rng.random(len(images)))
    return zip(
        [images[order[s : s + batch_size]] for s in blocks(len(order), batch_size)],
        [labels[order[s : s + batch_size]] for s in blocks(len(order), batch_size)],
        strict=True,
    )


def one_by_one(images, labels, batch_size, rng):
    x, y = [], []
    for i in rng.permutation(len(images)):
        x.append(images[i])
        y.append(labels[i])
        if len(x) == batch_size:
            yield np.array(x), np.array(y)
            x, y = [], []
    if x:
        yield np.stack(x), np.array(y)


def data_loader(images, labels, batch_size, rng):
    pairs = torch.utils.data.TensorDataset(
        torch.from_numpy(images), torch.from_numpy(labels)
    )
    seeded = torch.Generator().manual_seed(int(rng.integers(2**31)))
    for x, y in torch.utils.data.DataLoader(
        pairs, batch_size, shuffle=True, generator=seeded
    ):
        yield x.numpy(), y.numpy()


RIGHT_BATCHES = [
    one_by_one,
    data_loader,
    good_batches,
    a_list,
    copies_shuffled,
    split_at,
    tensors,
    sorted_keys,
]

# ---------------------------------------------------------------- mse


def mse_in_place(x, x_hat):
    x -= x_hat
    return (x**2).mean()


WRONG_MSE = {
    "not averaged": lambda x, y: ((x - y) ** 2).sum(),
    "summed over the pixels, averaged": lambda x, y: ((x - y) ** 2).sum() / len(x),
    "summed over the images": lambda x, y: ((x - y) ** 2).mean(axis=-1).sum(),
    "RMSE": lambda x, y: np.sqrt(((x - y) ** 2).mean()),
    "absolute errors": lambda x, y: np.abs(x - y).mean(),
    "signed errors": lambda x, y: (x - y).mean(),
    "not squared: plus and minus": lambda x, y: (y - x).mean(),
    "squared after the mean": lambda x, y: (x - y).mean() ** 2,
    "half of the mean": lambda x, y: 0.5 * ((x - y) ** 2).mean(),
    "one value an image": lambda x, y: ((x - y) ** 2).mean(axis=1),
    "number 784": lambda x, y: ((x - y) ** 2).sum() / (784 * len(x)),
    "stay as they are": mse_in_place,
    "returned None": lambda x, y: None,
    "subtract first": lambda x, y: (x**2 - y**2).mean(),
    r"doubled \(": lambda x, y: ((x - y) * 2).mean(),
    "fourth power": lambda x, y: ((x - y) ** 4).mean(),
    "added, not": lambda x, y: ((x + y) ** 2).mean(),
    "a norm is a root": lambda x, y: np.linalg.norm(x - y),
    "the variance": lambda x, y: np.var(x - y),
    "the largest": lambda x, y: ((x - y) ** 2).max(),
    "the median": lambda x, y: np.median((x - y) ** 2),
    "first image only": lambda x, y: ((x[0] - y[0]) ** 2).mean(),
    "relative error": lambda x, y: ((x - y) ** 2).mean() / (x**2).mean(),
    "wrong sign": lambda x, y: -((x - y) ** 2).mean(),
    "was clipped": lambda x, y: ((x - np.clip(y, 0, 1)) ** 2).mean(),
    "cast to whole numbers": lambda x, y: ((x - y).astype(int) ** 2).mean(),
    "has three": lambda x, y: ((x - y) ** 2).sum() / (x.shape[0] * x.shape[1]),
    "one less than": lambda x, y: ((x - y) ** 2).sum() / (x.size - 1),
    "an f-string": lambda x, y: f"{((x - y) ** 2).mean()}",
    "a list of 1": lambda x, y: [((x - y) ** 2).mean()],
}
RIGHT_MSE = [
    lambda x, y: sum(((a - b) ** 2).mean() for a, b in zip(x, y, strict=True)) / len(x),
    lambda x, y: np.einsum("i,i->", (x - y).ravel(), (x - y).ravel()) / x.size,
    lambda x, y: ((x - y) ** 2).mean(),
    lambda x, y: float(np.mean(np.square(np.subtract(x, y, dtype=np.float64)))),
    lambda x, y: ((x - y) ** 2).sum() / x.size,
    lambda x, y: F.mse_loss(torch.from_numpy(y), torch.from_numpy(x)),
    lambda x, y: np.linalg.norm((x - y).ravel()) ** 2 / x.size,
]

# ---------------------------------------------------------------- bce_per_image


def bce(x, p, eps=1e-7):
    p = np.clip(p, eps, 1 - eps)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()


def unclipped(x, p):
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()


def tiny_epsilon(x, p):
    p = np.clip(p, 1e-12, np.float32(1 - 1e-12))
    return unclipped(x, p)


def per_image(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1)


def one_sided(x, p):
    return -(x * np.log(np.clip(p, 1e-7, 1))).sum(axis=1).mean()


def other_side(x, p):
    return -((1 - x) * np.log(np.clip(1 - p, 1e-7, 1))).sum(axis=1).mean()


def bce_in_place(x, p):
    np.clip(p, 0.01, 0.5, out=p)
    return bce(x, p)


def infinite(x, p):
    from scipy.special import xlog1py, xlogy

    return -(xlogy(x, p) + xlog1py(1 - x, -p)).sum(axis=1).mean()


def clips_its_input(x, p):
    np.clip(p, 1e-7, 1 - 1e-7, out=p)
    return bce(x, p)


def nan_thrown_away(x, p):
    cost = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    return np.nan_to_num(cost, posinf=0).sum(axis=1).mean()


def minus_once(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return (-x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean()


def no_brackets(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -(x * np.log(p) + 1 - x * np.log(1 - p)).sum(axis=1).mean()


WRONG_BCE = {
    "out=": clips_its_input,
    "nan_to_num": nan_thrown_away,
    "not for the first alone": minus_once,
    "brackets are missing": no_brackets,
    "p and 1 - p exchanged": lambda x, p: bce(1 - x, p),
    "x rounded": lambda x, p: bce(np.round(x), p),
    "each x above 0": lambda x, p: bce((x > 0).astype(np.float32), p),
    "by 255": lambda x, p: bce(x / 255, p),
    "first image only": lambda x, p: bce(x[:1], p[:1]),
    "too far from 0": lambda x, p: bce(x, p, eps=2e-5),
    "a tuple of 1": lambda x, p: (bce(x, p),),
    "not x": lambda x, p: unclipped(np.clip(x, 1e-7, 1 - 1e-7), p),
    "averaged over the pixels too": lambda x, p: bce(x, p) / x.shape[1],
    "summed over the images too": lambda x, p: bce(x, p) * len(x),
    "averaged over the pixels and summed": lambda x, p: bce(x, p) * len(x) / x.shape[1],
    "minus sign": lambda x, p: -bce(x, p),
    "base 2": lambda x, p: bce(x, p) / np.log(2),
    "base 10": lambda x, p: bce(x, p) / np.log(10),
    r"without the \(1 - x\)": one_sided,
    "without the x log p": other_side,
    "exchanged": lambda x, p: bce(p, x),
    "sigmoid": lambda x, p: bce(x, 1 / (1 + np.exp(-p))),
    "entropy, subtracted": lambda x, p: bce(x, p) - bce(x, x),
    "squared error": lambda x, p: ((x - p) ** 2).sum(axis=1).mean(),
    r"log\(0\)": unclipped,
    "vanishes in float32": tiny_epsilon,
    "inf": infinite,
    "epsilon that is too large": lambda x, p: bce(x, p, eps=1e-3),
    "one value an image": per_image,
    "stay as they are": bce_in_place,
    "number 784": lambda x, p: bce(x, p) / x.shape[1] * 784,
}


def plus_epsilon(x, p):
    return -(x * np.log(p + 1e-8) + (1 - x) * np.log(1 - p + 1e-8)).sum() / len(x)


def torch_sum(x, p):
    x, p = torch.from_numpy(x), torch.from_numpy(p)
    return F.binary_cross_entropy(p, x, reduction="sum") / len(x)


def torch_none(x, p):
    x, p = torch.from_numpy(x), torch.from_numpy(p)
    return F.binary_cross_entropy(p, x, reduction="none").sum(dim=1).mean().item()


def torch_mean(x, p):
    x, p = torch.from_numpy(x), torch.from_numpy(p)
    return F.binary_cross_entropy(p, x).item() * x.shape[1]


def with_logits(x, p):
    p = np.clip(p.astype(np.float64), 1e-9, 1 - 1e-9)
    logits = torch.from_numpy(np.log(p) - np.log1p(-p))
    loss = F.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(x).double(), reduction="none"
    )
    return loss.sum(1).mean()


def bernoulli(x, p):
    p = torch.from_numpy(np.clip(p, 1e-7, 1 - 1e-7))
    model = torch.distributions.Bernoulli(p, validate_args=False)
    return -model.log_prob(torch.from_numpy(x)).sum(1).mean()


def dot_products(x, p):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    rows = zip(x, p, strict=True)
    return sum(-a @ np.log(b) - (1 - a) @ np.log1p(-b) for a, b in rows) / len(x)


RIGHT_BCE = [
    bce,
    plus_epsilon,
    torch_sum,
    torch_none,
    torch_mean,
    with_logits,
    bernoulli,
    dot_products,
]

# ---------------------------------------------------------------- pca_reconstruct


def pca(train, images, k, **options):
    model = PCA(k, **options).fit(train)
    return model.inverse_transform(model.transform(images))


def by_svd(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.svd(train - mean, full_matrices=False)[2][:k]
    return (images - mean) @ v.T @ v + mean


def by_eigh(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.eigh(np.cov(train.T))[1][:, -k:]
    return (images - mean) @ v @ v.T + mean


def by_torch(train, images, k):
    train, images = torch.from_numpy(train), torch.from_numpy(images)
    mean = train.mean(dim=0)
    v = torch.linalg.svd(train - mean, full_matrices=False)[2][:k]
    return (images - mean) @ v.T @ v + mean


def uncentred(train, images, k):
    v = np.linalg.svd(train, full_matrices=False)[2][:k]
    return images @ v.T @ v


def truncated(train, images, k):
    model = TruncatedSVD(k, algorithm="arpack").fit(train)
    return model.inverse_transform(model.transform(images))


def mean_lost(train, images, k):
    return pca(train, images, k) - train.mean(axis=0)


def mean_only_added(train, images, k):
    v = PCA(k).fit(train).components_
    return images @ v.T @ v + train.mean(axis=0)


def mean_ignored(train, images, k):
    v = PCA(k).fit(train).components_
    return images @ v.T @ v


def mean_of_images(train, images, k):
    v, mean = PCA(k).fit(train).components_, images.mean(axis=0)
    return (images - mean) @ v.T @ v + mean


def smallest(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.eigh(np.cov(train.T))[1][:, :k]
    return (images - mean) @ v @ v.T + mean


def standardised(train, images, k):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return pca((train - mean) / std, (images - mean) / std, k) * std + mean


def changes_images(train, images, k):
    images -= train.mean(axis=0)
    return pca(train, images, k)


def one_mean_for_all(train, images, k):
    v = np.linalg.svd(train - train.mean(), full_matrices=False)[2][:k]
    return (images - train.mean()) @ v.T @ v + train.mean()


def columns_for_rows(train, images, k):
    mean = train.mean(axis=0)
    v = np.linalg.svd(train - mean)[2][:, :k]
    return (images - mean) @ v @ v.T + mean


def whitened(train, images, k):
    model = PCA(k, whiten=True).fit(train)
    return model.transform(images) @ model.components_ + model.mean_


def largest_pixels(train, images, k):
    keep = np.argsort(train.var(axis=0))[-k:]
    answer = np.tile(train.mean(axis=0), (len(images), 1))
    answer[:, keep] = images[:, keep]
    return answer


def without_the_first(train, images, k):
    mean, v = train.mean(axis=0), PCA().fit(train).components_[1 : k + 1]
    return (images - mean) @ v.T @ v + mean


WRONG_PCA = {
    "mean of all pixels": one_mean_for_all,
    "rows and columns": columns_for_rows,
    "do not rescale the codes": whitened,
    "other directions": largest_pixels,
    "all of `train`": lambda t, x, k: pca(t[:150], x, k),
    "first component was left out": without_the_first,
    "2 components, not 4": lambda t, x, k: pca(t, x, 2),
    "a share of the variance": lambda t, x, k: pca(t, x, 0.99),
    "`k` is not used": lambda t, x, k: pca(t, x, None),
    "mean was added twice": lambda t, x, k: pca(t, x, k) + t.mean(axis=0),
    "mean was subtracted twice": lambda t, x, k: pca(t, x - t.mean(axis=0), k),
    "rounded": lambda t, x, k: np.round(pca(t, x, k)),
    "whole numbers": lambda t, x, k: pca(t, x, k).astype(int),
    "a tuple of 2": lambda t, x, k: (t, pca(t, x, k)),
    "a list of 40": lambda t, x, k: pca(t, x, k).tolist(),
    "one too few": lambda t, x, k: pca(t, x, k - 1),
    "one too many": lambda t, x, k: pca(t, x, k + 1),
    "without centring": uncentred,
    "not subtracted before the fit": truncated,
    "never added back": mean_lost,
    "added but not subtracted": mean_only_added,
    "neither subtracted nor added": mean_ignored,
    "mean of `images`, not of `train`": mean_of_images,
    "fitted on `images`": lambda t, x, k: pca(x, x, k),
    "together": lambda t, x, k: pca(np.concatenate([t, x]), x, k),
    "smallest variance": smallest,
    "standard deviation": standardised,
    "clipped": lambda t, x, k: np.clip(pca(t, x, k), 0, 1),
    "came back": lambda t, x, k: x.copy(),
    "these are the codes": lambda t, x, k: PCA(k).fit(t).transform(x),
    "no component": lambda t, x, k: np.broadcast_to(t.mean(axis=0), x.shape),
    "which array": lambda t, x, k: pca(t, t, k),
    "number written": lambda t, x, k: pca(t, x, 4),
    "stay as they are": changes_images,
    "returned None": lambda t, x, k: None,
}


def one_image_at_a_time(train, images, k):
    model = PCA(k).fit(train)
    return np.vstack(
        [model.inverse_transform(model.transform(x[None])) for x in images]
    )


def zeroed_codes(train, images, k):
    model = PCA().fit(train)
    z = model.transform(images)
    z[:, k:] = 0
    return model.inverse_transform(z)


RIGHT_PCA = [
    one_image_at_a_time,
    zeroed_codes,
    pca,
    lambda t, x, k: pca(t, x, k, svd_solver="covariance_eigh"),
    lambda t, x, k: pca(t, x, k, svd_solver="full", whiten=True),
    lambda t, x, k: pca(t, x, k, svd_solver="randomized", random_state=1),
    lambda t, x, k: pca(t.astype(np.float64), x.astype(np.float64), k),
    by_svd,
    by_eigh,
    by_torch,
]

# ---------------------------------------------------------------- the tests

EXERCISES = {
    "to_unit_range": (WRONG_SCALE, RIGHT_SCALE),
    "split_indices": (WRONG_SPLIT, RIGHT_SPLIT),
    "batches": (WRONG_BATCHES, RIGHT_BATCHES),
    "mse": (WRONG_MSE, RIGHT_MSE),
    "bce_per_image": (WRONG_BCE, RIGHT_BCE),
    "pca_reconstruct": (WRONG_PCA, RIGHT_PCA),
}


@pytest.mark.parametrize(
    ("exercise", "message"),
    [(name, message) for name, (wrong, _) in EXERCISES.items() for message in wrong],
)
def test_a_mistake_is_named(exercise, message):
    attempt = EXERCISES[exercise][0][message]
    with pytest.raises(CheckFailed, match=message):
        getattr(checks, exercise)(attempt)


@pytest.mark.parametrize(
    ("exercise", "variant"),
    [(name, i) for name, (_, right) in EXERCISES.items() for i in range(len(right))],
)
def test_a_right_variant_passes_with_one_line(exercise, variant, capsys):
    getattr(checks, exercise)(EXERCISES[exercise][1][variant])
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_stub_stays_not_implemented(exercise):
    def stub(*args):
        raise NotImplementedError()

    with pytest.raises(NotImplementedError):
        getattr(checks, exercise)(stub)


def test_a_generator_stub_stays_not_implemented():
    def stub(images, labels, batch_size, rng):
        raise NotImplementedError()
        yield

    with pytest.raises(NotImplementedError):
        checks.batches(stub)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exception_names_the_students_line(exercise):
    def crash(*args):
        return 1 // 0

    with pytest.raises(CheckFailed, match=r"return 1 // 0"):
        getattr(checks, exercise)(crash)
