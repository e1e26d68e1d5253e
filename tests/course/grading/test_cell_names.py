"""Which names a cell reads and binds, also where it is no plain Python."""

import ast

import pytest

from course.grading.cell_names import names_bound, names_read, tree_of

NO_PYTHON = ["def f(:", "%%time\nx = 1", "a = '", "\0", "(" * 300, "-" * 100_000 + "1"]


@pytest.mark.parametrize("source", ["", "x = 1", "# nothing", "await f()"])
def test_plain_python_is_parsed(source):
    assert ast.dump(tree_of(source)) == ast.dump(ast.parse(source))


@pytest.mark.parametrize("source", NO_PYTHON)
def test_what_is_no_python_has_no_tree(source):
    assert tree_of(source) is None


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("", set()),
        ("x = 1", set()),
        ("x = y", {"y"}),
        ("x += 1", {"x"}),
        ("del x", {"x"}),
        ("x.y += z", {"x", "z"}),
        ("def f():\n    global n\n    n += 1", {"n"}),
        ("def f():\n    n = 0\n    n += 1\n    del n", set()),
        ("print(a.b[c])", {"print", "a", "c"}),
        ("def f(a):\n    return a + b", {"b"}),
        ("def f():\n    b = 1\n    return b", set()),
        ("def f():\n    def g():\n        return deep\n    return g", {"deep"}),
        ("def f():\n    a = 1\n    def g():\n        return a\n    return g", set()),
        ("class A(Base):\n    x = y\n    def f(self):\n        return z",
         {"Base", "y", "z"}),
        ("def f(a: Kind = default):\n    pass", {"Kind", "default"}),
        ("[a + b for a in many]", {"b", "many"}),
        ("lambda x: x + shift", {"shift"}),
        ("f'{text}'", {"text"}),
        ("größe", {"größe"}),
    ],
)  # fmt: skip
def test_names_that_are_read_come_from_outside_the_functions(source, read):
    assert names_read(source) == read


@pytest.mark.parametrize("magic", ["%%time", "%matplotlib inline", "!ls"])
def test_in_what_is_no_plain_python_any_word_may_be_a_name(magic):
    found = names_read(f"{magic}\ntotal_2 = größe + _x(3)")
    assert {"total_2", "größe", "_x"} <= found
    assert "3" not in found, "no name begins with a digit"


@pytest.mark.parametrize("source", NO_PYTHON)
def test_nothing_is_too_odd_to_be_read(source):
    assert isinstance(names_read(source), set)


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ("", []),
        ("x", []),
        ("f(x)", []),
        ("a.b = 1", []),
        ("x = 1", ["x"]),
        ("x: int = 1", ["x"]),
        ("x += 1", ["x"]),
        ("del x", ["x"]),
        ("a, (b, *c) = d", ["a", "b", "c"]),
        ("for i in y:\n    pass", ["i"]),
        ("with f() as g:\n    pass", ["g"]),
        ("(n := 3)", ["n"]),
        ("def f():\n    pass", ["f"]),
        ("async def f():\n    pass", ["f"]),
        ("if a:\n    async def f():\n        pass", ["f"]),
        ("class A:\n    pass", ["A"]),
        ("import a", ["a"]),
        ("import a.b.c", ["a"]),
        ("import a.b as c", ["c"]),
        ("import a, b", ["a", "b"]),
        ("from a.b import c, d as e", ["c", "e"]),
        ("try:\n    import a\nexcept ImportError:\n    a = None", ["a", "a"]),
    ],
)
def test_names_that_a_cell_binds(source, bound):
    assert sorted(names_bound(ast.parse(source))) == bound
