"""A submission beside the solution: one real run, and what is refused."""

from itertools import pairwise

import nbformat
import pytest

from benchmarks.students import LESSON, right_answers, submission
from course import CourseError, pack_root
from course.grading import compare
from course.notebook import grade_id
from course.run.report import pictures
from course.sandbox.bubblewrap import available
from course.sandbox.sandbox import Execution
from tests.course.grading.shown import RELEASE, SOLUTION, as_bytes
from tests.course.handed_in import NO_SANDBOX


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
    assert "70 of 100\npoints" in text, "the loss is judged by itself"
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
        (other, "neither its cells nor its name"),
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
    found = compare._whose(path, as_bytes(notebook), known)
    assert found == ("alice homework", LESSON)


@pytest.mark.parametrize(
    ("place", "student"),
    [
        (f"alice/{LESSON}.ipynb", "alice"),
        (f"in/carol_{LESSON}.ipynb", "carol"),
        ("in/muellerlena_4711_99_homework.ipynb", "muellerlena"),
        ("alice/alice.ipynb", "alice"),
    ],
)
def test_whose_it_is_stands_in_its_name_or_its_folders(place, student):
    known = {path.stem: path for path in SOLUTION.parent.glob("0*.ipynb")}
    whose = compare._whose(pack_root() / place, RELEASE.read_bytes(), known)
    assert whose == (student, LESSON)


def figure(**more):
    bundle = {"name": "MSE", "value": 1.0, "expected": [0, 2], "unit": ""} | more
    data = {"application/vnd.course.metric+json": bundle, "text/plain": ""}
    return nbformat.v4.new_output("display_data", data)


def test_figures_that_cannot_be_shown_are_left_out():
    outputs = [
        figure(expected=[1, 2, 3]),
        figure(expected=3),
        figure(value="much"),
        figure(data="SYNTHETIC"),
        figure(),
    ]
    cell = nbformat.v4.new_code_cell("", outputs=outputs)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    shown = compare.shown_figures(notebook, fast=False)
    assert [each["verdict"] for each in shown] == [
        "OUT OF BAND",
        "not enforced: SYNTHETIC",
        "in band",
    ]
    fast = compare.shown_figures(notebook, fast=True)
    assert fast[-1]["verdict"] == "not enforced: fast"
    assert compare.shown_figures(None, fast=True) == []


class Machine:
    """A sandbox in which the first cell of code records a figure and draws one."""

    def __init__(self, *wanted):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def run(self, notebook):
        for cell in notebook.cells:
            cell.pop("outputs", None)
            if cell.cell_type == "code":
                cell.outputs = []
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        drew = nbformat.v4.new_output("display_data", {"image/png": "NEW="})
        first.outputs = [figure(name="measured now"), drew]
        return Execution(None, 0, 0.0)


RECORDED = "As recorded in the file that was handed in"
NOW = "From running it now in fast mode"


@pytest.mark.parametrize("kept", ["all", "figures", "pictures", "nothing"])
def test_what_a_file_holds_is_shown_and_else_what_a_run_gives(
    kept, tmp_path, monkeypatch
):
    notebook = nbformat.read(RELEASE, 4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    drew = nbformat.v4.new_output("display_data", {"image/png": "OLD="})
    cell.outputs = [figure(name="kept")] if kept in ("all", "figures") else []
    cell.outputs += [drew] if kept in ("all", "pictures") else []
    given = []
    monkeypatch.setattr(compare, "Sandbox", Machine)
    monkeypatch.setattr(compare, "write_comparison", lambda *all: given.append(all))
    path = tmp_path / "ada" / f"{LESSON}.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook, path)
    (page,) = compare.compare([path], tmp_path / "out", unsafe=True)
    ((wrote, student, record, _, shown, metrics, figures_from, pictures_from),) = given
    assert (wrote, student, record.sandboxed) == (page, "ada", False)
    (metric,) = metrics
    if kept in ("all", "figures"):
        assert (metric["name"], metric["verdict"]) == ("kept", "in band")
        assert figures_from == RECORDED
    else:
        assert metric["name"] == "measured now"
        assert metric["verdict"] == "not enforced: fast"
        assert figures_from == f"{NOW}: bands are not enforced"
    (drawn,) = pictures(shown)
    old = kept in ("all", "pictures")
    assert drawn.source.endswith("OLD=" if old else "NEW=")
    assert pictures_from == (RECORDED if old else NOW)


def test_two_files_of_one_student_get_two_pages(tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "_compare_one", lambda *all: None)
    paths = [tmp_path / place / "ada" / f"{LESSON}.ipynb" for place in ("a", "b")]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("[]")
    alone = compare.compare(paths[:1], tmp_path / "out", unsafe=True)
    assert [page.name for page in alone] == [f"ada-{LESSON}.html"]
    both = {page.stem for page in compare.compare(paths, tmp_path / "out", unsafe=True)}
    assert len(both) == 2
    lengths = {len(stem) - len(f"ada-{LESSON}-") for stem in both}
    assert lengths == {6}


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
