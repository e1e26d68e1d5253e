"""The ``course`` command."""

from __future__ import annotations

import errno
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from course import CourseError, pack_root

app = typer.Typer(
    help="Run the lessons and derive what students get.",
    no_args_is_help=True,
    add_completion=False,
)

BAD_REQUEST = 2  # nothing has run: a name, a value or a folder is wrong
INTERRUPTED = 130
PICTURES = (".png", ".jpg", ".jpeg", ".pdf", ".svg")


@app.callback()
def _any_output() -> None:
    """Run the lessons and derive what students get."""
    # A name in Greek must not end a command whose output is a file in cp1252.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class PairsCommand(TyperCommand):
    """A command whose ``-p NAME VALUE`` may be given many times.

    Typer has options that repeat and options of two values, but none that is both:
    the two values are joined before it looks at them.
    """

    def parse_args(self, ctx, args):
        """Join each NAME and VALUE, then parse."""
        return super().parse_args(ctx, join_pairs(args))


def join_pairs(args: list[str]) -> list[str]:
    """Turn ``-p NAME VALUE`` into ``-p NAME=VALUE``; ``-p NAME=VALUE`` stays."""
    joined = []
    rest = list(args)
    while rest:
        joined.append(rest.pop(0))
        if joined[-1] in ("-p", "--parameter") and rest:
            name = rest.pop(0)
            # A value may be -0.5; -e or --out is the next option, so none was given.
            if "=" not in name and rest and not re.match("--?[a-zA-Z]", rest[0]):
                name = f"{name}={rest.pop(0)}"
            joined.append(name)
    return joined


@app.command(cls=PairsCommand)
def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Lessons, such as 02 or 02_pytorch_mlp_autoencoder, or paths of "
            "notebooks. All lessons if none is given.",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME VALUE",
            help="Set a parameter of the notebook. May be repeated.",
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("-e", "--epochs", min=1, help="Set epochs.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option("-b", "--batch-size", min=1, help="Set batch_size.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("-l", "--weights", help="Save the weights here.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Save the loss plot here.")
    ] = None,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", help="Small budgets, bands not enforced. Also: COURSE_FAST=1."
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Lessons at a time; they share the cores. [one a core]"
        ),
    ] = None,
    timeout: Annotated[
        int, typer.Option(min=1, help="Seconds that one cell may take.")
    ] = 1800,
    out: Annotated[
        Path | None, typer.Option(help="Folder for all output. [build/run]")
    ] = None,
) -> None:
    """Execute lessons and hold their figures against the expected bands."""
    from course.run.lessons import run_lessons
    from helpers.budget import fast_mode

    def job() -> bool:
        summary = run_lessons(
            names or [],
            _parameters(parameter or [], epochs, batch, weights, plot),
            out=out,
            fast=fast or fast_mode(),
            jobs=jobs,
            timeout=timeout,
        )
        return summary["ok"]

    _finish(job)


@app.command()
def release(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; say what is stale.")
    ] = False,
    package: Annotated[
        Path | None,
        typer.Option(
            "--zip",
            metavar="FILE",
            help="Write what students get as one zip file, and nothing else.",
        ),
    ] = None,
) -> None:
    """Derive the student notebooks from the solutions."""
    from course.handout.release import release as write
    from course.handout.release import stale, student_versions
    from course.handout.students import package_address, write_package

    places = (
        pack_root() / "solutions",
        pack_root() / "notebooks",
        pack_root() / "helpers/checks/lent.bin",
        package_address(),
    )

    def job() -> bool:
        if package:
            notebooks = student_versions(places[0], places[3])
            write_package(package, notebooks)
            typer.echo(f"wrote {package}, {len(notebooks)} notebooks without answers")
            return True
        if check:
            problems = stale(*places)
            for problem in problems:
                typer.echo(problem, err=True)
            if not problems:
                typer.echo("notebooks/ is in step with solutions/")
            return not problems
        changed = write(*places)
        for path in changed:
            typer.echo(f"{'wrote' if path.exists() else 'removed'} {path.name}")
        typer.echo(f"notebooks/ is in step with solutions/, {len(changed)} changed")
        return True

    _finish(job)


@app.command()
def compare(
    submissions: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSION...", help="Notebooks.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the pages.")],
    unsafe: Annotated[
        bool,
        typer.Option("--unsafe", help="No sandbox: trusted code only."),
    ] = False,
) -> None:
    """Set submissions beside the solution: one HTML page each."""
    from course.grading.compare import compare as write

    def job() -> bool:
        for page in write(submissions, out, unsafe):
            typer.echo(f"wrote {page}")
        return True

    _finish(job)


@app.command()
def grade(
    submissions: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Folder with STUDENT/NN_topic.ipynb, or a zip file."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for tables, pages, records.")],
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Submissions at a time. [as many as fit]"),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A dask.distributed scheduler, such as tcp://host:8786."),
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, help="Time for one submission.")] = 300,
    gradebook: Annotated[
        Path | None,
        typer.Option(
            help="A folder for nbgrader's Formgrader: written to, and points that were "
            "entered there come back."
        ),
    ] = None,
    marks: Annotated[
        Path | None,
        typer.Option(help="written.xlsx, filled in, or a CSV file: points by hand."),
    ] = None,
    due: Annotated[
        str | None,
        typer.Option(help="When it was due, such as 2026-11-03T23:59."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="No points where something needs a look. [a flag only]"
        ),
    ] = False,
    unsafe: Annotated[
        bool,
        typer.Option("--unsafe", help="No sandbox: trusted code only."),
    ] = False,
) -> None:
    """Grade a class in a sandbox. Interrupted, the same command goes on."""
    from course.grading.late import read_due
    from course.grading.whole_class import grade_class
    from course.sandbox.limits import Limits

    def job() -> bool:
        done = grade_class(
            submissions,
            out,
            workers,
            scheduler,
            unsafe,
            Limits(seconds=seconds),
            gradebook,
            strict,
            marks=marks,
            due=read_due(due) if due else None,
        )
        return done.ok

    _finish(job)


@app.command()
def gradescope(
    name: Annotated[str, typer.Argument(help="A lesson, such as 03.")],
    out: Annotated[Path, typer.Option(help="The zip file to upload.")],
) -> None:
    """Pack an autograder for Gradescope: a test for each exercise of a lesson."""
    from course.grading.gradescope import write_autograder

    def job() -> bool:
        typer.echo(f"wrote {out}, the autograder of {write_autograder(name, out)}")
        return True

    _finish(job)


@app.command()
def check(
    name: Annotated[
        str, typer.Argument(help="A lesson, such as 03, or a notebook's path.")
    ],
) -> None:
    """Say which exercises of your notebook are right so far. Save it first."""
    from course.grading.check import check as look

    def job() -> bool:
        look(name)
        return True

    _finish(job)


@app.command()
def reset(
    name: Annotated[
        str, typer.Argument(help="A lesson, such as 03, or a notebook's path.")
    ],
) -> None:
    """Put a notebook back as it was handed out; a dated copy of yours is kept."""
    from course.handout.reset import reset as put_back

    def job() -> bool:
        notebook, kept = put_back(name)
        if kept:
            typer.echo(f"kept what you wrote as {kept}")
        typer.echo(f"{notebook} is as it was handed out")
        return True

    _finish(job)


@app.command()
def doctor() -> None:
    """Look at Python, packages, data, disk, memory and device; say what to do."""
    from helpers.doctor import report

    _finish(report)


@app.command()
def site(
    out: Annotated[
        Path, typer.Option("--out", help="Gets students/ and instructors/.")
    ] = Path("build/site"),
) -> None:
    """Build the lessons as web pages: without answers for students, and with them."""
    from course.handout.site import build_site

    def job() -> bool:
        for page in build_site(out):
            typer.echo(f"wrote {page}")
        return True

    _finish(job)


def _finish(job: Callable[[], bool]) -> None:
    """Do the job, and turn how it ended into a message and an exit code."""
    try:
        ok = job()
    except CourseError as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(BAD_REQUEST) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        typer.echo(
            f"course: the disk is full ({error}). What was done so far is kept; make "
            "room, and start the same command again.",
            err=True,
        )
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("course: interrupted; the kernels have been stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if ok else 1)


def _parameters(
    pairs: list[str],
    epochs: int | None,
    batch: int | None,
    weights: Path | None,
    plot: Path | None,
) -> dict[str, object]:
    """Bring all ways of setting a parameter together; none may be set twice."""
    settings: list[tuple[str, object]] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            hint = ""
            if Path(pair).suffix.lower() in PICTURES:
                hint = f" To save the plot of the loss there: --plot {pair}"
            raise CourseError(f"-p needs a NAME and a VALUE; got only {pair!r}.{hint}")
        settings.append((name, value))
    shorthand = {
        "epochs": epochs,
        "batch_size": batch,
        # The kernel works elsewhere, so a path is taken from where the user stands.
        "weights_path": weights and str(weights.absolute()),
        "plot_path": plot and str(plot.absolute()),
    }
    settings += [
        (name, value) for name, value in shorthand.items() if value is not None
    ]
    result: dict[str, object] = {}
    for name, value in settings:
        if name in result:
            raise CourseError(f"The parameter {name} is given twice.")
        result[name] = value
    return result
