"""What functions keep in a notebook is put back, and nothing else is touched."""

import functools
from collections import Counter, OrderedDict, deque
from types import SimpleNamespace

import pytest
import torch

from helpers.checks.kept import Kept

NUMBERS, TABLE, NAMES, ROW = [1], {"a": 1}, {"b"}, deque([1])
COUNTS, IN_ORDER = Counter("aab"), OrderedDict(a=1)
PLACE = SimpleNamespace(x=1)
NUMBER = 1
OTHER = [1]


class Owner:
    """A class of the notebook, with something on it and on its objects."""

    shared = ("a",)

    def __init__(self):
        self.own = [1]


OWNER = Owner()


def by_attribute():
    by_attribute.kept = 1


def in_a_container():
    NUMBERS.append(2)
    TABLE["b"] = 2
    NAMES.add("c")
    ROW.append(2)
    COUNTS["a"] += 1
    IN_ORDER["b"] = 2


def deep_inside():
    TABLE["a"] = {"b": [2]}
    OWNER.own.append(2)


def in_a_new_variable():
    global NUMBER, ANOTHER
    NUMBER, ANOTHER = 2, 2


def on_an_object():
    OWNER.own, OWNER.another, PLACE.x = [2], 2, 2


def on_a_class():
    Owner.shared, Owner.another = ("b",), 2


def through_another():
    in_a_container()


def closed_over():
    kept = 1

    def function():
        nonlocal kept
        kept += 1

    return function


def nothing():
    return [*NUMBERS], sum(COUNTS.values())


def state():
    return (
        [*NUMBERS], dict(TABLE), {*NAMES}, [*ROW], dict(COUNTS), [*IN_ORDER.items()],
        dict(vars(PLACE)), NUMBER, "ANOTHER" in globals(), Owner.shared,
        hasattr(Owner, "another"), dict(vars(OWNER)), [*OWNER.own],
        dict(vars(by_attribute)),
    )  # fmt: skip


@pytest.mark.parametrize(
    "function",
    [by_attribute, in_a_container, deep_inside, in_a_new_variable, on_an_object,
     on_a_class, through_another, functools.partial(in_a_container),
     functools.wraps(nothing)(lambda: in_a_container())],
)  # fmt: skip
def test_what_a_call_has_kept_is_put_back(function):
    before, kept = state(), Kept(function)
    function()
    assert state() != before
    assert kept.put_back()
    assert state() == before
    assert type(COUNTS) is Counter
    assert not kept.put_back()


def test_a_variable_of_a_function_around_it_is_put_back():
    function = closed_over()
    kept = Kept(function)
    function()
    assert kept.put_back()
    assert function.__closure__[0].cell_contents == 1


def test_where_nothing_changed_nothing_is_put_back():
    kept = Kept(nothing, torch.relu, Owner, None)
    nothing()
    assert not kept.put_back()


def test_what_is_out_of_reach_stays():
    kept = Kept(nothing)
    OTHER.append(2)
    assert not kept.put_back()
    assert OTHER.pop() == 2
