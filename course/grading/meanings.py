"""What the names in an answer mean: a part of a module, or something of its own."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from course.grading.machinery import is_foreign, of_module

# Methods that make one text of others.
OF_TEXT = {"join", "format", "decode", "replace", "strip", "removeprefix", "lower"}
OF_TEXT |= {"removesuffix", "translate", "lstrip", "rstrip", "partition", "split"}
# What is called with text that somebody reads, or with the name of a file.
TO_BE_READ = {"print", "info", "debug", "warning", "warn", "error", "title", "suptitle"}
TO_BE_READ |= {
    "set_title",
    "set_xlabel",
    "set_ylabel",
    "xlabel",
    "ylabel",
    "text",
    "open",
}
TO_BE_READ |= {"set_description", "set_postfix", "set_postfix_str", "save", "savefig"}


@dataclass
class Names:
    """What the names of all answers mean."""

    paths: dict[str, str] = field(default_factory=dict)
    """Of modules, and of parts of them, by the name that stands for it."""
    classes: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    rebound: set[str] = field(default_factory=set)
    """Names of the notebook that stand for something of its own."""
    makers: set[str] = field(default_factory=set)
    """Classes of which a call makes an object, whatever their decorators do."""
    storing: set[str] = field(default_factory=set)
    """Methods that set attributes of the object that they are called with."""
    attributes: set[str] = field(default_factory=set)
    """What methods of the answers' classes set on their own objects."""
    of_classes: set[str] = field(default_factory=set)
    """Methods that are called with no object: of the class, or static."""
    texts: dict[str, str] = field(default_factory=dict)
    """Names that stand for one text and no other."""
    words: set[str] = field(default_factory=set)
    """Texts that could be the name of an attribute."""
    builds: bool = False
    """Whether text is put together, but to be printed."""

    def path(self, node: ast.AST | None) -> str:
        """The full name of a module or its part; empty if it is none."""
        parts: list[str] = []
        while (part := part_of(node)) is not None:
            parts.append(part[1])
            node = part[0]
        if not isinstance(node, ast.Name) or node.id not in self.paths:
            return ""
        return ".".join([self.paths[node.id], *reversed(parts)])

    def bind(self, name: str, path: str) -> None:
        """Note what an import calls a module; of several, the one worth a look."""
        if name not in self.paths or of_module(path):
            self.paths[name] = path

    def leads_out(self, path: str) -> bool:
        """Whether a name that is not written out could be no ordinary part's.

        Parameters
        ----------
        path : str
            Of the module that is asked for the part.
        """
        return self.builds or any(
            is_foreign(word) or of_module(f"{path}.{word}") for word in self.words
        )


def names_of(answers: list[ast.stmt], given: list[ast.stmt] | None = None) -> Names:
    """Read what imports, definitions and values say of the names in statements."""
    names = Names()
    trees = [*(given or ()), *answers]
    parts = [part for tree in trees for part in ast.walk(tree)]
    classes = [part for part in parts if isinstance(part, ast.ClassDef)]
    methods = {id(part) for each in classes for part in each.body}
    for part in parts:
        if isinstance(part, ast.Import):
            for alias in part.names:
                top = alias.name if alias.asname else alias.name.split(".")[0]
                names.bind(alias.asname or top, top)
        elif isinstance(part, ast.ImportFrom) and part.module:
            for alias in part.names:
                names.bind(alias.asname or alias.name, f"{part.module}.{alias.name}")
        elif isinstance(part, ast.ClassDef):
            _read_class(part, names)
        elif isinstance(part, ast.FunctionDef) and id(part) not in methods:
            names.functions.add(part.name)
    own = {
        getattr(part, "name", "")
        or getattr(part, "id", "")
        or getattr(part, "attr", "")
        for part in parts
        if isinstance(part, ast.FunctionDef | ast.ClassDef)
        or isinstance(getattr(part, "ctx", None), ast.Store)
    }
    for tree in answers:
        _read_texts(tree, names, TO_BE_READ - own)
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
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    names.texts[target] = value.value
    stored = Counter(
        part.id
        for part in parts
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
    )
    names.texts = {name: text for name, text in names.texts.items() if stored[name] < 2}
    return names


def _read_class(tree: ast.ClassDef, names: Names) -> None:
    """Learn what the names of a class and of its methods mean."""
    names.classes.add(tree.name)
    names.attributes |= {
        part.attr
        for part in ast.walk(tree)
        if isinstance(part, ast.Attribute)
        and not isinstance(part.ctx, ast.Load)
        and getattr(part.value, "id", "") == "self"
    }
    decorators = [
        each.func if isinstance(each, ast.Call) else each
        for each in tree.decorator_list
    ]
    if all(last_name(each) == "dataclass" for each in decorators):
        names.makers.add(tree.name)
    for method in tree.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        every = [*method.args.posonlyargs, *method.args.args]
        stores = bool(every) and _sets_attributes(method, every[0].arg)
        if stores:
            names.storing.add(method.name)
        decorators = {*map(last_name, method.decorator_list)}
        if "classmethod" in decorators or ("staticmethod" in decorators and not stores):
            names.of_classes.add(method.name)


def _read_texts(node: ast.AST, names: Names, shows: set[str]) -> None:
    """Learn which texts there are, and whether any is put together."""
    match node:
        case ast.Raise() | ast.Assert() | ast.FunctionDef("__repr__" | "__str__"):
            return
        case ast.Call(func) if last_name(func) in shows:
            return
        case ast.Constant(str() as text) if text.isidentifier():
            names.words.add(text)
        case ast.BinOp(ast.Constant(str()), _) | ast.BinOp(_, _, ast.Constant(str())):
            names.builds = True
        case ast.Subscript(ast.Constant(str())) | ast.JoinedStr():
            names.builds = True
        case ast.Call(ast.Name("chr" | "str" | "bytes" | "bytearray" | "ascii")):
            names.builds = True
        case ast.Call(ast.Attribute(_, name)) if name in OF_TEXT:
            names.builds = True
    for below in ast.iter_child_nodes(node):
        _read_texts(below, names, shows)


def _sets_attributes(method: ast.FunctionDef, owner: str) -> bool:
    for part in ast.walk(method):
        if isinstance(part, ast.Attribute) and not isinstance(part.ctx, ast.Load):
            target: ast.expr = part.value
        elif isinstance(part, ast.Call) and last_name(part.func) == "setattr":
            target = part.args[0] if part.args else part.func
        else:
            continue
        if first_name(target) == owner:
            return True
    return False


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


SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
SCOPES += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _is_inside(scope: ast.AST, part: ast.AST) -> bool:
    """Whether what a scope binds holds in a part of it."""
    if isinstance(scope, ast.Lambda):
        return part is scope.body
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return part in scope.body
    return True


def _bound_in(scope: ast.AST) -> dict[str, list[ast.expr | None]]:
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
        elif isinstance(node, ast.Global | ast.Nonlocal):
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
    """

    def __init__(self, tree: ast.stmt, names: Names):
        self.names = names
        self.above = {
            below: node
            for node in ast.walk(tree)
            for below in ast.iter_child_nodes(node)
        }
        self._bound: dict[ast.AST, dict[str, list[ast.expr | None]]] = {}

    def is_own(self, node: ast.expr) -> bool:
        """Whether a name, or what a dotted one begins with, is a function's own.

        A name that a function gives to a module is not.
        """
        values = self._values(node)
        return values is not None and not any(map(self.names.path, values))

    def is_made_here(self, node: ast.expr) -> bool:
        """Whether a name stands for nothing but new objects of the answers' classes."""
        values = self._values(node)
        return bool(values) and all(map(self._makes, values or ()))

    def _makes(self, value: ast.expr | None) -> bool:
        if not isinstance(value, ast.Call):
            return False
        if self.names.path(value.func) == "types.SimpleNamespace":
            return True
        return isinstance(value.func, ast.Name) and value.func.id in self.names.makers

    def _values(self, node: ast.expr) -> list[ast.expr | None] | None:
        """What a name is bound to where it stands; None if no function binds it."""
        name = first_name(node)
        below: ast.AST = node
        while name and (around := self.above.get(below)) is not None:
            if isinstance(around, SCOPES) and _is_inside(around, below):
                bound = self._bound.setdefault(around, _bound_in(around))
                if name in bound:
                    return bound[name]
            below = around
        return None

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
                    static = "staticmethod" in map(last_name, node.decorator_list)
                    assigned = any(
                        isinstance(part, ast.Name)
                        and part.id == first
                        and not isinstance(part.ctx, ast.Load)
                        for part in ast.walk(node)
                    )
                    return (
                        in_class
                        and not static
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
    while (part := part_of(node)) is not None:
        node = part[0]
    return node.id if isinstance(node, ast.Name) else ""


def part_of(node: ast.AST | None) -> tuple[ast.expr, str] | None:
    """An object and its attribute that is asked for: `a.b`, `getattr(a, "b")`."""
    if isinstance(node, ast.Attribute):
        return node.value, node.attr
    if isinstance(node, ast.Call) and last_name(node.func) == "getattr":
        match node.args:
            case [owner, ast.Constant(str() as name), *_]:
                return owner, name
    return None


def of_a_type(owner: ast.expr) -> bool:
    """Whether an object is what another's class is."""
    return any(
        (isinstance(part, ast.Call) and last_name(part.func) in ("type", "super"))
        or (isinstance(part, ast.Attribute) and part.attr == "__class__")
        for part in ast.walk(owner)
    )
