"""Whether an answer can ask for an earlier one: by any way that a notebook has."""

import functools
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from helpers.checks.reach import MOST, may_ask_for


def earlier(x):
    return x


def direct(x):
    return earlier(x)


def inside(x):
    def deep():
        return [earlier(each) for each in x]

    return deep()


def through_another(x):
    return direct(x)


def by_text(x):
    return globals()["earlier"](x)


def evaluated(x):
    return eval("earlier(x) + 1")


def in_a_closure():
    kept = direct
    return lambda x: kept(x)


class Holder:
    def __init__(self):
        self.kept = direct

    def method(self, x):
        return earlier(x)

    @staticmethod
    def still(x):
        return x

    @property
    def looked_up(self):
        return self.still

    def __call__(self, x):
        return x


HOLDER, TABLE, NAMES = Holder(), {"way": [direct]}, SimpleNamespace(way=direct)


class Model(nn.Module):
    def forward(self, x):
        return earlier(x)


class Child(Model):
    pass


@torch.no_grad()
def decorated(x):
    return earlier(x)


def with_default(x, way=direct):
    return way(x)


@pytest.mark.parametrize(
    "answer",
    [
        *(direct, inside, through_another, by_text, evaluated, in_a_closure()),
        *(HOLDER.method, HOLDER, Holder, lambda x: HOLDER.method(x), Model, Child),
        *(decorated, with_default, functools.partial(direct), Child()),
        *(lambda x: TABLE["way"][0](x), lambda x: NAMES.way(x)),
    ],
)
def test_it_can(answer):
    assert may_ask_for([len, answer], {"other", "earlier"})


class Alone(nn.Module):
    size = property(lambda self: 3)

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return torch.relu(self.layer(x))


def recursive(x):
    return recursive(x - 1) if x else Alone()


def unset():
    def inner():
        return later

    found = inner
    if not found:
        later = 1
    return found


@pytest.mark.parametrize("answer", [Alone, Alone(), recursive, unset(), torch.relu, 3])
def test_it_cannot(answer):
    assert not may_ask_for([answer], {"earlier"})


class Odd:
    @property
    def __dict__(self):
        raise RuntimeError


class Endless(list):
    def __iter__(self):
        while True:
            yield 1


ODD, ENDLESS = Odd(), Endless()


@pytest.mark.parametrize("answer", [lambda x: ODD, lambda x: ENDLESS])
def test_where_it_cannot_be_told_the_answer_is_yes(answer):
    assert may_ask_for([answer], {"earlier"})


MANY = [[] for _ in range(MOST)]


def test_where_much_is_in_reach_the_answer_is_yes():
    assert may_ask_for([lambda x: MANY], {"earlier"})
