"""Where an answer runs: who asks what stands there, and who only saves something."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from course.grading.machinery import HIDDEN, PROCESS
from course.grading.meanings import bindings, last_name, part_of
from course.grading.scopes import FUNCTIONS, Scope
from course.grading.texts import ANY, PATHS, Texts

Found = Iterator[tuple[ast.AST, str]]
# They say what stands where an answer runs, and where that is.
PLACES = {f"os.path.{name}" for name in ("exists", "isfile", "isdir", "lexists")}
PLACES |= {f"os.path.{name}" for name in ("getsize", "getmtime", "samefile")}
PLACES |= {"os.stat", "os.access", "os.getcwd", "pathlib.Path.cwd"}
OF_PATHS = {"exists", "is_file", "is_dir", "stat", "samefile"}
PLACES |= {f"pathlib.Path.{name}" for name in OF_PATHS}
# They make a folder, or save a figure, at the place that comes first.
SAVING = {"os.makedirs", "os.mkdir", "matplotlib.pyplot.savefig"}
FIGURES = {f"matplotlib.pyplot.{name}" for name in ("figure", "subplots", "gcf")}
NOTHING: frozenset = frozenset()


class Places:
    """Reads what is asked of folders and files."""

    def __init__(self, scope: Scope, texts: Texts):
        self.scope, self.texts = scope, texts
        self.names, self.above = scope.names, scope.above
        self.own = scope.own_attributes()

    def found(self, node: ast.AST) -> Found:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(
            node.ctx, ast.Load
        ):
            yield from self._named(node)
        elif isinstance(node, ast.Call):
            yield from self._call(node)

    def _named(self, node: ast.Name | ast.Attribute) -> Found:
        above, path = self.above.get(node), self.scope.path(node)
        called = isinstance(above, ast.Call) and above.func is node
        if path in PLACES and self.scope.around(node, FUNCTIONS):
            if path.endswith("cwd"):
                if not (called and self._is_saved_at(above)):
                    yield above or node, PROCESS
            elif not (called or self.scope.is_named(node)):
                yield above or node, PROCESS
        elif isinstance(node, ast.Attribute) and not path:
            yield from self._asked(node, node.value, node.attr)

    def _asked(self, node: ast.expr, owner: ast.expr, name: str) -> Found:
        """A path's method that is not called where it stands."""
        asked = name in OF_PATHS - self.own and not self.scope.is_called(node)
        if asked and not self._is_handed_in(owner):
            yield node, HIDDEN

    def _call(self, node: ast.Call) -> Found:
        func, path = node.func, self.scope.path(node.func)
        if isinstance(func, ast.Name) and func.id == "getattr" and len(node.args) > 1:
            for text in self.texts.of(node.args[1]):
                yield from self._asked(node, node.args[0], text)
        place = node.args[0] if node.args and path in PLACES else None
        part = part_of(func)
        if not path and part and part[1] in OF_PATHS - self.own:
            place = part[0]
        if place is None or not self.scope.around(node, FUNCTIONS):
            return
        if not (self._is_handed_in(place) or self._is_made_there(node, place)):
            yield node, PROCESS

    def _is_handed_in(self, place: ast.expr | None, seen: frozenset = NOTHING) -> bool:
        """Whether a path, or the folder that it begins with, is what a caller gives."""
        if isinstance(place, ast.Name):
            function, values = self.scope.binding(place)
            known = (function, place.id)
            return known in seen or all(
                value is None
                or (value is not place and self._is_handed_in(value, seen | {known}))
                for value in values or [place]
            )
        if isinstance(place, ast.Attribute):
            return all(text.startswith(ANY) for text in self.texts.of(place))
        if isinstance(place, ast.BinOp):
            return self._is_handed_in(place.left, seen)
        if isinstance(place, ast.JoinedStr):
            return bool(place.values) and self._is_handed_in(place.values[0], seen)
        if isinstance(place, ast.FormattedValue | ast.Subscript):
            return self._is_handed_in(place.value, seen)
        if isinstance(place, ast.Call) and self.scope.path(place.func) in PATHS:
            return bool(place.args) and self._is_handed_in(place.args[0], seen)
        return False

    def _is_saved_at(self, place: ast.expr, seen: frozenset = NOTHING) -> bool:
        """Whether a path only leads to where a folder is made, or a figure saved."""
        above = self.above.get(place)
        match above:
            case ast.BinOp(left, ast.Div()):
                plain = left is place and "__rtruediv__" not in self.names.taken
                return plain and self._is_saved_at(above, seen)
            case (
                ast.FormattedValue()
                | ast.JoinedStr()
                | ast.BoolOp(ast.Or())
                | ast.IfExp()  # a path is true
            ):
                return self._is_saved_at(above, seen)
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                return True  # `folder is None`
            case ast.Attribute(attr="mkdir"):
                return self._saved(self.above.get(above)) is place
            case ast.Call(func) if self.scope.path(func) in PATHS:
                return self._is_saved_at(above, seen)
            case ast.Call():
                return self._saved(above) is place
            case ast.Assign(targets):
                owner = self.scope.around(above, FUNCTIONS)
                names = [
                    each.id
                    for each in targets
                    if isinstance(each, ast.Name)
                    and self.scope.binding(each)[0] is owner
                ]
                names *= len(names) == len(targets)
            case ast.arguments():
                owner = self.above.get(above)
                names = [name for name, value in bindings(above) if value is place]
            case _:
                return False
        known = seen | {(owner, name) for name in names}
        return bool(names) and all(
            self._is_saved_at(use, known)
            for use in ast.walk(owner or place)
            if isinstance(use, ast.Name)
            and isinstance(use.ctx, ast.Load)
            and (self.scope.binding(use)[0], use.id) in known - seen
        )

    def _saved(self, call: ast.AST | None) -> ast.expr | None:
        """Where a call makes a folder, or saves a figure; None if it does more."""
        match call:
            case ast.Call(func, [place, *more]) if self.scope.path(func) in SAVING:
                pass
            case ast.Call(ast.Attribute(figure, "savefig"), [place, *more]):
                if not self._is_a_figure(figure):
                    return None
            case ast.Call(ast.Attribute(place, "mkdir"), more):
                if "mkdir" in self.own:
                    return None
            case _:
                return None
        more += [each.value for each in call.keywords]
        return place if all(isinstance(each, ast.Constant) for each in more) else None

    def _is_a_figure(self, node: ast.expr) -> bool:
        """Whether it is one that Matplotlib has made here."""
        values = self.scope.binding(node)[1] if isinstance(node, ast.Name) else [node]
        made = [each.value if isinstance(each, ast.Subscript) else each
                for each in values or ()]  # fmt: skip
        return bool(made) and all(
            isinstance(each, ast.Call) and self.scope.path(each.func) in FIGURES
            for each in made
        )

    def _is_made_there(self, asks: ast.Call, place: ast.expr) -> bool:
        """Whether where nothing is a folder is made, or a figure saved, and no more."""
        absent = self.above.get(asks)
        match self.above.get(absent or asks):
            case ast.If(ast.UnaryOp(ast.Not()) as test, body, []) if test is absent:
                calls = [getattr(each, "value", None) for each in body]
            case _:
                return False
        there = [self._saved(call) for call in calls]
        functions = [call.func for call in calls if isinstance(call, ast.Call)]
        methods = any(last_name(func) == "mkdir" for func in functions)
        return (
            isinstance(place, ast.Name | ast.Constant)
            and all(each and ast.dump(each) == ast.dump(place) for each in there)
            and (self._is_a_path(place) or not methods)
        )

    def _is_a_path(self, node: ast.expr | None) -> bool:
        """Whether it is made as one here, and by itself."""
        if isinstance(node, ast.Name):
            made = self.scope.binding(node)[1] or [None]
            return all(not isinstance(m, ast.Name) and self._is_a_path(m) for m in made)
        return isinstance(node, ast.Call) and self.scope.path(node.func) in PATHS
