"""What answers use is told apart: what is needed, and what reaches further."""

import pytest

from course.grading.machinery import FOREIGN, HIDDEN, NOTEBOOK, OTHERS, PROCESS
from course.grading.uses import A_MODULE, Uses
from tests.course.grading.reading import found_by

GIVEN = "import torch, pickle, functools\nfrom torch import nn"


@pytest.mark.parametrize(
    "source",
    [
        "y = torch.relu(x)",
        "f = getattr(torch, name)",
        "f = getattr(nn, 'ReLU')",
        "copy = pickle.loads(pickle.dumps(x))",
        "seen = 'mu' in globals()",
        "print(len(locals()))",
        "@functools.wraps(f)\ndef g(): ...",
        "with torch.no_grad():\n    y = x",
        "library = torch",
        "class A(nn.Module):\n    def __init__(self):\n        super().__init__()",
    ],
)
def test_what_answers_need_is_let_through(source):
    assert found_by(Uses, source, GIVEN) == {}


@pytest.mark.parametrize(
    ("source", "node", "what"),
    [
        ("f.__globals__", "f.__globals__", FOREIGN),
        ("getattr(f, '__code__')", "getattr(f, '__code__')", FOREIGN),
        ("getattr(f, 'gi' + '_frame')", "getattr(f, 'gi' + '_frame')", FOREIGN),
        ("getattr(f, input())", "getattr(f, input())", HIDDEN),
        ("getattr(*both)", "getattr(*both)", HIDDEN),
        ("g = getattr", "getattr", HIDDEN),
        ("pair = [torch]", "[torch]", A_MODULE),
        ("d = {'a': torch}", "{'a': torch}", A_MODULE),
        ("torch.load", "torch.load", HIDDEN),
        ("def f(): return _3", "_3", NOTEBOOK),
        ("quit()", "", ""),
        ("stop = quit", "quit", NOTEBOOK),
        ("torch.no_grad().__enter__()", "torch.no_grad().__enter__()", OTHERS),
        ("functools.wraps(f)(torch.relu)", "functools.wraps", OTHERS),
        ("def f(m):\n    m.__init__(1)", "m.__init__(1)", OTHERS),
        ("import sys\nsys.modules['a']", "sys.modules", PROCESS),
    ],
)
def test_what_reaches_further_is_found(source, node, what):
    found = found_by(Uses, source, GIVEN)
    assert found.get(node, "") == what, found
