"""The report's folder compiles, and a student's text is never overwritten."""

import shutil
import subprocess

import pytest
from PIL import Image

from helpers import data, latex

PICTURES = [
    "loss.jpg",
    "z64.png",
    "images/rate_distortion.png",
    *(f"images/z{d}/{name}.png" for d in (1, 2, 64) for name in ("loss", "samples")),
    *(f"images/z{d}/reconstructions.png" for d in (1, 2, 64)),
    "images/z1/latent.png",
    "images/z2/latent.png",
    "images/z2/grid.png",
]
COLUMNS = ["validation loss", "KL"]
TABLE = {"$d = 1$": [165.126, 5.0], "$d = 64$, best": [93.0, 24.5]}


def test_the_table_holds_the_figures(tmp_path):
    report = latex.start_report(tmp_path / "new" / "report", COLUMNS, TABLE)
    assert report.exists()
    table = (report.parent / "results.tex").read_text()
    assert r"$d = 1$ & 165.13 & 5.00 \\" in table
    assert "SYNTHETIC" not in table
    with pytest.raises(ValueError, match="2 columns"):
        latex.start_report(tmp_path, COLUMNS, {"d = 1": [1.0]})


def test_synthetic_figures_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "is_synthetic", lambda: True)
    latex.start_report(tmp_path, COLUMNS, TABLE)
    assert "SYNTHETIC" in (tmp_path / "results.tex").read_text()


def test_a_second_run_renews_the_table_and_keeps_the_text(tmp_path):
    report = latex.start_report(tmp_path, COLUMNS, TABLE)
    report.write_text("my own sentences")
    latex.start_report(tmp_path, COLUMNS, {"$d = 3$": [1.0, 2.0]})
    assert report.read_text() == "my own sentences"
    assert "$d = 3$" in (tmp_path / "results.tex").read_text()


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX is not installed")
def test_the_template_compiles_with_plain_pdflatex(tmp_path):
    for name in PICTURES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), "gray").save(tmp_path / name)
    report = latex.start_report(tmp_path / "report", COLUMNS, TABLE)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", report.name]
    done = subprocess.run(
        command, cwd=report.parent, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (report.parent / "report.pdf").stat().st_size > 10_000
    log = (report.parent / "report.log").read_text(errors="replace")
    assert "Undefined control sequence" not in log
    assert "not found" not in log
