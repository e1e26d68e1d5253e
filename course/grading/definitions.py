"""A submission's answers alone: its definitions, and no other statement of it.

A notebook can do anything to the process that judges it, but not by defining a
function. What is judged first is therefore only this: the lesson's own cells, and of
what the student wrote the imports and those functions, classes and values that graded
cells rest on. Statements that do something (calls, loops, assignments into objects)
are left out; if points are lacking then, the whole notebook is run as well, and what
it earns only there is shown to the instructor, with the statements left out.
"""

from __future__ import annotations

import ast
import copy
import re
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import zip_longest

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbgrader.utils import is_locked

from course.grading.cell_names import DEFINING, names_bound, names_read, tree_of
from course.grading.submission import Lesson, without_idle_cells
from course.notebook import grade_id

IMPORTING = ast.Import | ast.ImportFrom
# Of one student's code in a notebook. What is beyond is not read, only run: reading
# would take minutes, and no answer is a twentieth as long.
MOST_LINES = 10_000
MOST_CHARACTERS = 500_000


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell that a student wrote."""

    cell: str
    """What people call the cell."""
    line: int
    """In the cell, from 1."""
    text: str
    node: ast.stmt

    def __str__(self) -> str:
        first = self.text.splitlines()[0].strip()
        shown = first if len(first) <= 90 else f"{first[:87]}..."
        return f"{self.cell}, line {self.line}: `{shown}`"


@dataclass
class Definitions:
    """What is judged first."""

    notebook: nbformat.NotebookNode
    """The answers' definitions and the lesson's cells that graded cells rest on."""
    kept: list[Statement] = field(default_factory=list)
    """What the student wrote of it."""
    left_out: list[Statement] = field(default_factory=list)
    """Statements that do something, and are not in it."""
    given: list[ast.stmt] = field(default_factory=list)
    """What the lesson's own cells in it say, whose names answers use."""
    moved: bool = False
    """Whether its answers and checks stood in another order than the lesson's."""


def definitions_of(prepared: nbformat.NotebookNode, lesson: Lesson) -> Definitions:
    """Reduce a submission to its answers' definitions.

    Parameters
    ----------
    prepared : NotebookNode
        From :func:`course.grading.submission.prepare`.
    lesson : Lesson

    Returns
    -------
    Definitions
    """
    given = Counter(cell.source.strip() for cell in lesson.release.cells)
    locked = {
        name for name, cell in lesson.cells("solution").items() if is_locked(cell)
    }
    theirs: dict[int, list[Statement]] = {}
    lines = characters = 0
    needed: set[str] = set()
    # Whatever has become of the cell that says so.
    checks = f"from helpers.checks import lesson{lesson.name[:2]} as checks"
    ours: list[ast.stmt] = ast.parse(checks).body
    for place, cell in enumerate(prepared.cells):
        if cell.cell_type != "code":
            continue
        name = grade_id(cell)
        if name in locked or (name is None and given[cell.source.strip()]):
            needed |= names_read(cell.source)
            tree = tree_of(cell.source)
            ours += tree.body if tree else ()
            continue
        size = cell.source.count("\n") + 1, len(cell.source)
        fits = lines + size[0] <= MOST_LINES and characters + size[1] <= MOST_CHARACTERS
        if fits:
            lines, characters = lines + size[0], characters + size[1]
        read = _statements if fits else _unread
        theirs[place] = read(cell.source, name or f"cell {place + 1}")
    everything = [each for statements in theirs.values() for each in statements]
    kept = _closure(everything, needed)
    cells = copy.deepcopy(prepared.cells)
    for place, statements in theirs.items():
        cells[place].source = _source([s for s in statements if id(s) in kept])
    ordered = _as_in_lesson(cells, lesson)
    notebook = without_idle_cells(nbformat.v4.new_notebook(cells=ordered), lesson)
    return Definitions(
        notebook,
        [each for each in everything if id(each) in kept],
        [each for each in everything if id(each) not in kept and _acts(each.node)],
        ours,
        moved=[*map(id, ordered)] != [*map(id, cells)],
    )


def _as_in_lesson(
    cells: list[nbformat.NotebookNode], lesson: Lesson
) -> list[nbformat.NotebookNode]:
    """Answers and checks in the lesson's order; all other cells in their places.

    A check lends the pack's own versions of what comes before it, which must not come
    into the hands of an answer that has not been judged.
    """
    order = {name: place for place, name in enumerate(lesson.cells("solution"))}
    placed = [cell for cell in cells if grade_id(cell) in order]
    placed.sort(key=lambda cell: order[grade_id(cell) or ""])
    following = iter(placed)
    return [next(following) if grade_id(cell) in order else cell for cell in cells]


def _source(statements: list[Statement]) -> str:
    """A cell that says just these statements: what runs is what has been read."""
    source = "\n".join(each.text for each in statements)
    wanted = [ast.dump(each.node) for each in statements]
    if (tree := _parse(source)) and [*map(ast.dump, tree[1].body)] == wanted:
        return source
    return "\n".join(ast.unparse(each.node) for each in statements)


def _parse(source: str) -> tuple[str, ast.Module] | None:
    """A cell as IPython reads it, in plain Python; None if it cannot run."""
    # What only measures or hides what a cell prints is no part of the answer.
    source = re.sub(r"\A(\s*)%%(time|capture)\b[^\n]*", r"\1", source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd line ends, odd escapes
            python = TransformerManager().transform_cell(source)
            return python, ast.parse(python)
    except Exception:  # noqa: BLE001 (IPython stumbles over odd text in many ways)
        return None


def _unread(source: str, cell: str) -> list[Statement]:
    """A cell as one statement that does something."""
    return [Statement(cell, 1, source.strip() or "?", ast.Raise())]


def _statements(source: str, cell: str) -> list[Statement]:
    """The statements of a cell; one that does something if it is no Python."""
    parsed = _parse(source)
    if parsed is None:
        return _unread(source, cell)
    python, tree = parsed
    # As `ast` counts them: lines from 1, bytes of a line from 0.
    lines = [line.encode() for line in python.split("\n")]
    found = []
    before = 0  # the line on which the statement above ends
    for node, after in zip_longest(tree.body, tree.body[1:]):
        first, last = _first_line(node), node.end_lineno or node.lineno
        rows = lines[first - 1 : last]
        # Of a line that it shares, behind a semicolon, only its own part.
        if after and _first_line(after) == last:
            rows[-1] = rows[-1][: node.end_col_offset]
        if first == before:
            rows[0] = rows[0][node.col_offset :]
        text = b"\n".join(rows).decode()
        found.append(Statement(cell, first, text, node))
        before = last
    return found


def _first_line(node: ast.stmt) -> int:
    """Where a statement begins, its decorators included."""
    above = (each.lineno for each in getattr(node, "decorator_list", ()))
    return min([node.lineno, *above])


def _closure(statements: list[Statement], needed: set[str]) -> set[int]:
    """Imports, and the definitions that the needed names rest on, however far."""
    binding: dict[str, list[Statement]] = defaultdict(list)
    heirs: dict[str, list[Statement]] = defaultdict(list)
    registered: dict[str, list[Statement]] = defaultdict(list)
    waiting = []
    for each in filter(lambda each: _defines(each.node), statements):
        for base in getattr(each.node, "bases", ()):
            if isinstance(base, ast.Name):
                heirs[base.id].append(each)
        if isinstance(each.node, IMPORTING):
            waiting.append(each)
        for name in _binds(each):
            binding[name].append(each)
    for each in (one for some in [*binding.values()] for one in some):
        for decorator in getattr(each.node, "decorator_list", ()):
            for name in names_read(ast.unparse(decorator)):
                makers = [
                    one for one in binding[name] if isinstance(one.node, DEFINING)
                ]
                for place in {name}.union(*(names_read(one.text) for one in makers)):
                    registered[place].append(each)
    kept: set[int] = set()
    names = set(needed)
    waiting += [each for name in needed for each in binding[name]]
    while waiting:
        each = waiting.pop()
        if id(each) not in kept:
            kept.add(id(each))
            new = names_read(each.text) - names
            names |= new
            waiting += [each for name in new for each in binding[name]]
            # What a class makes of its subclasses can be all that they are for.
            waiting += [one for name in _binds(each) for one in heirs[name]]
            # And a decorator of the answer's own may note in it what it decorates.
            if not isinstance(each.node, IMPORTING):
                waiting += [one for name in _binds(each) for one in registered[name]]
    return kept


def _binds(statement: Statement) -> set[str]:
    if isinstance(statement.node, DEFINING):
        return {statement.node.name}  # not what its body binds for itself
    return set(names_bound(ast.Module([statement.node], [])))


def _defines(node: ast.stmt) -> bool:
    """Whether a statement binds names, and does nothing to any object."""
    if isinstance(node, DEFINING | IMPORTING):
        return True
    if isinstance(node, ast.Assign):
        return all(map(_is_name, node.targets)) and not _is_lent(node)
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        return _is_name(node.target)
    if isinstance(node, ast.Try):  # try: import ... except ImportError: ...
        parts = [*node.body, *node.orelse, *node.finalbody]
        parts += [each for handler in node.handlers for each in handler.body]
        return all(_defines(part) or isinstance(part, ast.Pass) for part in parts)
    if isinstance(node, ast.With):  # an earlier version's cell of imports
        quiet = all(ast.unparse(each) == "quiet_start()" for each in node.items)
        return quiet and all(map(_defines, node.body))
    if isinstance(node, ast.If):
        return all(_defines(part) for part in [*node.body, *node.orelse])
    return False


def _is_lent(node: ast.Assign) -> bool:
    """Whether it is ``name = checks.lend("name")``, which earns nothing anyway."""
    called = node.value.func if isinstance(node.value, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr == "lend"


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name)


def _acts(node: ast.stmt) -> bool:
    """Whether a statement that is left out could have done anything at all."""
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Assign) and _is_lent(node)):
        return False
    if isinstance(node, DEFINING):  # nothing rests on it
        return bool(node.decorator_list)
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return not (_defines(node) and _is_constant(node.value))
    return not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _is_constant(value: ast.expr | None) -> bool:
    """Whether an expression calls and looks up nothing."""
    acting = ast.Call | ast.Attribute | ast.Subscript | ast.Await
    return value is None or not any(isinstance(n, acting) for n in ast.walk(value))
