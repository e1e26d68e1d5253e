"""Pages about submissions: right, readable, and harmless whatever a student wrote."""

import base64
import re

import nbformat
import pytest
from markupsafe import Markup

from benchmarks.students import LESSON, right_answers, submission
from course.grading import compare
from course.grading.copying import Pair
from course.grading.intake import Submission
from course.grading.one import record_of, refused
from course.grading.pages import (
    added,
    diff_lines,
    removed,
    short,
    side_by_side,
    solutions_above,
    without_marks,
    write_comparison,
    write_feedback,
    write_summary,
)
from course.grading.records import Exercise, Record
from course.grading.submission import prepare
from course.grading.tables import distributions
from course.notebook import parse
from course.sandbox.sandbox import Execution
from tests.course.grading.shown import RELEASE, SOLUTION, as_bytes, page_of

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


def test_endless_texts_are_cut(tmp_path, lesson):
    endless = {
        "sample": "x = 1\n" * 200_000,
        "kl_divergence": "y" * 10**6,
        "think_beta": "# " + " " * 10**6 + "x",
    }
    page = page_of(tmp_path, lesson, as_bytes(submission(endless)))
    assert "characters more" in page
    assert len(page) < 4 * 2**20


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


def test_lines_with_little_in_common_are_marked_whole():
    (row,) = diff_lines("return loss.mean()", "x = 1")
    assert row == (
        "changed",
        "<mark>return loss.mean()</mark>",
        "<mark>x = 1</mark>",
    )


def test_only_what_a_page_cannot_show_is_cut():
    assert short("12345", 5) == "12345"
    assert short("123456", 5) == "12345\n... and 1 characters more"


def test_what_nbgrader_marks_solutions_with_is_not_shown():
    lines = [
        "x = 1",
        "### BEGIN SOLUTION",
        "    y = 2",
        "    ### END SOLUTION",
        "z = 3",
    ]
    assert without_marks("\n".join(lines)) == "x = 1\n    y = 2\nz = 3"


def test_an_exercise_shows_the_code_that_its_own_check_tries(lesson):
    above = solutions_above(lesson)
    assert above["check_reparameterize"] == ["reparameterize"]
    assert above["check_sample"] == ["sample"]


def drew(heading, code, *pictures):
    """Cells of a heading and of code that drew these."""
    outputs = [
        nbformat.v4.new_output("display_data", {"image/png": picture})
        for picture in pictures
    ]
    return [
        nbformat.v4.new_markdown_cell(f"## {heading}"),
        nbformat.v4.new_code_cell(code, outputs=outputs),
    ]


def notebook_of(*parts):
    cells = [cell for part in parts for cell in part]
    return nbformat.v4.new_notebook(cells=cells)


def test_pictures_of_the_same_code_stand_beside_each_other():
    mine = notebook_of(
        drew("A", "theirs()", "AAAA"), drew("A", "b()", "BBBB"), drew("C", "c", "CCCC")
    )
    ours = notebook_of(drew("A", "b()", "DDDD"), drew("A", "ours()", "EEEE", "FFFF"))
    pairs = [
        (heading, *(each and each.source[-4:] for each in sides))
        for heading, *sides in side_by_side(mine, ours)
    ]
    assert pairs == [
        ("A", "BBBB", "DDDD"),
        ("A", "AAAA", "EEEE"),
        ("A", None, "FFFF"),
        ("C", "CCCC", None),
    ]


def test_given_code_that_was_changed_is_shown_as_added_and_as_gone(lesson):
    notebook = nbformat.read(RELEASE, 4)
    assert added(notebook, lesson) == removed(notebook, lesson) == []
    given = next(
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata
    )
    before, given.source = given.source, "mine = 1\n"
    assert added(notebook, lesson) == ["mine = 1"]
    assert removed(notebook, lesson) == [before.strip()]
    assert added(None, lesson) == removed(None, lesson) == []


def of_score(score, **more):
    row = Exercise("check_sample", "sample", False, 100, score, "")
    return Record(LESSON, [row], **more)


def test_the_summary_counts_points_and_names_whom_to_look_at(tmp_path):
    late = of_score(9.5, late=True, late_by="2 days", notes=["an older copy"])
    students = {
        "ada": {LESSON: of_score(0)},
        "bob": {LESSON: late},
        "cyd": {LESSON: of_score(10, flags=["sample, line 3: odd"])},
        "dan": {LESSON: of_score(90)},
        "eve": {LESSON: of_score(100, repairs=["metadata was lost"])},
        "fay": {"x.ipynb": Record("", reason="its name says no lesson")},
    }
    page = tmp_path / "summary.html"
    write_summary(page, {LESSON: []}, {LESSON: []}, students)
    text = " ".join(page.read_text().split())
    assert (
        "Automatic points of the students: 2 with 0-9, 1 with 10-19, 0 with 20-29"
        in text
    )
    assert "0 with 80-89, 2 with 90-100" in text
    heights = [int(each) for each in re.findall(r'width="50" height="(\d+)"', text)]
    assert heights == [90, 45, 0, 0, 0, 0, 0, 0, 0, 90]
    rows = re.findall(r"<tr><td>(.*?)</td></tr>", text)
    said = [re.sub(r"</td> ?<td[^>]*>", "|", row) for row in rows]
    assert f"cyd|{LESSON}|10|sample, line 3: odd<br>" in said
    assert "fay|x.ipynb|its name says no lesson" in said
    assert f"bob|{LESSON}|handed in late by 2 days" in said
    assert f"bob|{LESSON}|an older copy" in said
    assert f"eve|{LESSON}|metadata was lost" in said


def test_a_class_without_points_has_a_summary(tmp_path):
    students = {"fay": {LESSON: Record(LESSON, reason="it is not a notebook")}}
    write_summary(tmp_path / "page.html", {LESSON: []}, {}, students)
    assert "1 with 0-9, 0 with 10-19" in (tmp_path / "page.html").read_text()


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
    return Execution(None, 0, 0.0)


@pytest.fixture
def hostile_pages(tmp_path, lesson):
    """All that is written about a hostile student, under a hostile name."""
    content = as_bytes(hostile_notebook())
    record = record_of(content, lesson, stopped_with_an_attack, sandboxed=True)
    assert "<script>" in record.exercises[0].message
    record.flags.append(ATTACKS)
    record.reason = ATTACKS
    shown = prepare(parse(content, outputs=True), lesson, keep_outputs=True).notebook
    metrics = compare.shown_figures(shown, fast=False)
    assert metrics[0]["name"] == ATTACKS
    pages = [tmp_path / f"{name}.html" for name in ("compare", "feedback", "summary")]
    write_comparison(pages[0], ATTACKS, record, lesson, shown, metrics, ATTACKS)
    write_feedback(pages[1], ATTACKS, ATTACKS, record, lesson)
    no_lesson = refused(Submission(ATTACKS, "", ATTACKS, b"", ATTACKS))
    students = {ATTACKS: {LESSON: record, ATTACKS: no_lesson}}
    pair = Pair((ATTACKS, "x"), 1.0, [ATTACKS])
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
