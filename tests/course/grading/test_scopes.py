"""A name is followed to where it is bound, and no further."""

import ast

import pytest

from course.grading.meanings import names_of
from course.grading.scopes import Scope


@pytest.mark.parametrize(
    "body",
    [
        "try: pass\n  except OSError as a: a",
        "match x:\n    case [1, *a]: a",
        "match x:\n    case 1 as a: a",
        "with x as a: a",
    ],
)
def test_whatever_binds_a_name_makes_it_the_functions_own(body):
    (tree,) = ast.parse(f"def f(x):\n  {body}").body
    used = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.Name) and (each.id, type(each.ctx)) == ("a", ast.Load)
    ]
    assert [Scope(tree, names_of([])).is_own(each) for each in used] == [True]


OWN = """
def f(x, t=torch, *, k=2):
    y = x
    u = torch.nn
    for z in y:
        pass
    [a for a in y]
    lambda b: (b, c)
    def inner():
        d = 1
        return d, y
    class Inside:
        e = 1
    global g
    g = 2
    return x, t, k, y, u, z, a, b, c, d, e, g
"""


def test_within_a_function_a_module_by_another_name_is_not_its_own():
    names = names_of(ast.parse(f"import torch\n{OWN}").body)
    tree = ast.parse(OWN).body[0]
    scope = Scope(tree, names)
    last = {each.id for each in tree.body[-1].value.elts if scope.is_own(each)}
    assert last == {"x", "k", "y", "z"}
    inner = tree.body[5].body[-1].value.elts
    assert all(map(scope.is_own, inner))
    b, c = tree.body[4].value.body.elts
    assert (scope.is_own(b), scope.is_own(c)) == (True, False)
    assert scope.is_own(tree.body[3].value.elt)
    assert not scope.is_own(tree.args.kw_defaults[0])


MADE = """
class A: pass
@odd
class B: pass
def f(x, p=A()):
    a = A()
    b = B()
    c = d = A()
    c = x
    for e in x: pass
    return a, b, c, d, e, p, x
"""


def test_an_object_is_an_answers_own_if_it_can_be_nothing_else():
    trees = ast.parse(MADE).body
    scope = Scope(trees[-1], names_of(trees))
    made = {
        each.id for each in trees[-1].body[-1].value.elts if scope.is_made_here(each)
    }
    assert made == {"a", "d"}


@pytest.mark.parametrize(
    ("method", "is_self"),
    [
        ("def put(self): self.a", True),
        ("def put(self, /, x): self.a", True),
        ("def put(x, self): self.a", False),
        ("def put(self):\n  self = 3\n  self.a", False),
        ("def put(self=3): self.a", False),
        ("def put(x):\n  def inner(self): self.a", False),
        ("def put(self):\n  def inner(x): self.a", True),
    ],
)
def test_self_is_the_first_argument_of_a_method_and_stays_so(method, is_self):
    lines = "\n".join(f"  {line}" for line in method.splitlines())
    (tree,) = ast.parse(f"class A:\n{lines}").body
    (used,) = (n.value for n in ast.walk(tree) if isinstance(n, ast.Attribute))
    assert Scope(tree, names_of([])).is_self(used) == is_self


def test_outside_a_class_nothing_is_self():
    (tree,) = ast.parse("def put(self): self.a").body
    (used,) = (n.value for n in ast.walk(tree) if isinstance(n, ast.Attribute))
    assert not Scope(tree, names_of([])).is_self(used)


TOP = """
import torch
from torch import nn
class A:
    @classmethod
    def make(cls):
        a = cls()
        return a
    def copy(self):
        b = type(self)()
        c = self.__class__(1)
        d = self()
        return b, c, d
class B: pass
B = 3
def f(): pass
a, b, c, d = A(), nn.Linear(1, 2), torch.Tensor(3), B()
e = A()
e = f()
g = A()
def h():
    global g
    g = f
"""


@pytest.fixture
def top():
    tree = ast.parse(TOP)
    return Scope(tree, names_of(tree.body))


def loaded(name):
    return ast.Name(name, ast.Load())


def test_at_the_top_as_well_an_object_is_known_that_can_be_nothing_else(top):
    names = [name for name in "abcdeg" if top.is_made_here(loaded(name))]
    assert names == ["a", "b"]
    assert [name for name in "ABfh" if top.is_defined(loaded(name))] == [*"Afh"]


def test_a_class_makes_objects_of_itself_within_its_methods(top):
    made = {
        node.id
        for node in ast.walk(top.tree)
        if isinstance(node, ast.Name)
        and top.around(node, (ast.Return,))
        and top.is_made_here(node)
    }
    assert made == {"a", "b", "c"}
