"""What a report takes from a notebook."""

import nbformat

from course.run.report import pictures


def test_a_comment_in_a_fence_is_no_heading():
    notebook = nbformat.v4.new_notebook()
    text = "# Real\n```python\n# not real\n```\nwords"
    show = nbformat.v4.new_code_cell("")
    data = {"image/png": "aa\nbb", "text/plain": "seen"}
    show.outputs = [nbformat.v4.new_output("display_data", data=data)]
    notebook.cells = [nbformat.v4.new_markdown_cell(text), show]
    (picture,) = pictures(notebook)
    assert picture.heading == "Real"
    assert picture.source == "data:image/png;base64,aabb"
    assert picture.alt == "seen"


def drew(*bundles, **metadata):
    outputs = [
        nbformat.v4.new_output("display_data", data, metadata=metadata)
        for data in bundles
    ]
    return nbformat.v4.new_code_cell("draw()", outputs=outputs)


def test_pictures_come_in_order_with_their_heading_and_their_words():
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        drew({"image/png": "AA=="}),
        nbformat.v4.new_markdown_cell("# One\n\n## *Two* `three`"),
        drew({"text/plain": "no picture"}, {"image/svg+xml": "<svg/>"}),
        nbformat.v4.new_markdown_cell("words"),
        drew({"image/png": "BB=="}, **{"image/png": {"alt": "Seen."}}),
    ]
    found = pictures(notebook)
    assert [picture.heading for picture in found] == ["", "Two three", "Two three"]
    assert [picture.source for picture in found] == [
        "data:image/png;base64,AA==",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "data:image/png;base64,BB==",
    ]
    words = [picture.alt for picture in found]
    assert words[0] == words[1] == "a figure without a description"
    assert words[2] == "Seen."
    assert {picture.code for picture in found} == {"draw()"}
    assert pictures(None) == []
