"""The lessons as web pages to read, search and print: for students, for instructors."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from course import CourseError, pack_root
from course.handout.boxes import boxed
from course.handout.expected import TAG
from course.handout.release import PAGE, student_version

TITLE = "Autoencoders, from Dense to Variational"
# MathML leaves out the thin space that TeX puts around the name of a function.
FUNCTION = re.compile(r"(\\log|\\exp)(?![a-z]|\s*\()")
PICTURE = "docs/latent_plane.png"  # the README's
COVER = ("cover", TAG)  # tags, the first that a lesson has names its picture
TIME = re.compile(r"^\*\*Time:?\*\*:? *(.+?)(?=\n\n|\Z)", re.M | re.S)
TOP = """# {title}

{what}

```{{image}} latent_plane.png
:alt: The latent plane of a variational autoencoder, decoded; digits turn into others
:width: 22rem
```

{lessons}

```{{toctree}}
:hidden:
:maxdepth: 2

{pages}
```
"""
LESSON = """## [{heading}]({file})

```{{image}} {picture}
:alt: {alt}
:class: lesson-picture
```

{what}

**Time:** {time}
"""
READERS = {
    "students": "The lessons with their figures. Answers are left out: they are yours "
    "to find, in the notebooks.",
    "instructors": "The complete lessons: model answers, hidden tests and rubrics "
    "included. Not for students.",
}
SETTINGS = {
    "project": TITLE,
    "author": "",
    "copyright": "the authors; MIT license",
    "html_title": TITLE,
    "html_theme": "sphinx_book_theme",
    # Nothing comes from another site, and no source (with its answers) is published.
    "html_theme_options": {"use_source_button": False, "use_download_button": False},
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_math_renderer": "mathml",
    "extensions": ["myst_nb", "course.handout.site"],
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "suppress_warnings": ["mystnb.unknown_mime_type", "myst.header"],
}


def build_site(out: Path, solutions: Path | None = None) -> list[Path]:
    """Build two sites with Sphinx and MyST-NB (https://myst-nb.readthedocs.io).

    Parameters
    ----------
    out : Path
        Gets ``students/`` and ``instructors/``; each opens without a server.
    solutions : Path, optional
        Where the lessons are; the pack's own if left out.

    Returns
    -------
    list of Path
        The first page of each.

    Raises
    ------
    CourseError
        If Sphinx cannot read a lesson.
    """
    solutions = solutions or pack_root() / "solutions"
    lessons = sorted(solutions.glob("[0-9]*.ipynb"))
    notebooks = [*lessons, *solutions.glob(PAGE)]
    pages = []
    for reader, what in READERS.items():
        source = out / ".source" / reader
        for folder in (source, out / reader):
            shutil.rmtree(folder, ignore_errors=True)
        source.mkdir(parents=True)
        (source / "conf.py").write_text(
            "from course.handout.site import SETTINGS\n\nglobals().update(SETTINGS)\n",
            encoding="utf-8",
        )
        (source / "_static").mkdir()
        shutil.copy(Path(__file__).with_name("site.css"), source / "_static")
        shutil.copy(pack_root() / PICTURE, source)
        entries = [_entry(lesson, source) for lesson in lessons]
        top = TOP.format(
            title=TITLE,
            what=what,
            lessons="\n".join(entries),
            pages="\n".join(page.stem for page in notebooks),
        )
        (source / "index.md").write_text(top, encoding="utf-8")
        for page in notebooks:
            if reader == "students":
                content = student_version(page, keep_outputs=True).decode()
            else:
                content = nbformat.writes(boxed(nbformat.read(page, 4)))
            (source / page.name).write_text(content, encoding="utf-8")
        pages.append(_sphinx(source, out / reader))
    shutil.rmtree(out / "jupyter_execute", ignore_errors=True)  # MyST-NB's own
    return pages


def _entry(lesson: Path, source: Path) -> str:
    """A lesson on the first page: its picture, what one builds, the time it takes."""
    cells = nbformat.read(lesson, 4).cells
    heading, what, *_ = cells[0].source.removeprefix("# ").split("\n\n")
    drawn = [
        (cell.metadata.get("tags", []), output)
        for cell in cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    if not drawn:
        raise CourseError(f"{lesson.name} has no figure to show on the first page.")
    # By tag; the first figure of all where there is none.
    picture = next(
        (output for tag in COVER for tags, output in drawn if tag in tags), drawn[0][1]
    )
    file = source / f"{lesson.stem}.png"
    file.write_bytes(base64.b64decode(picture.data["image/png"]))
    time = TIME.search(cells[0].source)
    return LESSON.format(
        heading=heading,
        file=lesson.name,
        picture=file.name,
        alt=picture.metadata["image/png"]["alt"],
        what=what,
        time=time[1] if time else "not said",
    )


def _sphinx(source: Path, out: Path) -> Path:
    """Run Sphinx on a folder; twice in one process it complains about itself."""
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning"]
    trees = source / ".doctrees"
    done = subprocess.run(
        [*command, "-d", trees, source, out],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise CourseError(f"Sphinx could not build {out}: {done.stderr.strip()}")
    return out / "index.html"


# Sphinx extension: formulas as MathML, which every browser draws, reads out and prints
# without a script (https://www.w3.org/TR/mathml-core/).


def setup(app) -> dict[str, bool]:
    """Let Sphinx write formulas as MathML."""
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_inline, None), block_renderers=(_block, None)
    )
    return {"parallel_read_safe": True}


def _inline(translator, node) -> None:
    _write(translator, node, "inline")


def _block(translator, node) -> None:
    _write(translator, node, "block")


def _write(translator, node, display: str) -> None:
    from docutils.nodes import SkipNode
    from latex2mathml.converter import convert

    formula = re.sub(r"\s+", " ", node.astext()).strip()
    formula = FUNCTION.sub(r"\\,\1\\,", formula)
    written = convert(formula, display=display)
    if display == "block":
        style = "margin: 1.2rem 0; overflow-x: auto"
        written = f'<div tabindex="0" style="{style}">{written}</div>'
    translator.body.append(written)
    raise SkipNode
