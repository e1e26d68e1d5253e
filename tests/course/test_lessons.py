"""Lessons are found by name, and a file by what is in it."""

import shutil

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.students import LESSON
from course import CourseError, pack_root
from course.lessons import (
    close_to,
    find_lessons,
    find_notebook,
    lesson_in_name,
    lesson_of,
)
from tests.course.small_lessons import write_lesson


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


@pytest.fixture
def solutions(tmp_path):
    """Three lessons, of which two share a beginning."""
    names = ("01_first", "01_other", "02_second")
    for name in names:
        write_lesson(tmp_path / "solutions" / f"{name}.ipynb", "# A")
    (tmp_path / "solutions" / "notes.ipynb").write_text("no lesson")
    return tmp_path / "solutions"


def named(solutions, *names):
    return [path.stem for path in find_lessons(names, solutions)]


def test_lessons_are_found_by_name_by_beginning_and_by_path(solutions):
    assert named(solutions) == ["01_first", "01_other", "02_second"]
    assert named(solutions, "02", "01_first") == ["02_second", "01_first"]
    assert named(solutions, "02", "02_second") == ["02_second"], "each once"
    text = str(solutions / "01_other.py")
    assert named(solutions, text) == ["01_other"]
    (found,) = find_lessons(["02"], solutions)
    assert found.is_absolute()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("01", "'01' fits more than one lesson: 01_first, 01_other. Type more of it."),
        ("03", "There is no lesson '03'. The lessons are: 01_first, 01_other, 02_se"),
        ("", "There is no lesson ''. The lessons are: 01_first, 01_other, 02_second."),
        ("second", "no lesson 'second'. Did you mean 02_second? The lessons are: "),
        ("a/b.ipynb", "There is no notebook at a/b.ipynb."),
        ("b.py", "There is no notebook at b.ipynb."),
    ],
)
def test_a_name_that_fits_no_lesson_or_two_is_told(solutions, name, message):
    with pytest.raises(CourseError) as told:
        find_lessons([name], solutions)
    assert message in str(told.value)


def test_two_notebooks_of_one_name_and_none_at_all_are_told(solutions, tmp_path):
    other = write_lesson(tmp_path / "mine" / "02_second.ipynb", "# A")
    with pytest.raises(CourseError, match="Two of the notebooks are called 02_second"):
        find_lessons(["02", str(other)], solutions)
    with pytest.raises(CourseError, match="There are no lessons"):
        find_lessons([], tmp_path / "mine" / "none")


def test_graded_cells_say_the_lesson_before_checks_and_checks_before_texts(tmp_path):
    def cell(number, grade_id=None, call=None):
        source = f"text number {number} of this lesson, long enough"
        made = new_code_cell(f"{source}\n{call}" if call else source)
        if grade_id:
            made.metadata["nbgrader"] = {"grade_id": grade_id}
        return made

    def notebook(*cells):
        return new_notebook(cells=list(cells))

    texts = [cell(number) for number in range(4)]
    lessons = {
        "01_ids": [cell(10, "sample"), cell(11, "loss")],
        "02_calls": [cell(20, call="checks.kl(f)"), cell(21, call="checks.vae(f)")],
        "03_texts": texts,
    }
    for name, cells in lessons.items():
        write_lesson(tmp_path / "solutions" / f"{name}.ipynb", *cells)

    def found(*cells):
        return lesson_of(notebook(*cells), [*lessons, "04_gone"], tmp_path)

    mine = new_code_cell("checks.kl(f)")
    assert found(cell(90, "sample"), mine, *texts) == "01_ids"
    assert found(mine, *texts) == "02_calls"
    assert found(*texts[:3]) == "03_texts"
    assert found(*texts[:2]) == "", "too little"
    assert found() == ""
    assert lesson_of(notebook(mine), ["04_gone"], tmp_path) == ""
