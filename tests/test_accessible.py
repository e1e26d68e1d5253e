"""Figures, headings and colors: what can be enforced for every reader."""

import re
from itertools import combinations, cycle, pairwise

import nbformat
import numpy as np
import pytest

from course import pack_root
from helpers import plots

LESSONS = sorted((pack_root() / "solutions").glob("0*.ipynb"))
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
EYES = {
    "full color": np.eye(3),
    "protanopia": [
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ],
    "deuteranopia": [
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ],
    "tritanopia": [
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ],
}
XYZ = np.array(
    [(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)]
)


def linear(color):
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB; 2.3 is a difference one can just see."""
    x, y, z = XYZ @ np.clip(rgb, 0, 1) / (0.9505, 1, 1.089)
    x, y, z = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_picture_says_what_it_shows(lesson):
    pictures = 0
    for cell in nbformat.read(lesson, 4).cells:
        for output in cell.get("outputs", []):
            types = [t for t in output.get("data", {}) if t.startswith("image/")]
            if not types:
                continue
            pictures += 1
            alt = output.metadata["image/png"]["alt"]
            assert len(alt.split()) >= 5, alt
            assert output.data["text/plain"] == alt
            assert "<img alt=" in output.data["text/html"]
    assert pictures >= 5


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_headings_are_in_order(lesson):
    text = "\n".join(
        cell.source
        for cell in nbformat.read(lesson, 4).cells
        if cell.cell_type == "markdown"
    )
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("eyes", EYES)
def test_lines_differ_for_color_blind_readers(eyes):
    matrix = np.array(EYES[eyes])
    for one, other in combinations(plots.LINES, 2):
        difference = lab(matrix @ linear(one)) - lab(matrix @ linear(other))
        assert np.linalg.norm(difference) > 15, (one, other)


@pytest.mark.parametrize("eyes", EYES)
def test_ten_classes_differ_for_color_blind_readers(eyes):
    seen = [lab(np.array(EYES[eyes]) @ linear(color)) for color in plots.CLASSES]
    assert len(seen) == 10
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 29


def test_classes_are_seen_on_white():
    for color in plots.CLASSES:
        luminance = linear(color) @ (0.2126, 0.7152, 0.0722)
        assert 1.05 / (luminance + 0.05) > 1.6, color


def test_lines_stand_out_from_white_and_differ_without_color():
    for color in plots.LINES:
        luminance = linear(color) @ (0.2126, 0.7152, 0.0722)
        assert 1.05 / (luminance + 0.05) >= 3, f"WCAG 2.2, 1.4.11: {color}"
    two = [lab(linear(color))[0] for color in plots.LINES[:2]]
    assert abs(two[0] - two[1]) > 15, "two curves differ in greyscale"
    assert len(set(zip(cycle(plots.DASHES), plots.MARKERS, strict=False))) == 10


def test_a_live_curve_is_said_in_words():
    drawn = plots.live_curves({"train": [3.0, 2.0], "a<b": [4.0, 1.0]}, 5)
    assert 'aria-label="Live curves: train went from 3 to 2; a&lt;b went' in drawn
    assert drawn.count("<polyline") == 2
    assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', drawn))) == 2
    assert plots.live_curves({}, 5) == ""
