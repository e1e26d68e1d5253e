"""Where a name in an answer is bound, and what it stands for there."""

from __future__ import annotations

import ast
from collections import defaultdict

from course.grading.machinery import VALUES
from course.grading.meanings import (
    Names,
    bindings,
    first_name,
    last_name,
    type_asked,
)

SHARING = ast.Global | ast.Nonlocal
Bound = dict[str, list[ast.expr | None]]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda)
SCOPES += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _is_inside(scope: ast.AST, part: ast.AST) -> bool:
    """Whether what a scope binds holds in a part of it."""
    if isinstance(scope, ast.Lambda):
        return part is scope.body
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return part in scope.body
    return True


def _bound_in(scope: ast.AST) -> Bound:
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
        elif isinstance(node, SHARING):
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
    """What names mean within the statements of answers.

    Parameters
    ----------
    tree : ast.AST
        A statement, or a module of them.
    names : Names
        Of all answers.

    Attributes
    ----------
    above : dict
        Each node to the one that it is part of.
    top : dict
        What a module binds, outside of its functions.
    """

    def __init__(self, tree: ast.AST, names: Names):
        self.names, self.tree = names, tree
        self.above = {
            below: node
            for node in ast.walk(tree)
            for below in ast.iter_child_nodes(node)
        }
        self._bound: dict[ast.AST, Bound] = {}
        self.top: Bound = _bound_in(tree) if isinstance(tree, ast.Module) else {}
        for node in ast.walk(tree):
            for name in node.names if isinstance(node, SHARING) else ():
                self.top[name] = [*self.top.get(name, ()), None]

    def path(self, node: ast.AST | None) -> str:
        """The full name of a part of a module; empty if it is something else."""
        own = isinstance(node, ast.expr) and self.is_own(node)
        return "" if own else self.names.path(node)

    def is_called(self, node: ast.AST) -> bool:
        """Whether a name or a part is called where it stands."""
        above = self.above.get(node)
        return isinstance(above, ast.Call) and above.func is node

    def is_own(self, node: ast.expr) -> bool:
        """Whether a name, or what a dotted one begins with, is a function's own.

        A name that a function gives to a module is not.
        """
        values = self.binding(node)[1]
        return values is not None and not any(map(self.names.path, values))

    def is_defined(self, node: ast.AST | None) -> bool:
        """Whether a name is that of an answer's function or class, and no other's."""
        if not isinstance(node, ast.Name) or self.is_own(node):
            return False
        name = node.id
        defined = name in self.names.functions | self.names.classes
        return defined and name not in self.top and name not in self.names.paths

    def is_made_here(self, node: ast.Name) -> bool:
        """Whether a name stands for nothing but new objects of the answers' making."""
        values = self.binding(node)[1] or self.top.get(node.id)
        return bool(values) and all(map(self._makes, values or ()))

    def _makes(self, value: ast.expr | None) -> bool:
        if not isinstance(value, ast.Call):
            return False
        kind = value.func
        if method := self._method(kind):
            return "classmethod" in map(last_name, method.decorator_list)
        if of := type_asked(kind):
            return self.is_self(of)
        last = self.path(kind).rpartition(".")[2]
        if last[:1].isupper():
            return last not in VALUES and not last.endswith(("Tensor", "Parameter"))
        known = self.is_defined(kind) and isinstance(kind, ast.Name)
        return known and kind.id in self.names.makers

    def binding(self, node: ast.expr) -> tuple[ast.AST, list[ast.expr | None] | None]:
        """The function that binds a name where it stands, and to what.

        None if no function does; None among the values is one that nothing says.
        """
        name = first_name(node)
        below: ast.AST = node
        while name and (around := self.above.get(below)) is not None:
            if isinstance(around, SCOPES) and _is_inside(around, below):
                if around not in self._bound:
                    self._bound[around] = _bound_in(around)
                if name in self._bound[around]:
                    return around, self._bound[around][name]
            below = around
        return self.tree, None

    def around(self, node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> ast.AST | None:
        """The innermost of some kinds of nodes that a node is part of."""
        below = node
        while (below := self.above.get(below)) is not None:
            if isinstance(below, kinds):
                return below
        return None

    def is_self(self, name: ast.expr | None) -> bool:
        """Whether a name is the object of the method that it stands in."""
        return self._method(name) is not None

    def _method(self, name: ast.AST | None) -> ast.FunctionDef | None:
        """The method whose own object a name is."""
        node = name
        while node is not None and isinstance(name, ast.Name):
            node = self.around(node, (ast.FunctionDef,))
            if not isinstance(node, ast.FunctionDef):
                break
            every = [*node.args.posonlyargs, *node.args.args]
            if every and every[0].arg == name.id:
                assigned = any(
                    isinstance(part, ast.Name)
                    and part.id == name.id
                    and not isinstance(part.ctx, ast.Load)
                    for part in ast.walk(node)
                )
                is_method = (
                    isinstance(self.above.get(node), ast.ClassDef)
                    and "staticmethod" not in map(last_name, node.decorator_list)
                    and not assigned
                    and not node.args.defaults[len(every) - 1 :]
                )
                return node if is_method else None
        return None
