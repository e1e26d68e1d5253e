"""What an answer uses that it has no need of: modules, their parts, names by text."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator

from course.grading.changes import put_back
from course.grading.machinery import (
    ARITHMETIC,
    AS_PARTS,
    ATTRIBUTES,
    FOREIGN,
    HIDDEN,
    NOTEBOOK,
    OTHERS,
    OWN,
    WORDS,
    could_be_foreign,
    is_foreign,
    is_module,
    is_odd,
    of_module,
)
from course.grading.meanings import (
    bindings,
    first_name,
    is_super,
    last_name,
    of_a_type,
)
from course.grading.modules import modules_along
from course.grading.scopes import FUNCTIONS, Scope
from course.grading.texts import ANY, CASES, OF_A_MODEL, PUTTING, Texts

Found = Iterator[tuple[ast.AST, str]]
A_MODULE = "a module as an object"
LOADING = ("numpy.load", "torch.load")
# What takes the name of an attribute as text.
NAMING = ("operator.attrgetter", "operator.methodcaller")
# Modules whose parts are chosen by a name that a caller gives, such as an activation.
BY_NAME = {"torch", "torch.nn", "torch.nn.functional", "torch.optim"}
BY_NAME |= {"torch.nn.init", "torch.optim.lr_scheduler", "torch.distributions"}
BY_NAME |= {"keras.layers", "keras.activations", "keras.losses", "keras.optimizers"}
# They set attributes of a function or a class.
CHANGING = ("functools.wraps", "functools.total_ordering", "dataclasses.dataclass")
ASKING = ("getattr", "hasattr", "isinstance", "issubclass", "print", "len", "bool")
# Earlier inputs and outputs, as the notebook keeps them.
KEPT = r"_(_{1,2}|i{1,3}|i?\d+)"
# Settings of figures, and what they say: no file, no module, no code.
LOOK = r"matplotlib(\.pyplot)?\.(use|rc|rc_context|switch_backend|rcParams(\.update)?|"
LOOK += r"style\.(use|context))"
LOOKS = r"(?!backend$)[\w.,#% -]+"


class Uses:
    """Reads names, attributes and calls."""

    def __init__(self, scope: Scope, texts: Texts):
        self.scope, self.texts = scope, texts
        self.names, self.above = scope.names, scope.above
        self.put_back = put_back(scope)
        self.managed = {
            node.optional_vars.id
            for node in ast.walk(scope.tree)
            if isinstance(node, ast.withitem)
            and isinstance(node.optional_vars, ast.Name)
        }

    def found(self, node: ast.AST) -> Found:
        if node in self.put_back:
            return
        match node:
            case ast.Name(ctx=ast.Load()):
                yield from self._name(node)
            case ast.Attribute(owner, name, ast.Load()):
                yield from self._part(node, owner, name)
            case ast.MatchClass() if any(
                is_foreign(name) or name == "modules" for name in node.kwd_attrs
            ):
                yield node, FOREIGN
            case ast.Call(ast.Name("getattr")):
                yield from self._getattr(node)

    def _name(self, node: ast.Name) -> Found:
        if self.scope.is_own(node) or (is_odd(node.id) and node.id not in ARITHMETIC):
            return
        path = self.names.paths.get(node.id, "")
        if path and node.id != "checks":
            if not isinstance(self.above.get(node), ast.Attribute):
                yield from self._used(node, path)  # else the whole path is read there
        elif self._is_a_method(node):
            yield node, OTHERS
        elif node.id in ("getattr", "setattr", "exit", "quit"):
            if not self.scope.is_called(node):
                yield node, HIDDEN if node.id.endswith("attr") else NOTEBOOK
        elif re.fullmatch(KEPT, node.id) and node.id not in self.names.taken:
            yield node, NOTEBOOK
        elif what := WORDS.get(node.id):
            variable = node.id in ("In", "Out") and node.id in self.names.rebound
            own = node.id == "vars" and self._is_of_self(node)
            shown = node.id in ("globals", "locals") and self._is_looked_at(node)
            if not (variable or own or shown):
                yield node, what

    def _is_of_self(self, function: ast.expr) -> bool:
        """Whether something is called with the method's own object."""
        call = self.above.get(function)
        args = call.args if isinstance(call, ast.Call) and call.func is function else ()
        return bool(args) and self.scope.is_self(args[0])

    def _is_looked_at(self, node: ast.AST) -> bool:
        """Whether something, or what it returns, is printed, or asked for a name."""
        above = self.above.get(node)
        if isinstance(above, ast.Call) and above.func is node:
            return self._is_looked_at(above)
        match above:
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[asked]):
                return asked is node
        return self._asks(above, ("print", "len"))

    def _asks(self, call: ast.AST | None, functions: Container[str] = ASKING) -> bool:
        """Whether a call is one of Python's own that keeps nothing of what it gets."""
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return False
        return call.func.id in functions and call.func.id not in self.names.taken

    def _is_a_method(self, node: ast.Name) -> bool:
        """Whether a method that sets attributes is taken out of its class's body."""
        above = self.above.get(node)
        around = self.scope.around(node, (ast.ClassDef, *FUNCTIONS))
        if not isinstance(around, ast.ClassDef) or node.id not in self.names.storing:
            return False
        named = isinstance(above, ast.Assign) and above.value is node
        return not (named or isinstance(above, ast.Attribute)) and any(
            getattr(each, "name", "") == node.id for each in around.body
        )

    def _used(self, node: ast.expr, path: str) -> Found:
        """A path in use that is the value of no other attribute."""
        above = self.above.get(node)
        if self._is_a_setting(node, path):
            return
        if path == "pickle.loads" and self._copies(above):
            return
        if path == "os.fdopen" and self._is_of_a_new_file(above):
            return
        if path == "sys.modules" and self._is_looked_at(node):
            return
        if what := of_module(path):
            yield node, what
        elif path in LOADING and not self.scope.is_called(node):
            yield node, HIDDEN  # with arguments that are given elsewhere
        elif path in NAMING:
            args = above.args if isinstance(above, ast.Call) else ()
            if not (self.scope.is_called(node) and all(map(self._is_plain, args))):
                yield node, HIDDEN
        elif first_name(node) in self.names.rebound:
            return
        elif path in CHANGING:
            if not self._changes_its_own(node):
                yield node, OTHERS
        elif modules_along(path)[-1]:
            if not self._is_named_only(node):
                yield above if isinstance(above, ast.expr) else node, A_MODULE
        elif isinstance(above, ast.Call) and node in above.args:
            owner = getattr(above.func, "value", None)
            if (
                isinstance(owner, ast.Name)
                and owner.id in self.names.classes
                and last_name(above.func) not in self.names.of_classes
            ):
                yield above, OTHERS  # it would be the method's `self`

    def _is_a_setting(self, node: ast.expr, path: str) -> bool:
        """Whether figures get a look that is written out, and runs no code."""
        above = self.above.get(node)
        if not re.fullmatch(LOOK, path):
            return False
        values: list[ast.expr] = []
        if isinstance(above, ast.Call) and node is above.func:
            values = above.args
        elif isinstance(above, ast.Subscript) and path.endswith("rcParams"):
            values = [above.slice]
        words = {word for value in values for word in self.texts.of(value) or {ANY}}
        for keyword in getattr(above, "keywords", ()):
            words |= {keyword.arg or ANY} | self.texts.of(keyword.value)
        return bool(words) and all(re.fullmatch(LOOKS, word) for word in words)

    def _copies(self, call: ast.AST | None) -> bool:
        """Whether it is ``pickle.loads(pickle.dumps(...))``, which copies."""
        match call:
            case ast.Call(_, [ast.Call(dumps)], []):
                return self.names.path(dumps) == "pickle.dumps"
        return False

    def _is_of_a_new_file(self, call: ast.AST | None) -> bool:
        """Whether it opens the handle that ``tempfile.mkstemp`` has given."""
        if not isinstance(call, ast.Call) or not call.args:
            return False
        values = self.scope.binding(call.args[0])[1] or [None]
        made = [v.value if isinstance(v, ast.Subscript) else None for v in values]
        calls = [each.func for each in made if isinstance(each, ast.Call)]
        paths = {*map(self.scope.path, calls)}
        return len(calls) == len(values) and paths == {"tempfile.mkstemp"}

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
        return self.scope.is_defined(to) or isinstance(to, ast.Lambda | ast.Call)

    def _is_plain(self, node: ast.expr) -> bool:
        """Whether it can only be the name of an attribute that answers use."""
        texts = self.texts.of(node)
        return bool(texts) and not any(
            is_foreign(name)
            or ANY in name
            or name in self.names.storing | {"modules"}
            or (name.startswith("_") and name not in self.names.own_private)
            for text in texts
            for name in text.split(".")
        )

    def _is_named_only(self, node: ast.expr) -> bool:
        """Whether a module gets another name, or is asked for a part."""
        above = self.above.get(node)
        if isinstance(above, ast.NamedExpr):
            return self._is_named_only(above)
        if isinstance(above, ast.BoolOp) and isinstance(above.op, ast.And):
            return node is not above.values[-1] or self._is_named_only(above)
        if isinstance(above, ast.If | ast.IfExp | ast.While):
            return above.test is node
        while isinstance(above, ast.Tuple | ast.List):
            above = self.above.get(above)
        if isinstance(above, ast.Assign | ast.AnnAssign | ast.arguments):
            in_class = isinstance(self.above.get(above), ast.ClassDef)
            return not in_class and any(value is node for _, value in bindings(above))
        default = isinstance(above, ast.Call) and above.args[2:] == [node]  # of getattr
        return (self._asks(above) and not default) or isinstance(above, ast.Expr)

    def _part(self, node: ast.expr, owner: ast.expr, name: str) -> Found:
        """What is asked of an object: ``owner.name``, or the same by text."""
        above = self.above.get(node)
        if is_odd(name) and name not in ARITHMETIC:
            if not self._looks_after_itself(node, owner, name):
                yield node, FOREIGN
        elif what := ATTRIBUTES.get(name):
            yield node, what
        elif self._lends_its_self(node, owner, name):
            yield node, OTHERS
        elif name in ("__enter__", "enter_context"):
            if not self._ends(node, owner, name):
                yield above if isinstance(above, ast.Call) else node, OTHERS
        elif path := self.scope.path(owner):
            whole = f"{path}.{name}"
            if not isinstance(above, ast.Attribute):
                yield from self._used(node, whole)
            held = path.rpartition(".")[2].islower() and not is_module(path)
            put = held and name in PUTTING and self.scope.is_called(node)
            if put and path != "os.environ" and not self._is_a_setting(node, whole):
                yield above or node, OTHERS
        elif name in AS_PARTS or (
            name == "modules" and isinstance(above, ast.Subscript)
        ):
            yield node, FOREIGN
        elif name.startswith("register_module_"):
            yield node, OTHERS
        elif name == "__init__" and not (is_super(owner) or self._is_of_self(node)):
            yield above if isinstance(above, ast.Call) else node, OTHERS

    def _looks_after_itself(self, node: ast.expr, owner: ast.expr, name: str) -> bool:
        """Whether an object asks for the attributes that it has itself."""
        if name in OWN:
            return is_super(owner) or self._is_of_self(node)
        return name == "__module__" or (
            name == "__dict__" and self.scope.is_self(owner)
        )

    def _ends(self, node: ast.expr, owner: ast.expr, name: str) -> bool:
        """Whether what is entered is left again, by a ``with`` around it."""
        if name == "enter_context":
            return getattr(owner, "id", "") in self.managed
        method = self.scope.around(node, FUNCTIONS)
        if getattr(method, "name", "") != name:
            return False
        return is_super(owner) or first_name(owner) == "self"

    def _lends_its_self(self, node: ast.expr, owner: ast.expr, name: str) -> bool:
        """Whether a method that sets attributes could be called with any object."""
        if name not in self.names.storing - self.names.of_classes:
            return False
        of_class = isinstance(owner, ast.Name) and owner.id in self.names.classes
        if not (of_class or of_a_type(owner)) or self.scope.is_own(owner):
            return False
        return not (is_super(owner) or self._is_of_self(node))

    def _getattr(self, node: ast.Call) -> Found:
        if len(node.args) < 2 or isinstance(node.args[0], ast.Starred):
            yield node, HIDDEN
            return
        owner, name = node.args[:2]
        while isinstance(name, ast.Call) and last_name(name.func) in CASES:
            name = getattr(name.func, "value", node)
        own, path = self.scope.is_self(owner), self.scope.path(owner)
        method = self.scope.around(node, FUNCTIONS)
        # Whoever calls it says which, and is known here if the answer does.
        python = getattr(method, "name", "") == "__getattr__"  # which says any name
        asked = (path in BY_NAME and not python) if path else own or python
        texts = self.texts.of(node.args[1])
        of_others = path and OF_A_MODEL in texts  # which could be called anything
        asked = asked and isinstance(name, ast.Name | ast.Attribute)
        if path and asked and self.texts.is_handed_on(self.scope.binding(name)[0]):
            asked = False
        if of_others or not (texts or asked):
            yield node, HIDDEN
        for text in texts:
            if ANY in text:
                if could_be_foreign(text.split(ANY)):
                    yield node, HIDDEN
            elif is_foreign(text) or (text in self.names.storing and not own):
                yield node, FOREIGN
            elif isinstance(name, ast.Constant):
                yield from self._part(node, owner, text)
            elif path and (what := of_module(f"{path}.{text}")):
                yield node, what
