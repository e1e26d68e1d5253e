"""Write what instructors and students read about submissions: HTML without scripts.

Every page forbids scripts and the network by its content security policy, and escapes
all that a student wrote.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from course.files import templates, write_whole
from course.grading.copying import Pair
from course.grading.records import Record
from course.grading.submission import Lesson, is_solution
from course.grading.tables import Distribution
from course.notebook import grade_id
from course.run.figures import show_band, show_value
from course.run.report import Picture, pictures

LONGEST_LINE = 1_000


def write_feedback(
    path: Path,
    student: str,
    name: str,
    record: Record,
    lesson: Lesson | None,
) -> None:
    """Write what a student gets back: points, messages and their own code.

    Parameters
    ----------
    path : Path
        The page.
    student, name : str
        Who, and which lesson or file.
    record : Record
        From :func:`course.grading.one.grade_one`.
    lesson : Lesson or None
        None where the file belongs to no lesson.
    """
    _write(path, "submission.html.j2", **_submission(student, name, record, lesson))


def write_comparison(
    path: Path,
    student: str,
    record: Record,
    lesson: Lesson,
    submitted,
    metrics: list[dict[str, Any]],
    metrics_note: str,
    pictures_note: str = "",
) -> None:
    """Write a submission beside the solution, for instructors.

    Parameters
    ----------
    path : Path
        The page.
    student : str
    record : Record
        From :func:`course.grading.one.grade_one`.
    lesson : Lesson
    submitted : NotebookNode or None
        With outputs; its pictures are set beside the solution's. None if the file is
        no notebook.
    metrics : list of dict
        Recorded figures, with verdicts.
    metrics_note, pictures_note : str
        What these come from.
    """
    reference = {
        name: without_marks(cell.source)
        for name, cell in lesson.cells("solution").items()
    }

    def diff(part: str) -> list[tuple[str, Markup, Markup]]:
        return diff_lines(without_marks(record.code.get(part, "")), reference[part])

    _write(
        path,
        "submission.html.j2",
        **_submission(student, lesson.name, record, lesson)
        | {
            "diff": diff,
            "model": reference.__getitem__,
            "metrics": metrics,
            "metrics_note": metrics_note,
            "pictures": submitted and list(side_by_side(submitted, lesson.solution)),
            "pictures_note": pictures_note,
            "extra": added(submitted, lesson),
            "gone": removed(submitted, lesson),
        },
    )


def _submission(
    student: str, name: str, record: Record, lesson: Lesson | None
) -> dict[str, Any]:
    above = solutions_above(lesson) if lesson else {}
    return {
        "student": student,
        "lesson": name,
        "record": record,
        "parts": lambda check: above.get(check, []),
        **dict.fromkeys(("diff", "model", "metrics", "pictures", "extra", "gone")),
        "metrics_note": "",
        "pictures_note": "",
        "short": short,
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


def without_marks(source: str) -> str:
    """Source without the lines in which nbgrader marks a solution."""
    marks = ("### BEGIN", "### END", "# ### BEGIN", "# ### END")
    lines = source.splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith(marks))


def short(text: str, most: int = 20_000) -> str:
    """Text that a page can show, however long it was."""
    left = len(text) - most
    return f"{text[:most]}\n... and {left:,} characters more" if left > 0 else text


def diff_lines(mine: str, ours: str) -> list[tuple[str, Markup, Markup]]:
    """Set two texts beside each other, line by line.

    Parameters
    ----------
    mine, ours : str
        What was submitted, and the reference.

    Returns
    -------
    list of tuple
        What is the matter with the line ("", "changed", "extra", "missing"), then
        the line of each side, escaped, with what differs in ``mark`` elements.
    """
    left = [line[:LONGEST_LINE] for line in short(mine).splitlines()]
    right = ours.splitlines()
    rows = []
    # Differ would pair similar lines better, but takes minutes over a hostile text.
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        for one, other in zip_longest(left[i1:i2], right[j1:j2]):
            if kind == "equal":
                rows.append(("", escape(one), escape(other)))
            elif one is None:
                rows.append(("missing", Markup(""), _marked([other])))
            elif other is None:
                rows.append(("extra", _marked([one]), Markup("")))
            else:
                rows.append(("changed", *_words(one, other)))
    return rows


def _words(one: str, other: str) -> tuple[Markup, Markup]:
    """Two lines with the words marked in which they differ."""
    left, right = (re.findall(r"\w+|\s+|.", line) for line in (one, other))
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 0.5:
        return _marked([one]), _marked([other])
    sides = Markup(""), Markup("")
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        show = _marked if kind != "equal" else "".join
        sides = sides[0] + show(left[i1:i2]), sides[1] + show(right[j1:j2])
    return sides


def _marked(words: list[str]) -> Markup:
    text = "".join(words)
    return Markup("<mark>{}</mark>").format(text) if text else Markup("")


def side_by_side(
    submitted, solution
) -> Iterator[tuple[str, Picture | None, Picture | None]]:
    """Pair pictures: of the same cell, else of the same heading, in order."""
    mine, ours = pictures(submitted), pictures(solution)
    for heading in dict.fromkeys(picture.heading for picture in [*ours, *mine]):
        left = [picture for picture in mine if picture.heading == heading]
        pairs: list[tuple[Picture | None, Picture | None]] = []
        alone: list[Picture] = []
        for picture in ours:
            if picture.heading != heading:
                continue
            same = next((each for each in left if each.code == picture.code), None)
            if same:
                left.remove(same)
                pairs.append((same, picture))
            else:
                alone.append(picture)
        for one, other in [*pairs, *zip_longest(left, alone)]:
            yield heading, one, other


def added(submitted, lesson: Lesson) -> list[str]:
    """Code that did not come with the lesson and is no exercise."""
    given = set(_plain_code(lesson.release))
    return [source for source in _plain_code(submitted) if source not in given]


def removed(submitted, lesson: Lesson) -> list[str]:
    """Code that came with the lesson, is no exercise, and is gone or changed."""
    there = set(_plain_code(submitted))
    gone = [source for source in _plain_code(lesson.release) if source not in there]
    return gone if submitted else []


def _plain_code(notebook) -> list[str]:
    return [
        cell.source.strip()
        for cell in (notebook.cells if notebook else ())
        if cell.cell_type == "code" and grade_id(cell) is None and cell.source.strip()
    ]


def write_summary(
    path: Path,
    lessons: Mapping[str, list[Distribution]],
    pairs: Mapping[str, list[Pair]],
    students: Mapping[str, Mapping[str, Record]],
) -> None:
    """Write how a class did.

    Parameters
    ----------
    path : Path
        The page.
    lessons : mapping
        From :func:`course.grading.tables.distributions`.
    pairs : mapping
        Lesson to :func:`course.grading.copying.similar_pairs`.
    students : mapping
        Name to lesson to record.
    """
    refused = [
        (student, name, record.reason)
        for student, mine in sorted(students.items())
        for name, record in mine.items()
        if record.reason
    ]
    looks = [
        (student, name, record)
        for student, mine in sorted(students.items())
        for name, record in mine.items()
        if record.flags
    ]
    noted = [
        (student, name, note)
        for student, mine in sorted(students.items())
        for name, record in mine.items()
        for note in [
            *([record.lateness] if record.late else []),
            *record.notes,
            *record.repairs,
        ]
    ]
    totals = {name: _histogram(students, name) for name in lessons}
    _write(
        path,
        "summary.html.j2",
        lessons=lessons,
        pairs=pairs,
        students=students,
        refused=refused,
        looks=looks,
        noted=noted,
        totals=totals,
    )


def _histogram(students, lesson: str) -> dict[str, Any]:
    scores = [mine[lesson].score for mine in students.values() if lesson in mine]
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
    page = templates(Path(__file__).parent).get_template(template).render(**content)
    write_whole(path, page.encode(errors="replace"))
