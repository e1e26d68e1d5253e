"""What could show raw memory as numbers: addresses, and objects that answer as arrays.

NumPy asks any object for ``__array_interface__``, and believes the address in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from course.grading.machinery import FOREIGN, HIDDEN
from course.grading.meanings import last_name
from course.grading.scopes import FUNCTIONS, Scope
from course.grading.texts import ANY, Texts

Found = Iterator[tuple[ast.AST, str]]
INTERFACES = {f"__array_{name}__" for name in ("interface", "struct")}
INTERFACES |= {"__array__", "__cuda_array_interface__", "__dlpack__", "__buffer__"}
# They hand out what is kept under the name that they are called with.
BY_NAME = {"getattr", "__getattr__", "__getattribute__", "__getitem__", "get"}
# What an address is for: a key, or words for people.
KEYED = {"add", "append", "discard", "remove", "get", "setdefault", "pop", "index"}
KEYED |= {"print", "str", "repr", "format", "hex", "count"}
GROUPED = {"set", "frozenset", "sorted", "len"}


class Memory:
    """Reads what becomes of addresses, and which names objects answer to."""

    def __init__(self, scope: Scope, texts: Texts):
        self.scope, self.texts = scope, texts
        self.above = scope.above
        # Whether there are objects that have what is put into them as attributes.
        self.answers = any(
            getattr(part, field, "") in ("__getattr__", "Bunch")
            for part in ast.walk(scope.tree)
            for field in ("name", "id", "attr")
        )

    def found(self, node: ast.AST) -> Found:
        match node:
            case ast.Name("id", ast.Load()) if self._is_pythons(node):
                if not self._is_a_key(node):
                    yield self.above.get(node) or node, FOREIGN
            case ast.Attribute(attr="data_ptr", ctx=ast.Load()):
                if not self._is_a_key(node):
                    yield node, FOREIGN
            case ast.keyword(name) if name in INTERFACES:
                yield node.value, FOREIGN
            case ast.FunctionDef(name="__getattr__"):
                if not self._hands_out_by_name(node):
                    yield node, FOREIGN
            case ast.Assign([ast.Name("__getattr__")], value):
                if last_name(value) not in BY_NAME:
                    yield node, FOREIGN
            case ast.Dict(keys) if self.answers:
                if self._could_name_one(self.texts.of(key) for key in keys if key):
                    yield node, HIDDEN
            case ast.Subscript(_, key, ast.Store()) if (
                self.answers or last_name(node.value) == "__dict__"
            ):
                if self._could_name_one([self.texts.of(key)]):
                    yield node, HIDDEN
            case ast.Call(ast.Name("setattr"), [_, key, _]):
                if self._could_name_one([self.texts.of(key)]):
                    yield node, HIDDEN
            case ast.Call(ast.Attribute(ast.Attribute(attr="__dict__"), "update")):
                spread = [each.value for each in node.keywords if not each.arg]
                given = [*node.args, *spread]
                if self._could_name_one(map(self.texts.keys_of, given)):
                    yield node, HIDDEN

    def _could_name_one(self, found: Iterable[set[str]]) -> bool:
        """Whether a text, of which only pieces are known, could be an interface."""
        return any(
            re.fullmatch(".*".join(map(re.escape, text.split(ANY))), name)
            for texts in found
            for text in texts
            for name in INTERFACES
        )

    def _is_pythons(self, node: ast.Name) -> bool:
        known = self.scope.top.keys() | self.scope.names.functions
        return node.id not in known and self.scope.binding(node)[1] is None

    def _is_a_key(self, function: ast.expr) -> bool:
        """Whether addresses that a function gives are kept, compared or shown."""
        above = self.above.get(function)
        if not isinstance(above, ast.Call):
            return isinstance(above, ast.keyword) and above.arg == "key"
        if above.func is function:
            return self._is_kept(above)
        grouped = self.above.get(above)  # set(map(id, layers))
        if isinstance(grouped, ast.Starred):
            return isinstance(self.above.get(grouped), ast.Set)
        called = last_name(getattr(grouped, "func", above))
        return isinstance(grouped, ast.Compare) or called in GROUPED

    def _is_kept(self, address: ast.expr) -> bool:
        above = self.above.get(address)
        match above:
            case ast.Compare() | ast.Set() | ast.SetComp() | ast.FormattedValue():
                return True
            case ast.Dict(keys) if address in keys:
                return True
            case ast.DictComp(key) if key is address:
                return True
            case ast.Subscript(_, key) if key is address:
                return True
            case ast.Tuple() | ast.List() | ast.ListComp() | ast.GeneratorExp():
                return self._is_kept(above)
            case ast.Call(func):
                known = self.scope.names.taken | self.scope.names.functions
                return last_name(func) in (KEYED | GROUPED) - known
            case ast.Assign([ast.Name(name)]):
                place = self.scope.around(above, FUNCTIONS) or self.scope.tree
                return all(map(self._is_kept, self._uses(place, name)))
            case ast.Assign([ast.Attribute(attr=name)]):
                return all(map(self._is_kept, self._uses(self.scope.tree, name)))
        return isinstance(above, ast.Expr)

    def _uses(self, tree: ast.AST, name: str) -> list[ast.expr]:
        return [
            part
            for part in ast.walk(tree)
            if isinstance(part, ast.Name | ast.Attribute)
            and isinstance(part.ctx, ast.Load)
            and last_name(part) == name
        ]

    def _hands_out_by_name(self, method: ast.FunctionDef) -> bool:
        """Whether it returns what is kept under the name, or for names written here."""
        every = [*method.args.posonlyargs, *method.args.args]
        name = every[1].arg if len(every) == 2 else ""
        returned = [
            part
            for part in ast.walk(method)
            if isinstance(part, ast.Return) and self._method_of(part) is method
        ]
        return bool(name) and all(
            self._is_by_name(part.value, name) or self._is_for_one(part, name)
            for part in returned
        )

    def _method_of(self, node: ast.AST) -> ast.AST | None:
        return self.scope.around(node, (*FUNCTIONS, ast.Lambda))

    def _is_by_name(self, value: ast.expr | None, name: str) -> bool:
        match value:
            case None | ast.Constant() | ast.Lambda():
                return True
            case ast.IfExp(_, one, other):
                return self._is_by_name(one, name) and self._is_by_name(other, name)
            case ast.Subscript(_, ast.Name(key)):
                return key == name
            case ast.Call(func, args) if last_name(func) in BY_NAME:
                keys = [each.id for each in args[:2] if isinstance(each, ast.Name)]
                default = args[2:] if last_name(func) == "getattr" else args[1:]
                rest = (self._is_by_name(d, name) for d in default)
                return name in keys and all(rest)
            case ast.Name():
                values = self.scope.binding(value)[1]
                if values is None:  # a function that it makes is no number
                    inside = ast.walk(self._method_of(value) or value)
                    return any(
                        isinstance(part, FUNCTIONS) and part.name == value.id
                        for part in inside
                    )
                return all(v is not None and self._is_by_name(v, name) for v in values)
        return False

    def _is_for_one(self, node: ast.AST, name: str) -> bool:
        """Whether it is reached only if the name is one of those that are written."""
        below = node
        while (above := self.above.get(below)) is not None:
            match above:
                case ast.If(ast.Compare(ast.Name(asked), [op], [known]), body):
                    words = [*ast.walk(known)]
                    plain = ast.Constant | ast.Tuple | ast.Set | ast.List | ast.Load
                    if (
                        asked == name
                        and below in body
                        and isinstance(op, ast.Eq | ast.In)
                        and all(isinstance(word, plain) for word in words)
                    ):
                        return True
            below = above
        return False
