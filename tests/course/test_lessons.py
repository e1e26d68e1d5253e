"""Lessons are found by name, and a file by what is in it."""

import shutil

import pytest

from benchmarks.students import LESSON
from course import CourseError, pack_root
from course.lessons import close_to, find_notebook, lesson_in_name


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


def test_what_was_probably_meant_is_named():
    lessons = ["02_pytorch_mlp_autoencoder", "03_variational_autoencoder"]
    meant = " Did you mean 03_variational_autoencoder?"
    assert close_to("03_variational_autoencodr", lessons).startswith(meant[:-1])
    assert close_to("variational", lessons) == meant
    assert (
        close_to("vae", ["03_vae_" + "x" * 40])
        == f" Did you mean {'03_vae_' + 'x' * 40}?"
    )
    assert close_to("03", lessons) == "", "too short to mean anything"
    assert close_to("nothing like it", lessons) == ""
