"""Pages to read: nothing keeps anyone out, and students' pages hold no answers."""

import os
import subprocess
import sys

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from course import pack_root
from course.handout.site import build_site
from tests.browser.conftest import SCREENSHOTS

LESSONS = sorted(path.stem for path in (pack_root() / "solutions").glob("0*.ipynb"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    build_site(out)
    return out


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    elsewhere = [url for url in asked if not url.startswith(("file:", "data:"))]
    assert elsewhere == [], "a page asked for something from the network"


# axe spends most of its time on the contrast of 3,000 words of code. One of each color
# is left in each kind of place; the others are made plain text.
ONE_OF_EACH = """() => {
  const seen = new Set();
  for (const word of document.querySelectorAll(".highlight span")) {
    const place = word.closest("[class*=cell], .admonition, article")?.className;
    const kind = `${place} / ${word.parentElement.className} / ${word.className}`;
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
}"""


def serious(page):
    """What axe-core finds that keeps people out (https://dequeuniversity.com/rules/axe)."""
    page.evaluate(ONE_OF_EACH)
    return [
        (finding["id"], finding["impact"], finding["nodes"][0]["html"][:200])
        for finding in Axe().run(page).response["violations"]
        if finding["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("name", ["index", "notation", *LESSONS])
def test_axe_finds_nothing_serious_on_the_site(site, page, name):
    page.goto(f"file://{site}/students/{name}.html")
    assert serious(page) == []
    page.screenshot(path=_shot(f"site-{name}"))


def test_axe_finds_nothing_serious_in_the_boxes(site, page):
    page.goto(f"file://{site}/instructors/{LESSONS[3]}.html")
    assert serious(page) == []
    page.screenshot(path=_shot("site-boxes"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_line_of_code_is_cut_off(site, page, lesson):
    page.goto(f"file://{site}/instructors/{lesson}.html")
    code = "[...document.querySelectorAll('article .highlight pre')]"
    assert page.evaluate(f"() => {code}.length") > 20
    assert page.evaluate(f"() => {code}.every(e => e.scrollWidth <= e.clientWidth)")


def test_the_first_page_says_what_one_builds_and_how_long_it_takes(site, page):
    page.goto(f"file://{site}/students/index.html")
    assert page.locator("article img").count() == 1 + len(LESSONS)
    for lesson in LESSONS:
        text = page.locator("article section section").filter(
            has=page.locator(f"h2 a[href='{lesson}.html']")
        )
        assert len(text.inner_text().split()) > 40
        assert "reading" in text.inner_text()


def test_axe_finds_nothing_serious_in_an_export(page, tmp_path):
    notebook = pack_root() / "solutions" / f"{LESSONS[3]}.ipynb"
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(notebook)]
    subprocess.run(
        [*command, "--output-dir", str(tmp_path), "--template", "basic"], check=True
    )
    page.goto(f"file://{tmp_path / LESSONS[3]}.html")
    # The template is a fragment, made to be put into a page with title and language.
    page.evaluate(
        "() => { document.title = 'x'; document.documentElement.lang = 'en' }"
    )
    assert serious(page) == []


def test_the_site_can_be_searched(site, page):
    page.goto(f"file://{site}/students/search.html?q=reparameterize")
    found = page.locator("#search-results li a[href]")
    found.first.wait_for()
    assert any("03_variational" in link.get_attribute("href") for link in found.all())
    page.screenshot(path=_shot("site-search"))


def test_a_page_has_its_formulas_and_pictures(site, page):
    page.goto(f"file://{site}/students/{LESSONS[3]}.html")
    assert page.locator("math").count() > 20
    assert page.locator("math merror").count() == 0
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('article img')].map(i => i.naturalWidth)"
    )
    assert len(sizes) > 8
    assert min(sizes) > 100
    alts = page.evaluate(
        "() => [...document.querySelectorAll('article img')].map(i => i.alt)"
    )
    assert all(len(alt) > 20 for alt in alts)


def test_only_instructors_find_answers(site):
    for lesson in LESSONS:
        for reader, wanted in (("students", False), ("instructors", True)):
            texts = (site / reader / f"{lesson}.html").read_text()
            for secret in ("Model answer", "Rubric", "Hidden test"):
                assert (secret in texts) == wanted, (reader, lesson, secret)
            for mark in ("BEGIN SOLUTION", "END HIDDEN TESTS"):
                assert mark not in texts, (reader, lesson, mark)
    everything = "".join(
        path.read_text(errors="replace")
        for path in (site / "students").rglob("*")
        if path.is_file() and path.suffix in (".html", ".js", ".json", ".txt")
    )
    solution = nbformat.read(pack_root() / "solutions" / f"{LESSONS[3]}.ipynb", 4)
    assert "0.5 * logvar" in "".join(cell.source for cell in solution.cells)
    assert "BEGIN SOLUTION" not in everything
    assert "torch.exp(0.5 * logvar)" not in everything


def _shot(name):
    os.makedirs(SCREENSHOTS, exist_ok=True)
    return SCREENSHOTS / f"{name}.png"
