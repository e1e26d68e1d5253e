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
