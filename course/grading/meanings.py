"""What the names in an answer mean: a part of a module, or something of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Names:
    """What the names of all answers mean."""

    paths: dict[str, str] = field(default_factory=dict)
    """Of modules, and of parts of them, by the name that stands for it."""
    classes: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    rebound: set[str] = field(default_factory=set)
    """Names of the notebook that stand for something of its own."""

    def path(self, node: ast.AST | None) -> str:
        """The full name of a module or its part; empty if it is none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.paths:
            return ""
        return ".".join([self.paths[node.id], *reversed(parts)])


def names_of(trees: list[ast.stmt]) -> Names:
    """Read what imports, definitions and values say of the names in statements."""
    names = Names()
    parts = [part for tree in trees for part in ast.walk(tree)]
    for part in parts:
        if isinstance(part, ast.Import):
            for alias in part.names:
                top = alias.name if alias.asname else alias.name.split(".")[0]
                names.paths[alias.asname or top] = top
        elif isinstance(part, ast.ImportFrom) and part.module:
            for alias in part.names:
                names.paths[alias.asname or alias.name] = f"{part.module}.{alias.name}"
        elif isinstance(part, ast.ClassDef):
            names.classes.add(part.name)
        elif isinstance(part, ast.FunctionDef):
            names.functions.add(part.name)
    for _ in range(3):  # a name for a name for a module
        for part in parts:
            for target, value in bindings(part):
                if (path := names.path(value)) and target not in names.paths:
                    names.paths[target] = path
    for tree in trees:
        if isinstance(tree, ast.Assign):
            for target, value in bindings(tree):
                if not names.path(value):
                    names.rebound.add(target)
    return names


def bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a statement or a signature binds, with their values."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs(target, node.value)
    elif isinstance(node, ast.NamedExpr | ast.AnnAssign) and node.value is not None:
        yield from _pairs(node.target, node.value)
    elif isinstance(node, ast.arguments):
        every = [*node.posonlyargs, *node.args]
        defaults = node.defaults
        late = zip(every[len(every) - len(defaults) :], defaults, strict=True)
        for arg, value in [*late, *zip(node.kwonlyargs, node.kw_defaults, strict=True)]:
            if value is not None:
                yield arg.arg, value


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    lists = ast.Tuple | ast.List
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, lists) and isinstance(value, lists):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from _pairs(one, other)


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
    own : set of str
        What the statement calls something of its own.
    """

    def __init__(self, tree: ast.stmt, names: Names):
        self.above = {
            below: node
            for node in ast.walk(tree)
            for below in ast.iter_child_nodes(node)
        }
        self.own = {
            *(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)),
            *(node.id for node in ast.walk(tree)
              if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)),
        }  # fmt: skip
        bound = [pair for node in ast.walk(tree) for pair in bindings(node)]
        self.own -= {target for target, value in bound if names.path(value)}

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
                    assigned = any(
                        isinstance(part, ast.Name)
                        and part.id == first
                        and not isinstance(part.ctx, ast.Load)
                        for part in ast.walk(node)
                    )
                    return (
                        in_class
                        and not assigned
                        and not node.args.defaults[len(every) - 1 :]
                    )
        return False


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def first_name(node: ast.expr) -> str:
    """The name with which a dotted one begins; empty if it is none."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def of_a_type(owner: ast.expr) -> bool:
    """Whether an object is what another's class is."""
    return any(
        (isinstance(part, ast.Call) and last_name(part.func) in ("type", "super"))
        or (isinstance(part, ast.Attribute) and part.attr == "__class__")
        for part in ast.walk(owner)
    )
