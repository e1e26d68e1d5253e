"""Ways around: what makes a library, or the process, do a thing that is not written."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from course.grading.machinery import (
    FOREIGN,
    HIDDEN,
    NOTEBOOK,
    OTHERS,
    PROCESS,
    is_foreign,
    is_module,
    private_to_others,
)
from course.grading.meanings import assigned, is_super, last_name
from course.grading.scopes import Scope
from course.grading.texts import PUTTING, Texts
from course.sandbox.events import HARMLESS, READABLE

Found = Iterator[tuple[ast.AST, str]]
# They run text, or what some arguments say: who calls them must be seen to.
DIRECT = ("inspect.signature", "os.getenv")
# Private by their names alone, and documented.
OPEN = {"_replace", "_asdict", "_fields", "_make", "_", "_field_defaults"}
OPEN |= {"_get_name"}
OF_MODELS = {"_modules", "_parameters", "_buffers"}
# They hand out what such a table holds, and not the table.
LISTING = {"items", "keys", "values"}
OF_NAMES = ast.In | ast.NotIn
# Methods by which a variable of the environment is set.
STORING = PUTTING | {"__setitem__", "__delitem__", "__ior__"}
# Methods by which one is read.
READING = {"get", "__getitem__", "__contains__"}
ASKING = {"os.getenv", *(f"os.environ.{name}" for name in READING)}
OF_WRITERS = {"stream", "fp"}  # where a handler, or a bar, writes: a stream of `sys`
# They write where they are told, and are told it by its own name.
LOGGING = {"tqdm", "logging", "traceback", "pprint", "contextlib"}
TABLES = ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp
MAKING = {"dict", "list", "set", "defaultdict", "OrderedDict", "deque"}


class Detours:
    """Reads settings of the process, what is handed on, and what is private."""

    def __init__(self, scope: Scope, texts: Texts):
        self.scope, self.texts = scope, texts
        self.names, self.above = scope.names, scope.above
        self.records = any(
            isinstance(node, ast.keyword) and node.arg == "record"
            for node in ast.walk(scope.tree)
        )
        own = scope.own_attributes()
        self.own = OPEN | (own - private_to_others())
        self.of_models = OF_MODELS | own

    def found(self, node: ast.AST) -> Found:
        match node:
            case ast.Subscript(owner, name, ast.Store() | ast.Del()):
                if self._is_the_environment(owner) and not self._are_harmless([name]):
                    yield node, PROCESS
            case ast.Subscript(owner, name) | ast.Compare(name, _, [owner]):
                if self._is_the_environment(owner) and not self._are(READABLE, [name]):
                    yield node, PROCESS
            case ast.AugAssign(target, _, value) if self._is_the_environment(target):
                if not self._are_harmless(_keys([value])):
                    yield node, PROCESS
            case ast.AugAssign(ast.Name() as target) if is_table(
                self.scope.path(target)
            ):
                yield node, OTHERS
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                yield from self._used(node)
            case ast.MatchClass(kwd_attrs=names):
                if any(name[:1] == "_" and name not in self.own for name in names):
                    yield node, FOREIGN
            case ast.Call():
                yield from self._call(node)
            case (
                ast.arg(_, ast.Constant(str() as text))
                | ast.AnnAssign(annotation=ast.Constant(str() as text))
                | ast.FunctionDef(returns=ast.Constant(str() as text))
            ):
                if any(map(is_foreign, re.findall(r"[.]\s*(\w+)", text))):
                    yield node, FOREIGN

    def _is_the_environment(self, node: ast.expr) -> bool:
        return self.scope.path(node) == "os.environ"

    def _are_harmless(self, names: list[ast.expr]) -> bool:
        """Whether variables of the environment change nothing that is loaded."""
        return self._are(HARMLESS, names)

    def _are(self, kind: re.Pattern[str], names: list[ast.expr]) -> bool:
        texts = [self.texts.of(name) for name in names]
        return all(texts) and all(
            kind.fullmatch(text) for each in texts for text in each
        )

    def _used(self, node: ast.Name | ast.Attribute) -> Found:
        """A function, a table or a private part, and what becomes of it."""
        above, path = self.above.get(node), self.scope.path(node)
        if path == "os.environ":
            if not (self.scope.is_named(node) or self._is_asked_for_one(node)):
                yield above or node, PROCESS
        elif path in ("sys.stdout", "sys.stderr"):
            if not (self.scope.is_named(node) or self._is_written_to(node)):
                yield above or node, NOTEBOOK
        elif path in DIRECT or path.removeprefix("os.environ.") in STORING | READING:
            if not self.scope.is_called(node):
                yield node, HIDDEN
        elif path and isinstance(above, ast.Attribute):
            return  # the whole is read there
        elif path and self._is_handed_on(node) and is_table(path):
            yield node, OTHERS
        elif isinstance(node, ast.Attribute) and not path:
            yield from self._of_an_object(node, node.value, node.attr)

    def _of_an_object(self, node: ast.expr, owner: ast.expr, name: str) -> Found:
        if name.startswith("parse_") and not self.scope.is_called(node):
            yield node, HIDDEN  # whatever object it will set attributes of
        elif name in OF_WRITERS - self.own and not self.scope.is_called(node):
            yield node, NOTEBOOK
        elif name[:1] == "_" and not name.endswith("__"):
            mine = self.scope.is_self(owner) or is_super(owner)
            if isinstance(owner, ast.Name) and name in self.of_models:
                mine = mine or self.scope.is_made_here(owner)
            listed = name in OF_MODELS and self._is_listed(node)
            if not (name in self.own or mine or listed):
                yield node, FOREIGN

    def _is_listed(self, table: ast.expr) -> bool:
        """Whether a table is gone through, as by a model's `named_parameters`."""
        above = self.above.get(table)
        if isinstance(above, ast.Attribute):
            return above.attr in LISTING and self.scope.is_called(above)
        if isinstance(above, ast.Compare):
            return above.comparators == [table] and isinstance(above.ops[0], OF_NAMES)
        return isinstance(above, ast.For | ast.comprehension) and above.iter is table

    def _is_asked_for_one(self, environment: ast.expr) -> bool:
        """Whether it is one variable that is asked for, or set: this is read there."""
        above = self.above.get(environment)
        if isinstance(above, ast.Attribute):
            return above.attr in STORING | READING
        if isinstance(above, ast.Compare):
            return above.comparators == [environment]
        return isinstance(above, ast.Subscript | ast.AugAssign)

    def _is_written_to(self, stream: ast.expr) -> bool:
        """Whether a stream is what Python, or a library, is to write to."""
        above = self.above.get(stream)
        if isinstance(above, ast.keyword):
            above = self.above.get(above)
        if not isinstance(above, ast.Call):
            return isinstance(above, ast.Attribute)  # such as `flush`
        called = above.func
        if self.scope.path(called) == "functools.partial" and above.args:
            called = above.args[0]
        if isinstance(called, ast.Name) and called.id == "print":
            return stream not in above.args and called.id not in self.names.taken
        return self.scope.path(called).partition(".")[0] in LOGGING

    def _is_handed_on(self, node: ast.expr) -> bool:
        """Whether a thing goes where it may be changed under another name."""
        above = self.above.get(node)
        if isinstance(above, ast.Call) and node in above.args:
            name = above.func.id if isinstance(above.func, ast.Name) else ""
            kept = self.names.taken | {"map", "filter", "setattr"}
            return name not in vars(builtins).keys() - kept
        if isinstance(above, ast.Dict):
            return None not in above.keys  # {**os.environ}
        if isinstance(above, ast.Assign):
            of_class = isinstance(self.above.get(above), ast.ClassDef)
            return of_class or not all(isinstance(t, ast.Name) for t in above.targets)
        if isinstance(above, ast.keyword):
            return above.arg is not None
        return isinstance(above, ast.List | ast.Tuple | ast.Return)

    def _call(self, node: ast.Call) -> Found:
        func = node.func
        if isinstance(func, ast.Name) and func.id == "getattr" and len(node.args) > 1:
            for text in self.texts.of(node.args[1]):
                yield from self._of_an_object(node, node.args[0], text)
        if isinstance(func, ast.Attribute) and self._is_the_environment(func.value):
            changes = func.attr in STORING
            named = node.args if func.attr == "update" else node.args[:1]
            names: list[ast.expr] = [
                ast.Constant(each.arg) for each in node.keywords if each.arg
            ]
            if changes and not self._are_harmless(names + _keys(named)):
                yield node, PROCESS
        path = self.scope.path(func)
        if path in ASKING and not self._are(READABLE, node.args[:1]):
            yield node, PROCESS
        for keyword in node.keywords:
            # Who called a function, by file and line: for people, or to be read.
            told = last_name(func) == "warn" and not self.records
            if keyword.arg in ("stacklevel", "stack_info") and not told:
                yield node, FOREIGN


def _keys(nodes: list[ast.expr]) -> list[ast.expr]:
    """What names something in what is put into a dictionary."""
    found: list[ast.expr] = []
    for node in nodes:
        known = isinstance(node, ast.Dict)
        found += [key or node for key in node.keys] if known else [node]
    return found


def is_table(path: str) -> bool:
    """Whether a part of a library is a list, a dictionary or a set of its module.

    Parameters
    ----------
    path : str
        Its full name, such as ``"PIL.features.modules"``.
    """
    module, _, name = path.rpartition(".")
    return name in _tables_of(module)


@cache
def _tables_of(module: str) -> frozenset[str]:
    first, *rest = module.split(".")
    if not is_module(module) or (spec := find_spec(first)) is None:
        return frozenset()
    files = [Path(spec.origin or "")]
    if rest:
        folders = [Path(each, *rest) for each in spec.submodule_search_locations or ()]
        files = [folder.with_suffix(".py") for folder in folders]
        files += [folder / "__init__.py" for folder in folders]
    files = [file for file in files if file.suffix == ".py" and file.is_file()]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return frozenset(
        last_name(target)
        for node in ast.parse(text).body
        for target, value in assigned(node)
        if isinstance(value, TABLES)
        or (isinstance(value, ast.Call) and last_name(value.func) in MAKING)
    )
