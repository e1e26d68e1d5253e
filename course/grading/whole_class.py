"""Grade a class: what is new, what is done, and what comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from course import CourseError, pack_root
from course.files import file_name, make_writable
from course.grading.cluster import grade_all
from course.grading.copying import similar_pairs
from course.grading.intake import Handed, take_in
from course.grading.late import judge_late, late_rule
from course.grading.marks import apply_marks, load_marks, save_marks, take_marks
from course.grading.one import refused
from course.grading.pages import write_feedback, write_summary
from course.grading.records import (
    Record,
    is_graded,
    kept,
    pack_digest,
    record_key,
    save,
)
from course.grading.sheet import write_sheet
from course.grading.sheet_in import read_marks
from course.grading.submission import lesson_named
from course.grading.tables import (
    distributions,
    lesson_names,
    write_files,
    write_tables,
)
from course.run.terminal import make_console
from course.sandbox.bubblewrap import available, remedy
from course.sandbox.limits import Limits


@dataclass(frozen=True)
class Graded:
    """A class after grading."""

    students: dict[str, dict[str, Record]]
    """Name to lesson, or to the file's name where it is of none, to record."""
    ok: bool
    """False if the grader itself failed on any, which the same call tries again."""


def grade_class(
    place: Path,
    out: Path,
    workers: int | None = None,
    scheduler: str | None = None,
    unsafe: bool = False,
    limits: Limits | None = None,
    gradebook: Path | None = None,
    strict: bool = False,
    console: Console | None = None,
    marks: Path | None = None,
    due: datetime | None = None,
) -> Graded:
    """Grade every submission of a folder or a zip file.

    Run again after an interruption, it goes on where it stopped.

    Parameters
    ----------
    place : Path
        Where the submissions are; see :func:`course.grading.intake.take_in`.
    out : Path
        Folder for the results.
    workers : int, optional
        Submissions at a time; by default as many as fit the cores and the memory.
    scheduler : str, optional
        Address of a dask.distributed scheduler whose workers have this pack.
    unsafe : bool
        Grade without a sandbox.
    limits : Limits, optional
    gradebook : Path, optional
        An nbgrader course folder, or the database in it, to write into, and to take
        from it what was entered there since.
    strict : bool
        Points that call for a look are not given.
    console : rich.console.Console, optional
    marks : Path, optional
        A filled-in ``written.xlsx``, or a CSV file; see
        :func:`course.grading.sheet_in.read_marks`.
    due : datetime, optional
        Until when it counts as in time.

    Returns
    -------
    Graded

    Raises
    ------
    CourseError
        If there is nothing to grade, no place for the results, no sandbox, or
        something wrong with the marks or the class's settings.
    """
    console = console or make_console()
    limits = limits or Limits()
    if not unsafe and not scheduler and not available():
        raise CourseError(remedy())
    lessons = sorted(
        path.stem for path in (pack_root() / "solutions").glob("[0-9][0-9]_*.ipynb")
    )
    handed = take_in(place, lessons)
    submissions = handed.submissions
    out = out.resolve()
    # Before anything runs: what is wrong here is told at once.
    rule, said = late_rule(out), load_marks(out)
    given = read_marks(marks, {each.student for each in submissions}) if marks else []
    if gradebook:
        from course.grading.formgrader import course_folder

        course_folder(gradebook)
    make_writable(out / "records")
    packs = {lesson: pack_digest(lesson) for lesson in [*lessons, ""]}
    keys = {
        id(each): record_key(each, limits, unsafe, strict, packs[each.lesson])
        for each in submissions
    }
    waiting = {
        keys[id(each)]: each
        for each in submissions
        if not is_graded(out, keys[id(each)])
    }
    if unsafe:
        console.print("[bold red]--unsafe: submissions run with all your rights.[/]")
    jobs = {}
    # One lesson after the other: a change of framework costs a new warm parent.
    for key, each in sorted(waiting.items(), key=lambda item: item[1].lesson):
        if each.problem or not each.lesson:
            save(out, key, refused(each))
        else:
            jobs[key] = (each.content, each.lesson, asdict(limits), unsafe, strict)
    before = sum(key not in waiting for key in keys.values())  # of twins both wait
    console.print(
        f"{len(submissions)} submissions, {before} graded before, {len(jobs)} to grade"
    )
    if jobs:
        grade_all(jobs, out, workers, scheduler, console, limits)
    students: dict[str, dict[str, Record]] = defaultdict(dict)
    for each in submissions:
        record = kept(out, keys[id(each)])
        if record is None:
            raise CourseError(
                f"A result in {out / 'records'} is gone, or was changed, while the "
                "class was graded. Start the same command again."
            )
        students[each.student][each.lesson or each.name] = replace(
            record,
            notes=list(each.notes),
            platform=each.platform,
            number=each.number,
            late=each.late,
        )
    if gradebook:
        from course.grading.gradebook import database, marks_in_gradebook

        found = marks_in_gradebook(database(gradebook), students, said)
        changed = take_marks(found, students, said)
        console.print(f"{changed} answers were regraded in the gradebook")
    if marks:
        changed = take_marks(given, students, said)
        console.print(f"{len(given)} marks in {marks.name}, {changed} of them new")
    apply_marks(students, said)
    unknown = judge_late(students, submissions, due, rule)
    if gradebook:
        from course.grading.formgrader import write_course_folder
        from course.grading.gradebook import write_gradebook

        write_gradebook(database(gradebook), students, said)
        write_course_folder(course_folder(gradebook), students, submissions)
    save_marks(out, said)
    write_all(students, out)
    write_files(handed, out)
    aside = write_sheet(out, students, said, taken=marks)
    if aside:
        console.print(
            f"[bold]written.xlsx had been filled in; it is now {aside.name}, and "
            f"--marks {aside} takes it in.[/]"
        )
    if unknown:
        console.print(unknown)
    records = [record for mine in students.values() for record in mine.values()]
    zero = sum(record.status == "zero" for record in records)
    console.print(
        f"{len(records) - zero} graded, {zero} with zero points and a reason; "
        f"see {out / 'summary.html'}"
    )
    console.print(_count(handed))
    looks = sum(bool(record.flags) for record in records)
    if looks:
        console.print(
            f"[bold]{looks} need a look[/]: summary.html and grades.csv say why, with "
            "the line"
        )
    failed = sum(record.again for record in records)
    if failed:
        console.print(
            f"[bold red]The grader itself failed on {failed} of these.[/] Their pages "
            "say how; the same command tries them again."
        )
    return Graded(dict(students), ok=not failed)


def _count(handed: Handed) -> str:
    """Say what became of every file that was there."""
    bad, aside = len(handed.with_reason), len(handed.aside)
    return (
        f"{handed.seen} files seen = {handed.seen - bad - aside} taken + {bad} with a "
        f"reason + {aside} set aside; files.csv lists each"
    )


def write_all(students: Mapping[str, Mapping[str, Record]], out: Path) -> None:
    """Write tables, feedback and the summary."""
    write_tables(students, out)
    for student, mine in students.items():
        folder = out / "feedback" / file_name(student)
        folder.mkdir(parents=True, exist_ok=True)
        for lesson, record in mine.items():
            page = folder / f"{file_name(lesson)}.html"
            known = lesson_named(record.lesson) if record.lesson else None
            write_feedback(page, student, lesson, record, known)
    pairs = {
        lesson: similar_pairs(
            {
                student: mine[lesson].code
                for student, mine in students.items()
                if lesson in mine and mine[lesson].code
            },
            lesson_named(lesson),
        )
        for lesson in lesson_names(students)
    }
    write_summary(out / "summary.html", distributions(students), pairs, students)
