"""What no answer needs: code that reaches for the machinery by which it is judged.

This reads; it runs nothing. It is evidence for a person, with the line, and costs no
points. What it cannot see is said in SECURITY.md. Imports, texts and files are read
here, what is used in :mod:`course.grading.uses`, what is set in
:mod:`course.grading.changes`, what goes a way round in
:mod:`course.grading.detours`, what shows memory in :mod:`course.grading.memory`, and
who asks where it runs in :mod:`course.grading.places`.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator

from course.grading.changes import Changes
from course.grading.definitions import Statement
from course.grading.detours import Detours
from course.grading.machinery import (
    ATTRIBUTES,
    CHECKS,
    FOREIGN,
    HIDDEN,
    is_odd,
    of_module,
)
from course.grading.meanings import (
    RELIED_ON,
    bindings,
    is_super,
    last_name,
    name_bound_by,
    names_of,
)
from course.grading.memory import Memory
from course.grading.places import Places
from course.grading.scopes import FUNCTIONS, SHARING, Scope
from course.grading.texts import ANY, PATHS, Texts
from course.grading.uses import A_MODULE, LOADING, Uses

Found = Iterator[tuple[ast.AST, str]]
# Keywords that keep code out of a file that is read, and the value that does.
SAFE = {"weights_only": True, "allow_pickle": False, "safe_mode": True}
SAFE["eval_str"] = False  # it runs annotations that are text
SAFE["namespace"] = None  # argparse sets attributes of it
SAFE["backend"] = None  # Matplotlib imports a module of that name
# They name who called, and a library's own code heeds such a keyword.
WHO = {"stacklevel", "stack_info"}
HEEDING = {"from_config", "savefig", "print_figure", "signature", "exception", "log"}
HEEDING |= {"debug", "info", "warning", "error", "critical"}
HEEDING |= {"SimpleNamespace", "Namespace", "Bunch"}  # any keyword, as an attribute
# They look up attributes that a text names in braces: always, or by their `style`.
BRACES = {"logging.StrFormatStyle", "matplotlib.ticker.StrMethodFormatter"}
STYLED = {"logging.Formatter", "logging.basicConfig"}
AHEAD = "a name that a later cell defines"
OF_CHECKS = r"helpers[./\\]checks"
INNER = (*FUNCTIONS, ast.ClassDef)


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
    trees = [each.node for each in statements]
    scope = Scope(ast.Module(trees, []), names_of(trees, given))
    texts = Texts(scope)
    lesson = {alias.name for node in given for alias in _of_checks(node)}
    words = _Words(scope, texts, lesson)
    readers = (
        words.found,
        Uses(scope, texts).found,
        Changes(scope, texts).found,
        Detours(scope, texts).found,
        Memory(scope, texts).found,
        Places(scope, texts).found,
    )
    found = [
        f"{each.cell}, line {_line(each, node)}: `{_shown(node)}` reaches for {what}"
        for each in statements
        for part in ast.walk(each.node)
        for reader in readers
        for node, what in reader(part)
    ]
    found += [
        f"{each.cell}, line {each.line}: `{_shown(each.node)}` reaches for {AHEAD}"
        for each in _ahead(statements)
    ]
    return list(dict.fromkeys(found))


def _ahead(statements: list[Statement]) -> Iterator[Statement]:
    """What makes something that answers use until a later cell defines that name.

    They would be judged with it, and work with the definition from then on.
    """
    for place, each in enumerate(statements):
        if not (isinstance(each.node, ast.Assign) and _calls(each.node.value)):
            continue
        for name in (target for target, _ in bindings(each.node)):
            later = [
                number
                for number, other in enumerate(statements[place + 1 :], place + 1)
                if isinstance(other.node, INNER) and other.node.name == name
            ]
            between = statements[place + 1 : later[0]] if later else []
            if (
                later
                and statements[later[0]].cell != each.cell
                and any(
                    isinstance(node, ast.Name) and node.id == name
                    for other in between
                    if isinstance(other.node, INNER)
                    for node in ast.walk(other.node)
                )
            ):
                yield each


def _calls(value: ast.expr) -> bool:
    return any(isinstance(part, ast.Call | ast.Lambda) for part in ast.walk(value))


def _of_checks(node: ast.AST | None) -> list[ast.alias]:
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


class _Words:
    """Reads imports, texts, annotations, files, and who is called as the checks are."""

    def __init__(self, scope: Scope, texts: Texts, lesson: set[str]):
        self.scope, self.texts, self.lesson = scope, texts, lesson
        self.docs = {
            id(node.body[0].value)
            for node in ast.walk(scope.tree)
            if isinstance(node, INNER) and isinstance(node.body[0], ast.Expr)
        }

    def found(self, node: ast.AST) -> Found:
        yield from self._binds_the_checks(node)
        if name_bound_by(node) in RELIED_ON:
            yield node, HIDDEN
        match node:
            case ast.Import():
                yield from self._import(node, [each.name for each in node.names])
            case ast.ImportFrom():
                yield from self._import_from(node)
            case ast.Constant(str() as text) if id(node) not in self.docs:
                yield from self._text(node, text)
            case ast.Constant(bytes() as raw):
                yield from self._text(node, raw.decode("latin-1"))
            case ast.BinOp() | ast.JoinedStr():
                yield from self._built(node)
            case ast.Call():
                yield from self._call(node)
            case (
                ast.arg(_, ast.Constant(str() as text))
                | ast.AnnAssign(annotation=ast.Constant(str() as text))
            ):
                if self._runs(text):
                    yield node.annotation or node, HIDDEN

    def _binds_the_checks(self, node: ast.AST) -> Found:
        """Whether a node gives the checks' name to something else."""
        above = self.scope.above.get(node)
        name = getattr(node, "asname", None) or getattr(node, "name", None)
        bound = [name.split(".")[0]] if isinstance(name, str) else []
        if isinstance(node, SHARING):
            bound = node.names
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound = [] if self.scope.is_own(node) else [node.id]
        if "checks" in bound and node not in _of_checks(above):  # as the lesson does
            while not hasattr(node, "lineno") or isinstance(node, ast.alias):
                node = self.scope.above[node]
            yield node, CHECKS

    def _import(self, node: ast.stmt, modules: list[str]) -> Found:
        around = self.scope.around(node, INNER)
        if isinstance(around, ast.ClassDef):
            yield node, A_MODULE
        elif around is not None:  # else it may be there for a scratch cell
            for module in modules:
                if module != "pickle" and (what := of_module(module)):
                    yield node, what

    def _import_from(self, node: ast.ImportFrom) -> Found:
        module = node.module or ""
        named = {each.name for each in node.names}
        own = module == "helpers.checks" and named <= self.lesson
        through = module == "helpers" and "checks" in named
        if through or (module.startswith("helpers.checks") and not own):
            yield node, CHECKS
        star = "*" in named
        if star and (module in ("sys", "os", "helpers.checks") or of_module(module)):
            yield node, of_module(module) or HIDDEN
        elif module != "helpers.checks":
            yield from self._import(node, [f"{module}.{name}" for name in named])

    def _text(self, node: ast.expr, text: str) -> Found:
        odd = any(is_odd(word) for word in re.findall(r"__\w+?__", text))
        asked = {word for part in re.findall(r"\{[^{}]*\}", text)
                 for word in re.findall(r"[.](\w+)", part)}  # fmt: skip
        if odd or {text, *asked} & ATTRIBUTES.keys() or "/proc" in text:
            yield node, FOREIGN
        elif "lent.bin" in text or re.search(OF_CHECKS, text):
            yield node, CHECKS

    def _built(self, node: ast.expr) -> Found:
        """A text, or a path, that is put together: as if it were written out."""
        if isinstance(self.scope.above.get(node), ast.BinOp):
            return  # the whole is read there
        walked = ast.walk(node)
        parts = {part.value for part in walked if isinstance(part, ast.Constant)}
        for text in self.texts.of(node) - parts:
            yield from self._text(node, text)

    def _call(self, node: ast.Call) -> Found:
        path, args = self.scope.path(node.func), node.args
        if path in PATHS or last_name(node.func) == "join":
            yield from self._built(node)
        starred = any(isinstance(each, ast.Starred) for each in args)
        spread = any(keyword.arg is None for keyword in node.keywords)
        loads = path in LOADING or path.endswith(".load_model")
        wraps = path == "functools.wraps"
        unsafe = last_name(node.func) == "from_config" and len(args) > 2
        parses = last_name(node.func).startswith("parse_")  # and sets what it has read
        if (
            (loads and (starred or len(args) > 2))
            or (last_name(node.func).startswith(("load", "read")) and spread)
            or (wraps and (len(args) > 1 or node.keywords))
            or (unsafe or self._is_told(node))
            or self._looks_up(node, path)
            or (parses and (starred or spread or len(args) > 1))
        ):
            yield node, HIDDEN
        for keyword in node.keywords:
            name = keyword.arg or ""
            value = getattr(keyword.value, "value", Ellipsis)
            if name in SAFE and value is not SAFE[name]:
                yield node, HIDDEN

    def _is_told(self, node: ast.Call) -> bool:
        """Whether ``**`` hands over a keyword that matters, or may where some do."""
        spread = [each.value for each in node.keywords if each.arg is None]
        keys = {key for value in spread for key in self.texts.keys_of(value)}
        name = last_name(node.func)
        own = self.scope.is_self(getattr(node.func, "value", node.func))
        own = self.scope.is_defined(node.func) or (
            own and name in self.scope.names.taken
        )
        unread = name in HEEDING and not own and any(ANY in key for key in keys)
        return bool(keys & (SAFE.keys() | WHO)) or unread

    def _looks_up(self, node: ast.Call, path: str) -> bool:
        """Whether attributes are looked up by a text that cannot be read here."""
        given = {each.arg: each.value for each in node.keywords}
        said = given.get("style") or (node.args[2] if node.args[2:] else None)
        style = self.texts.of(said) if said else set()
        braces = any(text == "{" or ANY in text for text in style)
        path = path.removesuffix(".__init__")
        own = is_super(getattr(node.func, "value", node)) and "style" in given
        if path not in BRACES and not ((path in STYLED or own) and braces):
            return False
        ways = [*node.args[:1], given.get("fmt"), given.get("format")]
        return any(ANY in text for way in ways if way for text in self.texts.of(way))

    def _runs(self, annotation: str) -> bool:
        """Whether some library that reads annotations would run a function's call."""
        try:
            parts = [*ast.walk(ast.parse(annotation.strip(), mode="eval"))]
        except SyntaxError:  # words for people
            return False
        calls = [part.func for part in parts if isinstance(part, ast.Call)]
        mine = self.scope.names.taken | self.scope.names.paths.keys()
        return any(
            not isinstance(func, ast.Name)
            or func.id in mine
            or not isinstance(getattr(builtins, func.id, type), type)
            for func in calls
        )
