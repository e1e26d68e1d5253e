"""Lessons are found by name, and how often they are run."""

import shutil

import pytest

from benchmarks.students import LESSON
from course import CourseError, pack_root
from course.lessons import find_notebook, lesson_in_name, planned_runs
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


@pytest.mark.parametrize(
    "name",
    [f"{LESSON} (1).ipynb", f"Copy of {LESSON}.ipynb", "homework.ipynb", "x.txt"],
)
def test_a_students_notebook_is_known_by_what_is_in_it(tmp_path, name):
    mine = tmp_path / name
    shutil.copy(pack_root() / "notebooks" / f"{LESSON}.ipynb", mine)
    assert find_notebook(str(mine)) == (
        mine,
        pack_root() / "solutions" / f"{LESSON}.ipynb",
    )
    mine.write_text("garbage")
    if LESSON in name:
        assert find_notebook(str(mine))[1].stem == LESSON
    else:
        with pytest.raises(CourseError, match="Neither the content of"):
            find_notebook(str(mine))


@pytest.mark.parametrize(
    ("name", "lesson"),
    [
        ("Variational autoencoder.ipynb", "03_variational_autoencoder"),
        ("03_Variational-Autoencoder", "03_variational_autoencoder"),
        ("lab 03", "03_variational_autoencoder"),
        ("02 and 03", ""),
        ("VAE_v2", ""),
        ("2026-11", ""),
    ],
)
def test_a_name_says_a_lesson_if_it_says_one(name, lesson):
    lessons = ["02_pytorch_mlp_autoencoder", "03_variational_autoencoder"]
    assert lesson_in_name(name, lessons) == lesson
