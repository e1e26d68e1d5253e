"""What a name stands for is followed from its import to where it is used."""

import ast

import pytest

from course.grading.meanings import (
    assigned,
    bindings,
    first_name,
    last_name,
    names_of,
    of_a_type,
    type_asked,
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


def test_methods_that_are_called_with_no_object_are_known():
    source = (
        "class A:\n  @classmethod\n  def one(cls): pass\n  @staticmethod\n"
        "  def two(): pass\n  @property\n  def three(self): pass\n  def four(self): 0"
    )
    assert names_of(ast.parse(source).body).of_classes == {"one", "two"}


def test_a_signature_binds_its_defaults():
    (function,) = ast.parse("def f(a, /, b, c=1, *, d, e=2): pass").body
    bound = {name: value.value for name, value in bindings(function.args)}
    assert bound == {"c": 1, "e": 2}


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


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("a = b.c = 1", {"a": "1", "b.c": "1"}),
        ("a.b, (c, d[0]) = 1, (2, 3)", {"a.b": "1", "c": "2", "d[0]": "3"}),
        ("a, b.c = f()", {"a": "f()[0]", "b.c": "f()[0]"}),
        ("a: int = 1", {"a": "1"}),
        ("a: int", {}),
        ("for a, b in c: pass", {"a": "c[0][0]", "b": "c[0][0]"}),
        ("a += 1", {}),
    ],
)
def test_what_gets_a_value_is_told_with_it(source, targets):
    (tree,) = ast.parse(source).body
    found = {ast.unparse(one): ast.unparse(other) for one, other in assigned(tree)}
    assert found == targets


@pytest.mark.parametrize(
    ("source", "of"),
    [
        ("type(a)", "a"),
        ("a.b.__class__", "a.b"),
        ("type('A', (), {})", None),
        ("a.type(b)", None),
        ("a", None),
    ],
)
def test_whose_type_is_asked_for(source, of):
    found = type_asked(expression(source))
    assert (found and ast.unparse(found)) == of


def test_a_class_makes_its_objects_unless_a_decorator_could_have_replaced_it():
    source = (
        "import dataclasses, functools\nclass A: pass\n@dataclasses.dataclass()\n"
        "class B: pass\n@functools.total_ordering\nclass C: pass\n@odd\nclass D: pass"
    )
    names = names_of(ast.parse(source).body)
    assert (names.makers, names.disguised) == ({"A", "B"}, {"D"})


def test_every_name_that_answers_bind_is_taken():
    source = "a = 1\ndef b(c): pass\nclass d: pass\nimport e.f, g as h\nwith i as j: 0"
    names = names_of(ast.parse(source).body, ast.parse("k = 1").body)
    assert names.taken == {"a", "b", "c", "d", "e", "h", "j"}
