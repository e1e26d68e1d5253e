"""Lessons are found by name, and how often they are run."""

import pytest

from course import CourseError
from course.lessons import planned_runs
from tests.course.small_lessons import metric, write_lesson


def test_planned_runs_may_have_numbers_and_have_names_of_their_own(tmp_path):
    lesson = tmp_path / "04_sizes.ipynb"
    sizes = [{"latent_dim": 2}, {"latent_dim": 64}]
    write_lesson(lesson, metric(), parameters="latent_dim = 2", runs=sizes)
    assert planned_runs(lesson) == {"04_sizes": sizes[0], "04_sizes-64": sizes[1]}
    same = [*sizes, {"latent_dim": 64}]
    write_lesson(lesson, metric(), parameters="latent_dim = 2", runs=same)
    with pytest.raises(CourseError, match="would be called 04_sizes-64"):
        planned_runs(lesson)
