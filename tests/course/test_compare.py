"""Pages about submissions: right, readable, and harmless whatever a student wrote."""

import base64
import json
import re
from itertools import pairwise

import nbformat
import pytest
from markupsafe import Markup

from benchmarks.students import LESSON, right_answers, submission
from course import CourseError, compare, pack_root
from course.grade import distributions, record_of, refused
from course.intake import Submission
from course.pages import diff_lines, write_comparison, write_feedback, write_summary
from course.sandbox import Execution, available
from course.submission import UnreadableError, grade_id, parse, prepare, read_lesson

SOLUTION = pack_root() / "solutions" / f"{LESSON}.ipynb"
RELEASE = pack_root() / "notebooks" / f"{LESSON}.ipynb"
NO_SANDBOX = "bubblewrap is missing; install it: apt-get install bubblewrap"

ATTACKS = (
    "<script>window.hacked=1</script>"
    "<img src=x onerror=window.hacked=1>"
    "\"><svg onload=window.hacked=1>'><iframe srcdoc='<script>top.hacked=1</script>'>"
    "</pre></table></style></title><style>@import url(http://127.0.0.1:9/)</style>"
    "<base href=//127.0.0.1:9><meta http-equiv=refresh content='0;url=//127.0.0.1:9'>"
    "<link rel=stylesheet href=http://127.0.0.1:9/x.css>{{ 7 * 7 }}"
)
PIXEL = base64.b64encode(
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=1' width='9' "
    b"height='9'><script>window.hacked=1</script>"
    b"<image href='http://127.0.0.1:9/x.png'/></svg>"
).decode()


@pytest.fixture(scope="module")
def lesson():
    return read_lesson(SOLUTION)


def did_nothing(notebook):
    return notebook, Execution(None, [], 0, 0.0)


def page_of(folder, lesson, content, student="alice"):
    """The comparison, without a sandbox: no cell is run."""
    record = record_of(content, lesson, did_nothing, sandboxed=True)
    try:
        shown = prepare(parse(content, outputs=True), lesson, keep_outputs=True)
        notebook = shown.notebook
    except UnreadableError:
        notebook = None
    page = folder / "page.html"
    metrics = compare.shown_figures(notebook, fast=False)
    write_comparison(page, student, record, lesson, notebook, metrics, "From it")
    return page.read_text()


def as_bytes(notebook):
    return nbformat.writes(notebook).encode()


# The command itself


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """One real run in the sandbox: a wrong exercise and a check that was changed."""
    if not available():
        pytest.skip(NO_SANDBOX)
    place = tmp_path_factory.mktemp("in") / "alice"
    place.mkdir()
    wrong = right_answers()["kl_divergence"].replace("-0.5 *", "0.5 *")
    notebook = submission({"kl_divergence": wrong})
    for cell in notebook.cells:
        if grade_id(cell) == "check_sample":
            cell.source = "print('right')"
    nbformat.write(notebook, place / f"{LESSON}.ipynb")
    out = place.parent / "out"
    (page,) = compare.compare([place / f"{LESSON}.ipynb"], out)
    assert list(out.iterdir()) == [page]
    return page


def test_the_page_shows_points_figures_code_and_pictures(compared):
    text = compared.read_text()
    assert compared.name == f"alice-{LESSON}.html"
    assert "60 of 100\npoints" in text
    assert "the locked cell check_sample had been changed" in text
    assert "the sign is flipped" in text, "the check's own message"
    assert "not enforced: fast" in text, "figures of the run, against their bands"
    assert "101.3 to 103.5" in text
    assert text.count("<img ") >= 16, "its pictures beside the reference's"
    assert "Model answer" in text
    assert "Rubric" in text


def test_the_page_is_usable_in_a_browser(compared, browser):
    tab = browser.new_page(viewport={"width": 900, "height": 900})
    seen = []
    tab.on("request", lambda request: seen.append(request.url))
    tab.goto(compared.as_uri())
    assert [url for url in seen if not url.startswith("data:")] == [compared.as_uri()]
    levels = tab.eval_on_selector_all("h1,h2,h3", "all => all.map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert levels.count(1) == 1
    images = tab.eval_on_selector_all(
        "img", "all => all.map(i => [i.naturalWidth > 0, i.alt.length > 10])"
    )
    assert images
    assert all(drawn and described for drawn, described in images)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.hash") == "#check_reparameterize"
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#check_reparameterize"
    assert tab.evaluate("document.querySelectorAll('[id]').length") == tab.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    )
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 700, "height": 900})  # A4 within its margins
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.pdf(format="A4").startswith(b"%PDF")


def test_it_refuses_before_it_writes(tmp_path, monkeypatch):
    garbage = tmp_path / "homework.ipynb"
    garbage.write_text('{"garbage')
    other = tmp_path / "other.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), other)
    monkeypatch.setattr(compare, "available", lambda: True)
    for path, words in (
        (garbage, r"names? says no lesson, and it is not a notebook.*Name it after"),
        (other, "neither its name nor its cells"),
        (tmp_path / "gone.ipynb", "cannot be read"),
    ):
        with pytest.raises(CourseError, match=words) as error:
            compare.compare([path], tmp_path / "out")
        assert "\n" not in str(error.value)
    monkeypatch.setattr(compare, "available", lambda: False)
    with pytest.raises(CourseError, match="apt-get install bubblewrap"):
        compare.compare([RELEASE], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_garbage_of_a_known_lesson_gets_a_page_with_the_reason(tmp_path):
    paths = []
    for student in ("alice", "bob"):
        paths.append(tmp_path / student / f"{LESSON}.ipynb")
        paths[-1].parent.mkdir()
        paths[-1].write_text('{"garbage <b>')
    paths.append(tmp_path / f"carol_{LESSON}.ipynb")
    paths[-1].write_text("[]")
    pages = compare.compare(paths, tmp_path / "out", unsafe=True)
    assert [page.name.split("-")[0] for page in pages] == ["alice", "bob", "carol"]
    for page in pages:
        assert "No points: it is not a notebook" in page.read_text()
        assert "Graded without a sandbox" in page.read_text()


@pytest.mark.parametrize("lost", ["its name", "its name and all metadata"])
def test_the_lesson_is_known_by_its_cells(lesson, lost):
    notebook = nbformat.read(RELEASE, 4)
    if "metadata" in lost:
        for cell in notebook.cells:
            cell.metadata = {}
    known = {path.stem: path for path in SOLUTION.parent.glob("0*.ipynb")}
    path = pack_root() / "alice" / "homework.ipynb"
    found = compare._whose(path, as_bytes(notebook), known, {})
    assert found == ("alice homework", LESSON)


# Whatever editor it has been through


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
    assert record["answers"] == {
        "think_leak": "YOUR ANSWER HERE",
        "think_floor": "only the second one is answered",
    }
    assert record["flags"] == [
        "the cells had lost their names; found again by their text"
    ]


def test_recorded_outputs_are_read_as_jupyter_writes_them(tmp_path, lesson):
    """Text is a list of lines on the disk."""
    page = page_of(tmp_path, lesson, SOLUTION.read_bytes())
    assert page.count("in band") == 4
    assert page.count("<p>None.</p>") == 0, "each picture has a partner"
    ours = [out for cell in lesson.solution.cells for out in cell.get("outputs", ())]
    pictures = [
        out.data["image/png"] for out in ours if "image/png" in out.get("data", {})
    ]
    for picture in pictures:
        assert page.count("".join(picture.split())) == 2


def test_the_untouched_release_is_shown(tmp_path, lesson):
    page = page_of(tmp_path, lesson, RELEASE.read_bytes())
    assert "To look at" not in page
    assert "added or changed" not in page
    assert "gone or changed" not in page
    assert "None: neither the file nor the run recorded a figure." in page


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


def test_endless_texts_are_cut(tmp_path, lesson):
    endless = {
        "sample": "x = 1\n" * 200_000,
        "kl_divergence": "y" * 10**6,
        "think_beta": "# " + " " * 10**6 + "x",
    }
    page = page_of(tmp_path, lesson, as_bytes(submission(endless)))
    assert "characters more" in page
    assert len(page) < 4 * 2**20


# The differences


def test_differences_are_marked_in_words():
    rows = diff_lines("a = 1\nb = x + 2\nonly()", "a = 1\nb = x - 2")
    assert rows == [
        ("", "a = 1", "a = 1"),
        ("changed", "b = x <mark>+</mark> 2", "b = x <mark>-</mark> 2"),
        ("extra", "<mark>only()</mark>", ""),
    ]
    assert diff_lines("", "a < 1") == [("missing", "", "<mark>a &lt; 1</mark>")]


def test_nothing_of_either_text_is_lost():
    names = sorted(right_answers())
    for one in names:
        for other in names:
            mine, ours = right_answers()[one], right_answers()[other]
            rows = diff_lines(mine, ours)
            for side, text in ((1, mine), (2, ours)):
                absent = "missing" if side == 1 else "extra"
                shown = [row[side] for row in rows if row[0] != absent]
                plain = [re.sub("</?mark>", "", line) for line in shown]
                assert [Markup(line).unescape() for line in plain] == text.splitlines()


# What a student writes does not run in an instructor's browser


def hostile_notebook():
    code = f'r"""{ATTACKS}"""\nraise ValueError'
    answers = {
        name: ATTACKS if name.startswith("think") else code for name in right_answers()
    }
    notebook = submission(answers)
    svg = base64.b64decode(PIXEL).decode()
    figure = {"name": ATTACKS, "value": 1.0, "expected": [0, 2], "unit": ATTACKS}
    data = [
        {"image/svg+xml": svg, "text/plain": ATTACKS},
        {"image/png": f'AAAA"{ATTACKS}', "text/plain": ATTACKS},
        {"text/html": ATTACKS, "text/plain": ATTACKS},
        {"application/javascript": "window.hacked=1", "text/markdown": ATTACKS},
        {"application/vnd.course.metric+json": figure, "text/plain": ATTACKS},
    ]
    outputs = [
        nbformat.v4.new_output(
            "display_data", data=each, metadata={"image/png": {"alt": ATTACKS}}
        )
        for each in data
    ]
    outputs.append(nbformat.v4.new_output("stream", name="stdout", text=ATTACKS))
    cell = nbformat.v4.new_code_cell(code + "\n#", outputs=outputs)
    title = nbformat.v4.new_markdown_cell(f"# {ATTACKS}"[:290])
    notebook.cells += [title, cell, nbformat.v4.new_markdown_cell(ATTACKS)]
    return notebook


def stopped_with_an_attack(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            error = {"ename": ATTACKS, "evalue": ATTACKS, "traceback": [ATTACKS]}
            cell.outputs = [nbformat.v4.new_output("error", **error)]
    return notebook, Execution(None, [], 0, 0.0)


@pytest.fixture
def hostile_pages(tmp_path, lesson):
    """All that is written about a hostile student, under a hostile name."""
    content = as_bytes(hostile_notebook())
    record = record_of(content, lesson, stopped_with_an_attack, sandboxed=True)
    assert "<script>" in record["exercises"][0]["message"]
    record["flags"].append(ATTACKS)
    record["reason"] = ATTACKS
    shown = prepare(parse(content, outputs=True), lesson, keep_outputs=True).notebook
    metrics = compare.shown_figures(shown, fast=False)
    assert metrics[0]["name"] == ATTACKS
    pages = [tmp_path / f"{name}.html" for name in ("compare", "feedback", "summary")]
    write_comparison(pages[0], ATTACKS, record, lesson, shown, metrics, ATTACKS)
    write_feedback(pages[1], ATTACKS, ATTACKS, record, lesson)
    no_lesson = refused(Submission(ATTACKS, "", ATTACKS, b"", ATTACKS))
    students = {ATTACKS: {LESSON: record, ATTACKS: no_lesson}}
    pair = {"students": (ATTACKS, "x"), "similarity": 1.0, "exercises": [ATTACKS]}
    write_summary(pages[2], distributions(students), {LESSON: [pair]}, students)
    return pages


def test_nothing_a_student_wrote_runs(hostile_pages, browser):
    for page in hostile_pages:
        assert "window.hacked" in page.read_text(), "the attack has arrived"
        for csp in (False, True):  # escaping holds without the policy as well
            context = browser.new_context(bypass_csp=not csp)
            tab = context.new_page()
            seen, said = [], []
            tab.on("request", lambda request, seen=seen: seen.append(request.url))
            tab.on("dialog", lambda dialog, said=said: said.append(dialog.message))
            tab.goto(page.as_uri())
            tab.wait_for_timeout(200)
            outside = [url for url in seen if not url.startswith("data:")]
            assert outside == [page.as_uri()]
            assert tab.evaluate("typeof window.hacked") == "undefined"
            forbidden = "script, iframe, base, link, object, embed, body style"
            assert tab.locator(forbidden).count() == 0
            assert tab.locator("[onerror], [onload]").count() == 0
            assert tab.locator("img:not([src^='data:image/'])").count() == 0
            assert tab.locator("meta[http-equiv=refresh]").count() == 0
            assert tab.locator("h1").count() == 1
            assert said == []
            assert "{{ 7 * 7 }}" in tab.inner_text("body"), "no template is filled in"
            context.close()


def test_pages_forbid_scripts_and_the_network(hostile_pages, browser):
    """Were something to slip through, the page's own policy would stop it."""
    for page in hostile_pages:
        text = page.read_text()
        page.write_text(text.replace("<body>", f"<body>{ATTACKS[:80]}", 1))
        tab = browser.new_page()
        seen = []
        tab.on("requestfinished", lambda request, seen=seen: seen.append(request.url))
        (page.parent / "x").write_text("an image that is asked for must not come")
        tab.goto(page.as_uri())
        assert tab.locator("body script").count() == 1
        assert tab.evaluate("typeof window.hacked") == "undefined"
        assert [url for url in seen if not url.startswith("data:")] == [page.as_uri()]


def test_a_hostile_file_name_stays_in_the_folder(tmp_path):
    name = f"<img src=x onerror=window.hacked=1>_{LESSON}.ipynb"
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / name
    path.write_text("not a notebook")
    odd = str(tmp_path / "in").encode() + b"/\xff_" + LESSON.encode() + b".ipynb"
    with open(odd, "w") as file:
        file.write("not a notebook")
    odd_path = next(each for each in (tmp_path / "in").iterdir() if each != path)
    pages = compare.compare([path, odd_path], tmp_path / "out", unsafe=True)
    assert {page.parent for page in pages} == {tmp_path / "out"}
    assert pages[0].name.isascii()
    assert "<img" not in pages[0].read_text()
    assert "&lt;img src=x" in pages[0].read_text()
