"""Figures: grids of images, curves, bars and clouds of codes.

Every figure gets a title that states its finding or question, labeled axes, and a
text alternative. The colors of lines are from matplotlib's ``petroff10`` (Petroff
2021, arXiv:2107.02270); those of the ten classes were searched for: of all pairs, for
full color vision and three kinds of color blindness, the nearest two are as far apart
as a search could put them. Lines also differ in dash and marker, and clouds carry
their names, so nothing rests on color alone.
"""

from helpers.plots.arrays import as_array, squares
from helpers.plots.charts import (
    DASHES,
    LINES,
    MARKERS,
    PETROFF10,
    SVG_DASHES,
    bars,
    curves,
    live_curves,
)
from helpers.plots.clouds import CLASSES, codes, draw_codes
from helpers.plots.figures import as_output, figure, is_watched, picture, show
from helpers.plots.grids import draw_rows, image_grid, image_rows

__all__ = [
    "CLASSES",
    "DASHES",
    "LINES",
    "MARKERS",
    "PETROFF10",
    "SVG_DASHES",
    "as_array",
    "as_output",
    "bars",
    "codes",
    "curves",
    "draw_codes",
    "draw_rows",
    "figure",
    "image_grid",
    "image_rows",
    "is_watched",
    "live_curves",
    "picture",
    "show",
    "squares",
]
