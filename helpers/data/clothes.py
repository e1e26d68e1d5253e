"""Silhouettes of the ten classes of Fashion-MNIST, as base drawings of stand-ins."""

import numpy as np

SIDE = 28  # pixels of a finished picture
ZOOM = 3  # base drawings are this much finer, so that sampling them looks smooth
CANVAS = SIDE * ZOOM
DRAWINGS_PER_CLASS = 100


def draw_clothes() -> tuple[np.ndarray, np.ndarray]:
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
