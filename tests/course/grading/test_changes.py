"""What answers set of their own is let through; of others it is found."""

import pytest

from course.grading.changes import COMPARES, OWN_TYPE, Changes
from course.grading.machinery import FOREIGN, HIDDEN, NOTEBOOK, OTHERS
from tests.course.grading.reading import found_by

GIVEN = "import torch, abc, enum\nfrom torch import nn"


@pytest.mark.parametrize(
    "source",
    [
        "def f(model):\n    model.beta = 0.5",
        "def f(): ...\nf.calls = 0",
        "class A:\n    def __init__(self, n):\n        self.n = n",
        "class A(nn.Module):\n    def __len__(self): return 1",
        "setattr(self, 'a', 1) if False else None",
        "torch.backends.cudnn.benchmark = False",
        "import os\nos.environ['A'] = 'b'",
        "print(type(x))",
        "class Kind(enum.Enum):\n    A = 1",
        "class A(abc.ABC): ...",
    ],
)
def test_what_is_an_answers_own_is_let_through(source):
    assert found_by(Changes, source, GIVEN) == {}


@pytest.mark.parametrize(
    ("source", "node", "what"),
    [
        ("torch.relu = f", "torch.relu = f", OTHERS),
        ("torch.relu += 1", "torch.relu += 1", OTHERS),
        ("del torch.relu", "del torch.relu", OTHERS),
        ("import math\nmath.__dict__['pi'] = 3", "math.__dict__['pi'] = 3", OTHERS),
        ("def f(m):\n    m.forward = lambda x: x", "m.forward = lambda x: x", OTHERS),
        ("x.__class__ = A", "x.__class__ = A", FOREIGN),
        ("setattr(x, input(), 1)", "setattr(x, input(), 1)", HIDDEN),
        ("setattr(torch, 'relu', f)", "setattr(torch, 'relu', f)", OTHERS),
        ("class A:\n    def __eq__(self, o): ...", "def __eq__(self, o):", COMPARES),
        ("class A(float): ...", "float", OWN_TYPE),
        ("class A(torch.Tensor): ...", "torch.Tensor", OWN_TYPE),
        ("class A(metaclass=M): ...", "M", OWN_TYPE),
        ("A = type('A', (), {})", "type('A', (), {})", OWN_TYPE),
        ("make = type", "type", OWN_TYPE),
        ("A = abc.ABCMeta('A', (), {})", "abc.ABCMeta('A', (), {})", OWN_TYPE),
        ("def _repr_html_(self): ...", "def _repr_html_(self):", NOTEBOOK),
    ],
)
def test_what_is_not_is_found(source, node, what):
    found = found_by(Changes, source, GIVEN)
    assert found.get(node, "") == what, found
