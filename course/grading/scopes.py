"""Where a name in an answer is bound, and what it stands for there."""

from __future__ import annotations

import ast
from collections import defaultdict

from course.grading.meanings import Names, bindings, first_name, last_name

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
SCOPES += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _is_inside(scope: ast.AST, part: ast.AST) -> bool:
    """Whether what a scope binds holds in a part of it."""
    if isinstance(scope, ast.Lambda):
        return part is scope.body
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return part in scope.body
    return True


def _bound_in(scope: ast.AST) -> dict[str, list[ast.expr | None]]:
    """Names that a scope binds, and their values, None where none is written.

    Functions and classes that it defines are not among them.
    """
    found: defaultdict[str, list[ast.expr | None]] = defaultdict(list)
    elsewhere: set[str] = set()
    inside: list[ast.AST] = []
    queue = list(ast.iter_child_nodes(scope))
    while queue:
        node = queue.pop()
        inside.append(node)
        if isinstance(node, (*SCOPES, ast.ClassDef)):
            continue  # what is bound in there is its own
        queue += ast.iter_child_nodes(node)
    for node in inside:
        if isinstance(node, ast.arg):
            found[node.arg].append(None)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere.update(node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            if node.name:
                found[node.name].append(None)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id].append(None)
    for node in inside:
        for name, value in bindings(node):
            if not isinstance(node, ast.arguments):  # a caller may give another value
                found[name].remove(None)
            found[name].append(value)
    return {
        name: values
        for name, values in found.items()
        if values and name not in elsewhere
    }


class Scope:
    """What names mean within one statement.

    Parameters
    ----------
    tree : ast.stmt
    names : Names
        Of all answers.

    Attributes
    ----------
    above : dict
        Each node to the one that it is part of.
    """

    def __init__(self, tree: ast.stmt, names: Names):
        self.names = names
        self.above = {
            below: node
            for node in ast.walk(tree)
            for below in ast.iter_child_nodes(node)
        }
        self._bound: dict[ast.AST, dict[str, list[ast.expr | None]]] = {}

    def is_own(self, node: ast.expr) -> bool:
        """Whether a name, or what a dotted one begins with, is a function's own.

        A name that a function gives to a module is not.
        """
        values = self._values(node)
        return values is not None and not any(map(self.names.path, values))

    def is_made_here(self, node: ast.expr) -> bool:
        """Whether a name stands for nothing but new objects of the answers' classes."""
        values = self._values(node)
        return bool(values) and all(map(self._makes, values or ()))

    def _makes(self, value: ast.expr | None) -> bool:
        if not isinstance(value, ast.Call):
            return False
        if self.names.path(value.func) == "types.SimpleNamespace":
            return True
        return isinstance(value.func, ast.Name) and value.func.id in self.names.makers

    def _values(self, node: ast.expr) -> list[ast.expr | None] | None:
        """What a name is bound to where it stands; None if no function binds it."""
        name = first_name(node)
        below: ast.AST = node
        while name and (around := self.above.get(below)) is not None:
            if isinstance(around, SCOPES) and _is_inside(around, below):
                bound = self._bound.setdefault(around, _bound_in(around))
                if name in bound:
                    return bound[name]
            below = around
        return None

    def is_self(self, name: ast.Name) -> bool:
        """Whether a name is the object of the method that it stands in."""
        node: ast.AST | None = name
        while node is not None:
            node = self.above.get(node)
            if isinstance(node, ast.FunctionDef):
                every = [*node.args.posonlyargs, *node.args.args]
                first = every[0].arg if every else ""
                if first == name.id:
                    in_class = isinstance(self.above.get(node), ast.ClassDef)
                    static = "staticmethod" in map(last_name, node.decorator_list)
                    assigned = any(
                        isinstance(part, ast.Name)
                        and part.id == first
                        and not isinstance(part.ctx, ast.Load)
                        for part in ast.walk(node)
                    )
                    return (
                        in_class
                        and not static
                        and not assigned
                        and not node.args.defaults[len(every) - 1 :]
                    )
        return False
