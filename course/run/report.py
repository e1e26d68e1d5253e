"""Write a run as one HTML page that needs no server, no network and no script."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.files import templates, write_whole
from course.run.figures import OUT_OF_BAND, show_band, show_value

HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*$")
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


@dataclass(frozen=True)
class Picture:
    """One figure of a notebook, ready for an ``img`` element."""

    heading: str
    source: str
    alt: str
    code: str
    """Of the cell that drew it."""


def write_report(
    path: Path, summary: Mapping[str, Any], notebooks: Mapping[str, Any]
) -> None:
    """Write the page.

    Parameters
    ----------
    path : Path
        The file to write.
    summary : mapping
        What :func:`course.run.lessons.run_lessons` returns.
    notebooks : mapping
        Lesson name to executed notebook, or to None where there is none.
    """
    page = (
        templates(Path(__file__).parent)
        .get_template("report.html.j2")
        .render(
            summary=summary,
            pictures={name: pictures(notebook) for name, notebook in notebooks.items()},
            synthetic=[
                name
                for name, lesson in summary["lessons"].items()
                if lesson["data"] == "SYNTHETIC"
            ],
            show_band=show_band,
            show_value=show_value,
            OUT_OF_BAND=OUT_OF_BAND,
        )
    )
    write_whole(path, page.encode())


def pictures(notebook) -> list[Picture]:
    """Collect a notebook's figures, each with the heading it stands under.

    Parameters
    ----------
    notebook : NotebookNode or None
        With its outputs.

    Returns
    -------
    list of Picture
        In the notebook's order.
    """
    found = []
    heading = ""
    for cell in notebook.cells if notebook else []:
        if cell.cell_type == "markdown":
            heading = _last_heading(cell.source) or heading
        for output in cell.get("outputs", []):
            picture = _picture(output, heading, cell.source)
            if picture:
                found.append(picture)
    return found


def _last_heading(markdown: str) -> str:
    # Lines inside a fence may start with "#" without being headings.
    text = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    # The pattern takes its time over a long line, and a student may write any.
    matches = [HEADING.match(line[:300]) for line in text.splitlines()]
    headings = [match[1] for match in matches if match]
    return re.sub(r"[*`]", "", headings[-1]) if headings else ""


def _picture(output, heading: str, code: str) -> Picture | None:
    data = output.get("data", {})
    kind = next((kind for kind in PICTURES if kind in data), None)
    if kind is None:
        return None
    content = data[kind]
    if kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode()
    source = f"data:{kind};base64,{''.join(content.split())}"
    alt = output.get("metadata", {}).get(kind, {}).get("alt") or data.get("text/plain")
    return Picture(heading, source, alt or "a figure without a description", code)
