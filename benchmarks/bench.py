"""The command behind ``make bench``: measure, show tables, keep a JSON file."""

import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import BenchError
from course import CourseError, pack_root

app = typer.Typer(add_completion=False)

LETTERS = "abcdefg"
BAD_REQUEST = 2
INTERRUPTED = 130


def chosen(only: str | None) -> list[str]:
    """Read ``a,c`` as tables a and c, in the order of the tables; None as all.

    Raises
    ------
    BenchError
        If there is no such table, or none is named.
    """
    if only is None:
        return list(LETTERS)
    letters = {letter.strip().lower() for letter in only.split(",")}
    wrong = sorted(letters - set(LETTERS))
    if wrong:
        raise BenchError(
            f"there is no table {', '.join(map(repr, wrong))}; --only takes some of "
            f"{', '.join(LETTERS)} with commas between them"
        )
    return sorted(letters)


@app.command()
def bench(
    only: Annotated[
        str | None,
        typer.Option(metavar="a,c", help="Some of the tables a to g. [all]"),
    ] = None,
    epochs: Annotated[
        int, typer.Option(min=1, help="Of each training in tables a and b.")
    ] = 3,
    repeats: Annotated[
        int, typer.Option(min=1, help="How often each competitor has its turn.")
    ] = 3,
    train_images: Annotated[
        int | None,
        typer.Option(min=1_000, max=55_000, help="Fewer images, to try things out."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for all output. [build/bench]")
    ] = None,
) -> None:
    """Measure side by side and write bench.json, which the README quotes.

    (a) our loop against a textbook loop, (b) Keras against its defaults, (c) training
    against bare matrix products, (d) time to loss 100.35, (e) time and memory of the
    lessons, (f) growth with model and data, (g) grading against nbgrader. The tables
    d, e and g take most of the time.
    """
    try:
        letters = chosen(only)
        measure(letters, epochs, repeats, train_images, out)
    except BenchError as error:
        typer.echo(f"bench: {error}.", err=True)
        raise typer.Exit(BAD_REQUEST) from None
    except KeyboardInterrupt:
        typer.echo("bench: interrupted; finished tables are kept.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def measure(
    letters: list[str],
    epochs: int,
    repeats: int,
    train_images: int | None,
    out: Path | None,
) -> None:
    """Measure the tables one by one; save after each, show them all at the end."""
    from benchmarks import report
    from benchmarks.lesson_tables import LESSON_D64
    from benchmarks.tables import TABLES
    from benchmarks.turns import Settings
    from course.files import make_writable, write_json
    from course.run.terminal import make_console

    out = Path(out or pack_root() / "build" / "bench").resolve()
    try:
        make_writable(out)
    except CourseError as error:
        raise BenchError(str(error).rstrip(".")) from error
    console = make_console()
    names = () if "e" in letters else (LESSON_D64,)
    settings = Settings(epochs, repeats, train_images, out, console, names)
    content = {
        "machine": report.machine(),
        "settings": {
            "tables": letters,
            "epochs": epochs,
            "repeats": repeats,
            "train_images": train_images,
        },
        "complete": False,
        "tables": {},
    }
    settings.say(report.machine_line(content["machine"]))
    done: dict[str, report.Table] = {}
    try:
        for letter in letters:
            started = time.perf_counter()
            done[letter] = TABLES[letter](settings)
            content["tables"][letter] = {
                "title": done[letter].title,
                "note": done[letter].note,
                "columns": done[letter].columns,
                "rows": done[letter].rows,
                "results": done[letter].results,
                "measuring_seconds": time.perf_counter() - started,
            }
            content["complete"] = len(done) == len(letters)
            write_json(out / "bench.json", content)
    finally:
        for letter, table in done.items():
            console.print()
            console.print(table.show(letter))
        if done:
            settings.say(f"\nEvery repeat is in {out / 'bench.json'}")


if __name__ == "__main__":
    app()
