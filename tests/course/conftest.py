"""Lessons that several tests run."""

import pytest

from benchmarks.students import LESSON
from course.grading.submission import lesson_named
from tests.course.small_lessons import metric, write_lesson


@pytest.fixture(autouse=True)
def an_ordinary_run(monkeypatch):
    """`make test` sets fast mode; these tests choose for themselves."""
    monkeypatch.delenv("COURSE_FAST", raising=False)


@pytest.fixture(scope="session")
def lesson():
    """Lesson 03, beside what students get of it."""
    return lesson_named(LESSON)


@pytest.fixture
def solutions(tmp_path):
    """A folder with two lessons that declare parameters; neither is slow."""
    folder = tmp_path / "solutions"
    parameters = (
        "epochs: int = None  # None: the budget below\n"
        "batch_size = 64  # images a step\n"
        "learning_rate = 1e-3\n"
        'dataset = "MNIST"\n'
        "save = True\n"
        "dims = [1, 2]\n"
        'plot_path: str = "loss.png"\n'
        'weights_path: str = "model.pth"\n'
    )
    show = (
        "import json, pathlib\n"
        "values = [epochs, batch_size, learning_rate, dataset, save, dims]\n"
        'pathlib.Path("values.json").write_text(json.dumps(values))\n'
        'pathlib.Path(plot_path).write_text("plot")\n'
        'pathlib.Path(weights_path).write_text("weights")'
    )
    write_lesson(folder / "01_first.ipynb", show, metric(), parameters=parameters)
    write_lesson(folder / "02_second.ipynb", metric(), parameters="epochs = 3")
    return folder
