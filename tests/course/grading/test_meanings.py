"""What a name stands for is followed from its import to where it is used."""

import ast

import pytest

from course.grading.meanings import (
    Scope,
    bindings,
    first_name,
    last_name,
    names_of,
    of_a_type,
)


def expression(source):
    return ast.parse(source, mode="eval").body


@pytest.mark.parametrize(
    ("source", "used", "path"),
    [
        ("import torch.nn", "torch.nn.functional", "torch.nn.functional"),
        ("import torch.nn as layers", "layers.Linear", "torch.nn.Linear"),
        ("from torch import nn", "nn.Linear", "torch.nn.Linear"),
        ("import torch\nt = torch.nn\nu = t", "u.Linear", "torch.nn.Linear"),
        ("import torch as t\na, (b, c) = 1, (t.nn, 2)", "b", "torch.nn"),
        ("import torch as t\nif (u := t): pass", "u.nn", "torch.nn"),
        ("import torch as t\ndef f(a, b=t): pass", "b.nn", "torch.nn"),
        ("import torch as t\ndef f(*, a=1, b=t): pass", "b.nn", "torch.nn"),
        ("from . import mine", "mine.part", ""),
        ("import torch", "other.nn", ""),
        ("import torch", "torch().nn", ""),
    ],
)
def test_a_name_of_a_module_is_followed(source, used, path):
    assert names_of(ast.parse(source).body).path(expression(used)) == path


def test_what_the_notebook_defines_is_its_own():
    source = "import torch as t\nu = t.nn\nF = 3\ndef f(): pass\nclass A: pass"
    names = names_of(ast.parse(source).body)
    assert (names.functions, names.classes, names.rebound) == ({"f"}, {"A"}, {"F"})


def test_a_text_is_known_if_its_name_stands_for_no_other():
    source = "a = 'x'\nb = 'y'\nb = 'z'\nc = 'u'\ndef f():\n    c = 1\nd = 2"
    assert names_of(ast.parse(source).body).texts == {"a": "x"}


def test_methods_that_are_called_with_no_object_are_known():
    source = (
        "class A:\n  @classmethod\n  def one(cls): pass\n  @staticmethod\n"
        "  def two(): pass\n  @property\n  def three(self): pass\n  def four(self): 0"
    )
    assert names_of(ast.parse(source).body).of_classes == {"one", "two"}


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


def test_a_signature_binds_its_defaults():
    (function,) = ast.parse("def f(a, /, b, c=1, *, d, e=2): pass").body
    bound = {name: value.value for name, value in bindings(function.args)}
    assert bound == {"c": 1, "e": 2}


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


def test_both_ends_of_a_dotted_name():
    ends = [
        (first_name(expression(each)), last_name(expression(each)))
        for each in ("a", "a.b.c", "f().b")
    ]
    assert ends == [("a", "a"), ("a", "c"), ("", "b")]
    assert last_name(expression("f()")) == ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("type(x)", True),
        ("super().a", True),
        ("x.__class__.a", True),
        ("x.a", False),
        ("f(x).type", False),
    ],
)
def test_a_type_is_known_by_how_it_is_reached(source, expected):
    assert of_a_type(expression(source)) == expected


@pytest.mark.parametrize(
    ("body", "stores"),
    [
        ("other.a = 1", True),
        ("other.a.b += 1", True),
        ("setattr(other, 'a', 1)", True),
        ("builtins.setattr(other.a, 'b', 1)", True),
        ("del other.a", True),
        ("mine = other.a", False),
        ("self_.a = 1", False),
        ("getattr(other, 'a', 1)", False),
        ("print(other)", False),
    ],
)
def test_a_method_that_sets_attributes_of_what_it_is_given_is_known(body, stores):
    tree = ast.parse(f"class A:\n  def put(other, self_=None):\n    {body}")
    assert ("put" in names_of(tree.body).storing) == stores
