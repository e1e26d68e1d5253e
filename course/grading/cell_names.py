"""Which names a cell of a notebook reads, and which it binds."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator


def tree_of(source: str) -> ast.Module | None:
    """Parse a cell; None if it is no plain Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def names_read(source: str) -> set[str]:
    """Names that a cell may read."""
    try:
        return set(_read(symtable.symtable(source, "cell", "exec")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # It may run all the same, in part or after `%%time`: any word may be a name.
        return set(re.findall(r"[^\W\d]\w*", source))


def _read(table: symtable.SymbolTable) -> Iterator[str]:
    """Names of the notebook that a cell reads, also from within functions."""
    for symbol in table.get_symbols():
        outermost = table.get_type() == "module"
        if symbol.is_referenced() and (outermost or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _read(inner)


def names_bound(tree: ast.Module) -> Iterator[str]:
    """Names that a cell binds at its top level."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0]
