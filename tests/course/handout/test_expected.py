"""The solution's figures, folded into the text that students read below."""

import base64

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course import CourseError
from course.handout.expected import TAG, show_expected, without_figure
from tests.course.small_lessons import figure_cell


def shown(*cells):
    notebook = new_notebook(cells=list(cells))
    changed, resources = show_expected(notebook, {"kept": 1})
    assert changed is notebook
    assert resources == {"kept": 1}
    return notebook.cells


def text(source="**What to see.** Ten.", **metadata):
    return new_markdown_cell(source, metadata=metadata)


def test_the_figure_is_attached_to_the_text_below_and_folded():
    code, below = shown(figure_cell(), text("What to see.\n\nMore."))
    assert code.source == "draw()"
    assert below.attachments == {"expected.png": {"image/png": "A" * 12_000}}
    assert below.source.startswith("<details><summary>Yours should look like this<")
    assert "\n\n![Ten digits (blurred)](attachment:expected.png)\n\n" in below.source
    assert below.source.endswith("\n</details>\n\nWhat to see.\n\nMore.")


def test_of_two_figures_the_first_and_of_each_cell_its_own():
    two, other = figure_cell(), figure_cell()
    two.outputs.insert(0, new_output("stream", text="loss 3"))
    again = new_output("display_data", {"image/png": "B"})
    two.outputs.append(again)
    other.outputs[0].data["image/png"] = "CCCC"
    _, first, _, second = shown(two, text(), other, text())
    assert first.attachments["expected.png"]["image/png"] == "A" * 12_000
    assert second.attachments["expected.png"]["image/png"] == "CCCC"


def test_other_cells_and_texts_stay_as_they_are():
    untagged, empty = figure_cell(), figure_cell()
    untagged.metadata = {}
    empty.outputs = []
    cells = [untagged, text(), empty, text(), text(), new_code_cell("1")]
    before = [dict(cell) for cell in cells]
    assert [dict(cell) for cell in shown(*cells)] == before
    assert shown() == []


@pytest.mark.parametrize(
    "below",
    [
        [],
        [new_code_cell("x = 1")],
        [text(nbgrader={"grade": True}), text()],
        [new_code_cell("x = 1"), text()],
    ],
)
def test_without_a_text_of_the_lesson_below_the_tag_is_refused(below):
    cell = figure_cell()
    cell.source = "draw(1)\ndraw(2)"
    with pytest.raises(CourseError) as failed:
        shown(cell, *below)
    assert str(failed.value).startswith(
        f"The cell 'draw(1)' has the tag {TAG}, but no text of the lesson follows"
    )


@pytest.mark.parametrize(("size", "fits"), [(20_000, True), (20_001, False)])
def test_a_figure_may_have_20_kb(size, fits):
    png = base64.b64encode(bytes(size)).decode()
    cell = figure_cell()
    cell.outputs[0].data["image/png"] = png
    if fits:
        assert "attachments" in shown(cell, text())[1]
        return
    with pytest.raises(CourseError, match=r"'draw\(\)' has 20,001 bytes; .* 20,000\."):
        shown(cell, text())


@pytest.mark.parametrize(
    "source", ["", "Words.", "Words.\n\n<details>\n</details>\n\n"]
)
def test_the_text_comes_back_as_it_stands_in_the_lesson(source):
    _, below = shown(figure_cell(), text(source))
    assert without_figure(below.source) == source
    assert without_figure(source) == source


def test_only_the_first_fold_is_taken_away():
    _, below = shown(figure_cell(), text())
    fold = below.source.removesuffix("**What to see.** Ten.")
    assert without_figure(fold + fold + "Ten.") == fold + "Ten."
    assert without_figure("a\n" + fold) == "a\n" + fold, "it stands at the very top"


@pytest.mark.parametrize(
    "metadata", [{}, {"image/png": {}}, {"image/png": {"alt": ""}}]
)
def test_a_figure_without_words_is_refused(metadata):
    cell = figure_cell()
    cell.outputs[0].metadata = metadata
    with pytest.raises(CourseError, match="says in no words what it shows"):
        shown(cell, text())


def test_the_figure_can_be_taken_off_once():
    _, below = shown(figure_cell(), text("What to see."))
    twice = below.source + below.source
    assert without_figure(below.source) == "What to see."
    assert without_figure(twice).count("<details>") == 1
