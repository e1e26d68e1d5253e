"""Which modules there are, and which others each has in it; none is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# By other names than their files', or there once they are imported.
KNOWN_AS = {"os.path": "posixpath", "tensorflow.keras": "keras", "tensorflow.math": ""}


@cache
def is_module(path: str) -> bool:
    """Tell whether a full name is that of a module, without importing it."""
    first, *rest = path.split(".")
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    if not rest:
        return True
    for folder in spec.submodule_search_locations or ():
        place = Path(folder, *rest)
        if place.with_suffix(".py").is_file() or (place / "__init__.py").is_file():
            return place.name not in _hidden_in(place.parent)
    return False


@cache
def _hidden_in(package: Path) -> frozenset[str]:
    """Modules by whose names a package has something else, which it takes from them.

    Such as torch.nn.utils.weight_norm, a function.
    """
    code = package / "__init__.py"
    tree = ast.parse(code.read_text(encoding="utf-8") if code.is_file() else "")
    return frozenset(
        each.asname or each.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for each in node.names
        if (node.module or "").split(".")[-1] == (each.asname or each.name)
    )


def modules_along(path: str) -> list[str]:
    """The module that each beginning of a full name stands for; empty if it is none.

    ``torch.functional.F`` is ``torch.nn.functional``, which ``torch.functional``
    imports by that name.
    """
    first, *rest = path.split(".")
    found, known = [first if is_module(first) else ""], first
    for part in rest:
        before, known = found[-1], f"{known}.{part}"
        below = f"{before}.{part}"
        if before and is_module(below):
            found.append(below)
        else:
            inside = modules_in(before) if before else {}
            found.append(KNOWN_AS.get(known) or inside.get(part, ""))
    return found


@cache
def modules_in(module: str) -> dict[str, str]:
    """Modules that another imports, by the names that it gives them."""
    found: dict[str, str] = {}
    file = _file_of(module)
    if file is None:
        return found
    package = module.split(".")[: None if file.name == "__init__.py" else -1]
    defined = set()
    for node in _run_at_once(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name if each.asname else each.name.split(".")[0]
                found[each.asname or top] = top
        elif isinstance(node, ast.ImportFrom):
            around = package[: len(package) - node.level + 1] if node.level else []
            for each in node.names:
                named = [*around, *filter(None, [node.module]), each.name]
                if len(named) > 1 and is_module(".".join(named)):
                    found[each.asname or each.name] = ".".join(named)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
    return {name: path for name, path in found.items() if name not in defined}


def _run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: no function's body, and no class's."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.stmt | ast.ExceptHandler):
            yield part
            if not isinstance(part, ast.FunctionDef | ast.ClassDef):
                yield from _run_at_once(part)


def _file_of(module: str) -> Path | None:
    """A module's code; None if it is not written in Python."""
    first, *rest = module.split(".")
    spec = find_spec(first)
    files = [Path(getattr(spec, "origin", None) or "")]
    if rest:
        above = getattr(spec, "submodule_search_locations", None) or ()
        folders = [Path(each, *rest) for each in above]
        files = [folder.with_suffix(".py") for folder in folders]
        files += [folder / "__init__.py" for folder in folders]
    found = [file for file in files if file.suffix == ".py" and file.is_file()]
    return found[0] if found else None
