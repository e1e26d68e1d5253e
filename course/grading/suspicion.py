"""What no answer needs: code that reaches for the machinery by which it is judged.

This reads; it runs nothing. It is evidence for a person, with the line, and costs no
points. What it cannot see is said in SECURITY.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from course.grading.definitions import Statement

# Modules by whose use an answer could look at, or change, what judges it.
MACHINERY = {
    **dict.fromkeys(
        ("IPython", "ipykernel", "jupyter_client", "zmq", "traitlets", "nbgrader"),
        "the notebook's machinery",
    ),
    **dict.fromkeys(
        ("gc", "inspect", "traceback", "dis", "types", "ctypes", "cffi", "builtins"),
        "objects that were not handed to it",
    ),
    **dict.fromkeys(
        ("importlib", "imp", "runpy", "pkgutil", "zipimport"),
        "modules as objects",
    ),
    **dict.fromkeys(
        ("threading", "asyncio", "concurrent", "signal", "atexit", "sched", "_thread"),
        "code that runs after its cell",
    ),
    **dict.fromkeys(
        ("pickle", "marshal", "dill", "cloudpickle", "codeop", "code", "zlib", "ast"),
        "code that cannot be read here",
    ),
    **dict.fromkeys(("unittest", "mock", "pytest", "doctest"), "stand-ins for objects"),
    **dict.fromkeys(("course", "helpers.checks"), "the checks"),
}
# Of these modules only some names are machinery.
PARTS = {
    "sys": {"modules", "settrace", "setprofile", "monitoring", "exc_info", "meta_path",
            "stdout", "stderr", "displayhook", "excepthook", "path_hooks", "gettrace",
            "addaudithook", "exit", "last_traceback", "unraisablehook"},
    "os": {"_exit", "abort", "kill", "fork", "execv", "dup2", "environ", "putenv"},
    "torch": {"overrides", "_dynamo", "library", "_C", "fx", "jit"},
}  # fmt: skip
WORDS = {
    **dict.fromkeys(
        ("eval", "exec", "compile", "__import__", "open_code", "execfile"),
        "code that cannot be read here",
    ),
    **dict.fromkeys(
        (
            "globals",
            "locals",
            "vars",
            "setattr",
            "delattr",
            "breakpoint",
            "exit",
            "quit",
        ),
        "names or attributes that cannot be read here",
    ),
    **dict.fromkeys(
        ("get_ipython", "In", "Out", "_ih", "_oh"), "the notebook's machinery"
    ),
    "checks": "the checks",
}
ATTRIBUTES = {
    **dict.fromkeys(
        ("f_back", "f_globals", "f_locals", "f_builtins", "f_code", "f_trace",
         "tb_frame", "tb_next", "gi_frame", "cr_frame", "ag_frame", "cell_contents",
         "co_code", "_getframe", "currentframe", "with_traceback", "settrace"),
        "frames and code of other functions",
    ),
    **dict.fromkeys(
        ("user_ns", "user_global_ns", "run_cell", "run_code", "showtraceback",
         "ast_transformers", "input_transformers_post"),
        "the notebook's machinery",
    ),
    **dict.fromkeys(
        ("standins", "pack_answers", "kept_answers", "lend", "checking", "CheckFailed"),
        "the checks",
    ),
}  # fmt: skip
# Attributes with two underscores that ordinary classes and functions speak of.
ORDINARY = {
    "__init__", "__name__", "__len__", "__class__", "__doc__", "__call__", "__iter__",
    "__getitem__", "__enter__", "__exit__", "__next__", "__repr__", "__str__",
    "__all__", "__version__", "__post_init__", "__setitem__", "__contains__",
    "__file__",
}  # fmt: skip
# Types whose subclasses decide by themselves how they compare.
VALUES = {
    "Tensor", "ndarray", "float", "int", "bool", "str", "complex", "list", "tuple",
    "dict", "generic", "float32", "float64", "Parameter", "Number", "memmap", "matrix",
    "MaskedArray", "Variable", "KerasTensor",
}  # fmt: skip


def suspicions(statements: Iterable[Statement]) -> list[str]:
    """Name what answers do that none needs to do.

    Parameters
    ----------
    statements : iterable of Statement
        What is judged, from :func:`course.grading.definitions.definitions_of`.

    Returns
    -------
    list of str
        Each with the cell, the line and what it reaches for.
    """
    statements = list(statements)
    modules: dict[str, str] = {}
    for each in statements:
        modules |= _modules(each.node)
    found = [
        f"{each.cell}, line {_line(each, node)}: `{_shown(node)}` reaches for {what}"
        for each in statements
        for node, what in _reaches(each.node, modules)
    ]
    return list(dict.fromkeys(found))


def _line(statement: Statement, node: ast.AST) -> int:
    begins = statement.node.lineno
    decorators = getattr(statement.node, "decorator_list", ())
    begins = min([begins, *(each.lineno for each in decorators)])
    return statement.line + getattr(node, "lineno", begins) - begins


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= 90 else f"{text[:87]}..."


def _modules(node: ast.stmt) -> dict[str, str]:
    """Names that an import binds, with the module or part that each is."""
    found = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                top = alias.name if alias.asname else alias.name.split(".")[0]
                found[alias.asname or top] = top
        elif isinstance(part, ast.ImportFrom) and part.module:
            for alias in part.names:
                found[alias.asname or alias.name] = f"{part.module}.{alias.name}"
    return found


def _reaches(tree: ast.stmt, modules: dict[str, str]) -> Iterator[tuple[ast.AST, str]]:
    """Parts of a statement, and what each reaches for."""
    at_top = isinstance(tree, ast.Import | ast.ImportFrom)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and not at_top:
            for path in _modules(node).values():
                if what := _machinery(path):
                    yield node, what
        elif isinstance(node, ast.ImportFrom) and _of_checks(node):
            yield node, "the checks"
        elif isinstance(node, ast.Name):
            path = modules.get(node.id, "")
            what = WORDS.get(node.id) if node.id not in modules else None
            if what := what or _machinery(path):
                yield node, what
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node, modules)
        elif isinstance(node, ast.ClassDef):
            for base in node.bases:
                if _last(base) in VALUES:
                    yield base, "a type that may compare as it likes"
        elif isinstance(node, ast.FunctionDef) and _is_odd(node.name):
            yield node, "how objects compare or are looked up"
        elif isinstance(node, ast.Call) and _last(node.func) == "type":
            if len(node.args) > 1:
                yield node, "a type that may compare as it likes"
        elif isinstance(node, ast.Call) and _last(node.func) == "getattr":
            name = node.args[1] if len(node.args) > 1 else None
            if not isinstance(name, ast.Constant):
                yield node, "names or attributes that cannot be read here"
            elif _is_odd(str(name.value)) or str(name.value) in ATTRIBUTES:
                yield node, "objects that were not handed to it"
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            yield from _into_modules(node, modules)


def _attribute(
    node: ast.Attribute, modules: dict[str, str]
) -> Iterator[tuple[ast.AST, str]]:
    stored = not isinstance(node.ctx, ast.Load)
    if _is_odd(node.attr) or (stored and node.attr.startswith("__")):
        yield node, "objects that were not handed to it"
    elif (what := ATTRIBUTES.get(node.attr)) or (
        (base := _path(node, modules)) and (what := _machinery(base))
    ):
        yield node, what


def _path(node: ast.expr, modules: dict[str, str]) -> str:
    """The full name of an attribute of an imported module; empty if it is none."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in modules:
        return ""
    return ".".join([modules[node.id], *reversed(parts)])


def _machinery(path: str) -> str | None:
    """What a module, or a part of it, is to a check."""
    parts = path.split(".")
    for length in (1, 2):
        if what := MACHINERY.get(".".join(parts[:length])):
            if parts[:2] == ["IPython", "display"]:
                return None
            return what
    if len(parts) > 1 and parts[1] in PARTS.get(parts[0], ()):
        return "the machinery of the process"
    return None


def _of_checks(node: ast.ImportFrom) -> bool:
    """Whether an import takes more of the checks than a lesson's own module."""
    module = node.module or ""
    if module == "helpers":
        return any(alias.name in ("checks", "*") for alias in node.names)
    names = [alias.name for alias in node.names]
    of_lesson = all(name.startswith("lesson") for name in names)
    return module.startswith("helpers.checks") and not (
        module == "helpers.checks" and of_lesson
    )


def _into_modules(
    node: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete,
    modules: dict[str, str],
) -> Iterator[tuple[ast.AST, str]]:
    """Assignments to an attribute of a module, or of a type."""
    one = isinstance(node, ast.AugAssign | ast.AnnAssign)
    targets = [node.target] if one else node.targets
    for target in targets:
        for part in ast.walk(target):
            if not isinstance(part, ast.Attribute):
                continue
            into_type = isinstance(part.value, ast.Call) and _last(part.value.func) in (
                "type",
                "super",
            )
            if into_type or _path(part, modules):
                yield node, "functions that others use"


def _last(node: ast.expr) -> str:
    """The last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_odd(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in ORDINARY
