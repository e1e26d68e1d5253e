"""A text is followed from where it is written to where it names something."""

import ast

import pytest

from course.grading.meanings import names_of
from course.grading.scopes import Scope
from course.grading.texts import Texts


def texts_of(source):
    """What the argument of `here` could be, with a star for what cannot be read."""
    tree = ast.parse(source)
    scope = Scope(tree, names_of(tree.body))
    (asked,) = (
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "here"
    )
    return {text.replace("\0", "*") for text in Texts(scope).of(asked)}


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("a = 'x'\nhere(a)", {"x"}),
        ("b = 'y'\nb = 'z'\nhere(b)", {"y", "z"}),
        ("c = 'u'\ndef f():\n    c = 1\n    here(c)", set()),
        ("d = 2\nhere(d)", set()),
        ("here('a' + 'b')", {"ab"}),
        ("a = 'x' if 1 else 'y'\nhere(f'{a}_{a}')", {"x_x", "x_y", "y_x", "y_y"}),
        ("here('fc' + str(i))", {"fc*"}),
        ("here('fc%d' % i)", {"fc*"}),
        ("here('fc{}'.format(i))", {"fc*"}),
        ("here('ab'[::-1])", {"*"}),
        ("here(chr(97))", {"*"}),
        ("here('A'.lower())", {"A", "a"}),
        ("here('.'.join(['a', 'b']))", {"a.b"}),
        ("from pathlib import Path\nhere(Path('a') / 'b' / 'c')", {"a/b/c"}),
        ("import os\nhere(os.path.join('a', x))", {"a/*"}),
        ("for a in ('x', 'y'): here(a)", {"x", "y"}),
        ("for a, b in [('x', 1)]: here(a)", {"x"}),
        ("[here(a) for a in {'x': 1}]", {"x"}),
        ("for a, b in {'x': 'y'}.items(): here(b)", {"x", "y"}),
        ("T = {'x': 'y'}\nhere(T[k])", {"x", "y"}),
        ("a = 'x'\na += 'y'\nhere(a)", {"x", "*"}),
        ("def f(a): here(a)", set()),
        ("def f(a='x', *, b=1): here(a)\nf('y')", {"x", "y"}),
        ("def f(a): here(a)\nf(a='y')", {"y"}),
        ("def f(a): here(a)\nf(*['y'])", {"y"}),
        ("def f(a): here(a)\nlist(map(f, ['y']))", {"y"}),
        ("def f(a): here(a)\ng = [f]\ng[0]('y')", {"y"}),
        ("class A:\n  def f(self, a): here(a)\nA().f('y')", {"y"}),
        ("class A:\n  def __init__(self, a): here(a)\nA('y')", {"y"}),
        ("class A:\n  a: str = 'x'\ndef f(c): here(c.a)\nA(a='y')", {"x", "y"}),
        ("class A:\n  def f(self): self.a = 'x'\ndef f(c): here(c.a)", {"x"}),
        ("class A: pass\ndef f(c): here(c.a)\nA().a = 'x'", {"x"}),
        ("def f(c): here(c.a)\nc.a, b = 'x', 1\nc.a += 'y'", {"x", "*"}),
        ("def f(c): here(c.a)\nsetattr(c, 'a', 'x')", {"x"}),
        (
            "class A:\n  b: int\n  a: str = 'x'\ndef f(c): here(c.a)\nA(1, 'y')",
            {"x", "y"},
        ),
        (
            "class A:\n  def __init__(self, a): here(a)\nclass B(A):\n"
            "  def __init__(self): super().__init__('x')\nclass C(A): pass\nC('y')",
            {"x", "y"},
        ),
        ("def f(): return 'x'\nhere(f())", {"x"}),
        ("def f(): return f()\nhere(f())", set()),
        ("for a, b in m.named_children(): here(a)", {"weight"}),
        ("with open('x') as a: here(a)", {"*"}),
        ("a = open('x.py')\nhere(a.name)", {"*"}),
        ("def f(a): here(a.name)", set()),
    ],
)
def test_what_a_text_could_be(source, texts):
    assert texts_of(source) == texts


def test_a_long_way_is_not_followed_to_its_end():
    chain = "\n".join(f"a{n} = a{n + 1}" for n in range(5_000))
    assert texts_of(f"{chain}\nhere(a0)") == {"*"}
    many = ", ".join(f"'{n}'" for n in range(300))
    assert texts_of(f"for a in ({many}): here(a)") == {"*"}
