"""``bce_per_image``: wrong answers, what its check says, and right ones."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.checks import lesson00 as checks
from helpers.checks.base import CheckFailed


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


WRONG = {
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


RIGHT = [
    bce,
    plus_epsilon,
    torch_sum,
    torch_none,
    torch_mean,
    with_logits,
    bernoulli,
    dot_products,
]


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_is_named(message):
    with pytest.raises(CheckFailed, match=message):
        checks.bce_per_image(WRONG[message])


@pytest.mark.parametrize("variant", RIGHT)
def test_a_right_variant_passes_with_one_line(variant, capsys):
    checks.bce_per_image(variant)
    assert capsys.readouterr().out.count("\n") == 1
