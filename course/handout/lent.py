"""The answers that checks lend and stand in with, out of the complete lessons."""

from __future__ import annotations

import ast
import json
import re
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat

SOLUTION_MARK = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.M)


def lent_answers(lessons: list[Path]) -> bytes:
    """Collect what checks lend and stand in with: each exercise's answers.

    Parameters
    ----------
    lessons : list of Path
        Complete lessons, ``.ipynb``.

    Returns
    -------
    bytes
        JSON: lesson number to ``given``, the source of what answers rest on (imports
        from libraries, functions that the lesson gives), and ``answers``, name to
        source and name of its check.
    """
    kept: dict[str, dict[str, Any]] = {}
    for lesson in lessons:
        cells = [
            cell
            for cell in nbformat.read(lesson, as_version=4).cells
            if cell.cell_type == "code"
        ]
        graded = [cell for cell in cells if "nbgrader" in cell.metadata]
        answers: dict[str, dict[str, str]] = {}
        for above, below in pairwise(graded):
            check = re.match(r"checks\.(\w+)\(", below.source)
            if not check or not above.metadata["nbgrader"]["solution"]:
                continue
            source = SOLUTION_MARK.sub("", above.source)
            for part in ast.parse(source).body:
                if isinstance(part, ast.FunctionDef | ast.ClassDef):
                    text = _with_decorators(source, part)
                    answers[part.name] = {"check": check[1], "source": text}
        kept[lesson.name[:2]] = {
            "given": _given([cell for cell in cells if cell not in graded], answers),
            "answers": answers,
        }
    return json.dumps(kept).encode()


def _with_decorators(source: str, part: ast.FunctionDef | ast.ClassDef) -> str:
    first = min([part.lineno, *(each.lineno for each in part.decorator_list)])
    return "\n".join(source.splitlines()[first - 1 : part.end_lineno])


def _given(cells: list, answers: dict[str, dict[str, str]]) -> str:
    """What answers rest on that no exercise asks for: imports, functions, literals."""
    imports: dict[str, None] = {}
    given: dict[str, str] = {}
    for cell in cells:
        source = re.sub(r"^[%!]", "#", cell.source, flags=re.M)
        for part in ast.parse(source).body:
            if isinstance(part, ast.FunctionDef | ast.ClassDef):
                given[part.name] = _with_decorators(source, part)
                continue
            if (name := _sets_literal(part)) and name not in given:
                given[name] = ast.unparse(part)
            for node in ast.walk(part):
                ours = getattr(node, "module", "") or ""
                imported = isinstance(node, ast.Import | ast.ImportFrom)
                if imported and not ours.startswith("helpers"):
                    imports[ast.unparse(node)] = None
    needed: dict[str, str] = {}
    sources = [answer["source"] for answer in answers.values()]
    while sources:
        words = set(re.findall(r"\w+", sources.pop()))
        # In the lesson's order, so that a set's order changes no byte.
        for name in [each for each in given if each in words and each not in needed]:
            needed[name] = given[name]
            sources.append(given[name])
    return "\n".join([*imports, *needed.values()])


def _sets_literal(part: ast.stmt) -> str:
    """The name to which a statement gives a literal, such as a parameter; or ""."""
    target = part.targets[0] if isinstance(part, ast.Assign) else None
    if not isinstance(part, ast.Assign) or not isinstance(target, ast.Name):
        return ""
    try:
        ast.literal_eval(part.value)
    except ValueError:
        return ""
    return target.id


def lends(lent: Path, answers: bytes) -> bool:
    """Whether the file holds these (compressed bytes differ between zlib versions)."""
    try:
        return zlib.decompress(lent.read_bytes()) == answers
    except (OSError, zlib.error):
        return False
