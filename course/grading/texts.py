"""What a text in an answer could be: followed through names, calls and containers."""

from __future__ import annotations

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import product

from course.grading.meanings import bindings, first_name, last_name
from course.grading.scopes import FUNCTIONS, SHARING, Scope

ANY = "\0"  # in a text: here stands what nobody can read
MOST = 200  # texts that one expression is followed to
DEEPEST = 60
# They hand on one of the texts that they are given.
PASSING = {"get", "items", "keys", "values", "pop", "sorted", "list", "tuple", "set"}
PASSING |= {"enumerate", "zip", "reversed", "dict", "str", "next", "iter", "choice"}
# Methods by which something is put into a list or a dictionary, or taken out.
PUTTING = {"append", "extend", "insert", "update", "setdefault", "pop", "popitem"}
PUTTING |= {"clear", "remove", "add"}
CASES = {"lower", "upper", "capitalize", "title", "casefold", "strip"}
PATHS = {"os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"}

# Fields of containers, comprehensions and choices in which texts may be.
HOLDING = ("elts", "keys", "values", "elt", "key", "value", "body", "orelse")


class Texts:
    """What texts an expression of the answers could come to.

    Parameters
    ----------
    scope : Scope
        Of all answers.
    """

    def __init__(self, scope: Scope):
        self.scope = scope
        self._known: dict[int, set[str]] = {}
        self._depth = 0
        self._defined: defaultdict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]]
        self._defined = defaultdict(list)
        # Of an attribute or a keyword; of a function's argument.
        self._fields: defaultdict[str, list[ast.expr]] = defaultdict(list)
        # Into what a name stands for.
        self._put: defaultdict[str, list[ast.expr]] = defaultdict(list)
        self._shared: set[str] = set()
        self._given: defaultdict[tuple[ast.AST, str], list[ast.expr]]
        self._given = defaultdict(list)
        parts = [*ast.walk(scope.tree)]
        for node in parts:
            if isinstance(node, FUNCTIONS):
                around = scope.above.get(node)
                inits = isinstance(around, ast.ClassDef) and node.name == "__init__"
                self._defined[around.name if inits else node.name].append(node)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute):
                        self._fields[target.attr].append(node.value)
                    elif isinstance(target, ast.Subscript):
                        put = [target.slice, node.value]
                        self._put[first_name(target.value)] += put
            elif isinstance(node, ast.keyword) and node.arg:
                self._fields[node.arg].append(node.value)
            elif isinstance(node, ast.Call) and last_name(node.func) in PUTTING:
                self._put[first_name(node.func)] += _handed(node)
            elif isinstance(node, SHARING):
                self._shared.update(node.names)
            if isinstance(scope.above.get(node), ast.ClassDef):
                for name, value in bindings(node):
                    self._fields[name].append(value)
        # Functions that are not only called may get whatever is handed to nobody known.
        loose = [value for node in parts for value in self._hand_over(node)]
        self._loose = ast.Tuple(loose, ast.Load())
        self._kept = {
            function
            for node in parts
            if isinstance(node, ast.Name | ast.Attribute)
            and getattr(scope.above.get(node), "func", None) is not node
            for function in self._defined.get(last_name(node), ())
        }

    def _hand_over(self, call: ast.AST) -> list[ast.expr]:
        """Note which arguments get which values; return those of nobody known."""
        if not isinstance(call, ast.Call):
            return []
        every = _handed(call)
        spread = any(isinstance(each, ast.Starred) for each in call.args) or any(
            each.arg is None for each in call.keywords
        )
        name = last_name(call.func)
        for function in self._defined.get(name, ()):
            in_class = isinstance(self.scope.above.get(function), ast.ClassDef)
            names = _parameters(function)
            for first in (0, 1) if in_class else (0,):  # of the class, of an object
                for arg, value in zip(names[first:], call.args, strict=False):
                    self._given[function, arg].append(value)
            for keyword in call.keywords:
                self._given[function, keyword.arg or ""].append(keyword.value)
            rest = [function.args.vararg, function.args.kwarg]
            for arg in names if spread else [each.arg for each in rest if each]:
                self._given[function, arg] += every
        python = name in vars(builtins) and name not in self.scope.names.taken
        method = isinstance(call.func, ast.Attribute) and name not in self._fields
        known = python or method or name in self._defined
        hands_on = any(getattr(each, "id", "") in self._defined for each in call.args)
        return [] if known and not hands_on else every

    def of(self, node: ast.AST | None) -> set[str]:
        """The texts, with ``ANY`` in them where they cannot be read.

        Empty if it is no text, or one that comes from elsewhere.
        """
        if node is None or self._depth > DEEPEST:
            return {ANY}
        if id(node) not in self._known:
            self._known[id(node)] = set()  # it may lead to itself
            self._depth += 1
            found = self._read(node)
            self._depth -= 1
            self._known[id(node)] = found if len(found) <= MOST else {ANY}
        return self._known[id(node)]

    def _any_of(self, nodes: Iterable[ast.AST | None]) -> set[str]:
        return {text for node in nodes for text in self.of(node)}

    def _joined(self, parts: Iterable[ast.expr], between: str = "") -> set[str]:
        """Texts that are put together, piece by piece."""
        found = {""}
        for number, part in enumerate(parts):
            glue = between if number else ""
            pieces = self.of(part) or {ANY}
            found = {one + glue + other for one, other in product(found, pieces)}
            if len(found) > MOST:
                return {ANY}
        return found

    def _read(self, node: ast.AST) -> set[str]:
        match node:
            case ast.Constant(str() as text):
                return {text}
            case ast.JoinedStr(values=parts):
                return self._joined(parts)
            case ast.BinOp(ast.Constant(str() as text), ast.Mod()):
                return {re.sub(r"%\S", ANY, text)}
            case ast.BinOp(left, ast.Add(), right):
                return self._joined([left, right])
            case ast.BinOp(left, ast.Div(), right):
                return self._joined([left, right], "/")
            case ast.BinOp() | ast.Subscript(slice=ast.Slice()) | ast.Yield():
                return {ANY}
            case ast.Attribute(_, name) if name in self._fields:
                return self._any_of(self._fields[name])
            case ast.Attribute(owner):
                return {ANY} if self.of(owner) else set()
            case ast.Name():
                return self._of_name(node)
            case ast.Call():
                return self._of_call(node)
            case ast.Compare() | ast.UnaryOp() | ast.Lambda():
                return set()
        return self._any_of(  # a container, a choice: whatever it holds
            each
            for field in HOLDING
            for part in [getattr(node, field, None)]
            for each in (part if isinstance(part, list) else [part])
            if each is not None
        )

    def _of_name(self, node: ast.Name) -> set[str]:
        function, values = self.scope.binding(node)
        if values is None:
            values = self.scope.top.get(node.id, [])
        unsaid = values.count(None) + (node.id in self._shared)
        given: list[ast.AST] = [*self._put.get(node.id, ())]
        if node.id in _parameters(function):
            unsaid -= 1
            given += self._given.get((function, node.id), ())
            if function in self._kept or isinstance(function, ast.Lambda):
                given.append(self._loose)
        found = self._any_of([*filter(None, values), *given])
        return found | {ANY} if unsaid else found

    def _of_call(self, call: ast.Call) -> set[str]:
        name, path = last_name(call.func), self.scope.path(call.func)
        owner = getattr(call.func, "value", None)
        if path in PATHS:
            return self._joined(call.args, "/")
        if name == "format" and isinstance(owner, ast.Constant):
            return {re.sub(r"\{[^{}]*\}", ANY, str(owner.value))}
        many = call.args[0] if call.args else None
        if name == "join" and isinstance(many, ast.Tuple | ast.List):
            glue = str(getattr(owner, "value", ANY))
            return self._joined(many.elts, glue)
        if name in CASES and owner is not None and not call.args:
            texts = self.of(owner)
            return texts | {getattr(text, name)() for text in texts}
        if functions := self._defined.get(name):
            return self._any_of(
                part.value
                for function in functions
                for part in ast.walk(function)
                if isinstance(part, ast.Return) and part.value
            )
        if name in PASSING and name not in self.scope.names.taken:
            given = _handed(call)
            return self._any_of([*given, owner] if owner is not None else given)
        return set() if name.startswith("named_") else {ANY}


def _handed(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _parameters(function: ast.AST) -> list[str]:
    """Names of a function's arguments, by position, then the others."""
    if not isinstance(function, (*FUNCTIONS, ast.Lambda)):
        return []
    args = function.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return [each.arg for each in [*every, args.vararg, args.kwarg] if each]
