"""What an answer sets that is not its own, and types that it makes."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from course.grading.machinery import (
    ANSWERING,
    ARITHMETIC,
    ATTRIBUTES,
    FOREIGN,
    HIDDEN,
    NOTEBOOK,
    OTHERS,
    OWN,
    VALUES,
    is_odd,
    looked_up,
)
from course.grading.meanings import assigned, last_name, of_a_type, type_asked
from course.grading.scopes import SHARING, Scope
from course.grading.texts import ANY, Texts

Found = Iterator[tuple[ast.AST, str]]
COMPARES = "how objects compare or are looked up"
OWN_TYPE = "a type that may compare as it likes"
# What everybody sets who wants a run to be repeated, or chooses a device.
SWITCHES = {"torch.backends.cudnn.deterministic", "torch.backends.cudnn.benchmark"}
SETTINGS = {"os.environ", "matplotlib.rcParams", "matplotlib.pyplot.rcParams"}
NAMED = {"__name__", "__doc__", "__qualname__"}
# Calls that make a number of something, or a container.
NUMBERS = {"item", "tolist", "float", "int", "len", "sum", "list", "dict", "set"}
TUPLES = ("collections.namedtuple", "typing.NamedTuple")
# Set on what may be a module, they are what every sum and every tolerance uses.
CONSTANTS = {"pi", "inf", "nan"}
# What saves the state of random numbers: what puts it back, and what seeds them.
STATES = {
    "torch.get_rng_state": ("torch.set_rng_state", "torch.manual_seed"),
    "numpy.random.get_state": ("numpy.random.set_state", "numpy.random.seed"),
    "random.getstate": ("random.setstate", "random.seed"),
}
# They ask what type something is, and keep none.
ASKING = {"isinstance", "issubclass", "print", "map"}


class Changes:
    """Reads what is set, defined, or made of a type."""

    def __init__(self, scope: Scope, texts: Texts):
        self.scope, self.texts = scope, texts
        self.names, self.above = scope.names, scope.above

    def found(self, node: ast.AST) -> Found:
        match node:
            case ast.Name(name, ctx):
                yield from self._name(node, name, isinstance(ctx, ast.Load))
            case ast.Attribute(owner, name, ast.Store() | ast.Del()):
                yield from self._set(*self._set_by(node), owner, name)
            case ast.Subscript(owner, _, ast.Store() | ast.Del()):
                path = self.scope.path(owner)
                if path and path not in SETTINGS:
                    yield self._set_by(node)[0], OTHERS
            case ast.ClassDef():
                yield from self._class(node)
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                if name == "__class__" or (
                    is_odd(name) and name not in ARITHMETIC | OWN
                ):
                    yield node, COMPARES
                elif name.startswith(ANSWERING):
                    yield node, NOTEBOOK
            case ast.Call(ast.Name("setattr")):
                yield from self._setattr(node)
            case ast.Call() if self._makes_a_type(node):
                yield node, OWN_TYPE

    def _name(self, node: ast.Name, name: str, loaded: bool) -> Found:
        fine = ARITHMETIC | (set() if loaded else OWN)
        if is_odd(name) and name not in fine:
            yield node, FOREIGN
        elif name.startswith(ANSWERING) and not loaded:
            yield node, NOTEBOOK
        elif loaded and name == "type" and self._keeps(node):
            own = self.scope.is_own(node) or name in self.names.paths
            yield from [] if own else [(node, OWN_TYPE)]

    def _keeps(self, node: ast.expr) -> bool:
        """Whether something gets another name, or is put or handed elsewhere."""
        above = self.above.get(node)
        if isinstance(above, ast.Call):
            asks = ASKING if len(above.args) < 3 else ASKING - {"map"}
            asked = last_name(above.func) in asks - self.names.taken
            return node in above.args and not asked
        if isinstance(above, ast.Tuple):
            return self._keeps(above)
        kept = ast.Assign | ast.NamedExpr | ast.List | ast.Attribute | ast.arguments
        return isinstance(above, kept | ast.keyword | ast.Return | ast.Dict)

    def _set_by(self, node: ast.expr) -> tuple[ast.stmt, ast.expr | None]:
        """The statement that sets an attribute, and the value if it gives it one."""
        statement: ast.AST = node
        while not isinstance(statement, ast.stmt):
            statement = self.above[statement]
        if isinstance(statement, ast.AugAssign):
            return statement, statement.value
        values = [value for target, value in assigned(statement) if target is node]
        return statement, values[0] if values else None

    def _set(
        self, at: ast.AST, value: ast.expr | None, owner: ast.expr, name: str
    ) -> Found:
        """An attribute that is set or deleted."""
        path = self.scope.path(owner)
        if path:
            if f"{path}.{name}" not in SWITCHES:
                yield at, OTHERS
            return
        mine = self._is_of_the_answer(owner)
        text = isinstance(value, ast.Constant) and isinstance(value.value, str)
        if what := ATTRIBUTES.get(name):
            yield at, what
        elif name.startswith("__"):
            if not (mine and text and name in NAMED):
                yield at, FOREIGN
        elif mine:
            return
        elif name.startswith("_") and name not in self.names.own_private:
            yield at, OTHERS
        elif text:
            return
        elif (
            of_a_type(owner)
            or name in CONSTANTS | looked_up(called=self._is_data(value))
            or isinstance(value, ast.Lambda)
            or self.scope.is_defined(value)
        ):
            yield at, OTHERS

    def _is_data(self, value: ast.expr | None) -> bool:
        """Whether something can only be a number, or a container, or what was given."""
        if isinstance(value, ast.Call):
            return last_name(value.func) in NUMBERS - self.names.taken
        if isinstance(value, ast.Name | ast.Attribute):
            return not (self.scope.path(value) or self.scope.is_defined(value))
        shown = ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.Set | ast.ListComp
        return isinstance(value, shown | ast.DictComp | ast.BinOp | ast.UnaryOp)

    def _is_of_the_answer(self, owner: ast.expr) -> bool:
        """Whether an object is a function, a class or an object of the answer's own."""
        if self.scope.is_own_type(owner):
            return True
        if not isinstance(owner, ast.Name):
            return False
        return (
            self.scope.is_self(owner)
            or self.scope.is_made_here(owner)
            or (self.scope.is_defined(owner) and owner.id not in self.names.disguised)
        )

    def _setattr(self, node: ast.Call) -> Found:
        args = node.args
        owner = args[0] if args and isinstance(args[0], ast.Name) else None
        if owner and (self.scope.is_self(owner) or self.scope.is_made_here(owner)):
            return
        texts = self.texts.of(args[1]) if len(args) == 3 else set()
        if not texts or any(ANY in text for text in texts):
            yield node, HIDDEN
        else:
            for text in texts:
                yield from self._set(node, args[2], args[0], text)

    def _class(self, node: ast.ClassDef) -> Found:
        enums = any(self.names.path(base).startswith("enum.") for base in node.bases)
        for base in node.bases:
            if not (enums and last_name(base) in ("str", "int")):
                yield from self._base(base)
        for keyword in node.keywords:
            if keyword.arg == "metaclass" and last_name(keyword.value) != "ABCMeta":
                yield keyword.value, OWN_TYPE

    def _base(self, base: ast.expr) -> Found:
        named = base.value if isinstance(base, ast.Subscript) else base
        path = self.names.path(named)
        last = path.rpartition(".")[2] or last_name(named)
        known = path or last in self.names.classes or last in vars(builtins)
        made = isinstance(base, ast.Call) and self.names.path(base.func) in TUPLES
        if not made and (last in VALUES or not known):
            yield base, OWN_TYPE

    def _makes_a_type(self, node: ast.Call) -> bool:
        """Whether a call makes a class, in other words than those of ``class``."""
        args, func = node.args, node.func
        if isinstance(func, ast.Name) and func.id == "type":
            return len(args) > 1
        if of := type_asked(func):  # the type of a type
            of_class = isinstance(of, ast.Name) and of.id in self.names.classes
            return of_class or bool(self.scope.path(of) or type_asked(of))
        path = self.names.path(func)
        if not path.startswith("enum."):
            return path == "abc.ABCMeta"
        plain = ast.Constant | ast.Tuple | ast.List | ast.expr_context
        values = not all(
            isinstance(n, plain) for arg in args[1:] for n in ast.walk(arg)
        )
        typed = any(keyword.arg in (None, "type") for keyword in node.keywords)
        return len(args) > 1 and (values or typed)


def put_back(scope: Scope) -> set[ast.AST]:
    """Find what saves the state of random numbers, seeds them, and puts it back.

    Nobody sees by that what a check will draw, as with no seed between the two.
    """
    found: set[ast.AST] = set()
    for function in ast.walk(scope.tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        parts = [*ast.walk(function)]
        if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in parts):
            continue  # others may draw before it goes on
        shared = {n for part in parts if isinstance(part, SHARING) for n in part.names}
        names = [part.id for part in parts if isinstance(part, ast.Name)]
        for save, rest in _followed(parts):
            match save:
                case ast.Assign([ast.Name(name)], ast.Call(get, [], [])):
                    put, seed = STATES.get(_path(scope, get), ("", ""))
                    alone = names.count(name) == 2 and name not in shared
                    if alone and _seeds(scope, rest, seed):
                        puts = _puts(scope, rest, put, name)
                        found |= {get, *puts} if puts else set()
    return found


def _followed(parts: list[ast.AST]) -> Iterator[tuple[ast.stmt, list[ast.stmt]]]:
    """Each statement, and those that follow it in its block."""
    for part in parts:
        for block in (getattr(part, "body", ()), getattr(part, "orelse", ())):
            if isinstance(block, list):
                yield from ((each, block[at:]) for at, each in enumerate(block, 1))


def _path(scope: Scope, node: ast.AST) -> str:
    return scope.path(node).replace("torch.random.", "torch.")


def _seeds(scope: Scope, statements: list[ast.stmt], seed: str) -> bool:
    """Whether statements begin with a seed, beside other states and seeds."""
    for each in statements:
        if isinstance(each, ast.Try) and not each.handlers:
            return _seeds(scope, each.body, seed)
        calls = [part for part in ast.walk(each) if isinstance(part, ast.Call)]
        path = _path(scope, calls[0].func) if len(calls) == 1 else ""
        if path == seed:
            return isinstance(each, ast.Expr)
        if path not in (*STATES, *(seed for _, seed in STATES.values())):
            return False
    return False


def _puts(
    scope: Scope, statements: list[ast.stmt], put: str, name: str
) -> list[ast.expr]:
    """What puts back a state of that name, among statements or where they end."""
    every = [*statements]
    for each in statements:
        every += each.finalbody if isinstance(each, ast.Try) else []
    found = []
    for each in every:
        match each:
            case ast.Expr(ast.Call(func, [ast.Name(given)], [])) if given == name:
                found += [func] if _path(scope, func) == put else []
    return found
