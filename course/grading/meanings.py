"""What the names in an answer mean: a part of a module, or something of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat

from course.grading.cell_names import DEFINING
from course.grading.machinery import AS_PARTS, KINDS, SET, of_module, private_to_others

# What the reading takes to be Python's own wherever it is named.
RELIED_ON = {"super", "getattr", "setattr", "staticmethod", "classmethod"}
# Called with an object, they set its attributes, or hand out all of them.
SETTING = {"setattr", "vars", "__setattr__", "__delattr__"}


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
    disguised: set[str] = field(default_factory=set)
    """Functions and classes that their own decorators may have replaced."""
    taken: set[str] = field(default_factory=set)
    """Names that answers bind anywhere, whatever Python means by them."""

    @property
    def own_private(self) -> set[str]:
        """Of the attributes, what is private to nobody else."""
        return self.attributes - private_to_others()

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
    names.taken = {name for tree in answers for name in _names_in(tree)}
    if "*" in names.paths:  # some libraries have these in them, by the same names
        for name in (AS_PARTS | KINDS.keys()) - names.taken:
            names.bind(name, name)
    for _ in range(3):  # a name for a name for a module
        for part in parts:
            for target, value in bindings(part):
                if path := names.path(value):
                    names.bind(target, path)
    for part in parts:
        if isinstance(part, DEFINING):
            decorators = [getattr(each, "func", each) for each in part.decorator_list]
            paths = {*map(names.path, decorators)}
            names.disguised |= {part.name} if "" in paths else set()
            names.makers -= {part.name} if paths - {"dataclasses.dataclass"} else set()
    modules = {
        name
        for tree in answers
        if isinstance(tree, ast.Import | ast.ImportFrom)
        for name in _names_in(tree)
    }
    for tree in trees:
        if isinstance(tree, ast.Assign):
            for target, value in bindings(tree):
                (modules if names.path(value) else names.rebound).add(target)
    names.rebound -= modules
    return names


def _names_in(tree: ast.AST) -> Iterator[str]:
    """Names that a statement binds anywhere."""
    for node in ast.walk(tree):
        if (name := name_bound_by(node)) is not None:
            yield name


def name_bound_by(node: ast.AST) -> str | None:
    """The name that a node binds by itself."""
    if isinstance(node, ast.Name):
        return None if isinstance(node.ctx, ast.Load) else node.id
    if isinstance(node, ast.arg):
        return node.arg
    name = getattr(node, "name", None)
    if not isinstance(name, str):
        return None
    return getattr(node, "asname", None) or name.split(".")[0]


def _read_class(tree: ast.ClassDef, names: Names) -> None:
    """Learn what the names of a class and of its methods mean."""
    names.classes.add(tree.name)
    names.makers.add(tree.name)
    names.attributes |= {
        part.attr
        for part in ast.walk(tree)
        if isinstance(part, ast.Attribute)
        and not isinstance(part.ctx, ast.Load)
        and getattr(part.value, "id", "") == "self"
    }
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
    for node in tree.body:  # by another name
        for target, value in bindings(node):
            if last_name(value) in names.storing:
                names.storing.add(target)


def _sets_attributes(method: ast.FunctionDef, owner: str) -> bool:
    for part in ast.walk(method):
        target: ast.expr | None = None
        if isinstance(part, ast.Attribute):
            stored = not isinstance(part.ctx, ast.Load) and part.attr not in SET
            target = part.value if stored or part.attr == "__dict__" else None
        elif isinstance(part, ast.Call) and last_name(part.func) in SETTING:
            target = part.args[0] if part.args else part.func
        if target is not None and first_name(target) == owner:
            return True
    return False


def bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a statement or a signature binds, with their values."""
    for target, value in assigned(node):
        if isinstance(target, ast.Name):
            yield target.id, value
    if isinstance(node, ast.arguments):
        every = [*node.posonlyargs, *node.args]
        defaults = node.defaults
        late = zip(every[len(every) - len(defaults) :], defaults, strict=True)
        for arg, value in [*late, *zip(node.kwonlyargs, node.kw_defaults, strict=True)]:
            if value is not None:
                yield arg.arg, value


def assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a statement gives a value, with the value."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs(target, node.value)
    elif isinstance(node, ast.NamedExpr | ast.AnnAssign) and node.value is not None:
        yield from _pairs(node.target, node.value)
    elif isinstance(node, ast.For | ast.comprehension):
        yield from _pairs(node.target, _part_of_many(node.iter))


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple | ast.List):
        values = getattr(value, "elts", None) or repeat(_part_of_many(value))
        for one, other in zip(target.elts, values, strict=False):
            yield from _pairs(one, other)
    else:
        yield target, value


def _part_of_many(values: ast.expr) -> ast.expr:
    """What a loop takes from something, or a tuple of names."""
    return ast.Subscript(values, ast.Constant(0), ast.Load())


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
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
        match node.args:
            case [owner, ast.Constant(str() as name), *_]:
                return owner, name
    return None


def type_asked(node: ast.AST | None) -> ast.expr | None:
    """What it is whose type is asked for: `type(a)`, `a.__class__`."""
    if isinstance(node, ast.Attribute) and node.attr == "__class__":
        return node.value
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "type":
        return node.args[0] if len(node.args) == 1 else None
    return None


def is_super(owner: ast.expr) -> bool:
    """Whether it is ``super()``, which stands for the method's own object."""
    called = isinstance(owner, ast.Call) and owner.func
    return isinstance(called, ast.Name) and called.id == "super"


def of_a_type(owner: ast.expr) -> bool:
    """Whether an object is what another's class is."""
    return any(
        (isinstance(part, ast.Call) and last_name(part.func) in ("type", "super"))
        or type_asked(part)
        for part in ast.walk(owner)
    )
