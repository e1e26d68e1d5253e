"""Where a name in an answer is bound, and what it stands for there."""

from __future__ import annotations

import ast
from collections import defaultdict

from course.grading.machinery import VALUES
from course.grading.meanings import (
    Names,
    assigned,
    bindings,
    first_name,
    last_name,
    name_bound_by,
    type_asked,
)

SHARING = ast.Global | ast.Nonlocal
Bound = dict[str, list[ast.expr | None]]

# Decorators of methods whose function gets the object, or the class, of the call.
WRAPS = "functools.wraps"
OF_METHODS = {"property", "classmethod"}
OF_PROPERTIES = {"setter", "getter", "deleter"}
HANDING_ON = {
    *("torch.no_grad", "torch.enable_grad", "torch.inference_mode", "torch.autocast"),
    *("functools.cached_property", "functools.cache", "functools.lru_cache"),
    *(WRAPS, "contextlib.contextmanager", "abc.abstractmethod"),
    *("typing.override", "typing.final", "typing.overload", "tensorflow.function"),
    *("typing_extensions.override", "typing_extensions.final", "torch.compile"),
}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda)
SCOPES += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _is_inside(scope: ast.AST, part: ast.AST) -> bool:
    """Whether what a scope binds holds in a part of it."""
    if isinstance(scope, ast.Lambda):
        return part is scope.body
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return part in scope.body
    return True


def _bound_in(scope: ast.AST) -> Bound:
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
        elif isinstance(node, SHARING):
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
    """What names mean within the statements of answers.

    Parameters
    ----------
    tree : ast.AST
        A statement, or a module of them.
    names : Names
        Of all answers.

    Attributes
    ----------
    above : dict
        Each node to the one that it is part of.
    top : dict
        What a module binds, outside of its functions.
    """

    def __init__(self, tree: ast.AST, names: Names):
        self.names, self.tree = names, tree
        self.above = {
            below: node
            for node in ast.walk(tree)
            for below in ast.iter_child_nodes(node)
        }
        self._bound: dict[ast.AST, Bound] = {}
        self.top: Bound = _bound_in(tree) if isinstance(tree, ast.Module) else {}
        for node in ast.walk(tree):
            for name in node.names if isinstance(node, SHARING) else ():
                self.top[name] = [*self.top.get(name, ()), None]

    def path(self, node: ast.AST | None) -> str:
        """The full name of a part of a module; empty if it is something else."""
        own = isinstance(node, ast.expr) and self.is_own(node)
        return "" if own else self.names.path(node)

    def is_called(self, node: ast.AST) -> bool:
        """Whether a name or a part is called where it stands."""
        above = self.above.get(node)
        return isinstance(above, ast.Call) and above.func is node

    def is_named(self, node: ast.AST) -> bool:
        """Whether a thing gets another name, under which it is read, too."""
        above = self.above.get(node)
        if isinstance(above, ast.Assign):
            of_class = isinstance(self.above.get(above), ast.ClassDef)
            return not of_class and all(isinstance(t, ast.Name) for t in above.targets)
        return isinstance(above, ast.arguments | ast.NamedExpr | ast.Expr)

    def own_attributes(self) -> set[str]:
        """What answers set on their own objects and functions, or bind as a name."""
        return {
            target.attr
            for node in ast.walk(self.tree)
            for target, _ in assigned(node)
            if isinstance(target, ast.Attribute) and self.is_defined(target.value)
        } | (self.names.attributes | self.names.taken)

    def is_own(self, node: ast.expr) -> bool:
        """Whether a name, or what a dotted one begins with, is a function's own.

        A name that a function gives to a module is not.
        """
        values = self.binding(node)[1]
        return values is not None and not any(map(self.names.path, values))

    def is_defined(self, node: ast.AST | None) -> bool:
        """Whether a name is that of an answer's function or class, and no other's."""
        if not isinstance(node, ast.Name) or self.is_own(node):
            return False
        name = node.id
        defined = name in self.names.functions | self.names.classes
        return defined and name not in self.top and name not in self.names.paths

    def is_made_here(self, node: ast.Name) -> bool:
        """Whether a name stands for nothing but new objects of the answers' making."""
        values = self.binding(node)[1] or self.top.get(node.id)
        return bool(values) and all(map(self._makes, values or ()))

    def _makes(self, value: ast.expr | None) -> bool:
        if not isinstance(value, ast.Call):
            return False
        kind = value.func
        if method := self._method(kind):
            return "classmethod" in map(last_name, method.decorator_list)
        if self.is_own_type(kind):
            return True
        last = self.path(kind).rpartition(".")[2]
        if last[:1].isupper():
            return last not in VALUES and not last.endswith(("Tensor", "Parameter"))
        known = self.is_defined(kind) and isinstance(kind, ast.Name)
        return known and kind.id in self.names.makers

    def is_own_type(self, node: ast.expr) -> bool:
        """Whether it is the class of the method's own object: ``type(self)``."""
        python = not (isinstance(node, ast.Call) and "type" in self.names.taken)
        return python and self.is_self(type_asked(node))

    def binding(self, node: ast.expr) -> tuple[ast.AST, list[ast.expr | None] | None]:
        """The function that binds a name where it stands, and to what.

        None if no function does; None among the values is one that nothing says.
        """
        name = first_name(node)
        below: ast.AST = node
        while name and (around := self.above.get(below)) is not None:
            if isinstance(around, SCOPES) and _is_inside(around, below):
                if around not in self._bound:
                    self._bound[around] = _bound_in(around)
                if name in self._bound[around]:
                    return around, self._bound[around][name]
            below = around
        return self.tree, None

    def around(self, node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> ast.AST | None:
        """The innermost of some kinds of nodes that a node is part of."""
        below = node
        while (below := self.above.get(below)) is not None:
            if isinstance(below, kinds):
                return below
        return None

    def is_self(self, name: ast.expr | None) -> bool:
        """Whether a name is the object of the method that it stands in."""
        return self._method(name) is not None

    def _hands_on_self(self, decorator: ast.expr) -> bool:
        """Whether a decorated method is called with its own object, or its class."""
        if isinstance(decorator, ast.Name) and decorator.id in OF_METHODS:
            return decorator.id not in self.names.taken
        if isinstance(decorator, ast.Attribute) and decorator.attr in OF_PROPERTIES:
            return self._is_a_property(decorator.value)
        if self._passes_on(decorator):
            return True
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        rebound = first_name(called) in self.top
        return not rebound and self.path(called) in HANDING_ON

    def _is_a_property(self, node: ast.expr) -> bool:
        """Whether a class has made a property of that name, and nothing else."""
        around = self.around(node, (ast.ClassDef,))
        if not isinstance(node, ast.Name) or not isinstance(around, ast.ClassDef):
            return False
        made = [each for each in around.body if name_bound_by(each) == node.id]
        ways = [each.decorator_list for each in made if isinstance(each, FUNCTIONS)]
        bound = {**_bound_in(around), **self.top}
        plain = len(ways) == len(made) and node.id not in bound
        return plain and any("property" in map(last_name, each) for each in ways)

    def _passes_on(self, decorator: ast.expr) -> bool:
        """Whether an answer's own decorator calls what it gets with what it is given.

        It returns that, or a function within it that hands on its first argument.
        """
        body = getattr(self.tree, "body", ())
        named = first_name(decorator) if self.is_defined(decorator) else None
        made = [each for each in body if name_bound_by(each) == named]
        outer = made[0] if len(made) == 1 else None
        if not isinstance(outer, ast.FunctionDef) or len(outer.args.args) != 1:
            return False
        given = outer.args.args[0].arg
        inner = [each for each in outer.body if isinstance(each, FUNCTIONS)]
        made = {given, *(each.name for each in inner)}
        named = [n for n in ast.walk(outer) if isinstance(n, ast.Name) and n.id in made]
        within = [each for function in inner for each in function.decorator_list]
        return (
            len(made) == len(inner) + 1
            and not _bound_in(outer).keys() - {given}
            and not outer.decorator_list
            and all(self.names.path(getattr(w, "func", w)) == WRAPS for w in within)
            and all(self._is_passed_on(node, node.id == given) for node in named)
        )

    def _is_passed_on(self, node: ast.Name, function: bool) -> bool:
        """Whether a function is returned, wrapped, or called as the one around it."""
        above = self.above.get(node)
        if isinstance(above, ast.Return):
            return True
        if not isinstance(above, ast.Call) or not function:
            return False
        if node in above.args:
            return self.path(above.func) == WRAPS
        around = self.around(node, FUNCTIONS)
        outer = self.above.get(around) if around else None
        if not isinstance(around, FUNCTIONS) or not above.args:
            return False
        if outer is None or self.above.get(outer) is not self.tree:
            return False
        first, own = above.args[0], [*around.args.args]
        if isinstance(first, ast.Starred):
            first, own = first.value, [] if own else [around.args.vararg]
        name = own[0].arg if own and own[0] else ""
        same = isinstance(first, ast.Name) and first.id == name
        return same and self.binding(first) == (around, [None])

    def _method(self, name: ast.AST | None) -> ast.FunctionDef | None:
        """The method whose own object a name is."""
        node = name
        while node is not None and isinstance(name, ast.Name):
            node = self.around(node, (ast.FunctionDef,))
            if not isinstance(node, ast.FunctionDef):
                break
            every = [*node.args.posonlyargs, *node.args.args]
            if every and every[0].arg == name.id:
                assigned = any(
                    isinstance(part, ast.Name)
                    and part.id == name.id
                    and not isinstance(part.ctx, ast.Load)
                    for part in ast.walk(node)
                )
                is_method = (
                    isinstance(self.above.get(node), ast.ClassDef)
                    and all(map(self._hands_on_self, node.decorator_list))
                    and not assigned
                    and not node.args.defaults[len(every) - 1 :]
                )
                return node if is_method else None
        return None
