"""SYNTHETIC stand-ins for MNIST and Fashion-MNIST, for machines without data.

The digits are scikit-learn's bundled 8 x 8 handwriting, enlarged; the clothing is
drawn here as silhouettes. Each base drawing belongs to exactly one of train,
validation and test *before* it is shifted, turned, scaled and dimmed at random, so
no split contains a variation of another split's drawing.
"""

from functools import lru_cache

import numpy as np

SIDE = 28  # pixels of a finished picture
ZOOM = 3  # base drawings are this much finer, so that sampling them looks smooth
CANVAS = SIDE * ZOOM
CHUNK = 500  # pictures per random stream: the first n never depend on how many follow
SPLITS = ("train", "validation", "test")
SHARES = (0.72, 0.08, 0.20)  # of the base drawings
DRAWINGS_PER_CLASS = 100  # clothing

# Half-widths of the uniform jitter: turn (radians), log scale, shear, shift (pixels).
JITTER = {"MNIST": (0.2, 0.1, 0.15, 1.5), "FashionMNIST": (0.05, 0.05, 0.03, 1.0)}
CONTRAST = {"MNIST": (0.8, 1.1), "FashionMNIST": (0.6, 1.1)}


def make(
    name: str, split: str, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make `count` stand-in pictures of one split.

    Parameters
    ----------
    name : {"MNIST", "FashionMNIST"}
    split : {"train", "validation", "test"}
        Decides which base drawings are used.
    count : int
        How many pictures. The first n are the same for every `count` >= n.
    seed : int
        Seed of the random choice and jitter. The base drawings do not depend on it.

    Returns
    -------
    images : ndarray of float32, shape (count, 28, 28)
        Grey values in [0, 1].
    labels : ndarray of int64, shape (count,)
        Classes 0 to 9.

    Notes
    -----
    Handwriting: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten
    Digits, UCI Machine Learning Repository (CC BY 4.0), as bundled with scikit-learn.
    """
    drawings, classes = _base_drawings(name)
    pool = _share_of(split, classes)
    images = np.empty((count, SIDE, SIDE), np.float32)
    labels = np.empty(count, np.int64)
    for chunk, start in enumerate(range(0, count, CHUNK)):
        rng = np.random.default_rng([seed, SPLITS.index(split), chunk])
        chosen = pool[rng.integers(len(pool), size=CHUNK)]
        part = slice(start, min(start + CHUNK, count))
        size = part.stop - part.start
        grey = _jitter(drawings, chosen, name, rng)[:size]
        images[part] = np.round(grey * 255) / 255  # whole bytes, as in the real files
        labels[part] = classes[chosen][:size]
    return images, labels


@lru_cache
def _base_drawings(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Base drawings (N, CANVAS, CANVAS) uint8 with an empty rim, and their classes."""
    drawings, classes = _digits() if name == "MNIST" else _clothes()
    for rim in (np.s_[:, 0], np.s_[:, -1], np.s_[:, :, 0], np.s_[:, :, -1]):
        drawings[rim] = 0  # what lies outside the canvas is sampled from its rim
    return drawings, classes


def _share_of(split: str, classes: np.ndarray) -> np.ndarray:
    """Indices of the base drawings that belong to a split, class by class.

    Neighbours in scikit-learn's list are by the same writers, so a split takes a
    run of neighbors, not a random choice.
    """
    position = SPLITS.index(split)
    edges = np.cumsum((0, *SHARES))[position : position + 2]
    shares = []
    for label in range(10):
        members = np.flatnonzero(classes == label)
        first, last = np.round(edges * len(members)).astype(int)
        shares.append(members[first:last])
    return np.concatenate(shares)


def _jitter(
    drawings: np.ndarray, chosen: np.ndarray, name: str, rng: np.random.Generator
) -> np.ndarray:
    """Sample each chosen drawing through its own random affine map: (n, 28, 28)."""
    turn, stretch, slant, shift = JITTER[name]
    n = len(chosen)
    angle = rng.uniform(-turn, turn, n)
    scale = np.exp(rng.uniform(-stretch, stretch, (2, n)))
    shear = rng.uniform(-slant, slant, n)
    offset = (rng.uniform(-shift, shift, (2, n)) + SIDE / 2) * ZOOM
    gain = (rng.uniform(*CONTRAST[name], n) / 255).astype(np.float32)

    cos, sin = ZOOM * np.cos(angle), ZOOM * np.sin(angle)
    grid = np.arange(SIDE) - (SIDE - 1) / 2
    columns = _plane(cos / scale[0], ZOOM * shear - sin / scale[0], offset[0], grid)
    rows = _plane(sin / scale[1], cos / scale[1], offset[1], grid)
    index = rows * CANVAS + columns
    index += (chosen * CANVAS**2).astype(np.int32)[:, None, None]
    pictures = drawings.reshape(-1)[index] * gain[:, None, None]
    return np.minimum(pictures, 1, out=pictures)


def _plane(
    along_x: np.ndarray, along_y: np.ndarray, offset: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Whole canvas coordinates of along_x * x + along_y * y + offset: (n, 28, 28)."""
    from_x = (along_x[:, None] * grid).astype(np.float32)
    from_y = (along_y[:, None] * grid + offset[:, None]).astype(np.float32)
    plane = from_y[:, :, None] + from_x[:, None, :]
    np.clip(plane, 0, CANVAS - 1, out=plane)
    return plane.astype(np.int32)


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 8 x 8 digits, enlarged to 20 x 20 in the middle, as in MNIST."""
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    size = 20 * ZOOM
    basis = np.empty((size, 8), np.float32)
    for k, row in enumerate(np.eye(8, dtype=np.float32)):
        line = Image.fromarray(row[None]).resize((size, 1), Image.Resampling.BICUBIC)
        basis[:, k] = np.asarray(line)[0]
    small = digits.images.astype(np.float32) / 16
    large = basis @ small @ basis.T
    ink = np.clip((large - 0.3) / 0.45, 0, 1)  # crisp strokes out of a soft blur
    drawings = np.zeros((len(ink), CANVAS, CANVAS), np.uint8)
    edge = (CANVAS - size) // 2
    drawings[:, edge : edge + size, edge : edge + size] = np.round(ink * 255)
    return drawings, digits.target.astype(np.int64)


def _clothes() -> tuple[np.ndarray, np.ndarray]:
    """Silhouettes of the ten classes, drawn with random proportions and greys."""
    from PIL import ImageFilter

    painters = (
        _tshirt,
        _trouser,
        _pullover,
        _dress,
        _coat,
        _sandal,
        _shirt,
        _sneaker,
        _bag,
        _ankle_boot,
    )
    rng = np.random.default_rng(1917)
    count = len(painters) * DRAWINGS_PER_CLASS
    drawings = np.empty((count, CANVAS, CANVAS), np.uint8)
    classes = np.repeat(np.arange(len(painters)), DRAWINGS_PER_CLASS)
    soften = ImageFilter.BoxBlur((ZOOM - 1) / 2)
    for number, label in enumerate(classes):
        pen = _Pen(rng)
        painters[label](pen)
        drawings[number] = np.asarray(pen.picture.filter(soften))
    return _weave(drawings, rng), classes


def _weave(drawings: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give cloth a little grain, one value per finished pixel."""
    n = len(drawings)
    grain = rng.normal(1, 0.06, (n, SIDE, SIDE)).astype(np.float32)
    grain = grain.repeat(ZOOM, axis=1).repeat(ZOOM, axis=2)
    return np.clip(drawings * grain, 0, 255).astype(np.uint8)


class _Pen:
    """Draws with coordinates in finished pixels and greys relative to the cloth's."""

    def __init__(self, rng: np.random.Generator):
        from PIL import Image, ImageDraw

        self.picture = Image.new("L", (CANVAS, CANVAS))
        self._draw = ImageDraw.Draw(self.picture)
        self._rng = rng
        self._cloth = self.between(120, 220)

    def between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self._rng.random() < probability)

    def area(self, *points: tuple[float, float], grey: float = 1.0) -> None:
        self._draw.polygon(self._fine(points), fill=self._ink(grey))

    def stroke(
        self, *points: tuple[float, float], width: float = 1.0, grey: float = 1.0
    ) -> None:
        thick = max(1, round(width * ZOOM))
        self._draw.line(self._fine(points), self._ink(grey), thick, joint="curve")

    def oval(
        self, left: float, top: float, right: float, bottom: float, grey: float = 1.0
    ) -> None:
        box = self._fine([(left, top), (right, bottom)])
        self._draw.ellipse(box, fill=self._ink(grey))

    def mirrored(self, *points: tuple[float, float], grey: float = 1.0) -> None:
        """The area and its mirror image in the vertical axis."""
        self.area(*points, grey=grey)
        self.area(*((SIDE - x, y) for x, y in points), grey=grey)

    def outline(self, *right: tuple[float, float]) -> None:
        """A symmetric area, given by the points of its right half, top to bottom."""
        left = [(SIDE - x, y) for x, y in reversed(right)]
        self.area(*right, *left)

    @staticmethod
    def _fine(points) -> list[tuple[float, float]]:
        return [(x * ZOOM, y * ZOOM) for x, y in points]

    def _ink(self, grey: float) -> int:
        return int(min(255, grey * self._cloth))


def _torso(pen: _Pen, hem: float, waist: float, bottom: float) -> tuple[float, float]:
    """Body of a top; returns the shoulder's x and y."""
    shoulder, top = 14 + pen.between(5, 6.5), pen.between(2.5, 4)
    pen.outline(
        (14 + pen.between(2, 2.8), top - 1),
        (shoulder, top + 0.6),
        (14 + waist, top + 9),
        (14 + hem, bottom),
    )
    return shoulder, top


def _long_sleeves(pen: _Pen, shoulder: float, top: float, grey: float) -> None:
    end, cuff = pen.between(21, 24.5), 14 + pen.between(8.5, 10)
    wide = pen.between(2.4, 3.2)
    pen.mirrored(
        (shoulder - 0.5, top + 0.4),
        (shoulder + 2.2, top + 3),
        (cuff + wide, end),
        (cuff, end + 0.8),
        (shoulder - 0.8, top + 8),
        grey=grey,
    )


def _short_sleeves(pen: _Pen, shoulder: float, top: float, grey: float) -> None:
    reach, end = pen.between(3.2, 5), top + pen.between(6, 8)
    pen.mirrored(
        (shoulder - 0.5, top + 0.4),
        (shoulder + reach, end - 1.5),
        (shoulder + reach - 2.5, end),
        (shoulder - 1, top + 6),
        grey=grey,
    )


def _neck(pen: _Pen, top: float, depth: float) -> None:
    half = pen.between(1.8, 2.6)
    pen.oval(14 - half, top - 1 - depth, 14 + half, top - 1 + depth, grey=0)


def _stripes(pen: _Pen, top: float, bottom: float, half: float) -> None:
    grey, step = pen.between(0.65, 0.85), pen.between(2.2, 4)
    for y in np.arange(top, bottom, step):
        pen.stroke((14 - half, y), (14 + half, y), width=0.8, grey=grey)


def _tshirt(pen: _Pen) -> None:
    bottom, waist = pen.between(24, 26.5), pen.between(5, 6.2)
    shoulder, top = _torso(pen, waist + pen.between(0, 0.6), waist, bottom)
    _short_sleeves(pen, shoulder, top, pen.between(0.85, 1.1))
    if pen.chance(0.35):
        pen.area((11, 9), (17, 9), (17, 15), (11, 15), grey=pen.between(0.5, 1.4))
    _neck(pen, top, pen.between(1.2, 2.8))


def _trouser(pen: _Pen) -> None:
    top, bottom = pen.between(1.5, 2.5), pen.between(25.5, 27)
    hip, inner = pen.between(4, 5.2), pen.between(0.4, 1.6)
    foot = inner + pen.between(2.2, 3.2)
    crotch = pen.between(8, 10.5)
    pen.mirrored(
        (14, top), (14 + hip - 0.6, top), (14 + hip, crotch), (14 + foot, bottom),
        (14 + inner, bottom), (14, crotch),
    )  # fmt: skip
    pen.stroke((14 - hip, top + 1), (14 + hip, top + 1), width=0.7, grey=0.7)
    pen.stroke((14, top), (14, crotch), width=0.5, grey=0.6)


def _pullover(pen: _Pen) -> None:
    bottom, waist = pen.between(23.5, 26), pen.between(5.4, 6.8)
    shoulder, top = _torso(pen, waist, waist, bottom)
    _long_sleeves(pen, shoulder, top, pen.between(0.85, 1.05))
    half = waist - 0.2
    if pen.chance(0.35):
        _stripes(pen, top + 5, bottom - 3, half)
    pen.stroke((14 - half, bottom - 1), (14 + half, bottom - 1), grey=0.75)
    pen.oval(10.8, top - 2.4, 17.2, top + 1.8, grey=0.75)
    _neck(pen, top, pen.between(1, 1.8))


def _dress(pen: _Pen) -> None:
    top, bottom = pen.between(1.5, 3), pen.between(25.5, 27)
    shoulder, waist = pen.between(2.8, 4.2), pen.between(2.2, 3.2)
    hem, middle = pen.between(4, 7), pen.between(9.5, 12)
    pen.outline(
        (14 + shoulder - 1.4, top), (14 + shoulder, top + 0.4),
        (14 + waist + 0.7, top + 5), (14 + waist, middle), (14 + hem, bottom),
    )  # fmt: skip
    if pen.chance(0.4):
        _short_sleeves(pen, 14 + shoulder, top, pen.between(0.85, 1.05))
    if pen.chance(0.5):
        pen.stroke((14 - waist, middle), (14 + waist, middle), grey=0.6)
    _neck(pen, top + 1, pen.between(1.2, 2.8))


def _coat(pen: _Pen) -> None:
    bottom, waist = pen.between(25.8, 27.2), pen.between(5.4, 6.6)
    shoulder, top = _torso(pen, waist + pen.between(0.4, 1.4), waist, bottom)
    _long_sleeves(pen, shoulder, top, pen.between(0.8, 0.95))
    _neck(pen, top, 1.2)
    gap = pen.between(0.4, 1.2)
    pen.area((14, top + 5), (14 + gap, bottom), (14 - gap, bottom), grey=0.15)
    pen.mirrored(
        (11.6, top - 1), (10.6, top + 3), (14, top + 8), (13.4, top + 5), grey=0.65
    )
    pen.mirrored((16, 17), (18.6, 16.6), (18.6, 17.6), (16, 18), grey=0.6)


def _sandal(pen: _Pen) -> None:
    sole, heel = pen.between(19, 21), pen.between(0, 5)
    thick = pen.between(1, 1.8)
    ball = (8, sole + 1.5)
    back = (25, sole + 1.5 - heel)
    pen.stroke((2, sole + 1), ball, (16, sole + 1 - heel / 2), back, width=thick)
    if heel > 2:
        pen.area((23, back[1]), (26, back[1]), (25, sole + 2.5), (24, sole + 2.5))
    grey = pen.between(0.8, 1.15)
    top = sole - pen.between(4.5, 6.5)
    pen.stroke((4, sole + 1), (8, top + 1.5), (11, sole + 1), width=1.2, grey=grey)
    if pen.chance(0.6):
        pen.stroke((8, sole), (13, top + 0.5), (16, sole - heel / 2), grey=grey)
    ankle = back[1] - pen.between(5, 7)
    pen.stroke((15.5, sole - heel / 2), (19, ankle + 1), (25.5, ankle), grey=grey)
    pen.stroke((25.5, ankle), (25.2, back[1]), width=1.1, grey=grey)


def _shirt(pen: _Pen) -> None:
    bottom, waist = pen.between(24.5, 27), pen.between(4.8, 6)
    shoulder, top = _torso(pen, waist + pen.between(0, 0.8), waist, bottom)
    sleeves = _long_sleeves if pen.chance(0.65) else _short_sleeves
    sleeves(pen, shoulder, top, pen.between(0.85, 1.0))
    if pen.chance(0.4):
        _stripes(pen, top + 3, bottom - 1, waist - 0.4)
    if pen.chance(0.4):
        for x in np.arange(14 - waist + 1.5, 14 + waist - 1, 2.6):
            pen.stroke((x, top + 3), (x, bottom), width=0.5, grey=0.75)
    pen.stroke((14, top), (14, bottom), width=0.5, grey=0.55)
    for y in np.arange(top + 4, bottom - 1, 3.4):
        pen.oval(14.4, y, 15.6, y + 1.2, grey=1.5)
    pen.mirrored((14, top + 2.6), (10.8, top + 2), (11.6, top - 1.6), grey=1.25)
    pen.area((12.6, top - 1.8), (15.4, top - 1.8), (14, top + 1.4), grey=0)


def _sneaker(pen: _Pen) -> None:
    ground, collar = pen.between(19.5, 21), pen.between(10.5, 12.5)
    tongue = pen.between(14, 16.5)
    toe = ground - pen.between(3.6, 4.8)
    pen.area(
        (1.8, ground), (2, toe + 1), (4, toe), (8, toe - 0.8), (tongue, collar),
        (tongue + 2.5, collar + 1.4), (22, collar + 0.8), (25, collar - 0.4),
        (26, ground),
    )  # fmt: skip
    sole = pen.between(0.5, 1.4)
    pen.stroke((1.5, ground), (26.5, ground), width=pen.between(1.3, 2.2), grey=sole)
    for step in range(3):
        x, y = tongue - 1.5 - 2 * step, collar + 1.6 + 1.1 * step
        pen.stroke((x, y), (x + 2, y + 1.6), width=0.6, grey=0.45)
    if pen.chance(0.5):
        pen.stroke((13, ground - 1.5), (19, collar + 3), width=1.2, grey=1.35)


def _bag(pen: _Pen) -> None:
    half, top = pen.between(8, 11.5), pen.between(9, 13)
    bottom, flare = pen.between(22.5, 26), pen.between(-1, 1.2)
    arch = pen.between(3, 7)
    rise = top - pen.between(4.5, 8)
    points = [
        (14 - arch * np.cos(a), top - (top - rise) * np.sin(a))
        for a in np.linspace(0, np.pi, 13)
    ]
    pen.stroke(*points, width=pen.between(0.9, 1.6), grey=pen.between(0.7, 1))
    pen.outline(
        (14 + half - 1.2, top), (14 + half, top + 1), (14 + half + flare, bottom - 1.2),
        (14 + half + flare - 1.2, bottom),
    )  # fmt: skip
    if pen.chance(0.6):
        flap = top + pen.between(4, 7)
        pen.stroke((14 - half, flap), (14 + half, flap), width=0.8, grey=0.6)
        pen.area((13, flap - 1), (15, flap - 1), (15, flap + 1.4), (13, flap + 1.4),
                 grey=1.5)  # fmt: skip
    else:
        pen.stroke((14 - half, top + 1.5), (14 + half, top + 1.5), width=0.7, grey=0.6)


def _ankle_boot(pen: _Pen) -> None:
    ground, top = pen.between(23, 25.5), pen.between(2.5, 6.5)
    front, toe = pen.between(13.5, 15.5), ground - pen.between(4, 5.2)
    heel = pen.between(0.8, 3)
    pen.area(
        (2.5, ground - 0.6), (2.6, toe + 1.2), (5, toe), (9.5, toe - 1.6),
        (front, toe - 5), (front + pen.between(-0.8, 0.6), top),
        (24.5, top + pen.between(-0.5, 0.8)), (24, 14), (25.5, ground - heel),
        (18, ground - heel + 0.6), (13, ground - 0.4),
    )  # fmt: skip
    pen.area((19.5, ground - heel - 0.3), (25.6, ground - heel - 0.3),
             (25.2, ground + 0.8), (20, ground + 0.8), grey=0.55)  # fmt: skip
    pen.stroke((2.3, ground), (13, ground), (18, ground - heel + 1), grey=0.55)
    if pen.chance(0.5):
        pen.stroke((18.5, top + 0.5), (19.5, toe - 2), width=0.7, grey=0.6)
    if pen.chance(0.4):
        pen.stroke((front, top + 1.2), (24.5, top + 1.2), width=0.9, grey=1.3)
