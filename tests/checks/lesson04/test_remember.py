"""The check of the snapshot names what goes wrong, and accepts what is right."""

import copy
import io

import pytest
import torch

from helpers.checks import lesson04 as checks
from helpers.checks.base import CheckFailed


def through_a_file(model):
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    return torch.load(buffer)


KEPT = {}


def kept_once(model):
    if not KEPT:
        KEPT.update(copy.deepcopy(model.state_dict()))
    return KEPT


def in_eval(model):
    return copy.deepcopy(model.eval().state_dict())


def state(change):
    """A snapshot with every value changed."""
    return lambda m: {name: change(v) for name, v in m.state_dict().items()}


RIGHT = {
    "through a file": through_a_file,
    "deepcopy": lambda m: copy.deepcopy(m.state_dict()),
    "clone": lambda m: {k: v.clone() for k, v in m.state_dict().items()},
    "detach and clone": lambda m: {
        k: v.detach().cpu().clone() for k, v in m.state_dict().items()
    },
    "copied model": lambda m: copy.deepcopy(m).state_dict(),
}
WRONG = {
    "reference": (lambda m: m.state_dict(), "deepcopy"),
    "shallow": (lambda m: dict(m.state_dict()), "deepcopy"),
    "copy.copy": (lambda m: copy.copy(m.state_dict()), "deepcopy"),
    "detach": (lambda m: {k: v.detach() for k, v in m.state_dict().items()}, "clone"),
    "parameters only": (
        lambda m: {k: v.clone() for k, v in m.named_parameters()},
        "running",
    ),
    "without counts": (
        lambda m: {k: v.clone() for k, v in m.state_dict().items() if v.dim()},
        "num_batches",
    ),
    "buffers by reference": (
        lambda m: {
            k: v if "run" in k else v.clone() for k, v in m.state_dict().items()
        },
        "running_mean has changed",
    ),
    "data": (state(lambda v: v.data), "references"),
    "cpu": (state(lambda v: v.cpu()), "references"),
    "numpy": (state(lambda v: v.numpy().copy()), "ndarray"),
    "half precision": (state(lambda v: v.clone().half()), "float16"),
    "zeros": (state(torch.zeros_like), "not what the model has"),
    "wrapped": (lambda m: {"model": copy.deepcopy(m.state_dict())}, "nothing around"),
    "eval": (in_eval, "mode"),
    "kept once": (kept_once, "second snapshot"),
    "the model": (lambda m: m, "dict"),
    "nothing": (lambda m: None, "dict"),
}


@pytest.mark.parametrize("variant", RIGHT)
def test_right_in_several_ways(variant, capsys):
    for _ in range(2):  # a check may not depend on luck
        checks.remember(RIGHT[variant])
    assert "right" in capsys.readouterr().out


@pytest.mark.parametrize("variant", WRONG)
def test_wrong_is_named(variant):
    answer, named = WRONG[variant]
    with pytest.raises(CheckFailed, match=named):
        checks.remember(answer)


def test_random_numbers_stay_where_they_were():
    before = torch.get_rng_state()
    checks.remember(next(iter(RIGHT.values())))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stub_stays_a_stub():
    def stub(*args, **kwargs):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"remember.*not written yet"):
        checks.remember(stub)
