"""The lessons as web pages to read, search and print: for students, for instructors."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from course import CourseError, pack_root
from course.handout.release import student_version

TITLE = "Autoencoders, from Dense to Variational"
# MathML leaves out the thin space that TeX puts around the name of a function.
FUNCTION = re.compile(r"(\\log|\\exp)(?![a-z]|\s*\()")
TOP = """# {title}

{what}

```{{toctree}}
:maxdepth: 2
:glob:

[0-9]*
```
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
    "copyright": "the authors; MIT licence",
    "html_title": TITLE,
    "html_theme": "sphinx_book_theme",
    # Nothing comes from another site, and no source (with its answers) is published.
    "html_theme_options": {"use_source_button": False, "use_download_button": False},
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
    lessons = sorted((solutions or pack_root() / "solutions").glob("[0-9]*.ipynb"))
    pages = []
    for reader, what in READERS.items():
        source = out / ".source" / reader
        for folder in (source, out / reader):
            shutil.rmtree(folder, ignore_errors=True)
        source.mkdir(parents=True)
        (source / "index.md").write_text(
            TOP.format(title=TITLE, what=what), encoding="utf-8"
        )
        (source / "conf.py").write_text(
            "from course.handout.site import SETTINGS\n\nglobals().update(SETTINGS)\n",
            encoding="utf-8",
        )
        for lesson in lessons:
            content = lesson.read_bytes()
            if reader == "students":
                content = student_version(lesson, keep_outputs=True)
            (source / lesson.name).write_bytes(content)
        pages.append(_sphinx(source, out / reader))
    shutil.rmtree(out / "jupyter_execute", ignore_errors=True)  # MyST-NB's own
    return pages


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
