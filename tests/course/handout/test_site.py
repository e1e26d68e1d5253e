"""The web pages' sources; tests/browser/test_pages.py looks at the built pages."""

import base64
import re
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_output

from course import CourseError
from course.handout import site
from tests.course.small_lessons import figure_cell, write_lesson

TITLE = (
    "# Dense {x}\n\nYou build one.\n\n**Time:** reading 10 min,\nwriting 5 min.\n\nMore"
)


def drew(png, *tags):
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": "x"}
    told = {"image/png": {"alt": f"Shows {png.decode()}"}}
    output = new_output("display_data", data, metadata=told)
    tags = {"tags": list(tags)} if tags else {}
    return new_code_cell("draw()", metadata=tags, outputs=[output])


def entry(tmp_path, *cells, title=TITLE):
    path = tmp_path / "solutions" / "02_dense.ipynb"
    write_lesson(path, nbformat.v4.new_markdown_cell(title), *cells)
    (tmp_path / "source").mkdir(exist_ok=True)
    return site._entry(path, tmp_path / "source")


def test_a_lesson_on_the_first_page(tmp_path):
    told = entry(tmp_path, drew(b"one"))
    assert told.startswith(
        "## [Dense {x}](02_dense.ipynb)\n\n```{image} 02_dense.png\n"
    )
    assert ":alt: Shows one\n" in told
    assert told.endswith(
        "\nYou build one.\n\n**Time:** reading 10 min,\nwriting 5 min.\n"
    )
    assert (tmp_path / "source" / "02_dense.png").read_bytes() == b"one"


@pytest.mark.parametrize(
    ("cells", "picture"),
    [
        ([drew(b"a"), drew(b"b", "expected-figure"), drew(b"c", "cover")], "c"),
        ([drew(b"a"), drew(b"b", "expected-figure"), drew(b"c", "other")], "b"),
        ([drew(b"a", "cover"), drew(b"b", "cover")], "a"),
        (["x = 1", drew(b"a", "other"), drew(b"b")], "a"),
    ],
)
def test_the_picture_is_the_cover_else_an_expected_figure_else_the_first(
    tmp_path, cells, picture
):
    assert f"Shows {picture}\n" in entry(tmp_path, *cells)
    assert (tmp_path / "source" / "02_dense.png").read_text() == picture


@pytest.mark.parametrize(
    ("title", "time"),
    [
        ("# A\n\nB", "not said"),
        ("# A\n\nB\n\n**Time**: 2 h", "2 h"),
        ("# A\n\nB\n\n**Time** 2 h\n\nC", "2 h"),
        ("# A\n\nB in **Time:** 2 h", "not said"),
    ],
)
def test_the_time_is_taken_from_the_first_cell(tmp_path, title, time):
    assert f"**Time:** {time}\n" in entry(tmp_path, drew(b"x"), title=title)


def test_a_lesson_without_a_figure_is_told(tmp_path):
    with pytest.raises(CourseError, match=r"02_dense\.ipynb has no figure to show"):
        entry(tmp_path, "x = 1")


@pytest.fixture
def built(tmp_path, monkeypatch):
    """The sources of both sites; Sphinx itself is not run."""
    solutions = tmp_path / "solutions"
    answer = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    said = {"grade_id": "f", "solution": True, "grade": False, "locked": False}
    said |= {"schema_version": 3, "task": False, "points": 0}
    code = new_code_cell(answer, metadata={"nbgrader": said})
    for name in ("02_b", "01_a"):
        title = nbformat.v4.new_markdown_cell(f"# {name}\n\nYou build it.")
        write_lesson(solutions / f"{name}.ipynb", title, figure_cell(), "# See", code)
    write_lesson(solutions / "notation.ipynb", "# Notation")
    write_lesson(solutions / "draft.ipynb", "# Not of the site")
    ran = []
    monkeypatch.setattr(site, "_sphinx", lambda *given: ran.append(given) or given[1])
    for left in (".source/students/old.md", "students/old.html", "jupyter_execute/x"):
        (tmp_path / "out" / left).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / left).write_text("old")
    pages = site.build_site(tmp_path / "out", solutions)
    readers = ("students", "instructors")
    assert pages == [tmp_path / "out" / reader for reader in readers]
    assert ran == [
        (tmp_path / "out" / ".source" / reader, tmp_path / "out" / reader)
        for reader in readers
    ]
    return tmp_path / "out"


@pytest.mark.parametrize("reader", ["students", "instructors"])
def test_the_sources_of_a_site(built, reader):
    source = built / ".source" / reader
    assert {path.name for path in source.iterdir()} == {
        *("conf.py", "index.md", "_static", "latent_plane.png"),
        *("01_a.ipynb", "02_b.ipynb", "01_a.png", "02_b.png", site.PAGE),
    }
    assert (source / "_static" / "site.css").stat().st_size > 100
    top = (source / "index.md").read_text()
    assert top.startswith(f"# {site.TITLE}\n\n{site.READERS[reader]}\n")
    assert re.findall(r"## \[(.+?)\]", top) == ["01_a", "02_b"]
    assert top.endswith(":maxdepth: 2\n\n01_a\n02_b\nnotation\n```\n")
    settings = {}
    exec((source / "conf.py").read_text(), settings)
    assert settings["project"] == site.TITLE
    assert settings["html_copy_source"] is False
    assert settings["nb_execution_mode"] == "off"


def test_only_instructors_get_answers_and_both_get_figures(built):
    for reader, wanted in (("students", False), ("instructors", True)):
        page = nbformat.read(built / ".source" / reader / "01_a.ipynb", 4)
        sources = "\n".join(cell.source for cell in page.cells)
        assert ("return 1" in sources) == wanted
        assert page.cells[1].outputs[0].data["image/png"]


def test_what_was_built_before_is_gone(built):
    assert not list(built.rglob("old.*"))
    assert not (built / "jupyter_execute").exists()


def test_what_sphinx_says_is_told(tmp_path):
    """An empty folder is the quickest way to make it fail."""
    with pytest.raises(CourseError, match=r"(?s)could not build .*/out: .*conf\.py"):
        site._sphinx(tmp_path, tmp_path / "out")


# Formulas


def written(formula, display):
    translator = SimpleNamespace(body=[])
    render, kind = {
        "inline": (site._inline, nodes.math),
        "block": (site._block, nodes.math_block),
    }[display]
    node = kind(text=formula)
    with pytest.raises(nodes.SkipNode):
        render(translator, node)
    (text,) = translator.body
    return text


def test_formulas_are_written_as_mathml():
    inline, block = (written("x^2\n + 1", kind) for kind in ("inline", "block"))
    assert inline.startswith("<math ")
    assert 'display="inline"' in inline
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in inline
    assert block.startswith('<div tabindex="0" style=')
    assert 'display="block"' in block
    assert block.endswith("</math></div>")


@pytest.mark.parametrize(
    ("formula", "spaces"),
    [(r"a \log b", 2), (r"a \log (b)", 0), (r"\exp\sigma", 2), (r"\logvar", 0)],
)
def test_a_function_has_the_space_that_tex_gives_it(formula, spaces):
    if formula == r"\logvar":
        assert site.FUNCTION.sub("!", formula) == formula
    else:
        assert written(formula, "inline").count("<mspace width=") == spaces


def test_sphinx_is_given_both_renderers():
    given = {}
    app = SimpleNamespace(
        add_html_math_renderer=lambda name, **more: given.update({name: more})
    )
    assert site.setup(app) == {"parallel_read_safe": True}
    assert given["mathml"]["inline_renderers"][0] is site._inline
    assert given["mathml"]["block_renderers"][0] is site._block
