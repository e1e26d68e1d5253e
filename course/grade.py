"""Grade a class: every submission in a sandbox, many at a time, resumable."""

from __future__ import annotations

import atexit
import csv
import hashlib
import io
import json
import logging
import os
import re
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from course import CourseError, pack_root, write_whole
from course.copying import similar_pairs
from course.intake import Submission, find
from course.pages import write_feedback, write_summary
from course.run import cores, make_writable, write_json
from course.sandbox import MISSING, Limits, Sandbox, available
from course.submission import (
    Lesson,
    UnreadableError,
    grade_id,
    needed,
    parse,
    points,
    prepare,
    read_lesson,
)
from course.terminal import make_console

_sandboxes: dict[int, tuple[tuple, Sandbox]] = {}  # by the thread that uses it
_lessons: dict[str, Lesson] = {}


def grade_one(
    content: bytes,
    lesson: str,
    limits: Mapping[str, int] | None = None,
    unsafe: bool = False,
) -> dict[str, Any]:
    """Grade one submission. What it returns depends on the arguments alone.

    Parameters
    ----------
    content : bytes
        The submitted file.
    lesson : str
        Name of the lesson, as in ``solutions/``.
    limits : mapping, optional
        As :class:`course.sandbox.Limits`.
    unsafe : bool
        Run without bubblewrap.

    Returns
    -------
    dict
        ``status`` ("graded", or "zero" with a ``reason``), ``exercises`` (see
        :func:`course.submission.points`), ``score``, ``max``, ``by_hand`` (points
        that wait for a person), ``flags``, ``code`` and ``answers`` (what the student
        wrote, by exercise), ``seconds``, ``peak_mb``, ``sandboxed``.
    """
    asked, known = Limits(**(limits or {})), _lesson(lesson)

    def run_needed(prepared):
        ran = needed(prepared, known)
        return ran, _sandbox(known.framework, asked, unsafe).run(ran)

    return record_of(content, known, run_needed, sandboxed=not unsafe)


def record_of(
    content: bytes, lesson: Lesson, run: Callable, sandboxed: bool
) -> dict[str, Any]:
    """Build the record of :func:`grade_one`.

    Parameters
    ----------
    content : bytes
        The submitted file.
    lesson : Lesson
    run : callable(notebook)
        Runs a prepared notebook; returns it executed, and the
        :class:`course.sandbox.Execution`.
    sandboxed : bool
        Whether `run` does so in a sandbox.
    """
    started = time.monotonic()
    record: dict[str, Any] = {
        "lesson": lesson.name,
        "status": "zero",
        "reason": None,
        "flags": [],
        "code": {},
        "answers": {},
        "peak_mb": 0,
        "sandboxed": sandboxed,
    }
    ran = None
    try:
        prepared = prepare(parse(content), lesson)
        record["flags"] = prepared.flags
        record["code"], record["answers"] = written(prepared.notebook, lesson)
        ran, done = run(prepared.notebook)
        record["peak_mb"] = done.peak_mb
        record["reason"] = done.reason
        if done.replaced and not done.reason:
            record["reason"] = f"it replaced {', '.join(done.replaced)}"
    except UnreadableError as error:
        record["reason"] = str(error)
    try:
        exercises = points(ran if record["reason"] is None else None, lesson)
    except Exception as error:  # noqa: BLE001 (outputs can be forged to be anything)
        record["reason"] = f"its outputs cannot be read ({type(error).__name__})"
        exercises = points(None, lesson)
    record["status"] = "graded" if record["reason"] is None else "zero"
    record["exercises"] = exercises
    record["score"] = sum(row["score"] or 0 for row in exercises)
    record["max"] = sum(row["max"] for row in exercises)
    record["by_hand"] = sum(row["max"] for row in exercises if row["score"] is None)
    record["seconds"] = round(time.monotonic() - started, 2)
    return record


def written(notebook, lesson: Lesson) -> tuple[dict[str, str], dict[str, str]]:
    """What a student wrote, by grade_id: code, and answers in words."""
    wanted = lesson.cells("release")
    code, answers = {}, {}
    for cell in notebook.cells:
        name = grade_id(cell)
        if name in wanted and cell.metadata.nbgrader.get("solution"):
            (code if cell.cell_type == "code" else answers)[name] = cell.source
    return code, answers


def _lesson(name: str) -> Lesson:
    if name not in _lessons:
        _lessons[name] = read_lesson(pack_root() / "solutions" / f"{name}.ipynb")
    return _lessons[name]


def _sandbox(framework: str, limits: Limits, unsafe: bool) -> Sandbox:
    """This thread's warm parent for such submissions; its other one is let go."""
    thread, wanted = threading.get_ident(), (framework, limits, unsafe)
    kept, sandbox = _sandboxes.get(thread, (None, None))
    if kept == wanted:
        return sandbox
    if sandbox:
        sandbox.close()
    atexit.register(close_sandboxes)
    sandbox = Sandbox(framework, limits, unsafe)
    _sandboxes[thread] = wanted, sandbox
    return sandbox


def close_sandboxes() -> None:
    """End this process's warm parents."""
    while _sandboxes:
        _, (_, sandbox) = _sandboxes.popitem()
        sandbox.close()


def grade_class(
    place: Path,
    out: Path,
    workers: int | None = None,
    scheduler: str | None = None,
    unsafe: bool = False,
    limits: Limits | None = None,
    gradebook: Path | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Grade every submission of a folder or a zip file.

    Run again after an interruption, it goes on where it stopped.

    Parameters
    ----------
    place : Path
        Where the submissions are; see :func:`course.intake.find`.
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
        An nbgrader gradebook to write the points into.
    console : rich.console.Console, optional

    Returns
    -------
    dict
        ``students``: name to lesson to record; ``ok``: False if the grader itself
        failed on any, which the same call tries again.

    Raises
    ------
    CourseError
        If there is nothing to grade, no place for the results, or no sandbox.
    """
    console = console or make_console()
    limits = limits or Limits()
    if not unsafe and not scheduler and not available():
        raise CourseError(MISSING)
    lessons = sorted(
        path.stem for path in (pack_root() / "solutions").glob("[0-9][0-9]_*.ipynb")
    )
    submissions = find(place, lessons)
    out = out.resolve()
    make_writable(out / "records")
    packs = {lesson: pack_digest(lesson) for lesson in [*lessons, ""]}
    keys = {
        id(each): record_key(each, limits, unsafe, packs[each.lesson])
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
            jobs[key] = (each.content, each.lesson, asdict(limits), unsafe)
    console.print(
        f"{len(submissions)} submissions, {len(submissions) - len(waiting)} graded "
        f"before, {len(jobs)} to grade"
    )
    if jobs:
        _grade_all(jobs, out, workers, scheduler, console, limits)
    students: dict[str, dict[str, Any]] = defaultdict(dict)
    for each in submissions:
        record = json.loads((out / "records" / f"{keys[id(each)]}.json").read_text())
        students[each.student][each.lesson or each.name] = record
    write_all(students, out)
    if gradebook:
        from course.gradebook import write_gradebook

        write_gradebook(gradebook, students)
    records = [record for mine in students.values() for record in mine.values()]
    zero = Counter(record["status"] for record in records)["zero"]
    console.print(
        f"{len(records) - zero} graded, {zero} with zero points and a reason; "
        f"see {out / 'summary.html'}"
    )
    failed = sum("again" in record for record in records)
    if failed:
        console.print(
            f"[bold red]The grader itself failed on {failed} of these.[/] Their pages "
            "say how; the same command tries them again."
        )
    return {"students": dict(students), "ok": not failed}


def record_key(each: Submission, limits: Limits, unsafe: bool, pack: str) -> str:
    """What a result depends on: the file, the limits, and the pack's digest."""
    digest = hashlib.sha256(each.content)
    for part in (each.lesson, each.problem or "", limits, unsafe, pack):
        digest.update(f"\0{part}".encode())
    if not each.content:
        digest.update(each.name.encode())
    return digest.hexdigest()[:32]


def pack_digest(lesson: str) -> str:
    """What a lesson's results depend on in this pack: its solution and all code."""
    digest = hashlib.sha256()
    code = [
        path
        for folder in ("course", "helpers")
        for path in sorted((pack_root() / folder).rglob("*"))
        if path.suffix in (".py", ".bin")
    ]
    for path in [pack_root() / "solutions" / f"{lesson}.ipynb", *code]:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def is_graded(out: Path, key: str) -> bool:
    """Tell whether there is a result that need not be tried again."""
    path = out / "records" / f"{key}.json"
    return path.exists() and "again" not in json.loads(path.read_text())


def refused(each: Submission) -> dict[str, Any]:
    """The record of a file that could not be taken."""
    reason = each.problem or "its name and its folder name no lesson of this pack"
    exercises = points(None, _lesson(each.lesson)) if each.lesson else []
    return {
        "lesson": each.lesson,
        "status": "zero",
        "reason": reason,
        "flags": [],
        "code": {},
        "answers": {},
        "exercises": exercises,
        "score": 0.0,
        "max": sum(row["max"] for row in exercises),
        "by_hand": 0.0,
        "peak_mb": 0,
        "seconds": 0.0,
        "sandboxed": True,
    }


def save(out: Path, key: str, record: Mapping[str, Any]) -> None:
    """Keep one result; a half-written one is never found."""
    write_json(out / "records" / f"{key}.json", record)


# Many at a time


def _grade_all(
    jobs: Mapping[str, tuple],
    out: Path,
    workers: int | None,
    scheduler: str | None,
    console: Console,
    limits: Limits,
) -> None:
    from distributed import as_completed

    with _cluster(workers, scheduler, limits, len(jobs)) as (client, width):
        queue = iter(jobs.items())
        running: dict[str, str] = {}
        finished = as_completed()

        def submit_next() -> None:
            for key, arguments in queue:
                future = client.submit(
                    grade_one, *arguments, key=f"grade-{key}", pure=False
                )
                running[future.key] = key
                finished.add(future)
                return

        for _ in range(2 * width):  # not all at once: a class may be large
            submit_next()
        show = _progress(console, len(jobs))
        for future in finished:
            key = running.pop(future.key)
            save(out, key, _result(future, jobs[key]))
            show()
            submit_next()


def _result(future, arguments: tuple) -> dict[str, Any]:
    """The record, or one that says why there is none.

    Only what ended its worker twice is final. Any other failure is the grader's own,
    such as a full disk: its record says ``again``.
    """
    from distributed import KilledWorker

    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, CourseError):
        raise error
    final = isinstance(error, KilledWorker)
    said = f"({type(error).__name__}: {error})"[:500]
    why = f"grading failed twice {said}"
    if not final:
        why = f"the grader itself failed {said}; the same command tries again"
    record = refused(Submission("", arguments[1], "", b"", why))
    return record if final else record | {"again": True}


@contextmanager
def _cluster(
    workers: int | None, scheduler: str | None, limits: Limits, jobs: int
) -> Iterator[tuple]:
    """A Dask client and how many submissions it grades at a time."""
    import dask
    from distributed import Client, LocalCluster

    # A worker that dies takes its submission with it: one more try, then a record.
    settings = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.admin.tick.limit": "30s",
        "distributed.worker.daemon": True,
    }
    with dask.config.set(settings):
        if scheduler:
            try:
                client = Client(scheduler, timeout=20)
            except (OSError, ValueError) as error:
                raise CourseError(
                    f"There is no Dask scheduler at {scheduler} ({error}). Start one "
                    "with `dask scheduler`, and workers with `dask worker ADDRESS`."
                ) from error
            with client:
                client.run_on_scheduler(_one_more_try)
                yield client, max(1, sum(client.nthreads().values()))
            return
        fits = int(psutil.virtual_memory().available // (limits.memory // 2)) or 1
        count = min(workers or min(cores(), fits), jobs)
        before = dict(os.environ)  # Dask's nannies leave their settings in it
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )
        try:
            with Client(cluster) as client:
                yield client, count
                with suppress(OSError):  # a worker that is gone needs no word
                    client.run(close_sandboxes)
        finally:
            # A worker that is just being started again cannot be waited for.
            with suppress(AssertionError):
                cluster.close()
            os.environ.clear()
            os.environ.update(before)


def _one_more_try(dask_scheduler) -> None:
    dask_scheduler.allowed_failures = 1


def _progress(console: Console, total: int) -> Callable[[], None]:
    """Say after each submission, at most every two seconds, how far it is."""
    started, last, done = time.monotonic(), 0.0, 0

    def show() -> None:
        nonlocal last, done
        done += 1
        now = time.monotonic()
        if now - last < 2 and done < total:
            return
        last = now
        rate = done / max(now - started, 1e-9)
        left = (total - done) / rate
        console.print(
            f"{done} of {total}, {60 * rate:.0f} a minute, about {left:.0f} s left"
        )

    return show


# What comes out


def write_all(students: Mapping[str, Mapping[str, Any]], out: Path) -> None:
    """Write tables, feedback and the summary."""
    write_tables(students, out)
    for student, mine in students.items():
        folder = out / "feedback" / file_name(student)
        folder.mkdir(parents=True, exist_ok=True)
        for lesson, record in mine.items():
            page = folder / f"{file_name(lesson)}.html"
            known = _lesson(record["lesson"]) if record["lesson"] else None
            write_feedback(page, student, lesson, record, known)
    pairs = {
        lesson: similar_pairs(
            {
                student: mine[lesson]["code"]
                for student, mine in students.items()
                if mine.get(lesson, {}).get("code")
            },
            _lesson(lesson),
        )
        for lesson in lesson_names(students)
    }
    write_summary(out / "summary.html", distributions(students), pairs, students)


def lesson_names(students: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Lessons of which at least one submission was taken."""
    return sorted(
        {
            record["lesson"]
            for mine in students.values()
            for record in mine.values()
            if record["lesson"]
        }
    )


def file_name(text: str) -> str:
    """A name that is safe for a file, and that no two students share."""
    tame = re.sub(r"[^\w-]+", "-", text, flags=re.ASCII).strip("-")[:60]
    if tame == text:
        return tame
    return f"{tame or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def plain(text: Any) -> Any:
    """Keep a spreadsheet from reading a name as a formula."""
    if isinstance(text, str) and text[:1] in tuple("=+-@\t\r"):
        return "'" + text
    return text


def write_tables(students: Mapping[str, Mapping[str, Any]], out: Path) -> None:
    """``grades.csv``, and the shapes that Canvas and Moodle take."""
    lessons = lesson_names(students)
    columns = {
        lesson: [row["id"] for row in points(None, _lesson(lesson))]
        for lesson in lessons
    }
    titles = [
        f"{lesson}: {name.removeprefix('check_')}"
        for lesson in lessons
        for name in columns[lesson]
    ]
    rows, totals = [], []
    for student, mine in sorted(students.items()):
        cells, reasons = [], []
        for lesson in lessons:
            exercises = mine[lesson]["exercises"] if lesson in mine else []
            scores = {row["id"]: row["score"] for row in exercises}
            for name in columns[lesson]:
                score = scores.get(name)
                cells.append("" if score is None else f"{score:g}")
        for name, record in mine.items():
            if record["reason"]:
                reasons.append(f"{name}: {record['reason']}")
            elif record["by_hand"]:
                reasons.append(f"{name}: {record['by_hand']:g} points by hand to come")
        total = sum(record["score"] for record in mine.values())
        states = {record["status"] for record in mine.values()}
        status = "zero" if states == {"zero"} else "graded"
        if states == {"zero", "graded"}:
            status = "partly graded"
        rows.append([student, *cells, f"{total:g}", status, "; ".join(reasons)])
        totals.append((student, mine))
    _csv(
        out / "grades.csv",
        ["student", *titles, "total", "status", "reason"],
        rows,
    )
    score = {
        student: [
            f"{mine[lesson]['score']:g}" if lesson in mine else "" for lesson in lessons
        ]
        for student, mine in totals
    }
    most = ["100"] * len(lessons)
    _csv(
        out / "canvas.csv",
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *lessons],
        [
            ["    Points Possible", "", "", "", "", *most],
            *([name, "", "", name, "", *marks] for name, marks in score.items()),
        ],
    )
    _csv(
        out / "moodle.csv",
        ["username", *lessons],
        [[name, *marks] for name, marks in score.items()],
    )


def _csv(path: Path, header: list[str], rows: Iterable[list]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(header)
    table.writerows([plain(cell) for cell in row] for row in rows)
    write_whole(path, text.getvalue().encode("utf-8-sig"))


def distributions(students: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict]]:
    """How a class did: by lesson, for each exercise the shares and what went wrong."""
    found: dict[str, list[dict]] = {}
    for lesson in lesson_names(students):
        records = [mine[lesson] for mine in students.values() if lesson in mine]
        rows = []
        for place, exercise in enumerate(points(None, _lesson(lesson))):
            scores = [record["exercises"][place] for record in records]
            given = [row["score"] for row in scores if row["score"] is not None]
            said = Counter(
                _first_words(row["message"]) for row in scores if row["message"]
            )
            rows.append(
                {
                    **exercise,
                    "students": len(scores),
                    "full": sum(score == exercise["max"] for score in given),
                    "none": sum(score == 0 for score in given),
                    "by_hand": len(scores) - len(given),
                    "mean": statistics.fmean(given) if given else None,
                    "messages": said.most_common(3),
                }
            )
        found[lesson] = rows
    return found


def _first_words(message: str) -> str:
    """What a check said to look at, without the numbers that differ each time."""
    looked = re.search(r"look at:\s*(.+)", message)
    text = looked[1] if looked else message.splitlines()[0]
    return text.strip()[:160]
