"""The progress bar, with curves that grow beside it, and Keras' way to drive it."""

from __future__ import annotations

import contextlib
import html
import io
import math
import signal
import threading
from collections.abc import Iterable

from tqdm import tqdm

from helpers.plots import is_watched, live_curves

PROGRESS_MIME = "application/vnd.course.progress+json"
BAR_FORMAT = "{desc} {n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}"
WORDS = "{desc} {n_fmt}/{total_fmt}, {elapsed} gone, {remaining} to go{postfix}"


class _NotebookBar(tqdm):
    """A tqdm bar that lives in one notebook output and is updated in place.

    Where someone watches, the figures given to `set_postfix` are drawn beside it. The
    same message tells `course run` how far the notebook is.
    """

    def __init__(self, *args, **kwargs):
        from IPython.display import display

        self._curves: dict[str, list[float]] | None = {} if is_watched() else None
        self._output = display(
            {"text/plain": kwargs.get("desc", "")}, raw=True, display_id=True
        )
        super().__init__(*args, file=io.StringIO(), **kwargs)

    def set_postfix(self, ordered_dict=None, refresh=True, **kwargs):
        super().set_postfix(ordered_dict, refresh=False, **kwargs)
        if self._curves is not None:
            for name, value in {**(ordered_dict or {}), **kwargs}.items():
                with contextlib.suppress(ValueError):  # a word is not drawn
                    if math.isfinite(value := float(value)):
                        self._curves.setdefault(name, []).append(value)
        if refresh:
            self.refresh()

    def display(self, msg=None, pos=None):
        state = {
            "description": self.desc.rstrip(": "),
            "n": self.n,
            "total": self.total,
            "text": self.postfix or "",
        }
        bundle = {"text/plain": msg or str(self), PROGRESS_MIME: state}
        if self._curves is not None:
            words = self.format_meter(**self.format_dict | {"bar_format": WORDS})
            bundle["text/html"] = (
                f'<progress value="{self.n}" max="{self.total}" '
                f'aria-label="{html.escape(state["description"])}"></progress> '
                f"{html.escape(words)}<br>"
                f"{live_curves(self._curves, self.total or self.n, self.initial + 1)}"
            )
        self._output.update(bundle, raw=True)


def progress(iterable: Iterable, description: str, **options) -> tqdm:
    """Wrap an iterable, usually ``range(epochs)``, in a progress bar.

    Parameters
    ----------
    iterable : iterable
        What the loop runs over.
    description : str
        A word or two in front of the bar.
    **options
        tqdm's own, such as ``initial`` and ``total``.

    Returns
    -------
    tqdm
        Iterate over it; ``bar.set_postfix(train=..., validation=...)`` adds figures
        (https://tqdm.github.io/docs/tqdm/). In a notebook the bar stays in one
        output, and where someone watches, the figures are drawn as curves beside it;
        elsewhere it is tqdm's ordinary bar.
    """
    from IPython import get_ipython

    in_notebook = hasattr(get_ipython(), "kernel")
    bar = _NotebookBar if in_notebook else tqdm
    return bar(
        iterable, desc=description, bar_format=BAR_FORMAT, mininterval=0.3, **options
    )


def keras_progress(epochs: int, description: str = "training"):
    """Make a Keras callback that drives the pack's progress bar.

    Interrupting the cell ends training with the epoch under way: `fit` returns, and
    the model can be used, or trained further by running the cell again.

    Parameters
    ----------
    epochs : int
        As given to ``model.fit``, together with ``verbose=0``.
    description : str
        A word or two in front of the bar.

    Returns
    -------
    keras.callbacks.Callback
    """
    import keras

    class Progress(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.bar = progress(range(epochs), description)
            self.before = None
            if threading.current_thread() is threading.main_thread():
                self.before = signal.signal(signal.SIGINT, self.stop)

        def stop(self, *_):
            self.model.stop_training = True
            print("Stopped by hand: training ends with this epoch.")

        def on_epoch_end(self, epoch, logs=None):
            figures = {name: f"{value:.4f}" for name, value in (logs or {}).items()}
            self.bar.set_postfix(figures, refresh=False)
            self.bar.update()

        def on_train_end(self, logs=None):
            self.bar.close()
            if self.before is not None:
                signal.signal(signal.SIGINT, self.before)

    return Progress()
