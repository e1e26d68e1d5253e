"""Many submissions at a time: on this machine, or on a Dask scheduler's workers."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console

from course import CourseError
from course.files import cores
from course.grading.apart import close_sandboxes
from course.grading.intake import Submission
from course.grading.one import grade_one, refused
from course.grading.records import Record, save
from course.sandbox.limits import Limits

CONNECT = 20  # seconds to find a scheduler in

if TYPE_CHECKING:
    from dask.typing import Key
    from distributed import Client, Future


def grade_all(
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
        running: dict[Key, str] = {}
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


def _result(future: Future, arguments: tuple) -> Record:
    """The record, or one that says why there is none, and that is tried again.

    What goes wrong here is the grader's own failure, such as a full disk or a worker
    that is gone: nothing that a submission does inside its sandbox comes this far.
    """
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, CourseError):
        raise error
    said = f"({type(error).__name__}: {error})"[:500]
    why = f"the grader itself failed {said}; the same command tries again"
    record = refused(Submission("", arguments[1], "", b"", why))
    record.again = True
    return record


@contextmanager
def _cluster(
    workers: int | None, scheduler: str | None, limits: Limits, jobs: int
) -> Generator[tuple[Client, int]]:
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
                client = Client(scheduler, timeout=CONNECT)
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
            dashboard_address="127.0.0.1:0",  # two graders may work at once
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
