"""Instructors read answers, rubrics and hidden tests in boxes of their own."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.handout.boxes import boxed


def titles(cell):
    shown = boxed(new_notebook(cells=[cell])).cells
    return [each.source.partition("{admonition} ")[2].split("\n")[0] for each in shown]


def test_a_hidden_test_leaves_the_visible_one_with_its_output():
    source = "check(f)\n### BEGIN HIDDEN TESTS\ncheck(f, [1])\n### END HIDDEN TESTS"
    cell = new_code_cell(source, execution_count=2)
    visible, hidden = boxed(new_notebook(cells=[cell])).cells
    assert visible.source == "check(f)"
    assert visible.execution_count == 2
    assert "```python\ncheck(f, [1])\n```" in hidden.source
    assert cell.source == source


def test_an_answer_in_code_stands_without_marks():
    source = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    (box,) = boxed(new_notebook(cells=[new_code_cell(source)])).cells
    assert "{admonition} Model answer" in box.source
    assert "```python\ndef f():\n    return 1\n```" in box.source


@pytest.mark.parametrize(
    ("heads", "points"),
    [
        (("**Model answer.** A.", "**Rubric** (7 points)\n\n- 7: it"), " (7 points)"),
        (("*Model answer.* A.", "*Rubric.* 2 points for it"), ""),
        (("**Model answer.** A.", "**Rubric (5 points).** 3: it"), " (5 points)"),
    ],
)
def test_a_written_answer_and_its_rubric_get_a_box_each(heads, points):
    answer = "\n\n".join(["### BEGIN SOLUTION", *heads, "### END SOLUTION"])
    assert titles(new_markdown_cell(answer)) == ["Model answer", f"Rubric{points}"]
    asked = new_markdown_cell(f"**Think.** Why?\n\n{answer}")
    question, model, rubric = boxed(new_notebook(cells=[asked])).cells
    assert question.source.strip() == "**Think.** Why?"
    assert "Model answer." not in model.source
    assert "Rubric." not in rubric.source
