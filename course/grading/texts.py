"""What a text in an answer could be: followed through names, calls and containers."""

from __future__ import annotations

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import product

from course.grading.meanings import assigned, bindings, first_name, last_name
from course.grading.scopes import FUNCTIONS, SHARING, Scope

ANY = "\0"  # in a text: here stands what nobody can read
OF_A_MODEL = "weight"  # a model's parts are called something like this
MOST = 200  # texts that one expression is followed to
DEEPEST = 60
MOST_ARGUMENTS = 8  # by place, that a class hands on to its base
# They hand on one of the texts that they are given.
PASSING = {"get", "items", "keys", "values", "pop", "sorted", "list", "tuple", "set"}
PASSING |= {"enumerate", "zip", "reversed", "dict", "str", "next", "iter", "choice"}
# Methods by which something is put into a list or a dictionary, or taken out.
PUTTING = {"append", "extend", "insert", "update", "setdefault", "pop", "popitem"}
PUTTING |= {"clear", "remove", "add"}
CASES = {"lower", "upper", "capitalize", "title", "casefold", "strip"}
PATHS = {"os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"}
# Methods that Python calls with a name that stands, as one, where it is read.
ASKED = {"__getattr__", "__init__", "__post_init__"}
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
        # All that comes to an attribute, into a container, to an argument, out of a
        # function, as if it were one tuple.
        self._flows: defaultdict[tuple, ast.Tuple]
        self._flows = defaultdict(lambda: ast.Tuple([], ast.Load()))
        self._defined: set[str] = set()
        self._spread: set[str] = set()
        self._shared: set[str] = set()
        parts = [*ast.walk(scope.tree)]
        for node in parts:
            self._note(node)
        # Functions that are not only called may get whatever is handed to nobody known.
        called = {node.func for node in parts if isinstance(node, ast.Call)}
        self._kept = {
            last_name(node)
            for node in parts
            if isinstance(node, ast.Name | ast.Attribute)
            and node not in called
            and getattr(scope.above.get(node), "attr", "__call__") == "__call__"
            and not scope.names.path(node)
        }
        self._changed = {
            getattr(node, "name", "")
            for node in parts
            if getattr(node, "decorator_list", ())
        }
        self._loose = ast.Tuple(
            [each for node in parts for each in self._handed_on(node)], ast.Load()
        )

    def _note(self, node: ast.AST) -> None:
        """Note what a node hands to what."""
        flows = self._flows
        given = [*assigned(node)]
        if isinstance(node, ast.AugAssign):
            given = [(node.target, ast.Constant(ANY))]
        for target, value in given:
            if isinstance(target, ast.Attribute):
                flows["field", target.attr].elts.append(value)
            elif isinstance(target, ast.Subscript):
                flows["into", first_name(target.value)].elts += [target.slice, value]
        if isinstance(node, ast.ClassDef):
            self._note_class(node)
        elif isinstance(node, FUNCTIONS):
            name = self._name_of(node)
            self._defined.add(name)
            flows["out of", name].elts += [
                part.value
                for part in ast.walk(node)
                if isinstance(part, ast.Return) and part.value
            ]
        elif isinstance(node, SHARING):
            self._shared.update(node.names)
        elif isinstance(node, ast.Call):
            name = last_name(node.func)
            if name == "setattr" and len(node.args) == 3:
                named = getattr(node.args[1], "value", "")
                flows["field", named].elts.append(node.args[2])
            elif name in PUTTING:
                flows["into", first_name(node.func)].elts += _handed(node)
            for place, value in enumerate(node.args):
                flows["to", name, place].elts.append(value)
                if isinstance(value, ast.Starred):
                    self._spread.add(name)
            for each in node.keywords:
                flows["to", name, "any"].elts.append(ast.Constant(each.arg or ANY))
                flows["to", name, each.arg].elts.append(each.value)
                flows["field", each.arg].elts.append(each.value)
                if each.arg is None:
                    self._spread |= {name, f"**{name}"}
            flows["to", name, "any"].elts.extend(_handed(node))

    def _note_class(self, tree: ast.ClassDef) -> None:
        """Note what a class's fields get, and what those who call it hand its base."""
        place = 0
        for node in tree.body:
            for name, value in bindings(node):
                self._flows["field", name].elts.append(value)
                if any(last_name(base).endswith("Enum") for base in tree.bases):
                    self._flows["field", "name"].elts.append(ast.Constant(name))
            if isinstance(node, ast.AnnAssign):
                given = self._flows["to", tree.name, place]
                self._flows["field", last_name(node.target)].elts.append(given)
                place += 1
        for base in map(last_name, tree.bases):
            for each in range(MOST_ARGUMENTS):
                given = self._flows["to", tree.name, each]
                self._flows["to", base, each].elts.append(given)

    def _name_of(self, function: ast.AST) -> str:
        """By which name a function is called: for the first method, its class's."""
        around = self.scope.above.get(function)
        name = getattr(function, "name", "")
        inits = isinstance(around, ast.ClassDef) and name == "__init__"
        return getattr(around, "name", "") if inits else name

    def _handed_on(self, call: ast.AST) -> list[ast.expr]:
        """What a call hands to nobody known, or together with a function."""
        if not isinstance(call, ast.Call):
            return []
        name = last_name(call.func)
        python = name in vars(builtins) and name not in self.scope.names.taken
        kept = ("field", name) in self._flows or name == "__call__"
        method = isinstance(call.func, ast.Attribute) and not kept
        known = python or method or name in self._defined
        handed = _handed(call)
        hands_on = any(
            isinstance(each, ast.Lambda) or last_name(each) in self._defined
            for each in handed
        )
        of = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        return [*handed, *of] if hands_on else [] if known else handed

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

    def keys_of(self, node: ast.expr) -> set[str]:
        """The texts that name something in a dictionary, as ``of`` gives them."""
        parts: list[ast.expr] = []
        found: set[str] = set()
        match node:
            case ast.Dict(keys, values):
                found = self._any_of(filter(None, keys))
                parts = [of for key, of in zip(keys, values, strict=True) if not key]
            case ast.Call(ast.Name("dict"), args, keywords):
                found = {each.arg for each in keywords if each.arg}
                parts = [*args, *(each.value for each in keywords if not each.arg)]
            case ast.IfExp(_, one, other) | ast.BinOp(one, ast.BitOr(), other):
                parts = [one, other]
            case ast.Name(name):
                values = self.scope.binding(node)[1] or self.scope.top.get(name)
                if not values or None in values or self._depth > DEEPEST:
                    return self.of(node)
                found = self.of(self._flows["into", name])
                parts = [value for value in values if value]
            case _:
                return self.of(node)
        self._depth += 1
        found |= {text for part in parts for text in self.keys_of(part)}
        self._depth -= 1
        return found

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
            case ast.Constant(bytes() as raw):
                return {raw.decode("latin-1")}
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
            case ast.Attribute(_, name) if ("field", name) in self._flows:
                return self.of(self._flows["field", name])
            case ast.Attribute(owner, name):
                # Whoever hands it over knows; but what Python keeps of a thing, such
                # as its name, is text that is written elsewhere.
                given = self._is_given(owner) and not _is_pythons(name)
                return set() if given and not self.of(owner) else {ANY}
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
        key = (function, node.id)
        if key not in self._flows:
            flows, params = self._flows, _parameters(function)
            if values is None:
                values = self.scope.top.get(node.id, [])
            unsaid = values.count(None) + (node.id in self._shared)
            found = [*filter(None, values), flows["into", node.id]]
            if node.id in params:
                unsaid -= 1
                name, place = self._name_of(function), params.index(node.id)
                every = name in self._spread or place >= len(params) - _stars(function)
                places = [place, place - 1, "any"] if every else [place, place - 1]
                by_name = getattr(getattr(function, "args", None), "kwonlyargs", ())
                named = node.id in [each.arg for each in by_name]
                if named and f"**{name}" not in self._spread:
                    places = []  # no caller hands it over but by its name
                names = {name, getattr(function, "name", "")}
                found += [
                    flows["to", one, each]
                    for one in names
                    for each in [*places, node.id]
                ]
                if name in self._changed or self.is_handed_on(function):
                    found.append(self._loose)
                if _is_pythons(name) and name not in ASKED:  # Python says which
                    found.append(ast.Constant(ANY))
            flows[key].elts = [*found, ast.Constant(ANY)] if unsaid else found
        return self.of(self._flows[key])

    def is_handed_on(self, function: ast.AST) -> bool:
        """Whether a function may be called by somebody else, who hands it anything."""
        return isinstance(function, ast.Lambda) or self._name_of(function) in self._kept

    def _is_given(self, owner: ast.expr) -> bool:
        """Whether something is, or is a part of, an argument of a function."""
        function, _ = self.scope.binding(owner)
        return first_name(owner) in _parameters(function)

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
        if name == "decode" and owner is not None:
            return self.of(owner)
        if name in CASES and owner is not None and not call.args:
            texts = self.of(owner)
            return texts | {getattr(text, name)() for text in texts}
        if name in self._defined:
            return self.of(self._flows["out of", name])
        if name in PASSING and name not in self.scope.names.taken:
            names = [ast.Constant(each.arg) for each in call.keywords if each.arg]
            given = [*_handed(call), *names]
            return self._any_of([*given, owner] if owner is not None else given)
        return {OF_A_MODEL} if name.startswith("named_") else {ANY}


def _is_pythons(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _handed(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _parameters(function: ast.AST) -> list[str]:
    """Names of a function's arguments, by position, then the others."""
    if not isinstance(function, (*FUNCTIONS, ast.Lambda)):
        return []
    args = function.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return [each.arg for each in [*every, args.vararg, args.kwarg] if each]


def _stars(function: ast.AST) -> int:
    """How many of a function's arguments take whatever is left."""
    args = getattr(function, "args", None)
    return sum(bool(each) for each in (args.vararg, args.kwarg)) if args else 0
