"""The tables by their letters."""

from collections.abc import Callable

from benchmarks.grading_table import grading
from benchmarks.keras_table import against_keras_defaults
from benchmarks.lesson_tables import lessons, time_to_loss
from benchmarks.report import Table
from benchmarks.training_tables import against_products, against_textbook, growth
from benchmarks.turns import Settings

TABLES: dict[str, Callable[[Settings], Table]] = {
    "a": against_textbook,
    "b": against_keras_defaults,
    "c": against_products,
    "d": time_to_loss,
    "e": lessons,
    "f": growth,
    "g": grading,
}
