"""A report's folder: a table of results and a LaTeX template to complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from helpers import data

TEMPLATE = Path(__file__).with_name("report_template.tex")


def start_report(
    folder: str | Path, columns: Sequence[str], table: Mapping[str, Sequence[float]]
) -> Path:
    """Write ``results.tex``, and ``report.tex`` unless there is one already.

    Parameters
    ----------
    folder : path
        Missing folders are made. The template looks for ``images/``, ``loss.jpg`` and
        ``z64.png`` beside it, one level up.
    columns : sequence of str
        Heads of the columns, with units, as LaTeX text.
    table : mapping of row name to figures
        Row names as LaTeX text; figures are written with two decimals.

    Returns
    -------
    Path
        Of ``report.tex``, to be compiled with ``pdflatex`` in its folder.

    Raises
    ------
    ValueError
        If a row does not have one figure for each column.
    """
    for name, row in table.items():
        if len(row) != len(columns):
            raise ValueError(
                f"The row {name!r} has {len(row)} figures; the table has "
                f"{len(columns)} columns."
            )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        r"\begin{tabular}{l" + "r" * len(columns) + "}",
        r"\hline",
        " & ".join(["", *columns]) + r" \\ \hline",
        *(
            " & ".join([name, *(f"{value:.2f}" for value in row)]) + r" \\"
            for name, row in table.items()
        ),
        r"\hline",
        r"\end{tabular}",
    ]
    if data.is_synthetic():
        lines.append(r"\par\textbf{SYNTHETIC data, not MNIST.}")
    (folder / "results.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = folder / "report.tex"
    if not report.exists():
        report.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    return report
