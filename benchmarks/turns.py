"""How everything here is measured: competitors take turns, medians are compared."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text


@dataclass
class Settings:
    """How much to measure, and where to write.

    Attributes
    ----------
    epochs : int
        Of each training in tables a and b.
    repeats : int
        Turns of each competitor.
    train_images : int or None
        How many of the 55,000 to train on; None means all.
    out : Path
        Folder for all output.
    console : rich.console.Console
    lesson_names : tuple of str
        Lessons of tables d and e; none means all.
    """

    epochs: int
    repeats: int
    train_images: int | None
    out: Path
    console: Console
    lesson_names: tuple[str, ...] = ()
    lesson_runs: dict[bool, dict] = field(default_factory=dict)

    def say(self, line: str) -> None:
        """Print a line of progress."""
        self.console.print(Text(line), soft_wrap=True)


def take_turns(
    settings: Settings, label: str, competitors: Mapping[str, Callable[[int], dict]]
) -> dict[str, list[dict]]:
    """Measure A B A B ...; return each competitor's results, one for each repeat."""
    results = {name: [] for name in competitors}
    for repeat in range(settings.repeats):
        for name, measure in competitors.items():
            result = measure(repeat)
            results[name].append(result)
            settings.say(
                f"{label}, repeat {repeat + 1}/{settings.repeats}, {name}: "
                f"{result['seconds']:.2f} s an epoch"
            )
    return results


def median(results: Sequence[Mapping[str, Any]], figure: str) -> float:
    """The median of one figure over the repeats."""
    return statistics.median(result[figure] for result in results)


def compare(above: Sequence[Mapping], below: Sequence[Mapping]) -> dict[str, float]:
    """Ratio of the median seconds, and the range of the ratios within a repeat."""
    within = [a["seconds"] / b["seconds"] for a, b in zip(above, below, strict=True)]
    return {
        "ratio_of_medians": median(above, "seconds") / median(below, "seconds"),
        "lowest_in_a_repeat": min(within),
        "highest_in_a_repeat": max(within),
    }


def show_ratio(ratio: Mapping[str, float]) -> str:
    """Put :func:`compare`'s result in a table's cell."""
    return (
        f"{ratio['ratio_of_medians']:.2f} ({ratio['lowest_in_a_repeat']:.2f} to "
        f"{ratio['highest_in_a_repeat']:.2f})"
    )
