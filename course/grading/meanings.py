"""What the names in an answer mean: a part of a module, or something of its own."""

from __future__ import annotations

import ast
from collections import Counter
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
