"""A module's functions go on as they are, whatever becomes of the module."""

import types

from course.sandbox.sealed import sealed

SOURCE = """
TABLE = frozenset((1,))
def inner(x, *, more=0): return x in TABLE and len([x]) + more
def outer(x=1): return inner(x, more=1)
"""


def test_nothing_that_is_replaced_later_changes_a_copy(monkeypatch):
    module = types.ModuleType("judging")
    exec(SOURCE, vars(module))
    outer = sealed(module)["outer"]
    assert outer() == 2
    module.inner.__code__ = (lambda x, *, more=0: "replaced").__code__
    module.TABLE = frozenset()
    module.len = lambda x: 7
    assert outer() == 2
    assert module.outer() == "replaced"
