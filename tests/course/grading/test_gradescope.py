"""Gradescope's autograder, unpacked and run as its container does."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest

from benchmarks.students import LESSON, submission
from course import CourseError, pack_root
from course.grading.gradescope import requirements, write_autograder

MISTAKEN = {
    "kl_divergence": "def kl_divergence(mu, logvar):\n    return mu.sum(dim=1)",
    "sample": "def sample(model, count, latent_dim):\n    raise NotImplementedError",
}
POINTS = {"kl_divergence": 20, "sample": 10}


@pytest.fixture(scope="module")
def container(tmp_path_factory):
    """The folder that Gradescope calls /autograder, after the image was built."""
    root = tmp_path_factory.mktemp("autograder")
    assert write_autograder("03", root / "autograder.zip") == LESSON
    # Gradescope unpacks with `unzip`, which keeps what may be run.
    with zipfile.ZipFile(root / "autograder.zip") as archive:
        archive.extractall(root / "source")
        modes = {each.filename: each.external_attr >> 16 for each in archive.filelist}
    for name in ("setup.sh", "run_autograder"):
        assert modes[name] & 0o111, "it can be run"
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    (root / "run_autograder").chmod(0o755)
    for name in ("submission", "results"):
        (root / name).mkdir()
    return root


def run(root, **files):
    """Hand these in, and run what Gradescope runs."""
    shutil.rmtree(root / "submission")
    (root / "submission").mkdir()
    for name, notebook in files.items():
        nbformat.write(notebook, root / "submission" / f"{name}.ipynb")
    done = subprocess.run(
        [root / "run_autograder"],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "AUTOGRADER_ROOT": str(root),
            "AUTOGRADER_PYTHON": sys.executable,
            "COURSE_DATA_MIRROR": os.environ.get("COURSE_DATA_MIRROR", ""),
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((root / "results" / "results.json").read_text())


def test_the_archive_holds_this_lesson_and_no_other(container):
    lessons = [path.name for path in (container / "source" / "solutions").iterdir()]
    assert lessons == [f"{LESSON}.ipynb"]
    assert (container / "source" / "helpers" / "checks").is_dir()
    assert not list(container.rglob("*.pyc"))
    for name in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", container / "source" / name], check=True)


def test_all_that_is_imported_is_installed():
    solution = pack_root() / "solutions" / f"{LESSON}.ipynb"
    names = {line.partition(">")[0] for line in requirements(solution).splitlines()}
    assert {"torch", "nbgrader", "jupyter", "scikit-learn"} <= names
    assert not {"tensorflow", "playwright", "ruff"} & names
    keras = pack_root() / "solutions" / "01_keras_dense_autoencoder.ipynb"
    assert "tensorflow>=" in requirements(keras)


def test_a_right_submission_has_full_points(container):
    results = run(container, my_final_version=submission())
    assert sum(test["score"] for test in results["tests"]) == 90
    assert {test["status"] for test in results["tests"]} == {"passed"}
    assert len(results["tests"]) == 6
    assert "Written answers, 10 points" in results["output"]
    assert results["stdout_visibility"] == "hidden"


def test_a_half_right_one_is_told_why_and_hidden_tests_stay_hidden(container):
    scratch = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    results = run(container, scratch=scratch, vae=submission(MISTAKEN))
    tests = {test["name"]: test for test in results["tests"]}
    for name, most in POINTS.items():
        assert (tests[name]["score"], tests[name]["max_score"]) == (0, most)
        assert tests[name]["visibility"] == "visible"
    assert "look at:" in tests["kl_divergence"]["output"]
    assert "not written yet" in tests["sample"]["output"]
    assert tests["reparameterize"]["output"] == "The check passes."
    assert sum(test["score"] for test in tests.values()) == 60
    assert "scratch.ipynb was set aside" in results["output"]


def test_bad_names_are_told(tmp_path):
    with pytest.raises(CourseError, match="no lesson '99'"):
        write_autograder("99", tmp_path / "a.zip")
    with pytest.raises(CourseError, match="takes a zip file"):
        write_autograder("03", tmp_path / "a.tar")
