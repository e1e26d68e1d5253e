"""Write what instructors and students read about submissions: HTML without scripts.

Every page forbids scripts and the network by its content security policy, and escapes
all that a student wrote.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from markupsafe import Markup

from course.figures import show_band, show_value
from course.report import pictures, templates
from course.submission import Lesson, grade_id, is_solution


def write_feedback(
    path: Path,
    student: str,
    name: str,
    record: Mapping[str, Any],
    lesson: Lesson | None,
) -> None:
    """Write what a student gets back: points, messages and their own code.

    Parameters
    ----------
    path : Path
        The page.
    student, name : str
        Who, and which lesson or file.
    record : mapping
        From :func:`course.grade.grade_one`.
    lesson : Lesson or None
        None where the file belongs to no lesson.
    """
    _write(path, "submission.html.j2", **_submission(student, name, record, lesson))


def write_comparison(
    path: Path,
    student: str,
    record: Mapping[str, Any],
    lesson: Lesson,
    submitted,
    metrics: list[dict[str, Any]],
    metrics_note: str,
) -> None:
    """Write a submission beside the solution, for instructors.

    Parameters
    ----------
    path : Path
        The page.
    student : str
    record : mapping
        From :func:`course.grade.grade_one`.
    lesson : Lesson
    submitted : NotebookNode
        With outputs; its pictures are set beside the solution's.
    metrics : list of dict
        Recorded figures, with verdicts.
    metrics_note : str
        What they come from.
    """
    reference = {name: _answer(cell) for name, cell in lesson.cells("solution").items()}

    def diff(part: str) -> Markup:
        table = difflib.HtmlDiff(tabsize=4, wrapcolumn=76).make_table(
            record["code"].get(part, "").splitlines(),
            reference[part].splitlines(),
            "submitted",
            "reference",
        )
        return Markup(table)  # HtmlDiff escapes both texts

    _write(
        path,
        "submission.html.j2",
        **_submission(student, lesson.name, record, lesson)
        | {
            "diff": diff,
            "model": reference.__getitem__,
            "metrics": metrics,
            "metrics_note": metrics_note,
            "pictures": list(side_by_side(submitted, lesson.solution)),
            "extra": added(submitted, lesson),
        },
    )


def _submission(
    student: str, name: str, record: Mapping[str, Any], lesson: Lesson | None
) -> dict[str, Any]:
    above = solutions_above(lesson) if lesson else {}
    return {
        "student": student,
        "lesson": name,
        "record": record,
        "parts": lambda check: above.get(check, []),
        **dict.fromkeys(("diff", "model", "metrics", "pictures", "extra")),
        "metrics_note": "",
        "show_band": show_band,
        "show_value": show_value,
    }


def solutions_above(lesson: Lesson) -> dict[str, list[str]]:
    """For each check, the solution cells since the check before it."""
    found: dict[str, list[str]] = {}
    waiting: list[str] = []
    for name, cell in lesson.cells("solution").items():
        if cell.cell_type != "code":
            continue
        if is_solution(cell):
            waiting.append(name)
        else:
            found[name], waiting = waiting, []
    return found


def _answer(cell) -> str:
    """A solution cell without nbgrader's marks."""
    marks = ("### BEGIN", "### END", "# ### BEGIN", "# ### END")
    lines = cell.source.splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith(marks))


def side_by_side(submitted, solution):
    """Pair pictures by the heading they stand under, in order."""
    groups: dict[str, tuple[list, list]] = {}
    for side, notebook in enumerate((submitted, solution)):
        for picture in pictures(notebook):
            groups.setdefault(picture.heading, ([], []))[side].append(picture)
    for heading, (mine, ours) in groups.items():
        for pair in zip_longest(mine, ours):
            yield (heading, *pair)


def added(submitted, lesson: Lesson) -> list[str]:
    """Code that did not come with the lesson and is no exercise."""
    given = {cell.source.strip() for cell in lesson.release.cells}
    return [
        cell.source
        for cell in submitted.cells
        if cell.cell_type == "code"
        and grade_id(cell) is None
        and cell.source.strip()
        and cell.source.strip() not in given
    ]


def write_summary(
    path: Path,
    lessons: Mapping[str, list[dict]],
    pairs: Mapping[str, list[dict]],
    students: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write how a class did.

    Parameters
    ----------
    path : Path
        The page.
    lessons : mapping
        From :func:`course.grade.distributions`.
    pairs : mapping
        Lesson to :func:`course.copying.similar_pairs`.
    students : mapping
        Name to lesson to record.
    """
    refused = [
        (student, name, record["reason"])
        for student, mine in sorted(students.items())
        for name, record in mine.items()
        if record["reason"]
    ]
    totals = {name: _histogram(students, name) for name in lessons}
    _write(
        path,
        "summary.html.j2",
        lessons=lessons,
        pairs=pairs,
        students=students,
        refused=refused,
        totals=totals,
    )


def _histogram(students, lesson: str) -> dict[str, Any]:
    scores = [mine[lesson]["score"] for mine in students.values() if lesson in mine]
    counts = [0] * 10
    for score in scores:
        counts[min(int(score // 10), 9)] += 1
    labels = [f"{10 * i}-{10 * i + 9}" for i in range(9)] + ["90-100"]
    most = max(counts) or 1
    words = ", ".join(
        f"{count} with {label}" for count, label in zip(counts, labels, strict=True)
    )
    bars = [
        {"count": count, "label": label, "height": 90 * count // most}
        for count, label in zip(counts, labels, strict=True)
    ]
    return {"bars": bars, "words": f"Automatic points of the students: {words}"}


def _write(path: Path, template: str, **content: Any) -> None:
    page = templates().get_template(template).render(**content)
    part = path.with_name(f"{path.name}.part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)
