"""Widgets that decode codes as you move: a plane, sliders, and the way between two.

Each shows a static picture where no one can move anything: under papermill, nbconvert
and nbval, in exported pages, and where notebooks are only displayed. All can be used
from the keyboard. `decode`, throughout, is a function from codes (N, d), float32, to
images (N, 784) with values in [0, 1]. It is called with a tensor on the same device
where the codes given are a tensor, otherwise with an array; it may return either.
"""

from __future__ import annotations

import base64
import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import plots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    Decode = Callable[[Any], ArrayLike]

PLANE = Path(__file__).with_name("plane.js")
WIDEST = 3.0  # a standard normal code is within it almost always
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def plane(
    decode: Decode,
    z: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    title: str,
) -> None:
    """Move over a plane of codes, with the mouse or arrow keys, and see each decoded.

    Parameters
    ----------
    decode : callable (N, 2) -> (N, 784)
    z : array or tensor, shape (N, 2)
        Codes of images, drawn as a cloud. The first is where one starts.
    labels : array, shape (N,), int
    class_names : sequence of str
    title : str
        The question, as for :func:`helpers.plots.figure`.

    Raises
    ------
    ValueError
        If the codes do not have two dimensions, or `decode` gives no images.
    """
    from matplotlib.patheffects import withStroke

    decode = _taking(decode, z)
    z = _codes(z)
    start = z[0]
    image = _decoded(decode, start)
    fig = plots.figure(title, width=8.0, height=5.0)
    cloud, example = fig.subplots(1, 2, width_ratios=[2.2, 1])
    plots.draw_codes(cloud, z, labels, class_names)
    (cross,) = cloud.plot(*start, "k+", ms=14, mew=2, zorder=4)  # on top of the names
    cross.set_path_effects([withStroke(linewidth=6, foreground="white")])
    example.imshow(image, cmap="gray", vmin=0, vmax=1)
    example.set_title(f"decoded at +,\n{_point(start)}", fontsize=10)
    example.set(xticks=[], yticks=[])
    alt = (
        f"{title} Scatter plot of {len(z):,} codes, by class, and "
        f"the image decoded at {_point(start)}. In a live notebook the point moves."
    )
    _offer(fig, alt, lambda: _plane_widget(decode, z, labels, class_names, title))


def units(
    decode: Decode,
    z: ArrayLike,
    active: Sequence[int],
    title: str,
) -> None:
    """Move single numbers of one code with sliders, and see it decoded.

    Parameters
    ----------
    decode : callable (N, d) -> (N, 784)
    z : array or tensor, shape (d,)
        The code to start from.
    active : sequence of int
        The units that get a slider, most active first; 4 to 8 read well.
    title : str
        The question, as for :func:`helpers.plots.figure`.

    Raises
    ------
    ValueError
        If `active` is empty or has a unit that is not one of the code's, `z` is not
        one code, or `decode` gives no images.
    """
    decode = _taking(decode, z)
    z = _vector(z)
    active = [int(unit) for unit in active]
    wrong = [unit for unit in active if not 0 <= unit < len(z)]
    if wrong or not len(active):
        raise ValueError(
            f"active lists the units to move, from 0 to {len(z) - 1}; it was {active}."
        )
    steps = np.linspace(-WIDEST, WIDEST, 9, dtype=np.float32)
    rows = {}
    for unit in active:
        moved = np.tile(z, (len(steps), 1))
        moved[:, unit] = steps
        rows[f"unit {unit}"] = decode(moved)
    fig = plots.draw_rows(rows, title, steps, "the unit's number; the others stay")
    alt = (
        f"{title} A row of {len(steps)} images for each of the units "
        f"{', '.join(map(str, active))}: the unit goes from {-WIDEST:g} to {WIDEST:g}, "
        f"the others stay. In a live notebook sliders move them."
    )

    def answer(**moved: float) -> np.ndarray:
        code = z.copy()
        for name, value in moved.items():
            code[int(name.split()[1])] = value
        return _decoded(decode, code)

    ranges = {f"unit {unit}": (-WIDEST, WIDEST, float(z[unit])) for unit in active}
    _offer(fig, alt, lambda: _slider_widget(answer, ranges, title))


def between(decode: Decode, a: ArrayLike, b: ArrayLike, title: str) -> None:
    """Go from one code to another with a slider, and see what lies between.

    Parameters
    ----------
    decode : callable (N, d) -> (N, 784)
    a, b : array or tensor, shape (d,)
        Codes of two images.
    title : str
        The question, as for :func:`helpers.plots.figure`.

    Raises
    ------
    ValueError
        If the two codes differ in length or are not one code each, or `decode` gives
        no images.
    """
    decode = _taking(decode, a)
    a, b = _vector(a), _vector(b)
    if a.shape != b.shape:
        raise ValueError(f"The two codes have {len(a)} and {len(b)} numbers.")
    t = np.linspace(0, 1, 9, dtype=np.float32)[:, None]
    rows = {"from a to b": decode((1 - t) * a + t * b)}
    fig = plots.draw_rows(rows, title, t[:, 0], "t: 0 is a, 1 is b")
    alt = (
        f"{title} Nine images decoded on the straight line from one code, t = 0, to "
        f"another, t = 1. In a live notebook a slider moves along it."
    )

    def answer(t: float) -> np.ndarray:
        return _decoded(decode, (1 - t) * a + t * b)

    _offer(fig, alt, lambda: _slider_widget(answer, {"t": (0.0, 1.0, 0.5)}, title))


def _offer(fig: Figure, alt: str, make_widget: Callable) -> None:
    """Show the widget where someone watches, and the picture everywhere else."""
    from IPython.display import display

    output, metadata = plots.as_output(fig, alt)
    if plots.is_watched():
        # A hosted notebook may lack anywidget; the picture is there all the same.
        with contextlib.suppress(ModuleNotFoundError):
            output |= {WIDGET_MIME: make_widget().get_view_spec()}
    display(output, metadata=metadata, raw=True)


def _plane_widget(decode, z, labels, class_names, title: str):
    import anywidget
    import traitlets
    from traitlets import Dict, List, Unicode

    fig = plots.figure(title, width=5.2, height=5.2)
    ax = fig.subplots()
    plots.draw_codes(ax, z, labels, class_names)
    output, metadata = plots.as_output(
        fig, f"Scatter plot of {len(z):,} codes by class."
    )
    area = ax.get_position()  # known once it is drawn
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()

    def answer(point: Sequence[float]) -> dict[str, Any]:
        png = _png(_decoded(decode, np.asarray(point)))
        return {
            "z": list(point),
            "src": f"data:image/png;base64,{png}",
            "said": f"Decoded at {_point(point)}.",
        }

    class Plane(anywidget.AnyWidget):
        _esm = PLANE
        scatter = Unicode().tag(sync=True)
        alt = Unicode().tag(sync=True)
        instruction = Unicode().tag(sync=True)
        box = List().tag(sync=True)
        limits = List().tag(sync=True)
        z = List().tag(sync=True)
        image = Dict().tag(sync=True)

        @traitlets.observe("z")
        def _moved(self, change):
            self.image = answer(change["new"])

    return Plane(
        scatter=f"data:image/png;base64,{output['image/png']}",
        alt=metadata["image/png"]["alt"],
        instruction=f"{title} Arrow keys move the point, with Shift faster.",
        box=[area.x0, 1 - area.y1, area.width, area.height],
        limits=[x0, x1, y0, y1],
        z=z[0].tolist(),
        image=answer(z[0].tolist()),
    )


def _slider_widget(
    answer: Callable[..., np.ndarray],
    ranges: Mapping[str, tuple[float, float, float]],
    title: str,
):
    import ipywidgets as widgets

    sliders = {
        name: widgets.FloatSlider(
            value=min(high, max(low, value)),
            min=low,
            max=high,
            step=(high - low) / 60,
            description=name,
        )
        for name, (low, high, value) in ranges.items()
    }
    screen = widgets.HTML()

    def draw(_=None) -> None:
        values = {name: slider.value for name, slider in sliders.items()}
        said = "Decoded at " + ", ".join(f"{k} = {v:.2f}" for k, v in values.items())
        style = "width: 196px; image-rendering: pixelated"
        screen.value = plots.picture(_png(answer(**values)), f"{said}.", style)

    for slider in sliders.values():
        slider.observe(draw, "value")
    draw()
    heading = widgets.Label(title)
    columns = widgets.HBox([widgets.VBox(list(sliders.values())), screen])
    return widgets.VBox([heading, columns])


def _taking(decode: Decode, codes: Any) -> Callable[[np.ndarray], np.ndarray]:
    """`decode` from arrays to arrays, called with what `codes` is."""

    def from_array(z: np.ndarray) -> np.ndarray:
        z = z.astype(np.float32)
        return plots.as_array(
            decode(codes.new_tensor(z) if hasattr(codes, "new_tensor") else z)
        )

    return from_array


def _codes(z: ArrayLike) -> np.ndarray:
    z = plots.as_array(z).astype(np.float32)
    if z.ndim != 2 or z.shape[1] != 2 or not len(z):
        raise ValueError(
            f"The plane takes codes of shape (N, 2); these have {z.shape}."
        )
    return z


def _vector(z: ArrayLike) -> np.ndarray:
    z = plots.as_array(z).astype(np.float32)
    if z.ndim != 1:
        raise ValueError(
            f"One code of shape (d,) is needed; this has {z.shape}. Take one: z[0]."
        )
    return z


def _decoded(decode: Decode, code: np.ndarray) -> np.ndarray:
    """The image (28, 28) of one code (d,)."""
    (image,) = plots.squares(decode(code[None]))
    return image


def _png(image: np.ndarray) -> str:
    from PIL import Image

    grey = np.round(255 * image.clip(0, 1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def _point(z: Sequence[float]) -> str:
    return f"z = ({z[0]:.2f}, {z[1]:.2f})"
