"""A submission is fitted to the solution's cells."""

import copy

import nbformat
import pytest

from benchmarks.students import submission
from course.grading.one import record_of
from course.grading.records import Exercise
from course.grading.submission import (
    Lesson,
    points,
    prepare,
    read_lesson,
    without_idle_cells,
)
from course.notebook import grade_id
from tests.course.grading.shown import SOLUTION, as_bytes, did_nothing, page_of


def test_answers_in_words_are_found_by_their_place(tmp_path):
    """Lesson 00 leaves nothing of its own in the cell of an answer."""
    name = "00_data_and_baselines"
    lesson = read_lesson(SOLUTION.with_name(f"{name}.ipynb"))
    notebook = submission({"think_leak": "YOUR ANSWER HERE"}, name)
    for cell in notebook.cells:
        if grade_id(cell) == "think_floor":
            cell.source = "only the second one is answered"
        cell.metadata = {}
    record = record_of(as_bytes(notebook), lesson, did_nothing, sandboxed=True)
    assert record.answers == {
        "think_leak": "YOUR ANSWER HERE",
        "think_floor": "only the second one is answered",
    }
    assert record.repairs == [
        "the cells had lost their names; found again by their text"
    ]


def test_what_was_done_to_cells_is_told(tmp_path, lesson):
    notebook = submission()
    cells = {grade_id(cell): cell for cell in notebook.cells if grade_id(cell)}
    notebook.cells.remove(cells["reparameterize"])
    cells["check_sample"].source += "\nprint('forged')"
    cells["check_vae_loss"].metadata.nbgrader["points"] = 1000
    plain = next(
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and grade_id(cell) is None
    )
    given, plain.source = plain.source.splitlines()[0], "my_own = 'setup'"
    notebook.cells.append(nbformat.v4.new_code_cell("print('an added cell')"))
    page = page_of(tmp_path, lesson, as_bytes(notebook))
    assert "<li>reparameterize is missing</li>" in page
    assert "<li>the locked cell check_sample had been changed</li>" in page
    assert "<li>what nbgrader keeps of check_vae_loss had been changed</li>" in page
    added, gone = page.split("Cells of the lesson that are gone or changed")
    assert "my_own = &#39;setup&#39;" in added
    assert "an added cell" in added
    assert given.split("`")[0] in gone
    assert "points\n1000" not in page


# A lesson of seven cells, so that each rule shows by itself


def graded(name, source, kind="code", **marks):
    """A cell that nbgrader knows."""
    make = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
    }
    about = {"grade_id": name, "grade": False, "solution": False, "locked": False}
    about |= {"schema_version": 3, "task": False, "cell_type": kind, **marks}
    return make[kind](source, metadata={"nbgrader": about})


def notebook_of(*made):
    return nbformat.v4.new_notebook(cells=[copy.deepcopy(cell) for cell in made])


INTRO = nbformat.v4.new_markdown_cell("# The mean squared error")
SETUP = nbformat.v4.new_code_cell("import numpy as np\nSCALE = 2")
STUB = "def mse(x, y):\n    raise NotImplementedError()"
RIGHT = "def mse(x, y):\n    return np.mean((x - y) ** 2)"
CHECK = {"grade": True, "locked": True, "points": 20}
PLOT = nbformat.v4.new_code_cell("picture = draw_for_an_hour()")
ASKED = nbformat.v4.new_markdown_cell("Why is it squared?")
ANSWER = {"grade": True, "solution": True, "points": 10}
SMALL = Lesson(
    "09_small",
    notebook_of(
        INTRO, SETUP, graded("mse", RIGHT, solution=True),
        graded("check_mse", "checks.mse(mse)\nassert hidden(mse)", **CHECK),
        PLOT, ASKED, graded("think", "The model answer.", "markdown", **ANSWER),
    ),
    notebook_of(
        INTRO, SETUP, graded("mse", STUB, solution=True),
        graded("check_mse", "checks.mse(mse)", **CHECK),
        PLOT, ASKED, graded("think", "YOUR ANSWER HERE", "markdown", **ANSWER),
    ),
)  # fmt: skip


def handed_in(**sources):
    """The small lesson's release with some cells written in."""
    notebook = copy.deepcopy(SMALL.release)
    for cell in notebook.cells:
        cell.source = sources.get(grade_id(cell) or "", cell.source)
    return notebook


def without_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
    return notebook


def sources(notebook):
    return {grade_id(cell): cell.source for cell in notebook.cells if grade_id(cell)}


def test_locked_cells_are_the_solutions_and_students_cells_their_own():
    given = handed_in(mse=RIGHT, check_mse="checks.mse(mse)\n")
    before = copy.deepcopy(given)
    prepared = prepare(given, SMALL)
    assert sources(prepared.notebook) == {
        "mse": RIGHT,
        "check_mse": "checks.mse(mse)\nassert hidden(mse)",
        "think": "YOUR ANSWER HERE",
    }
    assert prepared.repairs == []
    assert given == before, "what was handed in is not changed"


def test_of_two_cells_of_one_name_the_last_counts():
    given = handed_in(mse=RIGHT)
    given.cells.insert(2, graded("mse", "def mse(x, y):\n    return 0", solution=True))
    given.cells.append(graded("bonus", "mine = 1"))
    prepared = prepare(given, SMALL)
    assert sources(prepared.notebook)["mse"] == RIGHT
    assert prepared.repairs == [
        "the graded cell bonus does not belong to this lesson",
        "the graded cell mse is there twice",
    ]


def test_a_check_that_became_words_is_code_again():
    given = handed_in(mse=RIGHT)
    given.cells[3] = graded("check_mse", "checks.mse(mse)", "markdown", **CHECK)
    prepared = prepare(given, SMALL)
    check = prepared.notebook.cells[3]
    assert (check.cell_type, check.outputs, check.execution_count) == ("code", [], None)
    assert prepared.repairs == ["check_mse had been turned into markdown"]


def test_outputs_go_unless_they_are_to_be_read():
    given = handed_in()
    given.cells[1].outputs = [nbformat.v4.new_output("stream", text="4")]
    assert prepare(given, SMALL).notebook.cells[1].outputs == []
    kept = prepare(given, SMALL, keep_outputs=True).notebook.cells[1].outputs
    assert [out.text for out in kept] == ["4"]


# Cells that have lost their names


@pytest.mark.parametrize(
    "answer",
    [STUB, RIGHT, f"import math\n\n{RIGHT}\n\nclass Helper:\n    pass"],
    ids=["as it was", "written", "with more of their own"],
)
def test_code_is_found_again_by_what_it_defines(answer):
    given = without_metadata(handed_in(mse=answer, think="Signs would cancel."))
    prepared = prepare(given, SMALL)
    assert sources(prepared.notebook) == {
        "mse": answer,
        "check_mse": "checks.mse(mse)\nassert hidden(mse)",
        "think": "Signs would cancel.",
    }
    assert prepared.repairs == [
        "the cells had lost their names; found again by their text"
    ]


def test_beside_a_name_that_is_left_the_others_are_found_again():
    given = without_metadata(handed_in(mse=RIGHT, think="Signs would cancel."))
    given.cells[2] = graded("mse", RIGHT, solution=True)
    prepared = prepare(given, SMALL)
    assert sources(prepared.notebook) == {
        "mse": RIGHT,
        "check_mse": "checks.mse(mse)\nassert hidden(mse)",
        "think": "Signs would cancel.",
    }
    assert prepared.repairs == [
        "check_mse had lost its name; found again",
        "think had lost its name; found again",
    ]


@pytest.mark.parametrize("merged", [True, False])
def test_a_check_that_is_gone_is_put_back_behind_its_answer(merged):
    given = handed_in(mse=f"{RIGHT}\n\nchecks.mse(mse)" if merged else RIGHT)
    del given.cells[3]
    prepared = prepare(given, SMALL)
    names = [grade_id(cell) for cell in prepared.notebook.cells]
    assert names.index("check_mse") == names.index("mse") + 1
    check = sources(prepared.notebook)["check_mse"]
    assert check == "checks.mse(mse)\nassert hidden(mse)"
    assert prepared.repairs == ["check_mse was gone; put back behind its answer"]


def test_the_untouched_stub_is_rather_found_than_a_cell_that_defines_the_same():
    given = without_metadata(handed_in())
    given.cells.insert(1, nbformat.v4.new_code_cell(RIGHT))
    assert sources(prepare(given, SMALL).notebook)["mse"] == STUB


def test_an_answer_has_its_place_below_the_question():
    given = without_metadata(handed_in(mse=RIGHT))
    given.cells.insert(1, nbformat.v4.new_markdown_cell("YOUR ANSWER HERE"))
    given.cells[-1].source = "Below the question."
    found = sources(prepare(given, SMALL).notebook)
    assert found["think"] == "Below the question."


def test_an_answer_that_was_moved_is_known_by_its_first_line():
    given = without_metadata(handed_in(mse=RIGHT))
    answer = given.cells.pop()
    answer.source += "\nand more below it"
    given.cells.insert(2, answer)
    found = sources(prepare(given, SMALL).notebook)
    assert found["think"].endswith("and more below it")


@pytest.mark.parametrize(
    "source", ["def mean(x, y):\n    return 0", "def mse(x, y:", "mse = np.mean", ""]
)
def test_what_nothing_tells_is_missing(source):
    given = without_metadata(handed_in(mse=source))
    prepared = prepare(given, SMALL)
    assert "mse" not in sources(prepared.notebook)
    assert "mse is missing" in prepared.repairs


# Cells that need not run


def test_what_no_graded_cell_depends_on_is_left_out():
    ran = without_idle_cells(prepare(handed_in(mse=RIGHT), SMALL).notebook, SMALL)
    code = [cell.source for cell in ran.cells if cell.cell_type == "code"]
    assert code == [SETUP.source, RIGHT, "checks.mse(mse)\nassert hidden(mse)"]


@pytest.mark.parametrize(
    "mine",
    [
        "picture.show()",
        "def later():\n    return picture",
        "%%time\nprint(picture)",
        "[picture for _ in 'x']",
    ],
)
def test_what_a_students_own_cell_reads_is_kept(mine):
    given = handed_in(mse=RIGHT)
    given.cells.append(nbformat.v4.new_code_cell(mine))
    ran = without_idle_cells(prepare(given, SMALL).notebook, SMALL)
    assert [cell.source for cell in ran.cells][-4:] == [
        PLOT.source, ASKED.source, "YOUR ANSWER HERE", mine,
    ]  # fmt: skip


@pytest.mark.parametrize("changed", ["picture = 1", "draw_for_an_hour(", "%matplotlib"])
def test_a_cell_that_was_changed_is_kept(changed):
    given = handed_in(mse=RIGHT)
    given.cells[4].source = changed
    ran = without_idle_cells(prepare(given, SMALL).notebook, SMALL)
    assert changed in [cell.source for cell in ran.cells]


# Points


ERROR = nbformat.v4.new_output("error", ename="NameError", evalue="no x", traceback=[])


def after_a_run(mse=(), check=(), think="Signs would cancel."):
    """The prepared small lesson, with these outputs."""
    ran = prepare(handed_in(mse=RIGHT, think=think), SMALL).notebook
    ran.cells[2].outputs, ran.cells[3].outputs = list(mse), list(check)
    return ran


def test_a_check_that_says_nothing_earns_its_points():
    check, think = points(after_a_run(), SMALL)
    assert check == Exercise("check_mse", "mse", False, 20.0, 20.0, "")
    assert think == Exercise("think", "think", True, 10.0, None, "")


def test_more_points_than_there_are_cost_their_own_cell_alone():
    data = {"text/plain": "1000"}
    shown = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
    check, think = points(after_a_run(check=[shown]), SMALL)
    assert check.score == 0
    assert "cannot be read" in check.message
    assert think.score is None


def test_a_check_that_fails_says_what_was_above_it():
    (check, _) = points(after_a_run(mse=[ERROR], check=[ERROR]), SMALL)
    assert check.score == 0
    assert check.message == (
        "NameError: no x\n(The cell above it had stopped with NameError: no x)"
    )


def test_a_cell_that_stopped_costs_nothing_where_its_check_passes():
    (check, _) = points(after_a_run(mse=[ERROR]), SMALL)
    assert (check.score, check.message) == (20, "")


def test_a_stopped_cell_is_told_by_its_own_check_only():
    later = graded("check_more", "checks.more(mse)", **CHECK)
    lesson = Lesson(
        "09_more",
        notebook_of(*SMALL.solution.cells, later),
        notebook_of(*SMALL.release.cells, later),
    )
    ran = after_a_run(mse=[ERROR], check=[ERROR])
    ran.cells.append(copy.deepcopy(later))
    ran.cells[-1].outputs = [ERROR]
    check, _, more = points(ran, lesson)
    assert "above it" in check.message
    assert more.message == "NameError: no x"


def test_what_is_written_to_stderr_costs_the_points_as_with_nbgrader():
    warned = nbformat.v4.new_output("stream", name="stderr", text="careful\n")
    (check, _) = points(after_a_run(check=[warned]), SMALL)
    assert check.score == 0
    assert check.message == "something was written to stderr: careful"


def test_what_is_printed_costs_nothing():
    said = nbformat.v4.new_output("stream", name="stdout", text="✓ mse: right.\n")
    (check, _) = points(after_a_run(check=[said]), SMALL)
    assert (check.score, check.message) == (20, "")


def test_a_missing_check_and_a_missing_notebook_earn_nothing():
    ran = after_a_run()
    del ran.cells[3]
    (check, think) = points(ran, SMALL)
    assert (check.score, check.message) == (0, "the cell is missing")
    assert think.score is None
    assert [(row.score, row.message) for row in points(None, SMALL)] == [(0, "")] * 2


def test_of_several_checks_each_is_put_back_behind_its_own_answer(lesson):
    given = submission()
    gone = {"check_kl_divergence", "check_sample"}
    given.cells = [each for each in given.cells if grade_id(each) not in gone]
    prepared = prepare(given, lesson)
    names = [grade_id(cell) for cell in prepared.notebook.cells]
    for name in gone:
        assert names.index(name) == names.index(name.removeprefix("check_")) + 1
    assert sorted(prepared.repairs) == [
        f"{name} was gone; put back behind its answer" for name in sorted(gone)
    ]
