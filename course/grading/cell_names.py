"""Which names a cell of a notebook reads, and which it binds."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator

DEFINING = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def tree_of(source: str) -> ast.Module | None:
    """Parse a cell; None if it is no plain Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def names_read(source: str) -> set[str]:
    """Names that a cell may read."""
    try:
        table, tree = symtable.symtable(source, "cell", "exec"), ast.parse(source)
        return set(_read(table, set(_changed(tree))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # It may run all the same, in part or after `%%time`: any word may be a name.
        return set(re.findall(r"[^\W\d]\w*", source))


def _read(table: symtable.SymbolTable, changed: set[str]) -> Iterator[str]:
    """Names of the notebook that a cell reads, also from within functions."""
    for symbol in table.get_symbols():
        outermost = table.get_type() == "module"
        used = symbol.is_referenced() or symbol.get_name() in changed
        if used and (outermost or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _read(inner, changed)


def _changed(tree: ast.Module) -> Iterator[str]:
    """Names that must be there already, which symbol tables do not call read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            yield node.id


def names_bound(tree: ast.Module) -> Iterator[str]:
    """Names that a cell binds at its top level."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.id
        elif isinstance(node, DEFINING):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0]
