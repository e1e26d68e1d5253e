"""Try right and wrong answers on an exercise's check, and make notebook cells of them.

A test file of one exercise holds four things at its top level, by these names::

    CHECK = checks.kl_divergence
    NAMES = ("kl_divergence",)  # what a notebook calls the answers
    RIGHT = [kl, lambda m, s: ...]  # a tuple each where an exercise has two answers
    WRONG = [(lambda m, s: -kl(m, s), "sign is flipped"), ...]  # words of its message
    test_right, test_wrong = trial(CHECK, RIGHT, WRONG)

Each right answer must pass and each wrong one fail on every single draw. The first
right one is tried on the notebook's draw, each other one on a hidden draw of its own; a
wrong one on the notebook's, where its message must have the right words. COURSE_DRAWS
says on how many instead; `make verify` takes 50 for all.
"""

from __future__ import annotations

import ast
import functools
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers.checks.base import CheckFailed
from helpers.checks.draws import VISIBLE

# A notebook's draws, then such as a hidden test brings.
DRAWS = [*VISIBLE, *(7_919 * number + 104_729 for number in range(1, 200))]
ASKED = int(os.environ.get("COURSE_DRAWS", 0))


def trial(
    check: Callable, right: Sequence[Any], wrong: Sequence[tuple[Any, str]]
) -> tuple[Callable, Callable]:
    """Make the two tests of an exercise's answers.

    Parameters
    ----------
    check : callable
    right : sequence
        Answers that must pass on every draw.
    wrong : sequence of (answer, words)
        Answers that must fail on every draw. Of the words, parts between " | " must
        all stand in the message that a notebook shows.

    Returns
    -------
    test_right, test_wrong : callable
    """

    @pytest.mark.parametrize("number", range(len(right)))
    def test_right(number, record_property, capfd):
        answers = _answers(right[number])
        note(record_property, check, "right", "F")
        for draw in DRAWS[:ASKED] or [DRAWS[number]]:
            shown = draw in VISIBLE
            check(*answers, draws=None if shown else [draw])
            out, err = capfd.readouterr()
            assert ("✓" in out) == shown, out
            assert not err
        note(record_property, check, "right", "p")

    @pytest.mark.parametrize("number", range(len(wrong)))
    def test_wrong(number, record_property):
        answer, words = wrong[number]
        answers = _answers(answer)
        note(record_property, check, "wrong", "p")
        for draw in DRAWS[: ASKED or 1]:
            with pytest.raises(CheckFailed) as failure:
                check(*answers, draws=[draw])
            if draw == VISIBLE[0]:  # what a notebook shows
                for part in words.split(" | "):
                    assert part in str(failure.value)
        note(record_property, check, "wrong", "F")

    return test_right, test_wrong


def _answers(answer: Any) -> tuple:
    return answer if isinstance(answer, tuple) else (answer,)


def note(record_property: Callable, check: Callable, kind: str, seen: str) -> None:
    """Leave word for the matrix that tests/conftest.py prints; the last one counts."""
    lesson = re.search(r"lesson\d\d", check.__module__)
    record_property("check", (lesson[0] if lesson else "", kind, check.__name__, seen))


def as_cell(file: Path, table: str, number: int) -> str:
    """Write an answer of a test file as the code of a student's cell.

    Parameters
    ----------
    file : Path
        A test file as above.
    table : {"RIGHT", "WRONG"}
    number : int
        Which answer, from 0.

    Returns
    -------
    str
        The answer with all that it rests on, inside a function of its own, so that
        none of the notebook's names is overwritten but those of ``NAMES``.
    """
    source, tree, at_top = _read(file)
    names = ast.literal_eval(at_top["NAMES"].value)
    element = at_top[table].value.elts[number]
    answer = element.elts[0] if table == "WRONG" else element
    wanted, queue = {id(answer)}, [answer]
    while queue:
        for node in ast.walk(queue.pop()):
            part = at_top.get(node.id) if isinstance(node, ast.Name) else None
            if part is not None and id(part) not in wanted:
                wanted.add(id(part))
                queue.append(part)
    parts = [
        _text(source, part)
        for part in tree.body
        if id(part) in wanted and not _is_of_tests(part)
    ]
    lines = [*parts, f"return {ast.get_source_segment(source, answer)}"]
    body = "\n".join(lines).replace("\n", "\n    ")
    return f"def _answer():\n    {body}\n\n\n{', '.join(names)} = _answer()\n"


@functools.cache
def _read(file: Path) -> tuple[str, ast.Module, dict[str, ast.stmt]]:
    """A test file, and which of its statements binds a name."""
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    return source, tree, {name: part for part in tree.body for name in _binds(part)}


def _binds(part: ast.stmt) -> list[str]:
    """Names that a statement of a module binds."""
    if isinstance(part, ast.FunctionDef | ast.ClassDef):
        return [part.name]
    if isinstance(part, ast.Import | ast.ImportFrom):
        return [(each.asname or each.name).split(".")[0] for each in part.names]
    if isinstance(part, ast.Assign):
        nodes = [node for target in part.targets for node in ast.walk(target)]
        return [node.id for node in nodes if isinstance(node, ast.Name)]
    return []


def _is_of_tests(part: ast.stmt) -> bool:
    module = getattr(part, "module", "") or ""
    return module.startswith(("helpers.checks", "tests", "pytest"))


def _text(source: str, part: ast.stmt) -> str:
    first = min(
        [part.lineno, *(each.lineno for each in getattr(part, "decorator_list", ()))]
    )
    return "\n".join(source.splitlines()[first - 1 : part.end_lineno])
