"""List pairs of submissions whose code is the same but for names and layout.

A place to look, not a verdict: short exercises are often the same by nature, so what
is also the solution's way, or many students' way, does not count.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from course.grading.submission import Lesson

COMMON = 0.1  # of a class; an answer that more students share says nothing,
FRIENDS = 4  # but in a small class so many still do
LEAST = 0.3  # of a submission's code
LONGEST = 100_000  # characters of an exercise


@dataclass(frozen=True)
class Pair:
    """Two students with code in common."""

    students: tuple[str, str]
    similarity: float
    """Share of the pair's own code that is the same, 0 to 1."""
    exercises: list[str]


class _Rename(ast.NodeTransformer):
    """Give a piece of code's own names numbers in the order they appear."""

    def __init__(self, parameters: set[str]):
        self.numbers: dict[str, str] = {}
        self.parameters = parameters

    def _new(self, name: str) -> str:
        if hasattr(builtins, name):
            return name
        return self.numbers.setdefault(name, f"name{len(self.numbers)}")

    def visit_Name(self, node):
        return ast.Name(self._new(node.id), node.ctx)

    def visit_arg(self, node):
        return ast.arg(self._new(node.arg))

    def visit_keyword(self, node):
        self.generic_visit(node)
        if node.arg in self.parameters:
            node.arg = self._new(node.arg)
        return node

    def visit_alias(self, node):
        if node.asname:
            node.asname = self._new(node.asname)
        return node

    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        node.name = node.name and self._new(node.name)
        return node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        node.name, node.returns = self._new(node.name), None
        return node

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        node.name = self._new(node.name)
        return node


def normal(source: str) -> str:
    """Code without names of its own, layout, comments and docstrings.

    Parameters
    ----------
    source : str

    Returns
    -------
    str
        The same for two pieces that differ in these only; empty if it cannot be read
        or is too long for an exercise.
    """
    if len(source) > LONGEST:
        return ""
    try:
        tree = ast.parse(source)
        given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        return ast.dump(_Rename(given).visit(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def similar_pairs(code: Mapping[str, Mapping[str, str]], lesson: Lesson) -> list[Pair]:
    """Find pairs with unusual code in common.

    Parameters
    ----------
    code : mapping
        Student to exercise to source.
    lesson : Lesson
        Its solution, and what was released, do not count as copied.

    Returns
    -------
    list of Pair
        The most similar first.
    """
    innocent = {
        name: {normal(cell.source), normal(lesson.cells("release")[name].source), ""}
        for name, cell in lesson.cells("solution").items()
    }
    own: dict[str, dict[str, str]] = {}
    for student, cells in code.items():
        texts = {name: normal(source) for name, source in cells.items()}
        own[student] = {
            name: text
            for name, text in texts.items()
            if text not in innocent.get(name, {""})
        }
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student, texts in own.items():
        for name, text in texts.items():
            groups[name, text].append(student)
    most = max(FRIENDS, COMMON * len(code))
    shared: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for (name, text), students in groups.items():
        if 2 <= len(students) <= most:
            for pair in combinations(sorted(students), 2):
                shared[pair][name] = len(text)
    found = []
    for (one, other), lengths in shared.items():
        whole = max(sum(map(len, own[each].values())) for each in (one, other))
        similarity = sum(lengths.values()) / whole
        if similarity >= LEAST:
            found.append(Pair((one, other), round(similarity, 3), sorted(lengths)))
    return sorted(found, key=lambda pair: (-pair.similarity, pair.students))
