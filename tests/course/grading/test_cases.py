"""Notebooks that lost something, met a library's whims, or never come to an end."""

import nbformat
import pytest

from benchmarks.students import LESSON, right_answers, submission
from course import pack_root
from course.grading.apart import run_apart
from course.grading.one import record_of
from course.grading.submission import lesson_named
from course.notebook import grade_id
from course.sandbox.bubblewrap import available
from tests.course.handed_in import NO_SANDBOX, SHORT

pytestmark = pytest.mark.skipif(not available(), reason=NO_SANDBOX)
CASES = pack_root().parent / "shared" / "cases"
LESSONS = {
    path.stem[:2]: path.stem
    for path in (pack_root() / "solutions").glob("[0-9]*.ipynb")
}


def graded(sandbox, content, lesson=LESSON):
    if not isinstance(content, bytes):
        content = nbformat.writes(content).encode()

    def run(notebook):
        return run_apart(notebook, sandbox)

    return record_of(content, lesson_named(lesson), run, True)


def case(name):
    """A sample's lesson and content; None where the samples are not there."""
    file = CASES / f"{name}.ipynb"
    lesson = LESSONS[name[-2:]]
    return (file.read_bytes(), lesson) if file.is_file() else None


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("own-variable-F-earns-zero.03", 90),
        ("one-check-cell-lost-its-metadata.03", 90),
        ("tensorflow-imported-first-course-check-loses-15.03", 90),
        ("warning-size_average-right-but-no-points.03", 90),
        ("tqdm-in-evaluate-right-but-no-points.04", 90),
        ("warning-n_jobs-right-but-no-points.05", 90),
    ],
)
def test_a_sample_of_right_answers_has_full_points_and_no_flag(sandbox, name, score):
    if found := case(name):
        record = graded(sandbox, *found)
        wrong = [row for row in record.exercises if row.message and row.score == 0]
        assert (record.score, record.flags) == (score, []), wrong


def test_the_first_cell_that_failed_is_named_once(sandbox):
    if found := case("colab-drive-in-the-import-cell-cause-not-told.03"):
        record = graded(sandbox, *found)
        assert record.score == 0
        assert "google.colab" in record.first_trouble
        assert "from google.colab import drive" in record.first_trouble
        assert not any("google" in row.message for row in record.exercises)
        assert not any("NameError" in row.message for row in record.exercises)


def test_a_deleted_cell_of_imports_is_named_once(sandbox):
    notebook = submission()
    notebook.cells = [c for c in notebook.cells if "import torch" not in c.source]
    record = graded(sandbox, notebook)
    assert "is gone or changed" in record.first_trouble
    assert not any("NameError" in row.message for row in record.exercises)


def lost(notebook, name):
    return next(cell for cell in notebook.cells if grade_id(cell) == name)


@pytest.mark.parametrize("names", [["check_sample"], ["kl_divergence", "vae_class"]])
def test_cells_without_their_metadata_are_found_again(sandbox, names):
    notebook = submission()
    for name in names:
        del lost(notebook, name).metadata["nbgrader"]
    record = graded(sandbox, notebook)
    assert record.score == 90
    assert record.flags == []
    assert all(f"{name} had lost its name; found again" in record.repairs
               for name in names)  # fmt: skip


def test_a_written_answer_without_its_metadata_is_found_again(sandbox):
    notebook = submission({"think_beta": "More beta, fewer bits: it blurs."})
    del lost(notebook, "think_beta").metadata["nbgrader"]
    record = graded(sandbox, notebook)
    assert (record.score, record.by_hand) == (90, 10)
    assert record.answers["think_beta"] == "More beta, fewer bits: it blurs."


def test_a_check_that_was_merged_into_its_answer_or_deleted_is_put_back(sandbox):
    notebook = submission()
    check = lost(notebook, "check_kl_divergence")
    lost(notebook, "kl_divergence").source += f"\n\n{check.source}"
    gone = {"check_kl_divergence", "check_sample"}
    notebook.cells = [c for c in notebook.cells if grade_id(c) not in gone]
    record = graded(sandbox, notebook)
    assert record.score == 90
    assert record.flags == []
    assert sum("put back" in each for each in record.repairs) == 2


def some_answers(**answers):
    """Three right answers whose checks are quick, and those given."""
    right = right_answers()
    stub = {"vae_class": "", "vae_loss": ""}
    notebook = submission(right | stub | answers)
    return notebook


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    while True:\n        pass", f"longer than {SHORT.check_seconds} s"),
        ("    kept = []\n    while True:\n        kept.append(torch.ones(2**24))", ""),
        ("    import os\n    os._exit(0)", "ended its own kernel"),
    ],
    ids=["never ends", "takes all memory", "ends its kernel"],
)
def test_one_exercise_cannot_take_the_others_along(sandbox, body, words):
    answer = f"def kl_divergence(mu, logvar):\n{body}"
    record = graded(sandbox, some_answers(kl_divergence=answer))
    rows = {row.exercise: row for row in record.exercises}
    assert record.reason is None
    assert rows["kl_divergence"].score == 0
    assert rows["kl_divergence"].message
    assert words in rows["kl_divergence"].message
    assert record.score == 15 + 15 + 10


def test_batches_into_a_list_that_grows_for_ever(sandbox):
    lesson = LESSONS["00"]
    endless = (
        "def batches(images, labels, batch_size, rng=None):\n"
        "    found = []\n"
        "    while True:\n"
        "        found.append((images[:batch_size].copy(), labels[:batch_size]))\n"
        "    return found"
    )
    whole = sum(
        float(cell.metadata.nbgrader["points"])
        for name, cell in lesson_named(lesson).cells("release").items()
        if name.startswith("check_") and name != "check_batches"
    )
    record = graded(sandbox, submission({"batches": endless}, lesson), lesson)
    rows = {row.exercise: row for row in record.exercises}
    assert rows["batches"].score == 0
    assert rows["batches"].message
    assert record.score == whole


def test_scratch_cells_raise_no_flag_and_cost_nothing(sandbox):
    notebook = submission(right_answers())
    notebook.cells += [
        nbformat.v4.new_code_cell(added)
        for added in (
            "from tensorflow import keras",
            "F = 784\nnn = None",
            "import importlib\nimportlib.reload(importlib)",
            "print('hello')\nimport sys\nprint('oh', file=sys.stderr)",
            "import gc, inspect\ngc.collect()\ninspect.stack()",
        )
    ]
    record = graded(sandbox, notebook)
    assert (record.score, record.flags) == (90, [])


@pytest.mark.parametrize(
    "name",
    [
        "from-tensorflow-import-keras-earns-zero.01",
        "warning-input_shape-right-but-no-points.01",
    ],
)
def test_right_answers_in_keras_have_full_points_and_no_flag(keras_sandbox, name):
    if found := case(name):
        record = graded(keras_sandbox, *found)
        most = sum(row.max for row in record.exercises if not row.written)
        wrong = [row for row in record.exercises if row.message and row.score == 0]
        assert (record.score, record.flags) == (most, []), wrong
