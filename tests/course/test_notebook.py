"""Notebooks are read whatever editor they have been through, or a reason is given."""

import copy
import json
import re

import nbformat
import pytest

from benchmarks.students import submission
from course import notebook as notebook_module
from course.grading.submission import prepare
from course.notebook import UnreadableError, grade_id, parse, untouched
from tests.course.grading.shown import RELEASE, as_bytes, page_of


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


def in_vs_code(notebook):
    """Run and saved there: names are kept, metadata and outputs are of its kind."""
    notebook["metadata"] = {
        "kernelspec": {
            "display_name": ".venv",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python", "version": "3.12.3"},
    }
    shown = {
        "application/vnd.jupyter.widget-view+json": {
            "model_id": "0a",
            "version_major": 2,
        },
        "application/vnd.code.notebook.stderr": ["2 warnings\n"],
        "application/vnd.course.progress+json": {"n": 1, "total": 2},
        "image/svg+xml": ["<svg xmlns='http://www.w3.org/2000/svg'>", "</svg>"],
        "text/html": ["<b>", "bold</b>"],
        "text/plain": ["1\n", "2"],
    }
    error = {"ename": "ValueError", "evalue": "no", "traceback": ["\x1b[31mno\x1b[0m"]}
    for count, cell in enumerate(notebook["cells"]):
        cell["metadata"] |= {"vscode": {"languageId": cell["cell_type"]}}
        if cell["cell_type"] == "code":
            cell["execution_count"] = count
            cell["outputs"] = [
                {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
                {"output_type": "display_data", "data": shown, "metadata": {}},
                {"output_type": "execute_result", "data": shown, "metadata": {},
                 "execution_count": count},
                {"output_type": "error"} | error,
            ]  # fmt: skip


@pytest.mark.parametrize(
    "editor",
    [without_ids, without_metadata, with_extra_keys, in_format_3,
     with_text_in_one_piece, in_vs_code],
)  # fmt: skip
def test_any_editor_will_do(tmp_path, lesson, editor):
    notebook = json.loads(as_bytes(submission()))
    editor(notebook)
    page = page_of(tmp_path, lesson, json.dumps(notebook).encode())
    assert "No points" not in page
    assert page.count("as in the reference") == 6
    assert "is missing" not in page
    assert "had been changed" not in page


def test_check_and_grade_run_the_same_after_vs_code(lesson):
    plain = json.loads(as_bytes(submission()))
    notebook = copy.deepcopy(plain)
    in_vs_code(notebook)
    before, after = (prepare(parse(json.dumps(n).encode()), lesson)
                     for n in (plain, notebook))  # fmt: skip
    assert before.repairs == after.repairs == []
    for one, other in zip(before.notebook.cells, after.notebook.cells, strict=True):
        assert one.pop("id") != other.pop("id"), "made anew"
        assert one == other


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
    assert "unknown does not belong to this lesson" in page


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"nbformat": 4, "cells": 5}',
     b'{"nbformat": 99}', b'{"nbformat": 3, "worksheets": [1]}', b"null",
     b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}',
     b'{"nbformat": 4, "cells": [{"cell_type": "x", "source": ""}]}'],
)  # fmt: skip
def test_what_is_no_notebook_gets_a_reason(tmp_path, lesson, content):
    assert "No points: it" in page_of(tmp_path, lesson, content)


def notebook_bytes(*cells, **top):
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}
    return json.dumps(made | top).encode()


CODE = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}


def refusal(content):
    with pytest.raises(UnreadableError) as refused:
        parse(content)
    return str(refused.value)


def test_a_file_is_read_up_to_the_largest_and_no_further(monkeypatch):
    content = notebook_bytes(CODE)
    monkeypatch.setattr(notebook_module, "LARGEST", len(content))
    assert parse(content).cells[0].source == "x = 1"
    assert "MiB; at most" in refusal(content + b" ")
    assert "clear the outputs" in refusal(content + b" ")


def test_the_largest_file_is_50_mib():
    assert "the file has 50 MiB; at most 50 are read" in refusal(
        b" " * (50 * 2**20 + 1)
    )


def test_cells_are_run_up_to_the_most_and_no_further(monkeypatch):
    monkeypatch.setattr(notebook_module, "MAX_CELLS", 3)
    assert len(parse(notebook_bytes(*[CODE] * 3)).cells) == 3
    assert refusal(notebook_bytes(*[CODE] * 4)) == "it has 4 cells; at most 3 are run"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", r"not a notebook \(Expecting property name"),
        (b"[1]", "no notebook format"),
        (b'"text"', "no notebook format"),
        (b'{"cells": []}', "no notebook format"),
        (notebook_bytes(nbformat="4"), "no notebook format"),
        (notebook_bytes(nbformat=None), "no notebook format"),
        (b"[" * 100_000, "nested too deeply"),
        (notebook_bytes(CODE | {"cell_type": "slide"}), "no cell type 'slide'"),
        (notebook_bytes(CODE | {"source": 5}), "text is not text"),
        (notebook_bytes(CODE | {"source": [1, 2]}), "not a notebook"),
        (notebook_bytes(CODE | {"source": None}), "text is not text"),
        (notebook_bytes(5), "not a notebook"),
        (notebook_bytes(nbformat=3, worksheets=[{"no": "cells"}]), "'cells'"),
    ],
)
def test_a_refusal_says_what_is_the_matter(content, words):
    assert re.search(words, refusal(content))


def test_what_is_read_is_made_new():
    given = CODE | {
        "source": ["a = '\ud800'\n", "b = 2"],
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}],
        "metadata": {"nbgrader": {"grade_id": "mse"}, "collapsed": True},
        "execution_count": 7,
    }
    words = {"cell_type": "markdown", "source": "# Title"}
    read = parse(
        notebook_bytes(given, words, metadata={"kernelspec": {"name": "evil"}})
    )
    code, title = read.cells
    assert code.source == "a = '?'\nb = 2"
    assert (code.outputs, code.execution_count) == ([], None)
    assert code.metadata == {"nbgrader": {"grade_id": "mse"}}
    assert (title.source, title.metadata) == ("# Title", {})
    assert read.metadata == {}, "what it says of kernels is not believed"
    nbformat.validate(read)


def test_outputs_are_kept_where_they_are_asked_for_and_can_be_shown():
    png = {"image/png": ["aGk=\n", "aGk="], "application/vnd.x+json": {"a": 1}}
    about = {"image/png": {"alt": "a picture"}, "text/plain": "no dictionary"}
    shown = {"output_type": "execute_result", "data": png, "metadata": about}
    content = notebook_bytes(CODE | {"outputs": [shown, 5]})
    (output,) = parse(content, outputs=True).cells[0].outputs
    assert output.data == {
        "image/png": "aGk=\naGk=",
        "application/vnd.x+json": {"a": 1},
    }
    assert output.metadata == {"image/png": {"alt": "a picture"}}
    assert parse(content).cells[0].outputs == []


@pytest.mark.parametrize(
    ("about", "name"),
    [
        ({"nbgrader": {"grade_id": "mse"}}, "mse"),
        ({"nbgrader": {"grade_id": ["mse"]}}, None),
        ({"nbgrader": {}}, None),
        ({"nbgrader": "mse"}, None),
        ({}, None),
    ],
)
def test_a_cells_name_is_text_or_none(about, name):
    assert grade_id(nbformat.v4.new_code_cell(metadata=about)) == name


def test_a_cell_is_untouched_until_it_is_written_in():
    released = nbformat.read(RELEASE, 4)
    cell = next(each for each in released.cells if grade_id(each) == "sample")
    assert untouched(cell)
    cell.source += "\n"
    assert not untouched(cell)
    cell.metadata.nbgrader.pop("checksum")
    assert not untouched(cell)
