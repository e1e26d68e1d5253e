"""What no answer needs: code that reaches for the machinery by which it is judged.

This reads; it runs nothing. It is evidence for a person, with the line, and costs no
points. What it cannot see is said in SECURITY.md.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator

from course.grading.definitions import Statement
from course.grading.machinery import (
    ANSWERING,
    ARITHMETIC,
    AS_PARTS,
    ATTRIBUTES,
    CHECKS,
    FOREIGN,
    HIDDEN,
    NOTEBOOK,
    OTHERS,
    VALUES,
    WORDS,
    is_foreign,
    is_module,
    is_odd,
    looked_up,
    of_module,
)
from course.grading.meanings import (
    Names,
    first_name,
    last_name,
    names_of,
    of_a_type,
)
from course.grading.scopes import Scope

COMPARES = "how objects compare or are looked up"
OWN_TYPE = "a type that may compare as it likes"
Found = Iterator[tuple[ast.AST, str]]
# Keywords that keep code out of a file that is read, and the value that does.
SAFE = {"weights_only": True, "allow_pickle": False, "safe_mode": True}
SAFE["backend"] = None  # Matplotlib imports a module of that name
# What takes the name of an attribute as text.
NAMING = ("operator.attrgetter", "operator.methodcaller")
# Modules whose parts are chosen by name, such as an activation.
BY_NAME = {"torch", "torch.nn", "torch.nn.functional", "torch.optim"}
BY_NAME |= {"torch.nn.init", "torch.optim.lr_scheduler", "torch.distributions"}
BY_NAME |= {"keras.layers", "keras.activations", "keras.losses", "keras.optimizers"}
# What everybody sets who wants a run to be repeated.
SWITCHES = {"torch.backends.cudnn.deterministic", "torch.backends.cudnn.benchmark"}
# A class tells its subclasses, or its attributes, of themselves.
MAKING = {"__init_subclass__", "__set_name__"}
OF_CHECKS = r"helpers[./\\]checks"
# They set attributes of a function or a class.
CHANGING = ("functools.wraps", "functools.total_ordering", "dataclasses.dataclass")
TUPLES = ("collections.namedtuple", "typing.NamedTuple")
ASKING = ("getattr", "hasattr", "isinstance", "issubclass", "print", "reload")


def suspicions(
    statements: Iterable[Statement], given: Iterable[ast.stmt] = ()
) -> list[str]:
    """Name what answers do that none needs to do.

    Parameters
    ----------
    statements : iterable of Statement
        What is judged, from :func:`course.grading.definitions.definitions_of`.
    given : iterable of ast.stmt
        The lesson's own statements, which import what answers use.

    Returns
    -------
    list of str
        Each with the cell, the line and what it reaches for.
    """
    statements, given = list(statements), list(given)
    names = names_of([each.node for each in statements], given)
    lesson = {alias.name for node in given for alias in _of_checks(node)}
    found = [
        f"{each.cell}, line {_line(each, node)}: `{_shown(node)}` reaches for {what}"
        for each in statements
        for node, what in _Reading(each.node, names, lesson).found()
    ]
    return list(dict.fromkeys(found))


def _of_checks(node: ast.AST) -> list[ast.alias]:
    """What a statement imports from the checks, as each lesson does its own."""
    of_checks = isinstance(node, ast.ImportFrom) and node.module == "helpers.checks"
    return node.names if of_checks else []


def _line(statement: Statement, node: ast.AST) -> int:
    begins = statement.node.lineno
    decorators = getattr(statement.node, "decorator_list", ())
    begins = min([begins, *(each.lineno for each in decorators)])
    return statement.line + getattr(node, "lineno", begins) - begins


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node).strip().splitlines()[0]
    return text if len(text) <= 90 else f"{text[:87]}..."


class _Reading:
    """One statement, read part by part."""

    def __init__(self, tree: ast.stmt, names: Names, lesson: set[str]):
        self.tree, self.names, self.lesson = tree, names, lesson
        self.scope = Scope(tree, names)
        self.above = self.scope.above
        self.docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
            and isinstance(node.body[0], ast.Expr)
        }

    def found(self) -> Found:
        for node in ast.walk(self.tree):
            yield from self._binds_the_checks(node)
            reader = getattr(self, f"_{type(node).__name__.lower()}", None)
            if reader:
                yield from reader(node)

    def _binds_the_checks(self, node: ast.AST) -> Found:
        """Names that a node binds other than by ``Name``: none may be the checks'."""
        found = getattr(node, "name", None)
        bound = [found] if isinstance(found, str) else []
        if isinstance(node, ast.Global | ast.Nonlocal):
            bound = node.names
        elif isinstance(node, ast.alias):
            bound = [node.asname or node.name.split(".")[0]]
            if node in _of_checks(self.above.get(node, self.tree)):
                return  # as the lesson does
        if "checks" in bound:
            where = node if hasattr(node, "lineno") else self.above.get(node, node)
            yield where if isinstance(where, ast.stmt) else self.tree, CHECKS

    def _import(self, node: ast.Import) -> Found:
        if node is not self.tree:  # at the top it may be there for a scratch cell
            for alias in node.names:
                if alias.name != "pickle" and (what := of_module(alias.name)):
                    yield node, what

    def _importfrom(self, node: ast.ImportFrom) -> Found:
        module = node.module or ""
        named = {each.name for each in node.names}
        own = module == "helpers.checks" and named <= self.lesson
        through = module == "helpers" and "checks" in named
        if through or (module.startswith("helpers.checks") and not own):
            yield node, CHECKS
        star = node.names[0].name == "*"
        if star and (module in ("sys", "os", "helpers.checks") or of_module(module)):
            yield node, of_module(module) or HIDDEN
        elif node is not self.tree and module != "helpers.checks":
            for alias in node.names:
                if what := of_module(f"{module}.{alias.name}"):
                    yield node, what

    def _name(self, node: ast.Name) -> Found:
        above = self.above.get(node)
        stored = not isinstance(node.ctx, ast.Load)
        if is_odd(node.id) and node.id not in ARITHMETIC:
            yield node, FOREIGN
            return
        if stored and node.id.startswith(ANSWERING):
            yield node, NOTEBOOK
        path = self.names.paths.get(node.id, "")
        if self.scope.is_own(node):
            return
        if not path or node.id == "checks":
            variable = node.id in {"In", "Out"} & self.names.rebound
            loaded = isinstance(node.ctx, ast.Load) and not variable
            handed_on = not (isinstance(above, ast.Call) and above.func is node)
            if node.id in ("getattr", "setattr") and loaded and handed_on:
                yield node, HIDDEN
            if node.id in ("exit", "quit") and loaded and handed_on:
                yield node, NOTEBOOK
            if node.id == "type" and loaded and self._keeps(node, above):
                yield node, OWN_TYPE
            if (loaded or node.id == "checks") and (what := WORDS.get(node.id)):
                yield node, what
            return
        if isinstance(above, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            return  # the whole path is read there
        yield from self._used(node, path)

    def _keeps(self, node: ast.expr, above: ast.AST | None) -> bool:
        """Whether something gets another name, or is put or handed elsewhere."""
        if isinstance(above, ast.Call):
            asks = last_name(above.func) in ASKING or len(above.args) == 2
            return node in above.args and not asks
        kept = ast.Assign | ast.NamedExpr | ast.List | ast.Attribute | ast.arguments
        return isinstance(above, kept | ast.keyword | ast.Return | ast.Dict)

    def _used(self, node: ast.expr, path: str) -> Found:
        """A path in use that is the value of no other attribute."""
        above = self.above.get(node)
        shown = isinstance(above, ast.Subscript) and last_name(node) == "rcParams"
        if shown and "backend" not in ast.unparse(above.slice):
            return
        if path == "pickle.loads" and self._copies(above):
            return
        if what := of_module(path):
            yield node, what
        elif path in ("numpy.load", "torch.load") and not (
            isinstance(above, ast.Call) and above.func is node
        ):
            yield node, HIDDEN  # with arguments that are given elsewhere
        elif path in NAMING:
            if not (
                isinstance(above, ast.Call)
                and above.func is node
                and all(self._plain_name(arg) for arg in above.args)
            ):
                yield node, HIDDEN
        elif self.scope.is_own(node) or first_name(node) in self.names.rebound:
            return
        elif path in CHANGING:
            if not self._changes_its_own(node):
                yield node, OTHERS
        elif is_module(path):
            if not self._is_named_only(node):
                yield (
                    above if isinstance(above, ast.expr) else node,
                    ("a module as an object"),
                )
        elif isinstance(above, ast.Call) and node in above.args:
            owner = getattr(above.func, "value", None)
            if (
                isinstance(owner, ast.Name)
                and owner.id in self.names.classes
                and last_name(above.func) not in self.names.of_classes
            ):
                yield above, OTHERS  # it would be the method's `self`

    def _copies(self, call: ast.AST | None) -> bool:
        """Whether it is ``pickle.loads(pickle.dumps(...))``, which copies."""
        match call:
            case ast.Call(_, [ast.Call(dumps)], []):
                return self.names.path(dumps) == "pickle.dumps"
        return False

    def _changes_its_own(self, node: ast.expr) -> bool:
        """Whether what sets attributes of a function or class gets one of these."""
        call = self.above.get(node)
        if node in getattr(call, "decorator_list", ()):
            return True
        if not (isinstance(call, ast.Call) and call.func is node):
            return False
        outer = self.above.get(call)
        if call in getattr(outer, "decorator_list", ()):
            return True
        if not (isinstance(outer, ast.Call) and outer.func is call):
            outer = call
        to = outer.args[0] if outer.args else None
        if isinstance(to, ast.Name):
            return to.id in self.names.functions | self.names.classes
        return isinstance(to, ast.Lambda | ast.Call)

    def _plain_name(self, node: ast.expr) -> bool:
        """Whether it is the name of an attribute, written out, that answers use."""
        names = str(getattr(node, "value", "")).split(".")
        known = isinstance(node, ast.Constant)
        return known and not any(
            is_foreign(name) or name in self.names.storing | {"modules"}
            for name in names
        )

    def _is_named_only(self, node: ast.expr) -> bool:
        """Whether a module gets another name, or is asked for a part."""
        above = self.above.get(node)
        if isinstance(above, ast.Tuple):
            node, above = above, self.above.get(above)
        if isinstance(above, ast.NamedExpr):
            return above.value is node
        if isinstance(above, ast.Assign):
            targets = [
                each
                for target in above.targets
                for each in getattr(target, "elts", [target])
            ]
            of_class = isinstance(self.above.get(above), ast.ClassDef)
            return not of_class and all(isinstance(each, ast.Name) for each in targets)
        if not isinstance(above, ast.Call) or last_name(above.func) not in ASKING:
            return False
        return last_name(above.func) not in self.names.functions

    def _attribute(self, node: ast.Attribute) -> Found:
        if is_odd(node.attr) and node.attr not in ARITHMETIC:
            yield node, FOREIGN
            return
        if what := ATTRIBUTES.get(node.attr):
            yield node, what
            return
        above = self.above.get(node)
        if self._lends_its_self(node):
            yield node, OTHERS
        elif path := self._path(node):
            if not isinstance(above, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield from self._used(node, path)
        elif node.attr in AS_PARTS:
            yield node, FOREIGN
        elif node.attr.startswith("register_module_"):
            yield node, OTHERS
        elif node.attr == "modules" and isinstance(above, ast.Subscript):
            yield node, FOREIGN
        elif node.attr == "__enter__" and isinstance(above, ast.Call):
            yield above, OTHERS  # what it sets stays, as no `with` ends it
        elif node.attr == "__init__":
            value = node.value
            is_super = isinstance(value, ast.Call) and last_name(value.func) == "super"
            if not is_super and not self._is_called_with_self(node):
                yield above if isinstance(above, ast.Call) else node, OTHERS
        if not isinstance(node.ctx, ast.Load):
            yield from self._stored(node)

    def _path(self, node: ast.Attribute) -> str:
        """The full name of a part of a module; empty if it is something else."""
        return "" if self.scope.is_own(node) else self.names.path(node)

    def _is_called_with_self(self, node: ast.Attribute) -> bool:
        call = self.above.get(node)
        first = call.args[0] if isinstance(call, ast.Call) and call.args else None
        called = isinstance(call, ast.Call) and call.func is node
        return called and isinstance(first, ast.Name) and self.scope.is_self(first)

    def _lends_its_self(self, node: ast.Attribute) -> bool:
        """Whether a method that sets attributes could be called with any object."""
        if node.attr not in self.names.storing - self.names.of_classes:
            return False
        owner = node.value
        of_class = isinstance(owner, ast.Name) and owner.id in self.names.classes
        if not (of_class or of_a_type(owner)) or self.scope.is_own(owner):
            return False
        is_super = isinstance(owner, ast.Call) and last_name(owner.func) == "super"
        return not (is_super or self._is_called_with_self(node))

    def _stored(self, node: ast.Attribute) -> Found:
        """An attribute that is set or deleted."""
        statement: ast.AST = node
        while not isinstance(statement, ast.stmt):
            statement = self.above[statement]
        value = getattr(statement, "value", None)
        if self._path(node) in SWITCHES:
            return
        if self._path(node):
            yield statement, OTHERS
        elif node.attr.startswith("__"):
            yield statement, FOREIGN
        elif self._is_of_the_answer(node.value) or (
            isinstance(value, ast.Constant) and isinstance(value.value, str)
        ):
            return
        elif (
            of_a_type(node.value)
            or node.attr in looked_up()
            or (node.attr.startswith("_") and node.attr not in self.names.attributes)
            or isinstance(value, ast.Lambda)
            or getattr(value, "id", "") in self.names.functions
        ):
            yield statement, OTHERS

    def _is_of_the_answer(self, owner: ast.expr) -> bool:
        """Whether an object is a function, a class or an object of the answer's own."""
        if isinstance(owner, ast.Call) and last_name(owner.func) == "type":
            of = owner.args[0] if owner.args else None
            return isinstance(of, ast.Name) and self.scope.is_self(of)
        if not isinstance(owner, ast.Name):
            return False
        if self.scope.is_self(owner) or self.scope.is_made_here(owner):
            return True
        known = self.names.functions | self.names.classes
        return owner.id in known and not self.scope.is_own(owner)

    def _classdef(self, node: ast.ClassDef) -> Found:
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

    def _functiondef(self, node: ast.FunctionDef) -> Found:
        if node.name == "__class__" or (
            is_odd(node.name) and node.name not in ARITHMETIC | MAKING
        ):
            yield node, COMPARES
        elif node.name.startswith(ANSWERING):
            yield node, NOTEBOOK

    _asyncfunctiondef = _functiondef

    def _matchclass(self, node: ast.MatchClass) -> Found:
        if any(is_foreign(name) or name == "modules" for name in node.kwd_attrs):
            yield node, FOREIGN

    def _call(self, node: ast.Call) -> Found:
        called = last_name(node.func)
        args = node.args
        if self._makes_a_type(node):
            yield node, OWN_TYPE
        elif called == "getattr" and isinstance(node.func, ast.Name):
            yield from self._getattr(node)
        elif called == "setattr" and isinstance(node.func, ast.Name):
            inside = (
                args and isinstance(args[0], ast.Name) and self.scope.is_self(args[0])
            )
            if not inside:
                yield node, HIDDEN
        else:
            hidden = called.startswith(("load", "read")) and any(
                keyword.arg is None for keyword in node.keywords
            )
            path = self.names.path(node.func)
            more = len(args) > (1 if path == "functools.wraps" else 2)
            starred = any(isinstance(each, ast.Starred) for each in args)
            loads = path in ("numpy.load", "torch.load") and (starred or more)
            copies = path == "functools.wraps" and (more or node.keywords)
            if hidden or loads or copies:
                yield node, HIDDEN
            for keyword in node.keywords:
                name = keyword.arg or ""
                value = getattr(keyword.value, "value", Ellipsis)
                if name in SAFE and value is not SAFE[name]:
                    yield node, HIDDEN

    def _makes_a_type(self, node: ast.Call) -> bool:
        """Whether a call makes a class, in other words than those of ``class``."""
        args, func = node.args, node.func
        if last_name(func) == "type" and isinstance(func, ast.Name):
            return len(args) > 1
        if isinstance(func, ast.Call) and last_name(func.func) == "type":
            of = func.args[0] if func.args else func
            of_class = isinstance(of, ast.Name) and of.id in self.names.classes
            return of_class or bool(self.names.path(of))
        path = self.names.path(func)
        if not path.startswith("enum."):
            return path == "abc.ABCMeta"
        plain = ast.Constant | ast.Tuple | ast.List | ast.expr_context
        values = not all(
            isinstance(n, plain) for arg in args[1:] for n in ast.walk(arg)
        )
        typed = any(keyword.arg in (None, "type") for keyword in node.keywords)
        return len(args) > 1 and (values or typed)

    def _getattr(self, node: ast.Call) -> Found:
        if len(node.args) < 2 or isinstance(node.args[0], ast.Starred):
            yield node, HIDDEN
            return
        owner, name = node.args[:2]
        text = self.names.texts.get(getattr(name, "id", ""))
        if text is not None and not self.scope.is_own(name):
            name = ast.Constant(text)
        if isinstance(name, ast.Constant):
            if is_foreign(str(name.value)) or name.value in self.names.storing:
                yield node, FOREIGN
            elif (path := self.names.path(node)) and not self.scope.is_own(owner):
                yield from self._used(node, path)
            return
        own = isinstance(owner, ast.Name) and self.scope.is_self(owner)
        path = self.names.path(owner)
        plain = path in BY_NAME and not self.names.leads_out(path)
        built = isinstance(name, ast.BinOp | ast.Call | ast.Subscript)
        if isinstance(name, ast.JoinedStr):
            first = name.values[0] if name.values else None
            letters = isinstance(first, ast.Constant) and str(first.value)[:1].isalpha()
            built = not letters
        if built or not (own or plain):
            yield node, HIDDEN

    def _constant(self, node: ast.Constant) -> Found:
        text = node.value
        if not isinstance(text, str) or id(node) in self.docs:
            return
        words = re.findall(r"__\w+?__", text)
        asked = {word for part in re.findall(r"\{[^{}]*\}", text)
                 for word in re.findall(r"[.]\w+", part)}  # fmt: skip
        formatted = any(word[1:] in ATTRIBUTES for word in asked)
        if any(is_odd(word) for word in words) or text in ATTRIBUTES or formatted:
            yield node, FOREIGN
        elif "/proc" in text or "lent.bin" in text or re.search(OF_CHECKS, text):
            yield node, CHECKS if "/proc" not in text else FOREIGN

    def _arg(self, node: ast.arg) -> Found:
        yield from self._annotation(node.annotation)

    def _annassign(self, node: ast.AnnAssign) -> Found:
        yield from self._annotation(node.annotation)

    def _annotation(self, node: ast.expr | None) -> Found:
        """An annotation as text is code that some libraries run."""
        if isinstance(node, ast.Constant) and re.search(r"\w\s*\(", str(node.value)):
            yield node, HIDDEN
