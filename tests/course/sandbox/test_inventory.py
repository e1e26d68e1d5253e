"""Whatever takes the place of another thing is seen, by whatever words."""

import contextlib
import ctypes
import functools
import inspect
import math
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from course.sandbox import inventory, witness
from helpers.checks import (
    arrays,
    base,
    draws,
    lesson03,
    lesson04,
    lesson06,
    tensors,
)
from helpers.checks.lesson02.train_step import Watched
from helpers.checks.lesson03._watched import WatchedVAE

assert all((lesson03, lesson04, lesson06))  # they are there, as in the grader


def other(*args, **kwargs):
    return True


REPLACED = [
    (torch, "allclose", other),
    (torch, "allclose", max),
    (F, "relu", other),
    (np, "isclose", other),
    (math, "pi", 3.0),
    (torch, "inf", 1e9),
    (math, "log", functools.partial(math.log)),
    (sys, "audit", other),
    (sys, "exc_info", other),
    (torch.Tensor, "abs", other),  # hides what it inherits
    (torch.Tensor, "__eq__", other),
    (nn.Module, "__call__", other),
    (nn.Linear, "reset_parameters", other),
    (base, "_judge", other),
    (base, "VISIBLE", (7,)),
    (tensors, "TOLERANCE", 1e9),
    (draws.Draw, "integer", other),
    (contextlib.ExitStack, "__exit__", other),  # could swallow a check's failure
    (functools, "partial", other),
    (torch.optim.SGD, "step", torch.no_grad()(other)),  # in torch's own wrapper
    (WatchedVAE, "decode", other),
    (sys.modules["helpers.checks.lesson03.kl_divergence"], "compare", other),
]


@pytest.mark.parametrize(("owner", "name"), [(tensors, "len"), (witness, "getattr")])
def test_what_hides_one_of_pythons_own_is_told(monkeypatch, owner, name):
    compare = inventory.take()
    monkeypatch.setattr(owner, name, other, raising=False)
    ((told, _),) = compare()
    assert told == f"{owner.__name__}.{name}"


TABLES = [
    arrays.NUMPYS,
    sys.modules["helpers.checks.lesson04.encoder"].BODY,
    sys.modules["helpers.checks.lesson06.running_bound"].ONCE,
]


@pytest.mark.parametrize("table", TABLES)
def test_what_is_put_into_a_table_of_the_checks_is_told(table):
    compare = inventory.take()
    was = table.copy()
    try:
        if isinstance(table, dict):
            table[next(iter(table))] = other
        elif isinstance(table, list):
            table[0] = other
        else:
            table.add(other)
        ((told, _),) = compare()
    finally:
        table.clear()
        table.extend(was) if isinstance(table, list) else table.update(was)
    assert told.startswith("helpers.checks.")


@pytest.mark.parametrize(("owner", "name", "value"), REPLACED)
def test_what_takes_its_place_is_told_once(monkeypatch, owner, name, value):
    compare = inventory.take()
    assert compare() == []
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, value)
        ((told, code),) = compare()
        assert told.endswith(f".{name}")
        assert code is getattr(value, "__code__", None)
        assert compare() == []


def as_keyword(*, key=1):
    return key


@pytest.mark.parametrize(
    ("owner", "part", "value"),
    [
        (tensors.fits, "__code__", other.__code__),
        (nn.Linear.forward, "__code__", (lambda self, x: x).__code__),
        (tensors.fits, "__defaults__", (1e9, 1e9)),
        (tensors.fits, "__kwdefaults__", {"tolerance": 1e9}),
        (functools.update_wrapper, "__defaults__", ((), ())),
        (contextlib.ExitStack._create_exit_wrapper, "__code__", other.__code__),
        (sys.modules["helpers.checks.lesson03.kl_divergence"].kl_divergence.__wrapped__,
         "__code__", other.__code__),
    ],
)  # fmt: skip
def test_what_a_function_does_otherwise_is_told_once(monkeypatch, owner, part, value):
    compare = inventory.take()
    with monkeypatch.context() as patch:
        patch.setattr(owner, part, value)
        assert compare(inside=False) == []
        assert {told for told, _ in compare()} == {
            f"{owner.__module__}.{owner.__qualname__}"
        }
        assert compare() == []


def test_a_default_that_is_put_into_its_table_is_told(monkeypatch):
    monkeypatch.setattr(tensors, "as_keyword", as_keyword, raising=False)
    compare = inventory.take()
    assert compare() == []
    monkeypatch.setitem(as_keyword.__kwdefaults__, "key", 2)
    ((told, _),) = compare()
    assert told.endswith(".as_keyword")


def test_a_number_that_is_written_over_in_place_is_told(monkeypatch):
    monkeypatch.setattr(tensors, "NUMBER", float("1.5"), raising=False)
    compare = inventory.take()
    assert compare() == []
    ctypes.c_double.from_address(id(tensors.NUMBER) + 16).value = 2.5
    assert compare() == [("helpers.checks.tensors.NUMBER", None)]


def test_what_libraries_and_notebooks_do_is_not(monkeypatch):
    steps = {kind: inspect.unwrap(kind.step) for kind in (Watched, torch.optim.SGD)}
    for kind, step in steps.items():  # as before there was an object of the class
        monkeypatch.setattr(kind, "step", step)
    compare = inventory.take()
    monkeypatch.setattr(torch, "a_new_name", 1, raising=False)
    monkeypatch.setattr(base, "checking", "kl_divergence")
    monkeypatch.setattr(torch.Tensor, "a_number", 1, raising=False)
    # As torch does on the first object of a class.
    for kind, step in steps.items():
        wrapped = torch.optim.Optimizer.profile_hook_step(step)
        monkeypatch.setattr(kind, "step", wrapped)
    torch.set_default_device("cpu")
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    with torch.no_grad(), np.errstate(all="ignore"):
        nn.Linear(2, 2)(torch.ones(1, 2)).sum()
    torch.func.vmap(torch.sin)(torch.ones(2))
    assert tensors.fits.__annotations__
    assert compare() == []
    torch.set_default_device(None)  # else a mode of torch's stays, for all tests after


def test_what_answers_torchs_functions_besides_is_told():
    compare = inventory.take()

    class Lying(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            return function(*args, **(kwargs or {}))

    with torch.device("cpu"):
        assert compare() == []
    with Lying():
        ((told, _),) = compare()
    assert told == "torch's functions, by Lying"
    handle = nn.modules.module.register_module_forward_hook(print)
    ((told, _),) = compare()
    handle.remove()
    assert told == "torch.nn.modules.module._global_forward_hooks"
    handle = register_optimizer_step_pre_hook(print)
    ((told, _),) = compare()
    handle.remove()
    assert told == "torch.optim.optimizer._global_optimizer_pre_hooks"
    assert compare() == []


def test_what_gradients_are_computed_from_is_told():
    compare = inventory.take()
    with torch.autograd.graph.saved_tensors_hooks(torch.zeros_like, torch.clone):
        assert compare() == [("torch's tensors kept for gradients", None)]


@pytest.mark.parametrize("key", ["CPU", "ADInplaceOrView"])
def test_another_answer_for_tensors_is_told_a_librarys_own_is_not(key):
    compare = inventory.take()
    with torch.library._scoped_library("prims", "IMPL") as prims:
        prims.impl("sin", abs, "CPU")
        assert compare() == []
    assert compare() == []
    with torch.library._scoped_library("aten", "IMPL") as aten:
        aten.impl("trunc", lambda x: x, key)
        assert compare() == [(f"torch.ops.aten/trunc/{key}", None)]
