"""A whole round of real nbgrader commands, in a course folder of their own."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbgrader.api import Gradebook

from benchmarks.students import submission
from course import pack_root
from course.grading.submission import lesson_named, without_idle_cells
from course.grading.whole_class import grade_class
from course.handout.expected import without_figure
from course.handout.students import package_address, with_fetch
from course.sandbox.bubblewrap import available
from helpers.checks import lesson00

ROOT = pack_root()
LESSONS = ("00_data_and_baselines", "03_variational_autoencoder")
CODE = {"00_data_and_baselines": 80, "03_variational_autoencoder": 90}  # points
WRITTEN = 30  # points of both lessons, graded by hand

# Passes what a student sees, and goes wrong from then on: in the hidden test.
WORN_OUT = """\
calls = []
def mse(x, x_hat):
    calls.append(1)
    right = float(((np.asarray(x, float) - np.asarray(x_hat, float)) ** 2).mean())
    return right if len(calls) <= {most} else 0.5
"""
LOGITS = """\
@torch.no_grad()
def sample(model, count, latent_dim):
    return model.decode(torch.randn(count, latent_dim))
"""


def worn_out():
    """The answer, with as many calls as the visible check makes."""
    calls = []

    def count(x, x_hat):
        calls.append(1)
        return float(((np.asarray(x, float) - np.asarray(x_hat, float)) ** 2).mean())

    lesson00.mse(count)
    return WORN_OUT.format(most=len(calls))


def nbgrader(folder, *words, fast=""):
    """Run one command. nbgrader's grading is fast mode without being told so."""
    # nbgrader looks for alembic on the PATH, as it finds it when .venv is active.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"OMP_NUM_THREADS": "1", "COURSE_FAST": fast, "PATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    return said


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The course folder after every command."""
    folder = tmp_path_factory.mktemp("nbgrader")
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "autoencoders"\n'
        "c.Autograde.create_student = True\n"
    )
    source = folder / "source" / "pack"
    source.mkdir(parents=True)
    for lesson in LESSONS:
        shutil.copy(ROOT / "solutions" / f"{lesson}.ipynb", source)
    nbgrader(folder, "generate_assignment", "pack", "--create")

    for student in ("solved", "untouched", "mixed"):
        submitted = folder / "submitted" / student / "pack"
        submitted.mkdir(parents=True)
        for lesson in LESSONS:
            notebook = nbformat.read(folder / f"release/pack/{lesson}.ipynb", 4)
            if student == "solved":
                notebook = submission(lesson=lesson)
            if student == "mixed":
                notebook = submission({"mse": worn_out(), "sample": LOGITS}, lesson)
            if (student, lesson) != ("solved", LESSONS[0]):  # else without long cells
                notebook = without_idle_cells(notebook, lesson_named(lesson))
            nbformat.write(notebook, submitted / f"{lesson}.ipynb")
    nbgrader(folder, "autograde", "pack")
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        solved = gradebook.find_submission("pack", "solved")
        for notebook in solved.notebooks:
            for grade in notebook.grades:
                if grade.needs_manual_grade:
                    grade.manual_score = grade.max_score
                    grade.needs_manual_grade = False
        gradebook.db.commit()
    nbgrader(folder, "generate_feedback", "pack", "--student=mixed")
    nbgrader(folder, "export")
    return folder


def points(folder, student):
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        submission = gradebook.find_submission("pack", student)
        return {
            notebook.name: {grade.name: grade.score for grade in notebook.grades}
            for notebook in submission.notebooks
        }


def test_the_release_is_ours(graded):
    for lesson in LESSONS:
        theirs = (graded / f"release/pack/{lesson}.ipynb").read_bytes()
        assert b"HIDDEN TESTS" not in theirs
        theirs = with_fetch(theirs, package_address())
        # Ours has a few figures of the solution to compare one's own with, as well.
        ours = nbformat.read(ROOT / f"notebooks/{lesson}.ipynb", 4)
        for cell in ours.cells:
            cell.source = without_figure(cell.source)
            cell.pop("attachments", None)
        assert ours == nbformat.reads(theirs.decode(), 4)


def test_the_solution_has_full_points(graded):
    for lesson, scores in points(graded, "solved").items():
        assert sum(scores.values()) == 100, (lesson, scores)


def test_the_untouched_release_has_none(graded):
    for scores in points(graded, "untouched").values():
        assert sum(scores.values()) == 0, scores


def test_a_mixed_submission_has_just_the_points_it_earned(graded):
    first, third = (points(graded, "mixed")[lesson] for lesson in LESSONS)
    assert first["check_mse"] == third["check_sample"] == 0
    assert sum(first.values()) == CODE["00_data_and_baselines"] - 10
    assert sum(third.values()) == CODE["03_variational_autoencoder"] - 10


def test_feedback_tells_why(graded):
    page = (graded / "feedback/mixed/pack/03_variational_autoencoder.html").read_text()
    assert "not right yet" in page
    assert "sigmoid" in page
    page = (graded / "feedback/mixed/pack/00_data_and_baselines.html").read_text()
    assert "CheckFailed" in page, "the hidden test speaks as the check does"
    assert "look at:" in page


def test_the_exported_table_adds_up(graded):
    with (graded / "grades.csv").open() as file:
        score = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    full = sum(CODE.values())
    assert score == {"solved": full + WRITTEN, "untouched": 0, "mixed": full - 20}


def test_validate_says_what_a_student_wants_to_know(graded, tmp_path):
    lesson = "00_data_and_baselines"
    untouched = graded / f"submitted/untouched/pack/{lesson}.ipynb"
    shutil.copy(untouched, tmp_path / "untouched.ipynb")
    solved = without_idle_cells(submission(lesson=lesson), lesson_named(lesson))
    nbformat.write(solved, tmp_path / "solved.ipynb")
    said = nbgrader(tmp_path, "validate", "solved.ipynb", "untouched.ipynb", fast="1")
    solved, untouched = said.split("Success! Your notebook passes all the tests.")
    assert "this is not written yet" not in solved
    assert "this is not written yet" in untouched


@pytest.mark.skipif(not available(), reason="bubblewrap is missing; install it: "
                    "apt-get install bubblewrap")  # fmt: skip
def test_course_grade_gives_the_same_points(graded, tmp_path):
    done = grade_class(graded / "submitted", tmp_path / "out")
    for student in ("solved", "untouched", "mixed"):
        for lesson, theirs in points(graded, student).items():
            ours = done.students[student][lesson].exercises
            by_machine = {row.id: row.score for row in ours}
            for name, score in theirs.items():
                if by_machine[name] is not None:  # the rest was graded by hand above
                    assert by_machine[name] == score, (student, lesson, name)
