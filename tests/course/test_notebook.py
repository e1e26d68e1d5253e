"""Notebooks are read whatever editor they have been through, or a reason is given."""

import json

import pytest

from benchmarks.students import submission
from tests.course.grading.shown import as_bytes, page_of


def without_ids(notebook):
    for cell in notebook["cells"]:
        del cell["id"]
    notebook["nbformat_minor"] = 4


def without_metadata(notebook):
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        del cell["metadata"]


def with_extra_keys(notebook):
    notebook["vendor"] = {"x": 1}
    for cell in notebook["cells"]:
        cell |= {"collapsed": True, "vendor": [1], "attachments": None}
        cell["metadata"] |= {"colab": {"id": 1}, "tags": "not a list"}


def in_format_3(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"input": cell.pop("source"), "language": "python"}
            cell |= {"prompt_number": 1, "outputs": [], "collapsed": False}
    heading = {
        "cell_type": "heading",
        "level": 1,
        "metadata": {},
        "source": ["My", "!"],
    }
    cells = [heading, *notebook.pop("cells")]
    notebook |= {"nbformat": 3, "nbformat_minor": 0}
    notebook["worksheets"] = [{"cells": cells, "metadata": {}}]


def with_text_in_one_piece(notebook):
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])


@pytest.mark.parametrize(
    "editor",
    [without_ids, without_metadata, with_extra_keys, in_format_3,
     with_text_in_one_piece],
)  # fmt: skip
def test_any_editor_will_do(tmp_path, lesson, editor):
    notebook = json.loads(as_bytes(submission()))
    editor(notebook)
    page = page_of(tmp_path, lesson, json.dumps(notebook).encode())
    assert "No points" not in page
    assert page.count("as in the reference") == 6
    assert "is missing" not in page
    assert "had been changed" not in page


MALFORMED = [
    None, 5, "text", [], {}, {"output_type": "display_data", "data": 5},
    {"output_type": "display_data", "data": {"image/png": 5}, "metadata": {}},
    {"output_type": "display_data", "data": {"image/png": ["aGk=\n", "aGk="]},
     "metadata": {"image/png": 3}},
    {"output_type": "display_data", "data": {"text/plain": "\ud800"}},
    *({"output_type": "display_data", "metadata": {},
       "data": {"application/vnd.course.metric+json": bundle}}
      for bundle in (5, [], "x", {}, {"value": {}}, {"value": 1, "expected": [1]},
                     {"value": 1, "expected": 7}, {"name": ["x"], "value": None},
                     {"value": 10**400, "expected": [0, 10**400]},
                     {"value": 1e400, "expected": [None, "x"], "unit": 5})),
]  # fmt: skip


def test_malformed_cells_and_outputs_do_no_harm(tmp_path, lesson):
    notebook = json.loads(as_bytes(submission()))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = MALFORMED
    notebook["cells"][5]["outputs"] = 7
    notebook["cells"] += [
        {"cell_type": "code", "source": "x = '\ud800'", "metadata": {"nbgrader": 5}},
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": ["list"]}}},
        {"cell_type": "raw", "metadata": {"nbgrader": {"grade_id": "unknown"}}},
    ]
    page = page_of(tmp_path, lesson, json.dumps(notebook).encode())
    assert "No points" not in page
    assert "unknown is not of this lesson" in page


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"nbformat": 4, "cells": 5}',
     b'{"nbformat": 99}', b'{"nbformat": 3, "worksheets": [1]}', b"null",
     b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}',
     b'{"nbformat": 4, "cells": [{"cell_type": "x", "source": ""}]}'],
)  # fmt: skip
def test_what_is_no_notebook_gets_a_reason(tmp_path, lesson, content):
    assert "No points: it" in page_of(tmp_path, lesson, content)
