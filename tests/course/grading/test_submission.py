"""A submission is fitted to the solution's cells."""

import nbformat

from benchmarks.students import submission
from course.grading.one import record_of
from course.grading.submission import read_lesson
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
    assert record.flags == ["the cells had lost their names; found again by their text"]


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
