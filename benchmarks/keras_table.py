"""Table b: Keras, with lesson 01's settings and without."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator

from benchmarks import BenchError
from benchmarks.report import Table
from benchmarks.turns import Settings, compare, median, show_ratio
from course import pack_root


def against_keras_defaults(settings: Settings) -> Table:
    """Table b: lesson 01's Keras settings against the defaults."""
    repeats: dict[str, list[dict]] = {"defaults": [], "lesson 01": []}
    for result in _keras_results(settings):
        first, *later = result["epoch_seconds"]
        result["seconds"] = statistics.median(later) if later else first
        result["start"] = first - result["seconds"] if later else None
        repeats[result["competitor"]].append(result)
        settings.say(
            f"(b) Keras, repeat {result['repeat'] + 1}/{settings.repeats}, "
            f"{result['competitor']}: {result['seconds']:.2f} s an epoch"
        )
    rows, medians = [], {}
    faster = compare(repeats["defaults"], repeats["lesson 01"])
    for who, results in repeats.items():
        figures = {name: median(results, name) for name in ("seconds", "test_mse")}
        start = median(results, "start") if settings.epochs > 1 else None
        medians[who] = figures | {"start": start}
        rows.append(
            (
                who,
                f"{figures['seconds']:.2f}",
                "-" if start is None else f"{start:.1f}",
                show_ratio(faster) if who == "lesson 01" else "1",
                f"{figures['test_mse']:.5f}",
            )
        )
    clock = (
        "Seconds: the epochs after the first, validation included; start: what the "
        "first takes more, mostly compiling."
        if settings.epochs > 1
        else "Seconds: the first epoch, with validation and the start."
    )
    return Table(
        "Keras with lesson 01's settings against its defaults, Fashion-MNIST",
        ("settings", "s an epoch", "start, s", "times faster", "test MSE"),
        rows,
        f"784-128-64-128-784, medians of {settings.repeats} repeats of "
        f"{settings.epochs} epochs. Equal epochs are not equal steps: the defaults "
        "take 8 times as many (batches of 32 against 250). Lesson 01: Adam 0.008 with "
        "warm-up and cosine over these epochs, jit_compile, 20 steps an execution. "
        "Both with verbose=0. " + clock,
        [{"medians": medians, "faster": faster, "repeats": repeats}],
    )


def _keras_results(settings: Settings) -> Iterator[dict]:
    """Yield the measurements of the child process as they come."""
    order = {
        "epochs": settings.epochs,
        "repeats": settings.repeats,
        "train_images": settings.train_images,
    }
    command = [sys.executable, "-m", "benchmarks.keras_fit", json.dumps(order)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=pack_root()
    ) as child:
        try:
            for line in child.stdout or ():
                if line.startswith("{"):
                    yield json.loads(line)
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        raise BenchError(
            f"the Keras process ended with code {child.returncode}; its message stands "
            "above"
        )
