"""A lesson's parameters: what it declares, how often it is run, what a user may set."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import CourseError
from course.lessons import close_to, read_lesson

OUTPUT_PARAMETERS = frozenset({"plot_path", "weights_path", "out_dir", "checkpoint"})
TYPES: dict[str, type] = {
    each.__name__: each for each in (int, float, bool, str, list, dict, tuple)
}
AN_EXAMPLE: dict[type, str] = {
    int: "a whole number, such as 20",
    float: "a number, such as 0.001",
    bool: "true or false",
    str: "text",
    list: "a list, such as [1, 2, 64]",
    dict: 'a dictionary, such as {"a": 1}',
    tuple: "a tuple, such as (1, 2)",
}
POSITIVE = ("epochs", "batch_size")  # also as the end of a name


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell."""

    name: str
    type: type | None
    """What the annotation or the default says; None when neither says anything."""
    optional: bool
    """Whether the default is None."""


def declared_parameters(lesson: Path) -> dict[str, Parameter]:
    """Read a notebook's parameters cell with papermill.

    Parameters
    ----------
    lesson : Path
        The notebook.

    Returns
    -------
    dict
        Name to :class:`Parameter`, in the notebook's order.

    Raises
    ------
    CourseError
        If the notebook cannot be read.
    """
    import papermill

    notebook = read_lesson(lesson)
    # Text paired by jupytext may name no language; every lesson is Python.
    notebook.metadata.setdefault("language_info", {}).setdefault("name", "python")
    notebook.metadata.setdefault("kernelspec", {}).setdefault("name", "python3")
    declared = papermill.inspect_notebook(notebook)
    return {
        name: Parameter(name, *_type_of(found["inferred_type_name"], found["default"]))
        for name, found in declared.items()
    }


def planned_runs(lesson: Path) -> dict[str, dict[str, Any]]:
    """Say how often a lesson is run when nothing is set by hand, and with what.

    A lesson that is meant for several data sets lists parameter values in its
    notebook metadata, for example ``{"course": {"runs": [{"dataset": "MNIST"},
    {"dataset": "FashionMNIST"}]}}``.

    Parameters
    ----------
    lesson : Path
        The notebook.

    Returns
    -------
    dict
        Name of the run to its parameters. The first is called after the lesson; a
        further one has its values added to the name, as in ``04_topic-FashionMNIST``.

    Raises
    ------
    CourseError
        If the notebook cannot be read, a parameter or a value is wrong, or two runs
        would have one name.
    """
    plans = read_lesson(lesson).metadata.get("course", {}).get("runs", [{}])
    names = [lesson.stem]
    names += ["-".join([lesson.stem, *map(str, p.values())]) for p in plans[1:]]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise CourseError(
            f"Two runs of lesson {lesson.stem} would be called {twice}. Give each run "
            "values of its own, in the lesson's metadata under course: runs:."
        )
    return {
        name: check_parameters(lesson, plan)
        for name, plan in zip(names, plans, strict=True)
    }


def _type_of(annotation: str, default: str) -> tuple[type | None, bool]:
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        value = ...
    annotation = re.sub(r"Optional\[(.*)\]", r"\1", annotation).split("[")[0].strip()
    if annotation in TYPES:
        return TYPES[annotation], value is None
    known = type(value) in AN_EXAMPLE
    return (type(value) if known else None), value is None


def check_parameters(lesson: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check values against a lesson's parameters cell, and give them their types.

    Parameters
    ----------
    lesson : Path
        The notebook.
    given : mapping
        Name to value; text, as from a command line, is read as the declared type.

    Returns
    -------
    dict
        The same names, values ready for the notebook.

    Raises
    ------
    CourseError
        If a name is not declared, or a value is of the wrong type.
    """
    if not given:
        return {}
    declared = declared_parameters(lesson)
    checked = {}
    for name, value in given.items():
        if name not in declared:
            has = ", ".join(declared) or "none"
            raise CourseError(
                f"Lesson {lesson.stem} has no parameter {name!r}."
                f"{close_to(name, declared)} Its parameters are: {has}."
            )
        checked[name] = _convert(lesson.stem, declared[name], value)
    return checked


def _convert(lesson: str, parameter: Parameter, value: Any) -> Any:
    if parameter.optional and value in (None, "None"):
        return None
    try:
        result = _as_type(parameter.type, value)
    except (ValueError, SyntaxError, TypeError):
        wanted = AN_EXAMPLE[parameter.type or str]  # without a type nothing is wrong
        raise CourseError(
            f"Lesson {lesson}: the parameter {parameter.name} must be {wanted}; "
            f"{value!r} is not."
        ) from None
    if parameter.name.endswith(POSITIVE) and isinstance(result, int) and result < 1:
        raise CourseError(
            f"Lesson {lesson}: the parameter {parameter.name} must be at least 1; "
            f"{result} is not."
        )
    return result


def _as_type(wanted: type | None, value: Any) -> Any:
    """Give `value` the declared type, or raise ValueError, SyntaxError, TypeError."""
    if wanted is None:
        return _literal_or_text(value)
    if wanted is str:
        if not isinstance(value, str):
            raise TypeError
        return value
    if wanted is bool:
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False, "1": True, "0": False}[
            _known(str(value).lower(), ("true", "false", "1", "0"))
        ]
    if isinstance(value, bool):
        raise TypeError
    if wanted is int:
        if not isinstance(value, int | str):
            raise TypeError
        return int(value)
    if wanted is float:
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
        return number
    result = ast.literal_eval(value) if isinstance(value, str) else value
    if not isinstance(result, wanted):
        raise TypeError
    return result


def _known(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ValueError
    return text


def _literal_or_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
